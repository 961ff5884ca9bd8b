//! Large loads as Bulk 2.0 jobs: one outcome for every row, whatever becomes of the job.
//!
//! Each job is on record before a row leaves (`bulk_jobs`), and after a crash it is taken up where it
//! stands before anything else is written.

use std::collections::BTreeMap;

use mapping::{Entity, FieldName, Step, Value};
use sfdc_client::bulk::{self, Cell, IngestSpec, JobData, JobLimits, JobReport, JobWriter, Operation};
use sync_engine::Outcome;

use crate::batch::{Outcomes, Parcel};
use crate::bulk_jobs::outcome;
use crate::org::Org;
use crate::schema::Object;

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

    /// What a job of these columns does.
    fn spec(&self, object: &Object) -> Option<IngestSpec> {
        let others = self.0.iter().map(|(_, name)| &**name);
        let names: Vec<&str> = std::iter::once(object.external_id()).chain(others).collect();
        let spec = IngestSpec::new(Operation::Upsert, object.name(), &names, object.external_id()).ok()?;
        Some(if object.case_sensitive() { spec.case_sensitive() } else { spec })
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
        (entity, object): (&Entity, &Object),
        parcels: Vec<Parcel>,
        steps: &BTreeMap<usize, &Step>,
    ) -> (Outcomes, Vec<Parcel>) {
        let Some(jobs) = &self.jobs else { return (Outcomes::new(), parcels) };
        let columns =
            Columns::of(object, parcels.iter().filter_map(|parcel| steps.get(&parcel.place).copied()));
        let Some(spec) = columns.spec(object) else { return (Outcomes::new(), parcels) };
        let mut load = Load::default();
        let data = load.fill(JobWriter::new(spec, JobLimits::default()), &columns, parcels, steps);
        let (api, ledger) = (self.bulk(), jobs.of(entity));
        self.clear_away(jobs, &ledger).await;
        for job in data {
            let report = api.ingest(job, &ledger).await;
            jobs.note(&report);
            load.sort(&report);
        }
        let Load { mut outcomes, left, taken } = load;
        let lost = |(_, parcel): (String, Parcel)| {
            (parcel.place, Outcome::Unknown { detail: "no job speaks of the row".into() })
        };
        outcomes.extend(taken.into_iter().map(lost));
        (outcomes, left)
    }
}

/// Where the records of a load are.
#[derive(Default)]
struct Load {
    outcomes: Outcomes,
    /// They have to go another way.
    left: Vec<Parcel>,
    /// In jobs, by their keys.
    taken: BTreeMap<String, Parcel>,
}

impl Load {
    /// The jobs that the records make.
    fn fill(
        &mut self,
        mut writer: JobWriter,
        columns: &Columns,
        parcels: Vec<Parcel>,
        steps: &BTreeMap<usize, &Step>,
    ) -> Vec<JobData> {
        let mut jobs = Vec::new();
        for parcel in parcels {
            let Some(step) = steps.get(&parcel.place) else { continue };
            match writer.push(parent(step), &columns.row(step)) {
                Ok(full) => {
                    jobs.extend(full);
                    self.taken.insert(parcel.key.clone(), parcel);
                }
                // What CSV cannot say goes as JSON.
                Err(_) => self.left.push(parcel),
            }
        }
        jobs.extend(writer.finish());
        jobs
    }

    /// The outcome of each row; rows that were not touched are left over.
    fn sort(&mut self, report: &JobReport) {
        if let Some(trouble) = &report.trouble {
            tracing::warn!(%trouble, "a bulk job went wrong; its rows are settled one by one");
        }
        for (key, row) in report.rows() {
            let Some(parcel) = self.taken.remove(key) else { continue };
            if *row == bulk::Outcome::Unprocessed {
                self.left.push(parcel);
                continue;
            }
            let unknown =
                || Outcome::Unknown { detail: "the job does not tell what became of the row".into() };
            self.outcomes.push((parcel.place, outcome(row).unwrap_or_else(unknown)));
        }
    }
}

/// What rows are put together by: the record that they belong to.
fn parent(step: &Step) -> Option<&str> {
    step.draft.fields.iter().find_map(|(_, value)| match value {
        Value::Reference(parent) => Some(parent.id.as_str()),
        _ => None,
    })
}
