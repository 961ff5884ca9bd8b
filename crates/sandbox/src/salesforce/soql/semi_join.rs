//! Queries within conditions: `Id IN (SELECT AccountId FROM Contact)`.

use super::condition::Operand;
use super::parser::{Parser, Scope};
use super::path::{Path, Value};
use super::select;
use super::tokens::{Token, malformed};
use crate::salesforce::problem::Problem;
use crate::salesforce::schema::{Column, Kind};

impl Parser<'_> {
    /// What a query within a condition finds: ids, of the kind of records that `outer` refers to.
    pub(super) fn joined(&mut self, outer: &Path) -> Result<Vec<Operand>, Problem> {
        let selected = self.at + 1;
        let query = self.query()?;
        let name = match self.tokens.get(selected) {
            Some(Token::Word(name)) => name.clone(),
            _ => return Err(self.unexpected()),
        };
        let scope = Scope { table: query.table, names: Vec::new() };
        let around = std::mem::replace(&mut self.scope, scope);
        let path = self.path(&name);
        let inner = path.as_ref().map(|path| self.refers_to(path)).unwrap_or_default();
        self.scope = around;
        let path = path?;
        if !matches!(path.kind, Kind::Id | Kind::Reference) {
            let message = format!("the inner select field '{}' must be an id", path.name);
            return Err(Problem::bad("MALFORMED_QUERY", message));
        }
        if !inner.iter().any(|object| self.refers_to(outer).contains(object)) {
            let message = format!(
                "The selected field '{}' in the subquery and the left operand field in the where expression in the \
                 outer query '{}' should point to the same object type",
                path.name, outer.name
            );
            return Err(malformed(&message));
        }
        let store = self.view.store;
        let found = select(store, &query, false);
        let ids = found.iter().filter_map(|record| match path.value(store, record) {
            Value::Text(id) => Some(Operand::Exact(id.to_owned())),
            _ => None,
        });
        Ok(ids.collect())
    }

    /// The objects whose ids a field holds.
    fn refers_to(&self, path: &Path) -> Vec<String> {
        let mut table = self.scope.table;
        for reference in &path.parents {
            let behind = self.view.store.object(table).map(|object| reference.targets(object));
            let target = behind.and_then(|targets| self.view.store.named(targets.first()?));
            let Some(target) = target else { return Vec::new() };
            table = target;
        }
        let Some(object) = self.view.store.object(table) else { return Vec::new() };
        match path.column {
            Column::Id => vec![object.name.clone()],
            column => column.targets(object),
        }
    }
}
