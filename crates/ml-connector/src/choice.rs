//! What a command is about: the arguments by which people choose flows, records and entries.

pub(crate) mod conflicts;
pub(crate) mod entries;
pub(crate) mod flows;
pub(crate) mod parked;
pub(crate) mod record;
