//! How the tenant answers readers: every unit, under every name.

use serde_json::{Value, json};

use super::bench::Bench;
use super::{IfsSettings, OddAnswer, Renamed};
use crate::Endpoint;

const PROJECTION: &str = "/main/ifsapplications/projection/v1";
const ENTITY: &str = "/int/ifsapplications/entity/v1";

impl Bench {
    fn small() -> Self {
        Self::new(IfsSettings {
            suppliers: 60,
            customers: 40,
            orders: 30,
            orphan_orders: 2,
            invoices: 50,
            accounts: 20,
            journal_entries: 10,
            ..IfsSettings::default()
        })
    }

    /// Asks for a path in which blanks need not be encoded.
    fn see(&self, path: &str) -> (u16, Value) {
        let response = self.ask(&path.replace(' ', "%20"), &[]);
        let body = serde_json::from_slice(response.body());
        (response.status().as_u16(), body.unwrap_or_else(|_| String::from_utf8_lossy(response.body()).into()))
    }

    fn rows(&self, path: &str) -> Vec<Value> {
        let (status, body) = self.see(path);
        assert_eq!(status, 200, "{path}: {body}");
        body["value"].as_array().expect("rows").clone()
    }

    fn order(&self, tail: &str) -> String {
        assert!(tail.starts_with('/') && self.tenant.rows_of("PurchaseOrder").len() == 30);
        format!("{PROJECTION}/PurchaseOrderHandling.svc{tail}")
    }
}

#[test]
fn the_same_rows_stand_under_all_their_names() {
    let bench = Bench::small();
    for (paths, count) in [
        (vec!["SupplierHandling.svc/SupplierSet", "SuppliersHandling.svc/SupplierInfoGeneralSet"], 60),
        (
            vec![
                "CustomerHandling.svc/CustomerSet",
                "CustomerHandling.svc/CustomerInfoSet",
                "CustomersHandling.svc/CustomerInfoSet",
            ],
            40,
        ),
        (vec!["PurchaseOrderHandling.svc/PurchaseOrderSet"], 30),
        (vec!["PostingProposalHandling.svc/PostingProposalHeadSet"], 50),
        (vec!["AccountHandling.svc/AccountSet"], 20),
        (vec!["GenLedVoucherHandling.svc/GenLedVoucherSet"], 10),
        (vec!["GenLedVoucherHandling.svc/GenLedVoucherRowSet"], 20),
    ] {
        let found: Vec<_> = paths.iter().map(|path| bench.rows(&format!("{PROJECTION}/{path}"))).collect();
        assert!(found.iter().all(|rows| rows.len() == count), "{paths:?}");
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{paths:?}");
    }
}

#[test]
fn entity_services_answer_once_they_are_activated() {
    let bench = Bench::small();
    let path = format!("{ENTITY}/PurchaseOrderLineEntity.svc/PurchaseOrderLineSet");
    bench.tenant.switch(|switches| switches.activated = Vec::new().into());
    assert_eq!(bench.see(&path).0, 404);
    bench.tenant.switch(|switches| switches.activated = vec!["PurchaseOrderLineEntity".into()].into());
    assert_eq!(bench.rows(&path).len(), bench.tenant.rows_of("PurchaseOrderLine").len());
    assert_eq!(bench.see(&format!("{ENTITY}/CustomerInfoEntity.svc/CustomerInfoSet")).0, 404);
    let (_, metadata) = bench.see(&format!("{ENTITY}/PurchaseOrderLineEntity.svc/$metadata"));
    let metadata = metadata.as_str().expect("text");
    assert!(metadata.contains("Namespace=\"IfsApp.PurchaseOrderLineEntity\""));
}

#[test]
fn a_projection_may_not_be_granted() {
    let bench = Bench::small();
    bench.tenant.switch(|switches| switches.denied = vec!["CustomerHandling".into()]);
    assert_eq!(bench.see(&format!("{PROJECTION}/CustomerHandling.svc/CustomerSet")).0, 403);
    assert_eq!(bench.see(&format!("{PROJECTION}/CustomersHandling.svc/CustomerInfoSet")).0, 200);
}

#[test]
fn lines_come_in_three_arrays_with_names_of_their_own() {
    let bench = Bench::small();
    let mut seen = 0;
    for order in bench.rows(&bench.order("/PurchaseOrderSet?$select=OrderNo")) {
        let number = order["OrderNo"].as_str().expect("a number");
        for (array, unit, amount, other) in [
            ("LinePartArray", "PurchaseOrderLinePart", "NetAmountBase", "NetAmtBase"),
            ("LineNopartArray", "PurchaseOrderLineNopart", "NetAmtBase", "NetAmountBase"),
            ("LineRentalPartArray", "PurchaseOrderLineRentalPart", "NetAmountBase", "NetAmtBase"),
        ] {
            let path = bench.order(&format!("/PurchaseOrderSet('{number}')/{array}"));
            let lines = bench.rows(&path);
            let (_, count) = bench.see(&format!("{path}/$count"));
            assert_eq!(count, json!(lines.len()));
            for line in &lines {
                assert_eq!((&line["luname"], &line["OrderNo"]), (&json!(unit), &json!(number)));
                assert!(line.get(amount).is_some() && line.get(other).is_none(), "{line}");
                let own =
                    format!("OrderNo='{number}',LineNo={},ReleaseNo='1'", line["LineNo"]).replace('"', "'");
                assert_eq!(bench.see(&format!("{path}({own})")).1["Description"], line["Description"]);
            }
            assert_eq!(bench.see(&format!("{path}?$select={other}")).0, 400);
            seen += lines.len();
        }
    }
    assert_eq!(seen, bench.tenant.rows_of("PurchaseOrderLine").len());
    assert_eq!(bench.see(&bench.order("/PurchaseOrderSet('nobody')/LinePartArray")).0, 404);
    let bare = bench.order("/PurchaseOrderSet('100001')/LinePartArray");
    bench.tenant.switch(|switches| switches.lines_need_select = true);
    for line in bench.rows(&bare) {
        assert!(line.get("OrderNo").is_some() && line.get("Description").is_none());
    }
}

#[test]
fn chunks_of_orders_find_their_lines() {
    let bench = Bench::small();
    bench.tenant.switch(|switches| switches.activated = vec!["*".into()].into());
    let path = format!("{ENTITY}/PurchaseOrderLineEntity.svc/PurchaseOrderLineSet");
    let chunk = "$filter=OrderNo eq '100003' or OrderNo eq '100001' or OrderNo eq 'nobody'";
    let found = bench.rows(&format!("{path}?{chunk}"));
    let all = bench.tenant.rows_of("PurchaseOrderLine");
    let wanted = all
        .iter()
        .filter(|row| ["100001", "100003"].contains(&&*row.get("OrderNo").text().expect("a number")));
    assert_eq!(found.len(), wanted.count());
    let mut backwards =
        bench.rows(&format!("{path}?{chunk}&$orderby=OrderNo desc,LineNo desc,ReleaseNo desc"));
    backwards.reverse();
    assert_eq!(found, backwards);
}

#[test]
fn a_keyset_walk_over_a_composite_key_delivers_every_row_once() {
    let bench = Bench::small();
    let path = format!("{PROJECTION}/PostingProposalHandling.svc/PostingProposalHeadSet");
    let (mut seen, mut at, mut key) = (Vec::new(), "2000-01-01T00:00:00Z".to_owned(), (String::new(), 0));
    loop {
        let (company, invoice) = &key;
        let rows = bench.rows(&format!(
            "{path}?$filter=ModifiedDate gt {at} or (ModifiedDate eq {at} and (Company gt '{company}' or \
             (Company eq '{company}' and InvoiceId gt {invoice})))&$orderby=ModifiedDate,Company,InvoiceId,\
             ProposalId&$top=7"
        ));
        let Some(last) = rows.last() else { break };
        at = last["ModifiedDate"].as_str().expect("a stamp").to_owned();
        key = (
            last["Company"].as_str().expect("a text").to_owned(),
            last["InvoiceId"].as_i64().expect("a number"),
        );
        seen.extend(rows.iter().map(|row| row["InvoiceId"].as_i64().expect("a number")));
    }
    seen.sort_unstable();
    assert_eq!(seen, (50_001..50_051).collect::<Vec<_>>());
}

#[test]
fn one_row_can_be_shown_along_and_a_collection_cannot() {
    let bench = Bench::small();
    let orders =
        bench.rows(&bench.order("/PurchaseOrderSet?$select=VendorNo&$expand=VendorNoRef($select=Name)"));
    let (orphans, others): (Vec<_>, Vec<_>) = orders.iter().partition(|row| row["VendorNoRef"].is_null());
    assert_eq!(orphans.len(), 2);
    assert!(others.iter().all(|row| row["VendorNo"] == row["VendorNoRef"]["SupplierId"]));
    assert!(others.iter().all(|row| row["VendorNoRef"].get("City").is_none()));
    assert_eq!(bench.see(&bench.order("/PurchaseOrderSet?$expand=LinePartArray")).0, 501);
    assert_eq!(bench.see(&bench.order("/PurchaseOrderSet?$expand=Nowhere")).0, 400);
    let (status, supplier) = bench.see(&bench.order("/PurchaseOrderSet('100005')/VendorNoRef"));
    assert_eq!((status, &supplier["luname"]), (200, &json!("SupplierInfoGeneral")));
    assert_eq!(bench.see(&bench.order("/PurchaseOrderSet('100001')/VendorNoRef")).0, 404);
}

#[test]
fn properties_and_bare_values_can_be_asked_for() {
    let bench = Bench::small();
    bench.tenant.edit_of("PurchaseOrder", &["100001"], &[("NoteText", None), ("Contract", Some("HH1"))]);
    let (_, property) = bench.see(&bench.order("/PurchaseOrderSet('100001')/Contract"));
    assert_eq!(property["value"], json!("HH1"));
    assert_eq!(bench.see(&bench.order("/PurchaseOrderSet('100001')/Contract/$value")), (200, json!("HH1")));
    assert_eq!(bench.see(&bench.order("/PurchaseOrderSet('100001')/NoteText")).0, 204);
    assert_eq!(bench.see(&bench.order("/PurchaseOrderSet('100001')/Nothing")).0, 404);
}

#[test]
fn enums_are_qualified_by_each_projection() {
    let bench = Bench::small();
    let path = format!("{PROJECTION}/CustomerHandling.svc/CustomerInfoSet");
    let found =
        bench.rows(&format!("{path}?$filter=Country eq IfsApp.CustomerHandling.Lookup_IsoCountry'DE'"));
    assert!(!found.is_empty() && found.iter().all(|row| row["Country"] == json!("DE")));
    assert_eq!(bench.see(&format!("{path}?$filter=Country eq 'DE'")).0, 400);
    let other = "Country eq IfsApp.CustomersHandling.Lookup_IsoCountry'DE'";
    assert_eq!(bench.see(&format!("{path}?$filter={other}")).0, 400);
    let custom = "Cf_Segment eq IfsApp.CustomerHandling.CfSegment'CfEnum_HIGH' and OneTime eq false";
    assert!(!bench.rows(&format!("{path}?$filter={custom}")).is_empty());
}

#[test]
fn rows_can_be_grouped_and_summed() {
    let bench = Bench::small();
    let path = format!("{PROJECTION}/PostingProposalHandling.svc/PostingProposalHeadSet");
    let apply = "$apply=filter(Company eq '10')/groupby((Currency),aggregate(NetCurrAmount with sum as Net,$count as N))";
    let groups = bench.rows(&format!("{path}?{apply}"));
    let rows = bench.rows(&format!("{path}?$filter=Company eq '10'"));
    let total: u64 = groups.iter().filter_map(|group| group["N"].as_u64()).sum();
    assert_eq!(usize::try_from(total).ok(), Some(rows.len()));
    let euros = rows.iter().filter(|row| row["Currency"] == json!("EUR"));
    let euros: f64 = euros.filter_map(|row| row["NetCurrAmount"].as_f64()).sum();
    let group = groups.iter().find(|group| group["Currency"] == json!("EUR")).expect("euros");
    assert!((group["Net"].as_f64().expect("a sum") - euros).abs() < 0.01);
    assert_eq!(
        bench.rows(&format!("{path}?$apply=aggregate(InvoiceId with max as Last)"))[0]["Last"],
        json!(50_050)
    );
}

#[test]
fn without_the_header_z_is_the_servers_wall_time() {
    let bench = Bench::small();
    // The night in which clocks went back: 00:30Z and 01:30Z are both 02:30 in Berlin.
    for (key, at) in [("S10001", "2026-10-25T00:30:00Z"), ("S10002", "2026-10-25T01:30:00Z")] {
        bench.tenant.edit_of("SupplierInfoGeneral", &[key], &[("ModifiedDate", Some(at))]);
    }
    bench.tenant.switch(|switches| switches.time_zone = Some("Europe/Berlin".into()));
    let path = format!("{PROJECTION}/SupplierHandling.svc/SupplierSet");
    let stamped = |filter: &str, headers: &[(&str, &str)]| {
        let filter = filter.replace(' ', "%20");
        let response =
            bench.ask(&format!("{path}?$filter={filter}&$orderby=ModifiedDate,SupplierId"), headers);
        let body: Value = serde_json::from_slice(response.body()).expect("json");
        let rows = body["value"].as_array().cloned().unwrap_or_default();
        let stamps: Vec<_> = rows.iter().map(|row| row["ModifiedDate"].clone()).collect();
        (response.status().as_u16(), stamps)
    };
    let aware = [("x-ifs-time-zone-aware-request", "true")];
    let twice = vec![json!("2026-10-25T02:30:00Z"); 2];
    assert_eq!(stamped("ModifiedDate ge 2026-10-25T02:30:00Z", &[]), (200, twice));
    let exact = vec![json!("2026-10-25T00:30:00Z"), json!("2026-10-25T01:30:00Z")];
    assert_eq!(stamped("ModifiedDate ge 2026-10-25T00:30:00Z", &aware), (200, exact));
    bench.tenant.switch(|switches| switches.zone_unaware = vec!["*".into()]);
    assert_eq!(stamped("ModifiedDate ge 2026-10-25T00:30:00Z", &aware).0, 400);
    assert_eq!(stamped("SupplierId eq 'S10001'", &aware), (200, vec![json!("2026-10-25T02:30:00Z")]));
}

#[test]
fn pages_can_be_spoiled() {
    let bench = Bench::small();
    let path = format!("{PROJECTION}/SupplierHandling.svc/SupplierSet");
    let keys = |tail: &str| -> Vec<String> {
        bench.rows(&format!("{path}{tail}")).iter().map(|row| row["SupplierId"].to_string()).collect()
    };
    let plain = keys("?$top=3");
    bench.tenant.switch(|switches| switches.repeat_row = true);
    assert_eq!(keys("?$top=3").len(), 4);
    bench.tenant.switch(|switches| (switches.repeat_row, switches.swap_rows) = (false, true));
    assert_eq!(keys("?$top=3"), [plain[1].clone(), plain[0].clone(), plain[2].clone()]);
    bench.tenant.switch(|switches| switches.ignore_filter = true);
    assert_eq!(keys("?$filter=SupplierId eq 'S10001'").len(), 60);
    bench.tenant.switch(|switches| switches.silent_cut = Some(9));
    assert_eq!((keys("").len(), keys("?$top=20").len()), (9, 20));
    assert_eq!(bench.see(&path).1["@odata.nextLink"], Value::Null);
}

#[test]
fn a_looping_link_leads_to_its_own_page() {
    let bench = Bench::with(20, 5);
    bench.tenant.switch(|switches| switches.next_link_loops = true);
    let (_, page) = bench.get("/SupplierSet?$skiptoken=5");
    assert!(page["@odata.nextLink"].as_str().expect("a link").ends_with("$skiptoken=5"));
    bench.tenant.switch(|switches| switches.next_link_circles = true);
    let (_, page) = bench.get("/SupplierSet?$skiptoken=15");
    assert!(page["@odata.nextLink"].as_str().expect("a link").ends_with("$skiptoken=0"));
}

#[test]
fn types_can_drift() {
    let bench = Bench::small();
    let base = format!("{PROJECTION}/SupplierHandling.svc");
    let renamed = Renamed { from: "City".into(), to: "Town".into() };
    bench.tenant.switch(|switches| switches.renamed = Some(renamed));
    let rows = bench.rows(&format!("{base}/SupplierSet?$select=Town&$filter=Town ne null&$orderby=Town"));
    assert!(rows.len() == 60 && rows.iter().all(|row| row["Town"].is_string() && row.get("City").is_none()));
    assert_eq!(bench.see(&format!("{base}/SupplierSet?$select=City")).0, 400);
    let (_, metadata) = bench.see(&format!("{base}/$metadata"));
    let metadata = metadata.as_str().expect("text");
    assert!(metadata.contains("Name=\"Town\" Type=\"Edm.String\""));
    bench.tenant.switch(|switches| switches.withheld = Some("Name".into()));
    let rows = bench.rows(&format!("{base}/SupplierSet?$select=Name,Town"));
    assert!(rows.iter().all(|row| row.get("Name").is_none() && row.get("Town").is_some()));
}

#[test]
fn answers_can_be_odd() {
    let bench = Bench::small();
    let path = format!("{PROJECTION}/SupplierHandling.svc/SupplierSet");
    for (odd, kind) in [
        (OddAnswer::LoginPage, "text/html"),
        (OddAnswer::EmptyObject, "application/json"),
        (OddAnswer::NoValue, "application/json"),
        (OddAnswer::Error, "application/json"),
    ] {
        bench.tenant.switch(|switches| switches.odd_answer = Some(odd));
        let response = bench.ask(&path, &[]);
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].to_str().ok()),
            (200, Some(kind))
        );
        assert!(!response.body().windows(7).any(|part| part == b"\"value\""), "{odd:?}");
    }
    bench.tenant.switch(|switches| (switches.odd_answer, switches.rows_too_many) = (None, 3));
    assert_eq!(bench.rows(&format!("{path}?$top=4")).len(), 7);
}

#[test]
fn calls_have_kinds() {
    let bench = Bench::small();
    let kind = |method: &str, tail: &str| {
        let uri = format!("http://ifs.test{PROJECTION}/CustomerHandling.svc{tail}");
        let request = http::Request::builder().method(method).uri(uri).body(bytes::Bytes::new());
        let kind = bench.tenant.kind(&request.expect("request"));
        (kind.name, kind.writes)
    };
    for (method, tail, expected) in [
        ("GET", "/CustomerSet", ("page", false)),
        ("GET", "/CustomerSet('1')", ("entity", false)),
        ("GET", "/CustomerSet/$count", ("count", false)),
        ("GET", "", ("service_document", false)),
        ("POST", "/CustomerSet", ("create", true)),
        ("POST", "/CustomerSet('1')/CustomerInfoAddresses", ("create", true)),
        ("POST", "/CustomerSet('1')/IfsApp.X.Customer_Do", ("action", true)),
        ("POST", "/ChangeCustomerCategory", ("action", true)),
        ("POST", "/$batch", ("batch", true)),
        ("PATCH", "/CustomerSet('1')", ("update", true)),
        ("DELETE", "/CustomerSet('1')", ("delete", true)),
    ] {
        assert_eq!(kind(method, tail), expected, "{method} {tail}");
    }
}
