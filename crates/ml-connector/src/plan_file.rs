//! A saved plan: JSON lines, a header first, one record a line, its count last.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::Planned;

use crate::failure::Failure;
use crate::new_file::NewFile;

/// The version of this form.
const FORM: u32 = 1;
/// No planned record is longer: whatever is, is no plan.
const LONGEST: u64 = 64 << 20;

/// What a saved plan says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The version of the form.
    pub(crate) ml_connector_plan: u32,
    /// Names the two systems (`Config::fingerprint`).
    pub(crate) link: String,
    /// The flow.
    pub(crate) flow: String,
    /// Name and revision of the mapper.
    pub(crate) mapper: String,
    /// When it was made.
    pub(crate) made: Timestamp,
}

impl Header {
    /// The header of a plan that is made now.
    pub(crate) fn new(link: String, flow: &str, mapper: &str, made: Timestamp) -> Self {
        Self { ml_connector_plan: FORM, link, flow: flow.into(), mapper: mapper.into(), made }
    }
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    records: u64,
}

/// A plan that is being saved.
#[derive(Debug)]
pub(crate) struct PlanWriter {
    file: NewFile,
    records: u64,
}

impl PlanWriter {
    /// Begins `path`.
    pub(crate) fn create(path: PathBuf, header: &Header) -> Result<Self, Failure> {
        let mut writer = Self { file: NewFile::create(path)?, records: 0 };
        writer.line(header)?;
        Ok(writer)
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, planned: &Planned) -> Result<(), Failure> {
        self.records += 1;
        self.line(planned)
    }

    /// Ends the file; returns its place and the number of records.
    pub(crate) fn finish(mut self) -> Result<(PathBuf, u64), Failure> {
        self.line(&End { records: self.records })?;
        Ok((self.file.finish()?, self.records))
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text =
            serde_json::to_string(value).map_err(|error| Failure::Internal { what: error.to_string() })?;
        self.file.write(|out| writeln!(out, "{text}"))
    }
}

/// A plan, read whole.
#[derive(Debug)]
pub(crate) struct SavedPlan {
    /// What it says about itself.
    pub(crate) header: Header,
    /// Its records.
    pub(crate) records: Vec<Planned>,
}

impl SavedPlan {
    /// Reads `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::Missing {
            what: format!("{} cannot be read: {error}", path.display()),
            hint: "make a plan with `ml-connector plan --out FILE`".into(),
        })?;
        let mut lines = Lines { path, input: BufReader::new(file), number: 0 };
        let header: Header = lines.take()?.ok_or_else(|| lines.wrong("the file is empty"))?;
        if header.ml_connector_plan != FORM {
            return Err(lines.wrong("it was made by another version of this program"));
        }
        let mut records = Vec::new();
        while let Some(line) = lines.next()? {
            if let Ok(end) = serde_json::from_str::<End>(&line) {
                return if end.records == records.len() as u64 {
                    Ok(Self { header, records })
                } else {
                    Err(lines.wrong("records are missing"))
                };
            }
            records.push(serde_json::from_str(&line).map_err(|error| lines.wrong(&error.to_string()))?);
        }
        Err(lines.wrong("its end is missing: it was cut short"))
    }
}

/// The lines of a plan.
struct Lines<'a> {
    path: &'a Path,
    input: BufReader<File>,
    number: u64,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        self.number += 1;
        let mut input = self.input.by_ref().take(LONGEST);
        let read = input.read_line(&mut line).map_err(|error| self.wrong(&error.to_string()))?;
        Ok((read > 0).then_some(line))
    }

    fn take<T: for<'de> Deserialize<'de>>(&mut self) -> Result<Option<T>, Failure> {
        let Some(line) = self.next()? else { return Ok(None) };
        serde_json::from_str(&line).map(Some).map_err(|error| self.wrong(&error.to_string()))
    }

    fn wrong(&self, what: &str) -> Failure {
        Failure::Usage {
            what: format!("{} line {} is no saved plan: {what}", self.path.display(), self.number),
            hint: "make a new one with `ml-connector plan --out FILE`".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use mapping::{Action, Draft, Fields, Record, Step, Value};

    use super::*;

    fn planned() -> Planned {
        let mut fields = Fields::new();
        fields.set("CreditLimit", Value::Decimal("12.50".parse().unwrap()));
        let draft = Draft { entity: "Account".into(), id: "S1".into(), fields: fields.clone() };
        let record = Record { entity: "SupplierSet".into(), key: "S1".into(), version: "v".into(), fields };
        let step = Step::owned(draft, Action::Create);
        Planned { record, mapper: "m@1".into(), notes: vec![], found: None, step }
    }

    fn written(folder: &Path) -> PathBuf {
        let made = "2026-03-01T10:00:00Z".parse().unwrap();
        let header = Header::new("abc".into(), "suppliers", "m@1", made);
        let mut writer = PlanWriter::create(folder.join("plan.json"), &header).unwrap();
        writer.add(&planned()).unwrap();
        writer.finish().unwrap().0
    }

    #[test]
    fn a_plan_reads_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let plan = SavedPlan::read(&written(folder.path())).unwrap();
        assert_eq!(plan.records, [planned()]);
        assert_eq!(plan.header.flow, "suppliers");
    }

    #[test]
    fn a_plan_cut_short_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for cut in [0, 1, 2] {
            std::fs::write(&path, lines[..cut].join("\n")).unwrap();
            assert!(matches!(SavedPlan::read(&path), Err(Failure::Usage { .. })), "{cut} lines");
        }
        std::fs::write(&path, format!("{}\n{}", lines[0], lines[2])).unwrap();
        assert!(SavedPlan::read(&path).is_err());
    }
}
