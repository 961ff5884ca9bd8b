//! Values that try to be more than values: in queries, addresses and tables.

use sfdc_client::bulk::{
    Bulk, Cell, IngestSpec, JobId, JobLedger, JobLimits, JobWriter, LedgerError, Manifest, Operation,
};
use sfdc_client::{
    Filter, Item, Literal, Operator, Packer, Pattern, RecordBody, RecordResult, RowAt, Rows, Select,
    SfdcError, UpsertKey, Upserted, Upserting,
};
use wire::{Call, Effect};

use crate::org::Org;

const NASTY: &[&str] = &[
    "' OR Name != '",
    "\\'",
    "\\",
    "%27",
    "%",
    "_",
    "a\nb",
    "a\tb\"c",
    "\u{2019}",
    "x') OR (Name LIKE '%",
    "@{a.id}",
];

/// Whatever stands in a value, a query finds the records that have just this value.
#[tokio::test(start_paused = true)]
async fn attack_15_a_value_in_a_query_is_one_literal() {
    let org = Org::new();
    org.insert("innocent");
    let ids: Vec<String> = NASTY.iter().map(|name| org.insert(name)).collect();
    let packer = Packer::new(org.client.clone(), org.clock.clone(), 2);
    for (name, id) in NASTY.iter().zip(&ids) {
        let value = Literal::Text((*name).to_owned());
        let select = Select::from("Account", ["Id"]).expect("names");
        let exact = select.clone().where_is("Name", Operator::Equal, &value).expect("a value");
        let begins = select.clone().filter(Filter::like("Name", Pattern::StartsWith(name)).expect("a value"));
        let alike = NASTY.iter().filter(|other| other.starts_with(name)).count();
        for (select, count) in [(exact, 1), (begins, alike)] {
            let call = Call::new("test.query", Effect::Read);
            let found = org.client.query_rows(call, &select, Rows::Living).await.expect("records");
            let shown: Vec<&str> = found.records.iter().map(|record| record.get()).collect();
            assert_eq!(shown.len(), count, "{name:?}: {shown:?}");
            assert!(shown.iter().any(|record| record.contains(id.as_str())), "{name:?}: {shown:?}");
        }
        let found = packer.look_up("test.look_up", &select, "Name", &[value]).await.expect("records");
        assert_eq!(found.records.len(), 1, "{name:?}");
    }
}

/// A name that is none is refused before anything is sent.
#[tokio::test(start_paused = true)]
async fn attack_18_a_name_with_a_query_in_it_is_no_name() {
    for name in
        ["Name, (SELECT Id FROM Users)", "Name FROM User", "Name--", "", "a b", "Näme", "A.B.C.D.E.F.G'"]
    {
        assert!(Select::from("Account", [name]).is_err(), "{name}");
        assert!(Filter::is(name, Operator::Equal, &Literal::Null).is_err(), "{name}");
    }
}

/// An external id in an address is one segment and comes back as the same value.
#[tokio::test(start_paused = true)]
async fn attack_17_an_external_id_stays_one_segment() {
    let org = Org::new();
    let mut body = RecordBody::new("Account");
    body.text("Name", "x");
    for key in ["../Account/001", "a/b", "a?x", "a#x", "a%2Fb", "a\\b", "é;+&=", "…", "a b", "'", "a@{b}"]
    {
        let at = RowAt::external("Account", "IFS_Key__c", key);
        let created = org.client.upsert_row(&at, &body, Upserting::CreateOrUpdate).await.expect(key);
        assert!(matches!(created, Upserted::Created { .. }), "{key}: {created:?}");
        assert_eq!(org.sandbox.by_key(key).len(), 1, "{key}");
    }
    let calls = org.gate.journal().calls;
    for key in ["", ".", "..", " a", "a ", "a\n", &"x".repeat(256), "me@acme.inc"] {
        let at = RowAt::external("Account", "IFS_Key__c", key);
        let refused = org.client.upsert_row(&at, &body, Upserting::CreateOrUpdate).await.expect_err(key);
        assert!(matches!(refused, SfdcError::Unaddressable { .. }), "{key:?}: {refused:?}");
        assert!(!refused.may_have_acted());
    }
    assert_eq!(org.gate.journal().calls, calls, "nothing was sent");
}

/// Keys that differ in case only are one record to a field that does not tell case apart.
#[tokio::test(start_paused = true)]
async fn attack_17_keys_that_differ_in_case_are_one_record_or_two_as_the_field_says() {
    let bodies = ["s1", "S1"].map(|key| {
        let mut body = RecordBody::new("Account");
        body.text("IFS_Key__c", key);
        body.text("Name", "x");
        body
    });
    let items = [Item::new("s1", &bodies[0]), Item::new("S1", &bodies[1])];
    let org = Org::new();
    let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
    assert!(matches!(org.client.upsert(&items, key).await, Err(SfdcError::Unfit { .. })));
    assert_eq!(org.sandbox.accounts().len(), 0);
    org.sandbox.switch(|switches| switches.case_sensitive = true);
    let key = UpsertKey { case_sensitive: true, ..key };
    let results = org.client.upsert(&items, key).await.expect("results");
    assert!(results.iter().all(|result| matches!(result, RecordResult::Done { created: true, .. })));
    assert_eq!(org.sandbox.accounts().len(), 2);
}

#[derive(Debug)]
struct Forgetful;

#[async_trait::async_trait]
impl JobLedger for Forgetful {
    async fn opened(&self, _: &JobId, _: &Manifest) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn settled(&self, _: &JobId) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn under_way(&self) -> Result<Vec<JobId>, LedgerError> {
        Ok(Vec::new())
    }
}

/// What a spreadsheet would run arrives in the org as it was, byte by byte.
#[tokio::test(start_paused = true)]
async fn attack_19_cells_reach_the_org_untouched() {
    let cells = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(1)",
        "a,b;c",
        "\"q\"",
        "line\nbreak",
        "x\ty",
        "#N/A#",
        "'=1",
    ];
    let org = Org::new();
    let spec = IngestSpec::new(Operation::Upsert, "Account", &["IFS_Key__c", "Name"], "IFS_Key__c");
    let mut writer = JobWriter::new(spec.expect("a spec"), JobLimits::default());
    for (number, cell) in cells.iter().enumerate() {
        let key = format!("S{number}");
        writer.push(None, &[Cell::Text(&key), Cell::Text(cell)]).expect("taken");
    }
    let bulk = Bulk::new(org.client.clone(), org.clock.clone());
    let report = bulk.ingest(writer.finish().expect("a job"), &Forgetful).await;
    assert!(report.trouble.is_none(), "{:?}", report.trouble);
    for (number, cell) in cells.iter().enumerate() {
        let account = org.sandbox.account_by_key(&format!("S{number}")).expect("made");
        assert_eq!(account.text("Name").as_deref(), Some(*cell));
    }
}
