//! Talks to a daemon on this machine, over its control socket.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::config::DaemonFile;
use crate::daemon::{SOCKET, instance};
use crate::failure::Failure;

/// A daemon that can be talked to.
#[derive(Debug, Clone)]
pub(crate) struct ControlClient {
    socket: PathBuf,
    /// The link that is meant, if the daemon was found above it and may run others too.
    pub(crate) link: Option<String>,
}

impl ControlClient {
    /// The daemon that was started on `root`, or the one that listens on `socket`.
    pub(crate) fn new(root: &Path, socket: Option<PathBuf>) -> Self {
        Self { socket: socket.unwrap_or_else(|| socket_of(root)), link: None }
    }

    /// The daemon that runs the link in `folder`: it was started on that folder, or on the one above.
    pub(crate) fn near(folder: &Path) -> Option<Self> {
        let own = socket_of(folder);
        if own.exists() {
            return Some(Self { socket: own, link: None });
        }
        let whole = std::path::absolute(folder).ok()?;
        let socket = socket_of(whole.parent()?);
        let link = whole.file_name()?.to_string_lossy().into_owned();
        socket.exists().then_some(Self { socket, link: Some(link) })
    }

    /// Tells it something at the end, when nobody can wait for an answer any more.
    #[cfg(unix)]
    pub(crate) fn tell(&self, path: &str, body: &Value) {
        use std::io::{Read as _, Write as _};
        let patience = Some(std::time::Duration::from_secs(1));
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let told = std::os::unix::net::UnixStream::connect(&self.socket).and_then(|mut stream| {
            stream.set_read_timeout(patience)?;
            stream.set_write_timeout(patience)?;
            stream.write_all(request.as_bytes())?;
            stream.read_to_end(&mut Vec::new())
        });
        if let Err(error) = told {
            tracing::debug!(%error, path, "the daemon was not told");
        }
    }

    /// Tells it something at the end.
    #[cfg(not(unix))]
    pub(crate) fn tell(&self, _: &str, _: &Value) {}

    /// Asks for `path`.
    #[cfg(unix)]
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        use http_body_util::{BodyExt as _, Full};
        let broken = |error: &dyn std::fmt::Display| Failure::Internal {
            what: format!("talking to the daemon at {}: {error}", self.socket.display()),
        };
        let stream = tokio::net::UnixStream::connect(&self.socket).await.map_err(|_| self.nobody())?;
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(io).await.map_err(|error| broken(&error))?;
        tokio::spawn(connection);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::HOST, "localhost")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| broken(&error))?;
        let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| broken(&error))?.to_bytes();
        let value: Value = serde_json::from_slice(&body).map_err(|error| broken(&error))?;
        if status.is_success() {
            return Ok(value);
        }
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Err(Failure::Missing { what: text("error"), hint: text("hint") })
    }

    /// Asks for `path`.
    #[cfg(not(unix))]
    pub(crate) async fn ask(&self, _: Method, _: &str, _: Option<Value>) -> Result<Value, Failure> {
        Err(self.nobody())
    }

    fn nobody(&self) -> Failure {
        Failure::Missing {
            what: format!("no daemon listens at {}", self.socket.display()),
            hint: "start it with `ml-connectord --links FOLDER`, and name the same FOLDER with `--link` here"
                .into(),
        }
    }
}

/// Where the daemon listens that was started on `root`.
fn socket_of(root: &Path) -> PathBuf {
    // What is wrong with its file is told by the daemon itself.
    let configured = DaemonFile::load(root).ok().and_then(|file| file.control.socket);
    root.join(configured.unwrap_or_else(|| Path::new(instance::FOLDER).join(SOCKET)))
}
