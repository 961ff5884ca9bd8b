//! Large loads as Bulk 2.0 jobs: one outcome for every row, whatever becomes of the job.
//!
//! A job is known to this process alone: after a crash the engine reads back what its rows came to,
//! as after any lost answer, and the fields of this lane are ours alone, so that a row that lands late
//! is what we wanted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use mapping::{FieldName, Step, TargetId, Value};
use sfdc_client::bulk::{
    self, Bulk, Cell, IngestSpec, JobId, JobLedger, JobLimits, JobReport, JobWriter, LedgerError, Manifest,
    Operation,
};
use sync_engine::Outcome;

use crate::batch::{Outcomes, Parcel};
use crate::faults::of_record;
use crate::guarded::applied;
use crate::org::Org;
use crate::schema::Object;

/// The jobs of this process.
#[derive(Debug, Default)]
struct Jobs(Mutex<Vec<JobId>>);

#[async_trait]
impl JobLedger for Jobs {
    async fn opened(&self, job: &JobId, _: &Manifest) -> Result<(), LedgerError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(job.clone());
        Ok(())
    }

    async fn settled(&self, job: &JobId) -> Result<(), LedgerError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| known != job);
        Ok(())
    }

    async fn under_way(&self) -> Result<Vec<JobId>, LedgerError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The columns of a job: a field, and what it is called in the CSV.
struct Columns(Vec<(FieldName, String)>);

impl Columns {
    /// All fields of all steps, parents by their external ids.
    fn of<'s>(object: &Object, steps: impl Iterator<Item = &'s Step>) -> Self {
        let mut columns: Vec<(FieldName, String)> = Vec::new();
        for (name, value) in steps.flat_map(|step| step.draft.fields.iter()) {
            let column = match value {
                Value::Reference(parent) => {
                    format!("{}.{}", object.relationship(name.as_str()), parent.field)
                }
                _ => name.to_string(),
            };
            let is_key = name.as_str().eq_ignore_ascii_case(object.external_id());
            match columns.iter_mut().find(|(known, _)| known == name) {
                // A parent's column is known once a row has a parent.
                Some(known) if !known.1.contains('.') => known.1 = column,
                None if !is_key => columns.push((name.clone(), column)),
                _ => {}
            }
        }
        Self(columns)
    }

    fn row<'v>(&self, step: &'v Step) -> Vec<Cell<'v>> {
        let mut row = vec![Cell::Text(step.draft.id.as_str())];
        row.extend(self.0.iter().map(|(name, _)| match step.draft.fields.get(name.as_str()) {
            None | Some(Value::List(_)) => Cell::Unchanged,
            Some(Value::Null) => Cell::Null,
            Some(Value::Bool(truth)) => Cell::Bool(*truth),
            Some(Value::Decimal(number)) => Cell::Number(*number),
            Some(Value::Text(text)) => Cell::Text(text),
            Some(Value::Date(date)) => Cell::Date(*date),
            Some(Value::Timestamp(instant)) => Cell::Instant(*instant),
            Some(Value::Reference(parent)) => Cell::Text(parent.id.as_str()),
        }));
        row
    }
}

impl Org {
    /// Upserts records through Bulk jobs; returns the outcomes, and the records that have to go
    /// another way.
    pub(crate) async fn load(
        &self,
        object: &Object,
        parcels: Vec<Parcel>,
        steps: &BTreeMap<usize, &Step>,
    ) -> (Outcomes, Vec<Parcel>) {
        let columns =
            Columns::of(object, parcels.iter().filter_map(|parcel| steps.get(&parcel.place).copied()));
        let names: Vec<&str> =
            std::iter::once(object.external_id()).chain(columns.0.iter().map(|(_, name)| &**name)).collect();
        let spec = IngestSpec::new(Operation::Upsert, object.name(), &names, object.external_id());
        let Ok(spec) = spec else { return (Outcomes::new(), parcels) };
        let spec = if object.case_sensitive() { spec.case_sensitive() } else { spec };
        let mut writer = JobWriter::new(spec, JobLimits::default());
        let mut jobs = Vec::new();
        let mut left = Vec::new();
        let mut taken: BTreeMap<String, Parcel> = BTreeMap::new();
        for parcel in parcels {
            let Some(step) = steps.get(&parcel.place) else { continue };
            match writer.push(parent(step), &columns.row(step)) {
                Ok(full) => {
                    jobs.extend(full);
                    taken.insert(parcel.key.clone(), parcel);
                }
                // What CSV cannot say goes as JSON.
                Err(_) => left.push(parcel),
            }
        }
        jobs.extend(writer.finish());
        let api = Bulk::new(self.client().clone(), self.clock.clone());
        let ledger = Jobs::default();
        let mut outcomes = Outcomes::new();
        for job in jobs {
            let report = api.ingest(job, &ledger).await;
            sort(&report, &mut taken, (&mut outcomes, &mut left));
        }
        let lost = |(_, parcel): (String, Parcel)| {
            (parcel.place, Outcome::Unknown { detail: "no job speaks of the row".into() })
        };
        outcomes.extend(taken.into_iter().map(lost));
        (outcomes, left)
    }
}

/// What rows are put together by: the record that they belong to.
fn parent(step: &Step) -> Option<&str> {
    step.draft.fields.iter().find_map(|(_, value)| match value {
        Value::Reference(parent) => Some(parent.id.as_str()),
        _ => None,
    })
}

/// The outcome of each row; rows that were not touched are left over.
fn sort(
    report: &JobReport,
    taken: &mut BTreeMap<String, Parcel>,
    (outcomes, left): (&mut Outcomes, &mut Vec<Parcel>),
) {
    if let Some(trouble) = &report.trouble {
        tracing::warn!(%trouble, "a bulk job went wrong; its rows are settled one by one");
    }
    for (key, outcome) in report.rows() {
        let Some(parcel) = taken.remove(key) else { continue };
        let outcome = match outcome {
            bulk::Outcome::Created(id) => applied(TargetId::from(id.as_str()), true),
            bulk::Outcome::Updated(id) | bulk::Outcome::Deleted(id) => {
                applied(TargetId::from(id.as_str()), false)
            }
            bulk::Outcome::Failed(failure) => Outcome::Rejected(of_record(&failure.errors)),
            bulk::Outcome::Unprocessed => {
                left.push(parcel);
                continue;
            }
            _ => Outcome::Unknown { detail: "the job does not tell what became of the row".into() },
        };
        outcomes.push((parcel.place, outcome));
    }
}
