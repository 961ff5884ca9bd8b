//! What happens to a shared field that was changed on both sides.

use serde::{Deserialize, Serialize};

/// What happens to a shared field that was changed on both sides since both last agreed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnConflict {
    /// The source's value wins.
    Source,
    /// The target's value wins.
    Target,
    /// The value of the side that was changed last wins.
    Newest,
    /// A person decides.
    #[default]
    Manual,
}
