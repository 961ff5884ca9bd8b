//! Taking over: intents whose outcome nobody kept are settled before anything new is done.

use mapping::{Draft, TargetId};

use crate::decide::Decisions;
use crate::deliver::{doubt, settled};
use crate::session::Session;
use crate::{Commit, Flow, FlowError, Intent, Link};

impl Flow {
    /// Finds out what became of earlier attempts. What has landed is linked, from the attempt that
    /// landed; what has not may still do so until the settle time is over.
    pub(crate) async fn settle(&self, session: &mut Session, intents: Vec<Intent>) -> Result<(), FlowError> {
        let now = self.now();
        let mut commit = Commit::default();
        let mut unknown = Vec::new();
        for intent in intents {
            match intent.doubtful_until {
                Some(until) if until <= now => commit.settled.push(intent.attempt),
                Some(until) => commit.settled.extend(session.doubts.add(&intent, until)),
                None => unknown.push(intent),
            }
        }
        if !unknown.is_empty() {
            self.read_back_unknown(session, unknown, &mut commit).await?;
        }
        if commit != Commit::default() {
            session.report.settled += commit.settled.len() as u64;
            self.parts.store.commit(&self.parts.name, session.fence, commit).await?;
        }
        Ok(())
    }

    async fn read_back_unknown(
        &self,
        session: &mut Session,
        unknown: Vec<Intent>,
        commit: &mut Commit,
    ) -> Result<(), FlowError> {
        let until = self.after(self.parts.settings.settle);
        let drafts: Vec<&Draft> = unknown.iter().map(|intent| &intent.draft).collect();
        let lookups = self.look_up(&drafts).await?;
        let mut decisions = Decisions::default();
        for (intent, lookup) in unknown.iter().zip(lookups) {
            let landed = self.shows(&intent.draft, &lookup);
            decisions.of(&intent.key, settled(intent, landed.is_some()));
            if landed.is_some() && only_one(intent, &unknown) && !session.doubts.know(&intent.draft) {
                commit.settled.push(intent.attempt.clone());
            } else {
                doubt(session, commit, intent, until);
            }
            commit.links.extend(landed.map(|target| self.landed_link(intent, target)));
        }
        self.publish(decisions).await
    }

    fn landed_link(&self, intent: &Intent, target: TargetId) -> Link {
        Link {
            key: intent.key.clone(),
            id: intent.draft.id.clone(),
            target,
            version: intent.version.clone(),
            mapper: intent.mapper.clone(),
            base: mapping::Base { source: intent.source.clone(), target: intent.draft.fields.clone() },
            at: self.now(),
        }
    }
}

/// Whether no other attempt could have written the same content.
fn only_one(intent: &Intent, all: &[Intent]) -> bool {
    all.iter().filter(|other| other.draft == intent.draft).count() == 1
}
