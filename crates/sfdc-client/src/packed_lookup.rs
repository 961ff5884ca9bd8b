//! Packed look-ups: up to 10,000 keys in one call.
//!
//! Five parts of a composite call may be queries, and a query in its body may have 100,000
//! characters: 2,000 keys, as many rows as a page has.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use wire::{Call, Effect};

use crate::codes::ErrorClass;
use crate::composite::MAX_HEAVY;
use crate::part::{Part, PartAnswer, PartOutcome};
use crate::query::{RawPage, Records, Walk};
use crate::record_body::MARKER;
use crate::soql::PART_ROWS;
use crate::{Client, Literal, Packer, Select, SfdcError, Together};

/// The most keys that one call looks up.
pub const MAX_LOOKED_UP: usize = MAX_HEAVY * PART_ROWS;

/// What a composite call of queries came to.
enum Found {
    Records(Records),
    /// The org does not take queries of this length inside a composite call.
    TooLong,
}

impl Packer {
    /// All records whose `field` has one of `values`, in as few calls as possible. `operation` names
    /// the calls in the audit log. The order of the records is not that of the values.
    pub async fn look_up(
        &self,
        operation: &'static str,
        select: &Select,
        field: &str,
        values: &[Literal],
    ) -> Result<Records, SfdcError> {
        self.look_up_several(operation, select, (field, 1), values).await
    }

    /// The same where about `rows` records have each value, such as the lines of orders: fewer values
    /// go into a query, so that its answer still is one page.
    pub async fn look_up_several(
        &self,
        operation: &'static str,
        select: &Select,
        (field, rows): (&str, usize),
        values: &[Literal],
    ) -> Result<Records, SfdcError> {
        let (client, concurrency) = (&self.client, self.concurrency);
        let most = (PART_ROWS / rows.max(1)).max(1);
        let search = Search { client, operation, select, field, concurrency, most };
        if values.len() <= most && select.fitting(field, values)? == values.len() {
            return search.plain(values).await;
        }
        // The server would replace an expression in a value.
        let (alone, packable): (Vec<Literal>, Vec<Literal>) = values.iter().cloned().partition(is_marked);
        let mut records = search.plain(&alone).await?;
        let mut found = Found::TooLong;
        if self.long_queries.load(Ordering::Relaxed) {
            found = search.packed(&packable, Length::Part).await?;
        }
        if matches!(found, Found::TooLong) {
            self.long_queries.store(false, Ordering::Relaxed);
            found = search.packed(&packable, Length::Url).await?;
        }
        match found {
            Found::Records(more) => records.append(more),
            Found::TooLong => {
                return Err(SfdcError::Malformed {
                    operation: operation.into(),
                    detail: "a query is too long although a URL would hold it".into(),
                });
            }
        }
        Ok(records)
    }
}

fn is_marked(value: &Literal) -> bool {
    matches!(value, Literal::Text(text) if text.contains(MARKER))
}

/// How long the queries of a composite call are.
#[derive(Clone, Copy)]
enum Length {
    /// As SOQL allows.
    Part,
    /// As a URL allows.
    Url,
}

#[derive(Clone, Copy)]
struct Search<'a> {
    client: &'a Client,
    operation: &'static str,
    select: &'a Select,
    field: &'a str,
    concurrency: usize,
    /// The most values of one query.
    most: usize,
}

impl Search<'_> {
    /// Queries of their own.
    async fn plain(self, values: &[Literal]) -> Result<Records, SfdcError> {
        let chunks = self.chunks(values, Length::Url)?;
        // Not by a closure: the compiler could not show that the future may change threads.
        let mut queries = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            queries.push(self.query(chunk));
        }
        stream::iter(queries).buffered(self.concurrency).try_fold(Records::default(), merged).await
    }

    async fn query(self, values: &[Literal]) -> Result<Records, SfdcError> {
        let select = self.select.clone().where_in(self.field, values)?;
        self.client.query(self.call(values), &select).await
    }

    /// Composite calls of five queries each.
    async fn packed(self, values: &[Literal], length: Length) -> Result<Found, SfdcError> {
        let chunks = self.chunks(values, length)?;
        let mut calls = Vec::with_capacity(chunks.len().div_ceil(MAX_HEAVY));
        for chunks in chunks.chunks(MAX_HEAVY) {
            calls.push(self.composite(chunks.to_vec()));
        }
        let mut found = stream::iter(calls).buffered(self.concurrency);
        let mut all = Records::default();
        while let Some(next) = found.try_next().await? {
            match next {
                Found::Records(records) => all.append(records),
                Found::TooLong => return Ok(Found::TooLong),
            }
        }
        Ok(Found::Records(all))
    }

    async fn composite(self, chunks: Vec<&[Literal]>) -> Result<Found, SfdcError> {
        let mut parts = Vec::with_capacity(chunks.len());
        for (place, chunk) in chunks.iter().enumerate() {
            let select = self.select.clone().where_in(self.field, chunk)?;
            parts.push(Part::query(&format!("q{place}"), &select)?);
        }
        let call = self.call(&chunks.concat());
        let (outcomes, evidence) = self.client.composite_recorded(call, &parts, Together::Each).await?;
        let mut all = Records { evidence, ..Records::default() };
        for outcome in outcomes {
            match outcome {
                PartOutcome::Done(answer) => all.append(self.rest(answer).await?),
                PartOutcome::Failed(failure)
                    if failure.class == ErrorClass::Request && failure.status != 400 =>
                {
                    return Ok(Found::TooLong);
                }
                PartOutcome::Failed(failure) => return Err(SfdcError::Api(failure)),
                PartOutcome::Missing => {
                    let detail = "the answer does not speak of one of the queries".into();
                    return Err(SfdcError::Malformed { operation: self.operation.into(), detail });
                }
            }
        }
        Ok(Found::Records(all))
    }

    /// The records of a part, and the pages after its first.
    async fn rest(self, answer: PartAnswer) -> Result<Records, SfdcError> {
        let page: RawPage = answer.json()?;
        let call = Call::new(self.operation, Effect::Read);
        let mut walk = Walk { call, next: None, seen: BTreeSet::new(), read: page.records.len() };
        walk.next = self.client.next_page(&page, &walk)?;
        let first = Records { total: page.total_size, records: page.records, evidence: None };
        let pages = self.client.clone().walk(walk);
        pages
            .try_fold(first, |mut all, page| async move {
                all.records.extend(page.records);
                Ok(all)
            })
            .await
    }

    fn chunks<'v>(&self, values: &'v [Literal], length: Length) -> Result<Vec<&'v [Literal]>, SfdcError> {
        let mut chunks = Vec::new();
        let mut rest = values;
        while !rest.is_empty() {
            let count = match length {
                Length::Part => self.select.fitting_part(self.field, rest)?,
                Length::Url => self.select.fitting(self.field, rest)?,
            };
            let (chunk, later) = rest.split_at(count.min(self.most).clamp(1, rest.len()));
            chunks.push(chunk);
            rest = later;
        }
        Ok(chunks)
    }

    fn call(&self, values: &[Literal]) -> Call {
        let named = values.iter().filter_map(|value| match value {
            Literal::Text(text) => Some(text.clone()),
            _ => None,
        });
        Call::new(self.operation, Effect::Read).about(named.collect::<Vec<_>>())
    }
}

async fn merged(mut all: Records, more: Records) -> Result<Records, SfdcError> {
    all.append(more);
    Ok(all)
}

impl Records {
    fn append(&mut self, more: Self) {
        self.records.extend(more.records);
        self.total += more.total;
        self.evidence = self.evidence.or(more.evidence);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use serde::Deserialize;
    use wire::scripted::{self, answer};
    use wire::{HttpTransport, Request, Response, TransportError};

    use super::*;

    /// Answers every query with one record for each of its values.
    #[derive(Debug)]
    struct Org {
        /// Longest query inside a composite call, in bytes.
        most: usize,
        calls: Mutex<Vec<String>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Composite {
        composite_request: Vec<SubRequest>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct SubRequest {
        reference_id: String,
        url: String,
    }

    fn page(url: &str) -> String {
        let records = vec![r#"{"Id":"x"}"#; url.matches("%27").count() / 2];
        format!(r#"{{"totalSize":{},"done":true,"records":[{}]}}"#, records.len(), records.join(","))
    }

    #[async_trait]
    impl HttpTransport for Org {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            let path = request.uri().path().rsplit('/').next().expect("a path").to_owned();
            self.calls.lock().expect("a lock").push(path.clone());
            if path == "query" {
                return Ok(answer(200, &[], &page(&request.uri().to_string())));
            }
            let call = request.extensions().get::<Call>().expect("a call");
            assert_eq!(call.effect, Effect::Read);
            let composite: Composite = serde_json::from_slice(request.body()).expect("a composite call");
            let part = |part: &SubRequest| {
                let (status, body) = if part.url.len() > self.most {
                    (414, r#"[{"errorCode":"URI_TOO_LONG","message":"URI Too Long"}]"#.to_owned())
                } else {
                    (200, page(&part.url))
                };
                let reference = &part.reference_id;
                format!(r#"{{"body":{body},"httpStatusCode":{status},"referenceId":"{reference}"}}"#)
            };
            let parts: Vec<String> = composite.composite_request.iter().map(part).collect();
            Ok(answer(200, &[], &format!(r#"{{"compositeResponse":[{}]}}"#, parts.join(","))))
        }
    }

    fn packer(most: usize) -> (Packer, Arc<Org>) {
        let org = Arc::new(Org { most, calls: Mutex::default() });
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        (Packer::new(Client::new(org.clone(), &base, "64.0"), scripted::clock(), 1), org)
    }

    fn keys(count: usize) -> Vec<Literal> {
        (0..count).map(|number| Literal::Text(format!("K{number:06}"))).collect()
    }

    async fn found(packer: &Packer, keys: &[Literal]) -> usize {
        let select = Select::from("Account", ["Id", "IFS_Key__c"]).expect("names");
        let found = packer.look_up("test.look_up", &select, "IFS_Key__c", keys).await.expect("records");
        assert_eq!(found.total, found.records.len() as u64);
        found.records.len()
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_keys_take_one_call() {
        let (packer, org) = packer(usize::MAX);
        assert_eq!(found(&packer, &keys(100_000)).await, 100_000);
        assert_eq!(org.calls.lock().expect("a lock").len(), 10);
        assert_eq!(found(&packer, &keys(100)).await, 100);
        assert_eq!(found(&packer, &[]).await, 0);
        assert_eq!(org.calls.lock().expect("a lock")[10..], ["query"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_org_that_takes_no_long_queries_is_asked_shorter_ones_from_then_on() {
        let (packer, org) = packer(16_384);
        assert_eq!(found(&packer, &keys(10_000)).await, 10_000);
        let after_first = org.calls.lock().expect("a lock").len();
        assert_eq!(after_first, 1 + 3, "one in vain, then 5 x 12,000 bytes each");
        assert_eq!(found(&packer, &keys(10_000)).await, 10_000);
        assert_eq!(org.calls.lock().expect("a lock").len(), after_first + 3);
    }

    #[tokio::test(start_paused = true)]
    async fn values_that_a_composite_call_would_replace_are_asked_for_alone() {
        let (packer, org) = packer(usize::MAX);
        let mut keys = keys(5_000);
        keys[17] = Literal::Text("@{q1.records[0].Id}".into());
        assert_eq!(found(&packer, &keys).await, 5_000);
        assert_eq!(*org.calls.lock().expect("a lock"), ["query", "composite"]);
    }
}
