//! A folder of CSV files as a sink.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ml_connector::mapping::{
    Action, Entity, ExternalId, FieldName, Fields, Found, Lane, Step, TargetId, Value,
};
use ml_connector::sync_engine::{Fault, FaultClass, Lookup, Outcome, Receipt, Sink, SinkError};

use crate::table::{Row, Table, TableError, fault};

/// The column of the external id.
const ID: &str = "Id";

/// A folder of CSV files as a sink: one file for each kind of records, one row for each external id.
///
/// Every value is kept as text. Child records have no place in a table: a step that carries some is
/// refused.
#[derive(Debug)]
pub struct CsvSink {
    folder: PathBuf,
    /// Files are read, changed and replaced: one at a time.
    turn: Mutex<()>,
}

impl CsvSink {
    /// The files of `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), turn: Mutex::new(()) }
    }

    fn path(&self, entity: &Entity) -> PathBuf {
        self.folder.join(format!("{entity}.csv"))
    }

    fn read(&self, entity: &Entity) -> Result<Table, TableError> {
        Table::read(&self.path(entity))
    }
}

fn unusable(operation: &str, error: &TableError) -> SinkError {
    SinkError { operation: operation.into(), fault: fault(error) }
}

fn refusal(class: FaultClass, code: &str, message: String) -> Outcome {
    Outcome::Rejected(Fault { class, code: code.into(), message, fields: Vec::new(), hint: None })
}

/// A value as a cell has it; `None` if a cell cannot have it.
fn cell(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Decimal(number) => number.normalize().to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(date) => date.to_string(),
        Value::Timestamp(instant) => instant.to_string(),
        Value::Reference(reference) => reference.id.to_string(),
        Value::List(_) => return None,
    })
}

/// A row as a record that was found.
fn found(entity: &Entity, id: &ExternalId, row: &Row, fields: &[FieldName]) -> Option<Found> {
    let Row::Good(values) = row else { return None };
    let value = |name: &FieldName| match values.get(name.as_str()) {
        Some(text) if !text.is_empty() => Value::text(text),
        _ => Value::Null,
    };
    let fields: Fields = fields.iter().map(|name| (name.clone(), value(name))).collect();
    Some(Found {
        entity: entity.clone(),
        id: id.clone(),
        target: TargetId::from(id.as_str()),
        fields,
        modified: None,
        validator: Some(row.digest()),
    })
}

/// Carries out one step on the table.
fn carry_out(table: &mut Table, step: &Step) -> Outcome {
    let id = step.draft.id.as_str();
    let there = table.rows.get(id);
    if step.lane == Lane::Guarded {
        let creates = matches!(step.action, Action::Create);
        if creates && there.is_some() {
            return refusal(FaultClass::Conflict, Fault::EXISTS, format!("there is a row {id}"));
        }
        if !creates && there.map(Row::digest) != step.guard {
            return refusal(FaultClass::Conflict, Fault::MOVED, format!("row {id} is another one by now"));
        }
    }
    let target = TargetId::from(id);
    if let Action::Remove { .. } = step.action {
        table.rows.remove(id);
        return Outcome::Applied { target, created: false };
    }
    let created = there.is_none();
    let mut values = match there {
        Some(Row::Good(values)) => values.clone(),
        _ => BTreeMap::from([(ID.to_owned(), id.to_owned())]),
    };
    for (name, value) in step.draft.fields.iter() {
        let Some(cell) = cell(value) else {
            let message = format!("{name} holds child records, which a table has no place for");
            return refusal(FaultClass::Data, Fault::UNSUPPORTED, message);
        };
        if !table.columns.iter().any(|column| column == name.as_str()) {
            table.columns.push(name.to_string());
        }
        values.insert(name.to_string(), cell);
    }
    table.rows.insert(id.to_owned(), Row::Good(values));
    Outcome::Applied { target, created }
}

#[async_trait]
impl Sink for CsvSink {
    async fn find(
        &self,
        entity: &Entity,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.read(entity).map_err(|error| unusable("csv.read", &error))?;
        let look = |id: &ExternalId| match table.rows.get(id.as_str()) {
            None => Lookup::Absent,
            Some(row) => found(entity, id, row, fields).map_or(Lookup::Absent, Lookup::One),
        };
        Ok(ids.iter().map(look).collect())
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tables: BTreeMap<Entity, Table> = BTreeMap::new();
        for step in &steps {
            let entity = &step.draft.entity;
            if !tables.contains_key(entity) {
                let mut table = self.read(entity).map_err(|error| unusable("csv.read", &error))?;
                if table.columns.is_empty() {
                    table.columns.push(ID.to_owned());
                }
                tables.insert(entity.clone(), table);
            }
        }
        let mut receipts = Vec::with_capacity(steps.len());
        for step in &steps {
            let outcome = match tables.get_mut(&step.draft.entity) {
                Some(table) => carry_out(table, step),
                None => Outcome::Unknown { detail: "its table was not read".into() },
            };
            receipts.push(Receipt { id: step.draft.id.clone(), outcome });
        }
        for (entity, table) in &tables {
            // A file that could not be replaced is as it was; one that was replaced before stays so, and
            // the same steps once more do no harm.
            table.write(&self.path(entity)).map_err(|error| unusable("csv.write", &error))?;
        }
        Ok(receipts)
    }
}

#[cfg(test)]
mod tests {
    use ml_connector::sync_engine::conformance::{Ground, sink};

    use super::*;

    #[tokio::test]
    async fn it_is_a_sink() {
        let folders = Mutex::new(Vec::new());
        let make = || {
            let folder = tempfile::tempdir().expect("a folder");
            let made = CsvSink::new(folder.path());
            folders.lock().unwrap_or_else(PoisonError::into_inner).push(folder);
            made
        };
        sink(make, &Ground { entity: Entity::from("Row"), field: FieldName::from("Content") }).await;
    }
}
