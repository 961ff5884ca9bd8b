//! What people read: one file for each thing that is shown, pure functions from values to text and JSON.

pub(crate) mod calendar;
pub(crate) mod conflict;
pub(crate) mod cursor;
pub(crate) mod daemon;
pub(crate) mod doctor;
pub(crate) mod entry;
pub(crate) mod event;
pub(crate) mod mapping;
pub(crate) mod parked;
pub(crate) mod plan;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod words;
