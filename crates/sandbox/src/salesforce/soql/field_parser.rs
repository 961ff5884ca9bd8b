//! Fields in a query: over relationships, as labels, as parts of dates.

use super::date_part::DatePart;
use super::localized::Wrapping;
use super::parser::Parser;
use super::path::Path;
use super::tokens::malformed;
use crate::salesforce::problem::Problem;
use crate::salesforce::schema::{Column, Flag};

/// Most references on the way to a field (SOQL and SOSL Reference, "Understanding Relationship
/// Query Limitations").
const STEPS: usize = 5;

impl Parser<'_> {
    /// A field by its name, over relationships.
    pub(super) fn path(&self, name: &str) -> Result<Path, Problem> {
        let mut steps: Vec<&str> = name.split('.').collect();
        let own = steps.first().is_some_and(|first| {
            steps.len() > 1 && self.scope.names.iter().any(|name| name.eq_ignore_ascii_case(first))
        });
        if own {
            steps.remove(0);
        }
        let last = steps.pop().unwrap_or_default();
        if steps.len() > STEPS {
            return Err(malformed(&format!("{name}: more than five relationships on the way to a field")));
        }
        let missing = Problem::not_found;
        let mut object = self.view.store.object(self.scope.table).ok_or_else(missing)?;
        let (mut parents, mut spelled) = (Vec::new(), String::new());
        for step in steps {
            let (column, relationship, target) =
                Column::reference(object, step).ok_or_else(|| Problem::no_relationship(step))?;
            if !self.view.sees(object, column) {
                return Err(Problem::no_relationship(step));
            }
            parents.push(column);
            spelled.push_str(relationship);
            spelled.push('.');
            let table = self.view.store.named(target).ok_or_else(missing)?;
            object = self.view.store.object(table).ok_or_else(missing)?;
        }
        let column = self.view.column(object, last)?;
        spelled.push_str(column.name(object));
        let exact = match column {
            Column::Own(place) => object.field(place).is_some_and(|field| {
                field.is(Flag::Exact) || field.is(Flag::ExternalId) && self.view.switches.case_sensitive
            }),
            _ => false,
        };
        Ok(Path { parents, column, kind: column.kind(object), name: spelled, exact, part: None })
    }

    /// A field to filter, sort or group by.
    pub(super) fn usable(&mut self, how: &str) -> Result<Path, Problem> {
        let path = self.reckoned_path()?;
        if path.kind.is_filterable() {
            return Ok(path);
        }
        let message = format!("field '{}' can not be {how} in a query call", path.name);
        Err(Problem::bad("INVALID_FIELD", message))
    }

    /// A field, a label, or a part of a date.
    fn reckoned_path(&mut self) -> Result<Path, Problem> {
        let name = self.word()?;
        if !self.eat_sign("(") {
            return self.path(&name);
        }
        if let Some(part) = DatePart::named(&name) {
            return self.part(part, &name);
        }
        if !Wrapping::is_one(&name) {
            return Err(malformed(&format!("unexpected token: '{name}'")));
        }
        let inner = self.word()?;
        self.expect_sign(")")?;
        self.path(&inner)
    }

    /// What is taken from a date, behind the parenthesis; the time zone is UTC in any case.
    pub(super) fn part(&mut self, part: DatePart, function: &str) -> Result<Path, Problem> {
        let mut name = self.word()?;
        let zoned = name.eq_ignore_ascii_case("CONVERTTIMEZONE") && self.eat_sign("(");
        if zoned {
            name = self.word()?;
            self.expect_sign(")")?;
        }
        self.expect_sign(")")?;
        let path = self.path(&name)?;
        if !part.fits(path.kind) {
            let message = format!("field {} does not support function {function}", path.name);
            return Err(malformed(&message));
        }
        let name = format!("{}({})", function.to_ascii_uppercase(), path.name);
        Ok(Path { part: Some(part), kind: part.kind(), name, exact: false, ..path })
    }
}
