//! Queries whose answers are tables: one text for each field, as Bulk 2.0 writes them.

use super::output::Output;
use super::path::{Value, parent, value};
use super::{Query, Shape, View};
use crate::salesforce::record::Record;
use crate::salesforce::schema::{Column, Kind, Object};
use crate::salesforce::store::Store;

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) struct Flat {
    pub(crate) name: String,
    parents: Vec<Column>,
    column: Column,
}

impl Flat {
    /// The text in this column; empty for null.
    pub(crate) fn text(&self, store: &Store, record: &Record) -> String {
        let mut record = record;
        for reference in &self.parents {
            match parent(store, record, *reference) {
                Some(parent) => record = parent,
                None => return String::new(),
            }
        }
        match value(record, self.column) {
            Value::Null => String::new(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.to_owned(),
            Value::Moment(at) => at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            Value::Day(day) => day.to_string(),
        }
    }
}

/// The columns of a query.
///
/// # Errors
/// What tables cannot show, in the org's words.
pub(crate) fn flat(view: View<'_>, query: &Query) -> Result<Vec<Flat>, String> {
    let Shape::Rows(outputs) = &query.shape else {
        return Err("Aggregate Relationships not supported in Bulk Query".to_owned());
    };
    if query.offset > 0 {
        return Err("OFFSET is not supported in Bulk Query".to_owned());
    }
    let mut columns = Vec::new();
    let Some(object) = view.store.object(query.table) else { return Ok(columns) };
    collect(view, object, outputs, &(Vec::new(), String::new()), &mut columns)?;
    Ok(columns)
}

fn collect(
    view: View<'_>,
    object: &Object,
    outputs: &[Output],
    (parents, prefix): &(Vec<Column>, String),
    columns: &mut Vec<Flat>,
) -> Result<(), String> {
    for output in outputs {
        match output {
            Output::Column(column) if column.kind(object) == Kind::Address => {
                return Err("Selecting compound data not supported in Bulk Query".to_owned());
            }
            Output::Column(column) => columns.push(Flat {
                name: format!("{prefix}{}", column.name(object)),
                parents: parents.clone(),
                column: *column,
            }),
            Output::Wrapped { .. } => {
                return Err("Function-based fields are not supported in Bulk Query".to_owned());
            }
            Output::Children { .. } => {
                return Err("Aggregate Relationships not supported in Bulk Query".to_owned());
            }
            Output::Parent { name, reference, inner } => {
                let target = Column::reference(object, name).map_or("", |(.., target)| target);
                let behind = view.store.named(target).and_then(|place| view.store.object(place));
                let Some(behind) = behind else { continue };
                let mut parents = parents.clone();
                parents.push(*reference);
                collect(view, behind, inner, &(parents, format!("{prefix}{name}.")), columns)?;
            }
        }
    }
    Ok(())
}
