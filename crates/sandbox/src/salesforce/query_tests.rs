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

#[test]
fn queries_tell_their_columns_and_their_plan() {
    let client = Client::new();
    client.upsert(&[account("A", json!({ "Name": "Alpha" }))]);
    let asked = |soql: &str, how: &str| {
        let soql = soql.replace(' ', "+");
        let path = if how == "columns" {
            format!("/query?q={soql}&columns=true")
        } else {
            format!("/query?{how}={soql}")
        };
        client.call("GET", &path, &json!(null)).1
    };
    let told = asked("SELECT Id, Owner.Name, (SELECT LastName FROM Contacts) FROM Account", "columns");
    let columns = told["columnMetadata"].as_array().expect("columns");
    let names: Vec<_> =
        columns.iter().map(|column| column["columnName"].as_str().unwrap_or_default()).collect();
    assert_eq!((names, &told["entityName"]), (vec!["Id", "Owner", "Contacts"], &json!("Account")));
    let joined =
        |place: usize| (&columns[place]["joinColumns"][0]["columnName"], &columns[place]["aggregate"]);
    assert_eq!((joined(1), joined(2)), ((&json!("Name"), &json!(false)), (&json!("LastName"), &json!(true))));
    let told = asked("SELECT COUNT(Id) n FROM Account GROUP BY Name", "columns");
    assert_eq!(told["columnMetadata"][0]["displayName"], "COUNT(Id)");
    assert_eq!(told["columnMetadata"][0]["columnName"], "n");
    let plan = asked("SELECT Id FROM Account WHERE IFS_Key__c = 'A'", "explain");
    assert_eq!(plan["plans"][0]["leadingOperationType"], "Index");
    assert_eq!(asked("SELECT Id FROM Account", "explain")["plans"][0]["leadingOperationType"], "TableScan");
    assert_eq!(asked("SELECT Id FROM Nope", "explain")[0]["errorCode"], "INVALID_TYPE");
}

#[test]
fn dates_are_taken_apart_and_values_formatted() {
    let client = Client::new();
    client.upsert(&[
        account("A", json!({ "Name": "Alpha", "AnnualRevenue": 1_234_567, "IFS_Created__c": "2026-01-31" })),
        account("B", json!({ "Name": "Beta", "IFS_Created__c": "2025-03-04" })),
    ]);
    let (_, answer) = client.query(
        "SELECT CALENDAR_YEAR(IFS_Created__c) y, COUNT(Id) FROM Account GROUP BY CALENDAR_YEAR(IFS_Created__c) \
         ORDER BY CALENDAR_YEAR(IFS_Created__c) DESC",
    );
    let years = answer["records"].as_array().expect("groups");
    assert_eq!([&years[0]["y"], &years[1]["y"], &years[0]["expr0"]], [&json!(2026), &json!(2025), &json!(1)]);
    assert_eq!(client.found("IFS_Key__c", "WHERE DAY_IN_MONTH(IFS_Created__c) = 31"), ["A"]);
    assert_eq!(client.found("IFS_Key__c", "WHERE DAY_ONLY(CreatedDate) = 2026-03-01").len(), 2);
    let (_, answer) =
        client.query("SELECT FORMAT(AnnualRevenue) money, toLabel(Type) FROM Account WHERE Name = 'Alpha'");
    assert_eq!(
        (&answer["records"][0]["money"], &answer["records"][0]["Type"]),
        (&json!("1,234,567"), &json!(null))
    );
}

#[test]
fn people_search_and_see_what_they_worked_on() {
    let client = Client::new();
    client.upsert(&[
        account("A", json!({ "Name": "Nordic Paper AB", "Phone": "+46 8 55" })),
        account("B", json!({ "Name": "Steel, Nordic branch" })),
    ]);
    let found = |search: &str| {
        let (status, answer) =
            client.call("GET", &format!("/search?q={}", search.replace(' ', "+")), &json!(null));
        let names = answer["searchRecords"].as_array().cloned().unwrap_or_default();
        let names: Vec<String> =
            names.iter().map(|one| one["Name"].as_str().unwrap_or("?").to_owned()).collect();
        (status, names.join("|"))
    };
    assert_eq!(found("FIND {nordic}"), (200, "?|?".into()));
    assert_eq!(
        found("FIND {Nord* paper} IN NAME FIELDS RETURNING Account(Name WHERE Phone != null), Contact"),
        (200, "Nordic Paper AB".into())
    );
    assert_eq!(found("FIND {55} IN PHONE FIELDS RETURNING Account(Name LIMIT 1)").1, "Nordic Paper AB");
    assert_eq!(found("FIND {nord}").1, "", "words are whole unless a star says otherwise");
    assert_eq!(found("FIND nordic").0, 400);
    let (_, recent) = client.call("GET", "/recent?limit=1", &json!(null));
    assert_eq!(
        (recent[0]["Name"].as_str(), recent.as_array().map(Vec::len)),
        (Some("Steel, Nordic branch"), Some(1))
    );
    let (_, counts) = client.call("GET", "/limits/recordCount?sObjects=Account,Contact", &json!(null));
    assert_eq!(counts["sObjects"][0], json!({ "count": 2, "name": "Account" }));
    let (_, resources) = client.call("GET", "", &json!(null));
    assert!(resources["identity"].as_str().is_some_and(|url| url.contains("/id/00D")));
}
