//! Decisions, on record before anything is sent.

use audit::{Decision, Event};
use mapping::{Action, Key, Step};
use serde_json::json;

use crate::flow::raw;
use crate::stage::Work;
use crate::{Conflict, Flow, FlowError};

impl Flow {
    /// Puts the decisions on record.
    pub(crate) async fn publish(&self, decisions: Decisions) -> Result<(), FlowError> {
        let Decisions { records, decisions } = decisions;
        let chunk = self.parts.settings.chunk.max(1);
        let mut entries = Vec::with_capacity(records.len() / chunk + 1);
        let (mut records, mut decisions) = (records.into_iter(), decisions.into_iter());
        while records.len() > 0 {
            let named = records.by_ref().take(chunk).collect();
            let decisions = decisions.by_ref().take(chunk).collect();
            entries.push(self.entry(named, Event::Decided { decisions }));
        }
        if !entries.is_empty() {
            self.parts.log.append(entries).await?;
        }
        Ok(())
    }
}

/// Decisions on their way to the log.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    records: Vec<String>,
    decisions: Vec<Decision>,
}

impl Decisions {
    pub(crate) fn add(
        &mut self,
        work: &Work,
        action: &str,
        attempt: Option<&str>,
        detail: Option<Box<serde_json::value::RawValue>>,
    ) {
        self.of(
            &work.record.key,
            Decision {
                action: action.into(),
                id: work.draft.id.to_string(),
                attempt: attempt.map(str::to_owned),
                detail,
            },
        );
    }

    /// A decision about the record of `key`.
    pub(crate) fn of(&mut self, key: &Key, decision: Decision) {
        self.records.push(key.to_string());
        self.decisions.push(decision);
    }

    /// Fields on which both sides moved apart, with what each side shows.
    pub(crate) fn disputes(&mut self, work: &Work, conflicts: &[Conflict]) {
        for Conflict { id, source, claim, state, .. } in conflicts {
            let sides = json!({ "conflict": id, "source": source, "target": claim, "state": state });
            self.add(work, "conflict", None, Some(raw(&sides)));
        }
    }

    pub(crate) fn write(&mut self, work: &Work, attempt: &str, step: &Step) {
        match &step.action {
            Action::Update { changes, .. } => self.add(work, "update", Some(attempt), Some(raw(changes))),
            Action::Remove { target } => self.add(work, "remove", Some(attempt), Some(raw(target))),
            _ => self.add(work, "create", Some(attempt), None),
        }
    }
}
