//! One OData service: sends reads below its root and types what comes back.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use wire::{Call, Effect, Evidence, HttpTransport, Request, Response};

use crate::encode::push_segment;
use crate::page::{Page, Trail, byte_offset};
use crate::profile::{Guard, Profile};
use crate::refusal::{self, excerpt, is_json};
use crate::{Key, Metadata, ODataError, Query, Select};

/// What is asked for: exact numbers as text where the server can do that.
const JSON: &str = "application/json;odata.metadata=minimal;IEEE754Compatible=true";

/// Reads from one service root.
///
/// The transport brings authorization, retries, limits and audit; this type never sees a token.
/// Redirects are errors, and links are followed only below the root.
#[derive(Debug, Clone)]
pub struct Service {
    transport: Arc<dyn HttpTransport>,
    root: Url,
    headers: HeaderMap,
    guard: Guard,
}

/// One row, read by its key.
#[derive(Debug, Clone)]
pub struct Entity {
    /// The row as it came.
    pub text: String,
    /// Its ETag byte for byte, from the header or else from the row.
    pub etag: Option<String>,
    /// The server's clock when it answered.
    pub date: Option<Timestamp>,
    /// The audit entry that holds the answer.
    pub evidence: Option<Evidence>,
}

/// What a service offers, as its service document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDocument {
    /// The names of the entity sets.
    pub entity_sets: Vec<String>,
    /// The server's clock when it answered.
    pub date: Option<Timestamp>,
}

impl Service {
    /// The service at `root`; a missing slash at its end is added.
    pub fn new(transport: Arc<dyn HttpTransport>, mut root: Url) -> Self {
        if !root.path().ends_with('/') {
            root.set_path(&format!("{}/", root.path()));
        }
        root.set_query(None);
        root.set_fragment(None);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(JSON));
        // No Accept-Language: servers that see one sort texts by the rules of that language, and go on
        // comparing them by their bytes, so that a walk by key would step over rows.
        headers.insert("odata-version", HeaderValue::from_static("4.0"));
        headers.insert("odata-maxversion", HeaderValue::from_static("4.01"));
        Self { transport, root, headers, guard: Guard::default() }
    }

    /// Sends one more header with every read, or another value of one.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Refuses queries that the server cannot answer, as far as `profile` knows; what the server
    /// answers with 501 is learned by all copies of this service.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.guard = Guard::new(profile);
        self
    }

    /// The profile with what was learned so far, to be stored; `None` if none was given.
    pub fn profile(&self) -> Option<Profile> {
        self.guard.profile()
    }

    /// The root of the service, with a slash at its end.
    pub fn root(&self) -> &Url {
        &self.root
    }

    /// One page of `set`. `operation` names the call in audit and limits.
    pub async fn page(&self, operation: &'static str, set: &str, query: &Query) -> Result<Page, ODataError> {
        self.page_of(Call::new(operation, Effect::Read), set, query).await
    }

    /// One page of `set` that concerns particular records, for the audit index.
    pub async fn page_about(
        &self,
        operation: &'static str,
        records: impl Into<Arc<[String]>>,
        set: &str,
        query: &Query,
    ) -> Result<Page, ODataError> {
        self.page_of(Call::new(operation, Effect::Read).about(records), set, query).await
    }

    async fn page_of(&self, call: Call, set: &str, query: &Query) -> Result<Page, ODataError> {
        let operation = call.operation;
        self.guard.check(operation, query)?;
        let url = self.set_url(operation, set, query)?;
        let response = self.get(call, &url, JSON).await;
        let response = response.inspect_err(|error| self.guard.learn(query, error))?;
        let trail = Trail::start(&url);
        Page::read(operation, url, trail, &response)
    }

    /// The page behind `page`, by its next link; `None` if it has none. Links are taken verbatim,
    /// stay below the root, and never go in circles.
    pub async fn next(&self, page: &Page) -> Result<Option<Page>, ODataError> {
        let Some(next) = &page.control().next_link else { return Ok(None) };
        let operation = page.operation;
        let url = wire::origin::resolve_from(&self.root, &page.url, next)
            .map_err(|source| ODataError::ForeignLink { operation, source })?;
        let Some(trail) = page.trail.step(&url) else {
            let why = "a next link leads back to a page that was read before".into();
            return Err(ODataError::PagingNoProgress { operation, why });
        };
        let response = self.get(Call::new(operation, Effect::Read), &url, JSON).await?;
        Page::read(operation, url, trail, &response).map(Some)
    }

    /// The row of `set` with `key`; `None` if the server says 404. A server says so too when the
    /// whole set is missing or hidden: nobody may conclude from it alone that a row is gone.
    pub async fn entity(
        &self,
        operation: &'static str,
        set: &str,
        key: &Key,
        select: &[String],
    ) -> Result<Option<Entity>, ODataError> {
        let mut path = String::new();
        push_segment(&mut path, set);
        key.push_path(&mut path);
        let query = Query { select: Select::properties(select), ..Query::default() };
        let url = self.url(operation, &path, &query.encoded())?;
        let response = match self.get(Call::new(operation, Effect::Read), &url, JSON).await {
            Err(ODataError::Status { error, .. }) if error.status == StatusCode::NOT_FOUND => {
                return Ok(None);
            }
            other => other?,
        };
        entity_of(operation, &response).map(Some)
    }

    /// The names of the entity sets.
    pub async fn service_document(&self, operation: &'static str) -> Result<ServiceDocument, ODataError> {
        let response = self.get(Call::new(operation, Effect::Read), &self.root, JSON).await?;
        let text = json_text(operation, "service document", &response)?;
        let document: Document = serde_json::from_str(text).map_err(|error| ODataError::Malformed {
            operation,
            what: "service document",
            place: format!("byte {}", byte_offset(text, &error)),
            why: error.to_string(),
        })?;
        let is_set = |item: &Item| item.kind.as_deref().is_none_or(|kind| kind == "EntitySet");
        let entity_sets = document.value.into_iter().filter(is_set).map(|item| item.name).collect();
        Ok(ServiceDocument { entity_sets, date: refusal::date(response.headers()) })
    }

    /// The metadata document as it came (XML).
    pub async fn metadata_raw(&self, operation: &'static str) -> Result<Bytes, ODataError> {
        let url = self.url(operation, "$metadata", "")?;
        let response = self.get(Call::new(operation, Effect::Read), &url, "application/xml").await?;
        Ok(response.into_body())
    }

    /// What the metadata document says about sets, types and enumerations.
    pub async fn metadata(&self, operation: &'static str) -> Result<Metadata, ODataError> {
        let raw = self.metadata_raw(operation).await?;
        Metadata::read(&raw).map_err(|error| error.of(operation))
    }

    fn set_url(&self, operation: &'static str, set: &str, query: &Query) -> Result<Url, ODataError> {
        let mut path = String::new();
        push_segment(&mut path, set);
        self.url(operation, &path, &query.encoded())
    }

    /// `path` and `query` are percent-encoded already.
    pub(crate) fn url(&self, operation: &'static str, path: &str, query: &str) -> Result<Url, ODataError> {
        let joint = if query.is_empty() { "" } else { "?" };
        Url::parse(&format!("{}{path}{joint}{query}", self.root))
            .map_err(|error| ODataError::Unaskable { operation, why: error.to_string() })
    }

    async fn get(&self, call: Call, url: &Url, accept: &'static str) -> Result<Response, ODataError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        self.send(call, url, Outgoing::get(headers)).await
    }

    /// Sends a request with the headers of every call, which its own ones replace. An error status
    /// is an error.
    pub(crate) async fn send(
        &self,
        call: Call,
        url: &Url,
        outgoing: Outgoing,
    ) -> Result<Response, ODataError> {
        let operation = call.operation;
        let unaskable = |error: http::Error| ODataError::Unaskable { operation, why: error.to_string() };
        let mut request: Request = http::Request::builder()
            .method(outgoing.method)
            .uri(url.as_str())
            .body(outgoing.body)
            .map_err(unaskable)?;
        *request.headers_mut() = self.headers.clone();
        for (name, value) in &outgoing.headers {
            request.headers_mut().insert(name, value.clone());
        }
        request.extensions_mut().insert(call);
        let response = self
            .transport
            .send(request)
            .await
            .map_err(|source| ODataError::Transport { operation, source })?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(ODataError::Status { operation, error: Box::new(refusal::from_response(&response)) })
    }
}

/// What one request has beside its address.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Deserialize)]
struct Document {
    value: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
    kind: Option<String>,
}

fn json_text<'r>(
    operation: &'static str,
    what: &'static str,
    response: &'r Response,
) -> Result<&'r str, ODataError> {
    let malformed = |byte: usize, why: String| ODataError::Malformed {
        operation,
        what,
        place: format!("byte {byte}"),
        why,
    };
    let text = std::str::from_utf8(response.body())
        .map_err(|error| malformed(error.valid_up_to(), "it is not UTF-8".into()))?;
    if !is_json(response.headers(), text) {
        return Err(malformed(0, format!("it is not JSON: {}", excerpt(text, 80))));
    }
    Ok(text)
}

pub(crate) fn entity_of(operation: &'static str, response: &Response) -> Result<Entity, ODataError> {
    let malformed = |byte: usize, why: String| ODataError::Malformed {
        operation,
        what: "row",
        place: format!("byte {byte}"),
        why,
    };
    let text = json_text(operation, "row", response)?;
    let raw: &RawValue = serde_json::from_str(text)
        .map_err(|error| malformed(byte_offset(text, &error), error.to_string()))?;
    let columns = crate::Columns::new(["error"]);
    let mut row = crate::Row::default();
    columns.reader().read(raw.get(), &mut row).map_err(|error| malformed(0, error.to_string()))?;
    if let Some(member) = row.cell(0).filter(|member| member.raw().starts_with('{')) {
        let error = Box::new(refusal::from_member(response, member.raw()));
        return Err(ODataError::Status { operation, error });
    }
    let inner = match row.etag().map(crate::Cell::text).transpose() {
        Ok(text) => text.flatten().map(Into::into),
        Err(error) => return Err(malformed(0, format!("its ETag: {error}"))),
    };
    let header = response.headers().get(http::header::ETAG);
    let header = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Entity {
        text: raw.get().to_owned(),
        etag: header.or(inner),
        date: refusal::date(response.headers()),
        evidence: response.extensions().get::<Evidence>().copied(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use wire::{TransportError, TransportErrorKind};

    use super::*;

    /// Answers in turn, and keeps what it was asked.
    #[derive(Debug, Default)]
    struct Script {
        answers: Mutex<VecDeque<(u16, &'static str, String)>>,
        asked: Mutex<Vec<Request>>,
    }

    #[async_trait]
    impl HttpTransport for Script {
        async fn send(&self, request: Request) -> Result<Response, TransportError> {
            self.asked.lock().unwrap().push(request);
            let Some((status, kind, body)) = self.answers.lock().unwrap().pop_front() else {
                return Err(TransportError::new(TransportErrorKind::Unreached, "script", "at its end"));
            };
            let response = http::Response::builder()
                .status(status)
                .header("content-type", kind)
                .header("etag", "W/\"x\"")
                .body(Bytes::from(body))
                .unwrap();
            Ok(response)
        }
    }

    fn service(answers: &[(u16, &'static str, &str)]) -> (Arc<Script>, Service) {
        let script = Arc::new(Script::default());
        let answers = answers.iter().map(|(status, kind, body)| (*status, *kind, (*body).to_owned()));
        script.answers.lock().unwrap().extend(answers);
        let root = "https://acme.example/int/S.svc?x=1".parse().unwrap();
        (script.clone(), Service::new(script, root))
    }

    fn page(next: &str) -> String {
        serde_json::json!({ "value": [{ "A": 1 }], "@odata.nextLink": next }).to_string()
    }

    #[tokio::test]
    async fn reads_say_what_they_are_and_how_they_want_numbers() {
        let (script, service) = service(&[(200, "application/json", "{\"value\":[]}")]);
        let query = Query { top: Some(2), ..Query::default() };
        service.page_about("t.page", vec!["S1".to_owned()], "A Set", &query).await.unwrap();
        let asked = script.asked.lock().unwrap();
        assert_eq!(asked[0].uri(), "https://acme.example/int/S.svc/A%20Set?$top=2");
        assert_eq!(asked[0].headers()["accept"], JSON);
        assert_eq!(asked[0].headers()["odata-maxversion"], "4.01");
        assert!(!asked[0].headers().contains_key("accept-language"));
        let call = asked[0].extensions().get::<Call>().unwrap();
        assert_eq!(
            (call.operation, call.effect, &*call.records),
            ("t.page", Effect::Read, &["S1".to_owned()][..])
        );
    }

    #[tokio::test]
    async fn next_links_are_followed_below_the_root_and_never_in_circles() {
        let json = "application/json";
        let (script, service) = service(&[
            (200, json, &page("Set?%24skiptoken=1")),
            (200, json, &page("https://acme.example/int/S.svc/Set?%24skiptoken=2")),
            (200, json, &page("/int/S.svc/Set?%24skiptoken=1")),
            (200, json, &page("Set?%24skiptoken=2")),
            (200, json, &page("Set?%24skiptoken=1")),
            (200, json, &page("Set?%24skiptoken=2")),
        ]);
        let mut page = service.page("t", "Set", &Query::default()).await.unwrap();
        let error = loop {
            match service.next(&page).await {
                Ok(Some(next)) => page = next,
                Ok(None) => panic!("there is always a next link"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ODataError::PagingNoProgress { .. }), "{error:?}");
        assert_eq!(
            script.asked.lock().unwrap()[1].uri(),
            "https://acme.example/int/S.svc/Set?%24skiptoken=1"
        );
        assert!(script.asked.lock().unwrap()[1].headers().contains_key("odata-version"));
    }

    #[tokio::test]
    async fn nothing_is_sent_to_a_foreign_link() {
        for link in
            ["https://evil.example/x", "//acme.example@evil/x", "/auth/realms", "", "Set\n", "../../auth"]
        {
            let (script, service) = service(&[(200, "application/json", &page(link))]);
            let page = service.page("t", "Set", &Query::default()).await.unwrap();
            let error = service.next(&page).await.unwrap_err();
            assert!(matches!(error, ODataError::ForeignLink { .. }), "{link}");
            assert!(!error.may_have_acted() && !error.retryable());
            assert_eq!(script.asked.lock().unwrap().len(), 1, "{link}");
        }
    }

    #[tokio::test]
    async fn single_rows_keep_their_etag_and_may_be_absent() {
        let json = "application/json";
        let (script, service) = service(&[
            (200, json, "{\"@odata.etag\":\"W/\\\"y\\\"\",\"A\":1}"),
            (404, json, "{\"error\":{\"code\":\"ODP_RESOURCE_NOTFOUND\",\"message\":\"m\"}}"),
            (200, json, "{\"error\":{\"code\":\"X\",\"message\":\"m\"}}"),
            (302, "text/html", "<html>"),
        ]);
        let key = Key::text("a/b");
        let select = ["A".to_owned()];
        let found = service.entity("t", "Set", &key, &select).await.unwrap().unwrap();
        assert_eq!(found.etag.as_deref(), Some("W/\"x\""), "the header holds");
        assert!(service.entity("t", "Set", &key, &select).await.unwrap().is_none());
        let error = service.entity("t", "Set", &key, &select).await.unwrap_err();
        assert_eq!(error.status().unwrap().code(), "X");
        let error = service.entity("t", "Set", &key, &select).await.unwrap_err();
        assert_eq!(error.status().unwrap().status, StatusCode::FOUND, "redirects are errors");
        let error = service.entity("t", "Set", &key, &select).await.unwrap_err();
        assert!(matches!(error, ODataError::Transport { .. }) && error.retryable());
        let asked = script.asked.lock().unwrap();
        assert_eq!(asked[0].uri(), "https://acme.example/int/S.svc/Set(%27a%2Fb%27)?$select=A");
    }

    #[tokio::test]
    async fn documents_of_the_service() {
        let json = "application/json";
        let document = r#"{"value":[{"name":"A","kind":"EntitySet","url":"A"},{"name":"F","kind":"FunctionImport"},{"name":"B"}]}"#;
        let (_, service) =
            service(&[(200, json, document), (200, json, "[]"), (200, "text/html", "<html/>")]);
        assert_eq!(service.service_document("t").await.unwrap().entity_sets, ["A", "B"]);
        assert!(matches!(service.service_document("t").await, Err(ODataError::Malformed { .. })));
        assert!(matches!(service.metadata("t").await, Err(ODataError::Malformed { .. })));
    }
}
