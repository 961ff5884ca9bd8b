//! The Pub/Sub API on a loopback socket: gRPC on HTTP/2, over TLS with a certificate of our own.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::{Either, select};
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::framing::{Unreadable, framed, unframed};
use super::message::Fetch;
use super::status::Status;
use super::stream::{Next, Stream};
use crate::salesforce::SalesforceSandbox;

/// The server's certificate and key: for loopback only, and public.
const CERTIFICATE: &str = include_str!("../keys/localhost.pem");
const KEY: &str = include_str!("../keys/localhost.key");
/// How often a stream looks whether something happened.
const LOOK: Duration = Duration::from_millis(20);
/// Largest body of a call that is no stream.
const BODY: usize = 64 * 1024;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A running event server.
#[derive(Debug)]
pub struct EventServerHandle {
    address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl EventServerHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://host:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Closes the port and every connection.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        // Every connection holds a receiver.
        self.stop.closed().await;
    }
}

/// Serves the Pub/Sub API of `sandbox` on `listener` until the handle is stopped. Clients have to
/// trust [`EVENT_CA`](super::EVENT_CA).
///
/// # Errors
/// `PermissionDenied` if the listener is not on a loopback address; `Other` if TLS cannot be set up.
pub fn serve_events(listener: TcpListener, sandbox: Arc<SalesforceSandbox>) -> io::Result<EventServerHandle> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let what = format!("the sandbox serves on loopback only, not on {address}");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    let tls = TlsAcceptor::from(Arc::new(tls()?));
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(accept(listener, tls, sandbox, stopped));
    Ok(EventServerHandle { address, stop })
}

fn tls() -> io::Result<ServerConfig> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(CERTIFICATE.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain.map_err(io::Error::other)?, key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

async fn accept(
    listener: TcpListener,
    tls: TlsAcceptor,
    sandbox: Arc<SalesforceSandbox>,
    mut stopped: watch::Receiver<bool>,
) {
    let stop = stopped.clone();
    loop {
        let told = std::pin::pin!(stopped.wait_for(|stop| *stop));
        let next = std::pin::pin!(listener.accept());
        let Either::Right((next, _)) = select(told, next).await else { return };
        match next {
            Ok((socket, _)) => {
                let _ = socket.set_nodelay(true);
                tokio::spawn(converse(socket, tls.clone(), sandbox.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "the sandbox could not accept a connection");
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn converse(
    socket: TcpStream,
    tls: TlsAcceptor,
    sandbox: Arc<SalesforceSandbox>,
    mut stopped: watch::Receiver<bool>,
) {
    // Whoever does not trust us, or speaks no TLS, goes away again.
    let Ok(socket) = tls.accept(socket).await else { return };
    let service = service_fn(move |request| {
        let sandbox = sandbox.clone();
        async move { Ok::<_, Infallible>(handle(request, sandbox).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(socket), service);
    let stop = std::pin::pin!(stopped.wait_for(|stop| *stop));
    let _ = select(stop, std::pin::pin!(connection)).await;
}

async fn handle(request: http::Request<Incoming>, sandbox: Arc<SalesforceSandbox>) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if SalesforceSandbox::is_event_stream(path) {
        let conversation = Conversation {
            sandbox,
            headers: parts.headers,
            incoming: body,
            arrived: BytesMut::new(),
            state: Progress::Opening,
        };
        let frames = stream::unfold(conversation, |mut conversation| async move {
            Some((Ok(conversation.frame().await?), conversation))
        });
        return response(StreamBody::new(frames).boxed_unsync());
    }
    let asked = Limited::new(body, BODY).collect().await.ok();
    let asked = asked.and_then(|body| unframed(&mut BytesMut::from(&body.to_bytes()[..])).ok().flatten());
    let answer = asked.ok_or_else(Status::malformed);
    match answer.and_then(|asked| sandbox.event_call(path, &parts.headers, &asked)) {
        Ok(message) => {
            let frames = [Frame::data(framed(&message)), Frame::trailers(trailers(&Status::ok()))];
            response(StreamBody::new(stream::iter(frames.map(Ok))).boxed_unsync())
        }
        Err(status) => {
            let mut response = response(Empty::new().boxed_unsync());
            response.headers_mut().extend(trailers(&status));
            response
        }
    }
}

/// One stream and how far it is.
struct Conversation {
    sandbox: Arc<SalesforceSandbox>,
    headers: HeaderMap,
    incoming: Incoming,
    arrived: BytesMut,
    state: Progress,
}

enum Progress {
    /// The first request has not come yet.
    Opening,
    Open(Stream),
    Ended,
}

impl Conversation {
    /// What goes out next; `None` after the end.
    async fn frame(&mut self) -> Option<Frame<Bytes>> {
        loop {
            let next = match &mut self.state {
                Progress::Ended => return None,
                Progress::Opening => Next::Nothing,
                Progress::Open(stream) => stream.next(&self.sandbox),
            };
            match next {
                Next::Message(message) => return Some(Frame::data(framed(&message.encode_to_vec()))),
                Next::End(status) => return Some(self.end(&status)),
                Next::Nothing => {}
            }
            match self.heard().await {
                Ok(true) => {}
                Ok(false) => return Some(self.end(&Status::ok())),
                Err(status) => return Some(self.end(&status)),
            }
        }
    }

    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        self.state = Progress::Ended;
        Frame::trailers(trailers(status))
    }

    /// Waits a little for the client; whether it goes on.
    async fn heard(&mut self) -> Result<bool, Status> {
        let clock = self.sandbox.clock.base().clone();
        let more = std::pin::pin!(self.incoming.frame());
        match select(more, clock.sleep(LOOK)).await {
            Either::Right(_) => return Ok(true),
            Either::Left((None | Some(Err(_)), _)) => return Ok(false),
            Either::Left((Some(Ok(frame)), _)) => {
                if let Ok(data) = frame.into_data() {
                    self.arrived.extend_from_slice(&data);
                }
            }
        }
        while let Some(message) = unframed(&mut self.arrived).map_err(|Unreadable| Status::malformed())? {
            let fetch = Fetch::decode(message).map_err(|_| Status::malformed())?;
            match &mut self.state {
                Progress::Open(stream) => stream.more(&self.sandbox, &fetch)?,
                _ => self.state = Progress::Open(self.sandbox.event_stream(&self.headers, &fetch)?),
            }
        }
        Ok(true)
    }
}

fn response(body: Body) -> http::Response<Body> {
    let mut response = http::Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

fn trailers(status: &Status) -> HeaderMap {
    let trailers = status.trailers().into_iter();
    trailers
        .filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))
        })
        .collect()
}
