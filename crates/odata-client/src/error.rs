//! What can go wrong with one OData call, typed by what may be done next.

use std::time::Duration;

use http::StatusCode;
use wire::{Evidence, OriginError, TransportError, TransportErrorKind};

/// A call that did not give what was asked for.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ODataError {
    /// There was no answer.
    #[error("{operation} got no answer")]
    Transport {
        /// The caller's name of the call.
        operation: &'static str,
        /// Why not.
        source: TransportError,
    },
    /// The server answered with an error, by its status or inside a `200`.
    #[error("{operation} was refused: {error}")]
    Status {
        /// The caller's name of the call.
        operation: &'static str,
        /// What the server said.
        error: Box<StatusError>,
    },
    /// The server answered with something else than it was asked for.
    #[error("{operation} got a malformed {what}, {place}: {why}")]
    Malformed {
        /// The caller's name of the call.
        operation: &'static str,
        /// What was read, such as `page` or `metadata`.
        what: &'static str,
        /// Where it went wrong, such as `row 17, byte 20412`.
        place: String,
        /// What is wrong there.
        why: String,
    },
    /// A link of the server leads away from its service root; nothing was sent there.
    #[error("{operation} was pointed to a place outside of the service")]
    ForeignLink {
        /// The caller's name of the call.
        operation: &'static str,
        /// Which link, and what is wrong with it.
        source: OriginError,
    },
    /// The server's next links go in circles.
    #[error("{operation} makes no progress: {why}")]
    PagingNoProgress {
        /// The caller's name of the call.
        operation: &'static str,
        /// What was seen.
        why: String,
    },
    /// The call cannot be expressed as a request; nothing was sent.
    #[error("{operation} cannot be asked: {why}")]
    Unaskable {
        /// The caller's name of the call.
        operation: &'static str,
        /// Why not.
        why: String,
    },
}

/// What the server said when it refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("status {status}{}{}", code_text(.code.as_deref()), message_text(.message))]
pub struct StatusError {
    /// The HTTP status; a success status when the error came inside a successful answer.
    pub status: StatusCode,
    /// The server's code, `None` where it gave none (some servers send `null`).
    pub code: Option<String>,
    /// The server's own words, shortened to 1,000 characters.
    pub message: String,
    /// What the error is about, such as a property.
    pub target: Option<String>,
    /// Further errors.
    pub details: Vec<ErrorDetail>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The beginning of the body when it was no OData error, such as the HTML of a proxy.
    pub excerpt: Option<String>,
    /// The audit entry that holds the answer.
    pub evidence: Option<Evidence>,
}

/// One of several errors of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorDetail {
    /// The server's code.
    pub code: Option<String>,
    /// The server's own words.
    pub message: String,
    /// What it is about.
    pub target: Option<String>,
}

fn code_text(code: Option<&str>) -> String {
    code.map_or_else(String::new, |code| format!(" {code}"))
}

fn message_text(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl ODataError {
    /// The caller's name of the call.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Transport { operation, .. }
            | Self::Status { operation, .. }
            | Self::Malformed { operation, .. }
            | Self::ForeignLink { operation, .. }
            | Self::PagingNoProgress { operation, .. }
            | Self::Unaskable { operation, .. } => operation,
        }
    }

    /// Whether the server may have acted on the call.
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Transport { source, .. } => source.may_have_acted(),
            Self::Status { error, .. } => error.status.is_success() || error.status.is_server_error(),
            Self::Malformed { .. } => true,
            Self::ForeignLink { .. } | Self::PagingNoProgress { .. } | Self::Unaskable { .. } => false,
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Transport { source, .. } => {
                matches!(source.kind, TransportErrorKind::Unreached | TransportErrorKind::Unknown)
            }
            Self::Status { error, .. } => {
                matches!(error.status.as_u16(), 408 | 423 | 425 | 429 | 500 | 502..=504)
            }
            Self::Malformed { .. } => true,
            Self::ForeignLink { .. } | Self::PagingNoProgress { .. } | Self::Unaskable { .. } => false,
        }
    }

    /// What the server said, if it refused.
    pub fn status(&self) -> Option<&StatusError> {
        match self {
            Self::Status { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl StatusError {
    /// The server's code, or an empty text.
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// What the refusal means for whoever asked.
    pub fn reason(&self) -> Reason {
        // Some servers say it only by their code, under whatever status.
        if self.code().ends_with("MISSING_PRECONDITION") {
            return Reason::ConditionMissing;
        }
        match self.status.as_u16() {
            404 => Reason::NotFound,
            409 => Reason::Conflict,
            410 => Reason::Gone,
            412 => Reason::Moved,
            423 => Reason::Locked,
            428 => Reason::ConditionMissing,
            501 => Reason::Unsupported,
            _ => Reason::Other,
        }
    }
}

/// Why a request was refused, as far as it decides what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The row is another version than was read (`412`): read it again and merge anew.
    Moved,
    /// The server wants a condition (`428`, or a code that says so): send the row's ETag.
    ConditionMissing,
    /// No such row, or no such set, or it is hidden (`404`).
    NotFound,
    /// It contradicts what is there, such as a second row with the key (`409`).
    Conflict,
    /// It was there and is no more (`410`); for a delta link: everything must be read anew.
    Gone,
    /// Somebody else holds the row (`423`): try later.
    Locked,
    /// The server cannot do this at all (`501`).
    Unsupported,
    /// Anything else.
    Other,
}
