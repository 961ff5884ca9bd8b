//! People who work in both systems, with a client of their own: plain sockets and the documented calls.

use ml_connector_tests::playground::{Playground, call};
use serde_json::{Value, json};

/// Somebody who is logged in to both systems.
#[derive(Debug)]
pub(crate) struct People<'a> {
    playground: &'a Playground,
    salesforce: String,
    ifs: String,
}

const PROJECTIONS: &str = "/int/ifsapplications/projection/v1";
const DATA: &str = "/services/data/v64.0";

impl<'a> People<'a> {
    /// Logs in.
    pub(crate) fn log_in(playground: &'a Playground) -> Self {
        let secret = |name: &str| {
            let path = playground.link.join("secrets").join(name);
            std::fs::read_to_string(path).expect("the sandbox wrote its secrets").trim().to_owned()
        };
        let token = |base: &str, path: &str, secret: &str| {
            let form = format!("grant_type=client_credentials&client_id=ml-connector&client_secret={secret}");
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let (status, answer) = call(base, ("POST", path), &headers, &form);
            assert_eq!(status, 200, "{answer}");
            format!("Bearer {}", answer["access_token"].as_str().expect("a token"))
        };
        let realm = "/auth/realms/sandbox/protocol/openid-connect/token";
        Self {
            salesforce: token(&playground.salesforce, "/services/oauth2/token", &secret("salesforce")),
            ifs: token(&playground.ifs, realm, &secret("ifs")),
            playground,
        }
    }

    /// Rows of a SOQL query.
    pub(crate) fn query(&self, soql: &str) -> Vec<Value> {
        let path = format!("{DATA}/query?q={}", soql.replace(' ', "%20").replace('\'', "%27"));
        let headers = [("authorization", self.salesforce.as_str())];
        let (status, mut answer) = call(&self.playground.salesforce, ("GET", &path), &headers, "");
        assert_eq!(status, 200, "{soql}: {answer}");
        match answer["records"].take() {
            Value::Array(rows) => rows,
            other => panic!("rows were expected: {other}"),
        }
    }

    /// Somebody changes fields of a record in Salesforce.
    pub(crate) fn change_in_salesforce(&self, object: &str, id: &str, fields: &Value) {
        let path = format!("{DATA}/sobjects/{object}/{id}");
        let headers = [("authorization", self.salesforce.as_str()), ("content-type", "application/json")];
        let (status, answer) =
            call(&self.playground.salesforce, ("PATCH", &path), &headers, &fields.to_string());
        assert_eq!(status, 204, "{answer}");
    }

    /// A row of IFS, such as `CustomerHandling.svc/CustomerInfoSet(CustomerId='C1')`.
    pub(crate) fn row(&self, path: &str) -> Value {
        let headers = [("authorization", self.ifs.as_str())];
        let path = format!("{PROJECTIONS}/{path}");
        let (status, answer) = call(&self.playground.ifs, ("GET", &path), &headers, "");
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Somebody changes fields of a row in IFS.
    pub(crate) fn change_in_ifs(&self, path: &str, fields: &Value) {
        let etag = self.row(path)["@odata.etag"].as_str().expect("an ETag").to_owned();
        let headers = [
            ("authorization", self.ifs.as_str()),
            ("content-type", "application/json"),
            ("if-match", etag.as_str()),
        ];
        let path = format!("{PROJECTIONS}/{path}");
        let (status, answer) = call(&self.playground.ifs, ("PATCH", &path), &headers, &fields.to_string());
        assert!((200..300).contains(&status), "{answer}");
    }

    /// The customer's row.
    pub(crate) fn customer(number: &str) -> String {
        format!("CustomerHandling.svc/CustomerInfoSet(CustomerId='{number}')")
    }

    /// Somebody renames a customer in IFS.
    pub(crate) fn rename_in_ifs(&self, number: &str, name: &str) {
        self.change_in_ifs(&Self::customer(number), &json!({ "Name": name }));
    }
}
