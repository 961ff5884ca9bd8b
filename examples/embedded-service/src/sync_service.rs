//! A part of a service that keeps both systems in step.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ml_connector::sync_engine::{Mode, Unwatched};
use ml_connector::wire::Clock;
use ml_connector::{Config, Connector, Failure, Opening, Stop};
use tokio::sync::RwLock;

/// What a health check answers about one flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It was not run yet.
    Fresh,
    /// The last run did so much and left so many records waiting.
    Well {
        /// Records written.
        written: u64,
        /// Records that were put aside.
        parked: u64,
    },
    /// The last run stopped, for this reason and with this way out.
    Stopped {
        /// Why.
        why: String,
        /// What to do.
        hint: String,
    },
}

/// Keeps both systems of a link in step, as a part of a larger service.
#[derive(Debug)]
pub struct SyncService {
    connector: Connector,
    stop: Stop,
    clock: Arc<dyn Clock>,
    flows: Vec<String>,
    health: RwLock<BTreeMap<String, Health>>,
}

impl SyncService {
    /// Opens the link whose configuration stands in `folder`; its data folder belongs to this service
    /// until it is dropped.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Failure> {
        let config = Config::load(folder)?;
        let enabled = config.flows.iter().filter(|(_, flow)| flow.enabled);
        let flows: Vec<String> = enabled.map(|(name, _)| name.clone()).collect();
        let stop = Stop::default();
        let opening = Opening { stop: stop.clone(), ..Opening::default() };
        let clock = opening.clock.clone();
        let connector = Connector::open_with(config, opening)?;
        let health = flows.iter().map(|name| (name.clone(), Health::Fresh)).collect();
        Ok(Self { connector, stop, clock, flows, health: RwLock::new(health) })
    }

    /// Runs every flow once, in order of their names.
    pub async fn turn(&self) {
        for flow in &self.flows {
            let health = match self.connector.run(flow, Mode::Changes, &Unwatched).await {
                Ok(ran) => Health::Well { written: ran.report.written(), parked: ran.report.parked },
                // The cursor stayed where it was: the next turn does what this one did not.
                Err(failure) => Health::Stopped { why: failure.chain().join(": "), hint: failure.hint() },
            };
            self.health.write().await.insert(flow.clone(), health);
        }
    }

    /// Runs every flow again and again, until [`end`](Self::end) is called.
    pub async fn keep_in_step(&self, pause: Duration) {
        while !self.stop.is_asked() {
            self.turn().await;
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = self.stop.asked() => {}
            }
        }
    }

    /// Ends the run in progress between two pages; what is done stays done.
    pub fn end(&self) {
        self.stop.ask();
    }

    /// What a health check answers.
    pub async fn health(&self) -> BTreeMap<String, Health> {
        self.health.read().await.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use ml_connector::wire::SystemClock;
    use sandbox::ifs::{IfsSandbox, IfsSettings};
    use sandbox::salesforce::{SalesforceSandbox, SalesforceSettings};
    use sandbox::{Endpoint, Gate, ServerClock, ServerHandle, serve};
    use tokio::net::TcpListener;

    use super::*;

    const MAPPING: &str = include_str!("../../../crates/ml-connector/mappings/supplier-to-account.toml");
    const FLOW: &str = "mapping = { file = \"mappings/supplier-to-account.toml\" }\n\
                        source = { system = \"ifs\", entity = \"SupplierSet\" }\n\
                        target = { system = \"salesforce\", entity = \"Account\" }\n";

    async fn up(endpoint: Arc<dyn Endpoint>) -> ServerHandle {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        serve(listener, Arc::new(Gate::new(endpoint))).expect("it is loopback")
    }

    fn write(folder: &Path, file: &str, text: &str) {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_service_keeps_both_systems_in_step() {
        let clock = || ServerClock::new(Arc::new(SystemClock));
        let ifs = Arc::new(IfsSandbox::new(clock(), IfsSettings { suppliers: 20, ..IfsSettings::default() }));
        let salesforce = Arc::new(SalesforceSandbox::new(clock(), SalesforceSettings::default()));
        let servers = [up(ifs.clone()).await, up(salesforce.clone()).await];
        let folder = tempfile::tempdir().expect("a folder");
        let link = format!(
            "name = \"test\"\n[ifs]\nurl = \"{}\"\n[ifs.entities.SupplierSet]\nlag = \"0s\"\n[ifs.auth]\n\
             realm = \"{}\"\nclient_id = \"{}\"\nsecret = {{ file = \"secrets/ifs\" }}\n[salesforce]\nurl = \"{}\"\n\
             [salesforce.auth]\nclient_id = \"{}\"\nsecret = {{ file = \"secrets/salesforce\" }}\n",
            servers[0].url(),
            ifs.settings().realm,
            ifs.settings().client_id,
            servers[1].url(),
            salesforce.settings().client_id,
        );
        write(folder.path(), "link.toml", &link);
        write(folder.path(), "flows/suppliers.toml", FLOW);
        write(folder.path(), "mappings/supplier-to-account.toml", MAPPING);
        write(folder.path(), "secrets/ifs", &ifs.settings().client_secret);
        write(folder.path(), "secrets/salesforce", &salesforce.settings().client_secret);

        let service = SyncService::open(folder.path()).expect("the link opens");
        assert_eq!(service.health().await["suppliers"], Health::Fresh);
        service.turn().await;
        assert_eq!(service.health().await["suppliers"], Health::Well { written: 20, parked: 0 });
        service.turn().await;
        assert_eq!(service.health().await["suppliers"], Health::Well { written: 0, parked: 0 });
        service.end();
        service.keep_in_step(Duration::from_secs(1)).await;
        for server in servers {
            server.stop().await;
        }
    }
}
