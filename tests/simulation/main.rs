//! The whole loop under virtual time, from a seed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use ml_connector_tests::simulation::{Variant, simulate};

/// Seeds of the gate. `cargo run -p ml-connector-tests --bin simulate -- --seeds N` runs more.
const SEEDS: u64 = 500;
/// A broken variant must be found out within so many seeds.
const PATIENCE: u64 = 400;

/// Calls `each` for every number below `count`, on two threads.
fn spread(count: u64, each: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    each(number);
                }
            });
        }
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
    let count = Variant::BROKEN.len() as u64;
    spread(count, |number| {
        let variant = Variant::BROKEN[usize::try_from(number).expect("few variants")];
        let found = (0..PATIENCE).any(|seed| !simulate(seed, variant).findings.is_empty());
        assert!(found, "{variant:?} was not found out within {PATIENCE} seeds");
    });
}
