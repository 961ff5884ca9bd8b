//! Bulk 2.0 as clients meet it: jobs that write, jobs that query.

use std::time::Duration;

use serde_json::{Value, json};

use super::test_client::{Client, code};

const ROOT: &str = "/services/data/v64.0/jobs";

impl Client {
    fn job(&self, order: &Value) -> String {
        let (status, job) = self.call("POST", "/jobs/ingest", order);
        assert_eq!((status, &job["state"]), (200, &json!("Open")), "{job}");
        job["id"].as_str().expect("an id").to_owned()
    }

    fn text(&self, path: &str) -> String {
        let response = self.send("GET", &format!("{ROOT}/{path}"), "", &[]);
        assert_eq!(response.status(), 200, "{path}");
        String::from_utf8(response.body().to_vec()).expect("text")
    }

    /// Runs a job from its order and its file to its end.
    fn ran(&self, order: &Value, file: &str) -> (String, Value) {
        let id = self.job(order);
        let put = || {
            self.send(
                "PUT",
                &format!("{ROOT}/ingest/{id}/batches"),
                file.to_owned(),
                &[("content-type", "text/csv")],
            )
        };
        assert_eq!((put().status().as_u16(), put().status().as_u16()), (201, 400), "once only");
        let complete =
            self.call("PATCH", &format!("/jobs/ingest/{id}"), &json!({ "state": "UploadComplete" }));
        assert_eq!((complete.0, &complete.1["state"]), (200, &json!("UploadComplete")));
        let (_, job) = self.call("GET", &format!("/jobs/ingest/{id}"), &Value::Null);
        (id, job)
    }
}

fn upsert() -> Value {
    json!({ "object": "Account", "operation": "upsert", "externalIdFieldName": "IFS_Key__c", "contentType": "CSV" })
}

#[test]
fn rows_are_written_and_each_has_its_outcome() {
    let client = Client::new();
    client.made("Account", &json!({ "Name": "old", "IFS_Key__c": "A", "Phone": "1", "Fax": "2" }));
    let file =
        "IFS_Key__c,Name,Phone,Fax\nA,new,#N/A,\n\"B\",\"Steel, \"\"Ltd\"\"\nnext\",,\nC,,1,\nD,x,1,2,3\n";
    let (id, job) = client.ran(&upsert(), file);
    assert_eq!(job["state"], "JobComplete");
    assert_eq!((&job["numberRecordsProcessed"], &job["numberRecordsFailed"]), (&json!(4), &json!(2)));
    assert_eq!(job["apiVersion"], json!(64.0));
    let done = client.text(&format!("ingest/{id}/successfulResults"));
    let old = client.first("SELECT Id FROM Account WHERE IFS_Key__c = 'A'");
    let new = client.first("SELECT Id FROM Account WHERE IFS_Key__c = 'B'");
    assert_eq!(
        done,
        format!(
            "\"sf__Id\",\"sf__Created\",\"IFS_Key__c\",\"Name\",\"Phone\",\"Fax\"\n\
             \"{old}\",\"false\",\"A\",\"new\",\"#N/A\",\"\"\n\
             \"{new}\",\"true\",\"B\",\"Steel, \"\"Ltd\"\"\nnext\",\"\",\"\"\n"
        )
    );
    let failed = client.text(&format!("ingest/{id}/failedResults"));
    assert!(
        failed.contains("\"REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --\",\"C\""),
        "{failed}"
    );
    assert!(failed.contains("MALFORMED_CSV"), "{failed}");
    let account = client.org.account_by_key("A").expect("an account");
    assert_eq!(
        (account.text("Phone"), account.text("Fax").as_deref()),
        (None, Some("2")),
        "empty leaves, #N/A clears"
    );
}

#[test]
fn a_job_may_be_made_and_filled_by_one_call() {
    let client = Client::new();
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"job\"\r\nContent-Type: application/json\r\n\r\n{}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"content\"\r\nContent-Type: text/csv\r\n\r\nName;Parent.IFS_Key__c\r\nOne;#N/A\r\n\r\n--b--\r\n",
        json!({ "object": "Account", "operation": "insert", "lineEnding": "CRLF", "columnDelimiter": "SEMICOLON" })
    );
    let response = client.send(
        "POST",
        &format!("{ROOT}/ingest"),
        body,
        &[("content-type", "multipart/form-data; boundary=b")],
    );
    let job: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!(job["state"], "UploadComplete");
    let (_, job) =
        client.call("GET", &format!("/jobs/ingest/{}", job["id"].as_str().expect("an id")), &Value::Null);
    assert_eq!((&job["state"], client.count("SELECT COUNT() FROM Account")), (&json!("JobComplete"), 1));
}

#[test]
fn jobs_go_through_their_states_over_time() {
    let client = Client::new();
    client.org.switch(|switches| (switches.bulk.queued_ms, switches.bulk.running_ms) = (1_000, 2_000));
    let (id, job) = client.ran(&upsert(), "IFS_Key__c,Name\nA,x\n");
    let path = format!("/jobs/ingest/{id}");
    let state = || client.call("GET", &path, &Value::Null).1["state"].clone();
    assert_eq!(job["state"], "UploadComplete");
    assert_eq!(
        code(&client.call("GET", &format!("{path}/successfulResults"), &Value::Null)),
        (400, "INVALIDJOBSTATE")
    );
    client.clock.advance(Duration::from_secs(1));
    assert_eq!((state(), client.call("DELETE", &path, &Value::Null).0), (json!("InProgress"), 400));
    client.clock.advance(Duration::from_secs(2));
    assert_eq!(state(), "JobComplete");
    let (_, list) = client.call("GET", "/jobs/ingest?jobType=V2Ingest", &Value::Null);
    assert_eq!((&list["done"], &list["records"][0]["id"]), (&json!(true), &json!(id)));
    assert_eq!(client.call("DELETE", &path, &Value::Null).0, 204);
    assert_eq!(client.call("GET", &path, &Value::Null).0, 404);
}

#[test]
fn a_job_that_is_aborted_or_fails_says_what_it_did_not_do() {
    let client = Client::new();
    client.org.switch(|switches| switches.bulk.queued_ms = 60_000);
    let (id, _) = client.ran(&upsert(), "IFS_Key__c,Name\nA,x\nB,y\n");
    let (_, job) = client.call("PATCH", &format!("/jobs/ingest/{id}"), &json!({ "state": "Aborted" }));
    assert_eq!(job["state"], "Aborted");
    let unprocessed = "\"IFS_Key__c\",\"Name\"\n\"A\",\"x\"\n\"B\",\"y\"\n";
    assert_eq!(client.text(&format!("ingest/{id}/unprocessedrecords")), unprocessed);
    client.org.switch(|switches| (switches.bulk.queued_ms, switches.bulk.stops_after) = (0, Some(1)));
    let (id, job) = client.ran(&upsert(), "IFS_Key__c,Name\nA,x\nB,y\n");
    assert_eq!((&job["state"], &job["numberRecordsProcessed"]), (&json!("Failed"), &json!(1)));
    assert_eq!(
        client.text(&format!("ingest/{id}/unprocessedrecords")),
        "\"IFS_Key__c\",\"Name\"\n\"B\",\"y\"\n"
    );
    client
        .org
        .switch(|switches| (switches.bulk.stops_after, switches.bulk.fails) = (None, Some("no luck".into())));
    assert_eq!(client.ran(&upsert(), "IFS_Key__c,Name\nC,x\n").1["errorMessage"], "no luck");
    client.org.switch(|switches| switches.bulk.fails = None);
    for (file, words) in [
        ("IFS_Key__c,Name\r\nA,x\r\n", "LineEnding is invalid"),
        ("IFS_Key__c,Nope\nA,x\n", "Field name not found : Nope"),
        ("IFS_Key__c,Name\nA,\"x\n", "a quote is not closed"),
    ] {
        let (_, job) = client.ran(&upsert(), file);
        assert!(job["errorMessage"].as_str().is_some_and(|message| message.contains(words)), "{job}");
    }
    for order in [
        json!({ "object": "Account", "operation": "upsert" }),
        json!({ "object": "Nope", "operation": "insert" }),
        json!({ "object": "Account", "operation": "upsert", "externalIdFieldName": "Phone" }),
    ] {
        assert_eq!(code(&client.call("POST", "/jobs/ingest", &order)), (400, "INVALIDJOB"));
    }
}

#[test]
fn records_are_deleted_by_jobs_softly_and_for_good() {
    let client = Client::new();
    let [soft, hard] = ["a", "b"].map(|name| client.made("Account", &json!({ "Name": name })));
    let order = |operation: &str| json!({ "object": "Account", "operation": operation });
    client.ran(&order("delete"), &format!("Id\n{soft}\nx\n"));
    let (_, job) = client.ran(&order("hardDelete"), &format!("Id\n{hard}\n{hard}\n"));
    assert_eq!(job["numberRecordsFailed"], 1);
    let ids: Vec<String> = client.org.accounts().iter().map(|account| account.id.clone()).collect();
    assert_eq!(ids, [soft]);
}

#[test]
fn parents_and_orders_go_through_jobs() {
    let client = Client::new();
    client.made("Account", &json!({ "Name": "Steel", "IFS_Key__c": "S1" }));
    let order = json!({ "object": "Contact", "operation": "upsert", "externalIdFieldName": "IFS_Key__c" });
    let file = "IFS_Key__c,LastName,Account.IFS_Key__c\nC1,Ek,S1\nC2,Berg,S2\n";
    let (id, _) = client.ran(&order, file);
    assert_eq!(client.first("SELECT Account.Name FROM Contact WHERE Account.Name = 'Steel'"), "-");
    assert_eq!(client.count("SELECT COUNT() FROM Contact WHERE Account.Name = 'Steel'"), 1);
    let failed = client.text(&format!("ingest/{id}/failedResults"));
    assert!(failed.contains("Foreign key external ID: S2 not found"), "{failed}");
}

#[test]
fn query_jobs_come_in_pages_with_locators() {
    let client = Client::new();
    for number in 0..5 {
        let parent =
            client.made("Account", &json!({ "Name": format!("n{number}"), "IFS_Credit_Limit__c": 1.50 }));
        client.made("Contact", &json!({ "LastName": "Ek", "AccountId": parent }));
    }
    let order = |soql: &str| json!({ "operation": "query", "query": soql });
    let (status, job) =
        client.call("POST", "/jobs/query", &order("SELECT LastName, Account.Name, Account.IFS_Credit_Limit__c, DoNotCall, Birthdate, CreatedDate FROM Contact"));
    assert_eq!((status, &job["object"], &job["state"]), (200, &json!("Contact"), &json!("UploadComplete")));
    let path = format!("{ROOT}/query/{}", job["id"].as_str().expect("an id"));
    let get = |rest: &str| client.send("GET", &format!("{path}{rest}"), "", &[]);
    let (mut locator, mut sizes) = (String::new(), Vec::new());
    while locator != "null" {
        let from = if locator.is_empty() { String::new() } else { format!("&locator={locator}") };
        let response = get(&format!("/results?maxRecords=2{from}"));
        let text = String::from_utf8(response.body().to_vec()).expect("text");
        assert!(text.starts_with("\"LastName\",\"Account.Name\",\"Account.IFS_Credit_Limit__c\""), "{text}");
        assert!(
            text.contains("\"Ek\",\"n")
                && text.contains("\"1.5\",\"false\",\"\",\"2026-03-01T10:00:00.000Z\"\n")
        );
        sizes.push(response.headers()["sforce-numberofrecords"].to_str().expect("text").to_owned());
        response.headers()["sforce-locator"].to_str().expect("text").clone_into(&mut locator);
    }
    assert_eq!(sizes, ["2", "2", "1"]);
    assert_eq!(get("/results?locator=Mx").status(), 400);
    let pages: Value = serde_json::from_slice(get("/resultPages").body()).expect("JSON");
    assert!(pages["resultPages"][0]["resultUrl"].as_str().is_some_and(|url| url.ends_with("/results")));
    let other = client.send("GET", &path.replace("v64.0", "v65.0"), "", &[]);
    assert_eq!(other.status(), 200);
    assert_eq!(
        client.send("GET", &format!("{}/results", path.replace("v64.0", "v65.0")), "", &[]).status(),
        409
    );
    client.org.switch(|switches| switches.bulk.repeats_locator = true);
    let again = get("/results?maxRecords=2&locator=M2");
    assert_eq!(again.headers()["sforce-locator"], "M2");
    for soql in [
        "SELECT COUNT(Id) FROM Account",
        "SELECT Id FROM Account OFFSET 1",
        "SELECT BillingAddress FROM Account",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
    ] {
        assert_eq!(code(&client.call("POST", "/jobs/query", &order(soql))), (400, "API_ERROR"), "{soql}");
    }
}
