//! The server's clock, from the `Date` headers of its answers.
//!
//! Our own clock only measures how long something took: bounds never depend on what it shows.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sync_engine::{Fault, FaultClass};
use wire::Clock;

use crate::reader::before;

/// A `Date` header is cut to whole seconds, and may be a second old when it is sent.
const GRAIN: Duration = Duration::from_secs(1);
/// A call takes no longer than this by itself; the rest is waiting in our own queue.
const LONGEST_CALL: Duration = Duration::from_mins(1);

/// Reads the server's clock.
#[derive(Debug)]
pub(crate) struct ServerClock {
    clock: Arc<dyn Clock>,
    /// The last `Date`, and when it came by our monotonic time.
    last: Mutex<Option<(Timestamp, Duration)>>,
}

impl ServerClock {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: Mutex::new(None) }
    }

    /// Our monotonic time.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// The server's clock now, as far as it is known.
    pub(crate) fn last(&self) -> Option<Timestamp> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|(known, at)| later(known, self.clock.elapsed().saturating_sub(at)))
    }

    /// A time by the server's clock at which the question that was sent at `started` had surely not
    /// yet been answered, from the `date` of its answer.
    pub(crate) fn lower_edge(&self, date: Option<Timestamp>, started: Duration) -> Result<Timestamp, Fault> {
        let now = self.clock.elapsed();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let date = match (date, *last) {
            (Some(date), _) => {
                *last = Some((date, now));
                date
            }
            (None, Some((known, at))) => later(known, now.saturating_sub(at)),
            (None, None) => return Err(no_date()),
        };
        let took = now.saturating_sub(started).min(LONGEST_CALL);
        Ok(before(date, GRAIN + took))
    }
}

fn later(known: Timestamp, since: Duration) -> Timestamp {
    let since = SignedDuration::try_from(since).unwrap_or(SignedDuration::ZERO);
    known.checked_add(since).unwrap_or(known)
}

fn no_date() -> Fault {
    Fault {
        class: FaultClass::Protocol,
        code: "NO_SERVER_CLOCK".into(),
        message: "the answer has no readable Date header, and none came before".into(),
        fields: Vec::new(),
        hint: Some("a gateway between us and IFS takes the header away: let it pass".into()),
    }
}
