//! The whole product over real HTTP on loopback.

mod alerts;
mod canary;
mod daemon;
mod daemon_faults;
mod daemon_process;
mod events;
mod exit_codes;
mod failures;
mod flows;
mod guide;
mod load;
mod mappings;
mod outcome;
mod people;
mod sinks;
mod verbs;
