//! What a reader of a source keeps, for tests: deduplicated by version, and checked while it grows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mapping::{Change, Key, Value, Version};
use sync_engine::{Cursor, Observation, Page, Source};

use crate::cursor::{State, Walk};
use crate::entity_settings::EntitySettings;
use crate::fake_ifs::{BASE, FakeIfs, World};
use crate::field::{FieldKind, FieldSpec};
use crate::settings::IfsSettings;
use crate::{IfsSource, supplier};

/// The overlap of these tests, in seconds.
pub(crate) const W: i64 = 120;

pub(crate) fn settings(page_size: u32) -> EntitySettings {
    EntitySettings {
        page_size,
        overlap: Duration::from_mins(2),
        fields: vec![
            FieldSpec::new("SupplierId", FieldKind::Text),
            FieldSpec::new("Name", FieldKind::Text),
            FieldSpec::new("ModifiedDate", FieldKind::Timestamp),
        ],
        ..supplier::settings()
    }
}

pub(crate) fn source(fake: &Arc<FakeIfs>, page_size: u32) -> IfsSource {
    source_of(fake, settings(page_size))
}

pub(crate) fn source_of(fake: &Arc<FakeIfs>, settings: EntitySettings) -> IfsSource {
    let tenant = IfsSettings::new("https://acme.example".parse().unwrap());
    IfsSource::new(fake.clone(), fake.clone(), &tenant, settings).unwrap()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn fake(world: World) -> Arc<FakeIfs> {
    Arc::new(FakeIfs(world.into()))
}

/// What was read so far, deduplicated by version as the engine does.
#[derive(Default)]
pub(crate) struct Replica {
    pub(crate) rows: BTreeMap<Key, (Version, u32)>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) hwm: Option<jiff::Timestamp>,
    pub(crate) pulls: usize,
}

impl Replica {
    /// Takes a page; returns how many rows were new.
    pub(crate) fn take(&mut self, page: Page) -> Result<usize, String> {
        let mut fresh = 0;
        for observation in page.observations {
            let Observation::Change(Change::Put(record)) = observation else {
                return Err(format!("not a record: {observation:?}"));
            };
            let Some(Value::Text(name)) = record.fields.get("Name") else { return Err("no name".into()) };
            let edit: u32 = name.trim_start_matches("edit ").parse().unwrap();
            let known = self.rows.insert(record.key.clone(), (record.version.clone(), edit));
            match known {
                Some((version, _)) if version == record.version => {}
                // X3
                Some((_, older)) if older > edit => return Err(format!("{} went back", record.key)),
                _ => fresh += 1,
            }
        }
        self.cursor = Some(page.cursor);
        Ok(fresh)
    }

    /// Reads until there is no more; every `crash`-th page is lost before it is kept (X5).
    pub(crate) fn run(&mut self, source: &IfsSource, fake: &FakeIfs, crash: usize) -> Result<usize, String> {
        let mut fresh = 0;
        // X7: pages, repeated ones included, are far fewer than this.
        for _ in 0..20_000 {
            let page = block_on(source.pull(self.cursor.as_ref())).map_err(|error| error.to_string())?;
            self.pulls += 1;
            if crash > 0 && self.pulls.is_multiple_of(crash) {
                continue;
            }
            let more = page.more;
            fresh += self.take(page)?;
            self.check_mark(fake)?;
            if !more {
                return Ok(fresh);
            }
        }
        Err("X7: a run does not end".into())
    }

    /// X4: the high-water mark never moves back, and never passes the server's clock less the lag.
    fn check_mark(&mut self, fake: &FakeIfs) -> Result<(), String> {
        let state: State = serde_json::from_str(&self.cursor.as_ref().unwrap().0).unwrap();
        let Walk::Resting { hwm } = state.walk else { return Ok(()) };
        let limit = jiff::Timestamp::from_second(BASE + fake.0.lock().unwrap().now - 2).unwrap();
        if hwm < self.hwm || hwm.is_some_and(|hwm| hwm > limit) {
            return Err(format!("X4: the mark moved from {:?} to {hwm:?}", self.hwm));
        }
        self.hwm = hwm;
        Ok(())
    }

    pub(crate) fn compare(&self, fake: &FakeIfs) -> Result<(), String> {
        for (key, row) in &fake.0.lock().unwrap().rows {
            match self.rows.get(key.as_str()) {
                Some((_, edit)) if *edit == row.edit => {}
                other => return Err(format!("{key} has edit {}, the replica {other:?}", row.edit)),
            }
        }
        Ok(())
    }
}
