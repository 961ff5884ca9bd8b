//! What stands before an endpoint: counts calls, asks the fault plan, and keeps requests that land
//! late.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use wire::{Request, Response};

use crate::fault::Fault;
use crate::fault_plan::{FaultPlan, FaultSwitch, SeenCall};
use crate::journal::Journal;
use crate::refusal::{Refusal, set_retry_after};
use crate::{CallKind, Endpoint};

/// What becomes of one call.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Answer(Response),
    /// The answer, in pieces of `chunk` bytes with a `pause` between.
    Slow {
        /// The whole answer.
        response: Response,
        /// Bytes in a piece.
        chunk: usize,
        /// Time between two pieces.
        pause: Duration,
    },
    /// The connection closes in the middle of this answer.
    Truncated(Response),
    /// No answer; the server has acted, or will.
    Lost,
    /// No answer; the server did not act.
    Unreached,
}

/// One endpoint with its faults, its journal and the requests still under way to it.
#[derive(Debug)]
pub struct Gate {
    endpoint: Arc<dyn Endpoint>,
    faults: Arc<FaultSwitch>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    journal: Journal,
    /// By due time (monotonic) and arrival, so that equal times land in order.
    late: BTreeMap<(Duration, u64), Request>,
}

impl Gate {
    /// A gate before `endpoint` where nothing goes wrong.
    pub fn new(endpoint: Arc<dyn Endpoint>) -> Self {
        Self { endpoint, faults: Arc::default(), state: Mutex::default() }
    }

    /// Lets `plan` decide what goes wrong.
    pub fn with_faults(self, plan: impl FaultPlan) -> Self {
        self.faults.set(plan);
        self
    }

    /// The switch that exchanges the fault plan.
    pub fn faults(&self) -> &Arc<FaultSwitch> {
        &self.faults
    }

    /// The system behind the gate.
    pub fn endpoint(&self) -> &Arc<dyn Endpoint> {
        &self.endpoint
    }

    /// The counts so far.
    pub fn journal(&self) -> Journal {
        self.lock().journal.clone()
    }

    /// Takes one call: lands what is due, asks the fault plan, lets the endpoint act.
    pub fn call(&self, request: &Request) -> Outcome {
        self.settle_due();
        let kind = self.endpoint.kind(request);
        let number = self.note_call(request, kind);
        let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let seen = SeenCall { number, method: request.method(), path, kind: kind.name, writes: kind.writes };
        match self.faults.next(&seen) {
            None => Outcome::Answer(self.act(request)),
            Some(fault) => {
                *self.lock().journal.faults.entry(fault.name()).or_default() += 1;
                self.spoil(request, number, &fault)
            }
        }
    }

    /// Lets every late request act now, due or not.
    pub fn settle(&self) {
        self.land(Duration::MAX);
    }

    /// Lets every late request act that is due. [`call`](Self::call) does so by itself; whoever
    /// changes the endpoint directly calls it first, so that what was due earlier acts earlier.
    pub fn settle_due(&self) {
        self.land(self.endpoint.clock().elapsed());
    }

    /// How many requests are still under way.
    pub fn pending(&self) -> usize {
        self.lock().late.len()
    }

    /// How long until the next late request is due; `None` if none is under way.
    pub fn until_next_late(&self) -> Option<Duration> {
        let state = self.lock();
        let ((due, _), _) = state.late.first_key_value()?;
        Some(due.saturating_sub(self.endpoint.clock().elapsed()))
    }

    fn land(&self, until: Duration) {
        loop {
            let due = {
                let mut state = self.lock();
                match state.late.first_key_value() {
                    Some(((due, _), _)) if *due <= until => state.late.pop_first(),
                    _ => None,
                }
            };
            let Some((_, request)) = due else { return };
            self.endpoint.answer(&request);
        }
    }

    fn spoil(&self, request: &Request, number: u64, fault: &Fault) -> Outcome {
        match *fault {
            Fault::LostAnswer => {
                self.act(request);
                Outcome::Lost
            }
            Fault::LateLanding { after } => {
                let due = self.endpoint.clock().elapsed().saturating_add(after);
                self.lock().late.insert((due, number), request.clone());
                Outcome::Lost
            }
            Fault::Unreached => Outcome::Unreached,
            Fault::TooManyRequests { retry_after } => {
                let mut response = self.endpoint.refuse(&Refusal::TooManyRequests);
                if let Some(when) = retry_after {
                    set_retry_after(&mut response, when, self.endpoint.clock());
                }
                Outcome::Answer(self.stamped(response))
            }
            // A proxy speaks, not the endpoint.
            Fault::Unavailable => Outcome::Answer(self.stamped(Refusal::Unavailable.plain())),
            Fault::ServerError => Outcome::Answer(self.stamped(self.endpoint.refuse(&Refusal::ServerError))),
            Fault::ExpiredToken => {
                Outcome::Answer(self.stamped(self.endpoint.refuse(&Refusal::ExpiredToken)))
            }
            Fault::SlowBody { chunk, pause } => {
                Outcome::Slow { response: self.act(request), chunk: chunk.max(1), pause }
            }
            Fault::TruncatedBody => Outcome::Truncated(self.act(request)),
            Fault::MalformedJson => Outcome::Answer(malformed(self.act(request))),
        }
    }

    fn act(&self, request: &Request) -> Response {
        self.stamped(self.endpoint.answer(request))
    }

    fn stamped(&self, mut response: Response) -> Response {
        self.endpoint.clock().stamp(&mut response);
        let mut state = self.lock();
        state.journal.bytes_out += response.body().len() as u64;
        *state.journal.by_status.entry(response.status().as_u16()).or_default() += 1;
        response
    }

    fn note_call(&self, request: &Request, kind: CallKind) -> u64 {
        let journal = &mut self.lock().journal;
        journal.calls += 1;
        *journal.by_kind.entry(kind.name).or_default() += 1;
        journal.writes += u64::from(kind.writes);
        journal.bytes_in += request.body().len() as u64;
        journal.calls
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts the body in the middle and says nothing of it: whole for HTTP, broken for JSON.
fn malformed(response: Response) -> Response {
    response.map(|body| {
        let mut broken = body.slice(..body.len() / 2).to_vec();
        broken.extend_from_slice(b"\"}{");
        Bytes::from(broken)
    })
}
