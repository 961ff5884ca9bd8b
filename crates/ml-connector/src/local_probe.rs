//! What `doctor` examines on this machine.

use std::path::Path;

use audit::Query;
use futures::StreamExt;
use sync_engine::{Finding, Health};

use crate::config::{Config, ConfigError, LINK_FILE};
use crate::failure::Failure;
use crate::holding::Holding;
use crate::verbs::Session;
use crate::view::words::{counted, moment};

/// Less free space than this is worth a look: a first load of 100,000 records takes about as much.
const LITTLE_SPACE: u64 = 1 << 30;
/// Less than this ends a run soon.
const NO_SPACE: u64 = 64 << 20;

fn finding(check: &str, health: Health, detail: impl Into<String>, fix: Option<String>) -> Finding {
    Finding { system: "local".into(), check: check.into(), health, detail: detail.into(), fix }
}

/// What is wrong with the configuration, as a finding.
pub(crate) fn broken(check: &str, error: &ConfigError) -> Finding {
    finding(check, Health::Red, error.to_string(), error.hint.clone())
}

/// The configuration and its secrets; the configuration is given back if it can be used at all.
pub(crate) fn configuration(session: &Session) -> (Option<Config>, Vec<Finding>) {
    let config = match session.config() {
        Ok(config) => config,
        Err(Failure::Config(error)) => return (None, vec![broken("configuration", &error)]),
        Err(other) => {
            return (
                None,
                vec![finding("configuration", Health::Red, other.to_string(), Some(other.hint()))],
            );
        }
    };
    let count = u64::try_from(config.flows.len()).unwrap_or(u64::MAX);
    let place = session.link.join(LINK_FILE);
    let mut findings = vec![finding(
        "configuration",
        Health::Green,
        format!("{}, {}", place.display(), counted(count, "flow")),
        None,
    )];
    for (check, secret, place) in [
        ("ifs secret", config.ifs_secret(), &config.link.ifs.auth.secret),
        ("salesforce secret", config.salesforce_secret(), &config.link.salesforce.auth.secret),
    ] {
        findings.push(match secret {
            Ok(_) => finding(check, Health::Green, format!("found in {place}"), None),
            Err(error) => broken(check, &error),
        });
    }
    if !config.link.live && !config.link.salesforce.url.is_loopback() {
        let fix = "set `live = true` in link.toml when `plan` shows what you want";
        findings.push(finding(
            "live",
            Health::Yellow,
            "`run` and `apply` are switched off",
            Some(fix.into()),
        ));
    }
    (Some(config), findings)
}

/// The data folder: writable, enough space, audit log in order.
pub(crate) async fn folder(config: &Config, session: &Session) -> Vec<Finding> {
    let folder = config.data_folder();
    let mut findings = vec![writable(&folder)];
    findings.extend(space(&folder));
    match Holding::look(config) {
        Ok(holding) => findings.extend(log(&holding, session).await),
        Err(Failure::Missing { .. }) => {
            findings.push(finding("audit log", Health::Green, "will be begun with the first run", None));
        }
        Err(failure) => {
            findings.push(finding(
                "data folder",
                Health::Red,
                failure.chain().join(": "),
                Some(failure.hint()),
            ));
        }
    }
    findings
}

fn writable(folder: &Path) -> Finding {
    let trial = folder.join(".doctor");
    let tried =
        make(folder).and_then(|()| std::fs::write(&trial, b"x")).and_then(|()| std::fs::remove_file(&trial));
    match tried {
        Ok(()) => finding("data folder", Health::Green, format!("{} is writable", folder.display()), None),
        Err(error) => finding(
            "data folder",
            Health::Red,
            format!("{} cannot be used: {error}", folder.display()),
            Some("give this user the right to write there, or name another folder in [data]".into()),
        ),
    }
}

/// Makes the folder as the store makes it: for its owner only.
fn make(folder: &Path) -> std::io::Result<()> {
    if folder.is_file() {
        return Err(std::io::Error::other("it is a file, and a folder is needed"));
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn space(folder: &Path) -> Option<Finding> {
    let found = rustix::fs::statvfs(folder).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let detail = format!("{} MiB free", free >> 20);
    let fix = |text: &str| Some(text.to_owned());
    Some(match free {
        0..NO_SPACE => finding(
            "free space",
            Health::Red,
            detail,
            fix("make room: a run stops when it cannot keep its log"),
        ),
        NO_SPACE..LITTLE_SPACE => {
            finding("free space", Health::Yellow, detail, fix("have 1 GiB for 100,000 records"))
        }
        _ => finding("free space", Health::Green, detail, None),
    })
}

#[cfg(not(unix))]
fn space(_: &Path) -> Option<Finding> {
    None
}

/// The chain of the log, and whether our clock is behind what it has seen.
async fn log(holding: &Holding, session: &Session) -> Vec<Finding> {
    let mut findings = Vec::new();
    match holding.log.verify().await {
        Ok(verdict) => findings.push(match verdict.broken {
            None => finding("audit log", Health::Green, format!("intact, {} entries", verdict.entries), None),
            Some((number, detail)) => finding(
                "audit log",
                Health::Red,
                format!("damaged from entry {number} on: {detail}"),
                Some("keep the data folder as it is and compare it with a backup".into()),
            ),
        }),
        Err(error) => findings.push(finding("audit log", Health::Red, error.to_string(), None)),
    }
    let newest = holding.log.read(Query { limit: Some(1), newest: true, ..Query::default() }).next().await;
    let now = session.clock.now();
    findings.push(match newest {
        Some(Ok(sealed)) if sealed.entry.at > now => finding(
            "clock",
            Health::Yellow,
            format!("{} UTC is before the newest audit entry ({} UTC)", moment(now), moment(sealed.entry.at)),
            Some("set the machine's clock (NTP)".into()),
        ),
        _ => finding("clock", Health::Green, format!("{} UTC", moment(now)), None),
    });
    findings
}
