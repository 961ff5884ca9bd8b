//! The org's side of the door for whoever runs the experiment.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use wire::{Request, Response};

use super::changes::Change;
use super::org::SalesforceSandbox;
use super::record::{Record, stamp};
use crate::door::{complain, parameter, reply};

impl SalesforceSandbox {
    /// Answers at the door, if it knows the call.
    pub(crate) fn at_the_door(&self, request: &Request) -> Option<Response> {
        let path = request.uri().path().strip_prefix("/sandbox/")?;
        Some(match (request.method(), path) {
            (&Method::GET, "accounts") => self.show("Account"),
            (&Method::GET, "records") => self.show(&parameter(request, "object").unwrap_or_default()),
            (&Method::GET, "changes") => self.show_changes(request),
            (&Method::POST, "merge") => self.merge_at_the_door(request),
            (&Method::POST, "purge") => self.each(request, "purged", |id| self.human_purge(id)),
            (&Method::GET, "effects") => self.show_effects(request),
            (&Method::POST, "edit") => {
                let field = parameter(request, "field").unwrap_or_default();
                let value = parameter(request, "value");
                self.each(request, "edited", |id| self.human_edit(id, &field, value.as_deref()))
            }
            (&Method::POST, "insert") => self.insert_at_the_door(request),
            (&Method::POST, "delete") => self.each(request, "deleted", |id| self.human_delete(id)),
            (&Method::POST, "undelete") => self.each(request, "undeleted", |id| self.human_undelete(id)),
            (&Method::GET, "switches") => reply(StatusCode::OK, &self.switches()),
            (&Method::POST, "switches") => self.switch_at_the_door(request),
            (&Method::POST, "expire-sessions") => {
                self.expire_sessions();
                reply(StatusCode::OK, &json!({ "ok": true }))
            }
            (&Method::POST, "end-streams") => {
                self.end_streams();
                reply(StatusCode::OK, &json!({ "ok": true }))
            }
            (&Method::POST, "expire-cursors") => {
                self.expire_cursors();
                reply(StatusCode::OK, &json!({ "ok": true }))
            }
            _ => return None,
        })
    }

    /// Does something to the record named by `id` or to all living ones with the external id `key`.
    fn each(&self, request: &Request, done: &str, act: impl Fn(&str) -> bool) -> Response {
        let ids: Vec<String> = match (parameter(request, "id"), parameter(request, "key")) {
            (Some(id), _) => vec![id],
            (None, Some(key)) => self.by_key(&key).iter().map(|record| record.id.clone()).collect(),
            (None, None) => return complain(StatusCode::BAD_REQUEST, "say ?id=<id> or ?key=<external id>"),
        };
        let count = ids.iter().filter(|id| act(id)).count();
        reply(StatusCode::OK, &json!({ done: count }))
    }

    fn insert_at_the_door(&self, request: &Request) -> Response {
        match serde_json::from_slice::<BTreeMap<String, String>>(request.body()) {
            Err(error) => complain(StatusCode::BAD_REQUEST, &error.to_string()),
            Ok(values) => {
                let values: Vec<(&str, &str)> =
                    values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                match parameter(request, "object").map(|object| self.human_create(&object, &values)) {
                    None => reply(StatusCode::OK, &json!({ "id": self.human_insert(&values) })),
                    Some(Ok(id)) => reply(StatusCode::OK, &json!({ "id": id })),
                    Some(Err(problem)) => complain(StatusCode::BAD_REQUEST, &problem),
                }
            }
        }
    }

    /// Changes the switches that are named, and leaves the others.
    fn switch_at_the_door(&self, request: &Request) -> Response {
        let changed = serde_json::from_slice::<Map<String, Value>>(request.body()).and_then(|changes| {
            let mut all: Map<String, Value> = serde_json::from_value(serde_json::to_value(self.switches())?)?;
            all.extend(changes);
            serde_json::from_value(Value::Object(all))
        });
        match changed {
            Err(error) => complain(StatusCode::BAD_REQUEST, &error.to_string()),
            Ok(changed) => {
                self.switch(|switches| *switches = changed);
                reply(StatusCode::OK, &self.switches())
            }
        }
    }

    fn show(&self, object: &str) -> Response {
        reply(StatusCode::OK, &self.records(object).iter().map(|record| shown(record)).collect::<Vec<_>>())
    }

    fn merge_at_the_door(&self, request: &Request) -> Response {
        let [winner, losers] = ["winner", "losers"].map(|name| parameter(request, name).unwrap_or_default());
        let losers: Vec<&str> = losers.split(',').filter(|id| !id.is_empty()).collect();
        match self.human_merge(&winner, &losers) {
            Ok(()) => reply(StatusCode::OK, &json!({ "merged": losers.len() })),
            Err(problem) => complain(StatusCode::BAD_REQUEST, &problem),
        }
    }

    fn show_changes(&self, request: &Request) -> Response {
        let after = parameter(request, "after").and_then(|after| after.parse().ok()).unwrap_or(0);
        let line = |change: &Change| {
            json!({
                "number": change.number, "at": change.at.to_string(), "kind": format!("{:?}", change.kind),
                "commit": change.commit, "sequence": change.sequence, "user": *change.user,
                "origin": *change.origin, "object": change.after.object_name(), "id": change.after.id,
                "fields": change.fields(),
            })
        };
        reply(StatusCode::OK, &self.changes_after(after).iter().map(line).collect::<Vec<_>>())
    }

    fn show_effects(&self, request: &Request) -> Response {
        let from = parameter(request, "from").and_then(|from| from.parse().ok()).unwrap_or(1);
        let effects = self.effects_from(from);
        let line = |effect: &super::record::Effect| {
            json!({
                "number": effect.number, "at": effect.at.to_string(), "created": effect.created,
                "changed": effect.changed, "after": shown(&effect.after),
            })
        };
        reply(StatusCode::OK, &effects.iter().map(line).collect::<Vec<_>>())
    }
}

fn shown(record: &Record) -> BTreeMap<&str, Value> {
    let mut fields: BTreeMap<&str, Value> =
        record.fields().into_iter().map(|(name, value)| (name, json!(value))).collect();
    fields.insert("Id", json!(record.id));
    fields.insert("IsDeleted", json!(record.deleted));
    fields.insert("CreatedDate", json!(stamp(record.created)));
    fields.insert("LastModifiedDate", json!(stamp(record.modified)));
    fields
}
