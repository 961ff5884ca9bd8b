//! SOQL: queries as clients and ordinary users write them.

mod aggregate;
mod column_metadata;
mod condition;
mod date_literal;
mod date_part;
mod explanation;
mod field_parser;
mod flat;
mod like;
mod literal;
mod localized;
mod location;
mod output;
mod parser;
#[cfg(test)]
mod parser_tests;
mod path;
mod selection;
mod selector;
mod semi_join;
mod tokens;

pub(crate) use aggregate::Groups;
pub(crate) use column_metadata::column_metadata;
pub(crate) use explanation::explanation;
pub(crate) use flat::{Flat, flat};
pub(crate) use output::{Output, write_record};
pub(crate) use parser::parse;
pub(crate) use selection::select;

use condition::Condition;
use path::Path;

use super::problem::Problem;
use super::schema::{Column, Object, Users};
use super::store::Store;
use super::switches::SalesforceSwitches;

/// What the user of the API sees of the org.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) store: &'a Store,
    pub(crate) switches: &'a SalesforceSwitches,
    pub(crate) user: Users,
    pub(crate) now: jiff::Timestamp,
    /// Whether objects of the Tooling API are seen.
    pub(crate) tooling: bool,
}

impl View<'_> {
    /// The place of an object by name.
    pub(crate) fn table(&self, name: &str) -> Result<usize, Problem> {
        let place = self.store.named(name);
        let seen = place.filter(|place| {
            self.store.object(*place).is_some_and(|object| self.tooling || !object.is_tooling())
        });
        seen.ok_or_else(|| Problem::no_object(name))
    }

    /// A field by name.
    pub(crate) fn column(&self, object: &Object, name: &str) -> Result<Column, Problem> {
        Column::named(object, name)
            .filter(|column| self.sees(object, *column))
            .ok_or_else(|| Problem::no_column(name, &object.name))
    }

    /// Whether the user sees a field.
    pub(crate) fn sees(&self, object: &Object, column: Column) -> bool {
        match column {
            Column::Own(place) => object.field(place).is_some_and(|field| {
                field.readers & self.user != 0 && !self.switches.hides(&object.name, &field.name)
            }),
            _ => true,
        }
    }
}

/// A query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) table: usize,
    pub(crate) shape: Shape,
    condition: Option<Condition>,
    order: Vec<Order>,
    limit: Option<usize>,
    offset: usize,
}

/// What a query answers with.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// `COUNT()`: a number.
    Count,
    Rows(Vec<Output>),
    Groups(Groups),
}

#[derive(Debug, Clone)]
struct Order {
    path: Path,
    descending: bool,
    nulls_last: bool,
}
