//! Rows become the CSV of jobs, each within the caps of one job.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::bulk::cell::{self, Cell, NULL};
use crate::bulk::spec::IngestSpec;

/// Most bytes of one job: 150 MB after the org has encoded them as base64, so 100 MB of ours.
pub const MAX_BYTES: usize = 100_000_000;
/// Most characters of one row.
const MAX_ROW: usize = 400_000;
/// Most characters of one field.
const MAX_FIELD: usize = 131_072;

/// How much one job may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimits {
    bytes: usize,
    rows: usize,
}

impl Default for JobLimits {
    /// 48 MiB and 150,000 rows: the results repeat every column, and they come whole, so they must
    /// fit below the transport's limit of a response (64 MiB).
    fn default() -> Self {
        Self { bytes: 48 << 20, rows: 150_000 }
    }
}

impl JobLimits {
    /// At most so many bytes (never more than [`MAX_BYTES`]) and rows a job; a job holds one row at
    /// least.
    pub fn new(bytes: usize, rows: usize) -> Self {
        Self { bytes: bytes.min(MAX_BYTES), rows: rows.max(1) }
    }
}

/// A row that cannot go into a job. It was not taken; the others are not affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// Not as many cells as columns.
    #[error("a row of {cells} cells for {columns} columns")]
    Columns {
        /// Cells of the row.
        cells: usize,
        /// Columns of the job.
        columns: usize,
    },
    /// The key is empty, null or unchanged.
    #[error("a row without a value in its key column {0}")]
    NoKey(String),
    /// The job has a row of this key: two rows of one record would race.
    #[error("row {0}: the job has a row of this key already; send the newer one alone, or in a later job")]
    Duplicate(String),
    /// The text is just what stands for "no value" here.
    #[error(
        "row {key}: {column} has the text #N/A, which means no value in a bulk job; send this row by REST"
    )]
    LooksNull {
        /// The row.
        key: String,
        /// The column.
        column: String,
    },
    /// A field longer than a job takes.
    #[error("row {key}: {column} has {characters} characters, a bulk job takes {MAX_FIELD}")]
    LongField {
        /// The row.
        key: String,
        /// The column.
        column: String,
        /// Its length.
        characters: usize,
    },
    /// A row longer than a job takes.
    #[error("row {key} has {characters} characters, a bulk job takes {MAX_ROW}")]
    LongRow {
        /// The row.
        key: String,
        /// Its length.
        characters: usize,
    },
}

/// What a job carries: its spec, and the key of each row, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What the job does.
    pub spec: Arc<IngestSpec>,
    /// One key a row.
    pub keys: Arc<[String]>,
}

/// One job, ready to be sent.
#[derive(Debug, Clone)]
pub struct JobData {
    pub(crate) manifest: Manifest,
    pub(crate) csv: Bytes,
}

impl JobData {
    /// What it carries.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The upload.
    pub fn csv(&self) -> &[u8] {
        &self.csv
    }
}

#[derive(Debug)]
struct Line {
    parent: Option<Box<str>>,
    bytes: Range<usize>,
}

/// Writes rows into jobs. Within a job, rows of one parent stand together.
#[derive(Debug)]
pub struct JobWriter {
    spec: Arc<IngestSpec>,
    limits: JobLimits,
    /// Length of the header line.
    header: usize,
    csv: Vec<u8>,
    lines: Vec<Line>,
    keys: Vec<String>,
    /// Canonical keys of the job.
    taken: HashSet<String>,
    scratch: String,
}

impl JobWriter {
    /// Jobs of this spec within these limits.
    pub fn new(spec: IngestSpec, limits: JobLimits) -> Self {
        let mut csv = Vec::new();
        push_line(&mut csv, spec.columns.iter().map(String::as_str));
        Self {
            spec: Arc::new(spec),
            limits,
            header: csv.len(),
            csv,
            lines: Vec::new(),
            keys: Vec::new(),
            taken: HashSet::new(),
            scratch: String::new(),
        }
    }

    /// Takes a row: one cell a column. `parent` is the key by which rows are put together, usually
    /// that of the record they belong to.
    ///
    /// Returns the job that became full before this row, if one did.
    pub fn push(&mut self, parent: Option<&str>, cells: &[Cell<'_>]) -> Result<Option<JobData>, RowError> {
        let key = self.key_of(cells)?;
        let start = self.csv.len();
        if let Err(error) = self.write(&key, cells) {
            self.csv.truncate(start);
            return Err(error);
        }
        let full = !self.lines.is_empty()
            && (self.csv.len() > self.limits.bytes || self.lines.len() >= self.limits.rows);
        let canonical = self.spec.canonical(&key).into_owned();
        if !full && self.taken.contains(&canonical) {
            self.csv.truncate(start);
            return Err(RowError::Duplicate(key));
        }
        let finished = if full { self.cut(start) } else { None };
        let start = if full { self.header } else { start };
        self.lines.push(Line { parent: parent.map(Box::from), bytes: start..self.csv.len() });
        self.keys.push(key);
        self.taken.insert(canonical);
        Ok(finished)
    }

    /// The last job, if there are rows left.
    pub fn finish(mut self) -> Option<JobData> {
        self.cut(self.csv.len())
    }

    fn key_of(&self, cells: &[Cell<'_>]) -> Result<String, RowError> {
        if cells.len() != self.spec.columns.len() {
            return Err(RowError::Columns { cells: cells.len(), columns: self.spec.columns.len() });
        }
        match cells.get(self.spec.key) {
            None | Some(Cell::Null | Cell::Unchanged | Cell::Text("")) => {
                Err(RowError::NoKey(self.spec.key().to_owned()))
            }
            Some(cell) => Ok(cell.text(&mut String::new()).to_owned()),
        }
    }

    fn write(&mut self, key: &str, cells: &[Cell<'_>]) -> Result<(), RowError> {
        let start = self.csv.len();
        for (place, (cell, column)) in cells.iter().zip(&self.spec.columns).enumerate() {
            if place > 0 {
                self.csv.push(b',');
            }
            let text = cell.text(&mut self.scratch);
            check_field(text, cell).map_err(|fault| fault.of(key, column))?;
            cell::push_field(&mut self.csv, text);
        }
        // A row of one empty cell would be an empty line; keys are never empty, so there is none.
        self.csv.push(b'\n');
        let row = self.csv.get(start..).unwrap_or_default();
        if row.len() > MAX_ROW {
            let characters = String::from_utf8_lossy(row).chars().count();
            if characters > MAX_ROW {
                return Err(RowError::LongRow { key: key.to_owned(), characters });
            }
        }
        Ok(())
    }

    /// Takes the job off that ends at `end`; what stands behind becomes the next one's first row.
    fn cut(&mut self, end: usize) -> Option<JobData> {
        if self.lines.is_empty() {
            return None;
        }
        let mut next = self.csv.get(..self.header).unwrap_or_default().to_vec();
        next.extend_from_slice(self.csv.get(end..).unwrap_or_default());
        let mut csv = std::mem::replace(&mut self.csv, next);
        csv.truncate(end);
        let lines = std::mem::take(&mut self.lines);
        self.taken.clear();
        let keys = std::mem::take(&mut self.keys).into();
        let csv = Bytes::from(sorted(csv, self.header, lines));
        Some(JobData { manifest: Manifest { spec: self.spec.clone(), keys }, csv })
    }
}

/// The lines below the header with those of one parent together, otherwise in their order.
fn sorted(csv: Vec<u8>, header: usize, mut lines: Vec<Line>) -> Vec<u8> {
    if lines.is_sorted_by(|one, other| one.parent <= other.parent) {
        return csv;
    }
    lines.sort_by(|one, other| one.parent.cmp(&other.parent));
    let mut out = Vec::with_capacity(csv.len());
    out.extend_from_slice(csv.get(..header).unwrap_or_default());
    for line in lines {
        out.extend_from_slice(csv.get(line.bytes).unwrap_or_default());
    }
    out
}

fn push_line<'t>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'t str>) {
    for (place, text) in texts.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        cell::push_field(out, text);
    }
    out.push(b'\n');
}

enum Fault {
    LooksNull,
    Long(usize),
}

impl Fault {
    fn of(self, key: &str, column: &str) -> RowError {
        let (key, column) = (key.to_owned(), column.to_owned());
        match self {
            Self::LooksNull => RowError::LooksNull { key, column },
            Self::Long(characters) => RowError::LongField { key, column, characters },
        }
    }
}

fn check_field(text: &str, cell: &Cell<'_>) -> Result<(), Fault> {
    if *cell == Cell::Text(NULL) {
        return Err(Fault::LooksNull);
    }
    // A text has at most as many characters as bytes.
    if text.len() > MAX_FIELD {
        let characters = text.chars().count();
        if characters > MAX_FIELD {
            return Err(Fault::Long(characters));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bulk::spec::Operation;

    fn writer(limits: JobLimits) -> JobWriter {
        let spec = IngestSpec::new(Operation::Upsert, "Account", &["K__c", "Name"], "K__c").expect("a spec");
        JobWriter::new(spec, limits)
    }

    fn text(job: &JobData) -> &str {
        std::str::from_utf8(job.csv()).expect("UTF-8")
    }

    #[test]
    fn a_full_job_is_given_back_and_the_row_opens_the_next() {
        let row = |key| [Cell::Text(key), Cell::Text("x")];
        // Header 10 bytes, each row 4.
        for limits in [JobLimits::new(18, 100), JobLimits::new(1_000, 2)] {
            let mut writer = writer(limits);
            assert!(writer.push(None, &row("a")).expect("taken").is_none());
            assert!(writer.push(None, &row("b")).expect("taken").is_none());
            // The key is taken in the full job only.
            let full = writer.push(None, &row("a")).expect("taken").expect("the first job");
            assert_eq!(
                (text(&full), &*full.manifest.keys),
                ("K__c,Name\na,x\nb,x\n", &["a".into(), "b".into()][..])
            );
            let last = writer.finish().expect("the last job");
            assert_eq!((text(&last), last.manifest.keys.len()), ("K__c,Name\na,x\n", 1));
        }
        assert!(writer(JobLimits::default()).finish().is_none());
    }

    #[test]
    fn a_row_larger_than_the_cap_goes_alone() {
        let mut writer = writer(JobLimits::new(5, 5));
        assert!(writer.push(None, &[Cell::Text("a"), Cell::Text("long")]).expect("taken").is_none());
        let first = writer.push(None, &[Cell::Text("b"), Cell::Null]).expect("taken").expect("the first job");
        assert_eq!(text(&first), "K__c,Name\na,long\n");
        assert_eq!(text(&writer.finish().expect("the second")), "K__c,Name\nb,#N/A\n");
    }

    #[test]
    fn rows_of_a_parent_stand_together_and_keys_keep_their_order() {
        let mut writer = writer(JobLimits::default());
        for (parent, key) in [("p2", "1"), ("p1", "2"), ("p2", "3"), ("p1", "4")] {
            writer.push(Some(parent), &[Cell::Text(key), Cell::Unchanged]).expect("taken");
        }
        let job = writer.finish().expect("a job");
        assert_eq!(text(&job), "K__c,Name\n2,\n4,\n1,\n3,\n");
        assert_eq!(job.manifest.keys.join(""), "1234");
    }

    #[test]
    fn a_row_that_cannot_go_leaves_no_trace() {
        let mut writer = writer(JobLimits::default());
        writer.push(None, &[Cell::Text("Key"), Cell::Text("x")]).expect("taken");
        let long = "ä".repeat(MAX_FIELD + 1);
        for (cells, part) in [
            (&[Cell::Text("a")][..], "1 cells for 2"),
            (&[Cell::Text(""), Cell::Null], "key column K__c"),
            (&[Cell::Unchanged, Cell::Null], "key column K__c"),
            (&[Cell::Text("kEY"), Cell::Null], "row kEY: the job has"),
            (&[Cell::Text("a"), Cell::Text("#N/A")], "means no value"),
            (&[Cell::Text("a"), Cell::Text(&long)], "131073 characters"),
        ] {
            let error = writer.push(None, cells).expect_err("refused").to_string();
            assert!(error.contains(part), "{error}");
        }
        // As many characters as may be, in twice the bytes.
        writer.push(None, &[Cell::Text("b"), Cell::Text(&long[2..])]).expect("taken");
        let job = writer.finish().expect("a job");
        assert_eq!(text(&job), format!("K__c,Name\nKey,x\nb,{}\n", &long[2..]));
    }

    #[test]
    fn a_row_has_a_limit_of_its_own() {
        let names: Vec<String> = (0..5).map(|number| format!("F{number}")).collect();
        let columns: Vec<&str> = names.iter().map(String::as_str).collect();
        let spec = IngestSpec::new(Operation::Insert, "Account", &columns, "F0").expect("a spec");
        let mut writer = JobWriter::new(spec, JobLimits::default());
        let field = "x".repeat(100_000);
        let mut row = [Cell::Text(&field); 5];
        row[0] = Cell::Text("k");
        let error = writer.push(None, &row).expect_err("too long");
        assert_eq!(error, RowError::LongRow { key: "k".into(), characters: 400_006 });
        row[4] = Cell::Null;
        writer.push(None, &row).expect("taken");
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(
            rows in proptest::collection::vec(("[a-z\"',\r\n ä#]{1,6}", "(?s).{0,12}"), 1..20),
            bytes in 20_usize..400,
        ) {
            let mut writer = writer(JobLimits::new(bytes, 7));
            let (mut sent, mut jobs) = (Vec::new(), Vec::new());
            for (number, (key, name)) in rows.iter().enumerate() {
                let key = format!("{number}{key}");
                let Ok(full) = writer.push(Some(name), &[Cell::Text(&key), Cell::Text(name)]) else { continue };
                jobs.extend(full);
                let shown = if name.is_empty() { NULL } else { name };
                sent.push((key, shown.to_owned()));
            }
            jobs.extend(writer.finish());
            let mut read = Vec::new();
            for job in &jobs {
                prop_assert!(job.manifest.keys.len() <= 7);
                let mut reader = csv::ReaderBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_reader(job.csv());
                let rows: Vec<(String, String)> = reader.deserialize().collect::<Result<_, _>>().expect("CSV");
                let parent = |row: &(String, String)| if row.1 == NULL { String::new() } else { row.1.clone() };
                let together = rows.is_sorted_by_key(parent);
                prop_assert!(together, "rows of a parent do not stand together");
                prop_assert_eq!(rows.len(), job.manifest.keys.len());
                read.extend(rows);
            }
            sent.sort();
            read.sort();
            prop_assert_eq!(sent, read);
        }
    }
}
