//! What a rule can look at.

use crate::{Fields, Value};

/// Stands before the name of a field of the record that a child belongs to.
const PARENT: &str = "parent.";

/// What a rule can look at: a record's fields and, for a child record, those of the record that it
/// belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    own: &'a Fields,
    parent: Option<&'a Fields>,
}

impl<'a> Scope<'a> {
    /// A record by itself.
    pub(crate) fn of(own: &'a Fields) -> Self {
        Self { own, parent: None }
    }

    /// A child of the record of this scope.
    pub(crate) fn child(self, own: &'a Fields) -> Self {
        Self { own, parent: Some(self.own) }
    }

    /// A field; `parent.` before its name leads to the record that a child belongs to.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        if let Some(parent) = self.parent
            && let Some(name) = name.strip_prefix(PARENT)
        {
            return parent.get(name);
        }
        self.own.get(name)
    }
}

/// The name in the record that a child belongs to, if it leads there.
pub(crate) fn of_parent(name: &str) -> Option<&str> {
    name.strip_prefix(PARENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldName;

    #[test]
    fn children_see_their_own_fields_and_their_parents() {
        let fields =
            |text: &str| -> Fields { [(FieldName::from("A"), Value::text(text))].into_iter().collect() };
        let (parent, child) = (fields("parent's"), fields("child's"));
        let scope = Scope::of(&parent);
        let below = scope.child(&child);
        assert_eq!(below.get("A").and_then(Value::as_text), Some("child's"));
        assert_eq!(below.get("parent.A").and_then(Value::as_text), Some("parent's"));
        assert_eq!((scope.get("parent.A"), below.get("parent.B")), (None, None));
    }
}
