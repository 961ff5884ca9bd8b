//! One OData service: sends requests below its root.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;
use wire::{Call, Effect, HttpTransport, Request, Response};

use crate::profile::{Guard, Profile};
use crate::{Feature, ODataError, Prefer, Read, refusal};

/// What is asked for: exact numbers as text where the server can do that.
pub(crate) const JSON: &str = "application/json;odata.metadata=minimal;IEEE754Compatible=true";

/// The longest address that is sent, in bytes, unless a service says otherwise: what common servers
/// take with all headers.
const LONGEST_URL: usize = 8_000;

/// One service root: reads and writes below it.
///
/// The transport brings authorization, retries, limits and audit; this type never sees a token.
/// Redirects are errors, and links are followed only below the root. Copies are cheap and share what
/// the profile learns.
#[derive(Debug, Clone)]
pub struct Service {
    transport: Arc<dyn HttpTransport>,
    root: Url,
    headers: HeaderMap,
    longest_url: usize,
    pub(crate) guard: Guard,
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
        Self { transport, root, headers, longest_url: LONGEST_URL, guard: Guard::default() }
    }

    /// Sends one more header with every request, or another value of one.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Refuses what the server cannot do, as far as `profile` knows, before it is asked; what the
    /// server answers with 501 is learned by all copies of this service.
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.guard = Guard::new(profile);
        self
    }

    /// Reads whose address has more than `bytes` go as `POST …/$query`, or are refused where the
    /// profile says that the server has no such thing. 8,000 if nothing is said.
    pub fn with_longest_url(mut self, bytes: usize) -> Self {
        self.longest_url = bytes;
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

    /// Sends `read` and gives its address with the answer, whose status is a success.
    pub(crate) async fn fetch(
        &self,
        operation: &'static str,
        read: &Read,
        own: HeaderMap,
    ) -> Result<(Url, Response), ODataError> {
        let mut needs = read.needs();
        self.guard.check(operation, &needs)?;
        let options = read.query.encoded();
        let url = self.url(operation, read.resource.path(), &options)?;
        let mut outgoing = Outgoing::get(own);
        outgoing.headers.extend(read.prefer.header().map(|value| (PREFER, value)));
        let mut target = url.clone();
        let long = url.as_str().len() > self.longest_url;
        if long || read.in_body {
            needs.insert(Feature::QueryInBody);
            self.fits_body(operation, long.then_some(&url), &needs)?;
            target = self.url(operation, &format!("{}/$query", read.resource.path()), "")?;
            outgoing.method = Method::POST;
            outgoing.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            outgoing.body = Bytes::from(options);
        }
        let call = Call::new(operation, Effect::Read).about(read.records.clone());
        let answer = self.send(call, &target, outgoing).await;
        let response = answer.inspect_err(|error| self.guard.learn(&needs, error))?;
        Ok((url, response))
    }

    /// Follows a link of the server, with the preferences of the page that it stood on.
    pub(crate) async fn follow(
        &self,
        operation: &'static str,
        url: &Url,
        prefer: &Prefer,
    ) -> Result<Response, ODataError> {
        let mut headers = HeaderMap::new();
        headers.extend(prefer.header().map(|value| (PREFER, value)));
        self.send(Call::new(operation, Effect::Read), url, Outgoing::get(headers)).await
    }

    fn fits_body(
        &self,
        operation: &'static str,
        too_long: Option<&Url>,
        needs: &std::collections::BTreeSet<Feature>,
    ) -> Result<(), ODataError> {
        let refused = |error: ODataError| match (error, too_long) {
            (ODataError::Unaskable { why, .. }, Some(url)) => {
                let (bytes, most) = (url.as_str().len(), self.longest_url);
                let why = format!("its address has {bytes} bytes, more than {most}, and {why}");
                ODataError::Unaskable { operation, why }
            }
            (other, _) => other,
        };
        self.guard.check(operation, needs).map_err(refused)
    }

    /// `path` and `query` are percent-encoded already. A path that climbs out of the root is refused.
    pub(crate) fn url(&self, operation: &'static str, path: &str, query: &str) -> Result<Url, ODataError> {
        let joint = if query.is_empty() { "" } else { "?" };
        let url = Url::parse(&format!("{}{path}{joint}{query}", self.root))
            .map_err(|error| ODataError::Unaskable { operation, why: error.to_string() })?;
        if url.path() == format!("{}{path}", self.root.path()) {
            return Ok(url);
        }
        // A parser resolves `.` and `..`: what is sent then would be something else than was meant.
        let why = format!("`{path}` has a segment that no address can hold");
        Err(ODataError::Unaskable { operation, why })
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

/// `Prefer`, which the HTTP library has no name for.
pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What one request has beside its address.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Outgoing {
    /// A request that only reads.
    pub(crate) fn get(headers: HeaderMap) -> Self {
        Self { method: Method::GET, headers, body: Bytes::new() }
    }
}

#[cfg(test)]
mod tests;
