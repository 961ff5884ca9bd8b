//! One flow as the daemon knows it: when it runs, whether it does, what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mapping::Key;
use schedule::{Calendar, Deadline, Next, Schedule, next, told};
use sync_engine::{FlowStatus, Mode, Report};

use super::live::Live;
use super::memory::{Carried, FlowMemory};
use super::pace::Pace;
use super::worker::{Done, Failed};
use crate::config::FlowFile;
use crate::exit::Exit;
use crate::wiring::{Allowance, Waits};

/// One flow.
#[derive(Debug)]
pub(crate) struct FlowState {
    /// When changes are carried.
    pub(crate) changes: Schedule,
    /// When everything is compared.
    pub(crate) sweeps: Option<Schedule>,
    /// When it may run.
    pub(crate) calendar: Calendar,
    /// How old what was not yet carried may get.
    pub(crate) freshness: Option<Duration>,
    /// Whether the configuration has it run at all.
    pub(crate) enabled: bool,
    /// What is remembered over a restart.
    pub(crate) memory: FlowMemory,
    /// The next run.
    pub(crate) planned: Option<Planned>,
    /// What somebody asked for; it does not wait for the calendar.
    pub(crate) asked: Option<Mode>,
    /// Why the run took place that made room for others and is to go on.
    pub(crate) unfinished: Option<String>,
    /// When somebody first said that something has changed, since the last run began.
    pub(crate) told: Option<Timestamp>,
    /// What the next run is to look at.
    pub(crate) keys: BTreeSet<Key>,
    /// The run under way.
    pub(crate) running: Option<Running>,
    /// What came of the last run.
    pub(crate) outcome: Option<Outcome>,
    /// How the flow stood after its last run.
    pub(crate) standing: Option<FlowStatus>,
    /// Counted since the daemon began.
    pub(crate) totals: Totals,
    /// What is left of each system's daily calls.
    pub(crate) quota: BTreeMap<&'static str, Allowance>,
    /// How fast they are used up.
    pub(crate) pace: BTreeMap<&'static str, Pace>,
    /// How long after its time the last run by schedule began.
    pub(crate) late: Option<Duration>,
    /// Its place among the flows of its link: parents come before children.
    pub(crate) rank: usize,
    /// Raised with every new plan, so that older entries of the timetable are recognised.
    pub(crate) generation: u64,
}

/// The next run of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    /// When and why.
    pub(crate) next: Next,
    /// Whether it compares everything.
    pub(crate) sweep: bool,
}

/// A run under way.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    /// When it began.
    pub(crate) since: Timestamp,
    /// The same on the monotonic clock.
    pub(crate) begun: Duration,
    /// Whether it compares everything.
    pub(crate) sweep: bool,
    /// Whether somebody asked for it.
    pub(crate) asked: bool,
    /// Whether it was asked to make room for others.
    pub(crate) making_room: bool,
    /// Why it takes place.
    pub(crate) why: String,
    /// How far it has come.
    pub(crate) live: Arc<Live>,
    /// What it was told to look at.
    pub(crate) keys: BTreeSet<Key>,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// What it did, or why it could not.
    pub(crate) result: Result<Report, Failed>,
}

/// What was counted since the daemon began.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Totals {
    /// Runs that went well.
    pub(crate) succeeded: u64,
    /// Runs that did not.
    pub(crate) failed: u64,
    /// Records made and updated.
    pub(crate) written: u64,
    /// Rows read.
    pub(crate) read: u64,
    /// Calls, repeated ones too.
    pub(crate) calls: u64,
    /// Seconds that runs took.
    pub(crate) seconds: f64,
    /// Writes to the audit log, and how long they took.
    pub(crate) audit: Waits,
}

impl FlowState {
    /// The flow that `file` describes.
    pub(crate) fn new(file: &FlowFile, calendar: &Calendar, memory: FlowMemory) -> Self {
        let table = &file.schedule;
        let calendar = if table.ignore_calendar { calendar.blackouts() } else { calendar.clone() };
        Self {
            changes: table.changes(),
            sweeps: table.sweeps(),
            calendar,
            freshness: table.freshness.map(|span| span.0),
            enabled: file.enabled,
            memory,
            planned: None,
            asked: None,
            unfinished: None,
            told: None,
            keys: BTreeSet::new(),
            running: None,
            outcome: None,
            standing: None,
            totals: Totals::default(),
            quota: BTreeMap::new(),
            pace: BTreeMap::new(),
            late: None,
            rank: 0,
            generation: 0,
        }
    }

    /// Takes over what `old` knows, when the configuration was read anew.
    pub(crate) fn succeed(&mut self, old: Self) {
        *self = Self {
            memory: old.memory,
            asked: old.asked,
            unfinished: old.unfinished,
            told: old.told,
            keys: old.keys,
            running: old.running,
            outcome: old.outcome,
            standing: old.standing,
            totals: old.totals,
            quota: old.quota,
            pace: old.pace,
            late: old.late,
            generation: old.generation,
            rank: self.rank,
            changes: std::mem::take(&mut self.changes),
            sweeps: self.sweeps.take(),
            calendar: self.calendar.clone(),
            freshness: self.freshness,
            enabled: self.enabled,
            planned: None,
        };
    }

    /// Plans the next run; returns when it begins and the number of the plan.
    pub(crate) fn plan(&mut self, now: Timestamp) -> Option<(Timestamp, u64)> {
        self.generation += 1;
        self.planned = if self.enabled && self.memory.paused.is_none() { self.soonest(now) } else { None };
        self.planned.as_ref().map(|planned| (planned.next.at, self.generation))
    }

    fn soonest(&self, now: Timestamp) -> Option<Planned> {
        let changes = next(&self.changes, &self.calendar, &self.memory.changes, now);
        let sweep = self.sweeps.as_ref().and_then(|sweeps| {
            let last = self.memory.sweep.of_a_sweep(self.memory.changes, now);
            next(sweeps, &self.calendar, &last, now)
        });
        let early = self.told.and_then(|since| told(&self.calendar, &self.memory.changes, since, now));
        let [changes, early] = [changes, early].map(|next| next.map(|next| Planned { next, sweep: false }));
        let sweep = sweep.map(|next| Planned { next, sweep: true });
        // Of two at the same time the one that carries changes goes first.
        [changes, early, sweep].into_iter().flatten().min_by_key(|planned| (planned.next.at, planned.sweep))
    }

    /// Whether a run is to begin: what it covers, and why.
    pub(crate) fn due(&self, now: Timestamp) -> Option<(Mode, String)> {
        if self.running.is_some() {
            return None;
        }
        if let Some(mode) = &self.asked {
            return Some((mode.clone(), "asked for".into()));
        }
        let may = self.enabled && self.memory.paused.is_none() && self.calendar.lifts(now) == Some(now);
        if let Some(why) = self.unfinished.as_ref().filter(|_| may) {
            return Some((Mode::Changes, why.clone()));
        }
        let planned = self.planned.as_ref().filter(|planned| planned.next.at <= now)?;
        let mode = if planned.sweep { Mode::Full } else { Mode::Changes };
        Some((mode, planned.next.reason.to_string()))
    }

    /// A run begins.
    pub(crate) fn begin(
        &mut self,
        mode: &Mode,
        why: String,
        (now, begun): (Timestamp, Duration),
    ) -> Arc<Live> {
        let sweep = matches!(mode, Mode::Full);
        let last = if sweep { &mut self.memory.sweep } else { &mut self.memory.changes };
        last.begin(now);
        self.memory.first.get_or_insert(now);
        let asked = self.asked.take().is_some();
        let goes_on = self.unfinished.take().is_some();
        let planned = self.planned.take().filter(|_| !asked && !goes_on);
        if let Some(planned) = planned {
            self.late = Duration::try_from(now.duration_since(planned.next.at)).ok();
        }
        self.told = None;
        let live = Arc::new(Live::default());
        let keys = std::mem::take(&mut self.keys);
        let running =
            Running { since: now, begun, sweep, asked, making_room: false, why, live: live.clone(), keys };
        self.running = Some(running);
        live
    }

    /// A run has ended.
    pub(crate) fn end(&mut self, done: Done, now: Timestamp) {
        let Some(running) = self.running.take() else { return };
        let last = if running.sweep { &mut self.memory.sweep } else { &mut self.memory.changes };
        match &done.result {
            Ok(ran) => {
                // What it carried is as old as its first part, if it made room in between.
                let since = last.stopped.unwrap_or(running.since);
                last.succeed(now);
                self.totals.succeeded += 1;
                self.totals.written += ran.report.written();
                self.totals.read += ran.report.read;
                self.totals.calls += ran.calls.values().sum::<u64>();
                self.totals.seconds += ran.took.as_secs_f64();
                self.carried(since, now);
            }
            Err(failed) if failed.exit == Exit::Interrupted => {
                last.stop(now);
                if running.asked {
                    self.asked = Some(if running.sweep { Mode::Full } else { Mode::Changes });
                } else if running.making_room {
                    self.unfinished = Some(running.why);
                }
            }
            Err(failed) => {
                last.fail(now, failed.is_lasting());
                self.totals.failed += 1;
            }
        }
        if done.result.is_err() {
            // The next run looks at them.
            self.keys.extend(running.keys);
        }
        self.standing = done.standing.or(self.standing.take());
        for (system, allowance) in &done.quota {
            let first = Pace::new(now, allowance.left);
            self.pace.entry(*system).or_insert(first).note(now, allowance.left);
        }
        self.quota.extend(done.quota);
        self.totals.audit.number += done.audit.number;
        self.totals.audit.lasting += done.audit.lasting;
        if !matches!(&done.result, Err(failed) if failed.exit == Exit::Interrupted) {
            self.outcome = Some(Outcome { result: done.result.map(|ran| ran.report) });
        }
    }

    /// Everything that was changed before `since` has been carried.
    fn carried(&mut self, since: Timestamp, now: Timestamp) {
        self.memory.carried = Some(since);
        for deadline in &self.changes.deadlines {
            let Some(cutoff) = deadline.latest(since, &self.calendar) else { continue };
            let known = self.memory.deadlines.get(deadline.name.as_ref());
            if known.is_none_or(|known| known.before != cutoff.before) {
                let carried = Carried { before: cutoff.before, ended: now };
                self.memory.deadlines.insert(deadline.name.to_string(), carried);
            }
        }
    }

    /// How old what was not yet carried may be, in hours in which the flow may run.
    pub(crate) fn age(&self, now: Timestamp) -> Option<Duration> {
        let open = self.calendar.open_between(self.memory.carried.or(self.memory.first)?, now);
        Some(Duration::try_from(open).unwrap_or_default())
    }

    /// How the last cut-off of a deadline stands; `None` before there was one.
    pub(crate) fn verdict(
        &self,
        deadline: &Deadline,
        now: Timestamp,
    ) -> Option<(schedule::deadline::Cutoff, schedule::Verdict)> {
        let cutoff = deadline.latest(now, &self.calendar)?;
        // A flow that began its work after the cut-off owed nothing at that time.
        if self.memory.first.is_none_or(|first| first > cutoff.before) {
            return None;
        }
        let served = self.memory.deadlines.get(deadline.name.as_ref());
        let ended = served.filter(|served| served.before == cutoff.before).map(|served| served.ended);
        Some((cutoff, cutoff.verdict(ended, now)))
    }
}
