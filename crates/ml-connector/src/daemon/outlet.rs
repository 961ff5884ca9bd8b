//! Where notices go: each channel has its own short queue and its own task, so that one that hangs holds up
//! neither the others nor the daemon.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use wire::Clock;

use super::alert::Notice;
use super::channel::Channel;

/// How many notices wait for one channel; what comes on top is counted and dropped.
const WAITING: usize = 64;
/// How long to wait before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];

/// All channels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlet {
    lanes: Vec<Lane>,
    counts: Arc<Counts>,
}

#[derive(Debug, Clone)]
struct Lane {
    name: Arc<str>,
    links: Arc<[String]>,
    queue: mpsc::Sender<Notice>,
}

/// What became of notices.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Delivered.
    pub(crate) sent: AtomicU64,
    /// Given up or dropped.
    pub(crate) lost: AtomicU64,
}

impl Outlet {
    /// Begins to deliver by `channels`.
    pub(crate) fn start(channels: Vec<Channel>, clock: &Arc<dyn Clock>) -> Self {
        let counts = Arc::<Counts>::default();
        let lanes = channels.into_iter().map(|channel| {
            let (queue, waiting) = mpsc::channel(WAITING);
            let (name, links) = (channel.name.as_str().into(), channel.links.clone().into());
            tokio::spawn(deliver(channel, waiting, clock.clone(), counts.clone()));
            Lane { name, links, queue }
        });
        Self { lanes: lanes.collect(), counts }
    }

    /// Hands a notice to every channel that it concerns.
    pub(crate) fn tell(&self, notice: &Notice) {
        let raised = &notice.raised;
        tracing::warn!(alert = raised.trouble.word(), state = ?notice.state, title = raised.title, text = raised.text, "alert");
        for lane in &self.lanes {
            if lane.links.is_empty() || lane.links.contains(&raised.link) {
                self.put(lane, notice);
            }
        }
    }

    /// Hands a notice to every channel, whatever it is about; returns their names.
    pub(crate) fn tell_all(&self, notice: &Notice) -> Vec<String> {
        self.lanes.iter().for_each(|lane| self.put(lane, notice));
        self.lanes.iter().map(|lane| lane.name.to_string()).collect()
    }

    fn put(&self, lane: &Lane, notice: &Notice) {
        if lane.queue.try_send(notice.clone()).is_err() {
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One channel that is heard here.
    #[cfg(test)]
    pub(crate) fn heard() -> (Self, mpsc::Receiver<Notice>) {
        let (queue, waiting) = mpsc::channel(WAITING);
        (
            Self {
                lanes: vec![Lane { name: "heard".into(), links: Arc::default(), queue }],
                counts: Arc::default(),
            },
            waiting,
        )
    }

    /// How many were delivered, and how many lost.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.counts.sent.load(Ordering::Relaxed), self.counts.lost.load(Ordering::Relaxed))
    }
}

async fn deliver(
    channel: Channel,
    mut waiting: mpsc::Receiver<Notice>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
) {
    while let Some(notice) = waiting.recv().await {
        let mut pauses = PAUSES.iter();
        loop {
            match channel.send(&notice, &*clock).await {
                Ok(()) => {
                    counts.sent.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Err(reason) => {
                    tracing::warn!(channel = channel.name, reason, "a notice was not delivered");
                    let Some(pause) = pauses.next() else {
                        counts.lost.fetch_add(1, Ordering::Relaxed);
                        break;
                    };
                    clock.sleep(*pause).await;
                }
            }
        }
    }
}
