//! The names of a record's fields, in their order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{FieldName, Fields, Value};

/// The names of fields in their order, each once.
///
/// Thousands of records of one kind have the same: they share them, so that a record holds no more
/// than its values, and two records of one kind are known to be so at a glance.
#[derive(Debug, Clone, Default, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldNames(Arc<Vec<FieldName>>);

impl FieldNames {
    /// These names, which are known to be distinct: nobody compares each with all others.
    pub fn distinct(names: Vec<FieldName>) -> Self {
        debug_assert!(
            names.iter().collect::<std::collections::BTreeSet<_>>().len() == names.len(),
            "a name occurs twice"
        );
        Self(Arc::new(names))
    }

    /// Fields of these names; `None` unless there is one value for each.
    ///
    /// ```
    /// use mapping::{FieldName, FieldNames, Value};
    /// let names = FieldNames::distinct(vec![FieldName::from("City"), FieldName::from("Fax")]);
    /// let fields = names.fill(vec![Value::text("Lund"), Value::Null]).ok_or("one value each")?;
    /// assert_eq!(fields.get("City").and_then(Value::as_text), Some("Lund"));
    /// assert!(names.fill(Vec::new()).is_none());
    /// # Ok::<(), &str>(())
    /// ```
    pub fn fill(&self, values: Vec<Value>) -> Option<Fields> {
        (values.len() == self.len()).then(|| Fields::joined(self.clone(), values))
    }

    /// The names in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &FieldName> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a name stands.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known.as_str() == name)
    }

    /// Adds a name that is not there yet.
    pub(crate) fn push(&mut self, name: FieldName) {
        Arc::make_mut(&mut self.0).push(name);
    }
}

impl PartialEq for FieldNames {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}
