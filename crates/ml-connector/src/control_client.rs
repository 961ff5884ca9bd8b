//! Talks to a daemon on this machine, over its control socket.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::daemon::{SOCKET, instance};
use crate::failure::Failure;

/// A daemon that can be talked to.
#[derive(Debug)]
pub(crate) struct ControlClient {
    socket: PathBuf,
}

impl ControlClient {
    /// The daemon that was started on `root`, or the one that listens on `socket`.
    pub(crate) fn new(root: &Path, socket: Option<PathBuf>) -> Self {
        Self { socket: socket.unwrap_or_else(|| root.join(instance::FOLDER).join(SOCKET)) }
    }

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
