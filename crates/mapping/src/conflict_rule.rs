//! What a mapping file says about shared fields that were changed on both sides.

use serde::{Deserialize, Serialize};

use crate::Rule;

/// Who wins when a shared field was changed on both sides since both last agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnConflict {
    /// The source's value.
    Source,
    /// The target's value.
    Target,
    /// The value of the side that was changed last.
    Newest,
    /// A person decides.
    Manual,
}

impl OnConflict {
    /// The plan's word for it.
    pub(crate) fn rule(self) -> Rule {
        match self {
            Self::Source => Rule::PreferSource,
            Self::Target => Rule::PreferTarget,
            Self::Newest => Rule::Newest,
            Self::Manual => Rule::Manual,
        }
    }
}
