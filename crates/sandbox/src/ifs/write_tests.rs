//! How the tenant takes writes.

use http::StatusCode;
use serde_json::{Value, json};
use wire::Response;

use super::IfsSettings;
use super::bench::Bench;
use crate::Endpoint;

pub(crate) const CUSTOMERS: &str = "/int/ifsapplications/projection/v1/CustomerHandling.svc";
const ORDERS: &str = "/int/ifsapplications/projection/v1/PurchaseOrderHandling.svc";

impl Bench {
    pub(crate) fn with_customers() -> Self {
        Self::new(IfsSettings {
            suppliers: 5,
            customers: 10,
            orders: 5,
            invoices: 5,
            accounts: 5,
            journal_entries: 2,
            ..IfsSettings::default()
        })
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://ifs.test{}", path.replace(' ', "%20")))
            .header("authorization", &self.token);
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.tenant.answer(&request.body(bytes::Bytes::copy_from_slice(body.as_bytes())).expect("request"))
    }

    /// Writes below the customers; status, error code, body.
    pub(crate) fn write(
        &self,
        method: &str,
        tail: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (u16, String, Value) {
        let response = self.send(method, &format!("{CUSTOMERS}{tail}"), headers, &body.to_string());
        let body: Value = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        let code = body["error"]["code"].as_str().unwrap_or_default().to_owned();
        (response.status().as_u16(), code, body)
    }

    pub(crate) fn etag(&self, key: &str) -> String {
        self.tenant.row_of("CustomerInfo", &[key]).expect("a customer").etag().to_owned()
    }

    fn customer(&self, key: &str, column: &str) -> Option<String> {
        self.tenant.row_of("CustomerInfo", &[key]).expect("a customer").get(column).text()
    }

    pub(crate) fn figure(&self, name: &str) -> u64 {
        self.tenant.figures().get(name).copied().unwrap_or(0)
    }

    /// Nothing of the etag's own second, so that a later change shows.
    fn later(&self) {
        self.clock.advance(std::time::Duration::from_secs(2));
    }
}

#[test]
fn a_created_customer_comes_back_whole() {
    let bench = Bench::with_customers();
    let body = json!({"CustomerId": "K1", "Name": "Ä \"B\"  ", "AssociationNo": "", "Country": "SE",
        "Cf_Credit_Score": "12.5", "CreationDate": "1999-01-01", "PartyType": "Supplier", "@odata.type": "#x"});
    let response = bench.send("POST", &format!("{CUSTOMERS}/CustomerSet"), &[], &body.to_string());
    assert_eq!(response.status(), StatusCode::CREATED);
    let place = response.headers()["location"].to_str().expect("text").to_owned();
    assert_eq!(place, format!("http://ifs.test{CUSTOMERS}/CustomerSet(CustomerId='K1')"));
    let row: Value = serde_json::from_slice(response.body()).expect("json");
    assert_eq!(response.headers()["etag"].to_str().ok(), row["@odata.etag"].as_str());
    for (name, value) in [
        ("Name", json!("Ä \"B\"")),
        ("AssociationNo", Value::Null),
        ("CustomerCategory", json!("Customer")),
        ("CreationDate", json!("2030-01-01")),
        ("PartyType", json!("Customer")),
        ("DefaultDomain", json!(true)),
        ("ModifiedDate", json!("2030-01-01T00:00:00Z")),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    let (_, read) = bench.get_customer("K1");
    assert_eq!(read["Name"], row["Name"]);
}

impl Bench {
    fn get_customer(&self, key: &str) -> (u16, Value) {
        let response = self.ask(&format!("{CUSTOMERS}/CustomerSet('{key}')"), &[]);
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Value::Null))
    }
}

#[test]
fn the_server_numbers_rows_whose_key_was_left_out() {
    let bench = Bench::with_customers();
    let made = |tail: &str, body: Value| bench.write("POST", tail, &[], &body);
    let (status, _, row) = made("/CustomerInfoSet", json!({"Name": "A"}));
    assert_eq!((status, &row["CustomerId"]), (201, &json!("C10011")));
    let address = json!({"Country": "DE", "DefaultDomain": true});
    bench.tenant.rows_of("CustomerInfoAddress");
    let (status, _, row) = made("/CustomerInfoSet('C10011')/CustomerInfoAddresses", address.clone());
    assert_eq!((status, &row["AddressId"], &row["CustomerId"]), (201, &json!("1"), &json!("C10011")));
    let (_, _, row) = made("/CustomerInfoSet('C10011')/CustomerInfoAddresses", address);
    assert_eq!(row["AddressId"], json!("2"));
    let phone = json!({"MethodId": "Phone", "Value": "+49 40 1"});
    let (status, _, row) = made("/CustomerInfoSet('C10011')/CommunicationMethods", phone);
    assert_eq!((status, &row["CommId"]), (201, &json!(1)));
}

#[test]
fn the_database_refuses_in_its_own_words() {
    let bench = Bench::with_customers();
    for (tail, body, status, words) in [
        (
            "/CustomerSet",
            json!({"CustomerId": "C10001", "Name": "A"}),
            500,
            "ORA-20112: CustomerInfo.RECEXIST",
        ),
        ("/CustomerSet", json!({"CustomerId": "K1"}), 500, "ORA-20124: CustomerInfo.NULLVALUE"),
        ("/CustomerSet", json!({"CustomerId": "K1", "Name": " "}), 500, "ORA-20124"),
        ("/CustomerSet", json!({"CustomerId": "x".repeat(21), "Name": "A"}), 500, "ORA-12899"),
        (
            "/CustomerSet('C10001')/CustomerInfoAddresses",
            json!({"AddressId": "99", "Country": "DE"}),
            500,
            "ORA-20124: CustomerInfoAddress.NULLVALUE: Field [DefaultDomain]",
        ),
        ("/CustomerSet", json!({"CustomerId": "K1", "Name": 5}), 400, "5 is no value of Name"),
        ("/CustomerSet", json!({"CustomerId": "K1", "Nome": "A"}), 400, "Nome"),
        ("/CustomerSet", json!({"CustomerId": "K1", "Country": "Sweden"}), 400, "no value of Country"),
        ("/CustomerSet", json!({"CustomerId": "K1", "CustomerInfoAddresses": []}), 501, "written along"),
    ] {
        let (found, code, answer) = bench.write("POST", tail, &[], &body);
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(found == status && message.contains(words), "{body}: {found} {answer}");
        let expected = match status {
            500 => "DATABASE_ERROR",
            400 => "ODP_DESERIALIZATION_ERROR",
            _ => "ODP_NOT_IMPLEMENTED",
        };
        assert_eq!(code, expected);
    }
    assert_eq!(bench.tenant.rows_of("CustomerInfo").len(), 10);
    let xml = [("content-type", "application/xml")];
    let (status, code, _) = bench.write("POST", "/CustomerSet", &xml, &json!({"Name": "A"}));
    assert_eq!((status, code.as_str()), (400, "ODP_DESERIALIZATION_ERROR"));
}

#[test]
fn an_update_needs_the_etag_that_the_row_has() {
    let bench = Bench::with_customers();
    let place = "/CustomerSet('C10001')";
    let body = json!({"Name": "New", "CustomerId": "Other", "PartyType": "Supplier", "DefaultLanguage": ""});
    let old = bench.etag("C10001");
    let patch = |headers: &[(&str, &str)]| {
        let (status, code, _) = bench.write("PATCH", place, headers, &body);
        (status, code)
    };
    assert_eq!(patch(&[]), (428, "ODP_MISSING_PRECONDITION".to_owned()));
    assert_eq!(patch(&[("if-match", "W/\"stale\"")]).0, 412);
    assert_eq!(bench.figure("writes_without_exact_etag"), 1);
    assert_eq!(patch(&[("if-match", &old)]).0, 200);
    assert_eq!(bench.customer("C10001", "Name").as_deref(), Some("New"));
    assert_eq!(bench.customer("C10001", "PartyType").as_deref(), Some("Customer"));
    assert_eq!(bench.customer("C10001", "DefaultLanguage"), None);
    assert_eq!(patch(&[("if-match", &old)]), (412, "ODP_PRECONDITION_FAILED".to_owned()));
    assert_eq!(bench.figure("writes_without_exact_etag"), 1);
    assert_eq!(patch(&[("if-match", "*")]).0, 200);
    assert_eq!(bench.figure("writes_without_exact_etag"), 2);
    assert_eq!(patch(&[("if-none-match", "*")]).0, 501);
    bench.tenant.switch(|switches| switches.missing_precondition = Some(400));
    assert_eq!(patch(&[]), (400, "ODP_MISSING_PRECONDITION".to_owned()));
    let (status, ..) = bench.write("PATCH", "/CustomerSet('nobody')", &[("if-match", "*")], &body);
    assert_eq!(status, 404);
    assert_eq!(bench.write("PUT", place, &[("if-match", "*")], &body).0, 405);
    let (status, code, _) = bench.write("PATCH", place, &[("if-match", "*")], &json!({"Name": null}));
    assert_eq!((status, code.as_str()), (500, "DATABASE_ERROR"));
}

#[test]
fn two_changes_within_a_second_look_the_same() {
    let bench = Bench::with_customers();
    bench.tenant.edit_of("CustomerInfo", &["C10001"], &[("Name", Some("first"))]);
    let seen = bench.etag("C10001");
    bench.tenant.edit_of("CustomerInfo", &["C10001"], &[("Name", Some("second"))]);
    assert_eq!(bench.etag("C10001"), seen, "versions are whole seconds");
    bench.later();
    bench.tenant.edit_of("CustomerInfo", &["C10001"], &[("Name", Some("third"))]);
    assert_ne!(bench.etag("C10001"), seen);
    // Addresses count their versions instead.
    let etag =
        || bench.tenant.row_of("CustomerInfoAddress", &["C10001", "1"]).map(|row| row.etag().to_owned());
    let before = etag();
    bench.tenant.edit_of("CustomerInfoAddress", &["C10001", "1"], &[("City", Some("Ulm"))]);
    assert_ne!(etag(), before);
}

#[test]
fn an_upsert_is_for_the_services_that_take_it() {
    let bench = Bench::with_customers();
    bench.tenant.switch(|switches| switches.upsert = vec!["CustomerHandling".into()]);
    let body = json!({"Name": "New", "CustomerId": "ignored"});
    let (status, _, row) = bench.write("PATCH", "/CustomerSet('K 1')", &[], &body);
    assert_eq!((status, &row["CustomerId"]), (201, &json!("K 1")));
    let (status, ..) = bench.write("PATCH", "/CustomerSet('K 1')", &[], &json!({"Name": "Newer"}));
    assert_eq!(status, 200);
    assert_eq!(bench.customer("K 1", "Name").as_deref(), Some("Newer"));
    let phone = json!({"MethodId": "Phone", "Value": "1"});
    let tail = "/CustomerSet('K 1')/CommunicationMethods(CustomerId='K 1',CommId=7)";
    let (status, _, row) = bench.write("PATCH", tail, &[], &phone);
    assert_eq!((status, &row["CommId"]), (201, &json!(7)));
    assert_eq!(bench.figure("writes_without_exact_etag"), 3);
}

#[test]
fn minimal_answers_say_only_the_etag() {
    let bench = Bench::with_customers();
    let body = json!({"CustomerId": "K'1/ä", "Name": "A"}).to_string();
    let minimal = [("prefer", "return=minimal")];
    let response = bench.send("POST", &format!("{CUSTOMERS}/CustomerInfoSet"), &minimal, &body);
    assert_eq!((response.status().as_u16(), response.body().len()), (204, 0));
    assert_eq!(response.headers()["preference-applied"], "return=minimal");
    let id = response.headers()["odata-entityid"].to_str().expect("text").to_owned();
    assert!(id.ends_with("/CustomerInfoSet(CustomerId='K''1%2F%C3%A4')"), "{id}");
    assert_eq!(bench.ask(id.strip_prefix("http://ifs.test").expect("absolute"), &[]).status(), 200);
    assert!(response.headers().contains_key("etag"));
}

#[test]
fn a_deleted_customer_takes_its_children_along() {
    let bench = Bench::with_customers();
    let children = || bench.tenant.rows_of("CustomerInfoAddress").len();
    let before = children();
    let path = "/CustomerSet('C10002')";
    assert_eq!(bench.write("DELETE", path, &[], &Value::Null).0, 428);
    let etag = bench.etag("C10002");
    assert_eq!(bench.write("DELETE", path, &[("if-match", &etag)], &Value::Null).0, 204);
    assert_eq!(bench.get_customer("C10002").0, 404);
    assert!(children() < before);
    assert_eq!(bench.write("DELETE", path, &[("if-match", &etag)], &Value::Null).0, 404);
}

#[test]
fn a_held_row_is_locked() {
    let bench = Bench::with_customers();
    assert!(bench.tenant.begin_edit_of("CustomerInfo", &["C10001"], &[("Name", Some("theirs"))]));
    let etag = bench.etag("C10001");
    let patch =
        || bench.write("PATCH", "/CustomerSet('C10001')", &[("if-match", &etag)], &json!({"Name": "ours"}));
    assert_eq!(patch().0, 423);
    bench.later();
    assert_eq!(bench.tenant.commit_open(), 1);
    assert_eq!(patch().0, 412);
    assert_eq!(bench.customer("C10001", "Name").as_deref(), Some("theirs"));
}

#[test]
fn books_and_invoices_refuse_every_write_and_count_it() {
    let bench = Bench::with_customers();
    let int = "/int/ifsapplications/projection/v1";
    let invoice = bench.tenant.rows_of("PostingProposalHead").first().expect("an invoice").clone();
    let company = invoice.get("Company").text().expect("a company");
    let id = invoice.get("InvoiceId").text().expect("a number");
    for (method, path) in [
        ("POST", "PostingProposalHandling.svc/PostingProposalHeadSet".to_owned()),
        (
            "DELETE",
            format!(
                "PostingProposalHandling.svc/PostingProposalHeadSet(Company='{company}',InvoiceId={id},ProposalId=1)"
            ),
        ),
        ("PATCH", "AccountHandling.svc/AccountSet(Company='10',Account='1000')".to_owned()),
        ("PUT", "GenLedVoucherHandling.svc/GenLedVoucherSet".to_owned()),
    ] {
        let response = bench.send(method, &format!("{int}/{path}"), &[("if-match", "*")], "{}");
        assert_eq!(response.status(), 405, "{method} {path}");
    }
    assert_eq!(bench.figure("financial_writes_refused"), 4);
    let supplier = format!("{int}/SupplierHandling.svc/SupplierSet");
    assert_eq!(bench.send("POST", &supplier, &[], "{}").status(), 405);
    assert_eq!(bench.figure("financial_writes_refused"), 4);
}

#[test]
fn the_web_entrances_want_their_cookie_back() {
    let bench = Bench::with_customers();
    bench.tenant.switch(|switches| switches.csrf = true);
    let main = CUSTOMERS.replace("/int/", "/main/");
    let body = json!({"Name": "A"}).to_string();
    let response = bench.send("POST", &format!("{main}/CustomerSet"), &[], &body);
    let error: Value = serde_json::from_slice(response.body()).expect("json");
    assert_eq!((response.status().as_u16(), &error["error"]["code"]), (403, &json!("CSRF_ERROR")));
    let cookie =
        bench.ask(&format!("{main}/"), &[]).headers()["set-cookie"].to_str().expect("text").to_owned();
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let token = cookie.strip_prefix("XSRF-TOKEN=").expect("a token");
    let pair = [("cookie", cookie.as_str()), ("x-xsrf-token", token)];
    assert_eq!(bench.send("POST", &format!("{main}/CustomerSet"), &pair, &body).status(), 201);
    let wrong = [("cookie", cookie.as_str()), ("x-xsrf-token", "other")];
    assert_eq!(bench.send("POST", &format!("{main}/CustomerSet"), &wrong, &body).status(), 403);
    assert_eq!(bench.send("POST", &format!("{CUSTOMERS}/CustomerSet"), &[], &body).status(), 201);
    assert!(!bench.ask(CUSTOMERS, &[]).headers().contains_key("set-cookie"));
}

#[test]
fn a_state_event_needs_the_etag_and_the_right_state() {
    let bench = Bench::with_customers();
    bench.tenant.edit_of("PurchaseOrder", &["100001"], &[("Objstate", Some("Planned"))]);
    let path =
        format!("{ORDERS}/PurchaseOrderSet('100001')/IfsApp.PurchaseOrderHandling.PurchaseOrder_Release");
    let etag = bench.tenant.row_of("PurchaseOrder", &["100001"]).expect("an order").etag().to_owned();
    assert_eq!(bench.send("POST", &path, &[], "{}").status(), 428);
    let done = bench.send("POST", &path, &[("if-match", &etag)], "{}");
    let row: Value = serde_json::from_slice(done.body()).expect("json");
    assert_eq!((done.status().as_u16(), &row["Objstate"]), (200, &json!("Released")));
    assert_eq!(bench.send("POST", &path, &[("if-match", "*")], "{}").status(), 500);
    assert_eq!(
        bench.send("POST", &path.replace("_Release", "_Dance"), &[("if-match", "*")], "{}").status(),
        404
    );
}

#[test]
fn functions_and_actions_of_the_projection_answer() {
    let bench = Bench::with_customers();
    bench.tenant.edit_of("CustomerInfo", &["C10001"], &[("AssociationNo", Some("X-1"))]);
    let ask = |tail: &str| {
        let response = bench.ask(&format!("{CUSTOMERS}/{tail}"), &[]);
        (response.status().as_u16(), serde_json::from_slice::<Value>(response.body()).expect("json"))
    };
    assert_eq!(ask("AssociationNoExist(AssociationNo='X-1')").1["value"], json!(true));
    assert_eq!(ask("AssociationNoExist(AssociationNo='X-2')").1["value"], json!(false));
    assert_eq!(ask("GetCompanyDefaults(Company='10')").1["CurrencyCode"], json!("EUR"));
    assert_eq!(ask("GetCompanyDefaults(Company='99')").0, 500);
    assert_eq!(ask("GetCompanyDefaults()").0, 400);
    let (_, defaults) = ask("CustomerInfo_Default()");
    assert_eq!((&defaults["DefaultDomain"], &defaults["Name"]), (&json!(true), &Value::Null));
    assert_eq!(ask("Nothing()").0, 404);
    let body = json!({"CustomerId": "C10001", "CustomerCategory": "Prospect"});
    assert_eq!(bench.write("POST", "/ChangeCustomerCategory", &[], &body).0, 204);
    assert_eq!(bench.customer("C10001", "CustomerCategory").as_deref(), Some("Prospect"));
    let wrong = json!({"CustomerId": "C10001", "CustomerCategory": "King"});
    assert_eq!(bench.write("POST", "/ChangeCustomerCategory", &[], &wrong).0, 400);
}

#[test]
fn the_history_log_tells_of_every_change_where_it_is_switched_on() {
    let bench = Bench::with_customers();
    bench.tenant.edit_of("CustomerInfo", &["C10001"], &[("Name", Some("unseen"))]);
    bench.tenant.switch(|switches| switches.history = vec!["CustomerInfo".into()]);
    let etag = bench.etag("C10001");
    bench.later();
    bench.write("PATCH", "/CustomerSet('C10001')", &[("if-match", &etag)], &json!({"Name": "seen"}));
    bench.tenant.insert_of("CustomerInfo", &[("CustomerId", Some("K1")), ("Name", Some("A"))]);
    bench.tenant.remove_of("CustomerInfo", &["K1"]);
    bench.tenant.edit("S10001", &[("City", Some("elsewhere"))]);
    let base = "/int/ifsapplications/projection/v1/HistoryLogHandling.svc";
    let filter = "LuName eq 'CustomerInfo' and TimeStamp gt 2030-01-01T00:00:00Z";
    let path = format!("{base}/HistoryLogOverviewSet?$filter={filter}&$orderby=LogId").replace(' ', "%20");
    let page: Value = serde_json::from_slice(bench.ask(&path, &[]).body()).expect("json");
    let rows = page["value"].as_array().expect("rows");
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row["HistoryType"].as_str(), row["Keys"].as_str(), row["Username"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("Modify"), Some("CUSTOMER_ID=C10001^"), Some("ML_CONNECTOR")),
            (Some("Insert"), Some("CUSTOMER_ID=K1^"), Some("IFSAPP")),
            (Some("Delete"), Some("CUSTOMER_ID=K1^"), Some("IFSAPP")),
        ]
    );
    assert!(rows.iter().all(|row| row.get("@odata.etag").is_none()), "the log has no versions");
    let path = format!("{base}/HistoryLogDetailsSet(LogId=1)/HistoryLogAttributeArray");
    let page: Value = serde_json::from_slice(bench.ask(&path, &[]).body()).expect("json");
    let attribute = &page["value"][0];
    assert_eq!(page["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&attribute["ColumnName"], &attribute["OldValue"], &attribute["NewValue"]),
        (&json!("NAME"), &json!("unseen"), &json!("seen"))
    );
}

#[test]
fn stamps_are_read_and_written_in_the_servers_zone() {
    let bench = Bench::with_customers();
    bench.tenant.switch(|switches| switches.time_zone = Some("Asia/Tokyo".into()));
    let body = json!({"CustomerId": "K1", "Name": "A", "Cf_Last_Call": "2029-12-31T12:00:00Z"});
    let (_, _, row) = bench.write("POST", "/CustomerSet", &[], &body);
    assert_eq!(row["ModifiedDate"], json!("2030-01-01T09:00:00Z"));
    assert_eq!(row["Cf_Last_Call"], json!("2029-12-31T12:00:00Z"));
    assert_eq!(bench.customer("K1", "Cf_Last_Call").as_deref(), Some("2029-12-31T03:00:00Z"));
    let aware = [("x-ifs-time-zone-aware-request", "true")];
    let (_, _, row) = bench.write("POST", "/CustomerSet", &aware, &json!({"CustomerId": "K2", "Name": "A"}));
    assert_eq!(row["ModifiedDate"], json!("2030-01-01T00:00:00Z"));
    bench.tenant.switch(|switches| switches.zone_unaware = vec!["CustomerHandling".into()]);
    let body = json!({"CustomerId": "K3", "Name": "A", "ModifiedDate": "2030-01-01T00:00:00Z"});
    assert_eq!(bench.write("POST", "/CustomerSet", &aware, &body).0, 400);
}

#[test]
fn short_tokens_can_be_switched_on() {
    let mut bench = Bench::with_customers();
    bench.tenant.switch(|switches| switches.token_seconds = Some(180));
    bench.login();
    bench.clock.advance(std::time::Duration::from_secs(179));
    assert_eq!(bench.get_customer("C10001").0, 200);
    bench.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(bench.get_customer("C10001").0, 401);
}
