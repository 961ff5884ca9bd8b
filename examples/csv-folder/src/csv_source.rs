//! A CSV file as a source.

use std::path::PathBuf;

use async_trait::async_trait;
use ml_connector::mapping::{Change, Entity, Fields, Key, Record, Value, Version};
use ml_connector::sync_engine::{
    Cursor, Fault, FaultClass, Observation, Page, Source, SourceError, Unreadable,
};
use serde::{Deserialize, Serialize};

use crate::table::{Row, Table, TableError, fault};

/// A CSV file as a source of records: texts by column, empty ones null.
///
/// A file does not say what changed. So every walk reads all of it; a finished walk starts over, and the
/// engine leaves out what it knows by version.
#[derive(Debug, Clone)]
pub struct CsvSource {
    folder: PathBuf,
    entity: Entity,
    page: usize,
}

/// Where a walk is: behind which key of which file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    csv: String,
    after: Option<String>,
}

impl CsvSource {
    /// The records of `<entity>.csv` in `folder`, so many a page.
    pub fn new(folder: impl Into<PathBuf>, entity: Entity, page: usize) -> Self {
        Self { folder: folder.into(), entity, page: page.max(1) }
    }

    fn table(&self) -> Result<Table, TableError> {
        Table::read(&self.folder.join(format!("{}.csv", self.entity)))
    }

    fn observe(&self, key: &str, row: &Row) -> Observation {
        match row {
            Row::Good(values) => {
                let value =
                    |text: &String| if text.trim().is_empty() { Value::Null } else { Value::text(text) };
                let fields: Fields =
                    values.iter().map(|(column, text)| (column.as_str().into(), value(text))).collect();
                let (entity, version) = (self.entity.clone(), Version::from(row.digest()));
                Observation::Change(Change::Put(Record { entity, key: Key::from(key), version, fields }))
            }
            Row::Ragged(raw) => {
                let fault = Fault {
                    class: FaultClass::Data,
                    code: "RAGGED_ROW".into(),
                    message: "the row does not have as many values as there are columns".into(),
                    fields: Vec::new(),
                    hint: Some("look for a missing comma or quote in the row".into()),
                };
                Observation::Unreadable(Unreadable { key: Key::from(key), fault, raw: raw.clone() })
            }
        }
    }

    /// The key behind which a cursor of ours leads.
    fn after(&self, cursor: &Cursor) -> Result<Option<String>, String> {
        match serde_json::from_str::<Place>(&cursor.0) {
            Ok(place) if place.csv == self.entity.as_str() => Ok(place.after),
            _ => Err(format!("the cursor {} is not one of {}.csv", cursor.0, self.entity)),
        }
    }
}

fn unreadable(error: &TableError) -> SourceError {
    SourceError::Failed { operation: "csv.read".into(), fault: fault(error) }
}

#[async_trait]
impl Source for CsvSource {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        let after = cursor.map(|cursor| self.after(cursor)).transpose();
        let after = after.map_err(|reason| SourceError::CursorExpired { reason })?.flatten();
        let table = self.table().map_err(|error| unreadable(&error))?;
        let behind = |key: &&String| after.as_ref().is_none_or(|after| *key > after);
        let keys: Vec<&String> = table.rows.keys().filter(behind).collect();
        let more = keys.len() > self.page;
        let page: Vec<&String> = keys.into_iter().take(self.page).collect();
        let last = page.last().filter(|_| more).map(|key| (*key).clone());
        let observe = |key: &&String| table.rows.get(*key).map(|row| self.observe(key, row));
        let place = Place { csv: self.entity.to_string(), after: last };
        let cursor = serde_json::to_string(&place).unwrap_or_default();
        Ok(Page {
            observations: page.iter().filter_map(observe).collect(),
            cursor: Cursor(cursor),
            more,
            evidence: None,
            total: Some(table.rows.len() as u64),
        })
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        let table = self.table().map_err(|error| unreadable(&error))?;
        let one = |key: &Key| table.rows.get(key.as_str()).map(|row| self.observe(key.as_str(), row));
        Ok(keys.iter().map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use ml_connector::sync_engine::conformance::{SourceBench, source};
    use tempfile::TempDir;

    use super::*;

    /// A folder whose file the suite changes.
    #[derive(Debug, Clone)]
    struct Bench(Arc<TempDir>);

    impl Bench {
        fn file(&self) -> PathBuf {
            self.0.path().join("Row.csv")
        }
    }

    #[async_trait]
    impl SourceBench for Bench {
        fn source(&self) -> Box<dyn Source> {
            Box::new(CsvSource::new(self.0.path(), Entity::from("Row"), 10))
        }

        async fn put(&self, key: &str, content: &str) {
            let mut table = Table::read(&self.file()).expect("readable");
            table.columns = ["Id", "Content"].map(str::to_owned).into();
            let values =
                [("Id", key), ("Content", content)].map(|(name, text)| (name.to_owned(), text.to_owned()));
            table.rows.insert(key.to_owned(), Row::Good(values.into()));
            table.write(&self.file()).expect("writable");
        }

        async fn spoil(&self, key: &str) -> bool {
            let text = fs::read_to_string(self.file()).expect("readable");
            let spoilt = |line: &str| if line.starts_with(key) { key.to_owned() } else { line.to_owned() };
            let lines: Vec<String> = text.lines().map(spoilt).collect();
            fs::write(self.file(), lines.join("\n")).expect("writable");
            true
        }
    }

    #[tokio::test]
    async fn it_is_a_source() {
        source(|| Bench(Arc::new(tempfile::tempdir().expect("a folder")))).await;
    }
}
