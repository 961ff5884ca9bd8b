//! A sink that keeps records in memory and answers as the test says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use mapping::{Action, Entity, ExternalId, FieldName, Fields, Found, Step, TargetId, Value};
use sync_engine::{Fault, FaultClass, Lookup, Outcome, Receipt, Sink, SinkError};

/// What happens to the next write of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It is written, and the answer is lost.
    LostAfterWriting,
    /// It is not written, and the answer is lost.
    LostBeforeWriting,
    /// It is not written now, the answer is lost, and [`ScriptedSink::land`] writes it later.
    LandsLater,
    /// It is refused.
    Refused(FaultClass),
}

/// Records by external id, and what was done to them.
#[derive(Debug, Default)]
pub struct ScriptedSink {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    records: BTreeMap<String, Fields>,
    answers: BTreeMap<String, VecDeque<Answer>>,
    late: Vec<(String, Fields)>,
    writes: Vec<(String, Fields)>,
    finds: u64,
    closed: Option<FaultClass>,
    away: Option<FaultClass>,
    numbers: bool,
    made: BTreeMap<String, u32>,
    capitals: bool,
    name: Option<String>,
}

impl ScriptedSink {
    /// The next write of `id` is answered so.
    pub fn answer(&self, id: &str, answer: Answer) {
        self.lock().answers.entry(id.into()).or_default().push_back(answer);
    }

    /// From now on every write is refused with this class, or no longer.
    pub fn close(&self, class: Option<FaultClass>) {
        self.lock().closed = class;
    }

    /// From now on every look-up is refused with this class.
    pub fn leave(&self, class: FaultClass) {
        self.lock().away = Some(class);
    }

    /// From now on the target chooses keys itself, and makes a record as often as it is asked to.
    pub fn numbers(&self) {
        self.lock().numbers = true;
    }

    /// How many records of this external id were made.
    pub fn made(&self, id: &str) -> u32 {
        self.lock().made.get(id).copied().unwrap_or(0)
    }

    /// From now on texts named `Name` are stored in capitals.
    pub fn store_capitals(&self) {
        self.lock().capitals = true;
    }

    /// From now on it says that it is this system.
    pub fn call_itself(&self, name: &str) {
        self.lock().name = Some(name.into());
    }

    /// Lets the writes land that were to land later.
    pub fn land(&self) {
        let mut inner = self.lock();
        for (id, fields) in std::mem::take(&mut inner.late) {
            inner.write(&id, &fields);
        }
    }

    /// Somebody else writes.
    pub fn meddle(&self, id: &str, fields: Fields) {
        self.lock().records.insert(id.into(), fields);
    }

    /// All records.
    pub fn records(&self) -> BTreeMap<String, Fields> {
        self.lock().records.clone()
    }

    /// All writes that took effect through [`Sink::apply`] so far, in order.
    pub fn writes(&self) -> Vec<(String, Fields)> {
        self.lock().writes.clone()
    }

    /// How many look-ups were made.
    pub fn finds(&self) -> u64 {
        self.lock().finds
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fault(class: FaultClass) -> Fault {
    let code = format!("{class:?}").to_uppercase();
    Fault {
        class,
        code,
        message: "the test says so".into(),
        fields: vec![],
        hint: Some("ask the test".into()),
    }
}

impl Inner {
    fn write(&mut self, id: &str, fields: &Fields) -> bool {
        self.writes.push((id.to_owned(), fields.clone()));
        let mut stored = self.records.get(id).cloned().unwrap_or_default();
        for (name, value) in fields.iter() {
            let text = value.as_text().filter(|_| self.capitals && name.as_str() == "Name");
            let value = text.map_or_else(|| value.clone(), |text| Value::text(text.to_uppercase()));
            stored.set(name.clone(), value);
        }
        let new = self.records.insert(id.to_owned(), stored).is_none();
        *self.made.entry(id.to_owned()).or_default() += u32::from(new || self.numbers);
        new
    }

    fn apply(&mut self, step: &Step) -> Outcome {
        let id = step.draft.id.as_str();
        if matches!(step.action, Action::Remove { .. }) {
            self.records.remove(id);
            return Outcome::Applied { target: target(id), created: false };
        }
        let fields = &step.draft.fields;
        let unknown = || Outcome::Unknown { detail: "the test lost it".into() };
        match self.answers.get_mut(id).and_then(VecDeque::pop_front) {
            None => Outcome::Applied { target: target(id), created: self.write(id, fields) },
            Some(Answer::LostAfterWriting) => {
                self.write(id, fields);
                unknown()
            }
            Some(Answer::LostBeforeWriting) => unknown(),
            Some(Answer::LandsLater) => {
                self.late.push((id.to_owned(), fields.clone()));
                unknown()
            }
            Some(Answer::Refused(class)) => Outcome::Rejected(fault(class)),
        }
    }
}

fn target(id: &str) -> TargetId {
    TargetId::from(format!("target-{id}"))
}

#[async_trait]
impl Sink for ScriptedSink {
    async fn find(
        &self,
        entity: &Entity,
        ids: &[ExternalId],
        _fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let mut inner = self.lock();
        inner.finds += 1;
        if let Some(class) = inner.away {
            return Err(SinkError { operation: "looking up".into(), fault: fault(class) });
        }
        let look = |id: &ExternalId| match inner.records.get(id.as_str()) {
            None => Lookup::Absent,
            Some(fields) => Lookup::One(Found {
                entity: entity.clone(),
                id: id.clone(),
                target: target(id.as_str()),
                fields: fields.clone(),
                modified: None,
                validator: None,
            }),
        };
        Ok(ids.iter().map(look).collect())
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        let mut inner = self.lock();
        if let Some(class) = inner.closed {
            return Err(SinkError { operation: "writing".into(), fault: fault(class) });
        }
        assert!(
            !steps.iter().any(|step| matches!(step.action, Action::Nothing { .. } | Action::Hold { .. })),
            "only what has to be done reaches a sink"
        );
        Ok(steps
            .iter()
            .map(|step| Receipt { id: step.draft.id.clone(), outcome: inner.apply(step) })
            .collect())
    }

    fn may_double(&self, _entity: &Entity) -> bool {
        self.lock().numbers
    }

    async fn fingerprint(&self) -> Result<Option<String>, SinkError> {
        Ok(self.lock().name.clone())
    }
}
