//! Counts calls by operation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sfdc_client::Usage;
use tracing::Instrument as _;
use wire::{Call, HttpTransport, Request, Response, TransportError};

/// How many calls were made, by operation; shared by all layers that count.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallCounts(Arc<Mutex<BTreeMap<(&'static str, &'static str), u64>>>, Quota);

/// Per cent left of each system's daily calls, as it said last.
type Quota = Arc<Mutex<BTreeMap<&'static str, u8>>>;

impl CallCounts {
    /// Per cent left of each system's daily calls, as it said last.
    pub(crate) fn quota(&self) -> BTreeMap<&'static str, u8> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn learn(&self, system: &'static str, response: &Response) {
        let Some(usage) = Usage::of(response.headers()).filter(|usage| usage.allowed > 0) else { return };
        let left = u8::try_from(usage.left().saturating_mul(100) / usage.allowed).unwrap_or(100).min(100);
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
        let span = tracing::debug_span!("call", system = self.system, operation);
        let answer = self.inner.send(request).instrument(span).await;
        if let Ok(response) = &answer {
            self.counts.learn(self.system, response);
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
        assert_eq!(counts.quota().get("salesforce"), Some(&5));
    }
}
