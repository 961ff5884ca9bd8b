//! Those who wait until a system tells that something changed: one for each flow of an open link.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use connector_salesforce::EventFeed;
use futures::future::BoxFuture;
use tokio::sync::watch;
use wire::Clock;

/// Waits for news of a flow; false if the link was closed before there were any.
pub(crate) type News = BoxFuture<'static, bool>;

/// The listeners of one link.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listeners {
    closing: Arc<watch::Sender<bool>>,
    flows: Arc<Mutex<BTreeMap<Arc<str>, Listening>>>,
}

#[derive(Debug, Clone, Default)]
struct Listening {
    /// There as long as somebody listens.
    listener: Weak<()>,
    /// When news were told last, on the monotonic clock.
    told: Option<Duration>,
}

impl Listeners {
    /// Listens for a flow, unless somebody does; news are told at most once in `pause`.
    pub(crate) fn listen(
        &self,
        flow: &Arc<str>,
        feed: Arc<EventFeed>,
        pause: Duration,
        clock: Arc<dyn Clock>,
    ) -> Option<News> {
        let listener = Arc::new(());
        {
            let mut flows = self.flows();
            let known = flows.entry(flow.clone()).or_default();
            if known.listener.upgrade().is_some() {
                return None;
            }
            known.listener = Arc::downgrade(&listener);
        }
        let (all, flow, mut closing) = (self.clone(), flow.clone(), self.closing.subscribe());
        Some(Box::pin(async move {
            let news = async {
                feed.news().await;
                let last = all.flows().get(&flow).and_then(|known| known.told);
                let wait = last.map_or(Duration::ZERO, |last| (last + pause).saturating_sub(clock.elapsed()));
                clock.sleep(wait).await;
            };
            let told = tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => false,
                () = news => true,
            };
            all.flows().entry(flow).or_default().told = told.then(|| clock.elapsed());
            // What keeps the link's files open goes before the sign that it is gone.
            drop(feed);
            drop((listener, closing));
            told
        }))
    }

    /// Whether anybody listens.
    pub(crate) fn any(&self) -> bool {
        self.closing.receiver_count() > 0
    }

    /// Asks all listeners to go.
    pub(crate) fn dismiss(&self) {
        self.closing.send_replace(true);
    }

    /// Asks all listeners to go, and waits until they have.
    pub(crate) async fn gone(&self) {
        self.dismiss();
        self.closing.closed().await;
    }

    fn flows(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Listening>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
