//! The one place that reads the environment.

use std::ffi::OsString;

/// Switches colours off when it is set to anything (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// Where systemd puts credentials.
pub(crate) const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where the system user's name stands, for the audit log: the first one that is set.
const USERS: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// The value of the environment variable `name`.
#[expect(clippy::disallowed_methods, reason = "the one door to the environment")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Whether `name` is set to something that is not empty.
pub(crate) fn is_set(name: &str) -> bool {
    variable(name).is_some_and(|value| !value.is_empty())
}

/// Who runs this program, as far as the system says.
pub(crate) fn user() -> String {
    USERS
        .iter()
        .find_map(|name| variable(name))
        .map_or_else(|| "unknown".to_owned(), |name| name.to_string_lossy().into_owned())
}
