//! Reads one TOML file into a value, with errors that name file, line and column.

use std::io::ErrorKind;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::ConfigError;

/// Configuration files are small: whatever is larger is something else.
const LARGEST: u64 = 4 << 20;

/// The text of `file`.
pub(crate) fn read(file: &Path) -> Result<String, ConfigError> {
    let failed = |error: std::io::Error| {
        ConfigError::new(file, format!("cannot be read: {error}")).hint(match error.kind() {
            ErrorKind::NotFound => "put it back, or correct the name that leads to it",
            ErrorKind::PermissionDenied => "give this user the right to read it",
            ErrorKind::InvalidData => "save it as UTF-8 text",
            _ => "it must be a file that can be read",
        })
    };
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > LARGEST {
        return Err(ConfigError::new(file, format!("{size} bytes are too many for a configuration file")));
    }
    std::fs::read_to_string(file).map_err(failed)
}

/// The value that `text` describes; `file` is named in errors.
pub(crate) fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::of_toml(file, text, &error))
}

/// Reads and parses.
pub(crate) fn load<T: DeserializeOwned>(file: &Path) -> Result<T, ConfigError> {
    parse(file, &read(file)?)
}
