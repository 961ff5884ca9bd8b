//! The whole loop under virtual time, from a seed.

use std::fmt::Debug;

use ml_connector_tests::seeds;
use ml_connector_tests::simulation::{Variant, mission, simulate};
use ml_connector_tests::two_way;

/// Seeds of the gate. `cargo run -p ml-connector-tests --bin simulate -- --seeds N` runs more.
const SEEDS: u64 = 500;
/// A broken variant must be found out within so many seeds.
const PATIENCE: u64 = 400;

/// Calls `each` for every number below `count`, on two threads.
fn spread(count: u64, each: impl Fn(u64) + Sync) {
    seeds::all_hold(0..count, 2, |number| {
        each(number);
        true
    });
}

/// Each variant is found out by one of the first seeds.
fn all_found_out<V: Copy + Debug + Sync>(variants: &[V], finds: impl Fn(u64, V) -> bool + Sync) {
    spread(variants.len() as u64, |number| {
        let variant = variants[usize::try_from(number).expect("few variants")];
        assert!(
            (0..PATIENCE).any(|seed| finds(seed, variant)),
            "{variant:?} was not found out within {PATIENCE} seeds"
        );
    });
}

#[test]
fn every_seed_ends_well() {
    spread(SEEDS, |seed| {
        let outcome = simulate(seed, Variant::None);
        assert!(outcome.findings.is_empty(), "seed {seed}: {:#?}", outcome.findings);
    });
}

#[test]
fn the_same_seed_tells_the_same_story() {
    spread(10, |seed| {
        let (first, second) = (simulate(seed * 31, Variant::None), simulate(seed * 31, Variant::None));
        assert_eq!(first.trace, second.trace, "seed {}", seed * 31);
    });
    assert_ne!(simulate(1, Variant::None).trace, simulate(2, Variant::None).trace);
}

#[test]
fn every_broken_variant_is_found_out() {
    all_found_out(&Variant::BROKEN, |seed, variant| !simulate(seed, variant).findings.is_empty());
}

/// Two-way seeds of the gate. `cargo run -p ml-connector-tests --bin two_way -- --seeds N` runs more.
const PAIR_SEEDS: u64 = 1_000;

#[test]
fn every_pair_comes_to_rest_and_nothing_is_lost() {
    spread(PAIR_SEEDS, |seed| {
        let outcome = two_way::simulate(seed, two_way::Variant::None);
        assert!(outcome.findings.is_empty(), "seed {seed}: {:#?}", outcome.findings);
    });
}

#[test]
fn the_same_pair_tells_the_same_story() {
    spread(10, |seed| {
        let tell = || two_way::simulate(seed * 37, two_way::Variant::None).trace;
        assert_eq!(tell(), tell(), "seed {}", seed * 37);
    });
}

#[test]
fn every_broken_pair_is_found_out() {
    all_found_out(&two_way::Variant::BROKEN, |seed, variant| {
        !two_way::simulate(seed, variant).findings.is_empty()
    });
}

/// Seeds of the table of strategies. `cargo run -p ml-connector-tests --bin two_way -- --table` runs more.
const TABLE_SEEDS: u64 = 30;

#[test]
fn other_ways_lose_edits_and_this_one_does_not() {
    let none = two_way::Losses::default();
    for strategy in two_way::STRATEGIES {
        if strategy.variant == two_way::Variant::None {
            let lost = [false, true].map(|calm| two_way::losses(&strategy, 0..TABLE_SEEDS, calm));
            assert_eq!(lost, [none; 2], "{}", strategy.name);
            continue;
        }
        let parts = (0..PATIENCE / TABLE_SEEDS).map(|part| part * TABLE_SEEDS..(part + 1) * TABLE_SEEDS);
        let loses = parts.into_iter().any(|part| two_way::losses(&strategy, part, false) != none);
        assert!(loses, "{} loses nothing in {PATIENCE} seeds", strategy.name);
    }
}

/// Pairs of the gate. `cargo run -p ml-connector-tests --bin unchanged` takes 100,000.
const PAIRS: u64 = 300;

#[test]
fn unchanged_pairs_cost_no_write_either_way() {
    let runs = two_way::unchanged(two_way::Options::at_rest(PAIRS));
    let (first, later): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.first);
    assert_eq!(first.iter().map(|run| run.report.created).sum::<u64>(), PAIRS, "they are pairs");
    assert_eq!(later.len(), 4, "both ways, what changed and everything");
    for run in later {
        let handled = run.report.equal + run.report.unchanged;
        assert_eq!((run.report.written(), run.effects), (0, 0), "{}", run.what);
        assert!(run.report.read == 0 || handled == run.report.read, "{}: {:?}", run.what, run.report);
        assert!(run.calls <= 2 + PAIRS / 20, "{}: {} calls", run.what, run.calls);
    }
}

/// Seeds of the gate with all flows of the mission. `simulate --world mission --seeds N` runs more.
const MISSION_SEEDS: u64 = 400;
/// Every so many points of the first load a process is killed; `simulate --every-point` takes each.
const STRIDE: u64 = 97;

#[test]
fn every_mission_ends_well() {
    spread(MISSION_SEEDS, |seed| {
        let outcome = mission::simulate(seed, Variant::None);
        assert!(outcome.findings.is_empty(), "seed {seed}: {:#?}", outcome.findings);
    });
}

#[test]
fn the_same_mission_tells_the_same_story() {
    spread(2, |seed| {
        let tell = || mission::simulate(seed * 41, Variant::None).trace;
        assert_eq!(tell(), tell(), "seed {}", seed * 41);
    });
}

#[test]
fn a_mission_ends_the_same_in_any_order_killed_anywhere_and_with_two_workers() {
    spread(3, |number| {
        if number == 0 {
            let points = mission::twins::b12_idempotent_restart(7, STRIDE);
            assert!(points.killed > 10 && points.findings.is_empty(), "{points:#?}");
            return;
        }
        let mut findings = mission::twins::b11_order_independence(number);
        findings.extend(mission::twins::b13_two_workers(number));
        assert!(findings.is_empty(), "seed {number}: {findings:#?}");
    });
}

#[test]
fn every_broken_mission_is_found_out() {
    all_found_out(&Variant::OF_THE_MISSION, |seed, variant| {
        !mission::simulate(seed, variant).findings.is_empty()
    });
}
