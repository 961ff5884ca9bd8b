//! What the org's objects demand: orders, price books, person accounts, merges, duplicates.

use super::test_client::{Client, code};
use super::*;
use serde_json::{Value, json};

/// An org with an account, a product with prices in both books, and a draft order.
struct Shop {
    client: Client,
    order: String,
    entry: String,
    other_entry: String,
}

impl Shop {
    fn open() -> Self {
        let client = Client::new();
        let account = client.made("Account", &json!({ "Name": "Steel" }));
        let product =
            client.made("Product2", &json!({ "Name": "Bolt", "ProductCode": "B1", "IsActive": true }));
        let standard = client.first("SELECT Id FROM Pricebook2 WHERE IsStandard = true");
        let custom = client.made("Pricebook2", &json!({ "Name": "Wholesale", "IsActive": true }));
        let entry =
            json!({ "Product2Id": product, "Pricebook2Id": custom, "UnitPrice": 3, "IsActive": true });
        assert_eq!(client.refused("PricebookEntry", &entry), "STANDARD_PRICE_NOT_DEFINED");
        let price =
            json!({ "Product2Id": product, "Pricebook2Id": standard, "UnitPrice": 4.5, "IsActive": true });
        let other_entry = client.made("PricebookEntry", &price);
        assert_eq!(client.refused("PricebookEntry", &price), "DUPLICATE_VALUE");
        let entry = client.made("PricebookEntry", &entry);
        let order = json!({ "AccountId": account, "EffectiveDate": "2026-03-01", "Status": "Draft", "Pricebook2Id": custom });
        let order = client.made("Order", &order);
        Self { client, order, entry, other_entry }
    }

    fn item(&self) -> Value {
        json!({ "OrderId": self.order, "PricebookEntryId": self.entry, "Quantity": 4, "UnitPrice": 2.5 })
    }

    fn change(&self, object: &str, id: &str, body: &Value) -> (u16, String) {
        let answer = self.client.call("PATCH", &format!("/sobjects/{object}/{id}"), body);
        (answer.0, code(&answer).1.to_owned())
    }
}

#[test]
fn an_order_is_drafted_filled_activated_and_locked() {
    let shop = Shop::open();
    let Shop { client, order, .. } = &shop;
    let account = client.first("SELECT AccountId FROM Order");
    let active = json!({ "AccountId": account, "EffectiveDate": "2026-03-01", "Status": "Activated" });
    assert_eq!(client.refused("Order", &active), "INVALID_STATUS");
    assert_eq!(client.refused("Order", &json!({ "Status": "Draft" })), "REQUIRED_FIELD_MISSING");
    let activated = json!({ "Status": "Activated" });
    assert_eq!(shop.change("Order", order, &activated), (400, "FAILED_ACTIVATION".into()));
    let item = client.made("OrderItem", &shop.item());
    let both = json!({ "Status": "Activated", "Description": "x" });
    assert_eq!(shop.change("Order", order, &both), (400, "FIELD_INTEGRITY_EXCEPTION".into()));
    assert_eq!(shop.change("Order", order, &activated), (204, String::new()));
    let (_, row) = client.call("GET", &format!("/sobjects/Order/{order}"), &Value::Null);
    assert_eq!((&row["StatusCode"], &row["TotalAmount"]), (&json!("Activated"), &json!(10)));
    assert_eq!(row["ActivatedDate"], "2026-03-01T10:00:00.000+0000");
    let locked = (400, "FIELD_INTEGRITY_EXCEPTION".to_owned());
    assert_eq!(shop.change("Order", order, &json!({ "Description": "x" })), locked);
    assert_eq!(shop.change("OrderItem", &item, &json!({ "Quantity": 5 })), locked);
    assert_eq!(client.refused("OrderItem", &shop.item()), "FIELD_INTEGRITY_EXCEPTION");
    let delete = client.call("DELETE", &format!("/sobjects/Order/{order}"), &Value::Null);
    assert_eq!(code(&delete), (400, "DELETE_FAILED"));
    assert_eq!(shop.change("Order", order, &json!({ "Status": "Draft" })), (204, String::new()));
    assert_eq!(shop.change("OrderItem", &item, &json!({ "Quantity": 5 })), (204, String::new()));
    assert_eq!(client.number("SELECT TotalAmount FROM Order", "TotalAmount"), json!(12.5));
    shop.client.org.switch(|switches| switches.edits_activated = true);
    assert_eq!(shop.change("Order", order, &activated), (204, String::new()));
    assert_eq!(shop.change("Order", order, &json!({ "Description": "x" })), (204, String::new()));
    let another = client.made("Account", &json!({ "Name": "Other" }));
    assert_eq!(shop.change("Order", order, &json!({ "AccountId": another })), locked);
}

#[test]
fn products_of_an_order_come_from_its_price_book_and_stay_in_it() {
    let shop = Shop::open();
    let Shop { client, order, other_entry, .. } = &shop;
    let with = |name: &str, value: Value| {
        let mut item = shop.item();
        item[name] = value;
        item
    };
    assert_eq!(
        client.refused("OrderItem", &with("PricebookEntryId", json!(other_entry))),
        "FIELD_INTEGRITY_EXCEPTION"
    );
    assert_eq!(client.refused("OrderItem", &with("Quantity", json!(0))), "FIELD_INTEGRITY_EXCEPTION");
    assert_eq!(client.refused("OrderItem", &with("UnitPrice", Value::Null)), "REQUIRED_FIELD_MISSING");
    let item = client.made("OrderItem", &with("Quantity", json!(1.5)));
    let (_, row) = client.call("GET", &format!("/sobjects/OrderItem/{item}"), &Value::Null);
    assert_eq!((&row["ListPrice"], &row["TotalPrice"]), (&json!(3), &json!(3.75)));
    assert!(row["Product2Id"].as_str().is_some_and(|id| id.starts_with("01t")));
    let moved = shop.change("OrderItem", &item, &json!({ "OrderId": order }));
    assert_eq!(moved, (400, "INVALID_FIELD_FOR_INSERT_UPDATE".into()));
    let book = client.first("SELECT Id FROM Pricebook2 WHERE IsStandard = true");
    assert_eq!(shop.change("Order", order, &json!({ "Pricebook2Id": book })).1, "FIELD_INTEGRITY_EXCEPTION");
    let product = client.first("SELECT Product2Id FROM OrderItem");
    let delete = client.call("DELETE", &format!("/sobjects/Product2/{product}"), &Value::Null);
    assert_eq!(code(&delete), (400, "DELETE_FAILED"));
    assert_eq!(shop.change("Product2", &product, &json!({ "Name": "Nut" })).0, 204);
    assert_eq!(client.first("SELECT Name FROM PricebookEntry"), "Nut");
    // A deleted item is gone, not in the recycle bin, and the total follows.
    assert_eq!(client.call("DELETE", &format!("/sobjects/OrderItem/{item}"), &Value::Null).0, 204);
    assert!(client.org.records("OrderItem").is_empty());
    assert_eq!(client.number("SELECT TotalAmount FROM Order", "TotalAmount"), json!(0));
    let without_book = json!({
        "AccountId": client.first("SELECT Id FROM Account"), "EffectiveDate": "2026-03-01", "Status": "Draft",
    });
    let bare = client.made("Order", &without_book);
    assert_eq!(client.refused("OrderItem", &with("OrderId", json!(bare))), "FIELD_INTEGRITY_EXCEPTION");
}

#[test]
fn parents_are_found_by_external_id() {
    let client = Client::new();
    let parent = client.made("Account", &json!({ "Name": "Steel", "IFS_Key__c": "S1" }));
    let child = client.made("Contact", &json!({ "LastName": "Ek", "Account": { "IFS_Key__c": "s1" } }));
    assert_eq!(client.first("SELECT AccountId FROM Contact"), parent);
    let orphan = json!({ "LastName": "Ek", "Account": { "IFS_Key__c": "S2" } });
    let answer = client.call("POST", "/sobjects/Contact", &orphan);
    assert_eq!(code(&answer), (400, "INVALID_FIELD"));
    assert_eq!(
        answer.1[0]["message"],
        "Foreign key external ID: S2 not found for field IFS_Key__c in entity Account"
    );
    for (body, wanted) in [
        (json!({ "LastName": "x", "AccountId": "001000000000000AAA" }), "INVALID_CROSS_REFERENCE_KEY"),
        (json!({ "LastName": "x", "AccountId": child }), "FIELD_INTEGRITY_EXCEPTION"),
        (json!({ "LastName": "x", "AccountId": "x" }), "MALFORMED_ID"),
        (json!({ "LastName": "x", "Account": { "Phone": "1" } }), "INVALID_FIELD"),
        (json!({ "LastName": "x", "Nope": { "Phone": "1" } }), "INVALID_FIELD"),
    ] {
        assert_eq!(client.refused("Contact", &body), wanted, "{body}");
    }
    let detach = client.call("PATCH", &format!("/sobjects/Contact/{child}"), &json!({ "AccountId": null }));
    assert_eq!(detach.0, 204);
    let grandparent = client.made("Account", &json!({ "Name": "Group", "ParentId": parent }));
    let circle =
        client.call("PATCH", &format!("/sobjects/Account/{parent}"), &json!({ "ParentId": grandparent }));
    assert_eq!(code(&circle), (400, "CIRCULAR_DEPENDENCY"));
}

#[test]
fn deletion_takes_children_along_and_undeletion_brings_them_back() {
    let client = Client::new();
    let account = client.made("Account", &json!({ "Name": "Steel", "IFS_Key__c": "S1" }));
    client.made("Contact", &json!({ "LastName": "Ek", "AccountId": account }));
    assert_eq!(client.call("DELETE", &format!("/sobjects/Account/{account}"), &Value::Null).0, 204);
    assert_eq!(client.count("SELECT COUNT() FROM Contact"), 0);
    client.made("Account", &json!({ "Name": "New", "IFS_Key__c": "s1" }));
    assert!(!client.org.human_undelete(&account), "its unique value was taken meanwhile");
    let new = client.first("SELECT Id FROM Account");
    assert!(client.org.human_purge(&new));
    assert!(client.org.human_undelete(&account));
    assert_eq!(client.count("SELECT COUNT() FROM Contact"), 1);
}

#[test]
fn a_merge_moves_children_and_loses_values() {
    let client = Client::new();
    let winner = client.made("Account", &json!({ "Name": "Winner" }));
    let loser = client.made("Account", &json!({ "Name": "Loser", "IFS_Key__c": "S1" }));
    client.made("Contact", &json!({ "LastName": "Ek", "AccountId": loser }));
    client.org.human_merge(&winner, &[&loser]).expect("merges");
    assert_eq!(client.first("SELECT AccountId FROM Contact"), winner);
    assert_eq!(client.count("SELECT COUNT() FROM Account WHERE IFS_Key__c = 'S1'"), 0);
    let (_, all) = client.call(
        "GET",
        "/queryAll?q=SELECT+MasterRecordId+FROM+Account+WHERE+IsDeleted=true",
        &Value::Null,
    );
    assert_eq!(all["records"][0]["MasterRecordId"], json!(winner));
    assert!(client.org.human_merge(&winner, &[&loser]).is_err());
    let kinds: Vec<ChangeKind> = client.org.changes_after(3).iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Delete, ChangeKind::Update], "children that move are not told of");
}

#[test]
fn duplicate_rules_block_or_alert() {
    let client = Client::new();
    let first = client.made("Account", &json!({ "Name": "Steel" }));
    let rule = |blocks| DuplicateRule { object: "Account".into(), field: "Name".into(), blocks };
    client.org.switch(|switches| switches.duplicates = Some(rule(false)));
    let (status, body) = client.call("POST", "/sobjects/Account", &json!({ "Name": "STEEL" }));
    assert_eq!((status, &body[0]["errorCode"]), (400, &json!("DUPLICATES_DETECTED")));
    let result = &body[0]["duplicateResult"];
    assert_eq!(result["matchResults"][0]["matchRecords"][0]["record"]["Id"], json!(first));
    assert_eq!(result["allowSave"], true);
    let saves = [("sforce-duplicate-rule-header", "allowSave=true; includeRecordDetails=true")];
    let post = || client.send("POST", "/services/data/v64.0/sobjects/Account", r#"{"Name":"steel"}"#, &saves);
    assert_eq!(post().status(), 201);
    client.org.switch(|switches| switches.duplicates = Some(rule(true)));
    assert_eq!(post().status(), 400);
}

#[test]
fn person_accounts_have_a_contact_behind_them() {
    let client = Client::with(SalesforceSettings { person_accounts: true, ..SalesforceSettings::default() });
    let kind = client.first("SELECT Id FROM RecordType WHERE IsPersonType = true");
    assert_eq!(
        client.refused("Account", &json!({ "Name": "Ann Ek", "RecordTypeId": kind })),
        "INVALID_FIELD_FOR_INSERT_UPDATE"
    );
    assert_eq!(client.refused("Account", &json!({ "RecordTypeId": kind })), "REQUIRED_FIELD_MISSING");
    let person = json!({ "FirstName": "Ann", "LastName": "Ek", "RecordTypeId": kind, "PersonEmail": "ann@example.com" });
    let id = client.made("Account", &person);
    let (_, row) = client.call("GET", &format!("/sobjects/Account/{id}"), &Value::Null);
    assert_eq!((&row["Name"], &row["IsPersonAccount"]), (&json!("Ann Ek"), &json!(true)));
    assert_eq!(client.first("SELECT Email FROM Contact WHERE IsPersonAccount = true"), "ann@example.com");
    assert_eq!(client.first("SELECT PersonContactId FROM Account"), client.first("SELECT Id FROM Contact"));
    assert_eq!(
        client.call("PATCH", &format!("/sobjects/Account/{id}"), &json!({ "LastName": "Berg" })).0,
        204
    );
    assert_eq!(client.first("SELECT Name FROM Contact"), "Ann Berg");
    let change = client.call("PATCH", &format!("/sobjects/Account/{id}"), &json!({ "Name": "x" }));
    assert_eq!(code(&change), (400, "INVALID_FIELD_FOR_INSERT_UPDATE"));
}

#[test]
fn several_currencies_have_to_fit() {
    let client =
        Client::with(SalesforceSettings { several_currencies: true, ..SalesforceSettings::default() });
    let account = client.made("Account", &json!({ "Name": "Steel" }));
    let product = client.made("Product2", &json!({ "Name": "Bolt" }));
    let book = client.first("SELECT Id FROM Pricebook2");
    let price = |currency: &str| json!({ "Product2Id": product, "Pricebook2Id": book, "UnitPrice": 1, "IsActive": true, "CurrencyIsoCode": currency });
    let [euro, dollar] = ["EUR", "USD"].map(|currency| client.made("PricebookEntry", &price(currency)));
    assert_eq!(client.refused("PricebookEntry", &price("USD")), "DUPLICATE_VALUE");
    let order = client.made(
        "Order",
        &json!({
            "AccountId": account, "EffectiveDate": "2026-03-01", "Status": "Draft", "Pricebook2Id": book,
            "CurrencyIsoCode": "USD",
        }),
    );
    let item =
        |entry: &str| json!({ "OrderId": order, "PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 1 });
    assert_eq!(client.refused("OrderItem", &item(&euro)), "FIELD_INTEGRITY_EXCEPTION");
    client.made("OrderItem", &item(&dollar));
}
