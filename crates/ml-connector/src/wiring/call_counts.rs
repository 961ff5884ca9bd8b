//! Counts calls by operation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sfdc_client::Usage;
use tracing::{Instrument as _, field};
use wire::{Call, HttpTransport, Request, Response, TransportError};

/// How many calls were made, by operation; shared by all layers that count.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallCounts(Arc<Mutex<BTreeMap<(&'static str, &'static str), u64>>>, Quota);

/// What is left of each system's daily calls, as it said last.
type Quota = Arc<Mutex<BTreeMap<&'static str, Allowance>>>;

/// A system's daily calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// So many are left.
    pub(crate) left: u64,
    /// So many there are.
    pub(crate) allowed: u64,
}

impl Allowance {
    /// Per cent left.
    pub(crate) fn percent(self) -> u8 {
        let percent = self.left.saturating_mul(100).checked_div(self.allowed).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100).min(100)
    }

    /// What is left, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "the forms of metrics know no other numbers")]
    pub(crate) fn ratio(self) -> f64 {
        if self.allowed == 0 { 0.0 } else { self.left as f64 / self.allowed as f64 }
    }
}

impl CallCounts {
    /// What is left of each system's daily calls, as it said last.
    pub(crate) fn quota(&self) -> BTreeMap<&'static str, Allowance> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, system: &'static str, response: &Response) {
        let Some(usage) = Usage::of(response.headers()).filter(|usage| usage.allowed > 0) else { return };
        let left = Allowance { left: usage.left(), allowed: usage.allowed };
        self.1.lock().unwrap_or_else(PoisonError::into_inner).insert(system, left);
    }

    /// What was counted since the last time.
    pub(crate) fn take(&self) -> BTreeMap<String, u64> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        counts.into_iter().map(|((system, operation), number)| (name(system, operation), number)).collect()
    }

    fn count(&self, system: &'static str, operation: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((system, operation)).or_default() += 1;
    }
}

/// Operations that do not name their system get its name.
fn name(system: &str, operation: &str) -> String {
    if operation.contains('.') { operation.to_owned() } else { format!("{system}.{operation}") }
}

/// Counts every attempt that passes.
#[derive(Debug, Clone)]
pub(crate) struct Counted<T> {
    inner: T,
    system: &'static str,
    counts: CallCounts,
}

impl<T> Counted<T> {
    /// Counts what passes to `inner`, which leads to `system`.
    pub(crate) fn new(inner: T, system: &'static str, counts: CallCounts) -> Self {
        Self { inner, system, counts }
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for Counted<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let operation = request.extensions().get::<Call>().map_or("unnamed", |call| call.operation);
        self.counts.count(self.system, operation);
        let span = tracing::debug_span!(
            "call",
            system = self.system,
            operation,
            http.request.method = request.method().as_str(),
            server.address = request.uri().host().unwrap_or_default(),
            http.response.status_code = field::Empty,
            error = field::Empty,
        );
        let answer = self.inner.send(request).instrument(span.clone()).await;
        match &answer {
            Ok(response) => {
                let status = response.status();
                span.record("http.response.status_code", status.as_u16());
                if status.is_client_error() || status.is_server_error() {
                    span.record("error", status.as_str());
                }
                self.counts.learn(self.system, response);
            }
            Err(error) => {
                span.record("error", error.detail.as_str());
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_carry_their_system() {
        let counts = CallCounts::default();
        counts.count("ifs", "token");
        counts.count("ifs", "ifs.page");
        counts.count("ifs", "ifs.page");
        let taken = counts.take();
        assert_eq!(taken.get("ifs.token"), Some(&1));
        assert_eq!(taken.get("ifs.page"), Some(&2));
        assert!(counts.take().is_empty());
    }

    #[test]
    fn what_is_left_of_the_day_is_learned_from_answers() {
        let counts = CallCounts::default();
        let mut response = Response::default();
        counts.learn("salesforce", &response);
        assert!(counts.quota().is_empty());
        response.headers_mut().insert("sforce-limit-info", "api-usage=14250/15000".parse().unwrap());
        counts.learn("salesforce", &response);
        let left = counts.quota().get("salesforce").copied();
        assert_eq!(left, Some(Allowance { left: 750, allowed: 15_000 }));
        assert_eq!(left.map(Allowance::percent), Some(5));
    }
}
