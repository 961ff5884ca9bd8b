//! The schemas that events named so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::events::{EventFailure, EventFailureClass, EventLine, EventSchema};

/// Most schemas that are kept: an object has a new one whenever its fields change.
const MOST: usize = 256;
/// So often a schema is asked for before its events count as unreadable.
const TRIES: u32 = 3;

/// Schemas by id. They never change: another schema has another id.
#[derive(Debug, Default)]
pub(crate) struct SchemaShelf {
    known: BTreeMap<String, Arc<EventSchema>>,
    failed: BTreeMap<String, u32>,
}

/// Why a schema is not there.
#[derive(Debug)]
pub(crate) enum NoSchema {
    /// Trying again later may help.
    Yet(EventFailure),
    /// Its events cannot be read.
    Ever(String),
}

impl SchemaShelf {
    /// The schema with this id.
    pub(crate) async fn get(&mut self, line: &EventLine, id: &str) -> Result<Arc<EventSchema>, NoSchema> {
        if let Some(schema) = self.known.get(id) {
            return Ok(schema.clone());
        }
        match line.schema(id).await {
            Ok(schema) => {
                if self.known.len() >= MOST {
                    self.known.pop_first();
                }
                self.failed.remove(id);
                let schema = Arc::new(schema);
                self.known.insert(id.to_owned(), schema.clone());
                Ok(schema)
            }
            Err(failure) => {
                if self.failed.len() >= MOST {
                    self.failed.pop_first();
                }
                let tries = self.failed.entry(id.to_owned()).or_default();
                *tries += 1;
                if failure.class == EventFailureClass::Malformed || *tries >= TRIES {
                    return Err(NoSchema::Ever(failure.to_string()));
                }
                Err(NoSchema::Yet(failure))
            }
        }
    }
}
