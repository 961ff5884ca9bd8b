//! The control API: HTTP on a Unix socket that only our own user can open, and, if configured, on a port of
//! this machine that asks for a token.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http::{Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mapping::Key;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use wire::Clock;

use super::ask::{Answer, Ask, Which};
use super::keeper::Message;
use super::loans::Borrower;
use super::token::Token;

/// The largest request.
const LARGEST: usize = 64 << 10;
/// How many conversations there may be at once.
const CONVERSATIONS: usize = 64;
/// How long one conversation may last.
const PATIENCE: Duration = Duration::from_mins(1);

/// What can be done.
const ACTS: [&str; 9] = [
    "/v1/run",
    "/v1/look",
    "/v1/pause",
    "/v1/resume",
    "/v1/notify",
    "/v1/drain",
    "/v1/reload",
    "/v1/lend",
    "/v1/return",
];

type Response = http::Response<Full<Bytes>>;

/// What every conversation is given.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    /// The clockwork.
    pub(crate) keeper: mpsc::Sender<Message>,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// What a caller over a port has to show.
    pub(crate) token: Arc<Token>,
    /// Whether metrics are shown to everybody.
    pub(crate) open_metrics: bool,
}

/// What is asked for in the body of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    link: Option<String>,
    flow: Option<String>,
    full: bool,
    keys: Vec<String>,
    folder: PathBuf,
    who: String,
}

/// Serves a Unix socket. Whoever can open it is trusted.
#[cfg(unix)]
pub(crate) async fn serve_socket(listener: UnixListener, desk: Desk) {
    let places = Arc::new(Semaphore::new(CONVERSATIONS));
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((socket, _)) => {
                let desk = desk.clone();
                tokio::spawn(async move {
                    converse(socket, desk, true).await;
                    drop(place);
                });
            }
            Err(error) => refused(&desk, &error).await,
        }
    }
}

/// Serves a port of this machine.
pub(crate) async fn serve_port(listener: TcpListener, desk: Desk) {
    let places = Arc::new(Semaphore::new(CONVERSATIONS));
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((socket, _)) => {
                let desk = desk.clone();
                tokio::spawn(async move {
                    converse(socket, desk, false).await;
                    drop(place);
                });
            }
            Err(error) => refused(&desk, &error).await,
        }
    }
}

/// Out of file handles, most likely: others have to end first.
async fn refused(desk: &Desk, error: &std::io::Error) {
    tracing::warn!(%error, "a caller could not be let in");
    desk.clock.sleep(Duration::from_millis(200)).await;
}

async fn converse(socket: impl AsyncRead + AsyncWrite + Unpin + Send, desk: Desk, trusted: bool) {
    let clock = desk.clock.clone();
    let service = service_fn(move |request| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(handle(request, &desk, trusted).await) }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
    let connection = std::pin::pin!(connection);
    // A caller that hangs is let go of; one that breaks off has its reasons.
    if let Either::Left((Err(error), _)) = select(connection, clock.sleep(PATIENCE)).await {
        tracing::debug!(%error, "a conversation broke off");
    }
}

async fn handle(request: http::Request<Incoming>, desk: &Desk, trusted: bool) -> Response {
    let (head, body) = request.into_parts();
    if !trusted && !names_this_machine(&head.headers) {
        return problem(StatusCode::MISDIRECTED_REQUEST, "this name is not served here", "call 127.0.0.1");
    }
    let path = head.uri.path().trim_end_matches('/').to_owned();
    let public = path.starts_with("/health/") || desk.open_metrics && path == "/metrics";
    if !trusted && !public && !desk.token.admits(head.headers.get(header::AUTHORIZATION)) {
        return problem(
            StatusCode::UNAUTHORIZED,
            "the token is missing or wrong",
            "send `Authorization: Bearer` with the contents of the token file",
        );
    }
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large", "send less");
    };
    match ask(&head.method, &path, &body.to_bytes()) {
        Ok(None) => text(StatusCode::OK, "alive\n".into()),
        Ok(Some(ask)) => answered(desk, ask).await,
        Err(response) => *response,
    }
}

/// What a request asks for; `None` for nothing but a sign of life.
fn ask(method: &Method, path: &str, body: &[u8]) -> Result<Option<Ask>, Box<Response>> {
    let wrong = |status, what: &str, hint: &str| Box::new(problem(status, what, hint));
    let reading = match path {
        "/health/live" => Some(None),
        "/health/ready" => Some(Some(Ask::Ready)),
        "/metrics" => Some(Some(Ask::Metrics)),
        "/v1/status" => Some(Some(Ask::Status)),
        _ => None,
    };
    if let Some(ask) = reading {
        let reads = *method == Method::GET || *method == Method::HEAD;
        return if reads {
            Ok(ask)
        } else {
            Err(wrong(StatusCode::METHOD_NOT_ALLOWED, "only GET", "use GET"))
        };
    }
    if !ACTS.contains(&path) {
        return Err(wrong(StatusCode::NOT_FOUND, "there is nothing here", "see docs/operations.md"));
    }
    if *method != Method::POST {
        return Err(wrong(StatusCode::METHOD_NOT_ALLOWED, "only POST", "use POST"));
    }
    let given: Body = if body.is_empty() {
        Body::default()
    } else {
        serde_json::from_slice(body).map_err(|error| {
            wrong(StatusCode::BAD_REQUEST, &error.to_string(), "send {\"link\": …, \"flow\": …}")
        })?
    };
    if !given.keys.is_empty() && (path != "/v1/look" || given.flow.is_none()) {
        let hint = "send them to /v1/look, with the flow that reads them";
        return Err(wrong(StatusCode::BAD_REQUEST, "keys belong to one flow", hint));
    }
    let keys = given.keys.into_iter().map(Key::from).collect();
    let which = Which { link: given.link, flow: given.flow };
    let borrower = Borrower { folder: given.folder, who: given.who };
    Ok(Some(match path {
        "/v1/run" => Ask::Run { which, full: given.full },
        "/v1/look" => Ask::Look { which, keys },
        "/v1/pause" => Ask::Pause(which),
        "/v1/resume" => Ask::Resume(which),
        "/v1/notify" => Ask::Notify,
        "/v1/drain" => Ask::Drain,
        "/v1/lend" => Ask::Lend(borrower),
        "/v1/return" => Ask::Return(borrower),
        _ => Ask::Reload,
    }))
}

async fn answered(desk: &Desk, ask: Ask) -> Response {
    let (reply, answer) = oneshot::channel();
    let stopped = || problem(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping", "start it again");
    if desk.keeper.send(Message::Ask(ask, reply)).await.is_err() {
        return stopped();
    }
    match answer.await {
        Ok(Answer::Document(value)) => {
            let mut response = Response::new(Full::new(value.to_string().into()));
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        Ok(Answer::Text(words)) => text(StatusCode::OK, words),
        Ok(Answer::Missing(what)) => problem(StatusCode::NOT_FOUND, &what, "look at the status"),
        Ok(Answer::Refused(what)) => problem(StatusCode::SERVICE_UNAVAILABLE, &what, "look at the log"),
        Ok(Answer::Full) => problem(
            StatusCode::TOO_MANY_REQUESTS,
            "too many keys are waiting",
            "let a run take them first; what was not kept is found in the usual way",
        ),
        Err(_) => stopped(),
    }
}

/// A page in a browser must not reach us by a name that leads here.
fn names_this_machine(headers: &http::HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    ["127.0.0.1", "localhost", "[::1]"].contains(&name) || host == "[::1]"
}

fn text(status: StatusCode, words: String) -> Response {
    let mut response = Response::new(Full::new(words.into()));
    *response.status_mut() = status;
    let plain = header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

fn problem(status: StatusCode, what: &str, hint: &str) -> Response {
    let mut response = Response::new(Full::new(json!({ "error": what, "hint": hint }).to_string().into()));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Makes the Unix socket, for our own user only. One that a killed daemon left behind is replaced: the lock
/// of the folder is ours.
#[cfg(unix)]
pub(crate) fn socket(path: &Path) -> std::io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt as _;
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_understood_or_refused() {
        let asked = |method: Method, path: &str, body: &str| ask(&method, path, body.as_bytes());
        assert_eq!(asked(Method::GET, "/v1/status", "").unwrap(), Some(Ask::Status));
        let run = asked(Method::POST, "/v1/run", r#"{"flow":"suppliers","full":true}"#).unwrap();
        let which = Which { link: None, flow: Some("suppliers".into()) };
        assert_eq!(run, Some(Ask::Run { which, full: true }));
        for (method, path, body, status) in [
            (Method::GET, "/v1/run", "", 405),
            (Method::POST, "/v1/status", "", 405),
            (Method::GET, "/", "", 404),
            (Method::POST, "/v1/run", r#"{"flw":"x"}"#, 400),
            (Method::POST, "/v1/look", r#"{"keys":["S1"]}"#, 400),
            (Method::POST, "/v1/run", r#"{"flow":"suppliers","keys":["S1"]}"#, 400),
        ] {
            assert_eq!(asked(method, path, body).unwrap_err().status().as_u16(), status, "{path}");
        }
    }

    #[test]
    fn only_names_of_this_machine_are_served() {
        for (host, served) in [
            ("127.0.0.1:7460", true),
            ("localhost", true),
            ("[::1]:7460", true),
            ("attacker.example", false),
            ("127.0.0.1.attacker.example", false),
        ] {
            let mut headers = http::HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(names_this_machine(&headers), served, "{host}");
        }
        assert!(!names_this_machine(&http::HeaderMap::new()));
    }
}
