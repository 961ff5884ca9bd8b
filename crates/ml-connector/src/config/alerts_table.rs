//! `[alerts]` of the daemon: what is worth telling, and whom.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Address, ConfigError, SecretRef, daemon_file::FAILURES};

/// `[alerts]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AlertsTable {
    /// A flow is failing after so many failed runs in a row.
    pub failures: NonZeroU32,
    /// So many records in quarantine are worth telling; 0 tells never.
    pub quarantine: u64,
    /// So many per cent left of a system's daily calls are worth telling; 0 tells never.
    pub quota: u8,
    /// `[[alerts.webhooks]]`.
    pub webhooks: Vec<WebhookTable>,
    /// `[[alerts.emails]]`.
    pub emails: Vec<EmailTable>,
    /// `[[alerts.commands]]`.
    pub commands: Vec<CommandTable>,
}

impl Default for AlertsTable {
    fn default() -> Self {
        Self {
            failures: FAILURES,
            quarantine: 1,
            quota: 10,
            webhooks: Vec::new(),
            emails: Vec::new(),
            commands: Vec::new(),
        }
    }
}

/// `[[alerts.webhooks]]`: the notice as JSON, or as `body` says, to an address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookTable {
    /// Its name, for messages about it.
    pub name: String,
    /// The address.
    #[serde(default)]
    pub url: Option<Address>,
    /// Where the address stands, if it is a secret.
    #[serde(default)]
    pub secret_url: Option<SecretRef>,
    /// A token that is sent along (`Authorization: Bearer …`).
    #[serde(default)]
    pub token: Option<SecretRef>,
    /// The links it is about; all if left out.
    #[serde(default)]
    pub links: Vec<String>,
    /// The whole body, a template such as `{"text":"{title}: {text}"}`; the notice itself if left out.
    #[serde(default)]
    pub body: Option<String>,
}

/// `[[alerts.emails]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailTable {
    /// Its name, for messages about it.
    pub name: String,
    /// The mail server.
    pub host: String,
    /// Its port; the usual one for `security` if left out.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is kept private.
    #[serde(default)]
    pub security: MailSecurity,
    /// The user at the mail server, if it asks for one.
    #[serde(default)]
    pub user: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
    /// The links it is about; all if left out.
    #[serde(default)]
    pub links: Vec<String>,
    /// The subject, a template.
    #[serde(default = "EmailTable::usual_subject")]
    pub subject: String,
    /// The text, a template.
    #[serde(default = "EmailTable::usual_text")]
    pub text: String,
}

/// How a connection to a mail server is kept private.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// Begins in the open and must switch to TLS (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// Not at all: for a mail server on this machine only (port 25).
    None,
}

impl EmailTable {
    fn usual_subject() -> String {
        "[ml-connector] {title}".into()
    }

    fn usual_text() -> String {
        "{text}\n\nlink   {link}\nflow   {flow}\nstate  {state} since {since}\nwhat to do: {hint}\n".into()
    }
}

/// `[[alerts.commands]]`: a program that gets the notice as JSON on its standard input.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CommandTable {
    /// Its name, for messages about it.
    pub name: String,
    /// The program, with its whole path.
    pub program: PathBuf,
    /// What it is given, each a template.
    #[serde(default)]
    pub args: Vec<String>,
    /// The links it is about; all if left out.
    #[serde(default)]
    pub links: Vec<String>,
}

impl AlertsTable {
    /// What the reader of the file cannot see.
    pub(crate) fn check(&self, file: &Path) -> Result<(), ConfigError> {
        for webhook in &self.webhooks {
            if webhook.url.is_some() == webhook.secret_url.is_some() {
                let what = format!("the webhook `{}` has to have either `url` or `secret_url`", webhook.name);
                return Err(ConfigError::new(file, what).hint("give it exactly one of the two"));
            }
        }
        for email in &self.emails {
            let wrong = |what: &str, hint: &str| {
                Err(ConfigError::new(file, format!("the e-mail `{}` {what}", email.name)).hint(hint))
            };
            if email.to.is_empty() {
                return wrong("goes to nobody", "name at least one receiver in `to`");
            }
            if email.user.is_some() != email.password.is_some() {
                return wrong("has only one of `user` and `password`", "give both or none");
            }
            let local = ["localhost", "127.0.0.1", "::1"].contains(&email.host.as_str());
            if email.security == MailSecurity::None && !local {
                return wrong(
                    "would travel in the open; that is for a mail server on this machine only",
                    "leave `security` out, or set it to `tls`",
                );
            }
        }
        match self.commands.iter().find(|command| !command.program.is_absolute()) {
            Some(command) => {
                let what = format!("the command `{}` is not named by its whole path", command.name);
                Err(ConfigError::new(file, what).hint("write it as /usr/local/bin/notify, for example"))
            }
            None => Ok(()),
        }
    }
}
