//! A subscription as a state machine.

use std::time::Duration;

use super::message::{CUSTOM, Delivered, EARLIEST, Fetch, Fetched, LATEST, Published};
use super::payload::{Payload, Telling};
use super::replay::{number, replay_id};
use super::status::Status;
use super::topic::{Selected, selection};
use crate::salesforce::changes::{Change, ChangeKind};
use crate::salesforce::org::{SalesforceSandbox, State};
use crate::salesforce::session::User;

/// A stream without events says at least this often that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(270);
/// A stream on which nothing is asked for ends after this.
const UNASKED: Duration = Duration::from_secs(60);
/// Most events that can be asked for.
const MOST: i32 = 100;
/// Larger events are told as gaps.
const LARGEST: usize = 1 << 20;
/// Most bytes of one answer.
const ANSWER: usize = 3 << 20;
/// Most records of one event.
const MERGED: usize = 500;

/// A subscription.
#[derive(Debug)]
pub(crate) struct Stream {
    topic: String,
    user: User,
    /// Everything up to the change with this number was looked at.
    at: u64,
    /// How many more events are welcome.
    wanted: i32,
    last: Duration,
    ended: u64,
    name: u64,
    /// The transaction and object whose overflow was told last.
    overflowed: Option<(u64, usize)>,
}

/// What comes next on a stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    Nothing,
    Message(Fetched),
    End(Status),
}

impl Stream {
    /// Begins where the first request says.
    pub(crate) fn open(sandbox: &SalesforceSandbox, user: User, first: &Fetch) -> Result<Self, Status> {
        let mut guard = sandbox.lock();
        let state = &mut *guard;
        let now = sandbox.clock.now();
        state.store.changes_mut().forget(now);
        selection(&state.store, &sandbox.settings, &first.topic_name).ok_or_else(Status::no_topic)?;
        let log = state.store.changes();
        let generation = state.switches.events.generation;
        let at = match first.replay_preset {
            LATEST => log.reach().0,
            EARLIEST => log.forgotten(),
            CUSTOM => {
                let at = number(&first.replay_id, &first.topic_name, generation);
                let kept = at.filter(|at| *at >= log.forgotten() && *at <= log.reach().0);
                kept.ok_or_else(Status::place_lost)?
            }
            _ => return Err(Status::malformed()),
        };
        state.bus.opened += 1;
        Ok(Self {
            topic: first.topic_name.clone(),
            user,
            at,
            wanted: first.num_requested.clamp(0, MOST),
            last: sandbox.clock.elapsed(),
            ended: state.bus.ended,
            name: state.bus.opened,
            overflowed: None,
        })
    }

    /// More events are welcome.
    pub(crate) fn more(&mut self, sandbox: &SalesforceSandbox, fetch: &Fetch) -> Result<(), Status> {
        if !fetch.topic_name.is_empty() && fetch.topic_name != self.topic {
            return Err(Status::other_topic());
        }
        if self.wanted == 0 {
            self.last = sandbox.clock.elapsed();
        }
        self.wanted = self.wanted.saturating_add(fetch.num_requested.clamp(0, MOST));
        Ok(())
    }

    /// What comes next.
    pub(crate) fn next(&mut self, sandbox: &SalesforceSandbox) -> Next {
        let mut guard = sandbox.lock();
        let state = &mut *guard;
        let (now, elapsed) = (sandbox.clock.now(), sandbox.clock.elapsed());
        if state.bus.ended != self.ended {
            return Next::End(Status::unavailable());
        }
        if state.switches.events.silent {
            return Next::Nothing;
        }
        let waited = elapsed.saturating_sub(self.last);
        if self.wanted <= 0 {
            return if waited >= UNASKED { Next::End(Status::ok()) } else { Next::Nothing };
        }
        let Some(selected) = selection(&state.store, &sandbox.settings, &self.topic) else {
            return Next::End(Status::no_topic());
        };
        state.store.changes_mut().forget(now);
        if self.at < state.store.changes().forgotten() {
            // Whoever does not read for days has to come back, and hears then what is lost.
            return Next::End(Status::unavailable());
        }
        let events = self.gather(state, &selected);
        if events.is_empty() && waited < SIGN_OF_LIFE {
            return Next::Nothing;
        }
        let room = sandbox.settings.daily_events.saturating_sub(state.bus.delivered(now));
        if !events.is_empty() && (state.switches.events.exhausted || room == 0) {
            return Next::End(Status::exhausted());
        }
        state.bus.deliver(events.len() as u64, now);
        self.last = elapsed;
        self.wanted = self.wanted.saturating_sub(i32::try_from(events.len()).unwrap_or(i32::MAX)).max(0);
        Next::Message(Fetched {
            events,
            latest_replay_id: replay_id(self.at, &self.topic, state.switches.events.generation),
            rpc_id: format!("sandbox-{}", self.name),
            pending_num_requested: self.wanted,
        })
    }

    /// Events after where the stream is, as many as are welcome.
    fn gather(&mut self, state: &mut State, selected: &[Selected]) -> Vec<Delivered> {
        let State { store, switches, bus, .. } = state;
        bus.mark(store.changes(), &mut switches.events);
        let mut events: Vec<Delivered> = Vec::new();
        let mut bytes = 0;
        let mut changes = store.changes().after(self.at).peekable();
        let most = usize::try_from(self.wanted).unwrap_or(0);
        while let Some(change) = changes.next() {
            if events.len() >= most || bytes > ANSWER {
                break;
            }
            self.at = change.number;
            let table = change.after.table;
            let Some(selected) = selected.iter().find(|selected| selected.table == table) else { continue };
            let telling = bus.telling(change);
            if telling == Telling::Overflow && self.overflowed == Some((change.commit, table)) {
                continue;
            }
            let mut group = vec![change.clone()];
            while group.len() < MERGED
                && telling == Telling::Whole
                && let Some(other) =
                    changes.next_if(|other| alike(change, other) && bus.telling(other) == Telling::Whole)
            {
                self.at = other.number;
                group.push(other.clone());
            }
            if telling == Telling::Overflow {
                self.overflowed = Some((change.commit, table));
            }
            let layout = bus.layout(&change.after.object);
            let mut payload = Payload {
                changes: &group,
                telling,
                layout: &layout,
                enriched: &selected.enriched,
                user: self.user.bit(),
            };
            let mut written = payload.write().unwrap_or_default();
            if written.len() > LARGEST {
                payload.telling = Telling::Gap;
                written = payload.write().unwrap_or_default();
            }
            bytes += written.len();
            let event = Delivered {
                event: Some(Published {
                    id: format!("{:08x}-{:08x}", change.commit, change.number),
                    schema_id: layout.id.clone(),
                    payload: written,
                }),
                replay_id: replay_id(self.at, &self.topic, switches.events.generation),
            };
            if telling == Telling::Twice {
                events.push(event.clone());
            }
            events.push(event);
        }
        events
    }
}

/// Whether two changes are told as one: the same was done to several records in one transaction.
fn alike(one: &Change, other: &Change) -> bool {
    let values = |change: &Change| -> Vec<_> {
        change.places.iter().map(|place| change.after.at(*place).clone()).collect()
    };
    one.kind == other.kind
        && one.kind != ChangeKind::Create
        && one.commit == other.commit
        && one.after.table == other.after.table
        && one.after.id != other.after.id
        && one.places == other.places
        && values(one) == values(other)
}
