//! Queries as a client sends them.

use serde_json::json;

use super::SalesforceSettings;
use super::test_client::{Client, account, code, read};

#[test]
fn queries_filter_as_soql_does() {
    let client = Client::new();
    client.upsert(&[
        account("A", json!({ "Name": "Alpha", "Phone": "1", "IFS_Credit_Limit__c": 5, "IFS_Created__c": "2026-01-01" })),
        account("B", json!({ "Name": "beta", "Phone": "2", "IFS_Credit_Limit__c": 50, "IFS_Created__c": "2026-02-01" })),
        account("C", json!({ "Name": "O'Hara \\ 100%\nnext" })),
    ]);
    for (condition, wanted) in [
        ("Name = 'ALPHA'", "A"),
        ("Name != 'alpha'", "BC"),
        ("Name LIKE '%A%' AND Phone != null", "AB"),
        (r"Name LIKE '%100\%%'", "C"),
        (r"Name LIKE '1\%'", ""),
        (r"Name = 'O\'Hara \\ 100%\nnext'", "C"),
        ("IFS_Credit_Limit__c > 5", "B"),
        ("IFS_Credit_Limit__c <= 5.0", "A"),
        ("IFS_Credit_Limit__c < 100", "AB"),
        ("IFS_Created__c >= 2026-01-02", "B"),
        ("Phone = null", "C"),
        ("Phone = ''", "C"),
        ("Phone IN ('2', null)", "BC"),
        ("Phone NOT IN ('2')", "AC"),
        ("NOT (Phone = '1' OR Phone = '2')", "C"),
        ("IFS_Key__c IN ('a','c','x')", "AC"),
        ("IFS_Key__c = 'b' AND Name = 'alpha'", ""),
        ("IsDeleted = true", ""),
        ("CreatedDate = 2026-03-01T11:00:00.000+01:00", "ABC"),
        ("SystemModstamp > 2026-03-01T10:00:00Z", ""),
    ] {
        assert_eq!(client.found("IFS_Key__c", &format!("WHERE {condition}")).concat(), wanted, "{condition}");
    }
    let id = client.id("B");
    assert_eq!(client.found("IFS_Key__c", &format!("WHERE Id IN ('{}')", &id[..15])), ["B"]);
    client.org.switch(|switches| switches.case_sensitive = true);
    assert_eq!(client.found("IFS_Key__c", "WHERE IFS_Key__c IN ('a','B')"), ["B"]);
    assert_eq!(client.found("IFS_Key__c", "WHERE IFS_Key__c = 'b'").len(), 0);
}

#[test]
fn queries_sort_cut_and_count() {
    let client = Client::new();
    for (key, phone) in [("A", "2"), ("B", ""), ("C", "1"), ("D", "2")] {
        client.upsert(&[account(key, json!({ "Name": key, "Phone": phone }))]);
    }
    for (rest, wanted) in [
        ("ORDER BY Phone, Name DESC", "BCDA"),
        ("ORDER BY Phone DESC NULLS LAST, Name", "ADCB"),
        ("ORDER BY Phone NULLS LAST LIMIT 2", "CA"),
        ("ORDER BY Name LIMIT 2 OFFSET 1", "BC"),
        ("LIMIT 0", ""),
    ] {
        assert_eq!(client.found("Name", rest).concat(), wanted, "{rest}");
    }
    let (_, counted) = client.query("SELECT COUNT() FROM Account WHERE Phone = '2'");
    assert_eq!(counted, json!({ "totalSize": 2, "done": true, "records": [] }));
}

#[test]
fn long_results_come_in_pages() {
    let client = Client::with(SalesforceSettings { query_page: 2, ..SalesforceSettings::default() });
    for number in 0..5 {
        client.upsert(&[account(&format!("K{number}"), json!({ "Name": "x" }))]);
    }
    let (_, mut page) = client.query("SELECT IFS_Key__c FROM Account");
    let mut sizes = vec![page["records"].as_array().map(Vec::len)];
    let second = page["nextRecordsUrl"].as_str().expect("more").to_owned();
    while let Some(next) = page["nextRecordsUrl"].as_str() {
        // Pages show what was there when the query began.
        client.upsert(&[account(&format!("L{}", sizes.len()), json!({ "Name": "x" }))]);
        assert_eq!((&page["done"], &page["totalSize"]), (&json!(false), &json!(5)));
        page = read(&client.send("GET", next, "", &[])).1;
        sizes.push(page["records"].as_array().map(Vec::len));
    }
    assert_eq!((sizes, &page["done"]), (vec![Some(2), Some(2), Some(1)], &json!(true)));
    client.org.expire_cursors();
    let lost = read(&client.send("GET", &second, "", &[]));
    assert_eq!(code(&lost), (400, "INVALID_QUERY_LOCATOR"));
}
