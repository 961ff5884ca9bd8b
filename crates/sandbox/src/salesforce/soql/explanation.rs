//! How a query would be run: `query?explain=…` (REST API Developer Guide, "Get Feedback on Query
//! Performance").

use serde_json::{Value, json};

use super::{Query, View};

/// The plan of a query.
pub(crate) fn explanation(view: View<'_>, query: &Query, text: &str) -> Value {
    let Some(table) = view.store.table(query.table) else { return json!({ "plans": [] }) };
    let all = table.all().filter(|record| !record.deleted).count();
    let lookup = query.condition.as_ref().and_then(|condition| condition.lookup(table));
    let plan = match lookup {
        Some((column, values)) => json!({
            "cardinality": values.len().min(all), "fields": [column.name(&table.object)],
            "leadingOperationType": "Index", "notes": [], "relativeCost": 0.1,
            "sobjectCardinality": all, "sobjectType": table.object.name,
        }),
        None => json!({
            "cardinality": all, "fields": [], "leadingOperationType": "TableScan", "notes": [],
            "relativeCost": 1.0, "sobjectCardinality": all, "sobjectType": table.object.name,
        }),
    };
    json!({ "plans": [plan], "sourceQuery": text })
}
