//! What people remove and merge on either side, through the real connectors and the shipped mappings: the
//! other side follows by policy, and whoever refers to a merged record follows the merge.

use std::sync::Arc;
use std::time::Duration;

use mapping::{FieldName, Fields, Value};
use ml_connector_tests::simulation::mission::flows::{BOOK, NAMES, flows};
use ml_connector_tests::simulation::mission::{checks, twins};
use ml_connector_tests::simulation::world::World;
use ml_connector_tests::simulation::{Options, Variant};
use sandbox::salesforce::Record;
use sync_engine::{
    ConflictQuery, Deletes, Desk as _, Flow, Mode, Parked, ParkedQuery, Report, StateStore as _, Unwatched,
};

/// A world with all flows in which nothing goes wrong, after its first load.
struct Office {
    world: Arc<World>,
    flows: Vec<Flow>,
}

impl Office {
    async fn new(creates: bool) -> Self {
        Self::of(creates, Variant::None).await
    }

    async fn of(creates: bool, variant: Variant) -> Self {
        let mut options: Options = twins::calm(11, false);
        if let Some(mission) = &mut options.mission {
            mission.creates = creates;
        }
        let world = World::new(options);
        world.calm_down();
        let office = Self { flows: flows(&world, variant, 1), world };
        office.all(Mode::Changes).await;
        office
    }

    /// The flow of this name, perhaps with another policy for what is gone.
    fn flow(&self, name: &str, deletes: Option<Deletes>) -> Flow {
        let place = NAMES.iter().position(|known| *known == name).expect("a flow");
        let mut parts = self.flows[place].parts().clone();
        parts.settings.deletes = deletes.unwrap_or(parts.settings.deletes);
        Flow::new(parts)
    }

    /// Time passes until both systems tell what has changed, and a flow runs.
    async fn run(&self, flow: &Flow, mode: Mode) -> Report {
        self.world.clock.sleep(Duration::from_mins(30)).await;
        flow.cycle(mode, &Unwatched).await.expect("a run without faults ends well")
    }

    async fn all(&self, mode: Mode) -> Vec<Report> {
        let mut reports = Vec::new();
        for flow in &self.flows {
            reports.push(self.run(flow, mode.clone()).await);
        }
        reports
    }

    fn account(&self, key: &str) -> Option<Arc<Record>> {
        let mut accounts = self.world.salesforce.records("Account");
        accounts.retain(|account| !account.deleted && account.key() == Some(key));
        assert!(accounts.len() < 2, "{key} is there twice");
        accounts.pop()
    }

    fn accounts(&self) -> usize {
        self.world.salesforce.records("Account").iter().filter(|account| !account.deleted).count()
    }

    /// The keys of two customers that have Accounts.
    fn customers(&self) -> (String, String) {
        let mut keys = self.world.ifs.rows_of("CustomerInfo").into_iter().map(|row| row.key().to_string());
        let mut linked = keys.by_ref().filter(|key| self.account(key).is_some());
        (linked.next().expect("a customer"), linked.next().expect("another one"))
    }

    fn customer(&self, key: &str, column: &str) -> Option<String> {
        self.world.ifs.row_of("CustomerInfo", &[key])?.get(column).text()
    }

    async fn parked(&self, flow: &str) -> Vec<Parked> {
        let query = ParkedQuery { flow: Some(flow.to_owned()), ..ParkedQuery::default() };
        self.world.store.parked(&query).await.expect("memory answers")
    }

    async fn conflicts(&self) -> usize {
        self.world.store.conflicts(&ConflictQuery::default()).await.expect("memory answers").len()
    }
}

#[tokio::test(start_paused = true)]
async fn orders_on_merged_accounts_follow_the_merge() {
    let office = Office::new(false).await;
    let (world, salesforce) = (&office.world, &office.world.salesforce);
    let vendors: Vec<String> = world.ifs.rows().iter().map(|row| row.key().to_string()).collect();
    let [loser, winner] = [&vendors[0], &vendors[1]];
    let account = |key: &str| office.account(key).expect("an Account").id.clone();
    let (lost, won) = (account(loser), account(winner));
    salesforce.human_merge(&won, &[&lost]).expect("merges");
    let order = |number: &str| {
        let values = [("OrderNo", Some(number)), ("VendorNo", Some(loser.as_str())), ("Company", Some("10"))];
        let more = [("Contract", Some("S01")), ("CurrencyCode", Some("EUR")), ("Objstate", Some("Released"))];
        let all: Vec<_> = values.into_iter().chain(more).chain([("OrderDate", Some("2025-10-01"))]).collect();
        world.ifs.insert_of("PurchaseOrder", &all);
    };
    order("900001");
    office.all(Mode::Changes).await;
    let of = |number: &str| {
        let mut orders = salesforce.records("Order");
        orders.retain(|order| !order.deleted && order.text("PoNumber").as_deref() == Some(number));
        assert_eq!(orders.len(), 1, "{number}");
        orders[0].text("AccountId")
    };
    assert_eq!(
        of("900001"),
        Some(won.clone()),
        "an Account that was merged into another one stands for both"
    );
    let accounts = office.accounts();
    world.ifs.edit_of("SupplierInfoGeneral", &[loser], &[("City", Some("Elsewhere"))]);
    office.all(Mode::Changes).await;
    assert_eq!(office.accounts(), accounts, "the loser is not made anew");
    let waiting = office.parked("suppliers").await;
    assert_eq!(waiting.iter().map(|one| one.fault.code.as_str()).collect::<Vec<_>>(), ["MERGED"]);
    // Once people have made room, the supplier has an Account of its own again, and its next order goes there.
    assert!(salesforce.human_undelete(&lost));
    world.ifs.edit_of("SupplierInfoGeneral", &[loser], &[("City", Some("Back home"))]);
    order("900002");
    office.all(Mode::Changes).await;
    assert_eq!(of("900002"), Some(account(loser)));
    assert_eq!(of("900001"), Some(won), "what is there stays, until it changes");
}

#[tokio::test(start_paused = true)]
async fn a_merge_is_no_deletion_and_the_pair_goes_on_with_the_winner() {
    let office = Office::new(false).await;
    let salesforce = &office.world.salesforce;
    let (merged, other) = office.customers();
    let before = office.account(&merged).expect("an Account");
    let country = before.text("BillingCountry").unwrap_or_default();
    let hand_made = salesforce.human_insert(&[("Name", "Made by hand"), ("BillingCountry", &country)]);
    salesforce.human_merge(&hand_made, &[&before.id]).expect("merges");
    let back = office.flow("customers-back", Some(Deletes::Delete));
    let report = office.run(&back, Mode::Changes).await;
    assert_eq!((report.gone, report.removed), (0, 0), "whatever the policy for deletions says");
    office.all(Mode::Full).await;
    office.all(Mode::Changes).await;
    assert_eq!(office.account(&merged).map(|account| account.id.clone()), Some(hand_made));
    assert_eq!(office.customer(&merged, "Name").as_deref(), Some("Made by hand"), "the winner's values");
    assert_eq!((office.conflicts().await, office.parked("customers").await), (0, Vec::new()));
    // An Account that stands for another customer cannot stand for this one too: that is lost, by policy.
    let (one, two) = (office.account(&merged).expect("there"), office.account(&other).expect("there"));
    salesforce.human_merge(&two.id, &[&one.id]).expect("merges");
    let report = office.run(&back, Mode::Changes).await;
    assert_eq!((report.gone, report.removed), (1, 1));
    assert_eq!(office.customer(&merged, "Name"), None);
    assert!(office.customer(&other, "Name").is_some());
}

/// How many Accounts are made again after people removed one, and what the checker of the simulation says.
async fn made_again(variant: Variant) -> (usize, Vec<String>) {
    let office = Office::of(false, variant).await;
    let (key, _) = office.customers();
    let account = office.account(&key).expect("an Account");
    assert!(office.world.salesforce.human_delete(&account.id));
    let left = office.accounts();
    office.all(Mode::Changes).await;
    office.all(Mode::Full).await;
    let mut findings = checks::whole_story(&office.world).await;
    findings.retain(|finding| finding.starts_with("B9: people had removed it"));
    (office.accounts() - left, findings)
}

#[tokio::test(start_paused = true)]
async fn what_people_remove_is_not_made_again() {
    assert_eq!(made_again(Variant::None).await, (0, Vec::new()));
    let (made, findings) = made_again(Variant::ForgetsTombs).await;
    assert_eq!((made, findings.len()), (1, 1), "who forgets what people removed is found out: {findings:?}");
}

/// What becomes of a customer in IFS whose Account people delete: its number there, and whether it is known.
async fn after_a_deletion(deletes: Deletes) -> (Option<String>, bool) {
    let office = Office::new(false).await;
    let (key, _) = office.customers();
    let account = office.account(&key).expect("an Account");
    assert!(office.world.salesforce.human_delete(&account.id));
    let back = office.flow("customers-back", Some(deletes));
    office.run(&back, Mode::Changes).await;
    office.run(&back, Mode::Full).await;
    let links = office.world.store.links(BOOK, &[key.as_str().into()]).await.expect("memory answers");
    (office.customer(&key, "AssociationNo"), links[0].is_some())
}

#[tokio::test(start_paused = true)]
async fn each_policy_says_what_becomes_of_a_customer_whose_account_is_gone() {
    let (untouched, linked) = after_a_deletion(Deletes::Ignore).await;
    assert!(linked, "ignored: it stays as it is, and the pair stays known");
    assert_eq!(after_a_deletion(Deletes::Unlink).await, (untouched.clone(), false));
    let flag: Fields = [(FieldName::from("AssociationNo"), Value::text("GONE"))].into_iter().collect();
    assert_eq!(after_a_deletion(Deletes::Mark(flag)).await, (Some("GONE".into()), true));
    let (removed, _) = after_a_deletion(Deletes::Delete).await;
    assert_eq!((removed, untouched.is_some()), (None, true), "it goes too");
}

#[tokio::test(start_paused = true)]
async fn an_account_becomes_one_customer_and_stays_one_account() {
    let office = Office::new(true).await;
    let salesforce = &office.world.salesforce;
    let id = salesforce.human_insert(&[("Name", "Prospect"), ("BillingCountry", "Sweden")]);
    let accounts = office.accounts();
    let report = office.run(&office.flow("customers-back", None), Mode::Changes).await;
    assert_eq!(report.created, 1);
    assert_eq!(office.customer(&id, "Country").as_deref(), Some("SE"));
    office.run(&office.flow("customers", None), Mode::Changes).await;
    assert_eq!(office.account(&id).map(|account| account.id.clone()), Some(id.clone()), "it gets its number");
    assert_eq!(office.accounts(), accounts, "and is not made a second time");
    // Whoever clears the number does not make a second one either.
    assert!(salesforce.human_edit(&id, "IFS_Key__c", None));
    office.all(Mode::Full).await;
    office.all(Mode::Full).await;
    assert_eq!(office.account(&id).map(|account| account.id.clone()), Some(id));
    assert_eq!((office.accounts(), office.conflicts().await), (accounts, 0));
    let written: u64 = office.all(Mode::Full).await.iter().map(Report::written).sum();
    assert_eq!(written, 0, "both sides agree");
}
