//! The words of an expression.

use super::problem::Problem;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    Open,
    Close,
    Comma,
    /// A quoted text, unquoted.
    Text(String),
    /// A name, a number, a date, an operator: what stands between the others.
    Word(String),
    /// `Ns.Type'Member'`.
    Enum(String, String),
}

/// Splits an expression into words. A blank separates; a doubled quote inside a text is one.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let mut found = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.peek().copied() {
        match letter {
            ' ' | '\t' => drop(letters.next()),
            '(' | ')' | ',' => {
                letters.next();
                found.push(match letter {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Comma,
                });
            }
            '\'' => found.push(Token::Text(quoted(&mut letters)?)),
            _ => {
                let mut word = String::new();
                while let Some(next) =
                    letters.next_if(|next| !matches!(next, ' ' | '\t' | '(' | ')' | ',' | '\''))
                {
                    word.push(next);
                }
                if letters.peek() == Some(&'\'') {
                    found.push(Token::Enum(word, quoted(&mut letters)?));
                } else {
                    found.push(Token::Word(word));
                }
            }
        }
    }
    Ok(found)
}

fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Problem> {
    letters.next();
    let mut text = String::new();
    loop {
        match letters.next() {
            None => return Err(Problem::bad("a text literal is not closed")),
            Some('\'') if letters.peek() == Some(&'\'') => {
                letters.next();
                text.push('\'');
            }
            Some('\'') => return Ok(text),
            Some(other) => text.push(other),
        }
    }
}
