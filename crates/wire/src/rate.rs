//! How fast and how many at once: one limit for everything that talks to one tenant.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use http::StatusCode;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use crate::retry_after::retry_after;
use crate::{Call, Clock, Effect, HttpTransport, Request, Response, TransportError, TransportErrorKind};

/// A server that asks for a longer pause gets this one; then the next answer tells.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// How long all is well before the rate rises by a step.
const RECOVERY_STEP: Duration = Duration::from_secs(10);
/// The rate recovers by this part of the configured one in each step.
const RECOVERY_PART: u32 = 20;
/// The rate never falls below this part of the configured one.
const FLOOR_PART: u32 = 32;

/// How long reading steps aside for a request that changes something.
const YIELD: Duration = Duration::from_millis(20);

/// The limits of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSettings {
    /// Requests a minute. The default 900 leaves others a tenth of the 1,000 that IFS Cloud allows.
    pub per_minute: NonZeroU32,
    /// Requests that may leave at once after a rest.
    pub burst: NonZeroU32,
    /// Requests under way at the same time.
    pub concurrency: NonZeroU32,
}

impl Default for RateSettings {
    fn default() -> Self {
        let count = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self { per_minute: count(900), burst: count(10), concurrency: count(8) }
    }
}

/// The limit that all flows of a tenant share.
///
/// After a `429`, `503` or `504` the rate halves at once and recovers by a twentieth every ten quiet
/// seconds; the `Retry-After` of one request pauses all of them. Requests that change something go
/// first: reading waits as long as one of them does.
#[derive(Debug)]
pub struct RateLimit {
    clock: Arc<dyn Clock>,
    settings: RateSettings,
    slots: Semaphore,
    /// Whoever reads goes through here one by one, so that no queue of them stands before those who
    /// change something.
    turnstile: Semaphore,
    /// How many requests that change something wait for their time.
    urgent: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    per_minute: NonZeroU32,
    paused_until: Duration,
    /// When the rate last changed.
    changed: Duration,
    /// How often the rate was halved. Requests that left before the last time cannot halve it once
    /// more: it has been done for them.
    halvings: u64,
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Elapsed, NoOpMiddleware<Duration>>;

/// Our clock as governor knows clocks.
#[derive(Debug, Clone)]
struct Elapsed(Arc<dyn Clock>);

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Leave to send one request; it ends when this is dropped.
#[derive(Debug)]
pub struct Admission<'a> {
    _slot: SemaphorePermit<'a>,
    halvings: u64,
}

/// Counts a request that waits, until this is dropped.
struct Urgent<'a>(&'a AtomicUsize);

impl<'a> Urgent<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Urgent<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl RateLimit {
    /// A limit with `settings`, on `clock`.
    pub fn new(settings: RateSettings, clock: Arc<dyn Clock>) -> Self {
        let slots = usize::try_from(settings.concurrency.get()).unwrap_or(Semaphore::MAX_PERMITS);
        let state = State {
            bucket: bucket(settings.per_minute, settings.burst, &clock),
            per_minute: settings.per_minute,
            paused_until: Duration::ZERO,
            changed: clock.elapsed(),
            halvings: 0,
        };
        let (slots, turnstile) = (Semaphore::new(slots), Semaphore::new(1));
        Self { settings, slots, turnstile, urgent: AtomicUsize::new(0), state: Mutex::new(state), clock }
    }

    /// Waits until a request with `effect` may leave. Among equals, callers are served in the order in
    /// which they come.
    pub async fn admit(&self, effect: Effect) -> Result<Admission<'_>, TransportError> {
        let slot = match effect {
            Effect::Read => self.admit_reading().await,
            Effect::Put | Effect::Append => self.admit_changing().await,
        };
        let slot = slot.map_err(|_| {
            let what = "waiting for a free slot";
            TransportError::new(TransportErrorKind::Refused, what, "the rate limit was closed")
        })?;
        Ok(Admission { _slot: slot, halvings: self.lock().halvings })
    }

    async fn admit_changing(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        let _waiting = Urgent::new(&self.urgent);
        let slot = self.slots.acquire().await?;
        while let Some(wait) = self.wait() {
            self.clock.sleep(wait).await;
        }
        Ok(slot)
    }

    async fn admit_reading(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        let _turn = self.turnstile.acquire().await?;
        loop {
            let slot = self.slots.acquire().await?;
            let urgent = self.urgent.load(Ordering::Relaxed) > 0;
            let wait = if urgent { Some(YIELD) } else { self.wait() };
            let Some(wait) = wait else { return Ok(slot) };
            drop(slot);
            self.clock.sleep(wait).await;
        }
    }

    /// Notes that the server refused the request of `admission` for coming too fast.
    pub fn throttled(&self, admission: &Admission<'_>, pause: Option<Duration>) {
        let now = self.clock.elapsed();
        let mut state = self.lock();
        if let Some(pause) = pause {
            state.paused_until = state.paused_until.max(now + pause.min(LONGEST_PAUSE));
        }
        if admission.halvings < state.halvings {
            return;
        }
        state.halvings += 1;
        let floor = (self.settings.per_minute.get() / FLOOR_PART).max(1);
        let halved = (state.per_minute.get() / 2).max(floor);
        self.set_rate(&mut state, halved, now);
        tracing::info!(per_minute = state.per_minute.get(), ?pause, "the server throttles: rate halved");
    }

    /// Requests a minute that are allowed right now.
    pub fn per_minute(&self) -> u32 {
        self.lock().per_minute.get()
    }

    /// How long everybody is still held back because the server asked for it.
    pub fn paused_for(&self) -> Duration {
        self.lock().paused_until.saturating_sub(self.clock.elapsed())
    }

    /// How long to wait before asking again; `None` lets one request through.
    fn wait(&self) -> Option<Duration> {
        let now = self.clock.elapsed();
        let mut state = self.lock();
        let pause = state.paused_until.saturating_sub(now);
        if !pause.is_zero() {
            return Some(pause);
        }
        self.recover(&mut state, now);
        // Never nothing: a timer that rounds down must not spin here.
        state.bucket.check().err().map(|not| not.wait_time_from(now).max(Duration::from_millis(1)))
    }

    fn recover(&self, state: &mut State, now: Duration) {
        let full = self.settings.per_minute.get();
        let quiet = now.saturating_sub(state.changed.max(state.paused_until));
        let steps = u32::try_from(quiet.as_secs() / RECOVERY_STEP.as_secs()).unwrap_or(u32::MAX);
        if steps == 0 || state.per_minute.get() == full {
            return;
        }
        let gain = (full / RECOVERY_PART).max(1).saturating_mul(steps);
        self.set_rate(state, state.per_minute.get().saturating_add(gain).min(full), now);
    }

    fn set_rate(&self, state: &mut State, per_minute: u32, now: Duration) {
        let Some(per_minute) = NonZeroU32::new(per_minute) else { return };
        state.changed = now;
        if per_minute == state.per_minute {
            return;
        }
        state.per_minute = per_minute;
        state.bucket = bucket(per_minute, self.settings.burst, &self.clock);
        // A new bucket is full; a change of rate must not give a burst away.
        for _ in 0..self.settings.burst.get() {
            if state.bucket.check().is_err() {
                break;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bucket(per_minute: NonZeroU32, burst: NonZeroU32, clock: &Arc<dyn Clock>) -> Bucket {
    Bucket::direct_with_clock(Quota::per_minute(per_minute).allow_burst(burst), Elapsed(Arc::clone(clock)))
}

/// Holds every request until the tenant's [`RateLimit`] lets it go.
#[derive(Debug)]
pub struct RateLimited<T> {
    inner: T,
    limit: Arc<RateLimit>,
}

impl<T: HttpTransport> RateLimited<T> {
    /// Wraps `inner`.
    pub fn new(inner: T, limit: Arc<RateLimit>) -> Self {
        Self { inner, limit }
    }
}

#[async_trait]
impl<T: HttpTransport> HttpTransport for RateLimited<T> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let effect = request.extensions().get::<Call>().map_or(Effect::Append, |call| call.effect);
        let admission = self.limit.admit(effect).await?;
        let response = self.inner.send(request).await?;
        if is_overload(response.status()) {
            let pause = retry_after(response.headers(), self.limit.clock.now());
            self.limit.throttled(&admission, pause);
        }
        Ok(response)
    }
}

/// Whether the server says that it has too much to do: requests a minute, requests at all, or more
/// than it can answer in its time.
fn is_overload(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;
    use crate::Effect;
    use crate::scripted::{self, Scripted, answer, request};

    const URL: &str = "https://h.example/x";

    fn settings(per_minute: u32, burst: u32, concurrency: u32) -> RateSettings {
        let count = |count| NonZeroU32::new(count).expect("not zero");
        RateSettings { per_minute: count(per_minute), burst: count(burst), concurrency: count(concurrency) }
    }

    struct Stage {
        limited: RateLimited<Arc<Scripted>>,
        server: Arc<Scripted>,
        limit: Arc<RateLimit>,
        clock: Arc<dyn Clock>,
    }

    fn stage(settings: RateSettings, latency: u64, steps: Vec<scripted::Step>) -> Stage {
        let clock = scripted::clock();
        let server = Scripted::new(&clock, Duration::from_millis(latency), steps);
        let limit = Arc::new(RateLimit::new(settings, clock.clone()));
        Stage { limited: RateLimited::new(server.clone(), limit.clone()), server, limit, clock }
    }

    impl Stage {
        async fn send(&self, count: usize) {
            join_all((0..count).map(|_| self.limited.send(request(URL, Effect::Read)))).await;
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "a step of a script may be an error too")]
    fn fine() -> scripted::Step {
        Ok(answer(200, &[], ""))
    }

    #[expect(clippy::unnecessary_wraps, reason = "a step of a script may be an error too")]
    fn busy(retry_after: &str) -> scripted::Step {
        Ok(answer(429, &[("retry-after", retry_after)], ""))
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_holds_in_every_minute() {
        let stage = stage(settings(60, 5, 100), 0, vec![fine()]);
        stage.send(200).await;
        let times = stage.server.times();
        assert_eq!(times.len(), 200);
        assert!(times[4] == 0 && times[5] >= 1_000, "{times:?}");
        for first in &times {
            let in_minute = times.iter().filter(|at| (*first..first + 60_000).contains(at)).count();
            assert!(in_minute <= 65, "{in_minute} from {first}");
        }
        assert!((195_000..=196_000).contains(&times[199]), "nor slower: {times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_at_once_and_no_more() {
        let stage = stage(settings(100_000, 1_000, 8), 100, vec![fine()]);
        stage.send(80).await;
        assert_eq!(stage.server.most_open(), 8);
        assert_eq!(stage.clock.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn one_retry_after_pauses_everybody_and_halves_once() {
        let steps = vec![busy("20"), busy("20"), busy("20"), busy("20"), fine()];
        let stage = stage(settings(600, 4, 4), 10, steps);
        stage.send(10).await;
        let times = stage.server.times();
        assert_eq!(times[3], 0);
        assert!(times[4] >= 20_000, "{times:?}");
        // Four refusals of one burst count once. After the rest one burst may leave, then 300 a minute.
        assert_eq!(stage.limit.per_minute(), 300);
        assert!(times.windows(2).skip(7).all(|pair| pair[1] - pair[0] >= 199), "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_recovers_step_by_step() {
        let stage = stage(settings(600, 1, 1), 0, vec![busy("1"), fine()]);
        stage.send(1).await;
        assert_eq!(stage.limit.per_minute(), 300);
        for (wait, rate) in [(5, 300), (6, 330), (20, 390), (600, 600)] {
            stage.clock.sleep(Duration::from_secs(wait)).await;
            stage.send(1).await;
            assert_eq!(stage.limit.per_minute(), rate, "after {wait} s more");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_has_a_floor_and_a_pause_an_end() {
        let stage = stage(settings(640, 1, 1), 0, vec![Ok(answer(429, &[], ""))]);
        stage.send(12).await;
        assert_eq!(stage.limit.per_minute(), 20);
        assert_eq!(stage.limit.paused_for(), Duration::ZERO);
        let stage = self::stage(settings(640, 1, 1), 0, vec![busy("99999999999999999999")]);
        stage.send(1).await;
        assert_eq!(stage.limit.paused_for(), LONGEST_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn servers_with_too_much_to_do_are_asked_less() {
        for status in [429, 503, 504] {
            let stage = stage(settings(600, 1, 1), 0, vec![Ok(answer(status, &[], ""))]);
            stage.send(1).await;
            assert_eq!(stage.limit.per_minute(), 300, "{status}");
        }
        let stage = stage(settings(600, 1, 1), 0, vec![Ok(answer(500, &[], "")), Ok(answer(404, &[], ""))]);
        stage.send(2).await;
        assert_eq!(stage.limit.per_minute(), 600);
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_something_goes_before_what_reads() {
        // Two slots, a call every second: many readers wait, then one comes that writes.
        let stage = stage(settings(60, 1, 2), 100, vec![fine()]);
        let read = || stage.limited.send(request(URL, Effect::Read));
        let write = || async {
            stage.clock.sleep(Duration::from_millis(3_500)).await;
            let begun = stage.clock.elapsed();
            stage.limited.send(request(URL, Effect::Put)).await.expect("an answer");
            stage.clock.elapsed().saturating_sub(begun)
        };
        let readers = join_all((0..20).map(|_| read()));
        let (waited, _) = futures::future::join(write(), readers).await;
        assert!(waited <= Duration::from_millis(1_200), "{waited:?}");
        assert_eq!(stage.server.count(), 21, "and nobody is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_calls_free_their_place() {
        let stage = stage(settings(6_000, 100, 1), 1_000, vec![fine()]);
        {
            let call = stage.limited.send(request(URL, Effect::Read));
            let patience = stage.clock.sleep(Duration::from_millis(10));
            futures::future::select(call, patience).await;
        }
        stage.send(1).await;
        assert_eq!(stage.server.count(), 2);
    }
}
