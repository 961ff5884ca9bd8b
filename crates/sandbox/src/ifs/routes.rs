//! Which request is answered how.

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;
use wire::{Request, Response};

use super::address::{Target, locate, next_link};
use super::metadata::csdl;
use super::options::Options;
use super::page::{Writer, choose};
use super::problem::{Problem, json_response};
use super::settings::IfsSettings;
use super::tenant::State;
use crate::ServerClock;
use crate::refusal::set_retry_after;

/// The projection that is served.
const PROJECTION: &str = "SupplierHandling";
const NAMESPACE: &str = "IfsApp.SupplierHandling";
/// The mission's name and the one tenants really have.
const SETS: [&str; 2] = ["SupplierSet", "SupplierInfoGeneralSet"];

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
    resource(state, settings, request).unwrap_or_else(|problem| problem.response())
}

fn resource(state: &State, settings: &IfsSettings, request: &Request) -> Result<Response, Problem> {
    let (root, target) = locate(request, PROJECTION)?;
    if request.method() != Method::GET {
        let words = "this sandbox is read only";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "ODP_METHOD_NOT_ALLOWED", words));
    }
    let sets: &[&str] = if state.switches.no_sets { &[] } else { &SETS };
    let asked = Asked { state, settings, request, root: &root };
    let known = |name: &str| {
        let words = || format!("the entity set {name} is not part of the projection");
        sets.iter().find(|set| **set == name).ok_or_else(|| Problem::missing(words()))
    };
    match target {
        Target::Service => Ok(service_document(&root, sets)),
        Target::Metadata => Ok(xml(csdl(NAMESPACE, sets, &state.switches))),
        Target::Set(name) => asked.collection(known(&name)?),
        Target::Count(name) => known(&name).and_then(|_| asked.count()),
        Target::Entity(name, key) => asked.entity(known(&name)?, &key),
    }
}

/// A request for rows.
struct Asked<'a> {
    state: &'a State,
    settings: &'a IfsSettings,
    request: &'a Request,
    root: &'a str,
}

impl Asked<'_> {
    fn options(&self) -> Result<Options, Problem> {
        let hidden = self.state.switches.hidden.as_deref();
        Options::parse(self.request.uri().query().unwrap_or_default(), NAMESPACE, hidden)
    }

    fn writer<'w>(&'w self, set: &'w str, options: &'w Options) -> Writer<'w> {
        Writer {
            root: self.root,
            set,
            select: options.select.as_deref(),
            switches: &self.state.switches,
            exact: self.wants_exact(),
        }
    }

    fn wants_exact(&self) -> bool {
        let accept = self.request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.unwrap_or_default().to_ascii_lowercase().contains("ieee754compatible=true")
    }

    fn collection(&self, set: &str) -> Result<Response, Problem> {
        let (options, switches) = (self.options()?, &self.state.switches);
        let wish = preferred_size(self.request);
        let cap = wish.map_or(self.settings.page_cap, |wish| wish.min(self.settings.page_cap));
        let chosen = choose(&self.state.table, &options, cap, switches.next_link_when_full)?;
        if switches.timeout_above.is_some_and(|most| chosen.rows.len() > most) {
            let words = "The operation took too long";
            return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "ODP_OPERATION_TIMEOUT", words));
        }
        if let Some(key) = &switches.poisoned
            && chosen.rows.iter().any(|row| *row.key() == **key)
        {
            return Ok(broken("DATABASE_ERROR", "ORA-20110: SupplierInfo.INVALID: the row cannot be read"));
        }
        let next = chosen.next.map(|token| next_link(self.root, (set, &options.raw), token, switches));
        let body = self.writer(set, &options).page(&chosen, next.as_deref());
        let mut response = self.rows(body);
        if let Some(wish) = wish {
            let applied = HeaderValue::from_str(&format!("odata.maxpagesize={wish}"));
            applied.map(|value| response.headers_mut().insert("preference-applied", value)).ok();
        }
        Ok(response)
    }

    fn count(&self) -> Result<Response, Problem> {
        let options = Options { count: true, top: Some(0), ..self.options()? };
        let all = choose(&self.state.table, &options, 0, false)?;
        let mut response = Response::new(all.count.unwrap_or(0).to_string().into());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        Ok(response)
    }

    fn entity(&self, set: &str, key: &str) -> Result<Response, Problem> {
        let options = self.options()?;
        let row = self.state.table.get(key);
        let row = row.ok_or_else(|| Problem::missing(format!("there is no supplier {key}")))?;
        let mut response = self.rows(self.writer(set, &options).entity(row));
        if let Ok(etag) = HeaderValue::from_str(row.etag()) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        Ok(response)
    }

    fn rows(&self, body: bytes::Bytes) -> Response {
        let mut response = json_response(StatusCode::OK, body);
        if self.wants_exact() {
            let kind = "application/json;odata.metadata=minimal;IEEE754Compatible=true";
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        response
    }
}

/// `Prefer: odata.maxpagesize=100`, also without its prefix (OData 4.01).
fn preferred_size(request: &Request) -> Option<usize> {
    let prefer = request.headers().get("prefer")?.to_str().ok()?;
    let sizes = prefer.split([',', ';']).map(str::trim).filter_map(|part| {
        part.strip_prefix("odata.").unwrap_or(part).strip_prefix("maxpagesize=")?.parse().ok()
    });
    sizes.into_iter().find(|size| *size > 0)
}

fn service_document(root: &str, sets: &[&str]) -> Response {
    let sets: Vec<_> =
        sets.iter().map(|set| json!({ "name": set, "kind": "EntitySet", "url": set })).collect();
    let body = json!({ "@odata.context": format!("{root}$metadata"), "value": sets });
    json_response(StatusCode::OK, body.to_string().into())
}

fn xml(text: String) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
    response
}

/// The server's own fault: 500.
pub(super) fn broken(code: &'static str, message: &str) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, code, message).response()
}

/// Too many requests: 429.
pub(super) fn too_many() -> Response {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests").response()
}

/// No token, or none that lives: 401.
pub(super) fn unauthorized() -> Response {
    let mut response =
        Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Token is missing or expired").response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
