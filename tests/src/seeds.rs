//! Many seeds: side by side until one fails, or one after the other until one finds something.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Calls `holds` for the seeds of `range` on `jobs` threads until one does not hold; whether all do.
pub fn all_hold(range: Range<u64>, jobs: u64, holds: impl Fn(u64) -> bool + Sync) -> bool {
    let (next, failed) = (AtomicU64::new(range.start), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= range.end {
                        return;
                    }
                    if !holds(seed) {
                        failed.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    !failed.into_inner()
}

/// Says of each variant which of the first `seeds` finds it out, and how; whether all are found out.
pub fn find_out<V: Copy + Debug>(
    variants: &[V],
    seeds: u64,
    finding: impl Fn(u64, V) -> Option<String>,
) -> bool {
    let mut all = true;
    for &variant in variants {
        if let Some((seed, found)) = (0..seeds).find_map(|seed| Some((seed, finding(seed, variant)?))) {
            println!("{variant:?}: found out by seed {seed}: {found}");
        } else {
            all = false;
            println!("{variant:?}: NOT found out within {seeds} seeds");
        }
    }
    all
}

/// Adds counts by name to other ones.
pub fn add_up(sums: &mut BTreeMap<&'static str, u64>, more: &BTreeMap<&'static str, u64>) {
    for (name, count) in more {
        *sums.entry(name).or_default() += count;
    }
}
