//! A link on loan from the daemon that runs it: its files belong to a command until that ends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::config::Config;
use crate::control_client::ControlClient;
use crate::failure::Failure;
use crate::verbs::Session;

/// How often the daemon is asked while its run goes on to the end of a page.
const ASK: Duration = Duration::from_millis(50);
/// How often it is told that the link is still in use.
const RENEW: Duration = Duration::from_secs(10);
/// A daemon that does not answer for so long lends nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A link on loan. Dropping it gives the link back.
#[derive(Debug)]
pub(crate) struct Loan {
    client: ControlClient,
    body: Value,
    renewing: tokio::task::JoinHandle<()>,
}

impl Loan {
    /// Borrows the link of `config`, if a daemon runs it.
    pub(crate) async fn take(config: &Config, session: &Session) -> Result<Option<Self>, Failure> {
        let folder = whole(&config.folder);
        let Some(client) = ControlClient::near(&folder) else { return Ok(None) };
        let who = format!("{} (process {})", session.program, std::process::id());
        let body = json!({ "folder": folder, "who": who });
        let mut told = false;
        loop {
            let asked = client.ask(Method::POST, "/v1/lend", Some(body.clone()));
            // A daemon that is not there, or does not know this link, has nothing to lend.
            let answer = tokio::select! {
                answer = asked => answer.ok(),
                () = session.clock.sleep(PATIENCE) => None,
            };
            let Some(answer) = answer else { return Ok(None) };
            let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
            if answer.get("lent").and_then(Value::as_bool) == Some(true) {
                break;
            }
            if let Some(holder) = text("to") {
                return Err(Failure::InUse { folder: config.data_folder(), holder: format!(": {holder}") });
            }
            if let Some(flow) = text("running").filter(|_| !std::mem::replace(&mut told, true)) {
                // A comparison of everything is not taken apart.
                let whole = answer.get("whole").and_then(Value::as_bool) == Some(true);
                let until = if whole { "ended" } else { "come to the end of a page" };
                session.terminal.say(&format!(
                    "the daemon is running {flow}; this goes on as soon as that has {until} (Ctrl-C gives up)"
                ));
            }
            tokio::select! {
                () = session.clock.sleep(ASK) => {}
                () = session.stop.asked() => {
                    client.tell("/v1/return", &body);
                    return Err(Failure::Interrupted);
                }
            }
        }
        let (renewed, again, clock) = (client.clone(), body.clone(), session.clock.clone());
        let renewing = tokio::spawn(async move {
            loop {
                clock.sleep(RENEW).await;
                // A daemon that has ended needs no word.
                let _ = renewed.ask(Method::POST, "/v1/lend", Some(again.clone())).await;
            }
        });
        Ok(Some(Self { client, body, renewing }))
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.renewing.abort();
        self.client.tell("/v1/return", &self.body);
    }
}

fn whole(folder: &Path) -> PathBuf {
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}
