//! Which way records are written, and what it costs: decided before anything is sent.
//!
//! A pure function of how many there are and whose fields they have. The figures behind it: a
//! composite call of five collections writes 1,000 records, a graph call 500 parts of 75 graphs, and
//! a Bulk 2.0 job pays about eight calls whatever it holds (REST API and Bulk API 2.0 Developer
//! Guides, limits); Salesforce advises Bulk from 2,000 records on.

use crate::graph::{MAX_GRAPHS, MAX_NODES};
use crate::pack_size::MAX_PACKED;
use crate::packed_lookup::MAX_LOOKED_UP;
use crate::reserve::{Reserve, ReserveReached};
use crate::{PackSize, Usage};

/// Calls of one Bulk job: create, upload, close, about three polls, and two lists of results.
pub const BULK_JOB_CALLS: u64 = 8;
/// Records of one Bulk job at most: with 500 bytes a row they stay below the 100 MB that an upload
/// may have before its encoding.
pub const BULK_JOB_RECORDS: u64 = 200_000;
/// Bulk jobs have a way of their own through the org's queues: below this they are not worth it.
pub const BULK_FROM: u64 = 2_000;

/// Whose fields a write touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Ours alone: an older value can only meet a newer one of ours.
    Ours,
    /// Others write them too: every change depends on what was read.
    Shared,
}

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Records on their own.
    Records {
        /// How many.
        count: u64,
        /// Whose fields they have.
        ownership: Ownership,
    },
    /// Records that stand or fall together, such as orders with their lines.
    Groups {
        /// How many groups.
        count: u64,
        /// The parts of the largest one.
        largest: u64,
        /// The parts of all.
        parts: u64,
    },
}

/// What the org and its owner allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// Whether the org takes part of its load through Bulk jobs: somebody who reads change events or
    /// has triggers that fear large batches may not want it.
    pub bulk: bool,
    /// From how many records on a Bulk job is made.
    pub bulk_from: u64,
    /// How many records the org takes in a packed call now.
    pub pack: PackSize,
}

impl Default for Allowed {
    fn default() -> Self {
        Self { bulk: true, bulk_from: BULK_FROM, pack: PackSize::default() }
    }
}

/// A way of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Nothing is to be written.
    Nothing,
    /// One conditional call a record: [`Client::create`](crate::Client::create) with a unique
    /// external id, [`Client::update`](crate::Client::update) with a condition.
    Single,
    /// One call of a collection: [`Client::upsert`](crate::Client::upsert).
    Collection,
    /// Collections packed into composite calls: [`Packer`](crate::Packer).
    Packed,
    /// Composite graphs: [`Client::graphs`](crate::Client::graphs).
    Graph,
    /// A group is too large for a graph: its records one after the other, parents first. Halves of
    /// it can be seen meanwhile.
    Sequence,
    /// Bulk 2.0 jobs.
    Bulk,
}

/// The way for `work`.
///
/// ```
/// use sfdc_client::lanes::{Allowed, Lane, Ownership, Work, choose};
/// let records = |count, ownership| Work::Records { count, ownership };
/// assert_eq!(choose(records(800, Ownership::Ours), &Allowed::default()), Lane::Packed);
/// assert_eq!(choose(records(800, Ownership::Shared), &Allowed::default()), Lane::Single);
/// assert_eq!(choose(records(100_000, Ownership::Ours), &Allowed::default()), Lane::Bulk);
/// ```
pub fn choose(work: Work, allowed: &Allowed) -> Lane {
    match work {
        Work::Records { count: 0, .. } | Work::Groups { count: 0, .. } => Lane::Nothing,
        // Neither collections nor Bulk know conditions: a human edit could be overwritten unseen.
        Work::Records { ownership: Ownership::Shared, .. } => Lane::Single,
        Work::Records { count, ownership: Ownership::Ours } => {
            if allowed.bulk && count >= allowed.bulk_from.max(1) {
                Lane::Bulk
            } else if count <= 200 {
                Lane::Collection
            } else {
                Lane::Packed
            }
        }
        Work::Groups { largest, .. } if largest > MAX_NODES as u64 => Lane::Sequence,
        Work::Groups { .. } => Lane::Graph,
    }
}

/// How many calls of the daily allowance `work` takes on `lane`, if nothing has to be repeated.
pub fn calls(work: Work, lane: Lane, allowed: &Allowed) -> u64 {
    let (count, parts) = match work {
        Work::Records { count, .. } => (count, count),
        Work::Groups { count, parts, .. } => (count, parts),
    };
    match lane {
        Lane::Nothing => 0,
        Lane::Single => count,
        Lane::Collection | Lane::Sequence => parts.div_ceil(200),
        Lane::Packed => packed(count, allowed.pack),
        Lane::Graph => count.div_ceil(MAX_GRAPHS as u64).max(parts.div_ceil(MAX_NODES as u64)),
        Lane::Bulk => count.div_ceil(BULK_JOB_RECORDS) * BULK_JOB_CALLS,
    }
}

/// How many calls it takes to look up so many keys: one where they fit into a URL, else packed.
pub fn look_up_calls(keys: u64) -> u64 {
    keys.div_ceil(MAX_LOOKED_UP as u64)
}

/// Calls of a packed load whose size grows while the org is quick.
fn packed(mut records: u64, mut size: PackSize) -> u64 {
    let mut calls = 0;
    while records > 0 && size.records() < MAX_PACKED {
        let sent = size.records() as u64;
        records = records.saturating_sub(sent);
        size.took(size.records(), std::time::Duration::ZERO);
        calls += 1;
    }
    calls + records.div_ceil(MAX_PACKED as u64)
}

/// Whether work of so many calls can begin without touching what is kept for others. What nobody has
/// told yet does not stop it.
pub fn affordable(calls: u64, usage: Option<Usage>, reserve: Reserve) -> Result<(), ReserveReached> {
    usage.map_or(Ok(()), |usage| reserve.allows(usage, calls))
}

/// How many calls may be open at the same time.
///
/// An org counts calls that run for 20 seconds or more: 25 in production and full sandboxes, 5 in
/// developer editions and trials, whoever makes them (Salesforce Developer Limits, "API Request
/// Limits"). Two fifths of it are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrgKind {
    /// Production, or a sandbox of it.
    Production,
    /// A developer edition or a trial.
    Developer,
}

impl OrgKind {
    /// The most long calls that the org allows to all together.
    pub const fn long_calls(self) -> usize {
        match self {
            Self::Production => 25,
            Self::Developer => 5,
        }
    }

    /// The most calls that we have open.
    pub const fn concurrency(self) -> usize {
        self.long_calls() * 2 / 5
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours(count: u64) -> Work {
        Work::Records { count, ownership: Ownership::Ours }
    }

    fn shared(count: u64) -> Work {
        Work::Records { count, ownership: Ownership::Shared }
    }

    fn groups(count: u64, largest: u64) -> Work {
        Work::Groups { count, largest, parts: count * largest }
    }

    fn cost(work: Work, allowed: &Allowed) -> (Lane, u64) {
        let lane = choose(work, allowed);
        (lane, calls(work, lane, allowed))
    }

    #[test]
    fn every_kind_of_work_has_its_lane_and_price() {
        let bulk = Allowed::default();
        let rest = Allowed { bulk: false, ..bulk };
        let mut grown = PackSize::default();
        while grown.records() < MAX_PACKED {
            grown.took(grown.records(), std::time::Duration::ZERO);
        }
        let warm = Allowed { pack: grown, ..rest };
        for (work, allowed, expected) in [
            (ours(0), bulk, (Lane::Nothing, 0)),
            (shared(0), bulk, (Lane::Nothing, 0)),
            (groups(0, 0), bulk, (Lane::Nothing, 0)),
            (ours(1), bulk, (Lane::Collection, 1)),
            (ours(200), bulk, (Lane::Collection, 1)),
            (ours(201), bulk, (Lane::Packed, 1)),
            (ours(1_000), warm, (Lane::Packed, 1)),
            (ours(1_999), bulk, (Lane::Packed, 3)),
            (ours(2_000), bulk, (Lane::Bulk, 8)),
            (ours(100_000), bulk, (Lane::Bulk, 8)),
            (ours(1_000_000), bulk, (Lane::Bulk, 40)),
            (ours(100_000), rest, (Lane::Packed, 101)),
            (ours(100_000), warm, (Lane::Packed, 100)),
            (shared(100_000), bulk, (Lane::Single, 100_000)),
            (groups(1_000, 6), bulk, (Lane::Graph, 14)),
            (groups(10, 500), bulk, (Lane::Graph, 10)),
            (groups(1, 501), bulk, (Lane::Sequence, 3)),
        ] {
            assert_eq!(cost(work, &allowed), expected, "{work:?}");
        }
    }

    #[test]
    fn the_targets_of_the_first_load_and_of_a_change_hold() {
        let rest = Allowed { bulk: false, ..Allowed::default() };
        assert!(cost(ours(100_000), &rest).1 + look_up_calls(100_000) <= 120);
        let warm = Allowed {
            pack: {
                let mut size = PackSize::default();
                (0..3).for_each(|_| size.took(size.records(), std::time::Duration::ZERO));
                size
            },
            ..rest
        };
        assert_eq!(cost(ours(1_000), &warm).1 + look_up_calls(1_000), 2);
        assert_eq!(cost(ours(0), &rest).1 + look_up_calls(0), 0);
    }

    #[test]
    fn work_that_would_touch_the_reserve_does_not_begin() {
        let usage = Usage { used: 13_900, allowed: 15_000, app: None };
        assert!(affordable(100, Some(usage), Reserve::Calls(1_000)).is_ok());
        assert!(affordable(101, Some(usage), Reserve::Calls(1_000)).is_err());
        assert!(affordable(u64::MAX, Some(usage), Reserve::Calls(1_000)).is_err());
        assert!(affordable(101, None, Reserve::Calls(1_000)).is_ok());
        assert_eq!((OrgKind::Production.concurrency(), OrgKind::Developer.concurrency()), (10, 2));
    }

    proptest! {
        #[test]
        fn shared_fields_never_travel_blindly(count in 1_u64..1_000_000, bulk: bool, bulk_from in 0_u64..10_000) {
            let allowed = Allowed { bulk, bulk_from, ..Allowed::default() };
            prop_assert_eq!(choose(shared(count), &allowed), Lane::Single);
            let lane = choose(ours(count), &allowed);
            prop_assert_eq!(lane == Lane::Bulk, bulk && count >= bulk_from);
            prop_assert!(calls(ours(count), lane, &allowed) <= count.max(BULK_JOB_CALLS));
        }
    }
}
