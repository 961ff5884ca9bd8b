//! What the daemon remembers of a link over a restart: when its flows ran, and which are paused.
//!
//! Losing it does no harm: what has never run is run. So a full disk never stops anything here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schedule::Last;
use serde::{Deserialize, Serialize};

/// The name of the file in the data folder.
const FILE: &str = "schedule.json";

/// What is remembered of one link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// By flow.
    #[serde(default)]
    pub(crate) flows: BTreeMap<String, FlowMemory>,
}

/// What is remembered of one flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlowMemory {
    /// The last run that carried changes.
    #[serde(default)]
    pub(crate) changes: Last,
    /// The last run that compared everything.
    #[serde(default)]
    pub(crate) sweep: Last,
    /// When the last run began that carried changes and went well: everything older has been carried.
    #[serde(default)]
    pub(crate) carried: Option<Timestamp>,
    /// When its first run began: before that it owed nothing.
    #[serde(default)]
    pub(crate) first: Option<Timestamp>,
    /// When it was paused, if it is.
    #[serde(default)]
    pub(crate) paused: Option<Timestamp>,
    /// By deadline: when the first good run ended that began after a cut-off.
    #[serde(default)]
    pub(crate) deadlines: BTreeMap<String, Carried>,
}

/// A cut-off that was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// The cut-off.
    pub(crate) before: Timestamp,
    /// When the run that served it ended.
    pub(crate) ended: Timestamp,
}

impl Memory {
    /// What is remembered in the data folder; nothing if it cannot be read.
    pub(crate) fn load(data: &Path) -> Self {
        let file = data.join(FILE);
        let Ok(text) = std::fs::read_to_string(&file) else { return Self::default() };
        serde_json::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!(file = %file.display(), %error, "what was remembered of the schedule is unreadable; flows run anew");
            Self::default()
        })
    }

    /// Keeps it, whole or not at all, if there is a data folder.
    pub(crate) fn save(&self, data: &Path) {
        if !data.is_dir() {
            return;
        }
        if let Err(error) = self.write(data) {
            tracing::warn!(folder = %data.display(), %error, "the schedule could not be remembered; a restart may run flows early");
        }
    }

    fn write(&self, data: &Path) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        let draft: PathBuf = data.join(format!("{FILE}.new"));
        std::fs::write(&draft, text)?;
        std::fs::rename(draft, data.join(FILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_what_is_broken_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = Memory::default();
        assert_eq!(Memory::load(folder.path()), memory);
        memory.flows.insert("suppliers".into(), FlowMemory::default());
        memory.save(folder.path());
        assert_eq!(Memory::load(folder.path()), memory);
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(Memory::load(folder.path()), Memory::default());
    }

    #[test]
    fn a_disk_that_takes_nothing_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // Where the draft would be written there is something that cannot be replaced.
        std::fs::create_dir(folder.path().join("schedule.json.new")).unwrap();
        Memory::default().save(folder.path());
        assert_eq!(Memory::load(folder.path()), Memory::default());
    }

    #[test]
    fn no_data_folder_is_made_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        Memory::default().save(&data);
        assert!(!data.exists());
    }
}
