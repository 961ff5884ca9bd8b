//! The facade: configuration, wiring and the command line, for this project's own binaries and for
//! programs that embed the connector or bring their own mappers along.
//!
//! A program with its own mapper is [`Runner`] with one line more. A program that wants the flows without
//! the command line opens a [`Connector`].

pub mod config;
pub mod connector;
pub mod daemon;
pub mod exit;
pub mod failure;
pub mod mappers;
pub mod runner;
pub mod stop;

mod audit_filter;
mod calendar_view;
mod checking;
mod conflict_filter;
mod conflict_view;
mod control_client;
mod cursor_words;
mod daemon_view;
mod demo_flows;
mod demo_show;
mod desk_action;
mod doctor_view;
mod entry_view;
mod event_words;
mod flow_choice;
mod forecast;
#[cfg(test)]
mod guide_tests;
mod holding;
mod last_failure;
mod local_probe;
mod mapping_files;
mod mapping_view;
mod new_file;
mod once;
mod paint;
mod parked_filter;
mod parked_view;
mod plan_file;
mod plan_view;
mod playground;
mod progress;
mod record_choice;
mod record_view;
mod run_view;
mod schemas;
mod script;
#[cfg(test)]
mod shipped;

mod status_view;
mod telemetry;
mod template;
mod terminal;
mod timeline;
mod verbs;
mod wiring;
mod words;

pub use audit;
pub use mapping;
pub use sync_engine;
pub use wire;

pub use config::{Config, ConfigError};
pub use connector::{Connector, Opening, Ran};
pub use daemon::Daemon;
pub use exit::Exit;
pub use failure::Failure;
pub use mappers::Mappers;
pub use runner::Runner;
pub use stop::Stop;
