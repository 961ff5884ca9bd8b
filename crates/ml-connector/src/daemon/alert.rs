//! What somebody has to be told: one notice when something begins to be wrong, one when it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schedule::Verdict;
use serde::Serialize;
use sync_engine::ParkedClass;

use super::flow_state::FlowState;
use super::keeper::Keeper;
use super::names::{FlowId, LinkId};
use super::outlet::Outlet;
use crate::config::AlertsTable;
use crate::view::words::{count, lasting};

/// How often it is examined whether somebody has to be told.
const EVERY: Duration = Duration::from_secs(5);

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    /// The configuration of a link is wrong.
    Configuration,
    /// A flow fails again and again.
    Failing,
    /// What was not yet carried is older than it should get.
    Stale,
    /// A deadline was missed.
    Deadline,
    /// Records are in quarantine.
    Quarantine,
    /// A system's daily calls are nearly used up.
    Quota,
    /// Nothing: somebody tries out whether notices arrive.
    Test,
}

impl Trouble {
    /// All that can be wrong.
    pub(crate) const ALL: [Self; 6] =
        [Self::Configuration, Self::Failing, Self::Stale, Self::Deadline, Self::Quarantine, Self::Quota];

    /// Its name, for metrics and notices.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Failing => "failing",
            Self::Stale => "stale",
            Self::Deadline => "deadline",
            Self::Quarantine => "quarantine",
            Self::Quota => "quota",
            Self::Test => "test",
        }
    }
}

/// Whether something begins to be wrong or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Turn {
    /// It is wrong.
    Raised,
    /// It is over.
    Cleared,
}

/// What is wrong, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Raised {
    /// What.
    pub(crate) trouble: Trouble,
    /// The link.
    pub(crate) link: String,
    /// The flow; empty if it is about the whole link.
    pub(crate) flow: String,
    /// In a few words.
    pub(crate) title: String,
    /// In full.
    pub(crate) text: String,
    /// What to do.
    pub(crate) hint: String,
    /// Since when.
    pub(crate) since: Timestamp,
}

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Notice {
    /// Whether it begins or is over.
    pub(crate) state: Turn,
    /// What it is about.
    #[serde(rename = "alert")]
    pub(crate) raised: Raised,
    /// When it turned.
    pub(crate) at: Timestamp,
}

type Key = (LinkId, String, Trouble);

/// What is wrong now, and who is told.
#[derive(Debug)]
pub(crate) struct Alerts {
    rules: AlertsTable,
    raised: BTreeMap<Key, Raised>,
    /// Where notices go.
    pub(crate) outlet: Outlet,
}

impl Alerts {
    /// Nothing is wrong yet.
    pub(crate) fn new(rules: AlertsTable, outlet: Outlet) -> Self {
        Self { rules, raised: BTreeMap::new(), outlet }
    }

    /// What is wrong.
    pub(crate) fn raised(&self) -> Vec<Raised> {
        self.raised.values().cloned().collect()
    }

    /// How much of one kind is wrong.
    pub(crate) fn number(&self, trouble: Trouble) -> usize {
        self.raised.keys().filter(|(.., kind)| *kind == trouble).count()
    }

    /// Takes what is wrong now; tells what has turned.
    fn update(&mut self, now: Timestamp, current: Vec<(Key, Raised)>) {
        let mut before = std::mem::take(&mut self.raised);
        for (key, mut raised) in current {
            match before.remove(&key) {
                // The text may have changed (more records, more failures): that is no news.
                Some(known) => raised.since = known.since,
                None => self.outlet.tell(&Notice { state: Turn::Raised, raised: raised.clone(), at: now }),
            }
            self.raised.insert(key, raised);
        }
        for raised in before.into_values() {
            self.outlet.tell(&Notice { state: Turn::Cleared, raised, at: now });
        }
    }
}

impl Keeper {
    /// Tells everybody that nothing is wrong, to try out whether it arrives; returns by which channels.
    pub(crate) fn try_notice(&self) -> Vec<String> {
        let at = self.clock.now();
        let raised = Raised {
            trouble: Trouble::Test,
            link: String::new(),
            flow: String::new(),
            title: "this is a test: nothing is wrong".into(),
            text: "somebody asked for it with `ml-connector daemon notify`".into(),
            hint: "nothing has to be done".into(),
            since: at,
        };
        self.alerts.outlet.tell_all(&Notice { state: Turn::Raised, raised, at })
    }

    /// Examines whether somebody has to be told.
    pub(crate) fn watch(&mut self) {
        let elapsed = self.clock.elapsed();
        if self.watched.is_some_and(|last| elapsed.saturating_sub(last) < EVERY) {
            return;
        }
        self.watched = Some(elapsed);
        let now = self.clock.now();
        let mut current = Vec::new();
        for (link, state) in &self.links {
            if let Some(wrong) = &state.wrong {
                let id = FlowId { link: link.clone(), flow: "".into() };
                let hint = wrong.hint.clone().unwrap_or_else(|| "`ml-connector config check`".into());
                let title = "the configuration is wrong".to_owned();
                current.push(about(&id, Trouble::Configuration, now, (title, wrong.to_string(), hint)));
            }
            for (name, flow) in &state.flows {
                let id = FlowId { link: link.clone(), flow: name.clone() };
                troubles(&self.alerts.rules, &id, flow, now, &mut current);
            }
        }
        self.alerts.update(now, current);
    }
}

fn about(
    id: &FlowId,
    trouble: Trouble,
    since: Timestamp,
    (title, text, hint): (String, String, String),
) -> (Key, Raised) {
    let (link, flow) = (id.link.to_string(), id.flow.to_string());
    let title = if flow.is_empty() { format!("{link}: {title}") } else { format!("{link}/{flow}: {title}") };
    let key = (id.link.clone(), flow.clone(), trouble);
    (key, Raised { trouble, link, flow, title, text, hint, since })
}

/// What is wrong with one flow.
fn troubles(
    rules: &AlertsTable,
    id: &FlowId,
    flow: &FlowState,
    now: Timestamp,
    found: &mut Vec<(Key, Raised)>,
) {
    // What was switched off on purpose is nobody's trouble.
    if !flow.enabled || flow.memory.paused.is_some() {
        return;
    }
    let mut tell = |trouble, title: String, text: String, hint: String| {
        found.push(about(id, trouble, now, (title, text, hint)));
    };
    let failures = flow.memory.changes.failures.max(flow.memory.sweep.failures);
    if failures >= rules.failures.get() {
        let failed = flow.outcome.as_ref().and_then(|outcome| outcome.result.as_ref().err());
        let text = failed.map_or_else(|| "see the log".into(), |failed| failed.chain.join(": "));
        let hint = failed.map_or_else(|| "`ml-connector doctor`".into(), |failed| failed.hint.clone());
        tell(Trouble::Failing, format!("{} runs in a row have failed", count(failures.into())), text, hint);
    }
    if let (Some(age), Some(objective)) = (flow.age(now), flow.freshness)
        && age > objective
    {
        let title = format!("changes of the last {} are not carried yet", lasting(age));
        let text = format!("the objective is {}", lasting(objective));
        tell(
            Trouble::Stale,
            title,
            text,
            "`ml-connector daemon status` tells what the flow waits for".into(),
        );
    }
    for deadline in &flow.changes.deadlines {
        if let Some((cutoff, Verdict::Missed)) = flow.verdict(deadline, now) {
            let title = format!("deadline {} was missed", deadline.name);
            let text =
                format!("what was changed before {} was to be carried by {}", cutoff.before, cutoff.by);
            tell(Trouble::Deadline, title, text, "`ml-connector daemon status` tells why".into());
        }
    }
    let parked = flow.standing.iter().flat_map(|standing| &standing.parked);
    let quarantined: u64 =
        parked.filter(|(class, _)| *class == ParkedClass::Quarantine).map(|(_, number)| number).sum();
    if rules.quarantine > 0 && quarantined >= rules.quarantine {
        let title = format!("{} records are in quarantine", count(quarantined));
        tell(
            Trouble::Quarantine,
            title,
            "they wait for somebody".into(),
            "`ml-connector quarantine list`".into(),
        );
    }
    for (system, allowance) in &flow.quota {
        let left = allowance.percent();
        if left < rules.quota {
            let title = format!("{left} % of the daily calls of {system} are left");
            let hint = "give the flows a longer interval, or ask who else is calling".into();
            tell(Trouble::Quota, title, "runs fail when none is left".into(), hint);
        }
    }
}
