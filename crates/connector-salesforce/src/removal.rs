//! Removing records: by id, up to 200 in a call; what has gone already is gone.

use mapping::TargetId;
use sfdc_client::{RecordId, RecordResult, Together};
use sync_engine::{FaultClass, Outcome};

use crate::batch::{Outcomes, told};
use crate::faults::{of_call, of_record};
use crate::guarded::{applied, record_id};
use crate::org::Org;

/// Records of one call.
const MOST: usize = 200;

impl Org {
    /// Moves records to the recycle bin.
    pub(crate) async fn remove(&self, records: &[(usize, &TargetId)]) -> Outcomes {
        let mut outcomes = Outcomes::with_capacity(records.len());
        let mut known: Vec<(usize, &TargetId, RecordId)> = Vec::with_capacity(records.len());
        for (place, target) in records {
            match record_id(target) {
                Ok(id) => known.push((*place, target, id)),
                Err(fault) => outcomes.push((*place, Outcome::Rejected(fault))),
            }
        }
        for chunk in known.chunks(MOST) {
            let ids: Vec<RecordId> = chunk.iter().map(|(_, _, id)| id.clone()).collect();
            match self.client().delete_all(&ids, Together::Each).await {
                Ok(results) => {
                    let told = chunk.iter().zip(results);
                    outcomes
                        .extend(told.map(|((place, target, _), result)| (*place, outcome(target, result))));
                }
                Err(error) => outcomes.extend(chunk.iter().map(|(place, _, _)| {
                    let outcome = if error.may_have_acted() {
                        Outcome::Unknown { detail: told(&error) }
                    } else {
                        Outcome::Rejected(of_call(&error))
                    };
                    (*place, outcome)
                })),
            }
        }
        outcomes
    }
}

fn outcome(target: &TargetId, result: RecordResult) -> Outcome {
    match result {
        RecordResult::Done { .. } => applied(target.clone(), false),
        RecordResult::Missing => {
            Outcome::Unknown { detail: "the answer has no result for the record".into() }
        }
        RecordResult::Failed(errors) => match of_record(&errors) {
            gone if gone.class == FaultClass::Stale => applied(target.clone(), false),
            fault => Outcome::Rejected(fault),
        },
    }
}
