//! The tenant: its data, its switches, and what people do in it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wire::{Entropy, Request, Response, SeededEntropy};

use super::cell::Cell;
use super::database::{Changes, Database};
use super::entity::Entity;
use super::history::Log;
use super::levers;
use super::problem::{broken, too_many, unauthorized};
use super::routes::route;
use super::row::{Row, join};
use super::schema::{SUPPLIER_INFO, entities};
use super::settings::{IfsSettings, IfsSwitches};
use super::table::Table;
use super::token::Tokens;
use crate::{CallKind, Endpoint, Refusal, ServerClock};

const MINUTE: Duration = Duration::from_mins(1);

/// An IFS Cloud tenant.
#[derive(Debug)]
pub struct IfsSandbox {
    clock: ServerClock,
    settings: IfsSettings,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) db: Database,
    pub(super) tokens: Tokens,
    pub(super) switches: IfsSwitches,
    counts: BTreeMap<&'static str, u64>,
    recent: VecDeque<Duration>,
    edits: SeededEntropy,
}

/// Who people are to the history log.
const PEOPLE: &str = "IFSAPP";

impl IfsSandbox {
    /// A tenant with seeded data.
    pub fn new(clock: ServerClock, settings: IfsSettings) -> Self {
        let state = State {
            db: Database::new(&settings),
            tokens: Tokens::default(),
            switches: IfsSwitches::default(),
            counts: BTreeMap::new(),
            recent: VecDeque::new(),
            edits: SeededEntropy::new(settings.seed),
        };
        Self { clock, settings, state: Mutex::new(state) }
    }

    /// How it is set up.
    pub fn settings(&self) -> &IfsSettings {
        &self.settings
    }

    /// All suppliers as they are, by key.
    pub fn rows(&self) -> Vec<Arc<Row>> {
        self.rows_of(SUPPLIER_INFO.lu)
    }

    /// All rows of a logical unit (`CustomerInfo`, `PurchaseOrderLine` …) as they are, by key; none
    /// if there is no such unit.
    pub fn rows_of(&self, unit: &str) -> Vec<Arc<Row>> {
        let state = self.lock();
        let table = entity(unit).and_then(|entity| state.db.table(entity));
        table.map(|table| table.all().cloned().collect()).unwrap_or_default()
    }

    /// One supplier as it is.
    pub fn row(&self, key: &str) -> Option<Arc<Row>> {
        self.row_of(SUPPLIER_INFO.lu, &[key])
    }

    /// One row of a logical unit as it is; the parts of its key in order.
    pub fn row_of(&self, unit: &str, key: &[&str]) -> Option<Arc<Row>> {
        let entity = entity(unit)?;
        self.lock().db.row(entity, &exact(entity, key)).cloned()
    }

    /// Somebody changes a supplier now; says whether it was changed: there must be one, and no
    /// open edit may hold it.
    pub fn edit(&self, key: &str, changes: &[(&str, Option<&str>)]) -> bool {
        self.edit_of(SUPPLIER_INFO.lu, &[key], changes)
    }

    /// Somebody changes a row of a logical unit now; says whether it was changed. Whoever changes the
    /// column that shows the modification sets that as well, to whatever it is to be.
    pub fn edit_of(&self, unit: &str, key: &[&str], changes: &[(&str, Option<&str>)]) -> bool {
        let Some(entity) = entity(unit) else { return false };
        self.working(|db, log| db.edit(entity, &exact(entity, key), &owned(changes), log))
    }

    /// One statement changes all these suppliers, so that they share one stamp; returns how many.
    pub fn edit_together(&self, keys: &[&str], changes: &[(&str, Option<&str>)]) -> usize {
        let changes = owned(changes);
        self.working(|db, log| keys.iter().filter(|key| db.edit(&SUPPLIER_INFO, key, &changes, log)).count())
    }

    /// Somebody enters a supplier now.
    pub fn insert(&self, key: &str, values: &[(&str, Option<&str>)]) {
        let mut all = vec![("SupplierId", Some(key))];
        all.extend(values);
        self.insert_of(SUPPLIER_INFO.lu, &all);
    }

    /// Somebody enters a row of a logical unit now, its key among the values. Says whether there is
    /// such a unit.
    pub fn insert_of(&self, unit: &str, values: &[(&str, Option<&str>)]) -> bool {
        let Some(entity) = entity(unit) else { return false };
        self.working(|db, log| db.insert(entity, &owned(values), log)).is_some()
    }

    /// Somebody deletes a supplier now; says whether there was one that no open edit holds.
    pub fn remove(&self, key: &str) -> bool {
        self.remove_of(SUPPLIER_INFO.lu, &[key])
    }

    /// Somebody deletes a row of a logical unit now, with what belongs to it; says whether there was
    /// one that no open edit holds.
    pub fn remove_of(&self, unit: &str, key: &[&str]) -> bool {
        let Some(entity) = entity(unit) else { return false };
        let key = exact(entity, key);
        self.working(|db, log| !db.is_held(entity, &key) && db.delete(entity, &key, log))
    }

    /// Somebody changes a supplier; the stamp is taken now, the commit comes later. Until then
    /// nobody sees the change and nobody else can make one. Says whether there is such a row.
    pub fn begin_edit(&self, key: &str, changes: &[(&str, Option<&str>)]) -> bool {
        self.begin_edit_of(SUPPLIER_INFO.lu, &[key], changes)
    }

    /// As [`begin_edit`](Self::begin_edit), for a row of any logical unit.
    pub fn begin_edit_of(&self, unit: &str, key: &[&str], changes: &[(&str, Option<&str>)]) -> bool {
        let Some(entity) = entity(unit) else { return false };
        self.working(|db, log| db.begin(entity, &exact(entity, key), owned(changes), log.at))
    }

    /// The open edit of one supplier commits; says whether there was one.
    pub fn commit_edit(&self, key: &str) -> bool {
        self.working(|db, log| db.commit(|unit, open| *unit == SUPPLIER_INFO && open == key, log)) > 0
    }

    /// All open edits commit; returns how many.
    pub fn commit_open(&self) -> usize {
        self.working(|db, log| db.commit(|_, _| true, log))
    }

    /// Somebody changes something about some supplier, by chance; returns its key.
    pub fn random_edit(&self, entropy: &dyn Entropy) -> Option<String> {
        let key = self.lock().some_row(entropy)?;
        let (name, value) = random_change(entropy);
        self.edit(&key, &[(name, Some(&value))]);
        Some(key.to_string())
    }

    /// Somebody begins to change some supplier, by chance; returns its key.
    pub fn random_begin(&self, entropy: &dyn Entropy) -> Option<String> {
        let key = self.lock().some_row(entropy)?;
        let (name, value) = random_change(entropy);
        self.begin_edit(&key, &[(name, Some(&value))]);
        Some(key.to_string())
    }

    /// People work in the database now.
    fn working<T>(&self, work: impl FnOnce(&mut Database, &Log<'_>) -> T) -> T {
        let at = self.clock.now();
        let State { db, switches, .. } = &mut *self.lock();
        work(db, &Log { at, user: PEOPLE, units: &switches.history })
    }

    /// What can be switched, as it is.
    pub fn switches(&self) -> IfsSwitches {
        self.lock().switches.clone()
    }

    /// Changes what can be switched.
    pub fn switch(&self, change: impl FnOnce(&mut IfsSwitches)) {
        let state = &mut *self.lock();
        change(&mut state.switches);
        state.tokens.lifetime =
            state.switches.token_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    }

    /// All tokens end now.
    pub fn revoke_tokens(&self) {
        self.lock().tokens.revoke();
    }

    /// Chance of this tenant's own, for edits that come through the door.
    pub(super) fn chance(&self) -> SeededEntropy {
        SeededEntropy::new(self.lock().edits.next_u64())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn some_row(&self, entropy: &dyn Entropy) -> Option<Arc<str>> {
        let count = u64::try_from(self.db.table(&SUPPLIER_INFO)?.len()).ok()?;
        let place = usize::try_from(entropy.next_u64().checked_rem(count)?).ok()?;
        self.db.free_from(&SUPPLIER_INFO, place)
    }

    /// One more of something.
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Counts a request; whether it is within the rate.
    pub(super) fn admits_another(&mut self, now: Duration, limit: usize) -> bool {
        while self.recent.front().is_some_and(|first| first.saturating_add(MINUTE) <= now) {
            self.recent.pop_front();
        }
        if self.recent.len() >= limit {
            return false;
        }
        self.recent.push_back(now);
        true
    }
}

impl Endpoint for IfsSandbox {
    fn answer(&self, request: &Request) -> Response {
        route(&mut self.lock(), &self.settings, &self.clock, request)
    }

    fn clock(&self) -> &ServerClock {
        &self.clock
    }

    fn kind(&self, request: &Request) -> CallKind {
        let path = request.uri().path().trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap_or_default();
        let name = match (request.method(), last) {
            (_, "token") => "token",
            (_, "$batch" | "%24batch") => "batch",
            (&http::Method::POST, last) if is_operation(path, last) => "action",
            (&http::Method::POST, _) => "create",
            (&http::Method::PATCH, _) => "update",
            (&http::Method::DELETE, _) => "delete",
            (_, "$metadata" | "%24metadata") => "metadata",
            (_, "$count" | "%24count") => "count",
            (_, last) if last.strip_suffix(".svc").is_some() => "service_document",
            (_, last) if last.ends_with(')') => "entity",
            _ => "page",
        };
        CallKind { name, writes: name != "token" && request.method() != http::Method::GET }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        match refusal {
            Refusal::TooManyRequests => too_many(),
            Refusal::ExpiredToken => unauthorized(),
            Refusal::ServerError => broken("ODP_INTERNAL_ERROR", "An unexpected error"),
            Refusal::Unavailable => refusal.plain(),
        }
    }

    fn door(&self, request: &Request) -> Option<Response> {
        levers::pull(self, request)
    }

    fn figures(&self) -> BTreeMap<String, u64> {
        let state = self.lock();
        let suppliers = state.db.table(&SUPPLIER_INFO).map_or(0, Table::len);
        let mut figures = BTreeMap::from([
            ("suppliers".to_owned(), suppliers as u64),
            ("tokens".to_owned(), state.tokens.issued()),
        ]);
        figures.extend(state.counts.iter().map(|(what, count)| ((*what).to_owned(), *count)));
        figures.extend(state.db.sizes().map(|(unit, rows)| (format!("rows_{unit}"), rows as u64)));
        figures
    }
}

/// Whether `last`, with which `path` ends, is called rather than added to.
fn is_operation(path: &str, last: &str) -> bool {
    let within = path.split_once(".svc/").map_or("", |(_, within)| within);
    last.contains("IfsApp.") || (within == last && !last.ends_with("Set"))
}

/// The logical unit of this name.
fn entity(unit: &str) -> Option<&'static Entity> {
    entities().find(|entity| entity.lu == unit)
}

/// The key of these parts as the table has it.
fn exact(entity: &Entity, parts: &[&str]) -> String {
    let columns = entity.key_places().filter_map(|place| entity.columns.get(place));
    let part = |(part, column): (&&str, &super::column::Column)| {
        Cell::parse(column.kind, Some(part)).map_or_else(|| (*part).to_owned(), |cell| cell.key_part())
    };
    join(&parts.iter().zip(columns).map(part).collect::<Vec<_>>())
}

fn owned(changes: &[(&str, Option<&str>)]) -> Changes {
    changes.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
}

/// What people change: things that both sides show.
fn random_change(entropy: &dyn Entropy) -> (&'static str, String) {
    let number = entropy.next_u64();
    match number % 6 {
        0 => ("Name", format!("Renamed Ωmega №{} 株式会社", number % 10_000)),
        1 => ("City", format!("Neustadt {}", number % 1_000)),
        2 => ("Phone", format!("+49 40 {}", number % 10_000_000)),
        3 => ("CreditLimit", format!("{}.{:02}", number % 1_000_000, number % 100)),
        4 => (
            "PayTermId",
            ["10", "30", "60EOM"]
                .get(usize::try_from(number / 6 % 3).unwrap_or(0))
                .copied()
                .unwrap_or("30")
                .to_owned(),
        ),
        _ => (
            "Objstate",
            ["Active", "Blocked", "Expired"]
                .get(usize::try_from(number / 6 % 3).unwrap_or(0))
                .copied()
                .unwrap_or("Active")
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::*;
    use crate::RetryAfter;
    use crate::ifs::bench::{Bench, SUPPLIERS as ROOT, TOKEN, ids};

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
        let names: Vec<_> =
            document["value"].as_array().expect("sets").iter().map(|set| &set["name"]).collect();
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
        assert_eq!(
            (&row["luname"], &row["keyref"]),
            (&json!("SupplierInfoGeneral"), &json!("SUPPLIER_ID=S1^"))
        );
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
        assert_eq!(
            bench.code("/SupplierSet?$expand=SupplierInfoAddresses"),
            (501, "ODP_NOT_IMPLEMENTED".into())
        );
        assert_eq!(bench.code("/SupplierSet?$filter=Objstate%20eq%20'Active'").0, 400);
        let response =
            bench.ask(&format!("{ROOT}/SupplierSet/$count?$filter=SupplierId%20gt%20'S10001'"), &[]);
        assert_eq!(&response.body()[..], b"2");
        let request =
            http::Request::post(format!("{ROOT}/SupplierSet")).header("authorization", &bench.token);
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

    #[test]
    fn a_late_commit_shows_an_older_stamp_than_what_was_seen_before() {
        let bench = Bench::with(10, 100);
        assert!(bench.tenant.begin_edit("S10001", &[("City", Some("Late"))]));
        bench.clock.advance(MINUTE);
        assert_eq!(bench.tenant.edit_together(&["S10001", "S10002", "S10003"], &[("City", Some("Now"))]), 2);
        let since =
            "/SupplierSet?$filter=ModifiedDate%20ge%202030-01-01T00:00:00Z&$orderby=ModifiedDate,SupplierId";
        assert_eq!(bench.ids(since), ["S10002", "S10003"]);
        assert!(bench.tenant.commit_edit("S10001"));
        assert!(!bench.tenant.commit_edit("S10001"));
        assert_eq!(bench.ids(since), ["S10001", "S10002", "S10003"]);
    }

    #[test]
    fn edits_by_chance_repeat_from_their_seed() {
        let run = || {
            let bench = Bench::with(100, 100);
            let entropy = SeededEntropy::new(5);
            let keys: Vec<_> = (0..20).map(|_| bench.tenant.random_edit(&entropy)).collect();
            (keys, bench.tenant.rows())
        };
        assert_eq!(run(), run());
        assert!(run().0.iter().all(Option::is_some));
    }
}
