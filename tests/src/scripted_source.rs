//! A source whose rows are set by the test, read in pages by key.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use mapping::{Change, Entity, Fields, Key, Record, Value, Version};
use sync_engine::{Cursor, Fault, FaultClass, Observation, Page, Source, SourceError, Unreadable};

/// Rows by key; every pull walks all of them, in pages, from the cursor's key on.
#[derive(Debug)]
pub struct ScriptedSource {
    rows: Mutex<BTreeMap<String, Row>>,
    page: usize,
    name: Mutex<Option<String>>,
}

#[derive(Debug, Clone)]
enum Row {
    Good(String),
    Bad(String),
}

impl ScriptedSource {
    /// A source with `count` rows `K000…`, named `name 0…`, `page` a page.
    pub fn new(count: usize, page: usize) -> Self {
        let rows = (0..count).map(|n| (format!("K{n:03}"), Row::Good(format!("name {n}")))).collect();
        Self { rows: Mutex::new(rows), page, name: Mutex::default() }
    }

    /// Sets the name of a row.
    pub fn set(&self, key: &str, name: &str) {
        self.lock().insert(key.into(), Row::Good(name.into()));
    }

    /// Makes a row unreadable.
    pub fn spoil(&self, key: &str, raw: &str) {
        self.lock().insert(key.into(), Row::Bad(raw.into()));
    }

    /// From now on it says that it is this system.
    pub fn call_itself(&self, name: &str) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = Some(name.into());
    }

    /// Removes a row.
    pub fn remove(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn observe(key: &str, row: &Row) -> Observation {
    match row {
        Row::Good(name) => {
            let mut fields = Fields::new();
            fields.set("Id", Value::text(key));
            fields.set("Name", Value::text(name));
            let version = Version::from(format!("v:{name}"));
            let record = Record { entity: Entity::from("Row"), key: Key::from(key), version, fields };
            Observation::Change(Change::Put(record))
        }
        Row::Bad(raw) => {
            let fault = Fault {
                class: FaultClass::Data,
                code: "UNREADABLE_ROW".into(),
                message: "not a row".into(),
                fields: vec![],
                hint: None,
            };
            Observation::Unreadable(Unreadable { key: Key::from(key), fault, raw: raw.clone() })
        }
    }
}

#[async_trait]
impl Source for ScriptedSource {
    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page, SourceError> {
        let rows = self.lock();
        let after = cursor.map_or("", |cursor| cursor.0.as_str());
        if after == "expired" {
            return Err(SourceError::CursorExpired { reason: "the test says so".into() });
        }
        let rest: Vec<_> = rows.iter().filter(|(key, _)| key.as_str() > after).collect();
        let more = rest.len() > self.page;
        let page: Vec<_> = rest.into_iter().take(self.page).collect();
        // A finished walk starts over, so that each run sees everything again.
        let last = page.last().map(|(key, _)| (*key).clone()).filter(|_| more).unwrap_or_default();
        Ok(Page {
            observations: page.into_iter().map(|(key, row)| observe(key, row)).collect(),
            cursor: Cursor(last),
            more,
            evidence: None,
            total: Some(rows.len() as u64),
        })
    }

    async fn fetch(&self, keys: &[Key]) -> Result<Vec<Option<Observation>>, SourceError> {
        let rows = self.lock();
        Ok(keys.iter().map(|key| rows.get(key.as_str()).map(|row| observe(key.as_str(), row))).collect())
    }

    async fn fingerprint(&self) -> Result<Option<String>, SourceError> {
        Ok(self.name.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
