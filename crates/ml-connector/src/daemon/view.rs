//! How everything stands, as a document for the control API.

use std::collections::BTreeMap;

use connector_salesforce::EventState;
use jiff::Timestamp;
use schedule::{Next, Verdict};
use serde::Serialize;

use super::flow_state::FlowState;
use super::keeper::Keeper;
use super::link_state::LinkState;
use super::live::Progress;
use super::names::LinkId;

/// The daemon.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Status {
    version: &'static str,
    since: Timestamp,
    now: Timestamp,
    draining: bool,
    links: Vec<Link>,
    alerts: Vec<super::alert::Raised>,
}

#[derive(Debug, Clone, Serialize)]
struct Link {
    #[serde(rename = "link")]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lent_to: Option<String>,
    flows: Vec<Flow>,
}

#[derive(Debug, Clone, Serialize)]
struct Flow {
    #[serde(rename = "flow")]
    id: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<Running>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Planned>,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    failures: u32,
    asked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    freshness_seconds: Option<u64>,
    waiting: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<EventState>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deadlines: Vec<Deadline>,
}

#[derive(Debug, Clone, Serialize)]
struct Running {
    since: Timestamp,
    why: String,
    full: bool,
    progress: Progress,
}

#[derive(Debug, Clone, Serialize)]
struct Planned {
    full: bool,
    why: String,
    #[serde(rename = "next")]
    plan: Next,
}

#[derive(Debug, Clone, Serialize)]
struct Deadline {
    name: String,
    before: Timestamp,
    by: Timestamp,
    verdict: Verdict,
}

/// How everything stands.
pub(crate) fn status(keeper: &Keeper) -> Status {
    let now = keeper.clock.now();
    let links = keeper.links.iter().map(|(id, state)| link(keeper, id, state, now)).collect();
    Status {
        version: env!("CARGO_PKG_VERSION"),
        since: keeper.since,
        now,
        draining: keeper.draining,
        links,
        alerts: keeper.alerts.raised(),
    }
}

fn link(keeper: &Keeper, id: &LinkId, state: &LinkState, now: Timestamp) -> Link {
    Link {
        id: id.to_string(),
        lent_to: keeper.lent(id).map(|loan| loan.who().to_owned()),
        name: state.title().map(str::to_owned),
        wrong: state.wrong.as_ref().map(ToString::to_string),
        hint: state.wrong.as_ref().and_then(|wrong| wrong.hint.clone()),
        flows: state.flows.iter().map(|(name, flow)| self::flow(name, flow, now)).collect(),
    }
}

fn flow(name: &str, flow: &FlowState, now: Timestamp) -> Flow {
    let failed = flow.outcome.as_ref().and_then(|outcome| outcome.result.as_ref().err());
    let standing = flow.standing.iter().flat_map(|standing| &standing.parked);
    let last = flow.memory.changes;
    Flow {
        id: name.to_owned(),
        state: state(flow),
        running: flow.running.as_ref().map(|running| Running {
            since: running.since,
            why: running.why.clone(),
            full: running.sweep,
            progress: running.live.progress(),
        }),
        next: flow.planned.as_ref().map(|planned| Planned {
            full: planned.sweep,
            why: planned.next.reason.to_string(),
            plan: planned.next.clone(),
        }),
        began: last.began,
        ended: last.ended,
        failures: last.failures,
        asked: flow.asked.is_some(),
        exit: failed.map(|failed| failed.exit.code()),
        error: failed.map(|failed| failed.chain.join(": ")),
        hint: failed.map(|failed| failed.hint.clone()),
        age_seconds: flow.age(now).map(|age| age.as_secs()),
        freshness_seconds: flow.freshness.map(|freshness| freshness.as_secs()),
        waiting: standing
            .map(|(class, number)| (crate::view::words::class(*class).to_owned(), *number))
            .collect(),
        events: flow.standing.as_ref().and_then(|standing| EventState::of_cursor(standing.cursor.as_ref()?)),
        deadlines: deadlines(flow, now),
    }
}

fn deadlines(flow: &FlowState, now: Timestamp) -> Vec<Deadline> {
    let verdicts = flow.changes.deadlines.iter().filter_map(|deadline| {
        let (cutoff, verdict) = flow.verdict(deadline, now)?;
        Some(Deadline { name: deadline.name.to_string(), before: cutoff.before, by: cutoff.by, verdict })
    });
    verdicts.collect()
}

/// One word for what a flow is doing.
pub(crate) fn state(flow: &FlowState) -> &'static str {
    match (&flow.running, &flow.planned) {
        (Some(_), _) => "running",
        _ if !flow.enabled => "off",
        _ if flow.memory.paused.is_some() => "paused",
        (None, Some(planned)) if planned.next.held.is_some() => "held",
        (None, Some(_)) => "waiting",
        (None, None) => "by hand",
    }
}
