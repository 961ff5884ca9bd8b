//! The ways in which others keep two systems in step, and this one, over the same seeds.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::checker::Kind;
use super::scenario::simulate_with;
use super::side::Validator;
use super::variant::Variant;
use super::world::Options;

/// One way to keep two systems in step.
#[derive(Debug, Clone, Copy)]
pub struct Strategy {
    /// What it is called.
    pub name: &'static str,
    /// The engine that does so.
    pub variant: Variant,
    /// How the second system tells a row from its former self; `None`: it differs from seed to seed.
    pub validator: Option<Validator>,
}

/// The strategies of other products, and this one.
pub const STRATEGIES: [Strategy; 6] = [
    Strategy { name: "last writer wins per record", variant: Variant::LastWriter, validator: None },
    Strategy { name: "bases and owners, blind writes", variant: Variant::Blind, validator: None },
    Strategy { name: "ETag, no intents", variant: Variant::NoIntents, validator: Some(Validator::Strong) },
    Strategy {
        name: "intents, a date used naively",
        variant: Variant::NaiveDate,
        validator: Some(Validator::Second),
    },
    Strategy { name: "this product, dates", variant: Variant::None, validator: Some(Validator::Second) },
    Strategy { name: "this product, ETag", variant: Variant::None, validator: Some(Validator::Strong) },
];

/// In how many seeds something went wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// Seeds with duplicates.
    pub doubled: u64,
    /// Seeds in which an edit was lost and nobody was told.
    pub lost: u64,
}

/// What a strategy loses in these seeds, on two threads; without faults and crashes if `calm`.
pub fn losses(strategy: &Strategy, seeds: Range<u64>, calm: bool) -> Losses {
    let (next, doubled, lost) = (AtomicU64::new(seeds.start), AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let mut options = Options { deletes: false, ..Options::of(seed) };
            options.validator = strategy.validator.unwrap_or(options.validator);
            if calm {
                (options.faults, options.crashes) = (0, 0);
            }
            let found = simulate_with(options, strategy.variant).findings;
            let has = |kind: Kind| u64::from(found.iter().any(|one| one.kind == kind));
            doubled.fetch_add(has(Kind::Duplicate), Ordering::Relaxed);
            lost.fetch_add(has(Kind::Lost), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    Losses { doubled: doubled.into_inner(), lost: lost.into_inner() }
}
