//! Which request is answered how.

use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;
use wire::{Request, Response};

use super::address::{Address, locate};
use super::metadata::csdl;
use super::problem::{Problem, broken, json_response, too_many, unauthorized};
use super::read::Asked;
use super::resource::{Guide, Resource};
use super::schema::ServiceKind;
use super::settings::{IfsSettings, IfsSwitches};
use super::tenant::State;
use super::write::Writing;
use super::zone::Lens;
use super::{batch, csrf, operation};
use crate::ServerClock;
use crate::refusal::set_retry_after;

/// Answers a request.
pub(super) fn route(
    state: &mut State,
    settings: &IfsSettings,
    clock: &ServerClock,
    request: &Request,
) -> Response {
    let now = clock.now();
    if request.uri().path() == format!("/auth/realms/{}/protocol/openid-connect/token", settings.realm) {
        return state.tokens.grant(request, settings, now);
    }
    if !state.admits_another(clock.elapsed(), settings.requests_a_minute) {
        let mut response = too_many();
        if let Some(when) = state.switches.retry_after {
            set_retry_after(&mut response, when, clock);
        }
        return response;
    }
    if !state.tokens.admit(request, now) {
        return unauthorized();
    }
    if state.switches.stale_cache > 0 {
        state.switches.stale_cache -= 1;
        return broken("MI_MODIFIED_ERROR", "The projection was modified");
    }
    web(state, settings, now, request).unwrap_or_else(|problem| problem.response())
}

/// Answers a request that comes through an entrance: with the proof that the web client owes.
fn web(
    state: &mut State,
    settings: &IfsSettings,
    now: Timestamp,
    request: &Request,
) -> Result<Response, Problem> {
    let address = locate(request)?;
    if state.switches.csrf {
        csrf::check(request, address.entrance)?;
    }
    let mut response = match address.path.as_str() {
        "$batch" | "%24batch" => {
            granted(&address, &state.switches)?;
            batch::answer(state, settings, now, request, &address)?
        }
        _ => serve(state, settings, now, request)?,
    };
    if state.switches.csrf {
        csrf::give(&mut response, request, address.entrance, settings.seed);
    }
    Ok(response)
}

/// Answers one request, whether it came by itself or in a batch.
pub(super) fn serve(
    state: &mut State,
    settings: &IfsSettings,
    now: Timestamp,
    request: &Request,
) -> Result<Response, Problem> {
    let address = &locate(request)?;
    granted(address, &state.switches)?;
    let namespace = &address.service.namespace();
    let lens = &Lens::of(request, address.service.name, &state.switches)?;
    let no_sets = state.switches.no_sets;
    let drift = state.switches.drift();
    let resource = Guide { address, namespace, db: &state.db, drift, no_sets }.lead()?;
    if request.method() != Method::GET {
        return Writing { state, settings, request, address, namespace, lens, now }.answer(&resource);
    }
    let asked = Asked { state, settings, request, address, namespace, lens };
    match &resource {
        Resource::Service => Ok(service_document(address, no_sets)),
        Resource::Metadata => Ok(xml(csdl(address.service, &state.switches))),
        Resource::Rows(scope) => asked.collection(scope),
        Resource::Count(scope) => asked.count(scope),
        Resource::One(spot) => asked.entity(spot),
        Resource::Property(spot, name, bare) => asked.property(spot, name, *bare),
        Resource::Call(None, segment) => operation::function(&state.db, address, segment),
        Resource::Batch | Resource::Call(..) => {
            Err(Problem::missing(format!("there is no resource {} to read", address.path)))
        }
    }
}

/// Whether the service is there for this user.
fn granted(address: &Address, switches: &IfsSwitches) -> Result<(), Problem> {
    let service = address.service;
    let named = |list: &[String]| list.iter().any(|name| name == "*" || name == service.name);
    if service.kind == ServiceKind::Entity && !named(&switches.activated.0) {
        return Err(Problem::missing(format!("the entity service {} is not activated", service.name)));
    }
    if named(&switches.denied) {
        let words = format!("the user has no permission set that grants {}", service.name);
        return Err(Problem::new(StatusCode::FORBIDDEN, "ODP_FORBIDDEN", words));
    }
    Ok(())
}

fn service_document(address: &Address, no_sets: bool) -> Response {
    let sets = if no_sets { &[] } else { address.service.sets };
    let sets: Vec<_> =
        sets.iter().map(|(set, _)| json!({ "name": set, "kind": "EntitySet", "url": set })).collect();
    let body = json!({ "@odata.context": format!("{}$metadata", address.root), "value": sets });
    json_response(StatusCode::OK, body.to_string().into())
}

fn xml(text: String) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
    response
}
