//! Which records changed or went in a window of time.
//!
//! Rules: REST API Developer Guide, "sObject Get Updated" and "sObject Get Deleted": updates of the
//! last 30 days, deletions of the last 15; at most 600,000 ids in a window; transactions that were
//! open at the end of the window are not in it, which is what `latestDateCovered` tells. Records
//! deleted for good and those purged from the log are not told at all.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;
use wire::{Call, Effect, percent};

use crate::client::json;
use crate::soql::identifier;
use crate::{Client, RecordId, SfdcError, stamp};

/// The shortest window that the API takes.
const SHORTEST: SignedDuration = SignedDuration::from_secs(60);
/// As the parameters of a window are written.
const PARAMETER: &str = "%Y-%m-%dT%H:%M:%S+00:00";

/// A window of time, from its start to just before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

/// Not a window that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a window from {start} to {end}: it lasts a minute at least")]
pub struct WindowError {
    /// Its start.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
}

impl Window {
    /// From `start` to `end`, a minute at least. Take the end from the org's clock.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, WindowError> {
        if end.duration_since(start) < SHORTEST {
            Err(WindowError { start, end })
        } else {
            Ok(Self { start, end })
        }
    }

    /// Two windows, if they would still be long enough.
    fn halves(self) -> Option<[Self; 2]> {
        let half = self.end.duration_since(self.start) / 2;
        // Whole seconds: the parameters have no parts of them.
        let middle = Timestamp::from_second(self.start.checked_add(half).ok()?.as_second()).ok()?;
        Some([Self::new(self.start, middle).ok()?, Self::new(middle, self.end).ok()?])
    }
}

/// Which records changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updates {
    /// Their ids, each once in a window.
    pub ids: Vec<RecordId>,
    /// Up to when everything is told: where the next window starts.
    pub covered: Timestamp,
}

/// A record that went to the recycle bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Which.
    pub id: RecordId,
    /// When.
    pub at: Timestamp,
}

/// Which records went to the recycle bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletions {
    /// Which, and when.
    pub records: Vec<Deletion>,
    /// Up to when everything is told: where the next window starts.
    pub covered: Timestamp,
    /// Since when the org remembers deletions.
    pub earliest: Timestamp,
    /// Whether the org no longer remembers the beginning of the window, so that deletions may be
    /// missing: only a full comparison finds them.
    pub forgotten: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUpdates {
    ids: Vec<String>,
    latest_date_covered: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDeletions {
    deleted_records: Vec<RawDeletion>,
    earliest_date_available: String,
    latest_date_covered: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDeletion {
    id: String,
    deleted_date: String,
}

impl Client {
    /// The ids of records that changed in a window. A window with too many of them is asked for in
    /// halves.
    pub async fn updated(&self, object: &str, window: Window) -> Result<Updates, SfdcError> {
        const OPERATION: &str = "salesforce.updated";
        let mut all = Updates { ids: Vec::new(), covered: window.start };
        let mut covered = Covered::until(window);
        let mut left = vec![window];
        while let Some(window) = left.pop() {
            match self.window::<RawUpdates>(OPERATION, (object, "updated"), window).await {
                Err(error) => left.extend(smaller(error, window)?),
                Ok(raw) => {
                    covered.note(window, read(OPERATION, &raw.latest_date_covered)?);
                    for id in raw.ids {
                        all.ids.push(parsed(OPERATION, &id)?);
                    }
                }
            }
        }
        all.covered = covered.watermark;
        Ok(all)
    }

    /// The records that went to the recycle bin in a window. A window with too many of them is asked
    /// for in halves.
    pub async fn deleted(&self, object: &str, window: Window) -> Result<Deletions, SfdcError> {
        const OPERATION: &str = "salesforce.deleted";
        let mut records = Vec::new();
        let mut earliest = Timestamp::MIN;
        let mut covered = Covered::until(window);
        let mut left = vec![window];
        while let Some(window) = left.pop() {
            match self.window::<RawDeletions>(OPERATION, (object, "deleted"), window).await {
                Err(error) => left.extend(smaller(error, window)?),
                Ok(raw) => {
                    covered.note(window, read(OPERATION, &raw.latest_date_covered)?);
                    earliest = earliest.max(read(OPERATION, &raw.earliest_date_available)?);
                    for record in raw.deleted_records {
                        let id = parsed(OPERATION, &record.id)?;
                        records.push(Deletion { id, at: read(OPERATION, &record.deleted_date)? });
                    }
                }
            }
        }
        let forgotten = earliest > window.start;
        Ok(Deletions { records, covered: covered.watermark, earliest, forgotten })
    }

    async fn window<T: serde::de::DeserializeOwned>(
        &self,
        operation: &'static str,
        (object, what): (&str, &str),
        window: Window,
    ) -> Result<T, SfdcError> {
        let url = self.window_url(object, what, window)?;
        let response = self.get(Call::new(operation, Effect::Read), &url).await?;
        json(operation, &response)
    }

    fn window_url(&self, object: &str, what: &str, window: Window) -> Result<Url, SfdcError> {
        let mut path = format!("/sobjects/{}/{what}/?start=", identifier(object)?);
        let push = |path: &mut String, stamp: Timestamp| {
            percent::push(path, &stamp.strftime(PARAMETER).to_string(), |_| false);
        };
        push(&mut path, window.start);
        path.push_str("&end=");
        push(&mut path, window.end);
        self.versioned(&path)
    }
}

/// How far windows, asked for in order, tell everything.
struct Covered {
    watermark: Timestamp,
    whole: bool,
}

impl Covered {
    fn until(window: Window) -> Self {
        Self { watermark: window.start, whole: true }
    }

    /// A window that does not cover its end is where the next run starts, whatever later ones told.
    fn note(&mut self, window: Window, covered: Timestamp) {
        if self.whole {
            self.watermark = covered.clamp(window.start, window.end);
            self.whole = covered >= window.end;
        }
    }
}

/// The halves of a window that had too many ids, the earlier one last.
fn smaller(error: SfdcError, window: Window) -> Result<[Window; 2], SfdcError> {
    let SfdcError::Api(failure) = &error else { return Err(error) };
    match window.halves() {
        Some([first, second]) if failure.code() == "EXCEEDED_ID_LIMIT" => Ok([second, first]),
        _ => Err(error),
    }
}

fn read(operation: &str, text: &str) -> Result<Timestamp, SfdcError> {
    stamp::read(text).ok_or_else(|| SfdcError::Malformed {
        operation: operation.into(),
        detail: format!("{text:?} is no moment"),
    })
}

fn parsed(operation: &str, id: &str) -> Result<RecordId, SfdcError> {
    RecordId::parse(id)
        .map_err(|error| SfdcError::Malformed { operation: operation.into(), detail: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use wire::scripted::{self, Scripted, answer};

    use super::*;

    const FULL: &str =
        r#"[{"errorCode":"EXCEEDED_ID_LIMIT","message":"entity type returned more than 600000 ids"}]"#;

    fn org(bodies: &[(u16, String)]) -> (Client, Arc<Scripted>) {
        let steps = bodies.iter().map(|(status, body)| Ok(answer(*status, &[], body))).collect();
        let org = Scripted::new(&scripted::clock(), Duration::ZERO, steps);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        (Client::new(org.clone(), &base, "64.0"), org)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a stamp")
    }

    fn window() -> Window {
        Window::new(at("2026-01-02T03:00:00Z"), at("2026-01-02T04:00:00Z")).expect("a window")
    }

    fn updates(id: &str, covered: &str) -> (u16, String) {
        (200, format!(r#"{{"ids":["{id}"],"latestDateCovered":"{covered}"}}"#))
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_window_starts_where_the_last_one_told_everything() {
        let (client, org) = org(&[updates("001A0000006Vm9rIAC", "2026-01-02T03:57:00.000+0000")]);
        let updates = client.updated("Account", window()).await.expect("updates");
        assert_eq!((updates.ids.len(), updates.covered), (1, at("2026-01-02T03:57:00Z")));
        let line = "/services/data/v64.0/sobjects/Account/updated/?start=2026-01-02T03%3A00%3A00%2B00%3A00&end=2026-01-02T04%3A00%3A00%2B00%3A00";
        assert_eq!(org.seen()[0].1.uri().path_and_query().expect("a path").as_str(), line);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_window_is_asked_for_in_halves_and_a_gap_is_not_passed() {
        let (client, org) = org(&[
            (400, FULL.to_owned()),
            updates("001A0000006Vm9rIAC", "2026-01-02T03:29:00.000+0000"),
            updates("001A0000006Vm9sIAC", "2026-01-02T04:00:00.000+0000"),
        ]);
        let updates = client.updated("Account", window()).await.expect("updates");
        assert_eq!(updates.ids.len(), 2);
        assert_eq!(updates.covered, at("2026-01-02T03:29:00Z"), "the first half does not cover its end");
        let later = |(_, request): &(Duration, wire::Request)| {
            request.uri().to_string().contains("start=2026-01-02T03%3A30")
        };
        let starts: Vec<bool> = org.seen().iter().map(later).collect();
        assert_eq!(starts, [false, false, true]);
        let (client, org) = self::org(&[(400, FULL.to_owned())]);
        client.updated("Account", window()).await.expect_err("always full");
        assert_eq!(org.count(), 6, "60, 30, 15, 7.5, 3.75 and 1.9 minutes");
    }

    #[tokio::test(start_paused = true)]
    async fn deletions_that_the_org_forgot_are_told() {
        let body = |earliest: &str| {
            let body = format!(
                r#"{{"deletedRecords":[{{"id":"001A0000006Vm9rIAC","deletedDate":"2026-01-02T03:05:00.000+0000"}}],
                "earliestDateAvailable":"{earliest}","latestDateCovered":"2026-01-02T09:00:00.000+0000"}}"#
            );
            (200, body)
        };
        let (client, _) = org(&[body("2025-12-20T00:00:00.000+0000"), body("2026-01-02T03:30:00.000+0000")]);
        let whole = client.deleted("Account", window()).await.expect("deletions");
        assert_eq!(
            (whole.forgotten, whole.covered),
            (false, at("2026-01-02T04:00:00Z")),
            "never beyond the window"
        );
        assert_eq!(whole.records[0].at, at("2026-01-02T03:05:00Z"));
        assert!(client.deleted("Account", window()).await.expect("deletions").forgotten);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_window_or_no_answer_is_an_error() {
        let start = at("2026-01-02T03:00:00Z");
        for end in ["2026-01-02T03:00:59Z", "2026-01-02T03:00:00Z", "2026-01-01T03:00:00Z"] {
            Window::new(start, at(end)).expect_err("no window");
        }
        for body in [
            "{}",
            "<html>",
            r#"{"ids":["x"],"latestDateCovered":"2026-01-02T03:29:00.000+0000"}"#,
            r#"{"ids":[],"latestDateCovered":"soon"}"#,
        ] {
            let (client, _) = org(&[(200, body.to_owned())]);
            let error = client.updated("Account", window()).await.expect_err("no answer");
            assert!(matches!(error, SfdcError::Malformed { .. }), "{body}");
        }
    }
}
