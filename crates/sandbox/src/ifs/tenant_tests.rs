//! What answers to the requests of clients look like, whoever they are.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::bench::{Bench, SUPPLIERS as ROOT, TOKEN, ids};
use super::settings::{IfsSettings, IfsSwitches};
use crate::{Endpoint as _, RetryAfter};

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn tokens_are_given_to_the_right_client_only() {
    let bench = Bench::with(1, 10);
    let basic = format!("Basic {}", STANDARD.encode("ml-connector:sandbox-secret"));
    let wrong = format!("Basic {}", STANDARD.encode("ml-connector:wrong"));
    for (body, header, status, error) in [
        ("grant_type=client_credentials", Some(&basic), 200, Value::Null),
        ("grant_type=client_credentials&scope=openid%20microprofile-jwt", Some(&basic), 200, Value::Null),
        ("grant_type=client_credentials", Some(&wrong), 401, json!("invalid_client")),
        ("grant_type=client_credentials", None, 401, json!("invalid_client")),
        ("grant_type=password", Some(&basic), 400, json!("unsupported_grant_type")),
        ("grant_type=client_credentials&scope=root", Some(&basic), 400, json!("invalid_scope")),
    ] {
        let headers: Vec<_> = header.iter().map(|value| ("authorization", value.as_str())).collect();
        let (found, answer) = bench.post(TOKEN, body, &headers);
        assert_eq!((found, &answer["error"]), (status, &error), "{body}");
        assert_eq!(answer["expires_in"], if status == 200 { json!(3600) } else { Value::Null });
    }
    assert_eq!(bench.tenant.figures()["tokens"], 3);
}

#[test]
fn tokens_end_by_the_servers_clock_or_when_revoked() {
    let mut bench = Bench::with(1, 10);
    assert_eq!(bench.get("/SupplierSet").0, 200);
    bench.tenant.clock().shift(jiff::SignedDuration::from_mins(60));
    assert_eq!(bench.code("/SupplierSet"), (401, "UNAUTHORIZED".into()));
    bench.login();
    assert_eq!(bench.get("/SupplierSet").0, 200);
    bench.tenant.revoke_tokens();
    assert_eq!(bench.get("/SupplierSet").0, 401);
    assert_eq!(bench.ask(&format!("{ROOT}/SupplierSet"), &[]).headers()["www-authenticate"], "Bearer");
}

#[test]
fn the_service_says_what_it_has() {
    let bench = Bench::with(1, 10);
    let (_, document) = bench.get("/");
    let names: Vec<_> = document["value"].as_array().expect("sets").iter().map(|set| &set["name"]).collect();
    assert_eq!(names, ["SupplierSet", "SupplierInfoGeneralSet"]);
    let response = bench.ask(&format!("{ROOT}/$metadata"), &[]);
    let csdl = String::from_utf8(response.body().to_vec()).expect("text");
    for part in [
        "Namespace=\"IfsApp.SupplierHandling\"",
        "<PropertyRef Name=\"SupplierId\"/>",
        "<Property Name=\"CreditLimit\" Type=\"Edm.Decimal\" Precision=\"28\" Scale=\"4\"/>",
        "<Property Name=\"Objstate\" Type=\"IfsApp.SupplierHandling.SupplierState\"/>",
        "<EntitySet Name=\"SupplierSet\" EntityType=\"IfsApp.SupplierHandling.SupplierInfoGeneral\"/>",
    ] {
        assert!(csdl.contains(part), "{part} in {csdl}");
    }
    bench.tenant.switch(|switches| switches.hidden = Some("CreditLimit".into()));
    let response = bench.ask(&format!("{ROOT}/$metadata"), &[]);
    assert!(!String::from_utf8_lossy(response.body()).contains("CreditLimit"));
    assert_eq!(bench.code("/SupplierSet?$select=CreditLimit").0, 400);
}

#[test]
fn a_row_looks_like_the_providers() {
    let bench = Bench::with(0, 10);
    let values = [
        ("Name", Some("Ä \"B\" 'C' \\ 東")),
        ("CreditLimit", Some("1234567890123456.10")),
        ("Fax", Some("")),
    ];
    bench.tenant.insert("S1", &values);
    let tail = "/SupplierSet?$select=Name,CreditLimit,Fax,ModifiedDate";
    let (_, page) = bench.get(tail);
    assert_eq!(
        page["@odata.context"],
        json!(format!("http://ifs.test{ROOT}/$metadata#SupplierSet(Name,CreditLimit,Fax,ModifiedDate)"))
    );
    let row = &page["value"][0];
    assert_eq!(row["@odata.etag"], json!(bench.tenant.row("S1").expect("a row").etag()));
    assert_eq!((&row["luname"], &row["keyref"]), (&json!("SupplierInfoGeneral"), &json!("SUPPLIER_ID=S1^")));
    assert_eq!((&row["SupplierId"], &row["Fax"]), (&json!("S1"), &Value::Null));
    assert_eq!(row["Name"], json!("Ä \"B\" 'C' \\ 東"));
    assert_eq!(row["ModifiedDate"], json!("2030-01-01T00:00:00Z"));
    let path = format!("{ROOT}{tail}");
    let plain = bench.ask(&path, &[]);
    assert!(String::from_utf8_lossy(plain.body()).contains("\"CreditLimit\":1234567890123456.10,"));
    let exact = bench.ask(&path, &[("accept", "application/json;IEEE754Compatible=true")]);
    assert!(String::from_utf8_lossy(exact.body()).contains("\"CreditLimit\":\"1234567890123456.10\","));
    assert!(exact.headers()["content-type"].to_str().expect("text").contains("IEEE754Compatible=true"));
}

#[test]
fn one_row_is_found_by_its_key() {
    let bench = Bench::with(3, 10);
    let response = bench.ask(&format!("{ROOT}/SupplierSet(SupplierId='S10002')"), &[]);
    let row: Value = serde_json::from_slice(response.body()).expect("json");
    assert_eq!(row["SupplierId"], json!("S10002"));
    assert_eq!(response.headers()["etag"].to_str().ok(), row["@odata.etag"].as_str());
    assert_eq!(bench.code("/SupplierSet('S9')"), (404, "ODP_RESOURCE_NOTFOUND".into()));
    assert_eq!(bench.code("/NoSet('S9')"), (404, "ODP_RESOURCE_NOTFOUND".into()));
    assert_eq!(bench.code("/SupplierSet?$expand=SupplierInfoAddresses"), (501, "ODP_NOT_IMPLEMENTED".into()));
    assert_eq!(bench.code("/SupplierSet?$filter=Objstate%20eq%20'Active'").0, 400);
    let response = bench.ask(&format!("{ROOT}/SupplierSet/$count?$filter=SupplierId%20gt%20'S10001'"), &[]);
    assert_eq!(&response.body()[..], b"2");
    let request = http::Request::post(format!("{ROOT}/SupplierSet")).header("authorization", &bench.token);
    assert_eq!(bench.tenant.answer(&request.body(bytes::Bytes::new()).expect("request")).status(), 405);
}

#[test]
fn server_pages_are_capped_and_linked() {
    let bench = Bench::with(20, 8);
    let (_, first) = bench.get("/SupplierSet?$orderby=SupplierId&$count=true");
    assert_eq!((ids(&first).len(), &first["@odata.count"]), (8, &json!(20)));
    let mut seen = ids(&first);
    let mut link = first["@odata.nextLink"].as_str().map(str::to_owned);
    while let Some(next) = link {
        let tail = next.strip_prefix(&format!("http://ifs.test{ROOT}")).expect("absolute").to_owned();
        let (_, page) = bench.get(&tail);
        seen.extend(ids(&page));
        link = page["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), 20);
    assert!(seen.is_sorted());
    assert_eq!(bench.get("/SupplierSet?$top=8").1["@odata.nextLink"], Value::Null);
    let (_, page) = bench.get("/SupplierSet?$top=10&$skiptoken=8");
    assert_eq!((ids(&page).len(), &page["@odata.nextLink"]), (2, &Value::Null));
    assert_eq!(bench.ids("/SupplierSet?$skip=18").len(), 2);
    let huge = "/SupplierSet?$skip=18446744073709551615&$skiptoken=18446744073709551615";
    assert!(bench.ids(huge).is_empty());
}

#[test]
fn links_can_be_awkward() {
    let bench = Bench::with(8, 4);
    bench.tenant.switch(|switches| switches.relative_next_link = true);
    assert_eq!(bench.get("/SupplierSet").1["@odata.nextLink"], json!("SupplierSet?$skiptoken=4"));
    bench.tenant.switch(|switches| switches.next_link_when_full = true);
    let (_, page) = bench.get("/SupplierSet?$skiptoken=4");
    assert_eq!(page["@odata.nextLink"], json!("SupplierSet?$skiptoken=8"));
    let (_, page) = bench.get("/SupplierSet?$skiptoken=8");
    assert_eq!((ids(&page).len(), &page["@odata.nextLink"]), (0, &Value::Null));
    bench.tenant.switch(|switches| switches.foreign_next_link = Some("http://evil.test/".into()));
    assert_eq!(
        bench.get("/SupplierSet").1["@odata.nextLink"],
        json!("http://evil.test/SupplierSet?$skiptoken=4")
    );
    let prefer = [("prefer", "odata.maxpagesize=3")];
    let response = bench.ask(&format!("{ROOT}/SupplierSet"), &prefer);
    assert_eq!(response.headers()["preference-applied"], "odata.maxpagesize=3");
    let page: Value = serde_json::from_slice(response.body()).expect("json");
    assert_eq!(ids(&page).len(), 3);
}

#[test]
fn keyset_pages_deliver_every_stamped_row_once_also_through_ties() {
    let bench = Bench::with(3_000, 5_000);
    let mut wanted: Vec<(i64, String)> = bench
        .tenant
        .rows()
        .iter()
        .filter_map(|row| Some((row.modified()?.as_second(), row.key().to_string())))
        .collect();
    wanted.sort();
    let mut seen: Vec<(i64, String)> = Vec::new();
    let mut position = ("2000-01-01T00:00:00Z".to_owned(), String::new());
    loop {
        let (at, key) = &position;
        let filter = format!(
            "(ModifiedDate gt {at} or (ModifiedDate eq {at} and SupplierId gt '{key}')) and \
             ModifiedDate le 2031-01-01T00:00:00Z"
        );
        let tail = format!("/SupplierSet?$filter={filter}&$orderby=ModifiedDate,SupplierId&$top=250");
        let (status, page) = bench.get(&tail.replace(' ', "%20"));
        assert_eq!(status, 200, "{page}");
        let Some(rows) = page["value"].as_array().filter(|rows| !rows.is_empty()) else { break };
        for row in rows {
            let text = |name: &str| row[name].as_str().expect(name).to_owned();
            position = (text("ModifiedDate"), text("SupplierId"));
            let stamp: jiff::Timestamp = position.0.parse().expect("a stamp");
            seen.push((stamp.as_second(), position.1.clone()));
        }
    }
    assert_eq!(seen, wanted);
}

#[test]
fn the_short_ways_find_what_a_full_scan_finds() {
    let bench = Bench::with(400, 5_000);
    for filter in [
        "SupplierId gt 'S10200'",
        "SupplierId ge 'S10200' and SupplierId lt 'S10300'",
        "SupplierId eq 'S10007' or SupplierId eq 'S10003' or SupplierId eq 'nobody'",
        "SupplierId eq 'S10007' and Name eq null",
        "ModifiedDate eq 2022-06-30T23:30:00Z",
        "ModifiedDate ge 2022-06-30T23:30:00Z and SupplierId gt 'S10100'",
        "ModifiedDate gt 2021-01-01T00:00:00Z and ModifiedDate lt 2022-06-30T23:30:00Z",
        "ModifiedDate gt 2021-01-01T00:00:00.5Z or SupplierId gt 'S10390'",
    ] {
        // A descending order is never answered from an index.
        let ask = |order: &str| {
            bench.ids(&format!("/SupplierSet?$filter={filter}&$orderby={order}").replace(' ', "%20"))
        };
        let mut by_key = ask("SupplierId desc");
        by_key.reverse();
        assert_eq!(ask("SupplierId"), by_key, "{filter}");
        let mut by_stamp = ask("ModifiedDate desc,SupplierId desc");
        by_stamp.reverse();
        assert_eq!(ask("ModifiedDate,SupplierId"), by_stamp, "{filter}");
        assert_eq!(ask("ModifiedDate asc , SupplierId asc"), by_stamp, "{filter}");
    }
}

#[test]
fn nulls_stand_last_when_ascending() {
    let bench = Bench::with(50, 100);
    let (_, page) = bench.get("/SupplierSet?$orderby=CreditLimit,SupplierId");
    let nulls: Vec<bool> =
        page["value"].as_array().expect("rows").iter().map(|row| row["CreditLimit"].is_null()).collect();
    assert!(nulls.is_sorted() && nulls.contains(&true) && nulls.contains(&false));
}

#[test]
fn the_rate_is_limited_and_recovers() {
    let bench = Bench::new(IfsSettings { suppliers: 1, requests_a_minute: 3, ..IfsSettings::default() });
    assert!((0..3).all(|_| bench.get("/SupplierSet").0 == 200));
    assert_eq!(bench.get("/SupplierSet").0, 429);
    bench.tenant.switch(|switches| switches.retry_after = Some(RetryAfter::Seconds(9)));
    assert_eq!(bench.ask(&format!("{ROOT}/"), &[]).headers()["retry-after"], "9");
    bench.clock.advance(MINUTE);
    assert_eq!(bench.get("/SupplierSet").0, 200);
}

#[test]
fn switches_spoil_answers() {
    let bench = Bench::with(10, 100);
    bench.tenant.switch(|switches| switches.stale_cache = 1);
    assert_eq!(bench.code("/SupplierSet"), (500, "MI_MODIFIED_ERROR".into()));
    assert_eq!(bench.get("/SupplierSet").0, 200);
    bench.tenant.switch(|switches| switches.poisoned = Some("S10005".into()));
    assert_eq!(bench.code("/SupplierSet"), (500, "DATABASE_ERROR".into()));
    assert_eq!(bench.get("/SupplierSet?$top=4").0, 200);
    bench.tenant.switch(|switches| {
        *switches = IfsSwitches { timeout_above: Some(5), ..IfsSwitches::default() };
    });
    assert_eq!(bench.code("/SupplierSet"), (504, "ODP_OPERATION_TIMEOUT".into()));
    assert_eq!(bench.get("/SupplierSet?$top=5").0, 200);
    bench.tenant.switch(|switches| switches.huge_number = Some("S10002".into()));
    let response = bench.ask(&format!("{ROOT}/SupplierSet('S10002')"), &[]);
    assert!(String::from_utf8_lossy(response.body()).contains("\"CreditLimit\":1e999"));
    bench.tenant.switch(|switches| switches.no_sets = true);
    assert_eq!(bench.code("/SupplierSet").0, 404);
}
