//! Sweeps: all rows are compared with what they were known by, which also finds deletions.
//!
//! A row that is missing is asked for alone, twice, with a pause between, and believed to be gone
//! only if a row that is known to be there answers at the same time. Many missing rows at once stop
//! the flow: rights that were taken away look like that.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use mapping::{Change, Key};
use odata_client::ODataError;
use sync_engine::{Fault, FaultClass, Observation, SourceError};

use crate::children::Which;
use crate::cursor::{State, Walk};
use crate::desk::Tenant;
use crate::detection::{Fingerprint, SweepSettings};
use crate::entity_settings::EntitySettings;
use crate::groups::Groups;
use crate::memory::{Memory, mark};
use crate::own_set::{reading, stream};
use crate::reader::{Seen, before};
use crate::settings::SettingsError;
use crate::source::{Delivered, IfsSource};
use crate::stream::{Pulled, Stream};

/// An `ETag` of whole seconds that is older than this can no longer hide a second change within its
/// second, in whatever zone its time is.
const YOUNG: Duration = Duration::from_hours(27);

/// How one entity is swept.
#[derive(Debug)]
pub(crate) struct Sweeper {
    pub(crate) settings: SweepSettings,
    stream: Stream,
}

impl Sweeper {
    pub(crate) fn new(
        tenant: &Tenant<'_>,
        entity: &EntitySettings,
        sweep: &SweepSettings,
    ) -> Result<Self, SettingsError> {
        // Rows of groups are delivered by reading their groups; keys and content tell enough.
        let whole = sweep.by == Fingerprint::Content || entity.group.is_some();
        let stream = stream(tenant, entity, reading(entity, whole))?;
        Ok(Self { settings: sweep.clone(), stream })
    }

    /// Whether there is something to do: a sweep is under way or due, or missing rows have waited.
    pub(crate) fn is_due(&self, state: &State, now: Option<Timestamp>) -> bool {
        let Some(ended) = state.sweep.ended.filter(|_| !state.sweep.running) else { return true };
        let Some(now) = now else { return true };
        before(now, self.settings.every) >= ended || !self.doubted(&state.memory, now).is_empty()
    }

    fn doubted(&self, memory: &Memory, now: Timestamp) -> Vec<Key> {
        memory.doubted(now, self.settings.confirm_after)
    }
}

impl IfsSource {
    /// The next page of a sweep, or the second look at rows that were missing.
    pub(crate) async fn pull_sweep(
        &self,
        sweeper: &Sweeper,
        state: &mut State,
    ) -> Result<Delivered, SourceError> {
        if let (false, Some(ended), Some(now)) = (state.sweep.running, state.sweep.ended, self.clock.last())
            && before(now, sweeper.settings.every) < ended
        {
            let doubted = sweeper.doubted(&state.memory, now);
            let observations = self.missing(sweeper, state, (doubted, now)).await?;
            return Ok(Delivered { observations, ..Delivered::default() });
        }
        if !state.sweep.running {
            state.sweep.running = true;
            state.sweep.number += 1;
            state.sweep.walk = None;
        }
        let Pulled { rows, walk, evidence, now, .. } =
            sweeper.stream.pull(state.sweep.walk.as_ref(), &self.clock).await?;
        let after = match &state.sweep.walk {
            Some(Walk::Snapshot(snapshot)) => Some(snapshot.last.clone()),
            _ => None,
        };
        for key in rows.iter().filter_map(|row| row.key.as_ref()) {
            let row = state.memory.of(key);
            row.sweep = state.sweep.number;
            row.missing = None;
        }
        if state.memory.len() > sweeper.settings.most_rows {
            let fault = too_many(state.memory.len(), sweeper.settings.most_rows);
            return Err(sweeper.stream.desk.fault("sweep", fault));
        }
        let mut observations = self.compare(sweeper, (rows, after.as_ref()), &mut state.memory, now).await?;
        let more = matches!(walk, Walk::Snapshot(_));
        if more {
            state.sweep.walk = Some(walk);
        } else {
            let unseen = state.memory.unseen(state.sweep.number);
            observations.extend(self.missing(sweeper, state, (unseen, now)).await?);
            (state.sweep.running, state.sweep.walk, state.sweep.ended) = (false, None, Some(now));
        }
        Ok(Delivered { observations, more, total: None, evidence })
    }

    /// Delivers the rows of a page that are not what they were.
    async fn compare(
        &self,
        sweeper: &Sweeper,
        (rows, after): (Vec<Seen>, Option<&Key>),
        memory: &mut Memory,
        now: Timestamp,
    ) -> Result<Vec<Observation>, SourceError> {
        if let Some(groups) = &self.groups {
            let changed = changed(rows, Fingerprint::Content, memory);
            remember(&changed, Fingerprint::Content, memory, None);
            let touched: Vec<Key> = Groups::touched(&changed, memory).into_iter().collect();
            return groups.collect(&self.own.desk, &self.own.reader, &touched, memory).await;
        }
        let changed = match sweeper.settings.by {
            Fingerprint::Content => {
                changed(self.complete(rows, Which::AllBehind(after)).await?, Fingerprint::Content, memory)
            }
            Fingerprint::Etag => {
                if let Some(row) = rows.iter().find(|row| row.etag.is_none()) {
                    let key = row.key.as_ref().map_or("?", Key::as_str);
                    return Err(sweeper.stream.desk.fault("sweep", no_etag(key)));
                }
                let keys: Vec<Key> =
                    changed(rows, Fingerprint::Etag, memory).into_iter().filter_map(|row| row.key).collect();
                self.records(&keys).await?
            }
        };
        remember(&changed, sweeper.settings.by, memory, Some(now));
        Ok(changed.into_iter().map(|row| row.observation).collect())
    }

    /// Looks for rows that a sweep did not see. What is missing for the second time is gone.
    async fn missing(
        &self,
        sweeper: &Sweeper,
        state: &mut State,
        (keys, now): (Vec<Key>, Timestamp),
    ) -> Result<Vec<Observation>, SourceError> {
        let desk = &self.own.desk;
        let known = state.memory.len();
        if keys.len() > sweeper.settings.allowed(known) {
            return Err(desk.fault("sweep", mass_deletion(keys.len(), known)));
        }
        let mut absent = Vec::new();
        for key in keys {
            if self.is_there(&key).await? {
                let row = state.memory.of(&key);
                (row.sweep, row.missing, row.mark) = (state.sweep.number, None, None);
            } else {
                absent.push(key);
            }
        }
        let control = state.memory.present_but(&absent).cloned();
        let alive = match control {
            Some(control) => self.is_there(&control).await?,
            None => false,
        };
        if !alive && !absent.is_empty() {
            tracing::warn!(
                missing = absent.len(),
                "no row that is known to be there answers: nothing is concluded"
            );
            return Ok(Vec::new());
        }
        let mut gone = Vec::new();
        for key in absent {
            let row = state.memory.of(&key);
            match row.missing {
                Some(since) if since <= before(now, sweeper.settings.confirm_after) => gone.push(key),
                Some(_) => {}
                None => row.missing = Some(now),
            }
        }
        self.report_gone(gone, &mut state.memory).await
    }

    /// Whether the row of this key answers. Only 404 and 410 say no.
    async fn is_there(&self, key: &Key) -> Result<bool, SourceError> {
        let desk = &self.own.desk;
        let Some(address) = self.own.walker.keys.address(key) else { return Ok(false) };
        let names: Vec<String> = self.own.walker.keys.fields.iter().map(|field| field.name.clone()).collect();
        match desk.service.entity("ifs.is_there", &desk.place.set, &address, &names).await {
            Ok(row) => Ok(row.is_some()),
            Err(ODataError::Status { error, .. }) if error.status == StatusCode::GONE => Ok(false),
            Err(error) => Err(desk.failed("a missing row", error.into()).await),
        }
    }

    async fn report_gone(
        &self,
        gone: Vec<Key>,
        memory: &mut Memory,
    ) -> Result<Vec<Observation>, SourceError> {
        let forgotten: Vec<_> =
            gone.iter().filter_map(|key| memory.forget(key).and_then(|row| row.group)).collect();
        match &self.groups {
            None => Ok(gone.into_iter().map(|key| self.gone(key)).collect()),
            Some(groups) => groups.collect(&self.own.desk, &self.own.reader, &forgotten, memory).await,
        }
    }
}

/// The rows whose fingerprint is another one than before.
fn changed(rows: Vec<Seen>, by: Fingerprint, memory: &mut Memory) -> Vec<Seen> {
    let is_changed = |row: &Seen| {
        let (Some(key), Some(now)) = (&row.key, fingerprint(row, by)) else { return true };
        memory.get(key).is_none_or(|known| known.young || known.mark.as_deref() != Some(now.as_str()))
    };
    rows.into_iter().filter(is_changed).collect()
}

/// Notes what rows that are delivered are known by.
pub(crate) fn remember(rows: &[Seen], by: Fingerprint, memory: &mut Memory, now: Option<Timestamp>) {
    for row in rows {
        let (Some(key), Some(now_known)) = (&row.key, fingerprint(row, by)) else { continue };
        let known = memory.of(key);
        let same = known.mark.as_deref() == Some(now_known.as_str());
        let fresh = || row.etag.as_deref().zip(now).is_some_and(|(etag, now)| is_young(etag, now));
        known.young = by == Fingerprint::Etag && !same && fresh();
        known.mark = Some(now_known);
    }
}

fn fingerprint(row: &Seen, by: Fingerprint) -> Option<String> {
    match (by, &row.observation) {
        (Fingerprint::Etag, _) => row.etag.as_deref().map(mark),
        (Fingerprint::Content, Observation::Change(Change::Put(record))) => {
            Some(mark(record.version.as_str()))
        }
        (Fingerprint::Content, Observation::Unreadable(flaw)) => Some(mark(&flaw.raw)),
        (Fingerprint::Content, Observation::Change(Change::Gone { .. })) => None,
    }
}

/// Whether the `ETag` of a row may hide one more change within its second: IFS packs a time in whole
/// seconds into it (`W/"<base64 of W/"ROWID:20260228100000">"`).
fn is_young(etag: &str, now: Timestamp) -> bool {
    let packed = etag.trim_start_matches("W/").trim_matches('"');
    let Some(inner) = STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return false;
    };
    let digits = inner.trim_end_matches('"').rsplit(':').next().unwrap_or_default();
    let Ok(stamp) = DateTime::strptime("%Y%m%d%H%M%S", digits) else { return false };
    let limit = jiff::tz::Offset::UTC.to_datetime(before(now, YOUNG));
    stamp > limit
}

fn fault(class: FaultClass, code: &str, message: String, hint: &str) -> Fault {
    Fault { class, code: code.into(), message, fields: Vec::new(), hint: Some(hint.into()) }
}

fn no_etag(key: &str) -> Fault {
    let message = format!("the row {key} has no ETag, so nobody can tell by it whether it changed");
    fault(FaultClass::Protocol, "NO_ETAG", message, "set sweep.by = \"content\"")
}

fn too_many(rows: usize, most: usize) -> Fault {
    let message = format!("{rows} rows would have to be remembered, the limit is {most}");
    fault(
        FaultClass::Protocol,
        "SWEEP_TOO_LARGE",
        message,
        "find changes by a modified attribute or the history log, or raise sweep.most_rows",
    )
}

fn mass_deletion(missing: usize, known: usize) -> Fault {
    let message = format!("{missing} of {known} rows are missing at once; nothing was reported as deleted");
    fault(
        FaultClass::Access,
        "MASS_DELETION",
        message,
        "look whether rights were taken away or a database was restored; if they are gone, \
         raise sweep.most_gone for one run",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_of_this_day_may_hide_a_change_and_older_ones_and_counters_do_not() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let etag = |inner: &str| format!("W/\"{}\"", STANDARD.encode(format!("W/\"{inner}\"")));
        assert!(is_young(&etag("AAATH5AAGAABribAAe:20260301115959"), now));
        assert!(is_young(&etag("AAATH5AAGAABribAAe:20260301225959"), now), "another zone");
        assert!(!is_young(&etag("AAATH5AAGAABribAAe:20260227115959"), now));
        assert!(!is_young(&etag("AAAYiOAAMAAA0AWAAM:3"), now));
        assert!(!is_young("\"v1\"", now) && !is_young("", now));
    }
}
