//! Texts that must never be shown.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// A password, client secret or token: wiped from memory when dropped, printed as `[secret]`,
/// never serialised. Whoever needs the text says so by [`expose`](Secret::expose).
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    /// Keeps `text` as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// Keeps `text` as read from a file or a terminal: without a byte order mark at its start and
    /// line ends at its end. Blanks stay: they may belong to the secret.
    pub fn trimmed(text: &str) -> Self {
        Self::new(text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']))
    }

    /// The text itself. Give it to the wire, never to a message.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_nothing() {
        assert_eq!(format!("{:?}", Secret::new("canary")), "[secret]");
        assert_eq!(format!("{:?}", Some(Secret::new(""))), "Some([secret])");
    }

    #[test]
    fn only_what_editors_add_is_trimmed() {
        for (text, kept) in [
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            ("\u{feff}s3cret", "s3cret"),
            (" s3 cret \n\n", " s3 cret "),
            ("", ""),
        ] {
            assert_eq!(Secret::trimmed(text).expose(), kept);
        }
        assert!(Secret::trimmed("\n").is_empty());
    }

    #[test]
    fn is_read_from_configuration() {
        let secret: Secret = serde_json::from_str("\"abc\"").expect("a string is a secret");
        assert_eq!(secret.expose(), "abc");
    }
}
