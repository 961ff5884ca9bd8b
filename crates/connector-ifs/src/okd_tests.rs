//! The invariants of the walk, against a fake server and against broken variants of itself.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::IfsSource;
use crate::entity_settings::{EntitySettings, Precision};
use crate::fake_ifs::{Edit, FakeIfs, Quirks, World};
use crate::replica::{Replica, W, fake, settings, source, source_of};
use crate::walk::Variant;

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
    becomes_equal(&fake, &source, scenario)
}

fn becomes_equal(fake: &FakeIfs, source: &IfsSource, scenario: &Scenario) -> Result<(), String> {
    let mut replica = Replica::default();
    for _ in 0..1_000 {
        replica.run(source, fake, scenario.crash)?;
        if fake.0.lock().unwrap().coming.is_empty() {
            break;
        }
        fake.0.lock().unwrap().pass(scenario.gap);
    }
    for _ in 0..2 {
        fake.0.lock().unwrap().pass(30);
        replica.run(source, fake, scenario.crash)?;
    }
    replica.compare(fake)?;
    fake.0.lock().unwrap().pass(30);
    match replica.run(source, fake, 0)? {
        0 => Ok(()),
        fresh => Err(format!("X6: a poll of a resting source found {fresh} rows")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn x1_x3_x4_x5_x6_x7_x12_the_replica_becomes_the_source(scenario in scenario()) {
        holds(&scenario, Variant::Okd).map_err(TestCaseError::fail)?;
    }

    /// X11: rows of one time, more than any page.
    #[test]
    fn x11_ties_of_any_number_arrive(page in 1_u32..20, factor in 1_usize..40) {
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

/// How many of so many scenarios end well.
fn survived(of: usize, ends: impl Fn(&Scenario) -> Result<(), String>) -> usize {
    let mut runner = TestRunner::deterministic();
    let strategy = scenario();
    (0..of).filter(|_| ends(&strategy.new_tree(&mut runner).unwrap().current()).is_ok()).count()
}

/// F48: the server shows finer times than it compares.
fn truncating(scenario: &Scenario, precision: Precision) -> Result<(), String> {
    let mut world = world(scenario);
    world.quirks.truncates = true;
    let fake = fake(world);
    let source = source_of(&fake, EntitySettings { precision, ..settings(scenario.page) });
    becomes_equal(&fake, &source, scenario)
}

#[test]
fn f48_a_server_that_compares_truncated_times_loses_nothing_in_its_precision() {
    assert_eq!(survived(100, |scenario| truncating(scenario, Precision::Second)), 100);
    let believed = survived(100, |scenario| truncating(scenario, Precision::Exact));
    assert!(believed < 95, "who believes what it shows survived {believed} of 100");
}

#[test]
fn broken_variants_are_found() {
    assert_eq!(survived(300, |scenario| holds(scenario, Variant::Okd)), 300);
    for variant in [Variant::TimeOnly, Variant::NoOverlap] {
        let survived = survived(300, |scenario| holds(scenario, variant));
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
