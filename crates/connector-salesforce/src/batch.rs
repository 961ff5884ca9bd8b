//! One batch on its way: sent, halved where it fails as a whole, repeated where rows were locked.

use std::time::Duration;

use sfdc_client::{Client, ErrorClass, Item, RecordBody, RecordResult, SfdcError, UpsertKey};
use sync_engine::{FaultClass, Outcome};
use wire::{Clock, Entropy};

use crate::faults::{of_call, of_record, plain};
use mapping::TargetId;

/// How often a record is sent again because its row was locked.
const LOCK_RETRIES: u32 = 3;
/// The longest first wait for a lock; doubles each time.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// One record of a batch.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// Its place among the receipts.
    pub(crate) place: usize,
    /// Its external id, for the audit index.
    pub(crate) id: String,
    /// Its JSON.
    pub(crate) body: RecordBody,
}

/// How batches of one object are sent.
pub(crate) struct Sender<'a> {
    pub(crate) client: &'a Client,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) key: UpsertKey<'a>,
}

/// What is still to be sent, and how often its rows were locked.
struct Load {
    parcels: Vec<Parcel>,
    locked: u32,
}

type Outcomes = Vec<(usize, Outcome)>;

impl Sender<'_> {
    /// Sends a batch until every record of it has an outcome.
    pub(crate) async fn deliver(&self, parcels: Vec<Parcel>) -> Outcomes {
        let mut outcomes = Vec::with_capacity(parcels.len());
        let mut loads = vec![Load { parcels, locked: 0 }];
        while let Some(load) = loads.pop() {
            if load.parcels.is_empty() {
                continue;
            }
            if load.locked > 0 {
                self.clock.sleep(self.pause(load.locked)).await;
            }
            let again = self.send(load, &mut outcomes).await;
            loads.extend(again);
        }
        outcomes
    }

    /// Sends a load once; returns what has to be sent again.
    async fn send(&self, load: Load, outcomes: &mut Outcomes) -> Vec<Load> {
        let items: Vec<Item<'_>> =
            load.parcels.iter().map(|parcel| Item::new(&parcel.id, &parcel.body)).collect();
        match self.client.upsert(&items, self.key).await {
            Ok(results) => sort(load, results, outcomes),
            Err(error) if error.may_have_acted() => {
                let detail = told(&error);
                outcomes.extend(
                    load.parcels
                        .iter()
                        .map(|parcel| (parcel.place, Outcome::Unknown { detail: detail.clone() })),
                );
                Vec::new()
            }
            Err(error) if concerns_the_batch(&error) && load.parcels.len() > 1 => halves(load),
            Err(error) => {
                let mut fault = of_call(&error);
                if concerns_the_batch(&error) {
                    // Alone, it is the culprit.
                    fault.class = FaultClass::Data;
                }
                outcomes.extend(
                    load.parcels.iter().map(|parcel| (parcel.place, Outcome::Rejected(fault.clone()))),
                );
                Vec::new()
            }
        }
    }

    /// Full jitter, so that two writers do not meet at the lock again.
    fn pause(&self, locked: u32) -> Duration {
        let longest = LOCK_WAIT.saturating_mul(1 << locked.min(6));
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(self.entropy.next_u64() % millis)
    }
}

/// Whether a refused call says something about the batch as such: too large, not readable, ended by
/// the limit of one of its records.
fn concerns_the_batch(error: &SfdcError) -> bool {
    let SfdcError::Api(failure) = error else { return false };
    matches!(failure.class, ErrorClass::Request | ErrorClass::Collateral | ErrorClass::Data)
}

/// Gives each record its outcome; those that were locked or innocent are sent again.
fn sort(load: Load, results: Vec<RecordResult>, outcomes: &mut Outcomes) -> Vec<Load> {
    let alone = load.parcels.len() == 1;
    let mut locked = Vec::new();
    let mut innocent = Vec::new();
    for (parcel, result) in load.parcels.into_iter().zip(results) {
        let outcome = match result {
            RecordResult::Done { id, created } => Outcome::Applied { target: TargetId::from(id), created },
            RecordResult::Missing => {
                Outcome::Unknown { detail: "the answer has no result for the record".into() }
            }
            RecordResult::Failed(errors) => {
                let mut fault = of_record(&errors);
                match fault.class {
                    FaultClass::Transient if load.locked < LOCK_RETRIES => {
                        locked.push(parcel);
                        continue;
                    }
                    FaultClass::Collateral if !alone => {
                        innocent.push(parcel);
                        continue;
                    }
                    FaultClass::Collateral => fault.class = FaultClass::Data,
                    _ => {}
                }
                Outcome::Rejected(fault)
            }
        };
        outcomes.push((parcel.place, outcome));
    }
    let mut again = halves(Load { parcels: innocent, locked: load.locked });
    again.push(Load { parcels: locked, locked: load.locked + 1 });
    again
}

fn halves(mut load: Load) -> Vec<Load> {
    let second = load.parcels.split_off(load.parcels.len() / 2);
    let locked = load.locked;
    vec![load, Load { parcels: second, locked }]
}

fn told(error: &SfdcError) -> String {
    let fault = of_call(error);
    plain(fault.class, &fault.code, &fault.message).to_string()
}
