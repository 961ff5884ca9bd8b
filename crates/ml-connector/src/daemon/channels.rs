//! Opens what the configuration names for telling somebody: addresses, secrets, mail servers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use wire::{Clock, HttpTransport, Limits, ReqwestTransport};

use super::channel::{Channel, Program, SecretUrl, Way, Webhook};
use super::email::Email;
use crate::config::{
    Address, AlertsTable, ConfigError, DAEMON_FILE, DeadManTable, SecretRef, TelemetryTable,
};
use crate::telemetry::exporter::Exporter;

/// An alarm that is fed as long as the daemon lives.
#[derive(Debug)]
pub(crate) struct DeadMan {
    /// Reaches it.
    pub(crate) transport: Arc<dyn HttpTransport>,
    /// Its address.
    pub(crate) url: SecretUrl,
    /// How often it is called.
    pub(crate) every: Duration,
}

/// All channels of `table`.
pub(crate) fn open(
    root: &Path,
    table: &AlertsTable,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Channel>, ConfigError> {
    let file = root.join(DAEMON_FILE);
    let secret = |reference: &Option<SecretRef>| {
        reference.as_ref().map(|secret| secret.fetch(root, &file)).transpose()
    };
    let mut channels = Vec::new();
    for webhook in &table.webhooks {
        let way = Way::Webhook(Webhook {
            transport: transport(&file, clock)?,
            url: address(root, &file, webhook.url.as_ref(), webhook.secret_url.as_ref())?,
            token: secret(&webhook.token)?,
            body: webhook.body.clone(),
        });
        channels.push(Channel { name: webhook.name.clone(), links: webhook.links.clone(), way });
    }
    for email in &table.emails {
        let password = secret(&email.password)?;
        let wrong = |reason| ConfigError::new(&file, format!("the e-mail `{}`: {reason}", email.name));
        let way = Way::Email(Box::new(Email::new(email, password.as_ref()).map_err(wrong)?));
        channels.push(Channel { name: email.name.clone(), links: email.links.clone(), way });
    }
    for command in &table.commands {
        let way = Way::Command(Program { program: command.program.clone(), args: command.args.clone() });
        channels.push(Channel { name: command.name.clone(), links: command.links.clone(), way });
    }
    Ok(channels)
}

/// The dead man's switch, if there is one.
pub(crate) fn dead_man(
    root: &Path,
    table: Option<&DeadManTable>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<DeadMan>, ConfigError> {
    let Some(table) = table else { return Ok(None) };
    let file = root.join(DAEMON_FILE);
    let url = address(root, &file, table.url.as_ref(), table.secret_url.as_ref())?;
    Ok(Some(DeadMan { transport: transport(&file, clock)?, url, every: table.every.0 }))
}

/// Who sends traces and metrics, if somebody wants them.
pub(crate) fn exporter(
    root: &Path,
    table: &TelemetryTable,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Exporter>, ConfigError> {
    let file = root.join(DAEMON_FILE);
    Exporter::new((root, &file), table, || transport(&file, clock), clock)
}

fn transport(file: &Path, clock: &Arc<dyn Clock>) -> Result<Arc<dyn HttpTransport>, ConfigError> {
    let transport = ReqwestTransport::new(Limits::default(), None, clock.clone());
    Ok(Arc::new(transport.map_err(|error| ConfigError::new(file, error.to_string()))?))
}

fn address(
    root: &Path,
    file: &Path,
    plain: Option<&Address>,
    secret: Option<&SecretRef>,
) -> Result<SecretUrl, ConfigError> {
    match (plain, secret) {
        (Some(address), _) => Ok(SecretUrl(address.url().clone())),
        (None, Some(reference)) => {
            let text = reference.fetch(root, file)?;
            // What is wrong with it is not said: it is a secret.
            let url = Url::parse(text.expose()).ok().filter(|url| ["https", "http"].contains(&url.scheme()));
            url.map(SecretUrl).ok_or_else(|| ConfigError::new(file, format!("{reference} holds no address")))
        }
        (None, None) => Err(ConfigError::new(file, "an address is missing")),
    }
}
