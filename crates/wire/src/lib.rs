//! The one door outside: HTTP, time, chance, retry, limits, tokens and secrets.
//!
//! Nothing in the workspace opens a socket, reads a clock, draws a random number or sleeps except
//! through the traits of this crate. That is what makes the whole product, both ends included, run
//! in one thread under virtual time from a seed.

pub mod clock;
pub mod entropy;
pub mod transport;

pub use clock::{Clock, SystemClock, Timestamp};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use transport::{
    Call, Effect, Evidence, HttpTransport, Request, Response, TransportError, TransportErrorKind,
};
