//! The one door outside: HTTP, time, chance, retry, limits, tokens and secrets.
//!
//! Nothing in the workspace opens a socket, reads a clock, draws a random number or sleeps except
//! through the traits of this crate. That is what makes the whole product, both ends included, run
//! in one thread under virtual time from a seed.
//!
//! # The stack
//! A connector gets one finished [`HttpTransport`], made of these layers, outermost first:
//!
//! `Retry(RateLimited(Authorized(Pinned(Recorded(Reqwest)))))`
//!
//! - [`Retry`] knows what may be sent again; each try passes all layers below it.
//! - [`RateLimited`] shares one [`RateLimit`] among everything that talks to a tenant.
//! - [`Authorized`] adds the token of a [`TokenSource`] and replaces it once when it has expired.
//! - [`Pinned`] stands inside of it: a request to another origin is refused with its token.
//! - `Recorded` (crate `audit`) sees every attempt, and nothing reaches the network around it.
//!
//! Token calls take a shorter way: `TokenSource` asks through `Retry(Pinned(Recorded(Reqwest)))`,
//! pinned to the identity provider.
//!
//! Streams go through the same layers, as turns of a [`Conversation`]; there the innermost layer is
//! `GrpcTransport` (feature `grpc`), and there is no `Retry`: who subscribes decides where to resume.

pub mod authorized;
pub mod clock;
pub mod conversation;
pub mod entropy;
pub mod grant;
#[cfg(feature = "grpc")]
pub mod grpc_transport;
pub mod limits;
pub mod origin;
pub mod percent;
pub mod pinned;
pub mod rate;
#[cfg(feature = "reqwest")]
pub mod reqwest_transport;
pub mod retry;
pub mod retry_after;
#[cfg(any(test, feature = "scripted"))]
pub mod scripted;
pub mod secret;
pub mod token_call;
pub mod token_error;
pub mod tokens;
pub mod transport;
#[cfg(any(feature = "reqwest", feature = "grpc"))]
pub mod trust;

pub use authorized::Authorized;
pub use clock::{Clock, SystemClock, Timestamp, VirtualClock};
pub use conversation::Conversation;
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use grant::Grant;
#[cfg(feature = "grpc")]
pub use grpc_transport::{GrpcLimits, GrpcTransport};
pub use limits::{Class, ClassLimits, Limits, TOKEN_OPERATION};
pub use origin::{Origin, OriginError};
pub use pinned::Pinned;
pub use rate::{RateLimit, RateLimited, RateSettings};
#[cfg(feature = "reqwest")]
pub use reqwest_transport::{ReqwestError, ReqwestTransport};
pub use retry::{Next, Outcome, Retry, RetryPolicy};
pub use secret::Secret;
pub use token_call::{Assertion, AuthStyle, Credentials};
pub use token_error::TokenError;
pub use tokens::{Advice, GrantCheck, TokenConfig, TokenSource};
pub use transport::{
    Call, Effect, Evidence, HttpTransport, Request, Response, TransportError, TransportErrorKind,
};
#[cfg(any(feature = "reqwest", feature = "grpc"))]
pub use trust::TrustError;

#[cfg(feature = "reqwest")]
#[cfg(test)]
mod attack_tests;
