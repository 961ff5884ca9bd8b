//! Many rows, some of them bad: the small form of the example `accounts`.

use sandbox::salesforce::Matching;
use sfdc_client::{Item, Literal, Packer, RecordBody, RecordResult, Select, UpsertKey};

use crate::load::{REFUSED, Way, load};
use crate::org::Org;

/// Every row has the outcome that it had to have, and the sums agree.
#[tokio::test(start_paused = true)]
async fn f35_f37_every_row_of_many_has_its_outcome() {
    for way in [Way::Collections, Way::Bulk] {
        let org = Org::new();
        org.sandbox.switch(|switches| {
            switches.refused = Some(Matching { field: "Name".to_owned(), contains: REFUSED.to_owned() });
        });
        let loaded = load(&org.client, &org.clock, 4_000, way).await.expect("the load goes through");
        assert_eq!(loaded.wrong, [""; 0], "{way:?}");
        assert_eq!((loaded.rows(), loaded.created), (4_000, 3_960), "{way:?}");
        assert_eq!(loaded.failed.len(), 8, "{way:?}: {:?}", loaded.failed);
        assert!(loaded.failed.values().all(|count| *count == 5), "{way:?}: {:?}", loaded.failed);
        assert_eq!(org.sandbox.accounts().len(), 3_960, "{way:?}");
        assert!(org.sandbox.stats()["calls"] <= 12, "{way:?}: {}", org.sandbox.stats()["calls"]);
    }
}

/// A look-up and a write for a thousand changes.
#[tokio::test(start_paused = true)]
async fn a_thousand_changes_take_two_calls() {
    let org = Org::new();
    let packer = Packer::new(org.client.clone(), org.clock.clone(), 4);
    let select = Select::from("Account", ["Id", "IFS_Key__c"]).expect("names");
    let names: Vec<String> = (0..1_000).map(|number| format!("S{number}")).collect();
    let keys: Vec<Literal> = names.iter().map(|key| Literal::Text(key.clone())).collect();
    // A packer that does not know the org yet begins with smaller calls.
    for (round, there, calls) in [("first", 0, 3), ("second", 1_000, 3), ("third", 1_000, 2)] {
        let before = org.sandbox.stats()["calls"];
        let found = packer.look_up("test.look_up", &select, "IFS_Key__c", &keys).await.expect("records");
        assert_eq!(found.records.len(), there, "{round}");
        let bodies: Vec<RecordBody> = names
            .iter()
            .map(|key| {
                let mut body = RecordBody::new("Account");
                body.text("IFS_Key__c", key);
                body.text("Name", &format!("{key} in the {round} round"));
                body
            })
            .collect();
        let items: Vec<Item<'_>> =
            names.iter().zip(&bodies).map(|(key, body)| Item::new(key, body)).collect();
        let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: false };
        let results = packer.upsert(&items, key).await.expect("results");
        assert!(results.iter().all(|result| matches!(result, Ok(RecordResult::Done { .. }))));
        assert_eq!(org.sandbox.stats()["calls"] - before, calls, "{round}");
    }
}
