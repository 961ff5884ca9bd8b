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
    /// Whether the line may hold a secret, which is left out of `text`.
    pub(super) hides: bool,
}

/// What is said of a secret that was written into the configuration itself.
const IN_PLAIN: &str = "a secret never stands here itself: only where it is to be found";
const PLACES: &str = "write `{ file = \"secrets/NAME\" }` (or env, credential, keyring, vault), and have a new secret \
     made: this one has been in a file that others may read";
/// Keys whose values are secrets, or lead to them.
const SECRETS: [&str; 6] = ["secret", "client_secret", "password", "token", "secret_url", "passphrase"];

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
        let (line, hides) = (line.to_owned(), false);
        let place = Place { line: error.line, column: error.column, text: line, width: 1, hides };
        let (reason, hint) = advice(&error.reason);
        let hint = hint.or_else(|| error.hint.clone());
        Self { file: PathBuf::from(&error.file), place: Some(Box::new(place)), reason, hint }
    }

    /// An error about a line, from 1, of a file that holds `text`.
    pub(crate) fn at_line(file: &Path, text: &str, line: usize, reason: impl Into<String>) -> Self {
        let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().to_owned();
        let width = text.chars().count().max(1);
        let place = Some(Box::new(Place { line, column: 1, text, width, hides: false }));
        Self { place, ..Self::new(file, reason) }
    }

    /// What the TOML reader says about `text`, which stands in `file`.
    pub(crate) fn of_toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let place = error.span().map(|span| Box::new(Place::of(text, span)));
        let meant = error.span().and_then(|span| text.get(span)).unwrap_or_default();
        let (reason, hint) = match &place {
            Some(place)
                if place.hides
                    && meant.starts_with(|first: char| {
                        first.is_ascii_digit() || ['"', '\''].contains(&first)
                    })
                    && is_a_value(error.message()) =>
            {
                (IN_PLAIN.to_owned(), Some(PLACES.to_owned()))
            }
            _ => advice(error.message()),
        };
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
        let width = meant.chars().count().max(1);
        let number = before.matches('\n').count() + 1;
        match secret_from(line) {
            Some(at) => {
                let text = format!("{} …", line.get(..at).unwrap_or_default());
                Self { line: number, column, text, width: 1, hides: true }
            }
            None => Self { line: number, column, text: line.to_owned(), width, hides: false },
        }
    }
}

/// From where on a line may hold a secret: behind the `=` of such a key, or of an address with a password.
fn secret_from(line: &str) -> Option<usize> {
    let mut signs = line.match_indices('=').map(|(at, _)| at);
    signs.find_map(|at| {
        let (before, after) = (line.get(..at)?.trim_end(), line.get(at + 1..)?);
        let key = before
            .rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .find(|key| !key.is_empty());
        let secret = key.is_some_and(|key| SECRETS.contains(&key));
        let user = after.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
        (secret || user).then_some(at + 1)
    })
}

/// Whether the TOML reader repeats a value.
fn is_a_value(message: &str) -> bool {
    ["unknown variant", "invalid type", "invalid value", "wanted"]
        .iter()
        .any(|begin| message.starts_with(begin))
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
        _ if message.starts_with("wanted exactly 1 element") => "name exactly one place",
        _ if message.contains("is no address") || message.starts_with("ORIGIN_VIOLATION") => {
            "write it whole, such as `https://acme.ifs.cloud`; `http` is for this machine only"
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
    fn a_secret_in_plain_is_refused_without_being_repeated() {
        use crate::config::{Address, SecretRef};
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            #[serde(rename = "secret")]
            _secret: SecretRef,
            #[serde(rename = "url")]
            _url: Option<Address>,
        }
        for (text, reason) in [
            ("secret = \"c4nary\"", IN_PLAIN),
            ("secret = \"c4nary", "invalid basic string"),
            ("secret = 4711", IN_PLAIN),
            (
                "secret = { vault = { address = \"https://v.example\", path = \"x\", field = \"y\", token = \"c4nary\" } }",
                "",
            ),
            (
                "secret = { env = \"X\" }\nurl = \"https://c4nary:c4nary@acme.example\"",
                "no user and no password",
            ),
        ] {
            let error = toml::from_str::<Table>(text).unwrap_err();
            let error = ConfigError::of_toml(Path::new("link.toml"), text, &error);
            let said = format!("{error} {:?}", error.hint);
            assert!(said.contains(reason), "{said}");
            assert!(!format!("{said} {error:?}").contains("c4nary") && !said.contains("4711"), "{said}");
        }
        let text = "secret = { evn = \"X\" }";
        let error = toml::from_str::<Table>(text).unwrap_err();
        let error = ConfigError::of_toml(Path::new("link.toml"), text, &error);
        assert_eq!(error.hint.as_deref(), Some("did you mean `env`?"), "{error}");
        assert_eq!(secret_from("token_url = \"https://acme.example\""), None);
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
