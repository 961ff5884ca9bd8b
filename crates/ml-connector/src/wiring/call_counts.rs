//! Counts calls by operation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use wire::{Call, HttpTransport, Request, Response, TransportError};

/// How many calls were made, by operation; shared by all layers that count.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallCounts(Arc<Mutex<BTreeMap<(&'static str, &'static str), u64>>>);

impl CallCounts {
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
        self.inner.send(request).await
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
}
