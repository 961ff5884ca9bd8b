//! Patterns of `LIKE`.

use std::str::Chars;

/// A pattern: letters are compared without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// `%`: anything.
    Any,
    /// `_`: one letter.
    One,
    Letter(char),
}

impl Pattern {
    /// Reads what stands between the quotes; `unescape` reads what follows a backslash.
    pub(crate) fn read(raw: &str, unescape: impl Fn(&mut Chars<'_>) -> Option<char>) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut letters = raw.chars();
        while let Some(letter) = letters.next() {
            let letter = match letter {
                '%' => {
                    pieces.push(Piece::Any);
                    continue;
                }
                '_' => {
                    pieces.push(Piece::One);
                    continue;
                }
                '\\' => unescape(&mut letters)?,
                plain => plain,
            };
            pieces.extend(letter.to_lowercase().map(Piece::Letter));
        }
        Some(Self(pieces))
    }

    /// Whether the whole text is as the pattern says. Takes at most text times pattern steps.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        let (mut at, mut piece) = (0, 0);
        // Where to go on if the shortest reading of the last `%` turns out too short.
        let mut again: Option<(usize, usize)> = None;
        while let Some(letter) = text.get(at) {
            match self.0.get(piece) {
                Some(Piece::Any) => {
                    piece += 1;
                    again = Some((piece, at));
                    continue;
                }
                Some(Piece::One) => {}
                Some(Piece::Letter(wanted)) if wanted == letter => {}
                _ => {
                    let Some((after, begun)) = again else { return false };
                    again = Some((after, begun + 1));
                    (piece, at) = (after, begun + 1);
                    continue;
                }
            }
            (piece, at) = (piece + 1, at + 1);
        }
        self.0.iter().skip(piece).all(|piece| *piece == Piece::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::soql::tokens::escape;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::read(pattern, escape).expect("a pattern").matches(text)
    }

    #[test]
    fn patterns_match_as_in_sql() {
        assert!(like("Steel Works", "st%w_rks") && like("", "%") && like("ÄÖ", "ä%ö"));
        assert!(!like("steel", "teel") && !like("a", "a_") && !like("steel", "stee"));
        assert!(like("aab", "%ab") && like("abcabd", "%abd") && !like("abcabd", "%abc"));
    }

    #[test]
    fn escaped_signs_stand_for_themselves() {
        assert!(
            like("100%", r"100\%")
                && !like("1000", r"100\%")
                && like("a_b", r"a\_b")
                && !like("axb", r"a\_b")
        );
        assert_eq!(Pattern::read("a\\", escape), None);
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        assert!(!like(&"a".repeat(2_000), &format!("{}b", "%a".repeat(100))));
    }
}
