//! HTTP for real, by reqwest: the only file that names it.

use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

use crate::trust::{NO_ROOTS, Trust, TrustError};
use crate::{
    Class, ClassLimits, Clock, HttpTransport, Limits, Request, Response, TransportError, TransportErrorKind,
};

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
    /// TLS cannot be set up.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The client cannot be set up.
    #[error("setting up HTTP: {0}")]
    Setup(String),
}

impl ReqwestTransport {
    /// A transport within `limits`; `clock` measures them.
    ///
    /// Certificates are checked against the system's own, or, with `ca_pem`, against these CA
    /// certificates (PEM) and no others. Where the system has none, https is refused with a hint
    /// and http to loopback addresses works.
    pub fn new(limits: Limits, ca_pem: Option<&[u8]>, clock: Arc<dyn Clock>) -> Result<Self, ReqwestError> {
        let Trust { tls, no_roots } = Trust::new(ca_pem)?;
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
        if [TRANSFER_ENCODING, CONTENT_LENGTH].iter().all(|name| answer.headers().contains_key(name)) {
            // Whoever stands in between may have believed the other one (RFC 9112, section 6.3).
            return Err(unknown("the answer tells its length in two ways".to_owned()));
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
        let told = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
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
                all.reserve(told.min(limits.body));
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::{Call, Effect, SystemClock, TOKEN_OPERATION, Timestamp};

    /// 100,000 times `0` in 133 bytes of gzip: the first and last bytes; in between are zeros.
    const BOMB: ([u8; 27], usize, [u8; 10]) = (
        [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00,
            0x00, 0xc2, 0xa0, 0x4a, 0xeb, 0x9f, 0xce, 0x1a, 0x1e, 0x40, 0x01,
        ],
        96,
        [0xaf, 0x06, 0x85, 0xc2, 0x4d, 0xc5, 0xa0, 0x86, 0x01, 0x00],
    );

    /// A self-signed certificate whose key nobody has.
    const CA: &[u8] = b"-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUQpmIac2J0h2P84cDxzJ5rKknz2YwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjMyMjMwMjVaFw0zNjExMjAyMjMwMjVa
MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS4z2E/
io1Mrja6WIg1xge4zVT9++1G8acN40vsKi7RXSjMFvpKey9lalKrYvHHiouTqf7F
XvyjCbMrakL1l9yso1MwUTAdBgNVHQ4EFgQUS+J5Q8XnhA6lC6z8Vyd6Hws3tZYw
HwYDVR0jBBgwFoAUS+J5Q8XnhA6lC6z8Vyd6Hws3tZYwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNIADBFAiEAuc8IKQlnctfMSKT44fxyXNmga8KhbXjOc0fq
2WL1VI0CIEv9ezCfJOrvMusYAivHaGWg7sdbu9EJsJzDRaLXq0C7
-----END CERTIFICATE-----
";

    /// Time stands still; only waits of just this length are over at once.
    #[derive(Debug)]
    struct Hasty(Duration);

    #[async_trait]
    impl Clock for Hasty {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
        async fn sleep(&self, span: Duration) {
            if span != self.0 {
                std::future::pending::<()>().await;
            }
        }
    }

    fn transport() -> ReqwestTransport {
        ReqwestTransport::new(Limits::default(), Some(CA), Arc::new(SystemClock)).expect("a transport")
    }

    fn call(url: &str, operation: &'static str, effect: Effect) -> Request {
        let mut request = http::Request::get(url).body(Bytes::new()).expect("a request");
        request.extensions_mut().insert(Call::new(operation, effect));
        request
    }

    fn read(url: &str) -> Request {
        call(url, "test.read", Effect::Read)
    }

    async fn serving(template: ResponseTemplate) -> MockServer {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(template).mount(&server).await;
        server
    }

    fn bomb() -> Vec<u8> {
        let (start, zeros, end) = BOMB;
        [&start[..], &vec![0; zeros], &end].concat()
    }

    #[tokio::test]
    async fn any_status_is_an_answer_and_redirects_are_not_followed() {
        for status in [200, 301, 302, 307, 308, 404, 429, 500, 503] {
            let template =
                ResponseTemplate::new(status).insert_header("location", "/elsewhere").set_body_string("body");
            let server = serving(template).await;
            let response = transport().send(read(&format!("{}/x", server.uri()))).await.expect("an answer");
            assert_eq!((response.status().as_u16(), response.body().as_ref()), (status, &b"body"[..]));
            assert_eq!(server.received_requests().await.expect("kept").len(), 1, "{status}");
        }
    }

    #[tokio::test]
    async fn requests_leave_as_they_are() {
        let server = MockServer::start().await;
        Mock::given(method("PATCH"))
            .and(path("/a%20b"))
            .and(header("if-match", "W/\"x\""))
            .and(header("accept-encoding", "gzip"))
            .respond_with(ResponseTemplate::new(204).insert_header("etag", "W/\"y\""))
            .mount(&server)
            .await;
        let request = http::Request::patch(format!("{}/a%20b?$filter=Name%20eq%20%27x%27", server.uri()))
            .header("if-match", "W/\"x\"")
            .body(Bytes::from_static(b"{\"a\":1}"))
            .expect("a request");
        let response = transport().send(request).await.expect("an answer");
        assert_eq!(response.status(), http::StatusCode::NO_CONTENT);
        assert_eq!(response.headers()["etag"], "W/\"y\"");
        let seen = server.received_requests().await.expect("kept");
        assert_eq!(seen[0].body, b"{\"a\":1}");
        assert_eq!(seen[0].url.query(), Some("$filter=Name%20eq%20%27x%27"));
        assert!(seen[0].headers["user-agent"].to_str().expect("text").starts_with("ml-connector/"));
    }

    #[tokio::test]
    async fn bodies_are_decompressed_and_capped() {
        let server = serving(
            ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_bytes(bomb()),
        )
        .await;
        let response = transport().send(read(&server.uri())).await.expect("a read takes more");
        assert_eq!((response.body().len(), response.body()[99_999]), (100_000, b'0'));
        let token = call(&server.uri(), TOKEN_OPERATION, Effect::Read);
        let error = transport().send(token).await.expect_err("a token call takes 64 KiB");
        assert_eq!(error.kind, TransportErrorKind::Unknown);
        assert!(error.detail.contains("larger than 65536 bytes"), "{error}");
        let mut broken = bomb();
        let checksum = broken.len() - 8;
        broken[checksum] ^= 1;
        let server = serving(
            ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_bytes(broken),
        )
        .await;
        let error = transport().send(read(&server.uri())).await.expect_err("a wrong checksum");
        assert!(error.detail.contains("broke off"), "{error}");
    }

    #[tokio::test]
    async fn headers_are_capped() {
        let server =
            serving(ResponseTemplate::new(200).insert_header("x-long", "x".repeat(70_000).as_str())).await;
        let error = transport().send(read(&server.uri())).await.expect_err("too long");
        assert_eq!(error.kind, TransportErrorKind::Unknown);
    }

    /// Answers one connection with `bytes` and closes it, or keeps it open.
    fn raw(bytes: &'static [u8], close: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(bytes);
            if !close {
                // Until the client goes away.
                let _ = stream.read(&mut request);
            }
        });
        format!("http://{address}/x?secret=canary")
    }

    #[tokio::test]
    async fn broken_answers_are_unknown_outcomes() {
        for (bytes, part) in [
            (&b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"value\":["[..], "the body broke off"),
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc", "the body broke off"),
            (b"HTTP/1.1 200 OK\r\ncontent-le", ""),
            (b"SSH-2.0-x\r\n", ""),
            (b"\x00", ""),
        ] {
            let error = transport().send(read(&raw(bytes, true))).await.expect_err("broken");
            assert_eq!(error.kind, TransportErrorKind::Unknown, "{error}");
            assert!(error.to_string().contains(part), "{error}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn nobody_is_waited_for_longer_than_the_limits_say() {
        let limits = Limits::default();
        for (span, answer, part) in [
            (limits.read.headers, &b""[..], "no answer within 90s"),
            (limits.read.total, b"", "no whole answer within 120s"),
            (limits.idle, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "the body stopped for 30s"),
        ] {
            let transport =
                ReqwestTransport::new(limits, Some(CA), Arc::new(Hasty(span))).expect("a transport");
            let error = transport.send(read(&raw(answer, false))).await.expect_err("silence");
            assert_eq!(error.kind, TransportErrorKind::Unknown);
            assert!(error.detail.contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn what_was_never_reached_did_not_act() {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let plain = serving(ResponseTemplate::new(200)).await.uri().replace("http:", "https:");
        for url in [format!("http://{free}/x?secret=canary"), format!("{plain}/x?secret=canary")] {
            let error = transport().send(call(&url, "test.write", Effect::Append)).await.expect_err(&url);
            assert_eq!(error.kind, TransportErrorKind::Unreached, "{error}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn a_ca_file_must_hold_certificates() {
        for (pem, part) in [
            (&b""[..], "holds none"),
            (b"hello", "holds none"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "CA certificates"),
            (b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", "CA certificates"),
        ] {
            let error =
                ReqwestTransport::new(Limits::default(), Some(pem), Arc::new(SystemClock)).expect_err(part);
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn without_certificates_https_is_refused_with_a_hint() {
        let mut blind = transport();
        blind.no_roots = Some("no certificate can be checked".to_owned());
        let error = blind.send(read("https://127.0.0.1:1/")).await.expect_err("https");
        assert_eq!((error.kind, error.hint.as_deref()), (TransportErrorKind::Refused, Some(NO_ROOTS)));
        let server = serving(ResponseTemplate::new(200)).await;
        blind.send(read(&server.uri())).await.expect("http to this machine works");
    }
}
