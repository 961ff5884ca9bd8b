//! The invariants of two-way sync, each a function of its own, over both systems and the records of what
//! happened. None of them uses code of the engine, the mapping or the connectors.

pub mod agreement;
pub mod edits;
pub mod effects;
pub mod record;

use std::collections::BTreeSet;

use audit::{AuditLog as _, Event, Query, Sealed};
use futures::TryStreamExt as _;
use sync_engine::{Conflict, ConflictQuery, Desk as _, FlowError, Mode, Parked, ParkedQuery, Report};

use crate::simulation::journal::{Change, What};
use crate::simulation::scenario::told;
use crate::simulation::world::{World, log_digest};

/// What people have been told so far: records that wait, and open conflicts.
#[derive(Debug)]
pub struct Waiting {
    /// Records that wait.
    pub parked: Vec<Parked>,
    /// Conflicts that are not over.
    pub conflicts: Vec<Conflict>,
}

impl Waiting {
    /// What waits in `world`.
    pub async fn of(world: &World) -> Self {
        let parked = world.store.parked(&ParkedQuery::default()).await.unwrap_or_default();
        let conflicts = world.store.conflicts(&ConflictQuery::default()).await.unwrap_or_default();
        Self { parked, conflicts }
    }

    /// Whether the record waits in the flow.
    pub fn has(&self, flow: &str, key: &str) -> bool {
        self.parked.iter().any(|parked| parked.flow == flow && parked.key.as_str() == key)
    }

    /// Whether an open conflict is about the field of the Account of a customer.
    pub fn disputes(&self, key: &str, field: &str) -> bool {
        let about =
            |conflict: &&Conflict| conflict.key.as_str() == key && conflict.claim.now.get(field).is_some();
        self.conflicts.iter().any(|conflict| about(&conflict))
    }
}

/// Records that wait, by flow and key.
pub async fn waiting(world: &World) -> BTreeSet<(String, String)> {
    let parked = Waiting::of(world).await.parked.into_iter();
    parked.map(|parked| (parked.flow, parked.key.to_string())).collect()
}

/// What must hold once everything has settled.
pub async fn at_rest(world: &World) -> Vec<String> {
    let waiting = Waiting::of(world).await;
    let mut findings = agreement::b1_convergence(world, &waiting);
    findings.extend(agreement::b1_whatever_waits_has_a_reason(world, &waiting));
    findings.extend(agreement::b3_one_counterpart(world));
    findings
}

/// What must hold over everything that ever happened.
pub async fn whole_story(world: &World) -> Vec<String> {
    let entries = entries(world).await;
    let changes = world.journal.changes();
    let mut findings = agreement::b3_nothing_is_made_twice(&changes);
    findings.extend(edits::b2_no_lost_update(&changes, &entries));
    findings.extend(edits::b8_ownership(&changes, &entries));
    findings.extend(effects::b5_bounded_writes(&changes, &entries));
    findings.extend(effects::b6_effects_have_intents(&changes, &entries));
    findings.extend(effects::b7_only_mapped_fields(world, &changes));
    findings.extend(effects::b9_tombstones(&changes));
    findings.extend(effects::b9_what_people_removed_stays_removed(&changes, &entries));
    findings.extend(record::b6_every_call_is_on_record(world, &entries).await);
    findings.extend(record::b6_nothing_stays_open(world).await);
    findings.extend(record::b10_state_follows_from_the_log(world, &entries).await);
    findings
}

/// B4: an unchanged world is not written to, and no run says that it was.
pub fn b4_quiescence(mode: &Mode, reports: &[Report], written: &[Change]) -> Vec<String> {
    let said: u64 = reports.iter().map(Report::written).sum();
    if written.is_empty() && said == 0 {
        return Vec::new();
    }
    let first: Vec<String> = written.iter().take(3).map(described).collect();
    vec![format!("B4: an unchanged world cost {said} writes by {mode:?}, changing {first:?}")]
}

/// B14: a run without any fault ends well.
pub fn b14_ends_well(flow: &str, error: &FlowError) -> String {
    format!("B14: a run of {flow} without any fault failed: {}", told(error))
}

/// B14: a run may fail because of faults; it may not find its own parts broken.
pub fn b14_is_bearable(error: &FlowError) -> Option<String> {
    let own = matches!(error, FlowError::State(_) | FlowError::Audit(_) | FlowError::Contract { .. });
    own.then(|| format!("B14: a run failed by itself: {}", told(error)))
}

/// B15: without faults a change of people arrives within one round of all flows.
pub async fn b15_bounded_staleness(world: &World, before: &BTreeSet<(String, String)>) -> Vec<String> {
    let waiting = Waiting::of(world).await;
    let late = waiting
        .parked
        .iter()
        .filter(|parked| !before.contains(&(parked.flow.clone(), parked.key.to_string())))
        .filter(|parked| agreement::may_pass_by_itself(parked))
        .map(|parked| format!("B15: {} waits in {}: {}", parked.key, parked.flow, parked.fault));
    let mut findings: Vec<String> = late.collect();
    let differing = agreement::b1_convergence(world, &waiting).into_iter();
    findings.extend(differing.map(|finding| finding.replacen("B1", "B15", 1)));
    findings
}

pub(crate) async fn entries(world: &World) -> Vec<Sealed> {
    world.log.read(Query::default()).try_collect().await.unwrap_or_default()
}

/// A change, in words.
pub(crate) fn described(change: &Change) -> String {
    let Change { act, second, system, unit, id, key, by, what } = change;
    let what = match what {
        What::Made => "made".to_owned(),
        What::Gone => "gone".to_owned(),
        What::Set { field, before, after } => format!("{field} {before:?} -> {after:?}"),
    };
    format!("{second} s #{act} {by:?} in {system:?}: {unit} {id} ({key}): {what}")
}

/// What happened to the records that the findings name, in order.
pub async fn story(world: &World, findings: &[String]) -> Vec<String> {
    let text = findings.join(" ");
    let named = |key: &str| key.len() > 1 && text.contains(key);
    let start = world.clock.now().as_second() - i64::try_from(world.clock.elapsed().as_secs()).unwrap_or(0);
    let mut told: Vec<(i64, String)> = Vec::new();
    for change in world.journal.changes() {
        if named(&change.key) || named(&change.id) {
            told.push((i64::try_from(change.second).unwrap_or(0), described(&change)));
        }
    }
    for sealed in entries(world).await {
        let (at, flow) = (sealed.entry.at.as_second() - start, &sealed.entry.scope.flow);
        match &sealed.entry.event {
            Event::Decided { decisions } => {
                for (key, one) in sealed.entry.records.iter().zip(decisions) {
                    if named(&one.id) || named(key) {
                        let detail = one.detail.as_ref().map_or("", |detail| detail.get());
                        let attempt = one.attempt.as_deref().unwrap_or("-");
                        told.push((
                            at,
                            format!("{at} s {flow}: {} {} {attempt} {detail}", one.action, one.id),
                        ));
                    }
                }
            }
            Event::Run { what, .. } => told.push((at, format!("{at} s {flow}: {what}"))),
            _ => {}
        }
    }
    told.sort_by_key(|(at, _)| *at);
    told.into_iter().map(|(_, text)| text).collect()
}

/// A digest of everything that happened on both sides and on record.
pub fn trace(world: &World) -> String {
    let changes = world.journal.changes();
    format!("{}:{}:{:?}", log_digest(&world.log), changes.len(), changes.last())
}
