//! Records on their way: packed and sent, halved where a call fails as a whole, repeated where rows
//! were locked.

use std::sync::Arc;
use std::time::Duration;

use sfdc_client::{ErrorClass, Item, Packed, Packer, RecordBody, RecordResult, SfdcError, UpsertKey};
use sync_engine::{Fault, FaultClass, Outcome};
use wire::{Clock, Entropy};

use crate::faults::{of_call, of_record, plain};
use mapping::TargetId;

/// How often a record is sent again because its row was locked.
pub(crate) const LOCK_RETRIES: u32 = 3;
/// The longest first wait for a lock; doubles each time.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// One record.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// Its place among the receipts.
    pub(crate) place: usize,
    /// What it is addressed by: its external id, or its record id.
    pub(crate) key: String,
    /// Its external id, for the audit index.
    pub(crate) about: String,
    /// Its JSON.
    pub(crate) body: RecordBody,
}

/// How records are addressed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way<'a> {
    /// By external id: made where they are missing.
    Upsert(UpsertKey<'a>),
    /// By record id.
    Update,
    /// By a unique value that they carry: refused where there is such a record.
    Create,
}

/// How records of one object are sent.
pub(crate) struct Sender<'a> {
    pub(crate) packer: &'a Packer,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) way: Way<'a>,
}

/// What is still to be sent, and how often its rows were locked.
struct Load {
    parcels: Vec<Parcel>,
    locked: u32,
}

/// What became of records, by their places among the receipts.
pub(crate) type Outcomes = Vec<(usize, Outcome)>;

impl Sender<'_> {
    /// Sends records until every one of them has an outcome.
    pub(crate) async fn deliver(&self, parcels: Vec<Parcel>) -> Outcomes {
        let mut outcomes = Vec::with_capacity(parcels.len());
        let mut loads = vec![Load { parcels, locked: 0 }];
        while let Some(load) = loads.pop() {
            if load.parcels.is_empty() {
                continue;
            }
            if load.locked > 0 {
                pause(self.clock, self.entropy, load.locked).await;
            }
            let again = self.send(load, &mut outcomes).await;
            loads.extend(again);
        }
        outcomes
    }

    /// Sends a load once; returns what has to be sent again.
    async fn send(&self, load: Load, outcomes: &mut Outcomes) -> Vec<Load> {
        let parcels = load.parcels.iter();
        let items: Vec<Item<'_>> =
            parcels.map(|parcel| Item::new(&parcel.key, &parcel.body).about(&parcel.about)).collect();
        let sent = match self.way {
            Way::Upsert(key) => self.packer.upsert(&items, key).await,
            Way::Update => self.packer.update(&items).await,
            Way::Create => self.packer.create(&items).await,
        };
        match sent {
            Ok(results) => sort(load, results, outcomes),
            Err(error) => {
                reject(load.parcels, &of_call(&error), outcomes);
                Vec::new()
            }
        }
    }
}

/// Full jitter, so that two writers do not meet at the lock again.
pub(crate) async fn pause(clock: &dyn Clock, entropy: &dyn Entropy, met: u32) {
    let longest = LOCK_WAIT.saturating_mul(1 << met.min(6));
    let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1);
    clock.sleep(Duration::from_millis(entropy.next_u64() % millis)).await;
}

/// Whether a refused call says something about the batch as such: too large, not readable, ended by
/// the limit of one of its records.
pub(crate) fn concerns_the_batch(error: &SfdcError) -> bool {
    let SfdcError::Api(failure) = error else { return false };
    matches!(failure.class, ErrorClass::Request | ErrorClass::Collateral | ErrorClass::Data)
}

/// Gives each record its outcome; those that were locked or innocent are sent again.
fn sort(load: Load, results: Vec<Packed>, outcomes: &mut Outcomes) -> Vec<Load> {
    let Load { parcels, locked } = load;
    let alone = parcels.len() == 1;
    let mut blocked = Vec::new();
    let mut innocent = Vec::new();
    let mut failed: Vec<(Arc<SfdcError>, Vec<Parcel>)> = Vec::new();
    for (parcel, result) in parcels.into_iter().zip(results) {
        let mut fault = match result {
            Ok(RecordResult::Done { id, created }) => {
                let target = TargetId::from(id);
                outcomes.push((parcel.place, Outcome::Applied { target, created }));
                continue;
            }
            Ok(RecordResult::Missing) => {
                let detail = "the answer has no result for the record".into();
                outcomes.push((parcel.place, Outcome::Unknown { detail }));
                continue;
            }
            // Records of one call share its error.
            Err(error) => {
                match failed.last_mut() {
                    Some((known, parcels)) if Arc::ptr_eq(known, &error) => parcels.push(parcel),
                    _ => failed.push((error, vec![parcel])),
                }
                continue;
            }
            Ok(RecordResult::Failed(errors)) => of_record(&errors),
        };
        match fault.class {
            FaultClass::Transient if locked < LOCK_RETRIES => blocked.push(parcel),
            FaultClass::Collateral if !alone => innocent.push(parcel),
            _ => {
                if fault.class == FaultClass::Collateral {
                    fault.class = FaultClass::Data;
                }
                outcomes.push((parcel.place, Outcome::Rejected(fault)));
            }
        }
    }
    let mut again = halves(Load { parcels: innocent, locked });
    again.push(Load { parcels: blocked, locked: locked + 1 });
    for (error, parcels) in failed {
        again.extend(unanswered(&error, Load { parcels, locked }, outcomes));
    }
    again
}

/// What becomes of the records of a call that failed as a whole.
fn unanswered(error: &SfdcError, load: Load, outcomes: &mut Outcomes) -> Vec<Load> {
    if error.may_have_acted() {
        let detail = told(error);
        let unknown = |parcel: Parcel| (parcel.place, Outcome::Unknown { detail: detail.clone() });
        outcomes.extend(load.parcels.into_iter().map(unknown));
        return Vec::new();
    }
    let concerns_the_batch = concerns_the_batch(error);
    if concerns_the_batch && load.parcels.len() > 1 {
        return halves(load);
    }
    let mut fault = of_call(error);
    if concerns_the_batch {
        // Alone, it is the culprit.
        fault.class = FaultClass::Data;
    }
    reject(load.parcels, &fault, outcomes);
    Vec::new()
}

fn reject(parcels: Vec<Parcel>, fault: &Fault, outcomes: &mut Outcomes) {
    outcomes.extend(parcels.into_iter().map(|parcel| (parcel.place, Outcome::Rejected(fault.clone()))));
}

fn halves(mut load: Load) -> Vec<Load> {
    let second = load.parcels.split_off(load.parcels.len() / 2);
    let locked = load.locked;
    vec![load, Load { parcels: second, locked }]
}

pub(crate) fn told(error: &SfdcError) -> String {
    let fault = of_call(error);
    plain(fault.class, &fault.code, &fault.message).to_string()
}
