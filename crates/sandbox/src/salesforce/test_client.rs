//! A client of the org for tests: requests in, answers out.

use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use wire::Response;

use super::{SalesforceSandbox, SalesforceSettings};
use crate::manual_clock::ManualClock;
use crate::{Endpoint, ServerClock};

pub(super) const UPSERT: &str = "/composite/sobjects/Account/IFS_Key__c";
pub(super) const KEYED: &str = "/sobjects/Account/IFS_Key__c";

pub(super) struct Client {
    pub(super) org: Arc<SalesforceSandbox>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) token: String,
}

impl Client {
    pub(super) fn new() -> Self {
        Self::with(SalesforceSettings::default())
    }

    pub(super) fn with(settings: SalesforceSettings) -> Self {
        let clock = Arc::new(ManualClock::at("2026-03-01T10:00:00Z"));
        let org = Arc::new(SalesforceSandbox::new(ServerClock::new(clock.clone()), settings));
        let mut client = Self { org, clock, token: String::new() };
        client.log_in();
        client
    }

    pub(super) fn log_in(&mut self) {
        let form = "grant_type=client_credentials&client_id=ml-connector&client_secret=sandbox-secret";
        let (status, body) = self.token(form, None);
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().expect("a token").clone_into(&mut self.token);
    }

    pub(super) fn token(&self, form: &str, basic: Option<&str>) -> (u16, Value) {
        let mut request = http::Request::post("/services/oauth2/token").header("host", "acme.example");
        if let Some(pair) = basic {
            let pair = base64::engine::general_purpose::STANDARD.encode(pair);
            request = request.header("authorization", format!("Basic {pair}"));
        }
        read(&self.org.answer(&request.body(Bytes::from(form.to_owned())).expect("a request")))
    }

    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = http::Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.org.answer(&request.body(body.into()).expect("a request"))
    }

    /// The same org, as its administrator meets it.
    pub(super) fn administrator(&self) -> Self {
        let form = "grant_type=client_credentials&client_id=ml-connector-admin&client_secret=sandbox-secret";
        let (status, body) = self.token(form, None);
        assert_eq!(status, 200, "{body}");
        let token = body["access_token"].as_str().expect("a token").to_owned();
        Self { org: self.org.clone(), clock: self.clock.clone(), token }
    }

    pub(super) fn tooling_query(&self, soql: &str) -> (u16, Value) {
        let text: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.call("GET", &format!("/tooling/query?q={text}"), &Value::Null)
    }

    /// `path` below the versioned root.
    pub(super) fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        read(&self.send(method, &format!("/services/data/v64.0{path}"), body, &[]))
    }

    pub(super) fn query(&self, soql: &str) -> (u16, Value) {
        let text: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.call("GET", &format!("/query?q={text}"), &Value::Null)
    }

    /// The values of one field that a query finds.
    pub(super) fn found(&self, field: &str, rest: &str) -> Vec<String> {
        let (status, body) = self.query(&format!("SELECT {field} FROM Account {rest}"));
        assert_eq!(status, 200, "{rest}: {body}");
        let records = body["records"].as_array().expect("records");
        records.iter().map(|record| record[field].as_str().unwrap_or("-").to_owned()).collect()
    }

    pub(super) fn upsert(&self, records: &[Value]) -> Vec<Value> {
        self.collection("PATCH", UPSERT, records, false)
    }

    pub(super) fn collection(
        &self,
        method: &str,
        path: &str,
        records: &[Value],
        together: bool,
    ) -> Vec<Value> {
        let (status, body) = self.call(method, path, &json!({ "allOrNone": together, "records": records }));
        assert_eq!(status, 200, "{body}");
        serde_json::from_value(body).expect("a list")
    }

    /// The id of a record that the API makes.
    pub(super) fn made(&self, object: &str, body: &Value) -> String {
        let (status, answer) = self.call("POST", &format!("/sobjects/{object}"), body);
        assert_eq!(status, 201, "{object} {body}: {answer}");
        answer["id"].as_str().expect("an id").to_owned()
    }

    /// The code of why the API does not make a record.
    pub(super) fn refused(&self, object: &str, body: &Value) -> String {
        let answer = self.call("POST", &format!("/sobjects/{object}"), body);
        assert_eq!(answer.0, 400, "{object} {body}: {}", answer.1);
        code(&answer).1.to_owned()
    }

    /// The text of the only field of the first record that a query finds.
    pub(super) fn first(&self, soql: &str) -> String {
        let field = soql.split_whitespace().nth(1).expect("a field");
        let (status, body) = self.query(soql);
        assert_eq!(status, 200, "{soql}: {body}");
        body["records"][0][field].as_str().unwrap_or("-").to_owned()
    }

    /// A number of the first record that a query finds.
    pub(super) fn number(&self, soql: &str, field: &str) -> Value {
        self.query(soql).1["records"][0][field].clone()
    }

    /// How many records a query counts.
    pub(super) fn count(&self, soql: &str) -> u64 {
        self.query(soql).1["totalSize"].as_u64().expect("a number")
    }

    pub(super) fn id(&self, key: &str) -> String {
        self.org.account_by_key(key).expect("an account").id.clone()
    }
}

pub(super) fn read(response: &Response) -> (u16, Value) {
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

/// A record of a collection.
pub(super) fn account(key: &str, fields: Value) -> Value {
    let mut record = json!({ "attributes": { "type": "Account" }, "IFS_Key__c": key });
    if let (Some(record), Value::Object(fields)) = (record.as_object_mut(), fields) {
        record.extend(fields);
    }
    record
}

/// The code of each result, or `created`, `updated`, `done`.
pub(super) fn codes(results: &[Value]) -> Vec<&str> {
    let code = |result: &'_ Value| match (&result["errors"][0]["statusCode"], &result["created"]) {
        (Value::String(_), _) => None,
        (_, Value::Bool(true)) => Some("created"),
        (_, Value::Bool(false)) => Some("updated"),
        _ => Some("done"),
    };
    results
        .iter()
        .map(|result| {
            code(result).unwrap_or_else(|| result["errors"][0]["statusCode"].as_str().unwrap_or_default())
        })
        .collect()
}

/// The code of an answer's first error.
pub(super) fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1[0]["errorCode"].as_str().unwrap_or_default())
}
