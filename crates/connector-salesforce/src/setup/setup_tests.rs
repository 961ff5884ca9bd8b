//! Setting up sandbox orgs: an empty one twice, one that takes no deploys, and without rights.

use std::sync::Arc;

use async_trait::async_trait;
use sandbox::salesforce::SalesforceSettings as OrgSettings;
use sync_engine::{FaultClass, Health, Probe};
use wire::{HttpTransport, Request, Response, TransportError};

use super::{Gap, Setup, Wanted, metadata};
use crate::sandbox_org::{LoggedIn, Stage, account, order};
use crate::{Needed, SalesforceProbe, contact, order as orders};

async fn empty() -> Stage {
    Stage::with(OrgSettings { bare: true, ..OrgSettings::default() }, |_| ()).await
}

fn setup(stage: &Stage, admin: Arc<dyn HttpTransport>, wanted: Wanted) -> Setup {
    let ways = (admin, stage.transport.clone() as Arc<dyn HttpTransport>);
    Setup::new(ways, stage.clock.clone(), &stage.settings, wanted)
}

/// What doctor says about orders.
async fn doctor(stage: &Stage) -> (Health, String) {
    let needed = ["PoNumber", "IFS_Invoice_No__c", "AccountId", "EffectiveDate"];
    let needed = needed.map(|name| Needed { name: name.into(), max_length: None }).to_vec();
    let subject = (orders::settings(), needed);
    let probe = SalesforceProbe::new(stage.transport.clone(), stage.clock.clone(), &stage.settings, subject);
    let findings = probe.probe().await;
    let worst = findings.iter().map(|finding| finding.health).max().expect("findings");
    let fixes: Vec<&str> = findings.iter().filter_map(|finding| finding.fix.as_deref()).collect();
    (worst, fixes.join("\n"))
}

#[tokio::test]
async fn an_empty_org_is_set_up_and_found_whole_afterwards() {
    let stage = empty().await;
    let (health, fixes) = doctor(&stage).await;
    assert_eq!(health, Health::Red);
    assert!(fixes.contains("ml-connector salesforce setup --apply"), "{fixes}");
    let admin = stage.other("ml-connector-admin").await;
    let setup = setup(&stage, admin.clone(), Wanted::shipped());
    let gaps = setup.survey().await.expect("looks");
    let fields = gaps.iter().filter(|gap| matches!(gap, Gap::Field { .. })).count();
    assert_eq!(fields, Wanted::shipped().custom_fields().len());
    assert_eq!(setup.survey().await.expect("looks"), gaps, "looking changes nothing");
    let done = setup.apply(&gaps).await.expect("set up");
    assert!(done.iter().any(|what| what == "deployed Order.IFS_Invoice_No__c"), "{done:?}");
    assert_eq!(setup.survey().await.expect("looks"), []);
    assert_eq!(setup.apply(&[]).await.expect("nothing to do"), Vec::<String>::new());
    assert_eq!(setup.apply(&gaps).await.expect("once more").len(), done.len(), "it does no harm");
    assert_eq!(setup.survey().await.expect("looks"), []);
    let checks = |path: &str| {
        admin.asked.lock().expect("notes").iter().filter(|(_, asked)| asked.contains(path)).count()
    };
    assert!(checks("deployRequest") >= 4, "each deploy is checked before it is carried out");
    let (health, fixes) = doctor(&stage).await;
    assert_ne!(health, Health::Red, "{fixes}");
    let told = stage.carry(vec![account("S1"), order("P1", "S1", &[("P1-1", 1, "2")])]).await;
    assert_eq!(told, ["created", "created"]);
}

/// An org that takes no deploys over REST.
#[derive(Debug)]
struct NoDeploys(Arc<LoggedIn>);

#[async_trait]
impl HttpTransport for NoDeploys {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if !request.uri().path().contains("/metadata/") {
            return self.0.send(request).await;
        }
        let body = r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
        Ok(http::Response::builder().status(404).body(body.into()).expect("a response"))
    }
}

#[tokio::test]
async fn an_org_without_deploys_is_set_up_component_by_component() {
    let stage = empty().await;
    let admin = NoDeploys(stage.other("ml-connector-admin").await);
    let setup = setup(&stage, Arc::new(admin), Wanted::shipped());
    let gaps = setup.survey().await.expect("looks");
    let done = setup.apply(&gaps).await.expect("set up");
    assert!(done.iter().any(|what| what == "made Order.IFS_Invoice_No__c"), "{done:?}");
    assert_eq!(setup.survey().await.expect("looks"), []);
    assert_eq!(setup.apply(&gaps).await.expect("once more").len(), done.len(), "it does no harm");
    assert_ne!(doctor(&stage).await.0, Health::Red);
}

#[tokio::test]
async fn nobody_without_rights_changes_the_org_and_a_refused_package_changes_nothing() {
    let stage = empty().await;
    let powerless = setup(&stage, stage.transport.clone(), Wanted::shipped());
    let fault = powerless.apply(&[Gap::PermissionSet { name: "x".into() }]).await.expect_err("refused");
    assert_eq!(fault.class, FaultClass::Access);
    assert!(fault.hint.as_deref().is_some_and(|hint| hint.contains("[salesforce.admin]")), "{fault:?}");
    let mut wanted = Wanted::default();
    wanted.keyed("Contact", &contact::settings().external_id);
    wanted.writes("Contact", "No__Such__Name__c", Some(10));
    let setup = setup(&stage, stage.other("ml-connector-admin").await, wanted);
    let gaps = setup.survey().await.expect("looks");
    let fault = setup.apply(&gaps).await.expect_err("refused");
    assert_eq!(fault.code, "DEPLOY_FAILED");
    assert!(fault.message.contains("dry run") && fault.message.contains("No__Such__Name__c"), "{fault}");
    assert_eq!(setup.survey().await.expect("looks"), gaps);
}

#[tokio::test]
async fn an_org_without_orders_is_told_how_to_get_them() {
    let org = OrgSettings { bare: true, without_orders: true, ..OrgSettings::default() };
    let stage = Stage::with(org, |_| ()).await;
    let setup = setup(&stage, stage.other("ml-connector-admin").await, Wanted::shipped());
    let gaps = setup.survey().await.expect("looks");
    let told = gaps.iter().find(|gap| matches!(gap, Gap::Object { object, .. } if object == "Order"));
    let told = told.expect("missed").to_string();
    assert!(told.contains("Enable Orders"), "{told}");
}

#[test]
fn the_repository_has_what_setup_deploys() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../salesforce");
    let files = metadata(&Wanted::shipped());
    for (path, content) in &files {
        let there = std::fs::read_to_string(folder.join(path)).unwrap_or_default();
        let how = "run `cargo run -p connector-salesforce --example metadata salesforce`";
        assert_eq!(&there, content, "salesforce/{path} is not what setup deploys: {how}");
    }
    let mut extra = Vec::new();
    for kind in std::fs::read_dir(&folder).expect("the folder").flatten() {
        for file in std::fs::read_dir(kind.path()).into_iter().flatten().flatten() {
            let kind = kind.file_name().to_string_lossy().into_owned();
            extra.push(format!("{kind}/{}", file.file_name().to_string_lossy()));
        }
    }
    extra.retain(|path| !files.iter().any(|(known, _)| known == path));
    assert_eq!(extra, Vec::<String>::new(), "nothing else stands there");
}
