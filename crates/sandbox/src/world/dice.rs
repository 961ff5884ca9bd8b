//! Chance for invented data: the same for the same seed and row.

use wire::{Entropy, SeededEntropy};

/// 2019-01-01T00:00:00Z: the oldest modification.
const OLDEST: i64 = 1_546_300_800;
/// Modifications spread over five years from there.
const SPREAD: u64 = 5 * 365 * 86_400;
/// A nightly import gave every third row this one stamp: 2022-06-30T23:30:00Z.
pub(super) const IMPORT: i64 = 1_656_631_800;

/// What one row is made from.
pub(super) struct Dice(SeededEntropy);

impl Dice {
    /// The dice of row `number`.
    pub(super) fn of(seed: u64, number: usize) -> Self {
        Self(SeededEntropy::new(seed ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    pub(super) fn below(&self, bound: u64) -> u64 {
        self.0.next_u64() % bound.max(1)
    }

    pub(super) fn pick<T: Copy>(&self, items: &[T], default: T) -> T {
        let place = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        items.get(place).copied().unwrap_or(default)
    }

    pub(super) fn one_in(&self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    pub(super) fn sometimes(&self, odds: u64, text: String) -> Option<String> {
        if self.one_in(odds) { None } else { Some(text) }
    }

    /// A day within so many years.
    pub(super) fn date(&self, year: u64, years: u64) -> String {
        format!("{:04}-{:02}-{:02}", year + self.below(years), 1 + self.below(12), 1 + self.below(28))
    }

    /// A second of modification; every third row was imported in one night.
    pub(super) fn modified(&self) -> i64 {
        match self.below(3) {
            0 => IMPORT,
            _ => OLDEST + i64::try_from(self.below(SPREAD)).unwrap_or(0),
        }
    }
}
