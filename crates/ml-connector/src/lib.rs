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

mod checking;
mod choice;
mod control_client;
mod demo;
mod desk_action;
mod forecast;
#[cfg(test)]
mod guide_tests;
mod holding;
mod last_failure;
mod loan;
mod local_probe;
mod mapping_files;
mod new_file;
mod once;
mod plan_file;
mod playground;
mod schemas;
#[cfg(test)]
mod shipped;
mod telemetry;
mod template;
mod terminal;
mod verbs;
mod view;
mod wiring;

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
