//! The invariants of the walk, against a fake server and against broken variants of itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mapping::{Change, Key, Value, Version};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sync_engine::{Cursor, FaultClass, Health, Observation, Page, Probe, Source, SourceError};

use crate::cursor::{State, Walk};
use crate::fake_ifs::{BASE, Edit, FakeIfs, Quirks, World};
use crate::field::{FieldKind, FieldSpec};
use crate::settings::{EntitySettings, IfsSettings};
use crate::walk::Variant;
use crate::{IfsProbe, IfsSource, supplier};

/// The overlap of these tests, in seconds.
const W: i64 = 120;

fn settings(page_size: u32) -> EntitySettings {
    EntitySettings {
        page_size,
        overlap: Duration::from_mins(2),
        fields: vec![
            FieldSpec::new("SupplierId", FieldKind::Text),
            FieldSpec::new("Name", FieldKind::Text),
            FieldSpec::new("ModifiedDate", FieldKind::Timestamp),
        ],
        ..supplier::settings()
    }
}

fn source(fake: &Arc<FakeIfs>, page_size: u32) -> IfsSource {
    let tenant = IfsSettings::new("https://acme.example".parse().unwrap());
    IfsSource::new(fake.clone(), fake.clone(), &tenant, settings(page_size)).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn fake(world: World) -> Arc<FakeIfs> {
    Arc::new(FakeIfs(world.into()))
}

/// What was read so far, deduplicated by version as the engine does.
#[derive(Default)]
struct Replica {
    rows: BTreeMap<Key, (Version, u32)>,
    cursor: Option<Cursor>,
    hwm: Option<jiff::Timestamp>,
    pulls: usize,
}

impl Replica {
    /// Takes a page; returns how many rows were new.
    fn take(&mut self, page: Page) -> Result<usize, String> {
        let mut fresh = 0;
        for observation in page.observations {
            let Observation::Change(Change::Put(record)) = observation else {
                return Err(format!("not a record: {observation:?}"));
            };
            let Some(Value::Text(name)) = record.fields.get("Name") else { return Err("no name".into()) };
            let edit: u32 = name.trim_start_matches("edit ").parse().unwrap();
            let known = self.rows.insert(record.key.clone(), (record.version.clone(), edit));
            match known {
                Some((version, _)) if version == record.version => {}
                // X3
                Some((_, older)) if older > edit => return Err(format!("{} went back", record.key)),
                _ => fresh += 1,
            }
        }
        self.cursor = Some(page.cursor);
        Ok(fresh)
    }

    /// Reads until there is no more; every `crash`-th page is lost before it is kept (X5).
    fn run(&mut self, source: &IfsSource, fake: &FakeIfs, crash: usize) -> Result<usize, String> {
        let mut fresh = 0;
        // X7: pages, repeated ones included, are far fewer than this.
        for _ in 0..20_000 {
            let page = block_on(source.pull(self.cursor.as_ref())).map_err(|error| error.to_string())?;
            self.pulls += 1;
            if crash > 0 && self.pulls.is_multiple_of(crash) {
                continue;
            }
            let more = page.more;
            fresh += self.take(page)?;
            self.check_mark(fake)?;
            if !more {
                return Ok(fresh);
            }
        }
        Err("X7: a run does not end".into())
    }

    /// X4: the high-water mark never moves back, and never passes the server's clock less the lag.
    fn check_mark(&mut self, fake: &FakeIfs) -> Result<(), String> {
        let state: State = serde_json::from_str(&self.cursor.as_ref().unwrap().0).unwrap();
        let Walk::Resting { hwm } = state.walk else { return Ok(()) };
        let limit = jiff::Timestamp::from_second(BASE + fake.0.lock().unwrap().now - 2).unwrap();
        if hwm < self.hwm || hwm.is_some_and(|hwm| hwm > limit) {
            return Err(format!("X4: the mark moved from {:?} to {hwm:?}", self.hwm));
        }
        self.hwm = hwm;
        Ok(())
    }

    fn compare(&self, fake: &FakeIfs) -> Result<(), String> {
        for (key, row) in &fake.0.lock().unwrap().rows {
            match self.rows.get(key.as_str()) {
                Some((_, edit)) if *edit == row.edit => {}
                other => return Err(format!("{key} has edit {}, the replica {other:?}", row.edit)),
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone)]
struct Scenario {
    initial: usize,
    /// Key, pause since the edit before, how late it is seen.
    edits: Vec<(u8, u8, u8)>,
    page: u32,
    cap: Option<usize>,
    empty_first: bool,
    tick: i64,
    gap: i64,
    crash: usize,
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let edit = (0_u8..30, prop_oneof![3 => Just(0_u8), 1 => 0_u8..40], prop_oneof![Just(0), 0_u8..=120]);
    let page = prop_oneof![1_u32..8, Just(5000)];
    let cap = proptest::option::of(1_usize..6);
    let shape = (0_usize..25, proptest::collection::vec(edit, 0..60), page, cap, any::<bool>());
    (shape, (0_i64..4, 1_i64..90, prop_oneof![Just(0), 2_usize..6])).prop_map(
        |((initial, edits, page, cap, empty_first), (tick, gap, crash))| Scenario {
            initial,
            edits,
            page,
            cap,
            empty_first,
            tick,
            gap,
            crash,
        },
    )
}

fn world(scenario: &Scenario) -> World {
    let mut world = World { now: 1_000, tick: scenario.tick, ..World::default() };
    world.quirks.cap = scenario.cap;
    world.quirks.empty_first = scenario.empty_first;
    for n in 0..scenario.initial {
        // Rows of one time, rows without one, and quotes in keys.
        world.put(&format!("K'{n:02}"), if n % 7 == 6 { None } else { Some(500) });
    }
    let mut at = 1_000;
    let mut free: BTreeMap<String, i64> = BTreeMap::new();
    for (key, pause, late) in &scenario.edits {
        let key = format!("K'{key:02}");
        at += i64::from(*pause);
        // A transaction holds its row: the next one on it begins when it is seen.
        let begins = free.get(&key).map_or(at, |free| at.max(*free));
        let visible = begins + i64::from(*late);
        free.insert(key.clone(), visible);
        world.coming.push(Edit { key, at: Some(begins), visible });
    }
    world
}

/// X1, X3, X4, X5, X6, X7, X11, X12: whatever the lateness up to W, the pages, the cuts, the pauses
/// and the crashes, two polls after the source rests the replica equals it, and a third finds nothing.
fn holds(scenario: &Scenario, variant: Variant) -> Result<(), String> {
    let fake = fake(world(scenario));
    let source = source(&fake, scenario.page).broken(variant);
    let mut replica = Replica::default();
    for _ in 0..1_000 {
        replica.run(&source, &fake, scenario.crash)?;
        if fake.0.lock().unwrap().coming.is_empty() {
            break;
        }
        fake.0.lock().unwrap().pass(scenario.gap);
    }
    for _ in 0..2 {
        fake.0.lock().unwrap().pass(30);
        replica.run(&source, &fake, scenario.crash)?;
    }
    replica.compare(&fake)?;
    fake.0.lock().unwrap().pass(30);
    match replica.run(&source, &fake, 0)? {
        0 => Ok(()),
        fresh => Err(format!("X6: a poll of a resting source found {fresh} rows")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_replica_becomes_the_source(scenario in scenario()) {
        holds(&scenario, Variant::Okd).map_err(TestCaseError::fail)?;
    }

    /// X11: rows of one time, more than any page.
    #[test]
    fn ties_of_any_number_arrive(page in 1_u32..20, factor in 1_usize..40) {
        let ties = (page as usize * factor / 10).max(1);
        let scenario = Scenario {
            initial: 3, edits: vec![], page, cap: None, empty_first: false, tick: 0, gap: 1, crash: 0,
        };
        let mut world = world(&scenario);
        world.coming = (0..ties).map(|n| Edit { key: format!("T{n:04}"), at: Some(1_100), visible: 1_100 }).collect();
        let fake = fake(world);
        let source = source(&fake, page);
        let mut replica = Replica::default();
        replica.run(&source, &fake, 0).map_err(TestCaseError::fail)?;
        fake.0.lock().unwrap().pass(200);
        let fresh = replica.run(&source, &fake, 0).map_err(TestCaseError::fail)?;
        prop_assert_eq!(fresh, ties);
    }
}

/// How many of 300 scenarios a variant survives.
fn survived(variant: Variant) -> usize {
    let mut runner = TestRunner::deterministic();
    let strategy = scenario();
    (0..300)
        .filter(|_| {
            let scenario = strategy.new_tree(&mut runner).unwrap().current();
            holds(&scenario, variant).is_ok()
        })
        .count()
}

#[test]
fn broken_variants_are_found() {
    assert_eq!(survived(Variant::Okd), 300);
    for variant in [Variant::TimeOnly, Variant::NoOverlap] {
        let survived = survived(variant);
        assert!(survived < 290, "{variant:?} survived {survived} of 300");
    }
}

/// On an idle stream even a commit far beyond W is found, because the mark stays at the newest row.
fn idle_stream(variant: Variant) -> Result<(), String> {
    let mut world = World { now: 1_000, ..World::default() };
    world.put("A", Some(500));
    world.coming.push(Edit { key: "B".into(), at: Some(1_500), visible: 1_500 + 20 * W });
    let fake = fake(world);
    let source = source(&fake, 10).broken(variant);
    let mut replica = Replica::default();
    for _ in 0..50 {
        replica.run(&source, &fake, 0)?;
        fake.0.lock().unwrap().pass(100);
    }
    replica.compare(&fake)
}

#[test]
fn a_mark_beyond_the_newest_row_loses_late_commits() {
    assert_eq!(idle_stream(Variant::Okd), Ok(()));
    assert!(idle_stream(Variant::PastSeen).is_err());
}

/// A row from the future must not carry the mark away with it.
fn future_row(variant: Variant) -> Result<(), String> {
    let mut world = World { now: 1_000, ..World::default() };
    world.put("A", Some(500));
    world.coming.push(Edit { key: "F".into(), at: Some(9_000), visible: 1_100 });
    world.coming.push(Edit { key: "A".into(), at: Some(2_000), visible: 2_000 });
    let fake = fake(world);
    let source = source(&fake, 10).broken(variant);
    let mut replica = Replica::default();
    for _ in 0..100 {
        replica.run(&source, &fake, 0)?;
        fake.0.lock().unwrap().pass(100);
    }
    replica.compare(&fake)
}

#[test]
fn rows_of_the_future_wait_for_their_time() {
    assert_eq!(future_row(Variant::Okd), Ok(()));
    assert!(future_row(Variant::NoUpperBound).is_err());
}

/// A server that cuts pages and does not say so.
fn silent_cap(variant: Variant) -> Result<(), String> {
    let mut world = World { now: 1_000, ..World::default() };
    world.quirks = Quirks { cap: Some(150), silent: true, ..Quirks::default() };
    for n in 0..200 {
        world.put(&format!("A{n:04}"), Some(500));
        world.coming.push(Edit { key: format!("B{n:04}"), at: Some(1_100), visible: 1_100 });
        world.coming.push(Edit { key: format!("C{n:04}"), at: Some(1_100), visible: 1_100 });
    }
    let fake = fake(world);
    let source = source(&fake, 5_000).broken(variant);
    let mut replica = Replica::default();
    for _ in 0..4 {
        replica.run(&source, &fake, 0)?;
        fake.0.lock().unwrap().pass(300);
    }
    replica.compare(&fake)
}

#[test]
fn pages_that_are_cut_silently_lose_nothing() {
    assert_eq!(silent_cap(Variant::Okd), Ok(()));
    assert!(silent_cap(Variant::ShortIsLast).is_err());
}

/// Two hundred rows, all read once; then the server gets `quirks`.
fn after_reading(page_size: u32, quirks: Quirks) -> (Arc<FakeIfs>, IfsSource, Replica) {
    let mut world = World { now: 1_000, ..World::default() };
    for n in 0..200 {
        world.put(&format!("A{n:04}"), Some(n));
    }
    let fake = fake(world);
    let source = source(&fake, page_size);
    let mut replica = Replica::default();
    replica.run(&source, &fake, 0).unwrap();
    replica.compare(&fake).unwrap();
    {
        let mut world = fake.0.lock().unwrap();
        world.pass(500);
        for n in 0..200 {
            let key = format!("A{n:04}");
            world.put(&key, Some(1_000 + n % 3));
        }
        world.quirks = quirks;
    }
    (fake, source, replica)
}

fn failure(result: Result<Page, SourceError>) -> (FaultClass, String, String) {
    match result {
        Err(SourceError::Failed { fault, operation }) => (
            fault.class,
            fault.code,
            format!("{operation}: {} {}", fault.message, fault.hint.unwrap_or_default()),
        ),
        other => panic!("a failure, not {other:?}"),
    }
}

fn last_failure(source: &IfsSource, replica: &mut Replica) -> String {
    for _ in 0..100 {
        match block_on(source.pull(replica.cursor.as_ref())) {
            Ok(page) if page.more => {
                replica.take(page).unwrap();
            }
            Ok(_) => panic!("a failure, not an end"),
            failed => return failure(failed).1,
        }
    }
    panic!("it does not end");
}

#[test]
fn servers_that_ignore_what_is_asked_are_stopped() {
    for (quirks, code) in [
        (Quirks { ignores_filter: true, ..Quirks::default() }, "FILTER_IGNORED"),
        (Quirks { ignores_order: true, ..Quirks::default() }, "ORDER_IGNORED"),
        (Quirks { ignores_keys: true, ..Quirks::default() }, "PAGING_NO_PROGRESS"),
    ] {
        let (fake, source, mut replica) = after_reading(50, Quirks::default());
        if code == "FILTER_IGNORED" {
            fake.0.lock().unwrap().put("OLD", Some(-5_000));
        }
        fake.0.lock().unwrap().quirks = quirks;
        assert_eq!(last_failure(&source, &mut replica), code);
    }
}

#[test]
fn a_server_that_runs_out_of_time_is_asked_for_less() {
    let quirks = Quirks { slow_above: Some(60), ..Quirks::default() };
    let (fake, source, mut replica) = after_reading(5_000, quirks);
    replica.run(&source, &fake, 0).unwrap();
    replica.compare(&fake).unwrap();
    let (_, source, replica) = after_reading(100, Quirks { slow_above: Some(1), ..Quirks::default() });
    let (class, code, _) = failure(block_on(source.pull(replica.cursor.as_ref())));
    assert_eq!((class, code.as_str()), (FaultClass::Transient, "ODP_OPERATION_TIMEOUT"));
}

#[test]
fn a_server_that_cannot_count_is_read_all_the_same() {
    let mut world = World { now: 1_000, ..World::default() };
    world.quirks.cannot_count = true;
    world.put("A", Some(1));
    let fake = fake(world);
    let source = source(&fake, 10);
    let mut replica = Replica::default();
    replica.run(&source, &fake, 0).unwrap();
    replica.compare(&fake).unwrap();
}

#[test]
fn totals_are_told_on_every_page_of_the_first_walk() {
    let mut world = World { now: 1_000, ..World::default() };
    for n in 0..5 {
        world.put(&format!("A{n}"), Some(1));
    }
    let fake = fake(world);
    let source = source(&fake, 2);
    let first = block_on(source.pull(None)).unwrap();
    let second = block_on(source.pull(Some(&first.cursor))).unwrap();
    assert_eq!((first.total, second.total, first.more), (Some(5), Some(5), true));
    let asked = fake.0.lock().unwrap().asked.clone();
    assert!(asked[0].contains("$count=true") && !asked[1].contains("$count"));
    assert!(asked[1].contains("$filter=(SupplierId%20gt%20%27A1%27)"), "{}", asked[1]);
    assert!(asked.iter().all(|url| !url.contains("$skip=") && !url.contains('+')));
}

/// X10: none of these is ever taken for a missing row.
#[test]
fn refusals_are_failures_with_a_way_out() {
    let (fake, source, replica) = after_reading(50, Quirks::default());
    let json = "application/json";
    let cases = [
        (401, json, "{}", FaultClass::Auth, "HTTP_401"),
        (403, json, "{}", FaultClass::Access, "HTTP_403"),
        (
            404,
            json,
            r#"{"error":{"code":"ODP_RESOURCE_NOTFOUND","message":"x"}}"#,
            FaultClass::Access,
            "ODP_RESOURCE_NOTFOUND",
        ),
        (501, json, "{}", FaultClass::Access, "HTTP_501"),
        (503, "text/html", "<html>", FaultClass::Transient, "HTTP_503"),
        (200, "text/html", "<html>sign in", FaultClass::Protocol, "MALFORMED_PAGE"),
        (200, json, "{}", FaultClass::Protocol, "MALFORMED_PAGE"),
        (200, json, r#"{"value":[{"SupplierId":"A""#, FaultClass::Protocol, "MALFORMED_PAGE"),
        (200, json, r#"{"error":{"code":"X","message":"x"}}"#, FaultClass::Transient, "X"),
        (
            200,
            json,
            r#"{"value":[],"@odata.nextLink":"https://evil.example/"}"#,
            FaultClass::Protocol,
            "ORIGIN_VIOLATION",
        ),
    ];
    for (status, kind, body, class, code) in cases {
        fake.0.lock().unwrap().answers.push_back((status, kind, body.into()));
        let found = failure(block_on(source.pull(replica.cursor.as_ref())));
        assert_eq!((found.0, found.1.as_str()), (class, code), "{found:?}");
        assert!(found.2.contains("page 1 of changes"), "{found:?}");
        if status == 404 {
            assert!(found.2.contains("SupplierSet, Other"), "{found:?}");
        }
        fake.0.lock().unwrap().answers.push_back((status, kind, body.into()));
        assert!(block_on(source.fetch(&[Key::from("A0001")])).is_err());
    }
}

#[test]
fn the_date_header_must_have_come_once() {
    let (fake, source, mut replica) = after_reading(50, Quirks { no_date: true, ..Quirks::default() });
    replica.run(&source, &fake, 0).unwrap();
    replica.compare(&fake).unwrap();
    let tenant = IfsSettings::new("https://acme.example".parse().unwrap());
    let new = IfsSource::new(fake.clone(), fake.clone(), &tenant, settings(50)).unwrap();
    assert_eq!(failure(block_on(new.pull(None))).1, "NO_SERVER_CLOCK");
}

#[test]
fn a_field_that_vanishes_stops_the_walk_and_is_never_null() {
    let (_, source, replica) = after_reading(50, Quirks { hides: Some("Name"), ..Quirks::default() });
    let (class, code, _) = failure(block_on(source.pull(replica.cursor.as_ref())));
    assert_eq!((class, code.as_str()), (FaultClass::Access, "FIELD_MISSING"));
}

#[test]
fn a_restored_database_is_noticed() {
    let (fake, source, mut replica) = after_reading(50, Quirks::default());
    replica.run(&source, &fake, 0).unwrap();
    let world = World { now: 0, ..World::default() };
    *fake.0.lock().unwrap() = world;
    assert_eq!(failure(block_on(source.pull(replica.cursor.as_ref()))).1, "SERVER_CLOCK_WENT_BACK");
}

#[test]
fn rows_that_cannot_be_read_do_not_stop_the_others() {
    let (fake, source, replica) = after_reading(50, Quirks::default());
    let body = r#"{"value":[
        {"SupplierId":"A1","Name":"\ud800","ModifiedDate":"2026-03-01T00:16:40Z"},
        {"SupplierId":"A2","Name":"edit 2","ModifiedDate":"2026-03-01T00:16:60Z"},
        {"SupplierId":null,"Name":"edit 2","ModifiedDate":"2026-03-01T00:16:40Z"},
        7,
        {"SupplierId":"A3","Name":" ","ModifiedDate":"2026-03-01T00:16:41Z"}]}"#;
    fake.0.lock().unwrap().answers.push_back((200, "application/json", body.into()));
    let page = block_on(source.pull(replica.cursor.as_ref())).unwrap();
    let told: Vec<(String, String)> = page
        .observations
        .iter()
        .map(|observation| match observation {
            Observation::Change(change) => (change.key().to_string(), "read".into()),
            Observation::Unreadable(row) => {
                assert_eq!((row.fault.class, row.fault.code.as_str()), (FaultClass::Data, "UNREADABLE_ROW"));
                (row.key.to_string(), row.fault.fields[0].to_string())
            }
        })
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(key, what)| (key.as_str(), what.as_str())).collect();
    assert_eq!(
        told,
        [
            ("A1", "Name"),
            ("A2", "ModifiedDate"),
            ("page row 3", "SupplierId"),
            ("page row 4", "*"),
            ("A3", "read")
        ]
    );
    let Observation::Change(Change::Put(record)) = &page.observations[4] else { panic!("a record") };
    assert_eq!(record.fields.get("Name"), Some(&Value::Null), "blanks are null");
}

#[test]
fn single_rows_come_in_the_order_of_their_keys() {
    let (fake, source, _) = after_reading(50, Quirks { cap: Some(7), ..Quirks::default() });
    let keys: Vec<Key> = ["A0007", "none", "A0001", "A0007", "x') or (1 eq 1"].map(Key::from).to_vec();
    let found = block_on(source.fetch(&keys)).unwrap();
    let names: Vec<Option<&str>> = found
        .iter()
        .map(|row| match row {
            Some(Observation::Change(change)) => Some(change.key().as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names, [Some("A0007"), None, Some("A0001"), Some("A0007"), None]);
    assert!(fake.0.lock().unwrap().asked.iter().all(|url| url.len() < 2_500));
}

fn probe(fake: &Arc<FakeIfs>) -> Vec<(String, Health)> {
    let tenant = IfsSettings::new("https://acme.example".parse().unwrap());
    let probe = IfsProbe::new(fake.clone(), fake.clone(), &tenant, settings(50)).unwrap();
    let findings = block_on(probe.probe());
    for finding in &findings {
        assert!(finding.health == Health::Green || finding.fix.is_some(), "{finding:?}");
    }
    findings.into_iter().map(|finding| (finding.check, finding.health)).collect()
}

#[test]
fn the_probe_finds_what_is_wrong() {
    let (fake, ..) = after_reading(50, Quirks::default());
    let health = |findings: &[(String, Health)], check: &str| {
        findings.iter().find(|(name, _)| name == check).unwrap_or_else(|| panic!("{check} in {findings:?}")).1
    };
    let well = probe(&fake);
    assert_eq!(well.len(), 7, "{well:?}");
    for (check, found) in &well {
        // The fake's clock is two hours ahead of ours.
        assert_eq!(*found, if check == "clocks" { Health::Yellow } else { Health::Green }, "{check}");
    }
    fake.0.lock().unwrap().quirks =
        Quirks { ignores_filter: true, cap: Some(9), no_date: true, ..Quirks::default() };
    let ill = probe(&fake);
    for (check, expected) in
        [("modified attribute", Health::Red), ("page size", Health::Yellow), ("clocks", Health::Red)]
    {
        assert_eq!(health(&ill, check), expected, "{check}");
    }
    fake.0.lock().unwrap().answers.push_back((401, "application/json", "{}".into()));
    assert_eq!(probe(&fake), [("token and service".to_owned(), Health::Red)]);
}
