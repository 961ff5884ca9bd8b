//! The conformance suites against parts with one defect each: every check of a suite can fail.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::FutureExt as _;
use mapping::{
    Action, Change, Entity, ExternalId, FieldName, Fields, Found, Key, Lane, Record, Step, TargetId, Value,
};
use sync_engine::conformance::{Ground, SourceBench, sink, source};
use sync_engine::{
    Cursor, Fault, FaultClass, Lookup, Observation, Outcome, Page, Receipt, Sink, SinkError, Source,
    SourceError, Unreadable,
};

/// What a suite says about a part; nothing, if it finds no fault.
async fn verdict(suite: impl Future<Output = ()>) -> Option<String> {
    let caught = AssertUnwindSafe(suite).catch_unwind().await.err()?;
    let words = caught.downcast_ref::<String>().cloned();
    Some(words.or_else(|| caught.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is wrong with a sink, and the words by which the suite tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SinkDefect {
    None,
    FindsEverything,
    MakesNothingAnew,
    Changes,
    Unordered,
    Doubles,
    NeverClears,
    RefusesToRemoveTwice,
    OverwritesWhatExists,
    OverwritesWhatMoved,
}

const SINKS: [(SinkDefect, &str); 9] = [
    (SinkDefect::FindsEverything, "Absent"),
    (SinkDefect::MakesNothingAnew, "it was not there before"),
    (SinkDefect::Changes, "as it was sent"),
    (SinkDefect::Unordered, "in order"),
    (SinkDefect::Doubles, "lands on one record"),
    (SinkDefect::NeverClears, "Null"),
    (SinkDefect::RefusesToRemoveTwice, "it was to be written"),
    (SinkDefect::OverwritesWhatExists, "was to be refused"),
    (SinkDefect::OverwritesWhatMoved, "was to be refused"),
];

#[derive(Debug, Clone, Default)]
struct Row {
    target: u64,
    version: u64,
    fields: Fields,
}

/// A sink in memory that does what the contract says, but for one defect.
#[derive(Debug)]
struct BentSink {
    defect: SinkDefect,
    rows: Mutex<BTreeMap<String, Row>>,
    count: Mutex<u64>,
}

impl BentSink {
    fn new(defect: SinkDefect) -> Self {
        Self { defect, rows: Mutex::default(), count: Mutex::default() }
    }

    fn number(&self) -> u64 {
        let mut count = lock(&self.count);
        *count += 1;
        *count
    }

    fn write(&self, step: &Step) -> Outcome {
        let id = step.draft.id.to_string();
        let mut rows = lock(&self.rows);
        let there = rows.get(&id).cloned();
        if let Some(refused) = self.refused(step, there.as_ref()) {
            return Outcome::Rejected(refused);
        }
        if matches!(step.action, Action::Remove { .. }) {
            rows.remove(&id);
            return Outcome::Applied { target: target(there.map_or(0, |row| row.target)), created: false };
        }
        let created = there.is_none();
        let mut row = there.unwrap_or_default();
        if created || self.defect == SinkDefect::Doubles && step.action == Action::Create {
            row.target = self.number();
        }
        row.version = self.number();
        for (name, value) in step.draft.fields.iter() {
            let value = match (self.defect, value) {
                (SinkDefect::NeverClears, Value::Null) => continue,
                (SinkDefect::Changes, Value::Text(text)) => Value::text(text.to_uppercase()),
                _ => value.clone(),
            };
            row.fields.set(name.clone(), value);
        }
        let target = target(row.target);
        rows.insert(id, row);
        Outcome::Applied { target, created: created && self.defect != SinkDefect::MakesNothingAnew }
    }

    fn refused(&self, step: &Step, there: Option<&Row>) -> Option<Fault> {
        let conflict = |code: &str| Some(fault(FaultClass::Conflict, code));
        match (&step.action, step.lane, there) {
            (Action::Create, Lane::Guarded, Some(_)) if self.defect != SinkDefect::OverwritesWhatExists => {
                conflict(Fault::EXISTS)
            }
            (Action::Update { .. }, Lane::Guarded, Some(row))
                if step.guard != Some(row.version.to_string())
                    && self.defect != SinkDefect::OverwritesWhatMoved =>
            {
                conflict(Fault::MOVED)
            }
            (Action::Remove { .. }, _, None) if self.defect == SinkDefect::RefusesToRemoveTwice => {
                Some(fault(FaultClass::Stale, "NOT_THERE"))
            }
            _ => None,
        }
    }
}

fn target(number: u64) -> TargetId {
    TargetId::from(number.to_string())
}

fn fault(class: FaultClass, code: &str) -> Fault {
    Fault { class, code: code.into(), message: "the test says so".into(), fields: vec![], hint: None }
}

#[async_trait]
impl Sink for BentSink {
    async fn find(
        &self,
        entity: &Entity,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let rows = lock(&self.rows);
        let shown = |row: &Row, id: &ExternalId| {
            let of = |name: &FieldName| row.fields.get(name.as_str()).cloned().unwrap_or(Value::Null);
            Lookup::One(Found {
                entity: entity.clone(),
                id: id.clone(),
                target: target(row.target),
                fields: fields.iter().map(|name| (name.clone(), of(name))).collect(),
                modified: None,
                validator: Some(row.version.to_string()),
            })
        };
        let look = |id: &ExternalId| match rows.get(id.as_str()) {
            Some(row) => shown(row, id),
            None if self.defect == SinkDefect::FindsEverything => shown(&Row::default(), id),
            None => Lookup::Absent,
        };
        Ok(ids.iter().map(look).collect())
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        let one = |step: &Step| Receipt { id: step.draft.id.clone(), outcome: self.write(step) };
        let mut receipts: Vec<Receipt> = steps.iter().map(one).collect();
        if self.defect == SinkDefect::Unordered {
            receipts.reverse();
        }
        Ok(receipts)
    }
}

#[tokio::test]
async fn every_check_of_a_sink_can_fail() {
    let ground = Ground { entity: "Row".into(), field: "Text".into() };
    let of = |defect| verdict(sink(move || BentSink::new(defect), &ground));
    assert_eq!(of(SinkDefect::None).await, None, "the sink itself is sound");
    for (defect, words) in SINKS {
        let said = of(defect).await.unwrap_or_default();
        assert!(said.contains(words), "{defect:?} is told as {said:?}, not as {words:?}");
    }
}

/// What is wrong with a source, and the words by which the suite tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SourceDefect {
    None,
    TellsOfNothing,
    DropsPageEdge,
    OneVersion,
    StartsOver,
    NeverAgain,
    SameVersion,
    Endless,
    Unordered,
    StopsAtBadRows,
    TakesAnyCursor,
}

const SOURCES: [(SourceDefect, &str); 10] = [
    (SourceDefect::TellsOfNothing, "nothing to tell"),
    (SourceDefect::DropsPageEdge, "every record comes"),
    (SourceDefect::OneVersion, "other version"),
    (SourceDefect::StartsOver, "makes progress"),
    (SourceDefect::NeverAgain, "comes again"),
    (SourceDefect::SameVersion, "with another version"),
    (SourceDefect::Endless, "does not end"),
    (SourceDefect::Unordered, "K02"),
    (SourceDefect::StopsAtBadRows, "the source can be read"),
    (SourceDefect::TakesAnyCursor, "is expired"),
];

/// A row: its content (`None` if it cannot be read), and the number of its last change.
type Told = (Option<String>, u64);

/// A system in memory whose source does what the contract says, but for one defect.
#[derive(Debug, Clone)]
struct Bent {
    defect: SourceDefect,
    rows: Arc<Mutex<BTreeMap<String, Told>>>,
}

impl Bent {
    fn new(defect: SourceDefect) -> Self {
        Self { defect, rows: Arc::default() }
    }

    fn set(&self, key: &str, content: Option<String>) {
        let mut rows = lock(&self.rows);
        let next = rows.values().map(|(_, change)| *change).max().unwrap_or(0) + 1;
        rows.insert(key.to_owned(), (content, next));
    }

    fn observe(&self, key: &str, (content, change): &Told) -> Observation {
        let Some(content) = content else {
            let fault = fault(FaultClass::Data, "UNREADABLE_ROW");
            return Observation::Unreadable(Unreadable { key: key.into(), fault, raw: "{".into() });
        };
        let version = match self.defect {
            SourceDefect::OneVersion => "1".to_owned(),
            SourceDefect::SameVersion => key.to_owned(),
            _ => change.to_string(),
        };
        let fields = [(FieldName::from("Text"), Value::text(content.as_str()))].into_iter().collect();
        let (entity, version) = (Entity::from("Row"), version.as_str().into());
        Observation::Change(Change::Put(Record { entity, key: key.into(), version, fields }))
    }
}

#[async_trait]
impl Source for Bent {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        let from = cursor.map_or(Ok(0), |cursor| cursor.0.parse::<u64>());
        let from = match (from, self.defect) {
            (Ok(_), SourceDefect::StartsOver) | (Err(_), SourceDefect::TakesAnyCursor) => 0,
            (Ok(from), _) => from,
            (Err(error), _) => return Err(SourceError::CursorExpired { reason: error.to_string() }),
        };
        let mut rows: Vec<(String, Told)> = lock(&self.rows).clone().into_iter().collect();
        rows.retain(|(_, (_, change))| *change > from);
        rows.sort_by_key(|(_, (_, change))| *change);
        if self.defect == SourceDefect::NeverAgain {
            // The suite fills in so many rows: later changes are changes of them.
            rows.retain(|(_, (_, change))| *change <= 23);
        }
        let more = rows.len() > 10;
        rows.truncate(10);
        if self.defect == SourceDefect::StopsAtBadRows
            && rows.iter().any(|(_, (content, _))| content.is_none())
        {
            let fault = fault(FaultClass::Data, "UNREADABLE_ROW");
            return Err(SourceError::Failed { operation: "reading".into(), fault });
        }
        let last = rows.last().map_or(from, |(_, (_, change))| *change);
        let mut observations: Vec<Observation> =
            rows.iter().map(|(key, told)| self.observe(key, told)).collect();
        if self.defect == SourceDefect::DropsPageEdge && more {
            observations.pop();
        }
        if self.defect == SourceDefect::TellsOfNothing && observations.is_empty() {
            observations.push(self.observe("nobody", &(Some(String::new()), 0)));
        }
        let endless = self.defect == SourceDefect::Endless && last > 0;
        let cursor = Cursor(if endless { last + u64::from(rows.is_empty()) } else { last }.to_string());
        Ok(Page { observations, cursor, more: more || endless, evidence: None, total: None })
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        let rows = lock(&self.rows);
        let look = |key: &Key| rows.get(key.as_str()).map(|told| self.observe(key.as_str(), told));
        let mut found: Vec<_> = keys.iter().map(look).collect();
        if self.defect == SourceDefect::Unordered {
            found.reverse();
        }
        Ok(found)
    }
}

#[async_trait]
impl SourceBench for Bent {
    fn source(&self) -> Box<dyn Source> {
        Box::new(self.clone())
    }

    async fn put(&self, key: &str, content: &str) {
        self.set(key, Some(content.to_owned()));
    }

    async fn spoil(&self, key: &str) -> bool {
        self.set(key, None);
        true
    }
}

#[tokio::test]
async fn every_check_of_a_source_can_fail() {
    let of = |defect| verdict(source(move || Bent::new(defect)));
    assert_eq!(of(SourceDefect::None).await, None, "the source itself is sound");
    for (defect, words) in SOURCES {
        let said = of(defect).await.unwrap_or_default();
        assert!(said.contains(words), "{defect:?} is told as {said:?}, not as {words:?}");
    }
}
