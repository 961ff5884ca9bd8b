//! What the daemon can be asked for, and what it answers.

use std::sync::Arc;

use mapping::Key;
use serde::Serialize;
use serde_json::{Value, json};
use sync_engine::Mode;

use super::keeper::Keeper;
use super::loans::Borrower;
use super::metrics;
use super::names::FlowId;
use super::view;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// How everything stands.
    Status,
    /// Metrics, in the text form of Prometheus.
    Metrics,
    /// Whether it is ready to do its work.
    Ready,
    /// A run now, whatever schedule and calendar say.
    Run {
        /// Which flows.
        which: Which,
        /// Whether everything is compared.
        full: bool,
    },
    /// A run as soon as the calendar lets it: something has changed.
    Look {
        /// Which flows.
        which: Which,
        /// Which records; none if that is not known.
        keys: Vec<Key>,
    },
    /// The link of a folder for somebody alone, as soon as its run has come to the end of a page.
    Lend(Borrower),
    /// The link of a folder is given back.
    Return(Borrower),
    /// No further runs.
    Pause(Which),
    /// Runs again.
    Resume(Which),
    /// A notice by every channel, to try out whether it arrives.
    Notify,
    /// No further runs of anything, and the end.
    Drain,
    /// Reading all files anew.
    Reload,
}

/// Which flows are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only of this link.
    #[serde(default)]
    pub(crate) link: Option<String>,
    /// Only this flow.
    #[serde(default)]
    pub(crate) flow: Option<String>,
}

impl Which {
    fn means(&self, id: &FlowId) -> bool {
        self.link.as_deref().is_none_or(|link| *link == *id.link.0)
            && self.flow.as_deref().is_none_or(|flow| *flow == *id.flow)
    }
}

/// What the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A document.
    Document(Value),
    /// Text for machines.
    Text(String),
    /// There is nothing of that name.
    Missing(String),
    /// It cannot be done.
    Refused(String),
    /// Too much is waiting already.
    Full,
}

impl Answer {
    fn document(value: &impl Serialize) -> Self {
        serde_json::to_value(value).map_or_else(
            |error| Self::Refused(format!("the answer has no JSON form: {error}")),
            Self::Document,
        )
    }
}

impl Keeper {
    /// Answers.
    pub(crate) fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Status => Answer::document(&view::status(self)),
            Ask::Metrics => Answer::Text(metrics::page(self)),
            Ask::Ready => self.ready(),
            Ask::Run { which, full } => self.each_switched_on(&which, |keeper, id| {
                let mode = if full { Mode::Full } else { Mode::Changes };
                if let Some(flow) = keeper.flow_mut(&id) {
                    flow.asked = Some(mode);
                }
                keeper.queue(id);
            }),
            Ask::Look { which, keys } => self.look_at(&which, &keys),
            Ask::Lend(borrower) => self.lend(borrower),
            Ask::Return(borrower) => self.take_back(&borrower),
            Ask::Pause(which) => self.each(&which, |keeper, id| {
                let now = keeper.clock.now();
                if let Some(flow) = keeper.flow_mut(&id) {
                    flow.memory.paused.get_or_insert(now);
                }
                keeper.plan(&id);
                keeper.remember(&id);
            }),
            Ask::Resume(which) => self.each(&which, |keeper, id| {
                if let Some(flow) = keeper.flow_mut(&id) {
                    flow.memory.paused = None;
                }
                keeper.plan(&id);
                keeper.remember(&id);
            }),
            Ask::Notify => Answer::Document(json!({ "channels": self.try_notice() })),
            Ask::Drain => {
                self.drain();
                Answer::Document(json!({ "draining": true }))
            }
            Ask::Reload => match self.reload() {
                Ok(()) => Answer::document(&view::status(self)),
                Err(error) => Answer::Refused(format!("{}: {error}", self.root.display())),
            },
        }
    }

    /// What is switched off runs only if it is named.
    fn each_switched_on(&mut self, which: &Which, act: impl Fn(&mut Self, FlowId)) -> Answer {
        let named = which.flow.is_some();
        let ids = self.flow_ids().filter(|id| which.means(id));
        let ids = ids.filter(|id| named || self.flow(id).is_some_and(|flow| flow.enabled)).collect();
        self.each_of(which, ids, act)
    }

    fn each(&mut self, which: &Which, act: impl Fn(&mut Self, FlowId)) -> Answer {
        let ids = self.flow_ids().filter(|id| which.means(id)).collect();
        self.each_of(which, ids, act)
    }

    fn each_of(&mut self, which: &Which, ids: Vec<FlowId>, act: impl Fn(&mut Self, FlowId)) -> Answer {
        if ids.is_empty() {
            let named =
                [which.link.as_deref(), which.flow.as_deref()].map(|name| name.unwrap_or("*")).join("/");
            return Answer::Missing(format!("there is no flow {named} here"));
        }
        let names: Vec<Arc<str>> = ids.iter().map(|id| id.to_string().into()).collect();
        for id in ids {
            act(self, id);
        }
        Answer::Document(json!({ "flows": names }))
    }

    fn look_at(&mut self, which: &Which, keys: &[Key]) -> Answer {
        let whole = std::cell::Cell::new(true);
        let answer = self
            .each_switched_on(which, |keeper, id| whole.set(keeper.told(&id, keys.to_vec()) && whole.get()));
        if whole.get() { answer } else { Answer::Full }
    }

    fn flow(&self, id: &FlowId) -> Option<&super::flow_state::FlowState> {
        self.links.get(&id.link)?.flows.get(&id.flow)
    }

    fn flow_mut(&mut self, id: &FlowId) -> Option<&mut super::flow_state::FlowState> {
        self.links.get_mut(&id.link)?.flows.get_mut(&id.flow)
    }

    fn remember(&self, id: &FlowId) {
        if let Some(link) = self.links.get(&id.link) {
            link.remember();
        }
    }

    /// Ready means: at least one link can run, and nothing is being shut down.
    fn ready(&self) -> Answer {
        if self.draining {
            return Answer::Refused("stopping".into());
        }
        if self.links.values().any(|link| link.config.is_some()) {
            return Answer::Text("ready\n".into());
        }
        Answer::Refused("no link has a right configuration".into())
    }
}
