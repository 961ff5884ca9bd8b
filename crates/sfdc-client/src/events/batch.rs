//! Events that came together.

use crate::events::{ChangeEvent, Missed, Place};

/// An event as it was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The same however often the event is delivered.
    pub id: String,
    /// The event.
    pub event: ChangeEvent,
}

/// Events that came together, or the news that there were none.
///
/// Its place in the stream is given out by [`Subscriber::keep`](crate::events::Subscriber::keep),
/// once the caller has made durable what it says. Events come at least once, in the order of the
/// stream; within it, the events of one transaction have its key and their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The events that can be used as they are, and those that also have an entry in `missed`.
    pub events: Vec<Told>,
    /// What was not told.
    pub missed: Vec<Missed>,
    /// How far the stream has come with it.
    pub(crate) place: Place,
}

impl Batch {
    /// How far the stream has come with it: for a store that takes the place in one transaction with
    /// what the batch says.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it says that nothing happened: a sign of life.
    pub fn is_quiet(&self) -> bool {
        self.events.is_empty() && self.missed.is_empty()
    }
}
