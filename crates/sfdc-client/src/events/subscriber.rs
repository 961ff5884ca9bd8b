//! A subscription that misses nothing: what was not told, it says.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wire::{Clock, Conversation, Effect, Entropy, Next, Outcome, RetryPolicy, TransportErrorKind};

use crate::events::protocol::{ConsumerEvent, FetchRequest, FetchResponse, ReplayPreset};
use crate::events::schema_shelf::{NoSchema, SchemaShelf};
use crate::events::{
    Batch, ChangeEvent, EventFailure, EventFailureClass, EventLine, Missed, MissedCause, MissedRecords,
    Place, ReplayId, Told, Topic,
};

/// Most events that may be asked for at once (Pub/Sub API guide, "Subscribe RPC Method").
pub const MOST_REQUESTED: u16 = 100;
/// So many failures in a row are still taken for a short disturbance.
const DISTURBANCE: u32 = 2;
/// A session that was refused so often in a row needs somebody to look.
const SESSIONS: u32 = 5;
/// How long to stay off then.
const LONG: Duration = Duration::from_secs(60 * 60);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Events that are remembered as kept, to know them when they come again.
const REMEMBERED: usize = 2_000;

/// How to subscribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriberSettings {
    /// Events that are asked for at a time, 1 to [`MOST_REQUESTED`].
    pub window: u16,
    /// How much earlier than known what was missed may have begun: commits are told a little late
    /// and not always in their order.
    pub overlap: SignedDuration,
    /// How to wait after failures.
    pub backoff: RetryPolicy,
}

impl Default for SubscriberSettings {
    /// 100 events at a time, 15 minutes, waits from 1 s doubling to 5 minutes.
    fn default() -> Self {
        let backoff = RetryPolicy {
            tries: u32::MAX,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(300),
            ..RetryPolicy::default()
        };
        Self { window: MOST_REQUESTED, overlap: SignedDuration::from_mins(15), backoff }
    }
}

/// What a subscriber is made of.
#[derive(Debug)]
pub struct SubscriberParts {
    /// The org's Pub/Sub API.
    pub line: EventLine,
    /// What to subscribe to.
    pub topic: Topic,
    /// Where to go on, as it was kept.
    pub place: Option<Place>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for waits.
    pub entropy: Arc<dyn Entropy>,
    /// How to subscribe.
    pub settings: SubscriberSettings,
}

/// What a subscriber tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Events, things missed, or a sign of life. Make durable what it says, then
    /// [`keep`](Subscriber::keep) it.
    Batch(Batch),
    /// There is no stream.
    Down(Down),
}

/// There is no stream. The next [`next`](Subscriber::next) waits and subscribes again, at the place
/// that was kept last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// Why.
    pub failure: EventFailure,
    /// How long the next call waits.
    pub pause: Duration,
    /// Whether it looks as if it lasted, so that polling should not wait for events to hint at
    /// changes.
    pub poll_instead: bool,
}

/// A subscription to one topic.
///
/// # Contract
/// - The place that a batch leads to is given out by [`keep`](Self::keep) only, and a stream that
///   breaks is resumed at the place that was kept last. A caller who keeps a batch after making it
///   durable loses nothing, whenever it is killed.
/// - What happened and was not told comes as [`Missed`]: with the batch in whose place it belongs.
/// - [`next`](Self::next) may be dropped at any time.
///
/// Events are asked for a window at a time and only when the caller comes back for more, so that no
/// more than one window is held.
#[derive(Debug)]
pub struct Subscriber {
    parts: SubscriberParts,
    schemas: SchemaShelf,
    stream: Conversation,
    open: bool,
    /// Events that the org may still send without being asked.
    awaited: i32,
    /// Whether the org said that the topic is there.
    known: bool,
    /// Everything committed before was told.
    told: Timestamp,
    /// Why the kept place is of no use.
    lost: Option<String>,
    /// What the first answer of this stream has to be accompanied by.
    owed: Option<MissedCause>,
    failures: u32,
    pause: Option<Duration>,
    recent: (VecDeque<String>, BTreeSet<String>),
}

impl Subscriber {
    /// Subscribes on the first [`next`](Self::next).
    pub fn new(parts: SubscriberParts) -> Self {
        // Our clock may be wrong, but not by more than a day.
        let today = || parts.clock.now().checked_sub(DAY).unwrap_or(Timestamp::MIN);
        let told = parts.place.as_ref().map_or_else(today, |place| place.told);
        Self {
            parts,
            schemas: SchemaShelf::default(),
            stream: Conversation::new(),
            open: false,
            awaited: 0,
            known: false,
            told,
            lost: None,
            owed: None,
            failures: 0,
            pause: None,
            recent: Default::default(),
        }
    }

    /// The topic.
    pub fn topic(&self) -> &Topic {
        &self.parts.topic
    }

    /// Whether the org has said that the topic is there, and for us.
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Waits for what the org has to tell: at most some minutes, as it gives signs of life.
    pub async fn next(&mut self) -> Notice {
        if let Some(pause) = self.pause.take() {
            self.parts.clock.sleep(pause).await;
        }
        match self.step().await {
            Ok(batch) => {
                self.failures = 0;
                Notice::Batch(batch)
            }
            Err(failure) => Notice::Down(self.fall(failure)),
        }
    }

    /// Takes the wait after a failure for done: for callers who measured it themselves.
    pub fn waited(&mut self) {
        self.pause = None;
    }

    /// Notes that everything `batch` says is durable, and gives the place to store: after a restart
    /// the subscription goes on there.
    pub fn keep(&mut self, batch: Batch) -> Place {
        for told in batch.events {
            self.remember(told.id);
        }
        self.lost = None;
        self.parts.place = Some(batch.place.clone());
        batch.place
    }

    async fn step(&mut self) -> Result<Batch, EventFailure> {
        if !self.known {
            let topic = self.parts.line.topic(&self.parts.topic).await?;
            if !topic.can_subscribe {
                return Err(EventFailure {
                    class: EventFailureClass::Topic,
                    what: format!("subscribing to {}", self.parts.topic),
                    detail: "the org does not let this user subscribe to it".to_owned(),
                });
            }
            self.known = true;
        }
        let request = match (self.open, self.awaited > 0) {
            (true, true) => None,
            (true, false) => Some(self.more()),
            (false, _) => Some(self.first()),
        };
        // A call that is dropped while it waits ends the stream.
        self.open = false;
        let response = self.parts.line.fetch(&self.stream, request).await?;
        self.open = true;
        self.awaited = response.pending_num_requested;
        self.read(response).await
    }

    fn more(&self) -> FetchRequest {
        let window = self.parts.settings.window.clamp(1, MOST_REQUESTED);
        FetchRequest { num_requested: i32::from(window), ..FetchRequest::default() }
    }

    fn first(&mut self) -> FetchRequest {
        self.stream.close();
        if let Some(place) = &self.parts.place {
            self.told = place.told;
        }
        let (preset, replay_id) = match (&self.lost, &self.parts.place) {
            (None, Some(place)) => {
                self.owed = None;
                (ReplayPreset::Custom, place.replay.as_bytes().to_vec())
            }
            (Some(why), _) => {
                self.owed = Some(MissedCause::PlaceLost(why.clone()));
                (ReplayPreset::Latest, Vec::new())
            }
            (None, None) => {
                self.owed = Some(MissedCause::NoPlace);
                (ReplayPreset::Latest, Vec::new())
            }
        };
        FetchRequest {
            topic_name: self.parts.topic.name().to_owned(),
            replay_preset: preset.into(),
            replay_id,
            ..self.more()
        }
    }

    async fn read(&mut self, response: FetchResponse) -> Result<Batch, EventFailure> {
        let mut batch = Batch { events: Vec::new(), missed: Vec::new(), place: self.place(Vec::new()) };
        // The stream stands now: what is read from here on is later than what events tell.
        batch.missed.extend(self.owed.clone().map(|cause| self.span(cause)));
        let mut replay = response.latest_replay_id;
        for event in response.events {
            replay.clone_from(&event.replay_id);
            self.take(event, &mut batch).await?;
        }
        if replay.is_empty() {
            self.open = false;
            return Err(EventFailure::malformed("reading events", "no place in the stream came with them"));
        }
        self.owed = None;
        batch.place = self.place(replay);
        Ok(batch)
    }

    async fn take(&mut self, event: ConsumerEvent, batch: &mut Batch) -> Result<(), EventFailure> {
        let event = event.event.unwrap_or_default();
        if self.recent.1.contains(&event.id) {
            return Ok(());
        }
        let decoded = match self.schemas.get(&self.parts.line, &event.schema_id).await {
            Ok(schema) => ChangeEvent::decode(&schema, &event.payload).map_err(|error| error.to_string()),
            Err(NoSchema::Ever(why)) => Err(why),
            Err(NoSchema::Yet(failure)) => {
                self.open = false;
                return Err(failure);
            }
        };
        match decoded {
            Ok(change) => {
                self.told = self.told.max(change.commit.stamp);
                batch.missed.extend(Missed::by(&change));
                batch.events.push(Told { id: event.id, event: change });
            }
            Err(why) => batch.missed.push(self.span(MissedCause::Undecodable(why))),
        }
        Ok(())
    }

    fn place(&self, replay: Vec<u8>) -> Place {
        Place { replay: ReplayId::new(replay), told: self.told }
    }

    /// Everything since the last commit that was told, and a little before.
    fn span(&self, cause: MissedCause) -> Missed {
        let since = match cause {
            MissedCause::NoPlace => None,
            _ => Some(self.told.checked_sub(self.parts.settings.overlap).unwrap_or(Timestamp::MIN)),
        };
        let entity = self.parts.topic.entity().map(str::to_owned);
        Missed { entity, records: MissedRecords::Changed, since, until: self.parts.clock.now(), cause }
    }

    fn fall(&mut self, failure: EventFailure) -> Down {
        self.stream.close();
        self.open = false;
        self.failures = self.failures.saturating_add(1);
        if failure.class == EventFailureClass::Place {
            self.lost = Some(failure.detail.clone());
        }
        let tired = failure.class == EventFailureClass::Session && self.failures >= SESSIONS;
        let pause = match failure.class.pause() {
            Some(pause) if !pause.is_zero() || self.failures == 1 => pause,
            _ if tired => LONG,
            _ => self.backoff(),
        };
        self.pause = Some(pause);
        let poll_instead = failure.class.is_lasting() || self.failures > DISTURBANCE;
        Down { failure, pause, poll_instead }
    }

    /// A random part of a span that doubles, so that many subscribers do not come back together.
    fn backoff(&self) -> Duration {
        let outcome = Outcome::Failure(TransportErrorKind::Unreached);
        let now = self.parts.clock.now();
        match self.parts.settings.backoff.decide(Effect::Read, self.failures, outcome, now) {
            Next::Within(most) => {
                let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
                most / 2 + Duration::from_nanos(self.parts.entropy.next_u64() % (nanos / 2).max(1))
            }
            Next::Exactly(pause) => pause,
            Next::Done => self.parts.settings.backoff.cap,
        }
    }

    fn remember(&mut self, id: String) {
        let (order, known) = &mut self.recent;
        if id.is_empty() || !known.insert(id.clone()) {
            return;
        }
        order.push_back(id);
        if order.len() > REMEMBERED {
            order.pop_front().map(|oldest| known.remove(&oldest));
        }
    }
}
