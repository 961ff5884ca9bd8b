//! The configuration of one link: `link.toml`, `flows/*.toml`, `mappings/*.toml` in one folder.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wire::Secret;

use crate::view::entry::hex;

pub mod address;
pub mod alerts_table;
pub mod calendar_table;
pub mod config_error;
pub mod daemon_file;
pub mod events_table;
pub mod flow_file;
pub mod flow_policies;
pub mod interval;
pub mod link_file;
pub mod schedule_table;
pub mod secret_ref;
pub mod telemetry_table;
pub mod vault;

pub(crate) mod calendar_files;
pub(crate) mod document;
pub(crate) mod environment;
pub(crate) mod file_schema;
pub(crate) mod nearest;

pub use address::Address;
pub use alerts_table::{AlertsTable, CommandTable, EmailTable, MailSecurity, WebhookTable};
pub use calendar_table::{CalendarTable, WeeklyTable, ZoneText};
pub use config_error::{ConfigError, Place};
pub use daemon_file::{ControlTable, DAEMON_FILE, DaemonFile, DeadManTable};
pub use events_table::EventsTable;
pub use flow_file::{End, FlowFile, MappingRef, MissingWord, SettingsTable, System};
pub use flow_policies::{BrakesTable, ConflictsTable, DeletePolicy, DeletesTable, MarkValue, RuleWord};
pub use interval::Interval;
pub use link_file::{
    DataTable, IfsAuth, IfsTable, LimitsTable, LinkFile, ObjectTable, PubSubTable, SalesforceAuth,
    SalesforceTable, TimeoutsTable,
};
pub use schedule_table::{ClockText, CronText, DeadlineTable, ScheduleTable};
pub use secret_ref::SecretRef;
pub use telemetry_table::TelemetryTable;
pub use vault::VaultRef;

/// The name of the file that makes a folder a link.
pub const LINK_FILE: &str = "link.toml";
/// The folder with one file for each flow.
pub const FLOWS: &str = "flows";

/// A link's configuration, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The folder it was read from.
    pub folder: PathBuf,
    /// `link.toml`.
    pub link: LinkFile,
    /// The flows by name (the name of the file without `.toml`), in order of their names.
    pub flows: Vec<(String, FlowFile)>,
}

impl Config {
    /// Reads the folder.
    pub fn load(folder: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let folder = folder.into();
        let file = folder.join(LINK_FILE);
        if !file.is_file() {
            return Err(ConfigError::new(&file, "there is no such file").hint(other_folder(&folder)));
        }
        let link: LinkFile = document::load(&file)?;
        if link.ifs.auth.realm.is_none() && link.ifs.auth.token_url.is_none() {
            return Err(ConfigError::new(&file, "[ifs.auth] has neither `realm` nor `token_url`")
                .hint("add the realm; IFS shows it in API Explorer"));
        }
        let flows = flows(&folder.join(FLOWS))?;
        Ok(Self { folder, link, flows })
    }

    /// The file that errors about the link name.
    pub fn link_file(&self) -> PathBuf {
        self.folder.join(LINK_FILE)
    }

    /// The file of a flow.
    pub fn flow_file(&self, flow: &str) -> PathBuf {
        self.folder.join(FLOWS).join(format!("{flow}.toml"))
    }

    /// The data folder.
    pub fn data_folder(&self) -> PathBuf {
        self.folder.join(&self.link.data.folder)
    }

    /// The secret of the IFS client.
    pub fn ifs_secret(&self) -> Result<Secret, ConfigError> {
        self.link.ifs.auth.secret.fetch(&self.folder, &self.link_file())
    }

    /// The secret of the Salesforce client.
    pub fn salesforce_secret(&self) -> Result<Secret, ConfigError> {
        self.link.salesforce.auth.secret.fetch(&self.folder, &self.link_file())
    }

    /// Names the two systems of this link: a saved plan of another link must not be applied.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for part in [&self.link.name, &self.link.ifs.url.to_string(), &self.link.salesforce.url.to_string()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hex(hash.finalize().get(..12).unwrap_or_default())
    }
}

/// All flows of `folder`, by name.
fn flows(folder: &Path) -> Result<Vec<(String, FlowFile)>, ConfigError> {
    let failed = |error: std::io::Error| {
        ConfigError::new(folder, format!("cannot be read: {error}"))
            .hint("a link needs a folder `flows` with one file for each flow, such as flows/suppliers.toml")
    };
    let mut flows = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|end| end != "toml") {
            continue;
        }
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let flow: FlowFile = document::load(&path)?;
        if let Some(problem) = flow.schedule.problem() {
            return Err(ConfigError::new(path, problem)
                .hint("say one time, of a second or more; a flow that runs by hand has none"));
        }
        flows.push((name, flow));
    }
    if flows.is_empty() {
        return Err(ConfigError::new(folder, "there is no flow")
            .hint("add one, such as flows/suppliers.toml; `ml-connector init` writes it"));
    }
    flows.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(flows)
}

/// Where the configuration may be instead.
fn other_folder(folder: &Path) -> String {
    if let Some(above) = folder.parent().filter(|_| folder.is_file()) {
        return format!("name the folder, not the file: `--link {}`", above.display());
    }
    let below = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    match below.filter(|path| path.join(LINK_FILE).is_file()).min() {
        Some(link) => format!(
            "there are links below this folder: name one of them, such as `--link {}`",
            link.display()
        ),
        None => {
            "make a configuration with `ml-connector init`, or name its folder with `--link FOLDER`".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = r#"name = "acme"
[ifs]
url = "https://acme.ifs.example"
[ifs.auth]
realm = "acme"
client_id = "ML"
secret = { env = "IFS_SECRET" }
[salesforce]
url = "https://acme.my.salesforce.example"
[salesforce.auth]
client_id = "3MVG"
secret = { file = "secrets/salesforce" }
"#;
    const FLOW: &str = r#"mapping = { file = "mappings/supplier-to-account.toml" }
source = { system = "ifs", entity = "SupplierSet" }
target = { system = "salesforce", entity = "Account" }
"#;

    fn load(link: &str, flow: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(FLOWS)).unwrap();
        std::fs::write(folder.path().join(LINK_FILE), link).unwrap();
        std::fs::write(folder.path().join(FLOWS).join("suppliers.toml"), flow).unwrap();
        Config::load(folder.path())
    }

    /// File, line, column, reason and hint of what `from` -> `to` in the link's file leads to.
    fn wrong(from: &str, to: &str) -> (String, usize, usize, String, String) {
        assert!(LINK.contains(from), "{from}");
        let error = load(&LINK.replacen(from, to, 1), FLOW).unwrap_err();
        let file = error.file.file_name().unwrap().to_string_lossy().into_owned();
        let (line, column) = error.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
        (file, line, column, error.reason, error.hint.unwrap_or_default())
    }

    #[test]
    fn a_short_file_is_enough() {
        let config = load(LINK, FLOW).unwrap();
        assert_eq!(config.link.data.folder, PathBuf::from("data"));
        assert!(!config.link.live);
        let (name, flow) = &config.flows[0];
        assert_eq!(name, "suppliers");
        assert!(flow.enabled);
        assert_eq!(flow.settings(std::collections::BTreeMap::new()), sync_engine::FlowSettings::default());
    }

    #[test]
    fn errors_name_file_line_column_reason_and_hint() {
        let (file, line, column, reason, hint) = wrong("realm", "relm");
        assert_eq!((file.as_str(), line, column), ("link.toml", 5, 1));
        assert_eq!((reason.as_str(), hint.as_str()), ("unknown key `relm`", "did you mean `realm`?"));

        let (_, line, _, reason, _) = wrong("https://acme.ifs.example", "http://acme.ifs.example");
        assert_eq!(line, 3);
        assert!(reason.contains("https"), "{reason}");

        let (_, line, _, reason, hint) = wrong("client_id = \"3MVG\"\n", "");
        assert_eq!((line, reason.as_str()), (10, "key `client_id` is missing"));
        assert_eq!(hint, "add `client_id` to this table");

        let (_, line, ..) = wrong("name = \"acme\"", "name = acme");
        assert_eq!(line, 1);
    }

    #[test]
    fn secrets_are_references_only() {
        let (_, line, _, reason, _) = wrong("{ env = \"IFS_SECRET\" }", "\"canary\"");
        assert_eq!(line, 7);
        assert!(!reason.is_empty());
        let (.., hint) = wrong("{ env = \"IFS_SECRET\" }", "{ evn = \"X\" }");
        assert_eq!(hint, "did you mean `env`?");
    }

    #[test]
    fn a_token_address_or_a_realm_is_needed() {
        let (_, _, _, reason, _) = wrong("realm = \"acme\"\n", "");
        assert!(reason.contains("token_url"), "{reason}");
    }

    #[test]
    fn the_message_shows_the_place() {
        let error = load(&LINK.replacen("realm", "relm", 1), FLOW).unwrap_err();
        let text = error.to_string();
        let shown = text.split_once("link.toml").unwrap().1;
        assert_eq!(shown, ":5:1: unknown key `relm`\n  |\n5 | relm = \"acme\"\n  | ^^^^");
    }

    #[test]
    fn flows_are_checked_too() {
        let error = load(LINK, &FLOW.replacen("\"ifs\"", "\"isf\"", 1)).unwrap_err();
        assert_eq!(error.file.file_name().unwrap(), "suppliers.toml");
        assert_eq!(error.hint.as_deref(), Some("did you mean `ifs`?"));
        let error = load(LINK, &format!("{FLOW}[settings]\nsettle = \"soon\"\n")).unwrap_err();
        assert_eq!(error.place.map(|place| place.line), Some(5));
    }

    #[test]
    fn the_fingerprint_names_the_systems_and_nothing_else() {
        let one = load(LINK, FLOW).unwrap();
        let limits = format!("{LINK}[salesforce.limits]\nper_minute = 10\n");
        assert_eq!(one.fingerprint(), load(&limits, FLOW).unwrap().fingerprint());
        let other = LINK.replacen("acme.my", "other.my", 1);
        assert_ne!(one.fingerprint(), load(&other, FLOW).unwrap().fingerprint());
    }
}
