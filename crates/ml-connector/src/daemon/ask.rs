//! What the daemon can be asked for, and what it answers.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use sync_engine::Mode;

use super::keeper::Keeper;
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
    /// No further runs.
    Pause(Which),
    /// Runs again.
    Resume(Which),
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
            Ask::Run { which, full } => self.each(&which, |keeper, id| {
                let mode = if full { Mode::Full } else { Mode::Changes };
                if let Some(flow) = keeper.flow_mut(&id) {
                    flow.asked = Some(mode);
                }
                keeper.queue(id);
            }),
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

    fn each(&mut self, which: &Which, act: impl Fn(&mut Self, FlowId)) -> Answer {
        let ids: Vec<FlowId> = self.flow_ids().filter(|id| which.means(id)).collect();
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
