//! What a query would show, without running it: `query?q=…&columns=true`, which the Salesforce CLI asks for
//! before it draws a table.

use serde_json::{Value, json};

use super::aggregate::Cell;
use super::output::Output;
use super::{Query, Shape, View};
use crate::salesforce::schema::{Column, Kind, Object};

/// The columns of a query.
pub(crate) fn column_metadata(view: View<'_>, query: &Query) -> Value {
    let object = view.store.object(query.table);
    let columns = match (&query.shape, object) {
        (Shape::Rows(outputs), Some(object)) => outputs_of(view, object, outputs),
        (Shape::Groups(groups), _) => {
            let cell = |(name, cell): &(String, Cell)| {
                let shown = match cell {
                    Cell::Key(_) => name.clone(),
                    Cell::Size => "COUNT()".to_owned(),
                    Cell::Reckoned(function, path) => format!("{}({})", function.name(), path.name),
                };
                column((name, &shown), Kind::Text(255), (!matches!(cell, Cell::Key(_)), Vec::new()))
            };
            groups.cells.iter().map(cell).collect()
        }
        _ => Vec::new(),
    };
    let id = |output: &Output| matches!(output, Output::Column(Column::Id));
    let selects_id = matches!(&query.shape, Shape::Rows(outputs) if outputs.iter().any(id));
    json!({
        "columnMetadata": columns,
        "entityName": object.map_or("", |object| &object.name),
        "groupBy": matches!(query.shape, Shape::Groups(_)),
        "idSelected": selects_id,
        "keyPrefix": object.map_or("", |object| object.prefix),
    })
}

fn outputs_of(view: View<'_>, object: &Object, outputs: &[Output]) -> Vec<Value> {
    let behind = |table: Option<usize>, inner: &[Output]| {
        table.and_then(|table| view.store.object(table)).map(|object| outputs_of(view, object, inner))
    };
    let one = |output: &Output| match output {
        Output::Column(place) => {
            let name = place.name(object);
            column((name, name), place.kind(object), (false, Vec::new()))
        }
        Output::Wrapped { name, path, .. } => column((name, name), path.kind, (false, Vec::new())),
        Output::Parent { name, reference, inner } => {
            let target = reference.targets(object).first().and_then(|name| view.store.named(name));
            column((name, name), Kind::Reference, (false, behind(target, inner).unwrap_or_default()))
        }
        Output::Children { name, query, inner, .. } => {
            let inner = behind(Some(query.table), inner).unwrap_or_default();
            column((name, name), Kind::Reference, (true, inner))
        }
    };
    outputs.iter().map(one).collect()
}

/// One column: its names, and whether it is an aggregate, with the columns that it joins.
fn column((name, shown): (&str, &str), kind: Kind, (aggregate, joins): (bool, Vec<Value>)) -> Value {
    let apex = match kind {
        Kind::Id | Kind::Reference => "Id",
        Kind::Check => "Boolean",
        Kind::Whole(_) => "Integer",
        Kind::Date => "Date",
        Kind::Moment => "Datetime",
        kind if kind.is_number() => "Double",
        _ => "String",
    };
    json!({
        "aggregate": aggregate, "apexType": apex, "booleanType": kind == Kind::Check, "columnName": name,
        "custom": name.ends_with("__c"), "displayName": shown, "foreignKeyName": null, "insertable": true,
        "joinColumns": joins, "numberType": kind.is_number(), "textType": kind.is_text(), "updatable": true,
    })
}
