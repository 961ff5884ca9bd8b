//! How the change events of a flow stand, in words.

use connector_salesforce::{EventState, MissedNote, MissedRemedy};
use jiff::Timestamp;

use crate::terminal::paint::Paint;
use crate::view::words::{counted, moment, relative, safe};

/// Lines for `status`: a title, and what is to be said.
pub(crate) fn event_words(events: &EventState, now: Timestamp, paint: Paint) -> Vec<(&'static str, String)> {
    let at = |at: Timestamp| format!("{} UTC ({})", moment(at), relative(at, now));
    let mut lines = Vec::new();
    match (&events.down, events.listened) {
        (Some(down), _) => {
            let text = format!("no stream since {}; polls do the work: {}", at(down.since), safe(&down.why));
            lines.push(("events", paint.warn(&text)));
            lines.extend(down.hint.iter().map(|hint| ("", format!("hint: {hint}"))));
        }
        (None, Some(listened)) => {
            let last = events.heard.map_or_else(String::new, |heard| format!(", the last one {}", at(heard)));
            let told = counted(events.events, "event");
            lines.push(("events", format!("connected {}; {told}{last}", at(listened))));
        }
        (None, None) => {}
    }
    let told = events.missed.iter().rev().take(3).map(|note| ("missed", missed(note, now, paint)));
    lines.extend(told);
    lines
}

fn missed(note: &MissedNote, now: Timestamp, paint: Paint) -> String {
    let remedy = match note.remedy {
        MissedRemedy::Records => "the records",
        MissedRemedy::Changes => "the changes",
        MissedRemedy::Everything => "everything",
    };
    match note.reconciled {
        Some(at) => {
            format!("{}; {remedy} read again {} UTC ({})", safe(&note.what), moment(at), relative(at, now))
        }
        None => paint.warn(&format!("{}; {remedy} will be read again by the next runs", safe(&note.what))),
    }
}

#[cfg(test)]
mod tests {
    use connector_salesforce::StreamDown;

    use super::*;

    #[test]
    fn a_status_tells_what_events_told_and_missed() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let note = |what: &str, reconciled| MissedNote {
            at: at("2026-03-01T09:00:00Z"),
            what: what.into(),
            remedy: MissedRemedy::Everything,
            reconciled,
        };
        let mut events = EventState {
            listened: Some(at("2026-03-01T10:04:00Z")),
            heard: Some(at("2026-03-01T10:00:00Z")),
            events: 1_412,
            missed: vec![note("all of Account", Some(at("2026-03-01T09:05:00Z"))), note("a gap", None)],
            ..EventState::default()
        };
        let page = |events: &EventState| {
            let lines = event_words(events, at("2026-03-01T10:05:00Z"), Paint::PLAIN);
            lines.iter().map(|(title, text)| format!("{title}: {text}")).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(page(&events), @r"
        events: connected 2026-03-01 10:04:00 UTC (60 s ago); 1,412 events, the last one 2026-03-01 10:00:00 UTC (5 min ago)
        missed: a gap; everything will be read again by the next runs
        missed: all of Account; everything read again 2026-03-01 09:05:00 UTC (60 min ago)
        ");
        events.missed.clear();
        events.down = Some(StreamDown {
            since: at("2026-03-01T08:00:00Z"),
            why: "no permission".into(),
            hint: Some("give View All".into()),
        });
        insta::assert_snapshot!(page(&events), @r"
        events: no stream since 2026-03-01 08:00:00 UTC (2 h ago); polls do the work: no permission
        : hint: give View All
        ");
    }
}
