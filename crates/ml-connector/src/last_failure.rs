//! Why the last run of a flow failed, if it did: the audit log knows.

use audit::{AuditLog, Event, Kind, Query};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::stop::STOPPED;

/// So many of the newest entries about runs are looked at: a preview says nothing about the last run.
const LOOK: u64 = 16;

/// A run that failed, and that no other one has followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LastFailure {
    /// When it ended.
    pub(crate) at: Timestamp,
    /// What happened, outermost first.
    pub(crate) error: String,
}

/// What the engine notes of a failed run.
#[derive(Deserialize)]
struct Note {
    error: String,
}

/// The failure of the last run of `flow`; `None` if it went well, or if the log cannot tell.
pub(crate) async fn last_failure(log: &dyn AuditLog, flow: &str) -> Option<LastFailure> {
    let query = Query {
        flow: Some(flow.to_owned()),
        kinds: Some(vec![Kind::Run]),
        limit: Some(LOOK),
        newest: true,
        ..Query::default()
    };
    let entries: Vec<_> = log.read(query).try_collect().await.ok()?;
    let newest_first = entries.into_iter().rev().map(|sealed| sealed.entry);
    let mut ends = newest_first.filter_map(|entry| match entry.event {
        Event::Run { what, note } if what == "failed" => Some(Some((entry.at, note))),
        Event::Run { what, .. } if what == "finished" => Some(None),
        _ => None,
    });
    let (at, note) = ends.next()??;
    let Note { error } = serde_json::from_str(note.get()).ok()?;
    // Who stopped it knows that.
    if error.contains(&format!("{STOPPED}: ")) {
        return None;
    }
    Some(LastFailure { at, error })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use audit::{Entry, MemoryLog, Scope};
    use serde_json::value::RawValue;

    use super::*;

    async fn after(ends: &[&str]) -> Option<LastFailure> {
        ended(ends, "using the target: no").await
    }

    async fn ended(ends: &[&str], error: &str) -> Option<LastFailure> {
        let note = serde_json::json!({ "error": error, "report": {} }).to_string();
        let log = MemoryLog::default();
        let entry = |what: &&str| Entry {
            at: Timestamp::UNIX_EPOCH,
            scope: Scope { run: "1".into(), flow: "suppliers".into() },
            records: Arc::default(),
            event: Event::Run {
                what: (*what).to_owned(),
                note: RawValue::from_string(note.clone()).unwrap(),
            },
        };
        log.append(ends.iter().map(entry).collect()).await.unwrap();
        last_failure(&log, "suppliers").await
    }

    #[tokio::test]
    async fn only_a_failure_that_no_good_run_followed_is_told() {
        let failed = after(&["started", "finished", "started", "failed", "preview"]).await.unwrap();
        assert_eq!(failed.error, "using the target: no");
        assert_eq!(after(&["started", "failed", "started", "finished"]).await, None);
        assert_eq!(after(&["preview"]).await, None);
        let stopped = "reading the source: next page: STOPPED: stopped on request";
        assert_eq!(ended(&["started", "failed"], stopped).await, None);
    }
}
