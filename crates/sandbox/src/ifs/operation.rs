//! Actions and functions: state events of a row, and calls of a projection.

use http::StatusCode;
use serde_json::{Value, json};
use wire::Response;

use super::address::{Address, Segment};
use super::apply::split;
use super::body::{database, members, unreadable};
use super::cell::Cell;
use super::database::Database;
use super::problem::{Problem, json_response};
use super::resource::{Spot, absent};
use super::row::Row;
use super::schema::{CUSTOMER_INFO, CUSTOMER_VIEW, Service};
use super::tokens::{Token, tokens};
use super::view::View;
use super::write::Writing;

/// A state event: its name, from which states it leads, and to which.
struct Event {
    name: &'static str,
    from: &'static [&'static str],
    to: &'static str,
}

const ORDER_EVENTS: &[Event] = &[
    Event { name: "Release", from: &["Planned", "Stopped"], to: "Released" },
    Event { name: "Confirm", from: &["Released"], to: "Confirmed" },
    Event { name: "Stop", from: &["Released", "Confirmed"], to: "Stopped" },
    Event { name: "Close", from: &["Received", "Arrived", "Confirmed"], to: "Closed" },
    Event { name: "Cancel", from: &["Planned", "Released", "Confirmed", "Stopped"], to: "Cancelled" },
];

fn events(view: &View) -> &'static [Event] {
    if view.name == "PurchaseOrder" { ORDER_EVENTS } else { &[] }
}

/// The names of the events that a view's rows have.
pub(crate) fn event_names(view: &View) -> impl Iterator<Item = &'static str> {
    events(view).iter().map(|event| event.name)
}

/// An action or function of a projection.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) is_action: bool,
    /// Names of its parameters, which are texts.
    pub(crate) parameters: &'static [&'static str],
}

const CUSTOMER_OPERATIONS: &[Operation] = &[
    Operation { name: "GetCompanyDefaults", is_action: false, parameters: &["Company"] },
    Operation { name: "AssociationNoExist", is_action: false, parameters: &["AssociationNo"] },
    Operation {
        name: "ChangeCustomerCategory",
        is_action: true,
        parameters: &["CustomerId", "CustomerCategory"],
    },
];

/// What can be called in a service, beside `<Type>_Default()`.
pub(crate) fn operations(service: &Service) -> &'static [Operation] {
    if service.name == "CustomerHandling" { CUSTOMER_OPERATIONS } else { &[] }
}

/// `IfsApp.PurchaseOrderHandling.PurchaseOrder_Release`: a row goes to another state.
pub(crate) fn event(writing: &mut Writing<'_>, spot: &Spot, segment: &Segment) -> Result<Response, Problem> {
    let start = format!("{}.{}_", writing.namespace, spot.view.name);
    let name = segment.name.strip_prefix(&start).unwrap_or_default();
    let event = events(spot.view).iter().find(|event| event.name == name);
    let event = event.ok_or_else(|| unknown(&segment.name))?;
    let said = writing.said();
    let found = writing.state.db.row(spot.view.entity, &spot.key).cloned();
    let found = found.ok_or_else(|| absent(spot))?;
    writing.free(spot)?;
    said.check(&found, writing.state.switches.missing_status())?;
    let state = found.get("Objstate").text().unwrap_or_default();
    if !event.from.contains(&state.as_str()) {
        let unit = spot.view.entity.lu;
        return Err(database(format!(
            "ORA-20116: {unit}.ERROR: The event {name} is not allowed in state {state}."
        )));
    }
    let mut row = Row::clone(&found);
    row.set("Objstate", Some(event.to));
    row.change(Some(writing.now));
    writing.store(row);
    writing.state.count("actions");
    writing.shown(spot, StatusCode::OK)
}

/// An action of the projection.
pub(crate) fn action(writing: &mut Writing<'_>, segment: &Segment) -> Result<Response, Problem> {
    let known = operations(writing.address.service);
    let known = known.iter().find(|operation| operation.is_action && operation.name == segment.name);
    let known = known.ok_or_else(|| unknown(&segment.name))?;
    let given = members(writing.request)?;
    let text = |name: &str| {
        let raw = given.get(name).and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        raw.ok_or_else(|| unreadable(&format!("the parameter {name} is missing")))
    };
    // One action is known: a customer becomes a prospect, or the other way.
    let [first, second] = known.parameters else { return Err(unknown(&segment.name)) };
    let (key, category) = (text(first)?, text(second)?);
    let spot = Spot { view: &CUSTOMER_VIEW, key };
    let found = writing.state.db.row(&CUSTOMER_INFO, &spot.key).cloned();
    let found = found.ok_or_else(|| absent(&spot))?;
    let mut row = Row::clone(&found);
    writing.free(&spot)?;
    if !row.set("CustomerCategory", Some(&category)) {
        return Err(unreadable(&format!("{category} is no CustomerCategory")));
    }
    // Actions of the projection take no If-Match at all.
    writing.state.count("writes_without_exact_etag");
    row.change(Some(writing.now));
    writing.store(row);
    writing.state.count("actions");
    Ok(super::write::no_content())
}

/// A function of the projection.
pub(crate) fn function(db: &Database, address: &Address, segment: &Segment) -> Result<Response, Problem> {
    let name = segment.name.as_str();
    let inner = segment.predicate.as_deref().ok_or_else(|| unknown(name))?;
    if let Some(kind) = name.strip_suffix("_Default") {
        let view = address.service.sets.iter().map(|(_, view)| *view).find(|view| view.name == kind);
        return view
            .filter(|_| inner.is_empty())
            .map(|view| defaults(address, view))
            .ok_or_else(|| unknown(name));
    }
    let known = operations(address.service);
    let known = known.iter().find(|operation| !operation.is_action && operation.name == name);
    let [parameter] = known.ok_or_else(|| unknown(name))?.parameters else { return Err(unknown(name)) };
    let given = argument(inner, parameter)?;
    let value = match name {
        "AssociationNoExist" => {
            let mut customers = db.table(&CUSTOMER_INFO).into_iter().flat_map(super::table::Table::all);
            let exists =
                customers.any(|row| matches!(row.get("AssociationNo"), Cell::Text(text) if **text == *given));
            json!({ "value": exists })
        }
        _ if given == "10" => {
            json!({ "Company": given, "CurrencyCode": "EUR", "Country": "DE", "DefaultLanguage": "en" })
        }
        _ => return Err(database(format!("ORA-20111: Company.NOTEXIST: Company {given} does not exist."))),
    };
    Ok(answer(address, name, value))
}

/// `Company='10'`.
fn argument(inner: &str, parameter: &str) -> Result<String, Problem> {
    let bad = || Problem::bad(format!("({inner}) does not give the parameter {parameter}"));
    let [only] = split(inner, ',')[..] else { return Err(bad()) };
    let literal = only.trim().strip_prefix(parameter).and_then(|rest| rest.strip_prefix('='));
    match tokens(literal.ok_or_else(bad)?)?.as_slice() {
        [Token::Text(text)] => Ok(text.clone()),
        _ => Err(bad()),
    }
}

/// What a new row would have: `CustomerInfo_Default()`.
fn defaults(address: &Address, view: &'static View) -> Response {
    let mut row = serde_json::Map::new();
    for (place, name) in view.columns() {
        let Some(column) = view.entity.columns.get(place) else { continue };
        let value = match (column.default, column.kind) {
            (None | Some("now"), _) => Value::Null,
            (Some(text), super::column::ColumnKind::Flag) => json!(text == "true"),
            (Some(text), _) => json!(text),
        };
        row.insert(name.to_owned(), value);
    }
    answer(address, &format!("{}_Default", view.name), Value::Object(row))
}

fn answer(address: &Address, name: &str, mut value: Value) -> Response {
    if let Value::Object(members) = &mut value {
        members.insert("@odata.context".to_owned(), json!(format!("{}$metadata#{name}", address.root)));
    }
    json_response(StatusCode::OK, value.to_string().into())
}

fn unknown(name: &str) -> Problem {
    Problem::missing(format!("there is no resource {name} in the projection"))
}
