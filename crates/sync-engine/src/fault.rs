//! What is wrong with one record or one call, and what that means for what happens next.

use mapping::FieldName;
use serde::{Deserialize, Serialize};

/// A refusal by a system, in our words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    /// Decides what happens next.
    pub class: FaultClass,
    /// The system's own code, such as `STRING_TOO_LONG` or `ODP_RESOURCE_NOTFOUND`.
    pub code: String,
    /// The system's own words.
    pub message: String,
    /// The fields it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldName>,
    /// What the reader can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Fault {
    /// The code of a guarded create that met a record of that id.
    pub const EXISTS: &'static str = "EXISTS";
    /// The code of a guarded write that met another state of the record than it was planned for.
    pub const MOVED: &'static str = "MOVED";
    /// The code of a record that a sink leaves alone because its settings say so: no failure, and
    /// nothing that waits.
    pub const LEFT_ALONE: &'static str = "LEFT_ALONE";
    /// The code of a step that a sink cannot carry out.
    pub const UNSUPPORTED: &'static str = "UNSUPPORTED";

    /// Whether it says that the record is not the one that the step was planned for.
    pub fn says_moved(&self) -> bool {
        self.class == FaultClass::Conflict && matches!(self.code.as_str(), Self::EXISTS | Self::MOVED)
    }
}

/// Classes of refusals (`docs/errors/`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultClass {
    /// Passes by itself: try again soon (row lock, server error).
    Transient,
    /// Too many calls at once: try again with less (429, concurrent limit).
    Throttle,
    /// The day's allowance is used up: pause for hours.
    Quota,
    /// Our credentials or session were refused.
    Auth,
    /// Rights, features or fields are missing: stop the flow, tell the operator.
    Access,
    /// The data or the mapping must change first: quarantine.
    Data,
    /// The record's identity is not clear (duplicate rule, several matches): a person decides.
    Identity,
    /// A parent record is missing: wait for it.
    Dependency,
    /// The target record has gone or moved: look it up again.
    Stale,
    /// Innocent, refused together with others: send again alone.
    Collateral,
    /// Somebody else changed the record meanwhile: read and decide again.
    Conflict,
    /// Our own request or the other side's answer is not understood.
    Protocol,
}
