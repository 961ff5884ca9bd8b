//! Traces and metrics for a collector that speaks OTLP over HTTP (JSON): spans of this program's own work, and
//! what the metrics endpoint shows.
//!
//! Time, chance and the network come from `wire` as everywhere, so no library of OpenTelemetry is in here; what is
//! sent is described by its specification. A collector that does not answer holds up nothing: what it does not
//! take is counted and dropped.

pub(crate) mod exporter;
pub(crate) mod otlp;
pub(crate) mod span;
pub(crate) mod span_layer;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::mpsc;
use wire::{Clock, Entropy};

use span::Span;
use span_layer::SpanLayer;

/// How many finished spans may wait.
const WAITING: usize = 4096;

/// Finished spans, on their way to whoever sends them.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The spans.
    pub(crate) spans: mpsc::Receiver<Span>,
    /// How many nobody took.
    pub(crate) lost: Arc<AtomicU64>,
}

/// Watches spans from now on.
pub(crate) fn watch(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> (SpanLayer, Finished) {
    let (out, spans) = mpsc::channel(WAITING);
    let lost = Arc::<AtomicU64>::default();
    (SpanLayer::new(out, lost.clone(), clock, entropy), Finished { spans, lost })
}
