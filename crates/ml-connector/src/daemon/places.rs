//! Places for runs: so many at a time, one of each link, a fair share for everybody.
//!
//! A long run must not keep the others waiting: when somebody waits for its place or its link, it ends between
//! two pages, as if the daemon were stopped, and goes on when the others have had their turn. A comparison of
//! everything is not taken apart, since one in two parts finds nobody gone: those never fill all places.

use std::time::Duration;

use jiff::Timestamp;
use sync_engine::Mode;

use super::keeper::Keeper;
use super::names::FlowId;

/// How long a run may last before it makes room.
const TURN: Duration = Duration::from_mins(1);

/// What a flow waits for whose time has come.
enum Wait {
    /// For a place.
    Place,
    /// For the other flows of its link.
    Link,
    /// For a command that has borrowed its link.
    Command,
    /// For another comparison of everything to end.
    Sweep,
}

impl Keeper {
    /// Begins what may begin, in the order in which its time came.
    pub(super) fn begin_ready(&mut self, now: Timestamp) {
        if self.draining {
            return;
        }
        let mut waiting = std::mem::take(&mut self.ready);
        let mut places = 0;
        while let Some(id) = waiting.pop_front() {
            match self.waits(&id, now) {
                None if self.begin(&id, now) => continue,
                None => {
                    self.plan(&id);
                    continue;
                }
                Some(Wait::Place) => places += 1,
                Some(Wait::Link) => self.ask_own_link(&id),
                Some(Wait::Sweep | Wait::Command) => {}
            }
            self.ready.push_back(id);
        }
        self.ask_for(places);
    }

    fn waits(&self, id: &FlowId, now: Timestamp) -> Option<Wait> {
        let link = self.links.get(&id.link)?;
        if self.lent(&id.link).is_some() {
            return Some(Wait::Command);
        }
        if link.busy {
            return Some(Wait::Link);
        }
        let places = usize::from(self.settings.concurrency.get());
        if self.running.len() >= places {
            return Some(Wait::Place);
        }
        let sweeps =
            || self.running.iter().filter(|id| self.running(id).is_some_and(|run| run.sweep)).count();
        let due = link.flows.get(&id.flow)?.due(now);
        let sweep = matches!(due, Some((Mode::Full, _)));
        (sweep && sweeps() >= places.div_ceil(2)).then_some(Wait::Sweep)
    }

    /// The run of the same link makes room, unless the flow that waits has yet to carry everything: children
    /// do not go ahead of their parents.
    fn ask_own_link(&mut self, id: &FlowId) {
        let Some(link) = self.links.get(&id.link) else { return };
        if link.flows.get(&id.flow).is_none_or(|flow| flow.memory.carried.is_none()) {
            return;
        }
        let runs = self.running.iter().find(|running| running.link == id.link);
        if let Some(long) = runs.filter(|running| self.is_long(running)).cloned() {
            self.ask_for_room(&long);
        }
    }

    /// As many of the longest runs make room as flows wait for a place.
    fn ask_for(&mut self, places: usize) {
        let asked = self.running.iter().filter(|id| self.running(id).is_some_and(|run| run.making_room));
        let wanted = places.saturating_sub(asked.count());
        if wanted == 0 {
            return;
        }
        let mut long: Vec<FlowId> = self.running.iter().filter(|id| self.is_long(id)).cloned().collect();
        long.sort_by_key(|id| self.running(id).map(|run| run.begun));
        for id in long.iter().take(wanted) {
            self.ask_for_room(id);
        }
    }

    fn is_long(&self, id: &FlowId) -> bool {
        let long = |run: &super::flow_state::Running| {
            !run.sweep && !run.making_room && self.clock.elapsed().saturating_sub(run.begun) >= TURN
        };
        self.running(id).is_some_and(long)
    }

    /// Whether a run was asked to make room, or cannot be.
    pub(super) fn makes_room(&self, id: &FlowId) -> bool {
        self.running(id).is_none_or(|run| run.making_room || run.sweep)
    }

    pub(super) fn ask_for_room(&mut self, id: &FlowId) {
        tracing::info!(link = %id.link, flow = %id.flow, "makes room for others that wait; it goes on after them");
        let flow = self.links.get_mut(&id.link).and_then(|link| link.flows.get_mut(&id.flow));
        if let Some(run) = flow.and_then(|flow| flow.running.as_mut()) {
            run.making_room = true;
        }
        self.worker.give_way(&id.link);
    }

    /// A run that made room goes on after those that wait, but for flows of its link that have yet to carry
    /// everything.
    pub(super) fn queue_unfinished(&mut self, id: FlowId) {
        let Some(link) = self.links.get(&id.link) else { return };
        let behind = |other: &FlowId| {
            other.link == id.link
                && link.flows.get(&other.flow).is_some_and(|flow| flow.memory.carried.is_none())
        };
        let (after, before): (Vec<_>, Vec<_>) =
            self.ready.drain(..).filter(|other| *other != id).partition(behind);
        self.ready.extend(before);
        self.ready.push_back(id);
        self.ready.extend(after);
    }

    pub(super) fn running(&self, id: &FlowId) -> Option<&super::flow_state::Running> {
        self.links.get(&id.link)?.flows.get(&id.flow)?.running.as_ref()
    }
}
