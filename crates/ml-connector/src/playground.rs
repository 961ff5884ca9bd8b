//! Both sandbox systems, served on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandbox::ifs::{IfsSandbox, IfsSettings, Row};
use sandbox::salesforce::{EVENT_CA, EventServerHandle, SalesforceSandbox, SalesforceSettings, serve_events};
use sandbox::{Endpoint, Gate, ServerClock, ServerHandle, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wire::Clock;

use crate::failure::Failure;
use crate::new_file::write_private;
use crate::template::{self, Answers, SecretPlace};

/// Tells that a folder was made by a demo and may be deleted by the next one.
const MARK: &str = ".ml-connector-demo";
/// Where the secrets of the playground stand, in the link's folder.
const SECRETS: [&str; 2] = ["secrets/ifs", "secrets/salesforce"];
/// Where the certificate stands that vouches for the Pub/Sub API.
const EVENT_CA_FILE: &str = "secrets/events-ca.pem";
/// Nobody commits late in the playground, so changes may be read at once.
const AT_ONCE: &str = "
# Nobody commits late in the sandbox: changes may be read at once.
[ifs.entities.SupplierSet]
lag = \"0s\"

[ifs.entities.CustomerSet]
lag = \"0s\"

[ifs.entities.PurchaseOrderSet]
lag = \"0s\"

[ifs.entities.PostingProposalHeadSet]
lag = \"0s\"
";

/// The logical units that people work with in the demo.
const CUSTOMER: &str = "CustomerInfo";
const ORDER: &str = "PurchaseOrder";

/// Who may change an org without custom fields: the secret of the sandbox' apps is one.
const ADMIN: &str = "
# Who makes what the org lacks: ml-connector salesforce setup --apply
[salesforce.admin]
client_id = \"ml-connector-admin\"
secret = { file = \"secrets/salesforce\" }
";

/// What the sandbox is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// How many suppliers there are.
    pub(crate) suppliers: u32,
    /// The same seed, the same world.
    pub(crate) seed: u64,
    /// Whether Salesforce has no custom fields.
    pub(crate) empty_org: bool,
}

impl World {
    /// A tenant whose customers, orders and invoices are as many as fit its suppliers.
    fn ifs(self) -> IfsSettings {
        let suppliers = usize::try_from(self.suppliers).unwrap_or(usize::MAX);
        let usual = IfsSettings::default();
        let share = |of: usize, most: usize| (suppliers / of).clamp(20, most);
        IfsSettings {
            suppliers,
            customers: share(25, usual.customers),
            orders: share(20, usual.orders),
            invoices: share(15, usual.invoices),
            seed: self.seed,
            ..usual
        }
    }
}

/// Both systems, up.
#[derive(Debug)]
pub(crate) struct Playground {
    ifs: Arc<IfsSandbox>,
    salesforce: Arc<SalesforceSandbox>,
    servers: [ServerHandle; 2],
    events: Option<EventServerHandle>,
}

impl Playground {
    /// Starts both on loopback `ports` (0: any free one).
    pub(crate) async fn start(world: World, clock: Arc<dyn Clock>, ports: [u16; 2]) -> Result<Self, Failure> {
        let settings = world.ifs();
        let ifs = Arc::new(IfsSandbox::new(ServerClock::new(clock.clone()), settings));
        let settings = SalesforceSettings { bare: world.empty_org, ..SalesforceSettings::default() };
        let salesforce = Arc::new(SalesforceSandbox::new(ServerClock::new(clock), settings));
        let [ifs_port, salesforce_port] = ports;
        let servers =
            [listen(ifs.clone(), ifs_port).await?, listen(salesforce.clone(), salesforce_port).await?];
        Ok(Self { ifs, salesforce, servers, events: None })
    }

    /// Serves the Pub/Sub API of Salesforce too, over TLS, on a loopback `port` (0: any free one).
    pub(crate) async fn serve_events(&mut self, port: u16) -> Result<(), Failure> {
        let listener = bind(port).await?;
        let events = serve_events(listener, self.salesforce.clone()).map_err(|error| taken(port, &error))?;
        self.events = Some(events);
        Ok(())
    }

    /// Address of the Pub/Sub API, if it is served.
    pub(crate) fn events_url(&self) -> Option<String> {
        self.events.as_ref().map(EventServerHandle::url)
    }

    /// Ends all.
    pub(crate) async fn stop(self) {
        if let Some(events) = self.events {
            events.stop().await;
        }
        for server in self.servers {
            server.stop().await;
        }
    }

    /// Address of IFS.
    pub(crate) fn ifs_url(&self) -> String {
        self.servers[0].url()
    }

    /// Address of Salesforce.
    pub(crate) fn salesforce_url(&self) -> String {
        self.servers[1].url()
    }

    /// How many Accounts there are.
    pub(crate) fn accounts(&self) -> u64 {
        self.salesforce.figures().get("accounts").copied().unwrap_or(0)
    }

    /// What a configuration for both is made of.
    pub(crate) fn answers(&self, name: &str) -> Answers {
        let [ifs_secret, salesforce_secret] = SECRETS.map(|path| SecretPlace::File(path.to_owned()));
        Answers {
            name: name.to_owned(),
            ifs_url: self.ifs_url(),
            realm: self.ifs.settings().realm.clone(),
            ifs_client: self.ifs.settings().client_id.clone(),
            ifs_secret,
            salesforce_url: self.salesforce_url(),
            salesforce_client: self.salesforce.settings().client_id.clone(),
            salesforce_secret,
            rest: self.rest(),
        }
    }

    fn rest(&self) -> String {
        let admin = if self.salesforce.settings().bare { ADMIN } else { "" };
        let events = self.events_url().map_or_else(String::new, |url| {
            let comment = "# The Pub/Sub API of the sandbox, for flows with [events].";
            format!("\n{comment}\n[salesforce.events]\nurl = \"{url}\"\nca_file = \"{EVENT_CA_FILE}\"\n")
        });
        format!("{AT_ONCE}{admin}{events}")
    }

    /// Writes a configuration with its secrets into `folder`; returns what was written.
    pub(crate) fn configure(&self, folder: &Path, name: &str) -> Result<Vec<PathBuf>, Failure> {
        let mut written = template::write(folder, &self.answers(name))?;
        let texts = [&self.ifs.settings().client_secret, &self.salesforce.settings().client_secret];
        for (path, text) in SECRETS.into_iter().zip(texts) {
            let path = folder.join(path);
            write_private(&path, text)?;
            written.push(path);
        }
        if self.events.is_some() {
            let path = folder.join(EVENT_CA_FILE);
            write_private(&path, EVENT_CA)?;
            written.push(path);
        }
        Ok(written)
    }

    /// Both addresses and credentials, for scripts.
    pub(crate) fn document(&self) -> Value {
        let (ifs, salesforce) = (self.ifs.settings(), self.salesforce.settings());
        json!({
            "ifs": {
                "url": self.ifs_url(), "realm": ifs.realm, "client_id": ifs.client_id, "client_secret": ifs.client_secret,
            },
            "salesforce": {
                "url": self.salesforce_url(), "client_id": salesforce.client_id,
                "client_secret": salesforce.client_secret,
                "events_url": self.events_url(), "events_ca": EVENT_CA,
            },
        })
    }

    /// Where the secrets stand, or what they are.
    pub(crate) fn secrets_note(&self, written: Option<&Path>) -> String {
        match written {
            Some(folder) => format!("configuration and secrets are in {}", folder.display()),
            None => format!(
                "the secrets of this playground: {} for IFS, {} for Salesforce",
                self.ifs.settings().client_secret,
                self.salesforce.settings().client_secret
            ),
        }
    }

    /// People edit `count` different suppliers now; returns their keys.
    pub(crate) fn edit(&self, count: usize) -> Vec<String> {
        let rows = self.ifs.rows();
        let stride = (rows.len() / count.max(1)).max(1);
        let keys = rows.iter().step_by(stride).take(count).map(|row| row.key().to_string());
        let keys: Vec<String> = keys.collect();
        for (number, key) in keys.iter().enumerate() {
            let (field, value) = match number % 4 {
                0 => ("Name", format!("Nový Škoda {number} 株式会社")),
                1 => ("City", format!("Neustadt {number}")),
                2 => ("Phone", format!("+49 40 55501{number:02}")),
                _ => ("CreditLimit", format!("{number}12345.67")),
            };
            self.ifs.edit(key, &[(field, Some(value.as_str()))]);
        }
        keys
    }

    /// Somebody mistypes the e-mail address of a supplier in IFS; returns its key.
    pub(crate) fn mistype(&self) -> Option<String> {
        let key = self.ifs.rows().get(1)?.key().to_string();
        self.ifs.edit(&key, &[("Email", Some("sales at supplier.example"))]);
        Some(key)
    }

    /// Customers that are organisations, by key.
    pub(crate) fn organisations(&self) -> Vec<String> {
        let rows = self.ifs.rows_of(CUSTOMER);
        let company = |row: &&Arc<Row>| row.get("CustomerCategory").text().as_deref() != Some("EndCustomer");
        rows.iter().filter(company).map(|row| row.key().to_string()).collect()
    }

    /// Somebody renames a customer in IFS.
    pub(crate) fn rename_customer(&self, key: &str, name: &str) {
        self.ifs.edit_of(CUSTOMER, &[key], &[("Name", Some(name))]);
    }

    /// Somebody renames an Account in Salesforce.
    pub(crate) fn rename_account(&self, id: &str, name: &str) {
        self.salesforce.human_edit(id, "Name", Some(name));
    }

    /// A purchase order that invoices refer to.
    pub(crate) fn invoiced_order(&self) -> Option<String> {
        let invoices = self.ifs.rows_of("PostingProposalHead");
        let order = |row: &Arc<Row>| {
            let order = row.get("PoRefNumber").text()?;
            self.ifs.row_of(ORDER, &[&order]).map(|_| order)
        };
        invoices.iter().find_map(order)
    }

    /// Somebody places an order with another supplier.
    pub(crate) fn place_with(&self, order: &str, supplier: &str) {
        self.ifs.edit_of(ORDER, &[order], &[("VendorNo", Some(supplier))]);
    }

    /// Somebody enters a supplier.
    pub(crate) fn enter(&self, supplier: &str) {
        let values = [("Name", "Nouveau Fournisseur"), ("Country", "FR"), ("Objstate", "Active")];
        self.ifs.insert(supplier, &values.map(|(name, value)| (name, Some(value))));
    }

    /// Somebody corrects it.
    pub(crate) fn correct(&self, key: &str) {
        self.ifs.edit(key, &[("Email", Some("sales@supplier.example"))]);
    }
}

async fn listen(endpoint: Arc<dyn Endpoint>, port: u16) -> Result<ServerHandle, Failure> {
    serve(bind(port).await?, Arc::new(Gate::new(endpoint))).map_err(|error| taken(port, &error))
}

async fn bind(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| taken(port, &error))
}

fn taken(port: u16, error: &std::io::Error) -> Failure {
    Failure::Usage {
        what: format!("port {port} cannot be served: {error}"),
        hint: "name another port, or 0 for any free one".into(),
    }
}

/// Marks a folder as made by a demo.
pub(crate) fn mark(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::storage(folder, &error))?;
    let mark = folder.join(MARK);
    std::fs::write(&mark, "Made by `ml-connector demo`, deleted by `ml-connector demo --fresh`.\n")
        .map_err(|error| Failure::storage(mark, &error))
}

/// Makes sure that a demo may write into `folder`: deletes an earlier one if `fresh`.
pub(crate) fn clear(folder: &Path, fresh: bool) -> Result<(), Failure> {
    let Ok(mut entries) = std::fs::read_dir(folder) else { return Ok(()) };
    if entries.next().is_none() {
        return Ok(());
    }
    let (what, hint) = match (folder.join(MARK).is_file(), fresh) {
        (true, true) => {
            return std::fs::remove_dir_all(folder).map_err(|error| Failure::storage(folder, &error));
        }
        (true, false) => ("was left by an earlier demo", "begin anew with `--fresh`, or name another folder"),
        (false, _) => {
            ("is not empty and was not made by a demo", "name another folder: ml-connector demo FOLDER")
        }
    };
    Err(Failure::Usage { what: format!("{} {what}", folder.display()), hint: hint.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_deletes_nothing_but_demos() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert!(clear(&path, true).is_ok());
        std::fs::create_dir(&path).unwrap();
        assert!(clear(&path, false).is_ok());
        std::fs::write(path.join("mine"), "x").unwrap();
        assert!(matches!(clear(&path, true), Err(Failure::Usage { .. })));
        assert!(path.join("mine").is_file());
        mark(&path).unwrap();
        assert!(matches!(clear(&path, false), Err(Failure::Usage { .. })));
        clear(&path, true).unwrap();
        assert!(!path.exists());
    }
}
