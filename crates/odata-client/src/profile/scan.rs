//! Finds what a query needs in the text that is sent, so that text of the caller is seen too.

use std::collections::BTreeSet;

use super::Feature;

/// What the encoded query needs.
pub(crate) fn features(encoded: &str) -> BTreeSet<Feature> {
    let mut found = BTreeSet::new();
    for (name, value) in options(encoded) {
        let feature = match name.as_str() {
            "$filter" => Feature::Filter,
            "$orderby" => Feature::OrderBy,
            "$skip" => Feature::Skip,
            "$count" if value == "true" => Feature::Count,
            "$search" => Feature::Search,
            "$compute" => Feature::Compute,
            "$apply" => Feature::Apply,
            "$expand" => Feature::Expand,
            "$deltatoken" => Feature::DeltaLink,
            alias if alias.starts_with('@') => Feature::ParameterAlias,
            _ => continue,
        };
        found.insert(feature);
        // Words of a search are no operators.
        if !matches!(feature, Feature::Search | Feature::Skip | Feature::Count) {
            Scan { found: &mut found, operand: false, time: false, shift: false }.run(&value);
        }
    }
    found
}

/// The paths that the encoded query expands, without their options.
pub(super) fn expanded(encoded: &str) -> Vec<String> {
    let mut paths = vec![String::new()];
    let Some((_, value)) = options(encoded).into_iter().find(|(name, _)| name == "$expand") else {
        return Vec::new();
    };
    let mut depth = 0_usize;
    for piece in pieces(&value) {
        match piece {
            Piece::Mark('(') => depth += 1,
            Piece::Mark(')') => depth = depth.saturating_sub(1),
            Piece::Mark(',') if depth == 0 => paths.push(String::new()),
            Piece::Word(word) if depth == 0 => {
                if let Some(path) = paths.last_mut() {
                    path.push_str(word);
                }
            }
            _ => {}
        }
    }
    paths
}

fn options(encoded: &str) -> Vec<(String, String)> {
    let parts = encoded.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// Without percent signs. What is not UTF-8 is no word that matters.
fn plain(encoded: &str) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let decoded = pair.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A part of an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece<'t> {
    Word(&'t str),
    /// A quoted text.
    Quoted,
    Mark(char),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (piece, length) = if first == '\'' {
            (Piece::Quoted, quoted(rest))
        } else {
            // Dates and times are one word.
            let number = first.is_ascii_digit();
            let inside = |c: char| {
                c.is_alphanumeric() || "_.$@/".contains(c) || number && matches!(c, ':' | '-' | '+')
            };
            match rest.find(|c| !inside(c)).unwrap_or(rest.len()) {
                0 => (Piece::Mark(first), first.len_utf8()),
                length => (Piece::Word(rest.get(..length).unwrap_or_default()), length),
            }
        };
        if piece != Piece::Mark(' ') {
            pieces.push(piece);
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    pieces
}

/// How long the quoted text is with which `text` begins; a doubled quote does not end it.
fn quoted(text: &str) -> usize {
    let mut quotes = text.char_indices().skip(1).filter(|(_, c)| *c == '\'').map(|(at, _)| at).peekable();
    while let Some(at) = quotes.next() {
        if quotes.next_if_eq(&(at + 1)).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// Reads an expression from left to right.
struct Scan<'f> {
    found: &'f mut BTreeSet<Feature>,
    /// Whether an operand has just ended, so that a word is an operator.
    operand: bool,
    /// Whether that operand was a date or a duration.
    time: bool,
    /// Whether an `add` or `sub` stands before what comes.
    shift: bool,
}

impl Scan<'_> {
    fn run(mut self, text: &str) {
        let pieces = pieces(text);
        for (index, piece) in pieces.iter().enumerate() {
            match (*piece, pieces.get(index + 1)) {
                (Piece::Word(word), Some(Piece::Quoted)) => self.literal(word),
                (Piece::Word(word), Some(Piece::Mark('('))) if !self.operand && word != "not" => {
                    self.call(word);
                }
                (Piece::Word(word), _) => self.word(word),
                (Piece::Quoted | Piece::Mark(')' | ']' | '}'), _) => self.operand = true,
                (Piece::Mark(_), _) => {
                    self.operand = false;
                    self.time = false;
                }
            }
        }
    }

    /// A word before a quoted text is its type, or an operator.
    fn literal(&mut self, word: &str) {
        match word {
            "duration" => {
                self.found.insert(Feature::DurationLiteral);
                self.ends(true);
            }
            "geography" | "geometry" => {
                self.found.insert(Feature::GeoFunction);
            }
            operator if self.operand => self.operator(operator),
            _ => {}
        }
    }

    fn call(&mut self, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.counted(path);
        let feature = match name.to_ascii_lowercase().as_str() {
            "any" | "all" if path.contains('/') => Feature::Lambda,
            "round" | "floor" | "ceiling" => Feature::MathFunction,
            "hassubset" | "hassubsequence" => Feature::CollectionFunction,
            "matchespattern" => Feature::MatchesPattern,
            "contains" | "startswith" | "endswith" | "concat" | "indexof" | "length" | "substring"
            | "tolower" | "toupper" | "trim" => Feature::StringFunction,
            "year" | "month" | "day" | "hour" | "minute" | "second" | "fractionalseconds"
            | "totalseconds" | "date" | "time" | "totaloffsetminutes" | "mindatetime" | "maxdatetime"
            | "now" => Feature::DateFunction,
            "cast" | "isof" => Feature::TypeFunction,
            "case" => Feature::Case,
            geo if geo.starts_with("geo.") => Feature::GeoFunction,
            _ => return,
        };
        self.found.insert(feature);
    }

    fn word(&mut self, word: &str) {
        if self.operand {
            self.operator(word);
        } else if word == "not" {
            self.operand = false;
        } else {
            self.counted(word);
            if word.starts_with('@') {
                self.found.insert(Feature::ParameterAlias);
            }
            if word == "$levels" {
                self.found.insert(Feature::Levels);
            }
            let bytes = word.as_bytes();
            self.ends(bytes.first().is_some_and(u8::is_ascii_digit) && bytes.get(4) == Some(&b'-'));
        }
    }

    fn counted(&mut self, path: &str) {
        if path.split('/').skip(1).any(|step| step == "$count") {
            self.found.insert(Feature::CountInFilter);
        }
    }

    /// An operand ends, of which `time` says whether it is a date or duration.
    fn ends(&mut self, time: bool) {
        if self.shift && time {
            self.found.insert(Feature::DateArithmetic);
        }
        (self.operand, self.time, self.shift) = (true, time, false);
    }

    fn operator(&mut self, word: &str) {
        self.shift = matches!(word, "add" | "sub");
        if self.shift && self.time {
            self.found.insert(Feature::DateArithmetic);
        }
        let feature = match word {
            "has" => Some(Feature::Has),
            "in" => Some(Feature::In),
            "mod" => Some(Feature::Mod),
            "divby" => Some(Feature::DivBy),
            "add" | "sub" | "mul" | "div" => Some(Feature::Arithmetic),
            _ => None,
        };
        self.found.extend(feature);
        (self.operand, self.time) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_nested_options_are_seen() {
        let encoded = "$filter=A%20eq%201&$expand=Lines($filter=Qty%20mod%202%20eq%200;$levels=2),Head/Ref&$search=a%20in%20b&@p=1";
        let found = features(encoded);
        for feature in [
            Feature::Filter,
            Feature::Expand,
            Feature::Mod,
            Feature::Levels,
            Feature::Search,
            Feature::ParameterAlias,
        ] {
            assert!(found.contains(&feature), "{feature}");
        }
        assert!(!found.contains(&Feature::In), "words of a search are no operators");
        assert_eq!(expanded(encoded), ["Lines", "Head/Ref"]);
        assert!(features("").is_empty() && features("$top=5&$select=A,B").is_empty());
    }

    #[test]
    fn damage_ends() {
        for text in [
            "$filter='",
            "$filter=%",
            "$filter=%2",
            "$filter=%ff'a''",
            "$filter=a('%27%27%27",
            "&&=&$expand=)))(,",
        ] {
            let _ = (features(text), expanded(text));
        }
    }
}
