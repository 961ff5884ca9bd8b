//! An IFS Cloud and a Salesforce that behave like the real ones, as state machines that answer
//! requests: in process, or on loopback sockets.
//!
//! Shares no type with the clients: both sides speak only HTTP, so that they cannot agree on one
//! mistake.

use std::fmt::Debug;

use wire::{Request, Response};

pub mod ifs;
pub mod salesforce;

/// A system that answers requests: a state machine without tasks, sockets or sleeps.
pub trait Endpoint: Debug + Send + Sync + 'static {
    /// Acts on `request` and answers.
    fn answer(&self, request: &Request) -> Response;
}
