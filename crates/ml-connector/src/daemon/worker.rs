//! Runs one flow once: the seam between the daemon's clockwork and the links themselves.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mapping::Key;
use sync_engine::{FlowStatus, Mode};
use tracing::{Instrument as _, field};

use super::listeners::{Listeners, News};
use super::live::Live;
use super::names::{FlowId, LinkId};
use crate::config::Config;
use crate::connector::{Connector, Opening, Ran};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::wiring::{Allowance, Waits};

/// One run that is to be done.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// The flow.
    pub(crate) id: FlowId,
    /// The configuration of its link.
    pub(crate) config: Arc<Config>,
    /// Which reading of the configuration that is.
    pub(crate) revision: u64,
    /// What is covered.
    pub(crate) mode: Mode,
    /// Where its progress is shown.
    pub(crate) live: Arc<Live>,
    /// What it is to look at besides.
    pub(crate) keys: Vec<Key>,
    /// Why it takes place.
    pub(crate) why: String,
}

/// What became of a run.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    /// What it did, or why it could not.
    pub(crate) result: Result<Ran, Failed>,
    /// How the flow stands now, if that could be read.
    pub(crate) standing: Option<FlowStatus>,
    /// What is left of each system's daily calls, where the system says so.
    pub(crate) quota: BTreeMap<&'static str, Allowance>,
    /// How often the audit log was written to, and how long that took.
    pub(crate) audit: Waits,
}

impl Done {
    /// A run that failed before it could do anything.
    pub(crate) fn failed(failed: Failed) -> Self {
        Self { result: Err(failed), standing: None, quota: BTreeMap::new(), audit: Waits::default() }
    }
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// How a command would have ended.
    pub(crate) exit: Exit,
    /// What happened, outermost first.
    pub(crate) chain: Vec<String>,
    /// What to do.
    pub(crate) hint: String,
}

impl Failed {
    /// Whether time alone does not mend it.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self.exit, Exit::Config | Exit::Refused | Exit::Answer | Exit::Missing | Exit::Damaged)
    }

    /// A run whose task panicked: a defect, which must not take the others along.
    pub(crate) fn panicked() -> Self {
        Self {
            exit: Exit::Internal,
            chain: vec!["the run broke down (a defect of this program)".into()],
            hint: Exit::Internal.way_out().into(),
        }
    }
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Self {
        Self { exit: failure.exit(), chain: failure.chain(), hint: failure.hint() }
    }
}

/// Runs flows.
///
/// # Contract
/// At most one run of a link is asked for at a time. A run never panics the caller's task for a reason that
/// lies in the link. [`close`](Worker::close) may be called at any time; what is under way is not disturbed.
/// A link whose news somebody waits for is not idle.
#[async_trait]
pub(crate) trait Worker: Debug + Send + Sync + 'static {
    /// Runs one flow once.
    async fn run(&self, task: Task) -> Done;
    /// Waits for news of a flow, if it listens to any and nobody waits for them yet.
    fn news(&self, id: &FlowId) -> Option<News>;
    /// Asks the run of a link that is under way to end between two pages, as if the daemon were stopped.
    fn give_way(&self, link: &LinkId);
    /// Closes a link that is not running, and waits until its files are closed.
    async fn release(&self, link: &LinkId);
    /// Closes a link that is no longer there.
    fn close(&self, link: &LinkId);
    /// Closes the links that were last used before `since` (time of the monotonic clock).
    fn close_idle(&self, since: Duration);
    /// How many links are open.
    fn open_links(&self) -> usize;
}

/// Runs the flows of real links; opens a link for its first run.
#[derive(Debug)]
pub(crate) struct Links {
    opening: Opening,
    open: Mutex<BTreeMap<LinkId, Open>>,
}

#[derive(Debug, Clone)]
struct Open {
    connector: Arc<Connector>,
    revision: u64,
    used: Duration,
    listeners: Listeners,
}

impl Links {
    /// Links that are opened with `opening`.
    pub(crate) fn new(opening: Opening) -> Self {
        Self { opening, open: Mutex::default() }
    }

    /// The link of a task, opened anew if its configuration has changed.
    async fn connector(&self, task: &Task) -> Result<Arc<Connector>, Failure> {
        let known = self.opened().get(&task.id.link).filter(|open| open.revision == task.revision).cloned();
        if let Some(open) = known {
            return Ok(open.connector);
        }
        // The data folder belongs to the old one until it is gone.
        self.forget(&task.id.link).await;
        let (config, opening) = ((*task.config).clone(), self.opening.clone());
        let opened = tokio::task::spawn_blocking(move || Connector::open_with(config, opening)).await;
        let connector =
            opened.map_err(|_| Failure::Internal { what: "opening the link broke down".into() })??;
        let connector = Arc::new(connector);
        let open = Open {
            connector: connector.clone(),
            revision: task.revision,
            used: self.opening.clock.elapsed(),
            listeners: Listeners::default(),
        };
        self.opened().insert(task.id.link.clone(), open);
        Ok(connector)
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, BTreeMap<LinkId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A link is closed outside of the lock: closing a database takes its time.
    async fn forget(&self, link: &LinkId) {
        let open = self.opened().remove(link);
        if let Some(open) = open {
            open.listeners.gone().await;
        }
    }
}

#[async_trait]
impl Worker for Links {
    async fn run(&self, task: Task) -> Done {
        let span = tracing::info_span!(
            "run", link = %task.id.link, flow = %task.id.flow, why = task.why.as_str(), error = field::Empty
        );
        let ran = async {
            let connector = self.connector(&task).await?;
            if let Some(hints) = connector.hints(&task.id.flow)? {
                // As many are kept here as there; what does not fit is found in the usual way.
                let _ = task.keys.iter().try_for_each(|key| hints.look_at(key.clone()));
            }
            let ran = connector.run(&task.id.flow, task.mode.clone(), &*task.live).await;
            let standing = connector.standing(&task.id.flow).await;
            let (quota, audit) = (connector.quota(), connector.audit_waits());
            if let Some(open) = self.opened().get_mut(&task.id.link) {
                open.used = self.opening.clock.elapsed();
            }
            Ok::<_, Failure>((ran, standing, quota, audit))
        };
        let ran = ran.instrument(span.clone()).await;
        let error = ran.as_ref().map_or_else(Some, |(ran, ..)| ran.as_ref().err());
        if let Some(failure) = error {
            span.record("error", failure.chain().join(": ").as_str());
        }
        match ran {
            Ok((ran, standing, quota, audit)) => {
                let result = ran.map_err(|failure| Failed::from(&failure));
                // A refused credential may have been replaced; a failed log or store may be mended: the next
                // run opens everything anew.
                if result.is_err() {
                    self.forget(&task.id.link).await;
                }
                Done { result, standing, quota, audit }
            }
            Err(failure) => Done::failed(Failed::from(&failure)),
        }
    }

    fn news(&self, id: &FlowId) -> Option<News> {
        let open = self.opened().get(&id.link).cloned()?;
        let feed = open.connector.events(&id.flow).ok()??;
        let file = open.connector.config().flows.iter().find(|(name, _)| **name == *id.flow);
        let pause = file.map_or(Duration::ZERO, |(_, file)| file.events.pause());
        open.listeners.listen(&id.flow, feed, pause, self.opening.clock.clone())
    }

    fn give_way(&self, link: &LinkId) {
        if let Some(open) = self.opened().get(link) {
            open.connector.room.ask();
        }
    }

    async fn release(&self, link: &LinkId) {
        self.forget(link).await;
    }

    fn close(&self, link: &LinkId) {
        let open = self.opened().remove(link);
        if let Some(open) = open {
            open.listeners.dismiss();
        }
    }

    fn close_idle(&self, since: Duration) {
        let mut open = self.opened();
        let idle = |link: &Open| link.used < since && !link.listeners.any();
        let idle: Vec<LinkId> =
            open.iter().filter(|(_, link)| idle(link)).map(|(id, _)| id.clone()).collect();
        // A link in use is only let go of: its run holds it until it ends.
        let closed: Vec<Open> = idle.iter().filter_map(|id| open.remove(id)).collect();
        drop(open);
        drop(closed);
    }

    fn open_links(&self) -> usize {
        self.opened().len()
    }
}
