//! A gate on a loopback socket.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{Either, select};
use futures::{StreamExt as _, stream};
use http::{HeaderValue, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wire::{Request, Response};

use crate::door;
use crate::fault::Fault;
use crate::gate::{Gate, Outcome};

/// Largest request body that is read: more than any real endpoint of the two systems takes.
pub const BODY_LIMIT: usize = 64 * 1024 * 1024;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A running server. Dropping it leaves the server running until the runtime ends; call
/// [`stop`](Self::stop) to end it in order.
#[derive(Debug)]
pub struct ServerHandle {
    address: SocketAddr,
    gate: Arc<Gate>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl ServerHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://host:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The gate that is served.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Accepts no more, lets open calls end, and closes.
    pub async fn stop(self) {
        let Self { stop, accepting, .. } = self;
        let _ = stop.send(true);
        // An aborted or panicked task has ended too.
        let _ = accepting.await;
        // Every connection holds a receiver.
        stop.closed().await;
    }
}

/// Serves `gate` on `listener` until the handle is stopped.
///
/// # Errors
/// `PermissionDenied` if the listener is not on a loopback address: nobody else may reach a
/// system with known passwords and an open door.
pub fn serve(listener: TcpListener, gate: Arc<Gate>) -> io::Result<ServerHandle> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let what = format!("the sandbox serves on loopback only, not on {address}");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    let (stop, stopped) = watch::channel(false);
    let accepting = tokio::spawn(accept(listener, gate.clone(), stopped));
    Ok(ServerHandle { address, gate, stop, accepting })
}

async fn accept(listener: TcpListener, gate: Arc<Gate>, stopped: watch::Receiver<bool>) {
    let mut told_to_stop = stopped.clone();
    loop {
        let stop = std::pin::pin!(told(&mut told_to_stop));
        let next = std::pin::pin!(listener.accept());
        let Either::Right((next, _)) = select(stop, next).await else { return };
        match next {
            Ok((socket, _)) => {
                // Small answers must not wait for the peer's delayed acknowledgement.
                let _ = socket.set_nodelay(true);
                tokio::spawn(converse(socket, gate.clone(), stopped.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "the sandbox could not accept a connection");
                // Out of file handles, most likely: let others finish first.
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Ends when the server is told to stop: never, if nobody is left who could tell.
async fn told(stopped: &mut watch::Receiver<bool>) {
    if stopped.wait_for(|stop| *stop).await.is_err() {
        futures::future::pending::<()>().await;
    }
}

async fn converse(socket: TcpStream, gate: Arc<Gate>, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request| {
        let gate = gate.clone();
        async move { handle(request, gate).await }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
    let mut connection = std::pin::pin!(connection);
    let stop = std::pin::pin!(told(&mut stopped));
    // A connection that breaks is the client's business, or a fault that was asked for.
    if let Either::Left(((), _)) = select(stop, connection.as_mut()).await {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// An error closes the connection without an answer.
async fn handle(
    request: http::Request<Incoming>,
    gate: Arc<Gate>,
) -> Result<http::Response<Body>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Ok(whole(too_large()));
        }
        Err(error) => return Err(io::Error::other(error)),
    };
    let request = Request::from_parts(parts, body);
    if request.uri().path().starts_with(door::PREFIX) {
        return Ok(whole(door::answer(&gate, &request)));
    }
    let outcome = gate.call(&request);
    match outcome {
        Outcome::Answer(response) => Ok(whole(response)),
        Outcome::Slow { response, chunk, pause } => Ok(slow(response, chunk, pause, gate)),
        Outcome::Truncated(response) => Ok(truncated(response)),
        Outcome::Lost => {
            watch_late(gate);
            Err(closed(&Fault::LostAnswer))
        }
        Outcome::Unreached => Err(closed(&Fault::Unreached)),
    }
}

/// Lands late requests at their time even if nobody calls meanwhile.
fn watch_late(gate: Arc<Gate>) {
    tokio::spawn(async move {
        while let Some(wait) = gate.until_next_late() {
            gate.endpoint().clock().base().sleep(wait).await;
            gate.settle_due();
        }
    });
}

fn closed(fault: &Fault) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, fault.name())
}

fn too_large() -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn whole(response: Response) -> http::Response<Body> {
    response.map(|body| Full::new(body).map_err(infallible).boxed_unsync())
}

fn infallible(never: Infallible) -> io::Error {
    match never {}
}

/// Promises the whole body and breaks off in the middle.
fn truncated(response: Response) -> http::Response<Body> {
    promised(response).map(|body| {
        let half = body.slice(..body.len() / 2);
        let broken = stream::once(async {
            // The half must have left before the connection breaks, or nothing would arrive.
            tokio::task::yield_now().await;
            Err(closed(&Fault::TruncatedBody))
        });
        StreamBody::new(stream::once(async { Ok(Frame::data(half)) }).chain(broken)).boxed_unsync()
    })
}

fn slow(
    response: Response,
    chunk: usize,
    pause: std::time::Duration,
    gate: Arc<Gate>,
) -> http::Response<Body> {
    promised(response).map(|body| {
        let pieces = stream::unfold((body, gate), move |(mut rest, gate)| async move {
            if rest.is_empty() {
                return None;
            }
            gate.endpoint().clock().base().sleep(pause).await;
            let piece = rest.split_to(chunk.min(rest.len()));
            Some((Ok(Frame::data(piece)), (rest, gate)))
        });
        StreamBody::new(pieces).boxed_unsync()
    })
}

/// Announces the length of the whole body, which a stream would not know.
fn promised(mut response: Response) -> Response {
    let length = HeaderValue::from(response.body().len());
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    response
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::manual_clock::ManualClock;
    use crate::{Endpoint, FaultPlan, NoFaults, Scripted, ServerClock};

    /// Answers with the number of requests it has acted on and the size of this one's body.
    #[derive(Debug)]
    struct Counter {
        clock: ServerClock,
        acted: Mutex<u32>,
    }

    impl Endpoint for Counter {
        fn answer(&self, request: &Request) -> Response {
            let mut acted = self.acted.lock().expect("count");
            *acted += 1;
            Response::new(Bytes::from(format!("{{\"acted\":{acted},\"bytes\":{}}}", request.body().len())))
        }

        fn clock(&self) -> &ServerClock {
            &self.clock
        }
    }

    async fn start(plan: impl FaultPlan) -> ServerHandle {
        let clock = ServerClock::new(Arc::new(ManualClock::at("2026-03-01T10:00:00Z")));
        let counter = Arc::new(Counter { clock, acted: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        serve(listener, Arc::new(Gate::new(counter).with_faults(plan))).expect("served")
    }

    /// Writes `requests` on one connection and reads until the server closes it.
    async fn talk(server: &ServerHandle, requests: &'static str) -> String {
        let address = server.address();
        tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(address).expect("connected");
            socket.write_all(requests.as_bytes()).expect("written");
            let mut heard = Vec::new();
            // A connection that breaks off has said what it had to say.
            let _ = socket.read_to_end(&mut heard);
            String::from_utf8(heard).expect("text")
        })
        .await
        .expect("talked")
    }

    const LAST: &str = "GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn one_connection_carries_several_calls() {
        let server = start(NoFaults).await;
        let requests = "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc\
                        GET /b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let heard = talk(&server, requests).await;
        assert!(heard.contains("{\"acted\":1,\"bytes\":3}HTTP/1.1 200 OK"), "{heard}");
        assert!(heard.contains("date: Sun, 01 Mar 2026 10:00:00 GMT"), "{heard}");
        assert!(heard.ends_with("{\"acted\":2,\"bytes\":0}"), "{heard}");
    }

    #[tokio::test]
    async fn a_lost_answer_closes_the_connection_after_acting() {
        let server = start(Scripted::nth(1, Fault::LostAnswer)).await;
        assert_eq!(talk(&server, LAST).await, "");
        assert!(talk(&server, LAST).await.contains("\"acted\":2"));
    }

    #[tokio::test]
    async fn an_unreached_server_closes_without_acting() {
        let server = start(Scripted::nth(1, Fault::Unreached)).await;
        assert_eq!(talk(&server, LAST).await, "");
        assert!(talk(&server, LAST).await.contains("\"acted\":1"));
    }

    #[tokio::test]
    async fn a_late_request_lands_without_further_calls() {
        let late = Fault::LateLanding { after: Duration::from_mins(1) };
        let server = start(Scripted::nth(1, late)).await;
        assert_eq!(talk(&server, LAST).await, "");
        // The manual clock's sleep ends at once, so the landing is only a few polls away.
        while server.gate().pending() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(talk(&server, LAST).await.contains("\"acted\":2"));
    }

    #[tokio::test]
    async fn a_truncated_body_promises_more_than_it_sends() {
        let server = start(Scripted::nth(1, Fault::TruncatedBody)).await;
        let heard = talk(&server, LAST).await;
        assert!(heard.contains("content-length: 21\r\n"), "{heard}");
        assert!(heard.ends_with("\r\n\r\n{\"acted\":1"), "{heard}");
    }

    #[tokio::test]
    async fn a_slow_body_arrives_whole() {
        let pause = Duration::from_secs(1);
        let server = start(Scripted::nth(1, Fault::SlowBody { chunk: 4, pause })).await;
        let before = server.gate().endpoint().clock().elapsed();
        assert!(talk(&server, LAST).await.ends_with("{\"acted\":1,\"bytes\":0}"));
        let after = server.gate().endpoint().clock().elapsed();
        assert_eq!(after, before + pause * 6, "21 bytes are 6 pieces of 4");
    }

    #[tokio::test]
    async fn the_door_is_not_counted_as_a_call() {
        let server = start(Scripted::nth(1, Fault::LostAnswer)).await;
        let asked = "GET /sandbox/stats HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        assert!(talk(&server, asked).await.contains("\"calls\":0"));
    }

    #[tokio::test]
    async fn stopping_closes_idle_connections_and_the_port() {
        let server = start(NoFaults).await;
        let address = server.address();
        let idle = tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(address).expect("connected");
            socket.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
            let mut heard = String::new();
            socket.read_to_string(&mut heard).expect("closed in order");
            heard
        });
        while server.gate().journal().calls == 0 {
            tokio::task::yield_now().await;
        }
        server.stop().await;
        assert!(idle.await.expect("idle").contains("\"acted\":1"));
        let again = tokio::task::spawn_blocking(move || TcpStream::connect(address));
        assert!(again.await.expect("tried").is_err());
    }

    #[tokio::test]
    async fn other_addresses_than_loopback_are_refused() {
        let clock = ServerClock::new(Arc::new(ManualClock::at("2026-03-01T10:00:00Z")));
        let gate = Arc::new(Gate::new(Arc::new(Counter { clock, acted: Mutex::default() })));
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
        let error = serve(listener, gate).expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
