//! What a stretch of the calendar means.

use serde::{Deserialize, Serialize};

/// What a stretch of the calendar means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A working window: flows run inside. Where a calendar has none, every hour is a working hour.
    Open,
    /// A rush, such as a month end: open, and flows run at their tighter interval.
    Rush,
    /// A holiday: nothing runs, even where a window is open.
    Holiday,
    /// Maintenance: nothing runs at all, not even for a deadline.
    Blackout,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Rush, Self::Holiday, Self::Blackout];

    /// The kind that this word of a calendar file (a category, or the name of the file) stands for.
    pub fn of(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "open" | "window" | "windows" | "working" | "working-hours" => Some(Self::Open),
            "rush" | "month-end" => Some(Self::Rush),
            "holiday" | "holidays" | "closed" => Some(Self::Holiday),
            "blackout" | "maintenance" => Some(Self::Blackout),
            _ => None,
        }
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Rush => "rush",
            Self::Holiday => "holiday",
            Self::Blackout => "blackout",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_own_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.word()), Some(kind));
        }
        assert_eq!(Kind::of(" Holidays "), Some(Kind::Holiday));
        assert_eq!(Kind::of("party"), None);
    }
}
