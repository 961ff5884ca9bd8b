//! Sends finished spans and metrics to a collector.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::Value as Json;
use tokio::sync::mpsc;
use url::Url;
use wire::{Clock, HttpTransport, Secret};

use super::{Finished, otlp};
use crate::config::{ConfigError, TelemetryTable};
use crate::daemon::{MetricRow, SecretUrl, call};

/// How many spans go in one call.
const TOGETHER: usize = 512;
/// How long spans are collected for one call.
const COLLECT: Duration = Duration::from_secs(2);

/// Reaches a collector.
#[derive(Debug, Clone)]
pub(crate) struct Exporter {
    transport: Arc<dyn HttpTransport>,
    traces: SecretUrl,
    metrics: SecretUrl,
    token: Option<Secret>,
    /// How often metrics are sent.
    pub(crate) every: Duration,
    clock: Arc<dyn Clock>,
}

impl Exporter {
    /// The exporter that `table` asks for, if it asks for one; `file` is named in errors.
    pub(crate) fn new(
        (root, file): (&Path, &Path),
        table: &TelemetryTable,
        transport: impl FnOnce() -> Result<Arc<dyn HttpTransport>, ConfigError>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(address) = &table.otlp else { return Ok(None) };
        let below = |path: &str| -> Result<SecretUrl, ConfigError> {
            let mut url: Url = address.url().clone();
            url.path_segments_mut()
                .map_err(|()| ConfigError::new(file, "no path can be added to the address of the collector"))?
                .pop_if_empty()
                .extend(["v1", path]);
            Ok(SecretUrl(url))
        };
        Ok(Some(Self {
            transport: transport()?,
            traces: below("traces")?,
            metrics: below("metrics")?,
            token: table.token.as_ref().map(|token| token.fetch(root, file)).transpose()?,
            every: table.every.0.max(Duration::from_millis(100)),
            clock: clock.clone(),
        }))
    }

    /// Sends spans for as long as there are some.
    pub(crate) async fn send_spans(self, finished: Finished) {
        let Finished { mut spans, lost } = finished;
        let mut together = Vec::with_capacity(TOGETHER);
        while spans.recv_many(&mut together, TOGETHER).await > 0 {
            self.fill(&mut spans, &mut together).await;
            let document = otlp::traces(&together);
            self.post(&self.traces, &document, (&*lost, together.len())).await;
            together.clear();
        }
    }

    /// Waits a little for more of them.
    async fn fill(&self, spans: &mut mpsc::Receiver<super::Span>, together: &mut Vec<super::Span>) {
        self.clock.sleep(COLLECT).await;
        while together.len() < TOGETHER {
            match spans.try_recv() {
                Ok(span) => together.push(span),
                Err(_) => return,
            }
        }
    }

    /// Sends metrics as they stand now.
    pub(crate) async fn send_metrics(&self, rows: &[MetricRow], since: Timestamp, lost: &AtomicU64) {
        let document = otlp::metrics(rows, since, self.clock.now());
        self.post(&self.metrics, &document, (lost, rows.len())).await;
    }

    async fn post(&self, url: &SecretUrl, document: &Json, (lost, number): (&AtomicU64, usize)) {
        let sent = call(&*self.transport, Method::POST, url, self.token.as_ref(), document.to_string()).await;
        if let Err(reason) = sent {
            tracing::debug!(reason, number, "the collector took nothing");
            lost.fetch_add(number as u64, Ordering::Relaxed);
        }
    }
}
