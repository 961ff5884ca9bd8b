//! gRPC for real, by tonic: the only file that names it.
//!
//! Messages are bytes here; what they mean is the business of whoever sends them. A gRPC status is
//! answered as the HTTP status that fits it, with all trailers as headers and the code itself in
//! `grpc-status`, so that the layers above need not know of gRPC.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf as _, BufMut as _, Bytes};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::{Either, select};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder, Streaming};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::trust::{NO_ROOTS, Trust, TrustError};
use crate::{
    Clock, Conversation, HttpTransport, Origin, Request, Response, TransportError, TransportErrorKind,
};

/// Where the code of a gRPC status stands in answers; every answer has it but those that are one of
/// several messages.
pub const GRPC_STATUS: &str = "grpc-status";
/// Where its words stand.
pub const GRPC_MESSAGE: &str = "grpc-message";

/// How long to wait, and how much to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrpcLimits {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// For the answer to a call that is no stream.
    pub call: Duration,
    /// For the next message of a stream. The server must say something more often than that.
    pub silence: Duration,
    /// Bytes of one message.
    pub message: usize,
}

impl Default for GrpcLimits {
    /// Connect 10 s, calls 30 s, 300 s of silence (Salesforce sends something every 270 s), 4 MiB.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), call: seconds(30), silence: seconds(300), message: 4 << 20 }
    }
}

/// One HTTP/2 connection an origin, TLS by rustls with ring. It repeats nothing: the caller decides.
pub struct GrpcTransport {
    limits: GrpcLimits,
    clock: Arc<dyn Clock>,
    tls: Arc<ClientConfig>,
    /// Why no certificate can be checked, if none can.
    no_roots: Option<String>,
    channels: Mutex<HashMap<Origin, Channel>>,
}

impl fmt::Debug for GrpcTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcTransport").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// An open stream.
struct Stream {
    outgoing: UnboundedSender<Bytes>,
    incoming: Streaming<Bytes>,
}

impl GrpcTransport {
    /// A transport within `limits`; `clock` measures them. Certificates are checked against the
    /// system's own, or, with `ca_pem`, against these CA certificates (PEM) and no others.
    pub fn new(limits: GrpcLimits, ca_pem: Option<&[u8]>, clock: Arc<dyn Clock>) -> Result<Self, TrustError> {
        let Trust { mut tls, no_roots } = Trust::new(ca_pem)?;
        tls.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { limits, clock, tls: Arc::new(tls), no_roots, channels: Mutex::default() })
    }

    async fn within<F: Future + Send>(&self, span: Duration, work: F) -> Option<F::Output> {
        let work = std::pin::pin!(work);
        match select(work, self.clock.sleep(span)).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }

    /// The connection to an origin, made if there is none.
    async fn channel(&self, uri: &Uri, what: &str) -> Result<Grpc<Channel>, TransportError> {
        let error = |kind, detail: String| TransportError::new(kind, what, detail);
        let origin = Origin::parse(&uri.to_string())
            .map_err(|bad| error(TransportErrorKind::Refused, bad.to_string()))?;
        let secure = uri.scheme_str() == Some("https");
        if let (Some(reason), true) = (&self.no_roots, secure) {
            return Err(error(TransportErrorKind::Refused, reason.clone()).hint(NO_ROOTS));
        }
        let known = self.lock().get(&origin).cloned();
        let channel = if let Some(channel) = known {
            channel
        } else {
            let made = self.connected(&origin, secure).await;
            let channel = made.map_err(|failure| error(TransportErrorKind::Unreached, chain(&failure)))?;
            self.lock().insert(origin, channel.clone());
            channel
        };
        let mut grpc = Grpc::new(channel).max_decoding_message_size(self.limits.message);
        if let Err(failure) = grpc.ready().await {
            self.lock().clear();
            return Err(error(TransportErrorKind::Unreached, chain(&failure)));
        }
        Ok(grpc)
    }

    async fn connected(&self, origin: &Origin, secure: bool) -> Result<Channel, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(origin.to_string())?
            .connect_timeout(self.limits.connect)
            .http2_keep_alive_interval(Duration::from_secs(60))
            .keep_alive_timeout(Duration::from_secs(20))
            .keep_alive_while_idle(true);
        let tls = secure.then(|| self.tls.clone());
        let connector = tower::service_fn(move |uri: Uri| connect(uri, tls.clone()));
        endpoint.connect_with_connector(connector).await
    }

    async fn call(&self, request: Request, what: &str) -> Result<Response, TransportError> {
        let (parts, body) = request.into_parts();
        let path = path(&parts.uri);
        let call = async {
            let mut grpc = self.channel(&parts.uri, what).await?;
            Ok(grpc.unary(framed(parts.headers, body), path, Raw).await)
        };
        match self.within(self.limits.call, call).await {
            None => Err(self.silent(what, self.limits.call)),
            Some(Err(error)) => Err(error),
            Some(Ok(Ok(answer))) => Ok(message(answer.into_inner())),
            Some(Ok(Err(status))) => self.ended(&status, what),
        }
    }

    async fn turn(
        &self,
        request: Request,
        conversation: &Conversation,
        what: &str,
    ) -> Result<Response, TransportError> {
        let (parts, body) = request.into_parts();
        let turn = async {
            let mut stream = match conversation.take::<Stream>() {
                Some(stream) if body.is_empty() => stream,
                Some(stream) => {
                    // A stream that has ended says so below.
                    let _ = stream.outgoing.unbounded_send(body);
                    stream
                }
                None if body.is_empty() => {
                    let detail = "the stream is not open";
                    return Err(TransportError::new(TransportErrorKind::Refused, what, detail));
                }
                None => match self.open(&parts.uri, (parts.headers, body), what).await? {
                    Ok(stream) => stream,
                    Err(status) => return self.ended(&status, what),
                },
            };
            match stream.incoming.message().await {
                Ok(Some(bytes)) => {
                    conversation.keep(stream);
                    Ok(message(bytes))
                }
                Ok(None) => Ok(status_answer(StatusCode::NO_CONTENT, Code::Ok, "")),
                Err(status) => self.ended(&status, what),
            }
        };
        match self.within(self.limits.silence, turn).await {
            Some(result) => result,
            None => Err(self.silent(what, self.limits.silence)),
        }
    }

    async fn open(
        &self,
        uri: &Uri,
        (headers, first): (HeaderMap, Bytes),
        what: &str,
    ) -> Result<Result<Stream, Status>, TransportError> {
        let mut grpc = self.channel(uri, what).await?;
        let (outgoing, messages): (_, UnboundedReceiver<Bytes>) = unbounded();
        let _ = outgoing.unbounded_send(first);
        let answer = grpc.streaming(framed(headers, messages), path(uri), Raw).await;
        Ok(answer.map(|answer| Stream { outgoing, incoming: answer.into_inner() }))
    }

    /// What a status means: an answer if the server sent it, none if the connection broke.
    fn ended(&self, status: &Status, what: &str) -> Result<Response, TransportError> {
        if let Some(cause) = std::error::Error::source(status) {
            self.lock().clear();
            return Err(TransportError::new(TransportErrorKind::Unknown, what, chain(cause)));
        }
        let mut answer = status_answer(fitting(status.code()), status.code(), status.message());
        answer.headers_mut().extend(status.metadata().clone().into_headers());
        Ok(answer)
    }

    fn silent(&self, what: &str, span: Duration) -> TransportError {
        // What does not answer may be a connection that only looks alive.
        self.lock().clear();
        TransportError::new(TransportErrorKind::Unknown, what, format!("nothing came within {span:?}"))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Origin, Channel>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpTransport for GrpcTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let what = format!("gRPC {authority}{}", request.uri().path());
        match request.extensions().get::<Conversation>().cloned() {
            Some(conversation) => self.turn(request, &conversation, &what).await,
            None => self.call(request, &what).await,
        }
    }
}

async fn connect(uri: Uri, tls: Option<Arc<ClientConfig>>) -> std::io::Result<TokioIo<Box<dyn Pipe>>> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
    let socket = TcpStream::connect((host.as_str(), port)).await?;
    // Requests for more events are small and must not wait.
    socket.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok(TokioIo::new(Box::new(socket))) };
    let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
    Ok(TokioIo::new(Box::new(TlsConnector::from(tls).connect(name, socket).await?)))
}

/// What a connection can do.
trait Pipe: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Pipe for T {}

fn path(uri: &Uri) -> PathAndQuery {
    uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"))
}

fn framed<T>(headers: HeaderMap, body: T) -> tonic::Request<T> {
    tonic::Request::from_parts(MetadataMap::from_headers(headers), tonic::Extensions::default(), body)
}

fn message(bytes: Bytes) -> Response {
    Response::new(bytes)
}

fn status_answer(status: StatusCode, code: Code, words: &str) -> Response {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer.headers_mut().insert(GRPC_STATUS, HeaderValue::from(i32::from(code)));
    let words: String = words.chars().filter(|letter| letter.is_ascii_graphic() || *letter == ' ').collect();
    if let Ok(words) = HeaderValue::from_str(&words) {
        answer.headers_mut().insert(GRPC_MESSAGE, words);
    }
    answer
}

/// The HTTP status that fits a gRPC status (google.rpc.Code).
fn fitting(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::FailedPrecondition => StatusCode::PRECONDITION_FAILED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
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

/// Messages as they are.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length)))
    }
}
