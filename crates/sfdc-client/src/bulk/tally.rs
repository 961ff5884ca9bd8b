//! Results matched with what was sent: by key, and by count.

use std::collections::HashMap;

use csv::StringRecord;

use crate::bulk::csv_table::CsvTable;
use crate::bulk::error::Disagreement;
use crate::bulk::{JobInfo, JobState, Manifest, Operation, Outcome, RowFailure, failure_text};
use crate::codes::{ErrorTable, Level};

/// One of a job's three files of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultFile {
    Successful,
    Failed,
    Unprocessed,
}

impl ResultFile {
    pub(crate) const ALL: [Self; 3] = [Self::Successful, Self::Failed, Self::Unprocessed];

    /// Its name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Successful => "successfulResults",
            Self::Failed => "failedResults",
            Self::Unprocessed => "unprocessedrecords",
        }
    }
}

/// Outcomes as they are found.
#[derive(Debug)]
pub(crate) struct Tally<'a> {
    manifest: &'a Manifest,
    errors: &'a ErrorTable,
    /// Places of the rows by canonical key.
    places: HashMap<String, usize>,
    outcomes: Vec<Option<Outcome>>,
    read: [u64; 3],
    fault: Option<Disagreement>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(manifest: &'a Manifest, errors: &'a ErrorTable) -> Self {
        let canonical = |key: &String| manifest.spec.canonical(key).into_owned();
        let places = manifest.keys.iter().enumerate().map(|(place, key)| (canonical(key), place)).collect();
        let outcomes = vec![None; manifest.keys.len()];
        Self { manifest, errors, places, outcomes, read: [0; 3], fault: None }
    }

    /// Reads a file. What does not fit is noted, and everything that fits is taken.
    pub(crate) fn read(&mut self, file: ResultFile, body: &[u8]) {
        if let Err(detail) = self.read_rows(file, body) {
            self.blame(Disagreement::Unreadable { file: file.name(), detail });
        }
    }

    fn read_rows(&mut self, file: ResultFile, body: &[u8]) -> Result<(), String> {
        let mut table = CsvTable::open(body)?;
        if table.columns().is_empty() {
            return Ok(());
        }
        let column = |name: &str| table.place(name).ok_or_else(|| format!("there is no column {name}"));
        let key = column(self.manifest.spec.key())?;
        let places = match file {
            ResultFile::Successful => (column("sf__Id")?, column("sf__Created")?),
            ResultFile::Failed => (column("sf__Id")?, column("sf__Error")?),
            ResultFile::Unprocessed => (key, key),
        };
        let mut row = StringRecord::new();
        while table.next(&mut row)? {
            let cell = |place: usize| row.get(place).unwrap_or_default();
            let outcome = self.outcome(file, cell(places.0), cell(places.1))?;
            self.note(file, cell(key), outcome);
        }
        Ok(())
    }

    fn outcome(&self, file: ResultFile, id: &str, told: &str) -> Result<Outcome, String> {
        let id_told =
            || if id.is_empty() { Err("a row without an id".to_owned()) } else { Ok(id.to_owned()) };
        match file {
            ResultFile::Unprocessed => Ok(Outcome::Unprocessed),
            ResultFile::Failed => {
                let errors = failure_text::read(told);
                let (code, message) =
                    errors.first().map_or(("", told), |error| (&*error.code, &*error.message));
                let class = self.errors.judge(Level::Record, 400, code, message).class;
                Ok(Outcome::Failed(RowFailure { errors, class, id: (!id.is_empty()).then(|| id.to_owned()) }))
            }
            ResultFile::Successful if self.manifest.spec.operation.deletes() => {
                id_told().map(Outcome::Deleted)
            }
            ResultFile::Successful => match told {
                "true" => id_told().map(Outcome::Created),
                "false" if self.manifest.spec.operation != Operation::Insert => {
                    id_told().map(Outcome::Updated)
                }
                other => Err(format!("sf__Created is {other:?}")),
            },
        }
    }

    fn note(&mut self, file: ResultFile, key: &str, outcome: Outcome) {
        self.read[file as usize] += 1;
        let place = self.places.get(&*self.manifest.spec.canonical(key)).copied();
        let Some(slot) = place.and_then(|place| self.outcomes.get_mut(place)) else {
            return self.blame(Disagreement::Foreign { file: file.name(), key: key.to_owned() });
        };
        if slot.is_none() {
            *slot = Some(outcome);
        } else {
            *slot = Some(Outcome::Unknown);
            self.blame(Disagreement::Twice { file: file.name(), key: key.to_owned() });
        }
    }

    fn blame(&mut self, fault: Disagreement) {
        self.fault.get_or_insert(fault);
    }

    /// Whether `file` could still tell something: not when every row has its outcome and the job's
    /// counts leave none for it.
    pub(crate) fn needs(&self, file: ResultFile, info: &JobInfo) -> bool {
        let sent = u64::try_from(self.outcomes.len()).ok();
        let open = self.fault.is_some() || self.outcomes.iter().any(Option::is_none);
        match file {
            ResultFile::Successful => true,
            ResultFile::Failed => open || info.number_records_failed != Some(0),
            ResultFile::Unprocessed => open || info.number_records_processed != sent,
        }
    }

    /// The outcomes, and the first thing that did not fit.
    pub(crate) fn close(mut self, info: &JobInfo) -> (Vec<Outcome>, Option<Disagreement>) {
        let [good, bad, _] = self.read;
        // A job that was never closed does not always have counts.
        if !(broken_off(info) && info.number_records_processed.is_none()) {
            self.count("processed rows", info.number_records_processed, good + bad);
            self.count("failed rows", info.number_records_failed, bad);
        }
        let missing = self.outcomes.iter().filter(|outcome| outcome.is_none()).count();
        // A job that broke off before its first row does not always list what it left.
        let untouched = broken_off(info) && good + bad == 0 && self.fault.is_none();
        if missing > 0 && !untouched {
            self.blame(Disagreement::Missing { missing, sent: self.outcomes.len() });
        }
        let rest = if untouched { Outcome::Unprocessed } else { Outcome::Unknown };
        let outcomes =
            self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| rest.clone())).collect();
        (outcomes, self.fault)
    }

    fn count(&mut self, count: &'static str, told: Option<u64>, read: u64) {
        if told != Some(read) {
            self.blame(Disagreement::Counts { count, told, read });
        }
    }
}

fn broken_off(info: &JobInfo) -> bool {
    info.state != JobState::JobComplete
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ErrorClass;
    use crate::bulk::IngestSpec;

    fn manifest(operation: Operation, keys: &[&str]) -> Manifest {
        let key = if operation.by_id() { "Id" } else { "K__c" };
        let spec = IngestSpec::new(operation, "Account", &[key], key).expect("a spec");
        Manifest { spec: Arc::new(spec), keys: keys.iter().map(|key| (*key).to_owned()).collect() }
    }

    fn info(state: &str, processed: u64, failed: u64) -> JobInfo {
        serde_json::from_str(&format!(
            r#"{{"id":"7505e00000AbCdE","state":"{state}","numberRecordsProcessed":{processed},"numberRecordsFailed":{failed}}}"#
        ))
        .expect("a job")
    }

    fn tally(manifest: &Manifest, files: [&str; 3], info: &JobInfo) -> (Vec<Outcome>, Option<Disagreement>) {
        let errors = ErrorTable::shipped();
        let mut tally = Tally::new(manifest, &errors);
        for (file, body) in ResultFile::ALL.into_iter().zip(files) {
            tally.read(file, body.as_bytes());
        }
        tally.close(info)
    }

    const GOOD: &str = "sf__Id,sf__Created,K__c\n001C,true,c\n001A,false,A\n";
    const BAD: &str = "sf__Id,sf__Error,K__c\n,UNABLE_TO_LOCK_ROW:locked:--,b\n";

    #[test]
    fn every_row_has_its_outcome_in_any_order() {
        let manifest = manifest(Operation::Upsert, &["a", "b", "c", "d"]);
        let (outcomes, fault) = tally(&manifest, [GOOD, BAD, "K__c\nd\n"], &info("Aborted", 3, 1));
        assert_eq!(fault, None);
        let [Outcome::Updated(a), Outcome::Failed(b), Outcome::Created(c), Outcome::Unprocessed] =
            &outcomes[..]
        else {
            panic!("{outcomes:?}")
        };
        assert_eq!((&**a, b.class, &b.id, &**c), ("001A", ErrorClass::Transient, &None, "001C"));
    }

    #[test]
    fn what_does_not_fit_is_told_and_no_row_gets_a_false_outcome() {
        let manifest = manifest(Operation::Upsert, &["a", "b", "c"]);
        let complete = info("JobComplete", 3, 1);
        for (files, info, unknown, part) in [
            (["", BAD, ""], &complete, 2, "processed rows"),
            ([GOOD, "", ""], &info("JobComplete", 2, 0), 1, "1 of 3 rows"),
            ([GOOD, BAD, ""], &info("JobComplete", 3, 0), 0, "failed rows"),
            ([GOOD, BAD, ""], &info("JobComplete", 4, 1), 0, "processed rows"),
            ([GOOD, BAD, "K__c\na\n"], &complete, 1, "has an outcome already"),
            ([GOOD, BAD, "K__c\nz\n"], &complete, 0, "was not sent"),
            ([GOOD, "sf__Id,sf__Error\n,x\n", ""], &complete, 1, "no column K__c"),
            (["sf__Id,sf__Created,K__c\n,true,a\n", BAD, ""], &complete, 2, "without an id"),
            (["sf__Id,sf__Created,K__c\n001A,maybe,a\n", BAD, ""], &complete, 2, "sf__Created"),
            (["sf__Id,sf__Created,K__c\n001A,tr", BAD, ""], &complete, 2, "successfulResults"),
        ] {
            let (outcomes, fault) = tally(&manifest, files, info);
            let found = outcomes.iter().filter(|outcome| **outcome == Outcome::Unknown).count();
            let fault = fault.expect("a fault").to_string();
            assert!(fault.contains(part), "{fault}");
            assert_eq!(found, unknown, "{files:?}");
        }
    }

    #[test]
    fn a_job_that_broke_off_before_its_first_row_touched_none() {
        let manifest = manifest(Operation::Upsert, &["a", "b"]);
        let (outcomes, fault) = tally(&manifest, [""; 3], &info("Failed", 0, 0));
        assert_eq!((outcomes, fault), (vec![Outcome::Unprocessed; 2], None));
        // But not one that says that it worked.
        let (outcomes, fault) = tally(&manifest, [""; 3], &info("JobComplete", 0, 0));
        assert_eq!(outcomes, vec![Outcome::Unknown; 2]);
        assert!(fault.is_some());
    }

    #[test]
    fn deletions_are_matched_by_id_of_either_length() {
        let manifest = manifest(Operation::Delete, &["001A0000006Vm9r", "001A0000006Vm9RIAC"]);
        let files = [
            "sf__Id,sf__Created,Id\n001A0000006Vm9rIAC,false,001A0000006Vm9rIAC\n001A0000006Vm9RIAC,false,001A0000006Vm9R\n",
            "",
            "",
        ];
        let (outcomes, fault) = tally(&manifest, files, &info("JobComplete", 2, 0));
        assert_eq!(fault, None);
        let ids = ["001A0000006Vm9rIAC", "001A0000006Vm9RIAC"];
        assert_eq!(outcomes, ids.map(|id| Outcome::Deleted(id.to_owned())));
    }

    #[test]
    fn files_that_can_tell_nothing_are_not_asked_for() {
        let manifest = manifest(Operation::Upsert, &["a", "c"]);
        let errors = ErrorTable::shipped();
        let mut tally = Tally::new(&manifest, &errors);
        assert!(tally.needs(ResultFile::Failed, &info("JobComplete", 2, 0)));
        tally.read(ResultFile::Successful, GOOD.as_bytes());
        let needs = |info: JobInfo| {
            [ResultFile::Failed, ResultFile::Unprocessed].map(|file| tally.needs(file, &info))
        };
        assert_eq!(needs(info("JobComplete", 2, 0)), [false, false]);
        assert_eq!(needs(info("JobComplete", 2, 1)), [true, false]);
        assert_eq!(needs(info("JobComplete", 1, 0)), [false, true]);
    }
}
