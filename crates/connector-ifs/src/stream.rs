//! One set that is walked by OKD: what is asked next, with what bounds, and where that leads.

use std::time::Duration;

use jiff::Timestamp;
use sync_engine::{Fault, FaultClass, SourceError};

use crate::cursor::Walk;
use crate::desk::Desk;
use crate::reader::{RecordReader, Seen, before, floor_second};
use crate::server_clock::ServerClock;
use crate::time_zone::TimeZonePolicy;
use crate::walk::{Answer, Walker};

/// A set that is walked.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) desk: Desk,
    pub(crate) reader: RecordReader,
    pub(crate) walker: Walker,
    pub(crate) zone: TimeZonePolicy,
    pub(crate) lag: Duration,
}

/// What one call of a walk brought.
#[derive(Debug)]
pub(crate) struct Pulled {
    pub(crate) rows: Vec<Seen>,
    pub(crate) walk: Walk,
    pub(crate) more: bool,
    pub(crate) total: Option<u64>,
    pub(crate) evidence: Option<u64>,
    /// The server's clock when the question had surely not been answered yet.
    pub(crate) now: Timestamp,
}

impl Stream {
    /// The next page behind `walk`.
    pub(crate) async fn pull(&self, walk: Option<&Walk>, clock: &ServerClock) -> Result<Pulled, SourceError> {
        let place = place(walk);
        let set_back = self.set_back(clock);
        let query = self.walker.question(walk, self.desk.top(), set_back);
        let started = clock.elapsed();
        let (page, asked) = match self.desk.ask(query).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.desk.failed(&place, error.into()).await),
        };
        let wrong = |fault| self.desk.fault(&place, fault);
        let now = clock.lower_edge(page.date, started).map_err(wrong)?;
        let hi = self.upper(now);
        self.check_clock(now, hi, walk).map_err(wrong)?;
        let count = page.control().count;
        let page = match self.desk.past_empty(page).await {
            Ok(page) => page,
            Err(error) => return Err(self.desk.failed(&place, error.into()).await),
        };
        let has_next = page.control().next_link.is_some();
        let answer = Answer { asked, has_next, count, hi, set_back };
        let step = self.walker.step(walk, self.reader.read(&page), answer).map_err(wrong)?;
        Ok(Pulled {
            rows: step.rows,
            walk: step.walk,
            more: step.more,
            total: step.total,
            evidence: page.evidence.map(|evidence| evidence.0),
            now,
        })
    }

    /// The upper bound that the server's clock allows, in the source's own time.
    pub(crate) fn upper(&self, now: Timestamp) -> Timestamp {
        floor_second(self.zone.to_source(before(now, self.lag)))
    }

    fn check_clock(&self, now: Timestamp, hi: Timestamp, walk: Option<&Walk>) -> Result<(), Fault> {
        if let Some(Walk::Resting { hwm: Some(hwm) }) = walk {
            // What our own lower edges and a clock that is set back by its zone may amount to.
            let slack = self.walker.overlap + self.zone.set_back(now) + Duration::from_mins(5);
            if hi < before(*hwm, slack) {
                return Err(clock_went_back(&hi.to_string(), &hwm.to_string()));
            }
        }
        Ok(())
    }

    /// The overlap is chosen before the question is sent, so by the last known time of the server.
    fn set_back(&self, clock: &ServerClock) -> Duration {
        if self.zone.zone().is_none() {
            return Duration::ZERO;
        }
        clock.last().map_or(Duration::from_hours(1), |now| self.zone.set_back(now))
    }
}

fn clock_went_back(now: &str, hwm: &str) -> Fault {
    Fault {
        class: FaultClass::Protocol,
        code: "SERVER_CLOCK_WENT_BACK".into(),
        message: format!("the server's clock shows {now}, but changes up to {hwm} were read before"),
        fields: Vec::new(),
        hint: Some(
            "if the clock is wrong, correct it; if the database was restored from a backup, run a full walk"
                .into(),
        ),
    }
}

fn place(walk: Option<&Walk>) -> String {
    let page = walk.map_or(0, Walk::pages) + 1;
    match walk {
        None | Some(Walk::Snapshot(_)) => format!("page {page} of all rows"),
        Some(Walk::Resting { .. } | Walk::Poll(_)) => format!("page {page} of changes"),
    }
}
