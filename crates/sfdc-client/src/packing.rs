//! Packing: up to 1,000 upserts or 10,000 look-ups in one call of the daily allowance.
//!
//! A composite call counts once, whatever its parts do, and five of its parts may be collections or
//! queries (REST API Developer Guide, "Composite").

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use wire::{Call, Clock, Effect};

use crate::codes::ErrorClass;
use crate::collections::{MAX_RECORDS, Verb, body_size};
use crate::composite::push_opening;
use crate::pack_size::MAX_PACKED;
use crate::part::{PartOutcome, push_head};
use crate::{Client, Item, PackSize, RecordResult, SfdcError, Together, UpsertKey};

/// What became of one record of a packed write: its own result, or the error of the part or call
/// that it travelled in.
pub type Packed = Result<RecordResult, Arc<SfdcError>>;

/// Sends many records in few calls. Shared by everybody who writes to the org, so that all learn how
/// much it can take.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use wire::scripted::{self, Scripted};
/// use sfdc_client::{Client, Item, Packer, RecordBody, RecordResult, UpsertKey};
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let clock = scripted::clock();
/// # let answer = r#"[{"id":"001A0000006Vm9rIAC","success":true,"errors":[],"created":true}]"#;
/// # let org = Scripted::new(&clock, Duration::ZERO, vec![Ok(scripted::answer(200, &[], answer))]);
/// # let base = "https://acme.my.salesforce.com".parse()?;
/// let packer = Packer::new(Client::new(org.clone(), &base, "64.0"), clock, 4);
/// let mut body = RecordBody::new("Account");
/// body.text("IFS_Key__c", "S1");
/// body.text("Name", "Acme");
/// let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: true };
/// let results = packer.upsert(&[Item::new("S1", &body)], key).await?;
/// assert!(matches!(&results[0], Ok(RecordResult::Done { created: true, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Packer {
    pub(crate) client: Client,
    clock: Arc<dyn Clock>,
    size: Mutex<PackSize>,
    most: usize,
    pub(crate) concurrency: usize,
    /// Whether the org takes queries as long as SOQL allows inside a composite call: as far as we
    /// know.
    pub(crate) long_queries: AtomicBool,
}

impl Packer {
    /// A packer that has `concurrency` calls open at most, at least one.
    pub fn new(client: Client, clock: Arc<dyn Clock>, concurrency: usize) -> Self {
        let long_queries = AtomicBool::new(true);
        let concurrency = concurrency.max(1);
        Self { client, clock, size: Mutex::default(), most: MAX_PACKED, concurrency, long_queries }
    }

    /// Never puts more than `records` into a call, at least one.
    #[must_use]
    pub fn at_most(mut self, records: usize) -> Self {
        self.most = records.clamp(1, MAX_PACKED);
        self
    }

    /// The client it sends through.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How many records the next call would take.
    pub fn records_per_call(&self) -> usize {
        self.lock().records().min(self.most)
    }

    /// Upserts any number of records of one object by external id; one result for each, in order.
    ///
    /// Refused as a whole, before anything is sent, if a key stands twice. Lost calls are not
    /// repeated: their records have the error, and [`SfdcError::may_have_acted`] says whether to
    /// look first.
    pub async fn upsert(&self, items: &[Item<'_>], key: UpsertKey<'_>) -> Result<Vec<Packed>, SfdcError> {
        self.write(items, Verb::Upsert(key)).await
    }

    /// Changes any number of records by the ids that are their keys; one result for each, in order.
    ///
    /// Nothing guards what somebody else wrote meanwhile. Lost calls are not repeated.
    pub async fn update(&self, items: &[Item<'_>]) -> Result<Vec<Packed>, SfdcError> {
        self.write(items, Verb::Update).await
    }

    /// Makes any number of records whose keys are values of a unique field that they carry: one that is
    /// there already fails with `DUPLICATE_VALUE`. One result for each, in order; lost calls are not
    /// repeated.
    pub async fn create(&self, items: &[Item<'_>]) -> Result<Vec<Packed>, SfdcError> {
        let made = |result| match result {
            Ok(RecordResult::Done { id, .. }) => Ok(RecordResult::Done { id, created: true }),
            other => other,
        };
        Ok(self.write(items, Verb::Create).await?.into_iter().map(made).collect())
    }

    async fn write(&self, items: &[Item<'_>], verb: Verb<'_>) -> Result<Vec<Packed>, SfdcError> {
        verb.check_keys(items)?;
        verb.path()?;
        // A value that a composite call would replace travels in a plain collection.
        let (alone, packable): (Vec<usize>, Vec<usize>) =
            (0..items.len()).partition(|place| items.get(*place).is_some_and(|item| item.body.is_marked()));
        let mut results: Vec<Option<Packed>> = items.iter().map(|_| None).collect();
        self.send(items, (verb, &packable), &mut results, |size| size).await;
        self.send(items, (verb, &alone), &mut results, |size| size.min(MAX_RECORDS)).await;
        Ok(results.into_iter().map(|result| result.unwrap_or(Ok(RecordResult::Missing))).collect())
    }

    /// Sends the items at these places, as many in a call as `most` makes of the size of the day.
    async fn send(
        &self,
        items: &[Item<'_>],
        (verb, places): (Verb<'_>, &[usize]),
        results: &mut [Option<Packed>],
        most: impl Fn(usize) -> usize,
    ) {
        let mut left = places;
        let mut open = FuturesUnordered::new();
        loop {
            while open.len() < self.at_once(&most) && !left.is_empty() {
                let (now, later) = left.split_at(most(self.records_per_call()).clamp(1, left.len()));
                let pack: Vec<Item<'_>> = now.iter().filter_map(|place| items.get(*place).copied()).collect();
                open.push(async move { (now, self.pack(verb, &pack).await) });
                left = later;
            }
            let Some((places, packed)) = open.next().await else { return };
            for (place, result) in places.iter().zip(packed) {
                if let Some(slot) = results.get_mut(*place) {
                    *slot = Some(result);
                }
            }
        }
    }

    /// How many calls may be open: one, until an org that nobody knows has shown what it takes.
    fn at_once(&self, most: &impl Fn(usize) -> usize) -> usize {
        let size = *self.lock();
        // Calls that are kept smaller teach nothing.
        let learns = !size.is_known() && size.records() < self.most && most(size.records()) == size.records();
        if learns { 1 } else { self.concurrency }
    }

    /// One call.
    async fn pack(&self, verb: Verb<'_>, items: &[Item<'_>]) -> Vec<Packed> {
        let started = self.clock.elapsed();
        let outcome = if items.len() <= MAX_RECORDS {
            self.client
                .collection(verb, items, (Together::Each, Effect::Append))
                .await
                .map(|results| results.into_iter().map(Ok).collect())
        } else {
            self.composite(verb, items).await
        };
        let span = self.clock.elapsed().saturating_sub(started);
        match outcome {
            Ok(results) => {
                self.lock().took(items.len(), span);
                results
            }
            Err(error) => {
                if took_too_long(&error) {
                    self.lock().gave_up(items.len());
                }
                let error = Arc::new(error);
                items.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// One composite call of collections.
    async fn composite(&self, verb: Verb<'_>, items: &[Item<'_>]) -> Result<Vec<Packed>, SfdcError> {
        let path = self.client.versioned_path(&verb.path()?);
        let pieces: Vec<(String, &[Item<'_>])> = items
            .chunks(MAX_RECORDS)
            .enumerate()
            .map(|(place, piece)| (format!("c{place}"), piece))
            .collect();
        let mut body = String::with_capacity(body_size(items) + pieces.len() * 200);
        push_opening(&mut body, Together::Each);
        for (place, (reference, piece)) in pieces.iter().enumerate() {
            if place > 0 {
                body.push(',');
            }
            push_head(&mut body, (&verb.method(), &path), reference);
            body.push_str(",\"body\":");
            verb.push_body(&mut body, piece, Together::Each);
            body.push('}');
        }
        body.push_str("]}");
        let about: Vec<String> = items.iter().map(|item| item.about.to_owned()).collect();
        let call = Call::new(verb.operation(), Effect::Append).about(about);
        let references = pieces.iter().map(|(reference, _)| reference.as_str());
        let (outcomes, _) = self.client.send_composite(call, body, references).await?;
        let results = pieces.iter().zip(outcomes);
        Ok(results.flat_map(|((_, piece), outcome)| piece_results(verb, piece, outcome)).collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, PackSize> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn piece_results(verb: Verb<'_>, piece: &[Item<'_>], outcome: PartOutcome) -> Vec<Packed> {
    let results = match outcome {
        PartOutcome::Done(answer) => verb.results(piece, answer.body.get().as_bytes()),
        PartOutcome::Missing => Ok(vec![RecordResult::Missing; piece.len()]),
        PartOutcome::Failed(failure) => Err(SfdcError::Api(failure)),
    };
    match results {
        Ok(results) => results.into_iter().map(Ok).collect(),
        Err(error) => {
            let error = Arc::new(error);
            piece.iter().map(|_| Err(error.clone())).collect()
        }
    }
}

/// Whether a smaller call might have been answered.
fn took_too_long(error: &SfdcError) -> bool {
    match error {
        SfdcError::Transport(error) => error.may_have_acted(),
        SfdcError::Api(failure) => {
            let code = failure.code();
            matches!(failure.status, 408 | 413 | 502 | 504)
                || code == "REQUEST_RUNNING_TOO_LONG"
                || failure.class == ErrorClass::Throttle
        }
        _ => false,
    }
}
