//! One link as the daemon knows it: its configuration, its flows, and whether it can be read anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::flow_state::FlowState;
use super::memory::Memory;
use super::names::LinkId;
use super::stamp::Stamp;
use crate::config::{Config, ConfigError, calendar_files};
use crate::mappers::Mappers;
use crate::wiring;

/// How long a reading lasts.
const FRESH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// One link.
#[derive(Debug)]
pub(crate) struct LinkState {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// The configuration in force; `None` if it has never been right.
    pub(crate) config: Option<Arc<Config>>,
    /// How often it was read.
    pub(crate) revision: u64,
    /// What is wrong with the files as they are now.
    pub(crate) wrong: Option<ConfigError>,
    /// The files as they were when they were last looked at.
    pub(crate) stamp: Stamp,
    /// Its flows.
    pub(crate) flows: BTreeMap<Arc<str>, FlowState>,
    /// When it was last read: a calendar is known for a year only.
    pub(crate) read: Timestamp,
    /// Whether one of its flows is running: they take turns.
    pub(crate) busy: bool,
    /// The folder is gone: nothing more begins.
    pub(crate) gone: bool,
}

/// A link's configuration, read and checked.
#[derive(Debug)]
pub(crate) struct Reading {
    config: Config,
    flows: BTreeMap<Arc<str>, FlowState>,
}

/// Reads and checks the configuration of a link.
pub(crate) fn read(folder: &Path, mappers: &Mappers, now: Timestamp) -> Result<Reading, Box<ConfigError>> {
    let config = Config::load(folder)?;
    let order = wiring::check(&config, mappers)?;
    let calendar = calendar_files::calendar(&config, now)?;
    let mut memory = Memory::load(&config.data_folder());
    let flows = config.flows.iter().map(|(name, file)| {
        let mut known = memory.flows.remove(name).unwrap_or_default();
        known.changes = known.changes.after_restart();
        known.sweep = known.sweep.after_restart();
        let rank = order.iter().position(|other| other == name).unwrap_or(order.len());
        (Arc::from(name.as_str()), FlowState { rank, ..FlowState::new(file, &calendar, known) })
    });
    let flows = flows.collect();
    Ok(Reading { config, flows })
}

impl LinkState {
    /// The link in `folder`, whose files look like `stamp`.
    pub(crate) fn new(folder: PathBuf, stamp: Stamp) -> Self {
        Self {
            folder,
            config: None,
            revision: 0,
            wrong: None,
            stamp,
            flows: BTreeMap::new(),
            read: Timestamp::MIN,
            busy: false,
            gone: false,
        }
    }

    /// Whether it has to be read, if its files look like `stamp` now.
    pub(crate) fn is_outdated(&self, stamp: &Stamp, now: Timestamp) -> bool {
        let known = self.config.is_some() || self.wrong.is_some();
        !known || self.stamp != *stamp || now.duration_since(self.read) > FRESH
    }

    /// The calendar that it shares with other links.
    pub(crate) fn shared_calendar(&self) -> Option<PathBuf> {
        let config = self.config.as_ref()?;
        config.link.calendar.file.as_ref().map(|file| self.folder.join(file))
    }

    /// Takes a new reading: a right one is in force from now on, a wrong one leaves the old one.
    pub(crate) fn take(&mut self, reading: Result<Reading, Box<ConfigError>>) {
        match reading {
            Ok(Reading { config, flows }) => {
                let mut old = std::mem::replace(&mut self.flows, flows);
                for (name, flow) in &mut self.flows {
                    if let Some(known) = old.remove(name) {
                        flow.succeed(known);
                    }
                }
                // A flow that is no longer configured ends its run; its state is kept on disk.
                for (name, mut flow) in old.into_iter().filter(|(_, flow)| flow.running.is_some()) {
                    flow.enabled = false;
                    self.flows.insert(name, flow);
                }
                self.config = Some(Arc::new(config));
                self.revision += 1;
                self.wrong = None;
            }
            Err(error) => self.wrong = Some(*error),
        }
    }

    /// Says what a reading led to.
    pub(crate) fn tell(&self, id: &LinkId) {
        let flows = self.flows.len();
        let stays =
            if self.config.is_some() { "the old one stays in force" } else { "this link does not run" };
        if let Some(error) = &self.wrong {
            tracing::error!(link = %id, %error, "the configuration is wrong; {stays}");
        } else {
            tracing::info!(link = %id, flows, "configuration in force");
        }
    }

    /// Keeps what has to outlive the daemon.
    pub(crate) fn remember(&self) {
        let Some(config) = &self.config else { return };
        let flows = self.flows.iter().map(|(name, flow)| (name.to_string(), flow.memory.clone()));
        Memory { flows: flows.collect() }.save(&config.data_folder());
    }

    /// The name of the link, for people.
    pub(crate) fn title(&self) -> Option<&str> {
        self.config.as_ref().map(|config| config.link.name.as_str())
    }
}
