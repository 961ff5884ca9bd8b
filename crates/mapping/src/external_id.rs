//! How an external id is made of fields.

use crate::MapError;
use crate::origin::Joined;
use crate::scope::Scope;

/// How an external id is made, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct IdRule {
    pub(crate) id: Joined,
    /// Taken when all fields of `id` are empty.
    pub(crate) fallback: Option<Joined>,
    /// The line of the file that it stands in.
    pub(crate) line: usize,
}

impl IdRule {
    /// The external id.
    pub(crate) fn make(&self, scope: Scope<'_>) -> Result<String, MapError> {
        let rule = self.fallback.as_ref().filter(|_| self.id.is_empty(scope)).unwrap_or(&self.id);
        rule.of_all(scope).map_err(|empty| {
            let hint = "a record without its key cannot be told from others; look at it in the source";
            MapError::new(empty, "the external id needs it and it is empty").hint(hint)
        })
    }

    /// The source fields it looks at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &String> {
        self.id.fields.iter().chain(self.fallback.iter().flat_map(|fallback| &fallback.fields))
    }
}
