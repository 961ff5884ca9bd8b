//! The words of a query.

use std::str::Chars;

use crate::salesforce::problem::Problem;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// What stands between quotes, escapes and all.
    Text(String),
    /// A name, a number, a date.
    Word(String),
    Sign(&'static str),
}

impl Token {
    /// How an error message shows it.
    pub(crate) fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Word(text) => text,
            Self::Sign(sign) => sign,
        }
    }
}

pub(crate) fn malformed(what: &str) -> Problem {
    Problem::bad("MALFORMED_QUERY", what)
}

/// Splits a query into words, each with the place where it begins, in bytes.
pub(crate) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Problem> {
    const SIGNS: [&str; 10] = ["!=", "<>", "<=", ">=", "<", ">", "=", "(", ")", ","];
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let at = text.len() - rest.len();
        if letter.is_whitespace() {
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            let length = closing(quoted)?;
            let (literal, later) = quoted.split_at(length);
            unescaped(literal)
                .ok_or_else(|| malformed("Invalid string literal. Illegal character sequence"))?;
            found.push((at, Token::Text(literal.to_owned())));
            rest = later.get(1..).unwrap_or_default();
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push((at, Token::Sign(sign)));
            rest = rest.get(sign.len()..).unwrap_or_default();
        } else {
            let ends = |letter: char| letter.is_whitespace() || "'!<>=(),".contains(letter);
            let length = match rest.find(ends) {
                None => rest.len(),
                // A lone `!` is a word, so that every turn takes something away.
                Some(0) => letter.len_utf8(),
                Some(length) => length,
            };
            let (word, later) = rest.split_at(length);
            found.push((at, Token::Word(word.to_owned())));
            rest = later;
        }
    }
    Ok(found)
}

/// Where the quote is that ends the text.
fn closing(text: &str) -> Result<usize, Problem> {
    let mut escaped = false;
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => return Ok(place),
            _ => {}
        }
    }
    Err(malformed("unexpected token: '<EOF>', a text is not closed"))
}

/// What an escape stands for, of which a backslash was read (SOQL and SOSL Reference, "Quoted String Escape
/// Sequences").
pub(crate) fn escape(letters: &mut Chars<'_>) -> Option<char> {
    let letter = letters.next()?;
    match letter {
        'u' => unicode(letters),
        'n' | 'N' => Some('\n'),
        'r' | 'R' => Some('\r'),
        't' | 'T' => Some('\t'),
        'b' | 'B' => Some('\u{8}'),
        'f' | 'F' => Some('\u{c}'),
        '\\' | '\'' | '"' | '_' | '%' => Some(letter),
        _ => None,
    }
}

/// A text without its escapes.
pub(crate) fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.push(escape(&mut letters)?),
            plain => out.push(plain),
        }
    }
    Some(out)
}

/// Four hexadecimal digits.
fn unicode(letters: &mut Chars<'_>) -> Option<char> {
    let digits: String = letters.take(4).collect();
    let number = (digits.len() == 4).then(|| u32::from_str_radix(&digits, 16).ok())??;
    char::from_u32(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_signs_and_texts_are_told_apart() {
        let word = |text: &str| Token::Word(text.into());
        let found = tokens(r"a<=-1.5 and(b!='x\'y (')").expect("reads");
        assert_eq!((found[1].0, found[7].0), (1, 15));
        let found: Vec<Token> = found.into_iter().map(|(_, token)| token).collect();
        let text = Token::Text(r"x\'y (".into());
        let wanted = [
            word("a"),
            Token::Sign("<="),
            word("-1.5"),
            word("and"),
            Token::Sign("("),
            word("b"),
            Token::Sign("!="),
            text,
            Token::Sign(")"),
        ];
        assert_eq!(found, wanted);
        assert_eq!(tokens("!").expect("reads"), [(0, word("!"))]);
    }

    #[test]
    fn all_escapes_are_known() {
        assert_eq!(unescaped(r#"\n\R\t\b\f\\\'\"\_\%\u00e9"#).as_deref(), Some("\n\r\t\u{8}\u{c}\\'\"_%é"));
        assert_eq!(unescaped(r"\x"), None);
        assert_eq!(unescaped(r"\u00g9"), None);
        assert!(tokens(r"'abc\'").is_err());
    }
}
