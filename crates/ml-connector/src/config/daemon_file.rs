//! `daemon.toml`: how the daemon runs its links, who may talk to it, and whom it tells.

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::{AlertsTable, ConfigError, Interval, SecretRef, TelemetryTable, document};

/// The name of the file, in the folder that the daemon is started on.
pub const DAEMON_FILE: &str = "daemon.toml";

/// The contents of `daemon.toml`. Everything has a default: the file may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DaemonFile {
    /// How many flows run at the same time, over all links; at most one of each link.
    pub concurrency: NonZeroU16,
    /// How long runs under way may take to come to an end when the daemon is stopped.
    pub drain: Interval,
    /// How long a link stays open after its last run.
    pub close_after: Interval,
    /// How often files are looked at for changes.
    pub look: Interval,
    /// How the daemon is talked to.
    pub control: ControlTable,
    /// Who is told when something is wrong.
    pub alerts: AlertsTable,
    /// Who raises the alarm when the daemon is gone.
    pub dead_man: Option<DeadManTable>,
    /// Where traces and metrics are sent.
    pub telemetry: TelemetryTable,
}

impl Default for DaemonFile {
    fn default() -> Self {
        Self {
            concurrency: NonZeroU16::new(4).unwrap_or(NonZeroU16::MIN),
            drain: Interval(Duration::from_secs(30)),
            close_after: Interval(Duration::from_mins(10)),
            look: Interval(Duration::from_secs(15)),
            control: ControlTable::default(),
            alerts: AlertsTable::default(),
            dead_man: None,
            telemetry: TelemetryTable::default(),
        }
    }
}

impl DaemonFile {
    /// Reads it from `folder`; the defaults if there is none.
    pub fn load(folder: &Path) -> Result<Self, ConfigError> {
        let file = folder.join(DAEMON_FILE);
        if !file.exists() {
            return Ok(Self::default());
        }
        let daemon: Self = document::load(&file)?;
        daemon.alerts.check(&file)?;
        match daemon.dead_man.as_ref().and_then(DeadManTable::problem) {
            Some(problem) => Err(ConfigError::new(file, problem).hint("give it exactly one of the two")),
            None => Ok(daemon),
        }
    }
}

/// `[control]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ControlTable {
    /// The Unix socket, relative to the daemon's folder; `.daemon/control.sock` if left out. Only the user
    /// that runs the daemon can open it.
    pub socket: Option<PathBuf>,
    /// A port of this machine besides, such as `127.0.0.1:7460`. Everything but the health of the daemon
    /// asks for the token there.
    #[serde(deserialize_with = "loopback")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub listen: Option<SocketAddr>,
    /// The file with the token, relative to the daemon's folder; `.daemon/token` if left out. It is made
    /// when there is none.
    pub token_file: Option<PathBuf>,
    /// Whether metrics are shown without the token. They name links and flows.
    pub open_metrics: bool,
}

fn loopback<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let address = SocketAddr::deserialize(deserializer)?;
    if address.ip().is_loopback() {
        return Ok(Some(address));
    }
    Err(serde::de::Error::custom(format!(
        "the daemon listens on this machine only, not on {address}; put a reverse proxy in front of it"
    )))
}

/// `[dead_man]`: an address that is called as long as the daemon lives and does its work. Whoever answers
/// there raises the alarm when the calls stop.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeadManTable {
    /// The address.
    #[serde(default)]
    pub url: Option<super::Address>,
    /// Where the address stands, if it is a secret.
    #[serde(default)]
    pub secret_url: Option<SecretRef>,
    /// How often it is called.
    #[serde(default = "every_minute")]
    pub every: Interval,
}

impl DeadManTable {
    fn problem(&self) -> Option<&'static str> {
        (self.url.is_some() == self.secret_url.is_some())
            .then_some("[dead_man] has to have either `url` or `secret_url`")
    }
}

fn every_minute() -> Interval {
    Interval(Duration::from_mins(1))
}

/// The number of failures in a row from which somebody is told.
pub(crate) const FAILURES: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<DaemonFile, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(DAEMON_FILE), text).unwrap();
        DaemonFile::load(folder.path())
    }

    #[test]
    fn it_may_be_missing_or_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(DaemonFile::load(folder.path()).unwrap(), DaemonFile::default());
        assert_eq!(load("").unwrap(), DaemonFile::default());
    }

    #[test]
    fn it_listens_on_this_machine_only() {
        assert!(load("[control]\nlisten = \"127.0.0.1:7460\"").is_ok());
        let error = load("[control]\nlisten = \"0.0.0.0:7460\"").unwrap_err();
        assert_eq!(error.place.as_ref().map(|place| place.line), Some(2));
        assert!(error.reason.contains("this machine only"), "{}", error.reason);
    }

    #[test]
    fn a_dead_man_has_one_address() {
        assert!(load("[dead_man]\nurl = \"https://alarm.example/x\"").is_ok());
        assert!(load("[dead_man]\nevery = \"1min\"").is_err());
    }

    #[test]
    fn alerts_are_checked() {
        let mail = "[[alerts.emails]]\nname = \"ops\"\nhost = \"mail.example\"\nfrom = \"a@b.example\"\n";
        assert!(load(&format!("{mail}to = [\"ops@b.example\"]")).is_ok());
        assert!(load(&format!("{mail}to = []")).is_err());
        assert!(load("[[alerts.webhooks]]\nname = \"chat\"").is_err());
        let plain = format!("{mail}to = [\"ops@b.example\"]\nsecurity = \"none\"");
        assert!(load(&plain).unwrap_err().reason.contains("this machine"));
    }
}
