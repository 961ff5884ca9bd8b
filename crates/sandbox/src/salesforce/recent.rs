//! What a user worked on last, and how many records there are (REST API Developer Guide, "Recently Viewed
//! Items", "Record Count").

use std::cmp::Reverse;

use serde_json::{Value, json};
use wire::Request;

use super::call::Call;
use super::schema::Home;
use crate::door::parameter;

/// Most items of the list.
const MOST: usize = 200;

impl Call<'_> {
    /// The records that the user wrote last, newest first.
    pub(crate) fn recent(&self, request: &Request) -> Value {
        let wanted = parameter(request, "limit").and_then(|limit| limit.parse().ok()).unwrap_or(MOST);
        let tables = self.state.store.tables().iter().filter(|table| table.object.home == Home::Data);
        let records = tables.flat_map(super::store::Table::all);
        let mut mine: Vec<_> =
            records.filter(|record| !record.deleted && *record.modified_by == *self.user.id()).collect();
        mine.sort_by_key(|record| (Reverse(record.modified), Reverse(record.number)));
        let item = |record: &&std::sync::Arc<super::record::Record>| {
            let (object, id) = (&record.object.name, &record.id);
            let url = format!("/services/data/v{}/sobjects/{object}/{id}", self.version);
            let name = record.text("Name");
            json!({ "attributes": { "type": object, "url": url }, "Id": id, "Name": name })
        };
        mine.iter().take(wanted.min(MOST)).map(item).collect()
    }

    /// How many records the objects that are named have.
    pub(crate) fn record_counts(&self, request: &Request) -> Value {
        let named = parameter(request, "sObjects").unwrap_or_default();
        let wanted: Vec<&str> = named.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let tables = self.state.store.tables().iter().filter(|table| {
            let name = &table.object.name;
            table.object.home == Home::Data
                && (wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)))
        });
        let count = |table: &super::store::Table| {
            let living = table.all().filter(|record| !record.deleted).count();
            json!({ "count": living, "name": table.object.name })
        };
        json!({ "sObjects": tables.map(count).collect::<Vec<_>>() })
    }
}
