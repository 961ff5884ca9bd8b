//! What change events say is worth a look, before the polls of a source find it.
//!
//! An event is taken for a hint: its records are read, whatever it says of their values. How far the
//! stream was taken stands in the source's cursor, which is kept in one transaction with what the
//! records led to. So a place is never ahead of its events, and the cursor is the authority: a
//! subscription that stands elsewhere is made anew.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{Either, select};
use futures::lock::Mutex;
use sfdc_client::events::{
    Batch, Down, EventFailure, EventFailureClass, EventLine, Missed, MissedCause, MissedRecords, Notice,
    Place, Subscriber, SubscriberParts, SubscriberSettings, Topic,
};
use wire::{Clock, Entropy, TransportError};

/// Batches that may wait for a run; the stream stands still meanwhile.
const MOST_WAITING: usize = 50;
/// Places that are remembered as equal to the last one: some days of signs of life.
const MOST_PASSED: usize = 1_000;

/// The way to the Pub/Sub API of an org.
///
/// # Contract
/// The line adds the session of this org to what it sends, and puts every exchange on record. It may
/// be asked for again after a failure.
#[async_trait]
pub trait EventWay: fmt::Debug + Send + Sync + 'static {
    /// The way, once it is known which org it leads to.
    async fn line(&self) -> Result<EventLine, TransportError>;
}

/// A subscription for one source: what it told and what is not known to be durable.
#[derive(Debug)]
pub struct EventFeed {
    way: Arc<dyn EventWay>,
    topic: Topic,
    object: String,
    patience: Duration,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    desk: Mutex<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    subscriber: Option<Subscriber>,
    /// Places between which nothing was told, the last of which is where the subscription goes on after
    /// a break: a cursor that names one of them says the same. `None` is where a new one began.
    passed: VecDeque<Option<Place>>,
    /// What was told, oldest first, and is not yet kept.
    told: VecDeque<Batch>,
    trouble: Option<Trouble>,
    /// What was missed because the org does not know the place.
    lost: Option<Missed>,
    /// Before this time (of the monotonic clock) trying again is in vain.
    again: Duration,
}

/// Why there are no events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) why: String,
    pub(crate) hint: Option<&'static str>,
}

/// What a look at the stream came to.
#[derive(Debug)]
pub(crate) enum Look {
    /// These batches have to be dealt with; their last place is where to go on.
    Told(Vec<Batch>),
    /// Nothing has come; with a place if the stream got on all the same.
    Quiet(Option<Place>),
    /// Somebody is listening, whom nothing has reached yet.
    Listening,
    /// The org does not know the place: the stream begins anew, and this was missed.
    Lost(Missed),
    /// There is no stream.
    Down(Trouble),
}

impl EventFeed {
    /// Subscribes to `topic` when it is first asked, for what it tells of `object`; a run waits for
    /// `patience` at most, counted from the last thing that was told.
    pub fn new(
        way: Arc<dyn EventWay>,
        (topic, object): (Topic, &str),
        patience: Duration,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Self {
        let object = object.to_owned();
        Self { way, topic, object, patience, clock, entropy, desk: Mutex::default() }
    }

    /// Waits until there is something that a run should look at. Whoever waits may go away at any
    /// time; a run that takes place meanwhile polls as always.
    pub async fn news(&self) {
        let mut desk = self.desk.lock().await;
        while desk.lost.is_none() && desk.told.iter().all(|batch| self.is_idle(batch)) {
            if desk.subscriber.is_none() {
                let place = desk.passed.back().cloned().flatten();
                if self.subscribe(&mut desk, place).await.is_err() {
                    let pause = desk.again.saturating_sub(self.clock.elapsed());
                    self.clock.sleep(pause).await;
                    continue;
                }
            }
            let Some(subscriber) = &mut desk.subscriber else { continue };
            let notice = subscriber.next().await;
            self.note(&mut desk, notice);
        }
    }

    /// What has to be dealt with behind `place`, which is durable; `waits` for it if nothing is there.
    pub(crate) async fn look(&self, place: Option<&Place>, waits: bool) -> Look {
        // Whoever listens would have stopped if something had come.
        let Some(mut desk) = self.desk.try_lock() else { return Look::Listening };
        if !desk.settle(place) && self.clock.elapsed() >= desk.again {
            // Its failure is noted.
            self.subscribe(&mut desk, place.cloned()).await.ok();
        }
        if waits && desk.told.iter().all(|batch| self.is_idle(batch)) {
            self.wait(&mut desk).await;
        }
        if let Some(missed) = desk.lost.take() {
            return Look::Lost(missed);
        }
        if !desk.told.iter().all(|batch| self.is_idle(batch)) {
            return Look::Told(desk.told.iter().cloned().collect());
        }
        match &desk.trouble {
            Some(trouble) => Look::Down(trouble.clone()),
            None => Look::Quiet(desk.passed.back().cloned().flatten()),
        }
    }

    /// Takes what comes until nothing does.
    async fn wait(&self, desk: &mut Desk) {
        while desk.lost.is_none() && desk.told.len() < MOST_WAITING && self.clock.elapsed() >= desk.again {
            let Some(subscriber) = &mut desk.subscriber else { return };
            subscriber.waited();
            let notice = {
                let (next, patience) = (subscriber.next(), self.clock.sleep(self.patience));
                match select(std::pin::pin!(next), patience).await {
                    Either::Left((notice, _)) => Some(notice),
                    Either::Right(_) => None,
                }
            };
            let Some(notice) = notice else {
                desk.trouble = (!subscriber.is_known()).then(|| self.silent());
                return;
            };
            let quiet = matches!(&notice, Notice::Batch(batch) if batch.is_quiet());
            self.note(desk, notice);
            if quiet {
                return;
            }
        }
    }

    /// Whether a batch says nothing about our object.
    fn is_idle(&self, batch: &Batch) -> bool {
        !batch.events.iter().any(|told| told.event.entity == self.object)
            && !batch.missed.iter().any(|missed| is_missed(missed, &self.object))
    }

    async fn subscribe(&self, desk: &mut Desk, place: Option<Place>) -> Result<(), ()> {
        let line = match self.way.line().await {
            Ok(line) => line,
            Err(error) => {
                let failure = EventFailure::lost(&error, Duration::ZERO);
                self.fall(desk, &Down { failure, pause: Duration::from_secs(60), poll_instead: true });
                return Err(());
            }
        };
        desk.told.clear();
        desk.passed = [place.clone()].into();
        desk.subscriber = Some(Subscriber::new(SubscriberParts {
            line,
            topic: self.topic.clone(),
            place,
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            settings: SubscriberSettings::default(),
        }));
        Ok(())
    }

    fn note(&self, desk: &mut Desk, notice: Notice) {
        match notice {
            Notice::Batch(batch) => {
                desk.trouble = None;
                let idle = self.is_idle(&batch);
                desk.hear(batch, idle);
            }
            Notice::Down(down) => {
                // The next stream begins where the last one was kept, and tells the rest again.
                desk.told.clear();
                self.fall(desk, &down);
            }
        }
    }

    fn fall(&self, desk: &mut Desk, down: &Down) {
        tracing::info!(topic = %self.topic, failure = %down.failure, "no stream of change events");
        desk.again = self.clock.elapsed() + down.pause;
        if let (EventFailureClass::Place, Some(place)) =
            (down.failure.class, desk.passed.back().cloned().flatten())
        {
            let since = place.told.checked_sub(SubscriberSettings::default().overlap).ok();
            desk.lost = Some(Missed {
                entity: Some(self.object.clone()),
                records: MissedRecords::Changed,
                since,
                until: self.clock.now(),
                cause: MissedCause::PlaceLost(down.failure.detail.clone()),
            });
        }
        desk.trouble = Some(Trouble { why: down.failure.to_string(), hint: down.failure.class.hint() });
    }

    fn silent(&self) -> Trouble {
        Trouble { why: format!("{} was not answered for within {:?}", self.topic, self.patience), hint: None }
    }
}

/// Whether something was missed of an object. A subscription that is new has missed nothing: polls have
/// read what came before.
pub(crate) fn is_missed(missed: &Missed, object: &str) -> bool {
    missed.cause != MissedCause::NoPlace && missed.entity.as_deref().is_none_or(|of| of == object)
}

impl Desk {
    /// A batch has come. One without news behind everything that was kept is kept itself.
    fn hear(&mut self, batch: Batch, idle: bool) {
        if let (true, true, Some(subscriber)) = (idle, self.told.is_empty(), &mut self.subscriber) {
            self.passed.push_back(Some(subscriber.keep(batch)));
            if self.passed.len() > MOST_PASSED {
                self.passed.pop_front();
            }
        } else {
            self.told.push_back(batch);
        }
    }

    /// Notes that everything up to `place` is durable; false if the subscription stands elsewhere.
    fn settle(&mut self, place: Option<&Place>) -> bool {
        let Some(subscriber) = &mut self.subscriber else { return false };
        let same = |known: &Place| place.is_some_and(|place| place.replay == known.replay);
        let Some(last) = self.told.iter().rposition(|batch| same(batch.place())) else {
            let replay = |known: Option<&Place>| known.map(|known| known.replay.clone());
            return self.passed.iter().any(|known| replay(known.as_ref()) == replay(place));
        };
        for batch in self.told.drain(..=last) {
            self.passed = [Some(subscriber.keep(batch))].into();
        }
        true
    }
}
