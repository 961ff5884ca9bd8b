//! Mappers that an embedding program brings along, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use mapping::Mapper;

/// Mappers by the name that `mapping = { custom = "name" }` refers to.
#[derive(Debug, Clone, Default)]
pub struct Mappers(BTreeMap<String, Arc<dyn Mapper>>);

impl Mappers {
    /// Registers `mapper` under `name`; a later one replaces an earlier one.
    pub fn insert(&mut self, name: impl Into<String>, mapper: Arc<dyn Mapper>) {
        self.0.insert(name.into(), mapper);
    }

    /// The mapper of this name.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Mapper>> {
        self.0.get(name).cloned()
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
