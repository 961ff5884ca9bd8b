//! What is wrong with the configuration: where exactly, why, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use mapping::MappingFileError;

use super::nearest::nearest;

/// The configuration is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file it stands in.
    pub file: PathBuf,
    /// Where in the file, if it is about a place in it.
    pub place: Option<Box<Place>>,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The text of the line.
    pub text: String,
    /// How many characters of it are meant.
    pub width: usize,
}

impl ConfigError {
    /// An error about a whole file.
    pub fn new(file: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), place: None, reason: reason.into(), hint: None }
    }

    /// Adds advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong with a mapping, whose file holds `text`.
    pub(crate) fn of_mapping(text: &str, error: &MappingFileError) -> Self {
        let line = text.lines().nth(error.line.saturating_sub(1)).unwrap_or_default();
        let place = Place { line: error.line, column: error.column, text: line.to_owned(), width: 1 };
        let (reason, hint) = advice(&error.reason);
        let hint = hint.or_else(|| error.hint.clone());
        Self { file: PathBuf::from(&error.file), place: Some(Box::new(place)), reason, hint }
    }

    /// An error about a line, from 1, of a file that holds `text`.
    pub(crate) fn at_line(file: &Path, text: &str, line: usize, reason: impl Into<String>) -> Self {
        let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned();
        let width = text.chars().count().max(1);
        let place = Some(Box::new(Place { line, column: 1, text, width }));
        Self { place, ..Self::new(file, reason) }
    }

    /// What the TOML reader says about `text`, which stands in `file`.
    pub(crate) fn of_toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let (reason, hint) = advice(error.message());
        let place = error.span().map(|span| Box::new(Place::of(text, span)));
        Self { file: file.to_owned(), place, reason, hint }
    }
}

impl Place {
    /// The place of the bytes `span` of `text`.
    fn of(text: &str, span: std::ops::Range<usize>) -> Self {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let before = text.get(..start).unwrap_or_default();
        let head = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(head..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.get(head..).unwrap_or_default().chars().count() + 1;
        let meant = text.get(start..end).unwrap_or_default().lines().next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column,
            text: line.to_owned(),
            width: meant.chars().count().max(1),
        }
    }
}

/// The nearest boundary of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Our words for what the TOML reader says, and advice if it lists what it knows.
fn advice(message: &str) -> (String, Option<String>) {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let given = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        let what = if message.starts_with("unknown field") { "key" } else { "value" };
        let hint = match nearest(given, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if known.is_empty() => format!("take the {what} `{given}` out"),
            None => format!("known here: {}", known.join(", ")),
        };
        return (format!("unknown {what} `{given}`"), Some(hint));
    }
    if let Some(name) = message.strip_prefix("missing field ") {
        return (format!("key {name} is missing"), Some(format!("add {name} to this table")));
    }
    let reason = message.replace("a nonzero u32", "a whole number from 1 to 4294967295");
    let reason = reason.replace("a nonzero u16", "a whole number from 1 to 65535");
    let hint = match message {
        _ if message.starts_with("invalid type") && message.ends_with("expected a boolean") => {
            "write true or false, without quotes"
        }
        _ if message.starts_with("invalid type") && message.ends_with("expected a string") => {
            "write it in quotes"
        }
        _ if message.starts_with("string values must be quoted") => {
            "texts are written in quotes, true and false without"
        }
        _ => return (reason, None),
    };
    (reason, Some(hint.to_owned()))
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        let Some(place) = &self.place else { return write!(f, ": {}", self.reason) };
        write!(f, ":{}:{}: {}", place.line, place.column, self.reason)?;
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(place.column.saturating_sub(1));
        let marks = "^".repeat(place.width.min(place.text.chars().count().max(1)));
        write!(f, "\n{margin} |\n{number} | {}\n{margin} | {indent}{marks}", place.text)
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_not_bytes() {
        let text = "name = \"ä\"\nÖl = 1\n";
        let at = text.find("= 1").unwrap();
        let place = Place::of(text, at..at + 3);
        assert_eq!((place.line, place.column, place.width), (2, 4, 3));
        assert_eq!(place.text, "Öl = 1");
    }

    #[test]
    fn a_place_behind_the_end_is_no_panic() {
        let place = Place::of("a", 7..9);
        assert_eq!((place.line, place.column), (1, 2));
    }

    #[test]
    fn words_of_a_mapping_that_are_not_known_get_advice_too() {
        let text = "name = \"m\"\nrevision = 1\nsource = \"S\"\ntarget = \"T\"\nexternal_id = { from = \"Id\" }\n\
                    [fields.X]\nfrom = \"A\"\nsteps = [{ truncat = 3 }]\n";
        let error = mapping::DeclaredMapper::from_toml(text, "m.toml").unwrap_err();
        let error = ConfigError::of_mapping(text, &error);
        assert_eq!(error.reason, "unknown value `truncat`", "{error}");
        assert_eq!(error.hint.as_deref(), Some("did you mean `truncate`?"));
    }

    #[test]
    fn unknown_keys_get_the_nearest_known_one() {
        let (reason, hint) = advice("unknown field `relm`, expected one of `realm`, `token_url`");
        assert_eq!(reason, "unknown key `relm`");
        assert_eq!(hint.as_deref(), Some("did you mean `realm`?"));
        let (reason, _) = advice("invalid value: integer `0`, expected a nonzero u32");
        assert_eq!(reason, "invalid value: integer `0`, expected a whole number from 1 to 4294967295");
        let (_, hint) = advice("invalid type: string \"true\", expected a boolean");
        assert_eq!(hint.as_deref(), Some("write true or false, without quotes"));
        let (_, hint) = advice("unknown field `x`, expected `realm` or `token_url`");
        assert_eq!(hint.as_deref(), Some("known here: realm, token_url"));
    }
}
