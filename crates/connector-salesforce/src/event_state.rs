//! What a source knows of its change events, kept in its cursor: how far they were taken, whether there
//! is a stream, and what was missed and read again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sfdc_client::events::Place;
use sync_engine::Cursor;

use crate::event_feed::Trouble;

/// How many things that were missed are remembered.
const REMEMBERED: usize = 5;

/// How the events of a source stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventState {
    /// Where the stream goes on, in Base64: everything before it is durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// When a run last found a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listened: Option<Timestamp>,
    /// When an event last came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Timestamp>,
    /// How many events came.
    #[serde(default)]
    pub events: u64,
    /// Since when there is no stream, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<StreamDown>,
    /// What was missed last, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<MissedNote>,
    /// Whether the page before was one of events: this run has waited for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waited: bool,
}

/// There is no stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamDown {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub why: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Something that events did not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissedNote {
    /// When it was noticed, by the org's clock.
    pub at: Timestamp,
    /// What, and why.
    pub what: String,
    /// How it is made good.
    pub remedy: MissedRemedy,
    /// When it was made good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconciled: Option<Timestamp>,
}

/// How something that was missed is made good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedRemedy {
    /// Its records are read.
    Records,
    /// The changes of that time are read.
    Changes,
    /// Every record is read.
    Everything,
}

impl EventState {
    /// What the cursor of a source says of its events; `None` if they are not listened to.
    pub fn of_cursor(cursor: &Cursor) -> Option<Self> {
        #[derive(Deserialize)]
        struct Part {
            events: Option<EventState>,
        }
        serde_json::from_str::<Part>(&cursor.0).ok()?.events
    }

    /// The place, if it can be read.
    pub(crate) fn place(&self) -> Option<Place> {
        Place::from_bytes(&STANDARD.decode(self.place.as_deref()?).ok()?)
    }

    /// The stream has come as far as `place`.
    pub(crate) fn reached(&mut self, place: &Place) {
        self.place = Some(STANDARD.encode(place.to_bytes()));
    }

    /// A stream was found.
    pub(crate) fn up(&mut self, now: Timestamp) {
        self.listened = Some(now);
        self.down = None;
    }

    /// There was none.
    pub(crate) fn fell(&mut self, trouble: Trouble, now: Timestamp) {
        let since = self.down.as_ref().map_or(now, |down| down.since);
        self.down = Some(StreamDown { since, why: trouble.why, hint: trouble.hint.map(str::to_owned) });
    }

    /// Something was missed.
    pub(crate) fn missed(&mut self, note: MissedNote) {
        self.missed.push(note);
        let over = self.missed.len().saturating_sub(REMEMBERED);
        // What is still owed is told for as long as it is.
        let mut dropped = 0;
        self.missed.retain(|note| {
            let goes = dropped < over && note.reconciled.is_some();
            dropped += usize::from(goes);
            !goes
        });
    }

    /// A poll has come to its end that read every change before `until`.
    pub(crate) fn polled(&mut self, until: Timestamp) {
        self.waited = false;
        for note in self.missed.iter_mut().filter(|note| note.reconciled.is_none() && note.at <= until) {
            note.reconciled = Some(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use sfdc_client::events::ReplayId;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_772_359_200 + second).expect("in range")
    }

    fn note(second: i64, reconciled: Option<Timestamp>) -> MissedNote {
        MissedNote { at: at(second), what: "a gap".into(), remedy: MissedRemedy::Changes, reconciled }
    }

    #[test]
    fn places_survive_a_cursor_and_nonsense_is_none() {
        let place = Place { replay: ReplayId::new([0, 255, 16]), told: at(1) };
        let mut state = EventState::default();
        state.reached(&place);
        let text = serde_json::to_string(&state).expect("JSON");
        let read: EventState = serde_json::from_str(&text).expect("it is one");
        assert_eq!(read.place(), Some(place));
        for bad in ["0", "zz", "é", ""] {
            let state = EventState { place: Some(bad.into()), ..EventState::default() };
            assert_eq!(state.place(), None, "{bad}");
        }
    }

    #[test]
    fn what_is_owed_stays_until_a_poll_has_passed_it() {
        let mut state = EventState::default();
        state.missed(note(100, None));
        state.polled(at(99));
        assert_eq!(state.missed[0].reconciled, None, "the poll ended before it");
        for second in 0..20 {
            state.missed(note(second, Some(at(second))));
        }
        assert_eq!(state.missed.len(), REMEMBERED);
        assert_eq!(state.missed[0].reconciled, None, "it is still owed");
        state.polled(at(100));
        assert!(state.missed.iter().all(|note| note.reconciled.is_some()));
    }
}
