//! The tenant's own levers at the sandbox's door: what people do, from outside the process.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::json;
use wire::{Request, Response};

use super::row::Row;
use super::settings::IfsSwitches;
use super::tenant::IfsSandbox;
use crate::door::{complain, parameter, reply};

/// Edits of one call at most.
const MOST: usize = 100_000;

/// Answers a request at the door, if it is one of the tenant's.
pub(crate) fn pull(tenant: &IfsSandbox, request: &Request) -> Option<Response> {
    let path = request.uri().path().strip_prefix("/sandbox/")?;
    let done = match (request.method(), path) {
        (&Method::GET, "suppliers") => {
            json!(tenant.rows().iter().map(|row| texts(row)).collect::<Vec<_>>())
        }
        (_, "rows" | "edit" | "insert" | "remove" | "begin") if parameter(request, "unit").is_some() => {
            return Some(in_unit(tenant, request, path));
        }
        (&Method::GET, "switches") => json!(tenant.switches()),
        (&Method::POST, "edit") => {
            let chance = tenant.chance();
            let keys: Vec<_> = (0..count(request)).filter_map(|_| tenant.random_edit(&chance)).collect();
            json!({ "edited": keys })
        }
        (&Method::POST, "touch") => {
            let rows = tenant.rows();
            let keys: Vec<_> = rows.iter().take(count(request)).map(|row| row.key()).collect();
            let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
            json!({ "touched": tenant.edit_together(&keys, &[]) })
        }
        (&Method::POST, "begin") => {
            let chance = tenant.chance();
            let keys: Vec<_> = (0..count(request)).filter_map(|_| tenant.random_begin(&chance)).collect();
            json!({ "begun": keys })
        }
        (&Method::POST, "commit") => json!({ "committed": tenant.commit_open() }),
        (&Method::POST, "insert" | "remove") => return Some(by_key(tenant, request, path)),
        (&Method::POST, "switches") => match serde_json::from_slice::<IfsSwitches>(request.body()) {
            Ok(switches) => {
                tenant.switch(|all| *all = switches);
                json!({ "ok": true })
            }
            Err(error) => return Some(complain(StatusCode::BAD_REQUEST, &error.to_string())),
        },
        (&Method::POST, "revoke") => {
            tenant.revoke_tokens();
            json!({ "ok": true })
        }
        _ => return None,
    };
    Some(reply(StatusCode::OK, &done))
}

fn by_key(tenant: &IfsSandbox, request: &Request, path: &str) -> Response {
    let Some(key) = parameter(request, "key").filter(|key| !key.is_empty()) else {
        return complain(StatusCode::BAD_REQUEST, "say ?key=<supplier>");
    };
    if path == "remove" {
        return reply(StatusCode::OK, &json!({ "removed": tenant.remove(&key) }));
    }
    tenant.insert(&key, &[("Name", parameter(request, "name").as_deref()), ("Objstate", Some("Active"))]);
    reply(StatusCode::OK, &json!({ "inserted": key }))
}

/// What people do with rows of any logical unit; the body names columns and values.
fn in_unit(tenant: &IfsSandbox, request: &Request, path: &str) -> Response {
    let unit = parameter(request, "unit").unwrap_or_default();
    let key = parameter(request, "key").unwrap_or_default();
    let key: Vec<&str> = key.split('^').collect();
    let body = request.body();
    let empty = body.is_empty().then(BTreeMap::new);
    let values = empty.map_or_else(|| serde_json::from_slice::<BTreeMap<String, Option<String>>>(body), Ok);
    let values = match values {
        Ok(values) => values,
        Err(error) => return complain(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let changes: Vec<(&str, Option<&str>)> =
        values.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let done = match (request.method(), path) {
        (&Method::GET, "rows") if parameter(request, "key").is_some() => {
            json!(tenant.row_of(&unit, &key).map(|row| texts(&row)))
        }
        (&Method::GET, "rows") => {
            json!(tenant.rows_of(&unit).iter().map(|row| texts(row)).collect::<Vec<_>>())
        }
        (&Method::POST, "edit") => json!({ "edited": tenant.edit_of(&unit, &key, &changes) }),
        (&Method::POST, "insert") => json!({ "inserted": tenant.insert_of(&unit, &changes) }),
        (&Method::POST, "remove") => json!({ "removed": tenant.remove_of(&unit, &key) }),
        (&Method::POST, "begin") => json!({ "begun": tenant.begin_edit_of(&unit, &key, &changes) }),
        (method, _) => return complain(StatusCode::METHOD_NOT_ALLOWED, &format!("no {method} {path} here")),
    };
    reply(StatusCode::OK, &done)
}

fn count(request: &Request) -> usize {
    parameter(request, "count").and_then(|count| count.parse().ok()).unwrap_or(1).min(MOST)
}

fn texts(row: &Row) -> BTreeMap<&'static str, Option<String>> {
    row.entity().columns.iter().zip(&row.cells).map(|(column, cell)| (column.name, cell.text())).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::manual_clock::ManualClock;
    use crate::{ServerClock, ifs::IfsSettings};

    fn knock(tenant: &IfsSandbox, method: &str, path: &str, body: &'static str) -> Option<(u16, Value)> {
        let request = http::Request::builder().method(method).uri(path).body(body.into()).expect("request");
        let response = pull(tenant, &request)?;
        Some((response.status().as_u16(), serde_json::from_slice(response.body()).expect("json")))
    }

    #[test]
    fn people_work_through_the_door() {
        let clock = Arc::new(ManualClock::at("2030-01-01T00:00:00Z"));
        let settings = IfsSettings { suppliers: 50, ..IfsSettings::default() };
        let tenant = IfsSandbox::new(ServerClock::new(clock.clone()), settings);
        let changed = |second: i64| {
            let rows = tenant.rows();
            rows.iter().filter(|row| row.modified().is_some_and(|at| at.as_second() >= second)).count()
        };
        let start = 1_893_456_000;
        let (_, edited) = knock(&tenant, "POST", "/sandbox/edit?count=5", "").expect("a lever");
        assert_eq!(edited["edited"].as_array().map(Vec::len), Some(5));
        assert!((1..=5).contains(&changed(start)));

        clock.advance(Duration::from_mins(1));
        let touched = knock(&tenant, "POST", "/sandbox/touch?count=30", "");
        assert_eq!(touched, Some((200, json!({ "touched": 30 }))));
        assert_eq!(changed(start + 60), 30);

        clock.advance(Duration::from_mins(1));
        knock(&tenant, "POST", "/sandbox/begin?count=3", "").expect("a lever");
        assert_eq!(changed(start + 120), 0);
        clock.advance(Duration::from_mins(1));
        assert_eq!(knock(&tenant, "POST", "/sandbox/commit", ""), Some((200, json!({ "committed": 3 }))));
        assert_eq!((changed(start + 120), changed(start + 180)), (3, 0));

        knock(&tenant, "POST", "/sandbox/insert?key=N%201&name=Neu%20%26%20Co", "").expect("a lever");
        let (_, rows) = knock(&tenant, "GET", "/sandbox/suppliers", "").expect("a lever");
        assert_eq!((&rows[0]["SupplierId"], &rows[0]["Name"]), (&json!("N 1"), &json!("Neu & Co")));
        let removed = knock(&tenant, "POST", "/sandbox/remove?key=N%201", "");
        assert_eq!(removed, Some((200, json!({ "removed": true }))));
        assert_eq!(knock(&tenant, "POST", "/sandbox/remove", "").map(|(status, _)| status), Some(400));
    }

    #[test]
    fn people_work_in_every_unit() {
        let clock = ServerClock::new(Arc::new(ManualClock::at("2030-01-01T00:00:00Z")));
        let tenant = IfsSandbox::new(clock, IfsSettings { orders: 3, ..IfsSettings::default() });
        let pull = |method: &str, path: &str, body: &'static str| {
            knock(&tenant, method, &format!("/sandbox/{path}"), body).expect("a lever").1
        };
        let line = "unit=PurchaseOrderLine&key=100001%5E1%5E1";
        assert_eq!(
            pull("POST", &format!("edit?{line}"), r#"{"Description":null}"#),
            json!({ "edited": true })
        );
        let shown = pull("GET", &format!("rows?{line}"), "");
        assert_eq!((&shown["OrderNo"], &shown["Description"]), (&json!("100001"), &Value::Null));
        assert_eq!(shown["ModifiedDate"], json!("2030-01-01T00:00:00Z"));
        assert_eq!(pull("POST", &format!("begin?{line}"), ""), json!({ "begun": true }));
        assert_eq!(pull("POST", &format!("remove?{line}"), ""), json!({ "removed": false }));
        assert_eq!(pull("POST", "commit", ""), json!({ "committed": 1 }));
        let lines = pull("GET", "rows?unit=PurchaseOrderLine", "").as_array().map(Vec::len);
        assert_eq!(pull("POST", "remove?unit=PurchaseOrder&key=100001", ""), json!({ "removed": true }));
        assert!(pull("GET", "rows?unit=PurchaseOrderLine", "").as_array().map(Vec::len) < lines);
        let account = r#"{"Company":"10","Account":"9999","Description":"New"}"#;
        assert_eq!(pull("POST", "insert?unit=Account", account), json!({ "inserted": true }));
        assert_eq!(pull("GET", "rows?unit=Account&key=10%5E9999", "")["Description"], json!("New"));
        let invoice = "unit=PostingProposalHead&key=10%5E50001%5E1";
        let other = "unit=PostingProposalHead&key=20%5E50001%5E1";
        let found = [invoice, other].map(|key| pull("GET", &format!("rows?{key}"), "") != Value::Null);
        assert!(found[0] != found[1]);
        assert_eq!(pull("POST", "edit?unit=Nothing&key=1", ""), json!({ "edited": false }));
    }

    #[test]
    fn switches_are_replaced_as_a_whole() {
        let clock = ServerClock::new(Arc::new(ManualClock::at("2030-01-01T00:00:00Z")));
        let tenant = IfsSandbox::new(clock, IfsSettings { suppliers: 1, ..IfsSettings::default() });
        let body = r#"{"hidden":"Phone","retry_after":{"seconds":3}}"#;
        assert_eq!(knock(&tenant, "POST", "/sandbox/switches", body).map(|(status, _)| status), Some(200));
        let refused = knock(&tenant, "POST", "/sandbox/switches", r#"{"hiden":"Phone"}"#);
        assert_eq!(refused.map(|(status, _)| status), Some(400));
        let mut hidden = None;
        tenant.switch(|switches| hidden = switches.hidden.clone());
        assert_eq!(hidden.as_deref(), Some("Phone"));
        assert_eq!(knock(&tenant, "POST", "/sandbox/dance", ""), None);
    }
}
