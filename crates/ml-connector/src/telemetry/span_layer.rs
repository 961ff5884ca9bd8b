//! Takes spans from `tracing` when they have ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;
use wire::{Clock, Entropy};

use super::span::{self, Span, Value};

/// Takes spans from `tracing` when they have ended.
#[derive(Debug)]
pub(crate) struct SpanLayer {
    out: mpsc::Sender<Span>,
    lost: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl SpanLayer {
    pub(super) fn new(
        out: mpsc::Sender<Span>,
        lost: Arc<AtomicU64>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { out, lost, clock, entropy }
    }

    /// With a filter: only our own spans are anybody's business.
    pub(crate) fn filtered<S>(self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        self.with_filter(FilterFn::new(|meta: &tracing::Metadata<'_>| {
            meta.is_span() && span::NAMES.contains(&meta.name())
        }))
        .boxed()
    }
}

impl<S> Layer<S> for SpanLayer
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<Span>().map(|parent| (parent.trace, parent.id))
        });
        let number = || self.entropy.next_u64();
        let trace =
            parent.map_or_else(|| (u128::from(number()) << 64) | u128::from(number()), |(trace, _)| trace);
        let mut begun = Span {
            trace,
            // Nothing is the only number that an id must not be.
            id: number().max(1),
            parent: parent.map(|(_, id)| id),
            name: span.name(),
            began: self.clock.now(),
            since: self.clock.elapsed(),
            took: std::time::Duration::ZERO,
            attributes: Vec::new(),
        };
        attributes.record(&mut Fields(&mut begun));
        span.extensions_mut().insert(begun);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(begun) = span.extensions_mut().get_mut::<Span>() {
            values.record(&mut Fields(begun));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(mut done) = span.extensions_mut().remove::<Span>() else { return };
        done.took = self.clock.elapsed().saturating_sub(done.since);
        if self.out.try_send(done).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes fields of a span down.
struct Fields<'a>(&'a mut Span);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.attributes.push((field.name(), value));
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, Value::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::Text(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::Whole(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::Number(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Truth(value));
    }
}
