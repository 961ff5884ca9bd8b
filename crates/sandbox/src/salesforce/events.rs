//! The Pub/Sub API: change events made of the org's log of changes (Pub/Sub API guide, Change Data
//! Capture Developer Guide).
//!
//! Each object has an Avro schema made of its fields ([`layout`]); a change, or several alike of one
//! transaction, becomes one event ([`payload`]). A [`stream`] is a subscription as a state machine:
//! it is reached in process through [`EventLine`], or over TLS through [`serve_events`].

mod bus;
mod calls;
mod datum;
mod framing;
mod layout;
mod line;
mod message;
mod payload;
mod replay;
mod server;
mod status;
mod stream;
#[cfg(test)]
mod stream_tests;
mod topic;

pub(crate) use bus::Bus;
pub use line::EventLine;
pub use server::{EventServerHandle, serve_events};

/// The certificate of the authority that signed the event server's: the only one to be trusted.
pub const EVENT_CA: &str = include_str!("keys/ca.pem");
