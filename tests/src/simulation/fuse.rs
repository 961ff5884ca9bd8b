//! A crash at the n-th point: from then on nothing of the process goes any further.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// Counts the points that a process passes, and ends it at one of them.
///
/// A process that has reached its end waits for ever at that point; whoever runs it sees
/// [`Fuse::blown`] and drops it. So not one more line of it runs: no clean-up, no error handling,
/// just as after `kill -9`.
#[derive(Debug, Default)]
pub struct Fuse(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    left: Option<u64>,
    blown: bool,
    passed: BTreeMap<&'static str, u64>,
    crashes: BTreeMap<&'static str, u64>,
}

impl Fuse {
    /// The next process ends after so many points; `None`: not at all.
    pub fn arm(&self, points: Option<u64>) {
        let mut inner = self.lock();
        inner.left = points;
        inner.blown = false;
    }

    /// Whether the process has reached its end.
    pub fn blown(&self) -> bool {
        self.lock().blown
    }

    /// Passes a point, or waits there for ever.
    pub async fn point(&self, name: &'static str) {
        if self.reached(name) {
            std::future::pending::<()>().await;
        }
    }

    /// What `work` comes to; nothing, if the process ends on its way.
    pub async fn outlived<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        std::future::poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if self.blown() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// How often each point was passed, and how often a process ended there.
    pub fn counts(&self) -> (BTreeMap<&'static str, u64>, BTreeMap<&'static str, u64>) {
        let inner = self.lock();
        (inner.passed.clone(), inner.crashes.clone())
    }

    fn reached(&self, name: &'static str) -> bool {
        let mut inner = self.lock();
        if inner.blown {
            return true;
        }
        *inner.passed.entry(name).or_default() += 1;
        match &mut inner.left {
            Some(0) => {
                inner.blown = true;
                *inner.crashes.entry(name).or_default() += 1;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
