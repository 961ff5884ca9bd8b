//! Attacks and faults against the client, by their numbers: what is sent, what is believed, and what
//! the caller is told. Each test's name begins with the numbers that it stands for.
//!
//! The numbers are those of the project's catalogue of bad inputs (`attack_…`) and of faults
//! (`f…`); `sessions` and `answers` play a server by script, all others talk to the sandbox's org.

mod answers;
mod bulk_jobs;
mod change_events;
mod event_attacks;
mod follower;
#[path = "../../examples/accounts/load.rs"]
mod load;
mod many_rows;
mod names_and_values;
mod org;
mod over_tls;
mod scripted_org;
mod sessions;
mod writes;
