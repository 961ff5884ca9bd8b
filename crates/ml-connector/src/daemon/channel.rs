//! The ways to tell somebody: a webhook, an e-mail, a command.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, header};
use url::Url;
use wire::{Call, Clock, Effect, HttpTransport, Request, Secret};

use super::alert::Notice;
use super::email::Email;
use super::template;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

/// A way to tell somebody.
#[derive(Debug)]
pub(crate) struct Channel {
    /// Its name, for messages about it.
    pub(crate) name: String,
    /// The links it is about; all if empty.
    pub(crate) links: Vec<String>,
    /// How.
    pub(crate) way: Way,
}

/// How somebody is told.
#[derive(Debug)]
pub(crate) enum Way {
    /// By a call.
    Webhook(Webhook),
    /// By e-mail.
    Email(Box<Email>),
    /// By a program.
    Command(Program),
}

/// A webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    /// Reaches it.
    pub(crate) transport: Arc<dyn HttpTransport>,
    /// Its address.
    pub(crate) url: SecretUrl,
    /// Sent along.
    pub(crate) token: Option<Secret>,
    /// A template for the body; the notice itself if there is none.
    pub(crate) body: Option<String>,
}

/// An address that may be a secret: it is never shown.
#[derive(Clone)]
pub(crate) struct SecretUrl(pub(crate) Url);

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretUrl")
    }
}

/// A program.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its path.
    pub(crate) program: PathBuf,
    /// Templates of what it is given.
    pub(crate) args: Vec<String>,
}

impl Channel {
    /// Tells somebody.
    pub(crate) async fn send(&self, notice: &Notice, clock: &dyn Clock) -> Result<(), String> {
        match &self.way {
            Way::Webhook(webhook) => webhook.send(notice).await,
            Way::Email(email) => email.send(notice).await,
            Way::Command(program) => program.run(notice, clock).await,
        }
    }
}

fn document(notice: &Notice) -> Result<String, String> {
    serde_json::to_string(notice).map_err(|error| error.to_string())
}

impl Webhook {
    async fn send(&self, notice: &Notice) -> Result<(), String> {
        let body = match &self.body {
            Some(body) => template::json(body, notice),
            None => document(notice)?,
        };
        call(&*self.transport, Method::POST, &self.url, self.token.as_ref(), body).await
    }
}

/// Calls an address that may be a secret: what is said about it never names it.
pub(crate) async fn call(
    transport: &dyn HttpTransport,
    method: Method,
    url: &SecretUrl,
    token: Option<&Secret>,
    body: String,
) -> Result<(), String> {
    let mut builder = http::Request::builder().method(method).uri(url.0.as_str());
    if !body.is_empty() {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    if let Some(token) = token {
        builder = builder.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
    }
    let mut request: Request =
        builder.body(Bytes::from(body)).map_err(|_| "the address or the token cannot be sent".to_owned())?;
    request.extensions_mut().insert(Call::new("alert.webhook", Effect::Append));
    match transport.send(request).await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answered {}", answer.status().as_u16())),
        Err(error) => Err(format!("no answer: {}", error.detail)),
    }
}

impl Program {
    async fn run(&self, notice: &Notice, clock: &dyn Clock) -> Result<(), String> {
        let document = document(notice)?;
        let args = self.args.iter().map(|arg| template::line(arg, notice));
        let mut command = Command::new(&self.program);
        // Nothing of our environment, which may hold secrets.
        command.args(args).env_clear().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let failed = |error: std::io::Error| format!("{}: {error}", self.program.display());
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut input) = child.stdin.take() {
            // Shorter than the pipe: never waits. A program need not read what it is given.
            let _ = input.write_all(document.as_bytes());
        }
        let begun = clock.elapsed();
        loop {
            match child.try_wait().map_err(failed)? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("{} ended with {status}", self.program.display())),
                None if clock.elapsed().saturating_sub(begun) > PATIENCE => {
                    child.kill().map_err(failed)?;
                    child.wait().map_err(failed)?;
                    return Err(format!("{} took longer than {PATIENCE:?}", self.program.display()));
                }
                None => clock.sleep(LOOK).await,
            }
        }
    }
}
