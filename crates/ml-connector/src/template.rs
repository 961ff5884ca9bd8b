//! The commented configuration that `init`, `demo` and `sandbox serve` write.

use std::path::{Path, PathBuf};

use crate::config::{Config, FLOWS, LINK_FILE};
use crate::failure::Failure;
use crate::new_file::write_new;

/// A mapping and the examples beside it.
macro_rules! mapping {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../mappings/", $name, ".toml")),
            include_str!(concat!("../mappings/", $name, ".tests.toml")),
        )
    };
}

/// The mappings with their examples, as files that the user can edit.
const MAPPINGS: [(&str, &str, &str); 8] = [
    mapping!("supplier-to-account"),
    mapping!("customer-to-account"),
    mapping!("customer-to-contact"),
    mapping!("customer-to-person-account"),
    mapping!("customer-contacts-to-contact"),
    mapping!("account-to-customer"),
    mapping!("purchase-order-to-order"),
    mapping!("invoices-to-order"),
];
/// The flows. Suppliers are switched on; the others are for when their systems are ready for them.
const FLOW_FILES: [(&str, &str); 6] = [
    ("suppliers.toml", include_str!("template/suppliers.toml")),
    ("customers.toml", include_str!("template/customers.toml")),
    ("contacts.toml", include_str!("template/contacts.toml")),
    ("customers-back.toml", include_str!("template/customers-back.toml")),
    ("orders.toml", include_str!("template/orders.toml")),
    ("invoices.toml", include_str!("template/invoices.toml")),
];
/// `link.toml` with places to fill in.
const LINK: &str = include_str!("template/link.toml");

/// What a configuration is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answers {
    /// The name of the link.
    pub(crate) name: String,
    /// Address of IFS Cloud.
    pub(crate) ifs_url: String,
    /// Realm of its identity provider.
    pub(crate) realm: String,
    /// Client there.
    pub(crate) ifs_client: String,
    /// Reference to its secret, as TOML.
    pub(crate) ifs_secret: SecretPlace,
    /// Address of Salesforce.
    pub(crate) salesforce_url: String,
    /// Consumer key there.
    pub(crate) salesforce_client: String,
    /// Reference to its secret.
    pub(crate) salesforce_secret: SecretPlace,
    /// What else stands in `link.toml`, at its end.
    pub(crate) rest: String,
}

/// Where a secret will stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    /// In this environment variable.
    Env(String),
    /// In this file.
    File(String),
}

impl SecretPlace {
    fn toml(&self) -> String {
        match self {
            Self::Env(name) => format!("{{ env = {} }}", quoted(name)),
            Self::File(path) => format!("{{ file = {} }}", quoted(path)),
        }
    }
}

/// A text as TOML writes it: JSON's form of a text is one of TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `link.toml`.
pub(crate) fn link(answers: &Answers) -> String {
    let places = [
        ("{name}", quoted(&answers.name)),
        ("{ifs_url}", quoted(&answers.ifs_url)),
        ("{realm}", quoted(&answers.realm)),
        ("{ifs_client}", quoted(&answers.ifs_client)),
        ("{ifs_secret}", answers.ifs_secret.toml()),
        ("{salesforce_url}", quoted(&answers.salesforce_url)),
        ("{salesforce_client}", quoted(&answers.salesforce_client)),
        ("{salesforce_secret}", answers.salesforce_secret.toml()),
    ];
    let mut text = String::with_capacity(LINK.len() + 512);
    for line in LINK.lines() {
        // One place a line: what is filled in is never searched for places again.
        match places.iter().find(|(place, _)| line.contains(place)) {
            Some((place, value)) => text.push_str(&line.replacen(place, value, 1)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text.push_str(&answers.rest);
    text
}

/// Writes a whole configuration into `folder`, which must not have one yet; returns what was written.
pub(crate) fn write(folder: &Path, answers: &Answers) -> Result<Vec<PathBuf>, Failure> {
    let mut files = vec![(folder.join(LINK_FILE), link(answers))];
    let flows = folder.join(FLOWS);
    files.extend(FLOW_FILES.map(|(name, text)| (flows.join(name), text.to_owned())));
    let mappings = folder.join("mappings");
    for (name, text, examples) in MAPPINGS {
        files.push((mappings.join(format!("{name}.toml")), text.to_owned()));
        files.push((mappings.join(format!("{name}.tests.toml")), examples.to_owned()));
    }
    if let Some((taken, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(Failure::Usage {
            what: format!("{} exists already", taken.display()),
            hint: "name another folder, or edit the files that are there".into(),
        });
    }
    for (path, text) in &files {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Failure::storage(parent, &error))?;
        }
        write_new(path, text)?;
    }
    // What was written must be readable, or the answers were wrong.
    Config::load(folder)?;
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        Answers {
            name: "acme \"test\" {realm}".into(),
            ifs_url: "https://acme.ifs.example".into(),
            realm: "acme".into(),
            ifs_client: "ML_CONNECTOR".into(),
            ifs_secret: SecretPlace::Env("IFS_SECRET".into()),
            salesforce_url: "https://acme.my.salesforce.example".into(),
            salesforce_client: "3MVG".into(),
            salesforce_secret: SecretPlace::File("secrets/salesforce".into()),
            rest: String::new(),
        }
    }

    #[test]
    fn shipped_mappings_compile_and_leave_no_field_without_an_owner() {
        for (name, text, _) in MAPPINGS {
            let mapping = mapping::DeclaredMapper::from_toml(text, name).unwrap();
            assert_eq!(mapping.unowned(), [], "{name}");
        }
    }

    #[test]
    fn shipped_mappings_do_what_their_examples_say() {
        for (name, text, examples) in MAPPINGS {
            let mapping = mapping::DeclaredMapper::from_toml(text, name).unwrap();
            let tests = mapping::MappingTests::from_toml(examples, name).unwrap();
            let tested = tests.run(&mapping, mapping.source());
            assert!(tested.len() > 1, "{name}");
            let failed: Vec<_> = tested.iter().filter(|one| !one.faults.is_empty()).collect();
            assert!(failed.is_empty(), "{name}: {failed:#?}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &answers()).unwrap();
        let config = Config::load(folder.path()).unwrap();
        assert_eq!(config.link.name, "acme \"test\" {realm}");
        assert_eq!(config.link.ifs.auth.realm.as_deref(), Some("acme"));
        assert!(!config.link.live);
        let on = |(name, flow): &(String, crate::config::FlowFile)| flow.enabled.then(|| name.clone());
        assert_eq!(config.flows.len(), FLOW_FILES.len());
        assert_eq!(config.flows.iter().filter_map(on).collect::<Vec<_>>(), ["suppliers"]);
        assert!(matches!(write(folder.path(), &answers()), Err(Failure::Usage { .. })));
    }
}
