//! HTTP for real, by reqwest: the only file that names it.

use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use http::HeaderMap;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::{
    Class, ClassLimits, Clock, HttpTransport, Limits, Request, Response, TransportError, TransportErrorKind,
};

/// What to do where the system has no certificates.
const NO_ROOTS: &str =
    "install the system's CA certificates (package `ca-certificates`) or name a CA file in the configuration";

/// An idle connection is closed after this: sooner than servers and balancers close theirs, so that
/// few requests meet a connection that is just going away.
const POOLED: Duration = Duration::from_secs(30);

/// A pool of connections: TLS by rustls with ring, HTTP/1.1, answers decompressed.
///
/// It follows no redirect, takes no proxy from the environment, keeps no cookie and repeats
/// nothing: the layers above decide.
#[derive(Debug)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    limits: Limits,
    clock: Arc<dyn Clock>,
    /// Why no certificate can be checked, if none can.
    no_roots: Option<String>,
}

/// Why there is no transport.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReqwestError {
    /// The CA file holds no certificate or a broken one.
    #[error("CA certificates: {0}")]
    Certificates(String),
    /// TLS or the client cannot be set up.
    #[error("setting up TLS: {0}")]
    Setup(String),
}

impl ReqwestTransport {
    /// A transport within `limits`; `clock` measures them.
    ///
    /// Certificates are checked against the system's own, or, with `ca_pem`, against these CA
    /// certificates (PEM) and no others. Where the system has none, https is refused with a hint
    /// and http to loopback addresses works.
    pub fn new(limits: Limits, ca_pem: Option<&[u8]>, clock: Arc<dyn Clock>) -> Result<Self, ReqwestError> {
        let (tls, no_roots) = tls(ca_pem)?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("ml-connector/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .gzip(true)
            .connect_timeout(limits.connect)
            .pool_idle_timeout(POOLED)
            .build()
            .map_err(|error| ReqwestError::Setup(chain(&error)))?;
        Ok(Self { client, limits, clock, no_roots })
    }

    /// Waits for `work`, but not longer than `span`.
    async fn within<F: Future + Send>(&self, span: Duration, work: F) -> Option<F::Output> {
        let work = std::pin::pin!(work);
        match select(work, self.clock.sleep(span)).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }

    async fn exchange(&self, request: Request, what: &str) -> Result<Response, TransportError> {
        let limits = *self.limits.of(Class::of(&request));
        let unknown = |detail: String| TransportError::new(TransportErrorKind::Unknown, what, detail);
        let request = reqwest::Request::try_from(request).map_err(|error| {
            TransportError::new(TransportErrorKind::Refused, what, chain(&error.without_url()))
        })?;
        let Some(answer) = self.within(limits.headers, self.client.execute(request)).await else {
            return Err(unknown(format!("no answer within {:?}", limits.headers)));
        };
        let mut answer = answer.map_err(|error| failure(what, error))?;
        let size = header_bytes(answer.headers());
        if size > self.limits.header_bytes {
            let allowed = self.limits.header_bytes;
            return Err(unknown(format!("{size} bytes of response headers, {allowed} are allowed")));
        }
        let status = answer.status();
        let version = answer.version();
        let headers = std::mem::take(answer.headers_mut());
        let body = self
            .body(answer, &limits)
            .await
            .map_err(|detail| unknown(format!("{detail}; status {} came before", status.as_u16())))?;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.version_mut() = version;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Reads the body piece by piece, so that a small compressed body cannot fill the memory.
    async fn body(&self, mut answer: reqwest::Response, limits: &ClassLimits) -> Result<Bytes, String> {
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        loop {
            let piece = match self.within(self.limits.idle, answer.chunk()).await {
                None => return Err(format!("the body stopped for {:?}", self.limits.idle)),
                Some(Err(error)) => {
                    return Err(format!("the body broke off: {}", chain(&error.without_url())));
                }
                Some(Ok(None)) => break,
                Some(Ok(Some(piece))) => piece,
            };
            if first.len() + all.len() + piece.len() > limits.body {
                return Err(format!("the body is larger than {} bytes", limits.body));
            }
            if first.is_empty() && all.is_empty() {
                // Most bodies come in one piece, which need not be copied.
                first = piece;
                continue;
            }
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&piece);
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }
}

/// What a failed exchange means. Only an error while connecting proves that nothing was sent.
fn failure(what: &str, error: reqwest::Error) -> TransportError {
    let kind = if error.is_builder() {
        TransportErrorKind::Refused
    } else if error.is_connect() {
        TransportErrorKind::Unreached
    } else {
        TransportErrorKind::Unknown
    };
    TransportError::new(kind, what, chain(&error.without_url()))
}

#[async_trait]
impl HttpTransport for ReqwestTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let what = describe(&request);
        if let Some(reason) = &self.no_roots
            && request.uri().scheme_str() == Some("https")
        {
            let kind = TransportErrorKind::Refused;
            return Err(TransportError::new(kind, what, reason.as_str()).hint(NO_ROOTS));
        }
        let total = self.limits.of(Class::of(&request)).total;
        match self.within(total, self.exchange(request, &what)).await {
            Some(result) => result,
            None => Err(TransportError::new(
                TransportErrorKind::Unknown,
                what,
                format!("no whole answer within {total:?}"),
            )),
        }
    }
}

/// Method and URL without the query, which may hold what must not be shown.
fn describe(request: &Request) -> String {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.authority().map(http::uri::Authority::host).unwrap_or_default();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{} {scheme}://{host}{port}{}", request.method(), uri.path())
}

/// The whole chain of causes: reqwest's own text only says that something failed.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// The TLS configuration, and why it trusts nobody if the system has no certificates.
fn tls(ca_pem: Option<&[u8]>) -> Result<(ClientConfig, Option<String>), ReqwestError> {
    let setup = |error: rustls::Error| ReqwestError::Setup(error.to_string());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
    };
    if let Some(pem) = ca_pem {
        let roots = only(pem)?;
        let config = builder().map_err(setup)?.with_root_certificates(roots).with_no_client_auth();
        return Ok((config, None));
    }
    match builder().map_err(setup)?.with_platform_verifier() {
        Ok(config) => Ok((config.with_no_client_auth(), None)),
        Err(error) => {
            let none = RootCertStore::empty();
            let config = builder().map_err(setup)?.with_root_certificates(none).with_no_client_auth();
            Ok((config, Some(format!("no certificate can be checked: {error}"))))
        }
    }
}

fn only(pem: &[u8]) -> Result<RootCertStore, ReqwestError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| ReqwestError::Certificates(error.to_string()))?;
        roots.add(certificate).map_err(|error| ReqwestError::Certificates(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(ReqwestError::Certificates("the file holds none in PEM form".to_owned()));
    }
    Ok(roots)
}
