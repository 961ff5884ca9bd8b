//! A tenant for tests, with a token at hand.

use std::sync::Arc;

use serde_json::Value;
use wire::Response;

use super::{IfsSandbox, IfsSettings};
use crate::manual_clock::ManualClock;
use crate::{Endpoint, ServerClock};

pub(crate) const SUPPLIERS: &str = "/int/ifsapplications/projection/v1/SupplierHandling.svc";
pub(crate) const TOKEN: &str = "/auth/realms/sandbox/protocol/openid-connect/token";
const LOGIN: &str = "grant_type=client_credentials&client_id=ml-connector&client_secret=sandbox-secret";

pub(crate) struct Bench {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tenant: IfsSandbox,
    pub(crate) token: String,
}

impl Bench {
    pub(crate) fn new(settings: IfsSettings) -> Self {
        let clock = Arc::new(ManualClock::at("2030-01-01T00:00:00Z"));
        let tenant = IfsSandbox::new(ServerClock::new(clock.clone()), settings);
        let mut bench = Self { clock, tenant, token: String::new() };
        bench.login();
        bench
    }

    pub(crate) fn with(suppliers: usize, page_cap: usize) -> Self {
        Self::new(IfsSettings { suppliers, page_cap, ..IfsSettings::default() })
    }

    pub(crate) fn login(&mut self) {
        let (status, body) = self.post(TOKEN, LOGIN, &[]);
        assert_eq!(status, 200, "{body}");
        self.token = format!("Bearer {}", body["access_token"].as_str().expect("a token"));
    }

    pub(crate) fn post(&self, path: &str, body: &'static str, headers: &[(&str, &str)]) -> (u16, Value) {
        let mut request = http::Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.tenant.answer(&request.body(body.into()).expect("request"));
        (response.status().as_u16(), serde_json::from_slice(response.body()).expect("json"))
    }

    pub(crate) fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = http::Request::get(format!("http://ifs.test{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("authorization", &self.token).body(bytes::Bytes::new());
        self.tenant.answer(&request.expect("request"))
    }

    pub(crate) fn get(&self, tail: &str) -> (u16, Value) {
        let response = self.ask(&format!("{SUPPLIERS}{tail}"), &[]);
        (response.status().as_u16(), serde_json::from_slice(response.body()).expect("json"))
    }

    pub(crate) fn code(&self, tail: &str) -> (u16, String) {
        let (status, body) = self.get(tail);
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    pub(crate) fn ids(&self, tail: &str) -> Vec<String> {
        let (status, body) = self.get(tail);
        assert_eq!(status, 200, "{body}");
        ids(&body)
    }
}

pub(crate) fn ids(page: &Value) -> Vec<String> {
    let rows = page["value"].as_array().expect("rows").iter();
    rows.map(|row| row["SupplierId"].as_str().expect("a key").to_owned()).collect()
}
