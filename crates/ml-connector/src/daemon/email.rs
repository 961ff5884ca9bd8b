//! E-mail by SMTP.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use wire::Secret;

use super::alert::Notice;
use super::template;
use crate::config::{EmailTable, MailSecurity};

/// How long one step of the talk with a mail server may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// E-mail to some receivers.
pub(crate) struct Email {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Mailboxes,
    subject: String,
    text: String,
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The server's own form would show its credentials.
        f.debug_struct("Email").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Email {
    /// E-mail as `table` says.
    pub(crate) fn new(table: &EmailTable, password: Option<&Secret>) -> Result<Self, String> {
        type Server = AsyncSmtpTransport<Tokio1Executor>;
        let host = table.host.as_str();
        let mut builder = match table.security {
            MailSecurity::Starttls => Server::starttls_relay(host).map_err(|error| error.to_string())?,
            MailSecurity::Tls => Server::relay(host).map_err(|error| error.to_string())?,
            MailSecurity::None => Server::builder_dangerous(host),
        };
        if let Some(port) = table.port {
            builder = builder.port(port);
        }
        if let (Some(user), Some(password)) = (&table.user, password) {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        let mailbox = |text: &str| {
            text.parse::<Mailbox>().map_err(|error| format!("`{text}` is no e-mail address: {error}"))
        };
        let mut to = Mailboxes::new();
        for receiver in &table.to {
            to.push(mailbox(receiver)?);
        }
        Ok(Self {
            server: builder.timeout(Some(PATIENCE)).build(),
            from: mailbox(&table.from)?,
            to,
            subject: table.subject.clone(),
            text: table.text.clone(),
        })
    }

    /// Sends it.
    pub(crate) async fn send(&self, notice: &Notice) -> Result<(), String> {
        let mut message = Message::builder().from(self.from.clone());
        for receiver in self.to.iter() {
            message = message.to(receiver.clone());
        }
        let message = message
            .subject(template::line(&self.subject, notice))
            .header(ContentType::TEXT_PLAIN)
            .body(template::text(&self.text, notice))
            .map_err(|error| error.to_string())?;
        self.server.send(message).await.map(drop).map_err(|error| error.to_string())
    }
}
