//! An IFS Cloud and a Salesforce that behave like the real ones, as state machines that answer
//! requests: in process, or on loopback sockets.
//!
//! Shares no type with the clients: both sides speak only HTTP, so that they cannot agree on one
//! mistake.
//!
//! # How it fits together
//! An [`Endpoint`] is one system. A [`Gate`] stands before it: it counts calls, asks the
//! [`FaultPlan`] whether this one goes wrong, and keeps requests that land late. A gate is reached
//! either through [`InProcess`], which is a `wire::HttpTransport`, or through [`serve`], which
//! listens on a loopback socket.
//!
//! # The door
//! A served gate answers under `/sandbox/` to whoever runs the experiment; the client under test
//! has no business there.
//!
//! | call | what it does |
//! |---|---|
//! | `GET /sandbox/stats` | calls by kind, faults by kind, bytes, plus the endpoint's own figures |
//! | `POST /sandbox/faults` | replaces the fault plan: see [`door::FaultOrder`] |
//! | `POST /sandbox/clock?offset_ms=-5000` | moves the server's clock against the machine's |
//! | anything else | is given to [`Endpoint::door`] |

use std::fmt::Debug;

use wire::{Request, Response};

pub mod clock;
mod credentials;
pub mod door;
pub mod fault;
pub mod fault_plan;
pub mod gate;
pub mod ifs;
pub mod in_process;
pub mod journal;
#[cfg(test)]
mod manual_clock;
pub mod refusal;
pub mod salesforce;
pub mod server;
pub mod world;

pub use clock::ServerClock;
pub use fault::{Fault, RetryAfter};
pub use fault_plan::{
    FaultPlan, FaultSwitch, NoFaults, Only, Rate, Scripted, ScriptedFault, SeededRates, SeenCall,
};
pub use gate::{Gate, Outcome};
pub use ifs as ifs_cloud;
pub use in_process::{InProcess, Latency};
pub use journal::Journal;
pub use refusal::Refusal;
pub use server::{ServerHandle, serve};

/// A system that answers requests: a state machine without tasks, sockets or sleeps.
pub trait Endpoint: Debug + Send + Sync + 'static {
    /// Acts on `request` and answers.
    fn answer(&self, request: &Request) -> Response;

    /// The clock that this system lives by.
    fn clock(&self) -> &ServerClock;

    /// What `request` is, for the journal and for fault plans.
    fn kind(&self, request: &Request) -> CallKind {
        CallKind::by_method(request)
    }

    /// This system's own words for a refusal that a fault plan asks for.
    fn refuse(&self, refusal: &Refusal) -> Response {
        refusal.plain()
    }

    /// Answers whoever runs the experiment: paths under `/sandbox/` that the gate does not know.
    fn door(&self, _request: &Request) -> Option<Response> {
        None
    }

    /// This system's own figures for `GET /sandbox/stats`.
    fn figures(&self) -> std::collections::BTreeMap<String, u64> {
        std::collections::BTreeMap::new()
    }
}

/// What a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallKind {
    /// A short stable name, such as `page` or `upsert`.
    pub name: &'static str,
    /// Whether it may change records. A POST that only asks (a token, a query) does not.
    pub writes: bool,
}

impl CallKind {
    /// Knows nothing but the method: everything except GET and HEAD writes.
    pub fn by_method(request: &Request) -> Self {
        match *request.method() {
            http::Method::GET | http::Method::HEAD => Self { name: "read", writes: false },
            _ => Self { name: "write", writes: true },
        }
    }
}
