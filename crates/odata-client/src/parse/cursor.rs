//! The place in a text where a parser stands, and what it may ask there.

use super::ParseError;
use super::symbol::Symbol;
use crate::names::{Names, Role};

pub(crate) type Parsed<T> = Result<T, ParseError>;

/// How deep parentheses, brackets and options may be nested.
const MAX_DEPTH: u32 = 64;

pub(crate) struct Cursor<'a> {
    symbols: &'a [Symbol],
    /// The length of the text in bytes.
    length: usize,
    at: usize,
    /// Where the part ends that is being read.
    end: usize,
    depth: u32,
    pub(super) names: &'a dyn Names,
    /// Whether a slash or a question mark ends what is being read, even in a text.
    pub(super) in_path: bool,
    furthest: Option<ParseError>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(symbols: &'a [Symbol], length: usize, names: &'a dyn Names) -> Self {
        let end = symbols.len();
        Self { symbols, length, at: 0, end, depth: 0, names, in_path: false, furthest: None }
    }

    /// What was parsed, if it was all; else the error that lies furthest in the text.
    pub(super) fn finish<T>(mut self, parsed: Parsed<T>) -> Parsed<T> {
        let parsed = parsed.and_then(|value| self.expect_end().map(|()| value));
        parsed.map_err(|error| {
            self.note(error.clone());
            self.furthest.unwrap_or(error)
        })
    }

    fn note(&mut self, error: ParseError) {
        if self.furthest.as_ref().is_none_or(|known| known.at() <= error.at()) {
            self.furthest = Some(error);
        }
    }

    pub(super) fn error(&self, expected: &'static str) -> ParseError {
        self.error_at(self.at, expected)
    }

    pub(super) fn error_at(&self, place: usize, expected: &'static str) -> ParseError {
        let at = self.symbols.get(place).map_or(self.length, |symbol| symbol.at);
        ParseError::new(at, expected)
    }

    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// Tries `parse`; where it fails, stands where it stood before.
    pub(super) fn attempt<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Option<T> {
        let at = self.at;
        match parse(self) {
            Ok(value) => Some(value),
            Err(error) => {
                self.note(error);
                self.at = at;
                None
            }
        }
    }

    /// Whether `parse` would succeed here.
    pub(super) fn ahead<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> bool {
        let at = self.at;
        let found = parse(self).is_ok();
        self.at = at;
        found
    }

    /// Reads one level deeper.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("less nesting: 64 levels are read"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Reads up to the next raw `separator` as if the text ended there, and steps over nothing else.
    pub(super) fn until<T>(
        &mut self,
        separators: &[char],
        parse: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let outer = self.end;
        let part = self.symbols.get(self.at..outer).unwrap_or_default();
        let length = part.iter().position(|symbol| !symbol.encoded && separators.contains(&symbol.character));
        self.end = length.map_or(outer, |length| self.at + length);
        let parsed = parse(self).and_then(|value| self.expect_end().map(|()| value));
        self.end = outer;
        parsed
    }

    fn symbol(&self) -> Option<Symbol> {
        if self.at < self.end { self.symbols.get(self.at).copied() } else { None }
    }

    /// The next character, encoded or not.
    pub(super) fn peek(&self) -> Option<char> {
        self.symbol().map(|symbol| symbol.character)
    }

    /// The next character, if it was not percent-encoded.
    pub(super) fn peek_raw(&self) -> Option<char> {
        self.symbol().filter(|symbol| !symbol.encoded).map(|symbol| symbol.character)
    }

    pub(super) fn at_end(&self) -> bool {
        self.symbol().is_none()
    }

    pub(super) fn expect_end(&self) -> Parsed<()> {
        if self.at_end() { Ok(()) } else { Err(self.error("the end")) }
    }

    pub(super) fn next_if(&mut self, wanted: impl FnOnce(char) -> bool) -> Option<char> {
        let character = self.peek().filter(|character| wanted(*character))?;
        self.at += 1;
        Some(character)
    }

    /// Steps over `wanted`, encoded or not.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        self.next_if(|character| character == wanted).is_some()
    }

    /// Steps over `wanted`, if it is not percent-encoded.
    pub(super) fn eat_raw(&mut self, wanted: char) -> bool {
        let found = self.peek_raw() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn need(&mut self, wanted: char, name: &'static str) -> Parsed<()> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(name)) }
    }

    pub(super) fn open(&mut self) -> Parsed<()> {
        self.need('(', "an opening parenthesis")
    }

    pub(super) fn close(&mut self) -> Parsed<()> {
        self.need(')', "a closing parenthesis")
    }

    /// Steps over `word`, not percent-encoded, in exactly these letters.
    pub(super) fn eat_exact(&mut self, word: &str) -> bool {
        self.eat_letters(word, |found, wanted| found == wanted)
    }

    /// Steps over `word` in any case.
    pub(super) fn eat_any_case(&mut self, word: &str) -> bool {
        self.eat_letters(word, |found, wanted| found.eq_ignore_ascii_case(&wanted))
    }

    fn eat_letters(&mut self, word: &str, same: impl Fn(char, char) -> bool) -> bool {
        let at = self.at;
        let found = word.chars().all(|wanted| self.next_if(|character| same(character, wanted)).is_some());
        if !found {
            self.at = at;
        }
        found
    }

    /// Steps over `word` in exactly these letters, if no identifier goes on behind it.
    pub(super) fn word(&mut self, word: &str) -> bool {
        self.bounded(word, Self::eat_exact)
    }

    /// As [`word`](Self::word), in any case.
    pub(super) fn word_any_case(&mut self, word: &str) -> bool {
        self.bounded(word, Self::eat_any_case)
    }

    fn bounded(&mut self, word: &str, eat: impl FnOnce(&mut Self, &str) -> bool) -> bool {
        let at = self.at;
        let found = eat(self, word) && !self.peek().is_some_and(identifier_part);
        if !found {
            self.at = at;
        }
        found
    }

    /// White space that need not be there.
    pub(super) fn blanks(&mut self) {
        while self.next_if(|character| matches!(character, ' ' | '\t')).is_some() {}
    }

    /// White space that must be there.
    pub(super) fn blank(&mut self) -> Parsed<()> {
        let at = self.at;
        self.blanks();
        if self.at > at { Ok(()) } else { Err(self.error("a blank")) }
    }

    /// A blank and `word`, which must be followed by another blank.
    pub(super) fn infix(&mut self, word: &str) -> bool {
        self.attempt(|cursor| {
            cursor.blank()?;
            if cursor.word_any_case(word) { cursor.blank() } else { Err(cursor.error("an operator")) }
        })
        .is_some()
    }

    /// `item`, separated by commas with blanks around.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.comma() {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// A comma with blanks around; stands where it stood if there is none.
    pub(super) fn comma(&mut self) -> bool {
        let at = self.at;
        self.blanks();
        if self.eat(',') {
            self.blanks();
            return true;
        }
        self.at = at;
        false
    }

    /// Digits, at least `least` and at most `most`.
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Parsed<String> {
        let mut digits = String::new();
        while digits.len() < most {
            let Some(digit) = self.next_if(|character| character.is_ascii_digit()) else { break };
            digits.push(digit);
        }
        if digits.len() < least { Err(self.error("a digit")) } else { Ok(digits) }
    }

    pub(super) fn number(&mut self) -> Parsed<u64> {
        let place = self.at;
        let digits = self.digits(1, usize::MAX)?;
        digits.parse().map_err(|_| self.error_at(place, "a number below 2^64"))
    }

    /// A simple identifier.
    pub(super) fn identifier(&mut self) -> Parsed<String> {
        let mut name = String::new();
        let starts = |character: char| character == '_' || character.is_alphabetic();
        match self.next_if(starts) {
            Some(first) => name.push(first),
            None => return Err(self.error("a name")),
        }
        while let Some(next) = self.next_if(identifier_part) {
            name.push(next);
        }
        if name.chars().count() > 128 {
            Err(self.error("a name of at most 128 characters"))
        } else {
            Ok(name)
        }
    }

    /// A simple identifier that `names` allows in `role`.
    pub(super) fn name(&mut self, role: Role) -> Parsed<String> {
        let place = self.at;
        let name = self.identifier()?;
        if self.names.allows(role, &name) {
            return Ok(name);
        }
        Err(self.error_at(place, "a name that may stand here"))
    }

    /// An identifier with or without a namespace.
    pub(super) fn qualified(&mut self) -> Parsed<String> {
        let mut name = self.identifier()?;
        while let Some(part) =
            self.attempt(
                |cursor| {
                    if cursor.eat_raw('.') { cursor.identifier() } else { Err(cursor.error("a point")) }
                },
            )
        {
            name.push('.');
            name.push_str(&part);
        }
        Ok(name)
    }

    /// Whether `wanted` stands percent-encoded between `place` and here.
    pub(super) fn any_encoded(&self, place: usize, wanted: char) -> bool {
        let symbols = self.symbols.get(place..self.at).unwrap_or_default();
        symbols.iter().any(|symbol| symbol.encoded && symbol.character == wanted)
    }

    /// The text from `place` to here, decoded.
    pub(super) fn since(&self, place: usize) -> String {
        let symbols = self.symbols.get(place..self.at).unwrap_or_default();
        symbols.iter().map(|symbol| symbol.character).collect()
    }

    pub(super) fn back_to(&mut self, place: usize) {
        self.at = place;
    }
}

pub(super) fn identifier_part(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// The namespace and the last part of a name.
pub(super) fn split_name(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once('.') {
        Some((namespace, last)) => (Some(namespace), last),
        None => (None, name),
    }
}

/// Whether every part of the namespace may be one.
pub(super) fn namespace_allowed(names: &dyn Names, namespace: Option<&str>) -> bool {
    namespace.is_none_or(|parts| parts.split('.').all(|part| names.allows(Role::NamespacePart, part)))
}
