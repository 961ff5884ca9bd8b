//! SOSL: `FIND {words} [IN … FIELDS] [RETURNING Object(fields WHERE … LIMIT …), …] [LIMIT n]` over the texts
//! of records (SOQL and SOSL Reference, "SOSL Syntax").

use std::sync::Arc;

use http::StatusCode;
use wire::Response;

use super::call::Call;
use super::problem::{Problem, json_answer};
use super::record::{Cell, Record};
use super::schema::{Home, Kind};
use super::soql::{Output, Shape, parse, select, write_record};

/// Most records of a search.
const MOST: usize = 2_000;

/// A search.
#[derive(Debug, PartialEq, Eq)]
struct Search<'t> {
    /// Words in lower case.
    words: Vec<String>,
    scope: Scope,
    /// Objects, and what is asked of each.
    returning: Vec<(&'t str, &'t str)>,
    limit: usize,
}

/// Which fields are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Name,
    Email,
    Phone,
}

impl Call<'_> {
    /// `/search?q=…`.
    pub(crate) fn search(&self, text: &str) -> Result<Response, Problem> {
        let search = read(text)?;
        let mut out = b"{\"searchRecords\":[".to_vec();
        let objects: Vec<(String, &str)> =
            if search.returning.is_empty() {
                let tables =
                    self.state.store.tables().iter().filter(|table| {
                        table.object.home == Home::Data && table.object.place("Name").is_some()
                    });
                tables.map(|table| (table.object.name.clone(), "Id")).collect()
            } else {
                search.returning.iter().map(|(name, fields)| ((*name).to_owned(), *fields)).collect()
            };
        let mut left = search.limit;
        for (object, wanted) in objects {
            let (fields, rest) = clauses(wanted);
            let fields = if fields.trim().is_empty() { "Id" } else { fields };
            let query = parse(&format!("SELECT {fields} FROM {object} {rest}"), self.view())?;
            let Shape::Rows(outputs) = &query.shape else {
                return Err(malformed("only fields are returned by a search"));
            };
            let store = &self.state.store;
            let found = select(store, &query, false).into_iter().filter(|record| search.finds(record));
            for record in found.take(left) {
                left -= 1;
                if out.last() != Some(&b'[') {
                    out.push(b',');
                }
                self.line(&mut out, &record, outputs);
            }
        }
        out.extend_from_slice(b"]}");
        Ok(json_answer(StatusCode::OK, out.into()))
    }

    fn line(&self, out: &mut Vec<u8>, record: &Arc<Record>, outputs: &[Output]) {
        write_record(out, &self.state.store, record, outputs, self.version);
    }
}

impl Search<'_> {
    /// Whether every word is in one of the fields.
    fn finds(&self, record: &Record) -> bool {
        let mut texts = Vec::new();
        for (place, field) in record.object.places() {
            let fits = match self.scope {
                Scope::All => field.kind.is_text(),
                Scope::Name => field.name.ends_with("Name"),
                Scope::Email => matches!(field.kind, Kind::Email(_)),
                Scope::Phone => matches!(field.kind, Kind::Phone(_)),
            };
            if let (true, Cell::Text(text)) = (fits, record.at(place)) {
                texts.extend(text.to_lowercase().split(apart).map(str::to_owned));
            }
        }
        self.words.iter().all(|word| texts.iter().any(|text| like(word, text)))
    }
}

/// What stands between the words of a text.
fn apart(letter: char) -> bool {
    !letter.is_alphanumeric()
}

/// Whether a word is as the pattern says, in which `*` and `?` stand for letters.
fn like(pattern: &str, word: &str) -> bool {
    match pattern.chars().next() {
        None => word.is_empty(),
        Some('*') => {
            let rest = pattern.get(1..).unwrap_or_default();
            word.char_indices()
                .map(|(at, _)| at)
                .chain([word.len()])
                .any(|at| word.get(at..).is_some_and(|tail| like(rest, tail)))
        }
        Some(first) => {
            let mut letters = word.chars();
            letters.next().is_some_and(|letter| first == '?' || first == letter)
                && like(pattern.get(first.len_utf8()..).unwrap_or_default(), letters.as_str())
        }
    }
}

fn malformed(what: &str) -> Problem {
    Problem::bad("MALFORMED_SEARCH", what)
}

fn read(text: &str) -> Result<Search<'_>, Problem> {
    let rest =
        keyword(text, "FIND").ok_or_else(|| malformed("unexpected token: a search begins with FIND"))?;
    let (raw, mut rest) = braces(rest).ok_or_else(|| malformed("the words to find stand in braces"))?;
    let words: Vec<String> = unescaped(raw)
        .to_lowercase()
        .split(|letter: char| apart(letter) && !matches!(letter, '*' | '?'))
        .filter(|word| !word.is_empty() && *word != "and")
        .map(str::to_owned)
        .collect();
    if words.iter().map(|word| word.chars().filter(|letter| *letter != '*').count()).max() < Some(2) {
        return Err(malformed("search term must be longer than one character"));
    }
    let mut search = Search { words, scope: Scope::All, returning: Vec::new(), limit: MOST };
    if let Some(scoped) = keyword(rest, "IN") {
        let scopes =
            [("ALL", Scope::All), ("NAME", Scope::Name), ("EMAIL", Scope::Email), ("PHONE", Scope::Phone)];
        let found = scopes.into_iter().find_map(|(name, scope)| Some((scope, keyword(scoped, name)?)));
        let (scope, behind) = found.ok_or_else(|| malformed("unexpected token behind IN"))?;
        search.scope = scope;
        rest = keyword(behind, "FIELDS").ok_or_else(|| malformed("FIELDS is missing behind IN"))?;
    }
    if let Some(mut listed) = keyword(rest, "RETURNING") {
        loop {
            let (object, behind) = returned(listed)?;
            search.returning.push(object);
            let Some(next) = behind.trim_start().strip_prefix(',') else {
                rest = behind;
                break;
            };
            listed = next;
        }
    }
    if let Some(number) = keyword(rest, "LIMIT") {
        search.limit = number.trim().parse().map_err(|_| malformed("LIMIT needs a number"))?;
        rest = "";
    }
    if rest.trim().is_empty() {
        Ok(search)
    } else {
        Err(malformed(&format!("unexpected token: '{}'", rest.trim())))
    }
}

/// What follows a word, if the text begins with it.
fn keyword<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let text = text.trim_start();
    let (head, tail) = text.split_at_checked(word.len())?;
    (head.eq_ignore_ascii_case(word) && !tail.starts_with(char::is_alphanumeric)).then_some(tail)
}

/// What stands in braces, and what follows.
fn braces(text: &str) -> Option<(&str, &str)> {
    let inner = text.trim_start().strip_prefix('{')?;
    let mut escaped = false;
    let end = inner.find(|letter| {
        let ends = letter == '}' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })?;
    Some((inner.get(..end)?, inner.get(end + 1..)?))
}

fn unescaped(text: &str) -> String {
    text.replace('\\', "")
}

/// An object of RETURNING with what is asked of it, and what follows.
fn returned(text: &str) -> Result<((&str, &str), &str), Problem> {
    let text = text.trim_start();
    let length = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    let (object, rest) = text.split_at(length);
    if object.is_empty() {
        return Err(malformed("RETURNING names objects"));
    }
    let Some(inner) = rest.trim_start().strip_prefix('(') else { return Ok(((object, ""), rest)) };
    let mut depth = 1;
    for (at, letter) in inner.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let (fields, behind) = inner.split_at(at);
            return Ok(((object, fields), behind.get(1..).unwrap_or_default()));
        }
    }
    Err(malformed("a parenthesis is not closed"))
}

/// The list of fields, and the clauses behind it.
fn clauses(text: &str) -> (&str, &str) {
    let begins = |word: &str| {
        let upper = text.to_ascii_uppercase();
        upper.match_indices(word).map(|(at, _)| at).find(|at| {
            upper.get(..*at).is_some_and(|before| before.ends_with(char::is_whitespace))
                && upper.get(at + word.len()..).is_some_and(|after| after.starts_with(char::is_whitespace))
        })
    };
    let at = ["WHERE", "ORDER", "LIMIT", "OFFSET", "USING"].into_iter().filter_map(begins).min();
    text.split_at(at.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_are_read() {
        let search = read(
            "find {Acme\\? AND St*l} in name fields RETURNING Account(Id, Name WHERE (Name != null) LIMIT 2), Contact limit 5",
        );
        let search = search.expect("reads");
        assert_eq!((search.words.len(), search.scope, search.limit), (2, Scope::Name, 5));
        assert_eq!(search.returning, [("Account", "Id, Name WHERE (Name != null) LIMIT 2"), ("Contact", "")]);
        assert_eq!(clauses(search.returning[0].1), ("Id, Name ", "WHERE (Name != null) LIMIT 2"));
        for bad in ["", "FIND Acme", "FIND {a}", "FIND {Acme", "FIND {Acme} IN FIELDS", "FIND {Acme} NOPE"] {
            assert_eq!(read(bad).expect_err("is refused").code, "MALFORMED_SEARCH", "{bad}");
        }
    }

    #[test]
    fn words_have_wildcards() {
        assert!(like("acme", "acme") && like("ac*", "acme") && like("*me", "acme") && like("a?me", "acme"));
        assert!(!like("acm", "acme") && !like("a?", "a") && like("ü*", "über"));
    }
}
