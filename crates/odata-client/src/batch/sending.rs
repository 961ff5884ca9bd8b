//! Sends a batch, now or with an answer that comes later.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use url::Url;
use wire::{Call, Effect, Response};

use super::{Batch, BatchAnswer, BatchFormat, Item, json, multipart};
use crate::monitor::Polled;
use crate::resource::PartId;
use crate::service::{Outgoing, PREFER};
use crate::{Feature, Monitor, ODataError, Prefer, Service};

impl Service {
    /// Sends `batch` and judges each of its parts. An error means that the batch as a whole was
    /// refused, or that nothing is known of any part ([`ODataError::may_have_acted`]).
    pub async fn batch(&self, operation: &'static str, batch: &Batch) -> Result<BatchAnswer, ODataError> {
        if batch.prefer.respond_async {
            let why = "an answer that comes later is asked for with `batch_later`".to_owned();
            return Err(ODataError::Unaskable { operation, why });
        }
        let response = self.send_batch(operation, batch, &batch.prefer).await?;
        self.judge(operation, batch, &response)
    }

    /// Sends `batch` and lets the server answer later (`respond-async`): then its monitor is asked by
    /// [`poll`](Self::poll), and the reply judged by [`batch_answer`](Self::batch_answer).
    pub async fn batch_later(&self, operation: &'static str, batch: &Batch) -> Result<Polled, ODataError> {
        let prefer = Prefer { respond_async: true, ..batch.prefer.clone() };
        let response = self.send_batch(operation, batch, &prefer).await?;
        let url = self.url(operation, "$batch", "")?;
        match Monitor::read(self, operation, &url, &response)? {
            Some(monitor) => Ok(Polled::Pending(monitor)),
            None => Ok(Polled::Ready(Box::new(crate::Reply { operation, url, response }))),
        }
    }

    /// Judges each part of `batch` by the `reply` that came later.
    pub fn batch_answer(&self, batch: &Batch, reply: &crate::Reply) -> Result<BatchAnswer, ODataError> {
        self.judge(reply.operation, batch, &reply.response)
    }

    async fn send_batch(
        &self,
        operation: &'static str,
        batch: &Batch,
        prefer: &Prefer,
    ) -> Result<Response, ODataError> {
        check(operation, batch)?;
        let needs = needs(batch, prefer);
        self.guard.check(operation, &needs)?;
        let url = self.url(operation, "$batch", "")?;
        // Addresses of parts are relative to this one; each must be one by itself.
        for item in &batch.items {
            for (_, change) in item.changes().filter(|(_, change)| change.references().is_empty()) {
                self.url(operation, change.resource.path(), &change.query.encoded())?;
            }
            if let Item::Read(_, read) = item {
                self.url(operation, read.resource.path(), &read.query.encoded())?;
            }
        }
        let (kind, accept, body) = match batch.format {
            BatchFormat::Multipart => {
                let (boundary, body) = multipart::written(operation, batch)?;
                (format!("multipart/mixed; boundary={boundary}"), "multipart/mixed", body)
            }
            BatchFormat::Json => {
                ("application/json".to_owned(), "application/json", json::written(operation, batch)?)
            }
        };
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_str(&kind)
            .map_err(|error| ODataError::Unaskable { operation, why: error.to_string() })?;
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.extend(prefer.header().map(|value| (PREFER, value)));
        let call = Call::new(operation, effect(batch)).about(records(batch));
        let outgoing = Outgoing { method: Method::POST, headers, body: Bytes::from(body) };
        let answer = self.send(call, &url, outgoing).await;
        answer.inspect_err(|error| self.guard.learn(&needs, error))
    }

    fn judge(
        &self,
        operation: &'static str,
        batch: &Batch,
        response: &Response,
    ) -> Result<BatchAnswer, ODataError> {
        BatchAnswer::read(operation, batch, self.root(), response)
    }
}

/// Refuses what no server could understand.
fn check(operation: &'static str, batch: &Batch) -> Result<(), ODataError> {
    let unaskable = |why: String| Err(ODataError::Unaskable { operation, why });
    if batch.is_empty() {
        return unaskable("the batch has no parts".into());
    }
    let mut earlier = BTreeSet::new();
    for item in &batch.items {
        for (part, change) in item.changes() {
            let references = change.references();
            if let Some(named) = references.iter().find(|named| !earlier.contains(*named)) {
                let (part, named) = (part.0, named.0);
                return unaskable(format!(
                    "part {part} refers to part {named}, which is no change before it"
                ));
            }
            earlier.insert(part);
        }
    }
    Ok(())
}

fn needs(batch: &Batch, prefer: &Prefer) -> BTreeSet<Feature> {
    let mut needs = BTreeSet::new();
    for item in &batch.items {
        if let Item::Read(_, read) = item {
            needs.extend(read.needs());
        }
        for (_, change) in item.changes() {
            needs.extend(change.needs());
        }
    }
    needs.insert(match batch.format {
        BatchFormat::Multipart => Feature::MultipartBatch,
        BatchFormat::Json => Feature::JsonBatch,
    });
    needs.extend(prefer.respond_async.then_some(Feature::Async));
    needs
}

/// The worst of what sending a part twice would do.
fn effect(batch: &Batch) -> Effect {
    let effects: Vec<Effect> =
        batch.items.iter().flat_map(Item::changes).map(|(_, change)| change.effect()).collect();
    if effects.contains(&Effect::Append) {
        Effect::Append
    } else if effects.is_empty() {
        Effect::Read
    } else {
        Effect::Put
    }
}

fn records(batch: &Batch) -> Vec<String> {
    let mut records: Vec<String> = Vec::new();
    for item in &batch.items {
        if let Item::Read(_, read) = item {
            records.extend(read.records.iter().cloned());
        }
        records.extend(item.changes().flat_map(|(_, change)| change.records.iter().cloned()));
    }
    records
}

/// Where a part was asked for: links in its answer are relative to it.
pub(super) fn url_of(root: &Url, item: &Item, part: PartId) -> Url {
    let relative = match item {
        Item::Read(_, read) => read.encoded(),
        _ => match item.changes().find(|(id, change)| *id == part && change.references().is_empty()) {
            Some((_, change)) => change.encoded(),
            None => String::new(),
        },
    };
    root.join(&relative).unwrap_or_else(|_| root.clone())
}
