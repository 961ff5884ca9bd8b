//! The end of a whole sweep: pairs whose source record was not met are looked at.

use mapping::{Change, Entity, Key};
use serde_json::json;

use crate::flow::raw;
use crate::session::Session;
use crate::stage::{Pulled, Stage};
use crate::{Commit, Flow, FlowError, Link, Observation};

/// How many links are looked at in one go.
const PAGE: usize = 1_000;
/// How many records are fetched by key at once.
const FETCH: usize = 200;

impl Flow {
    /// Finds the pairs whose source record is gone. A sweep that met nothing at all is no evidence.
    pub(crate) async fn end_sweep(&self, session: &mut Session) -> Result<(), FlowError> {
        let Some(swept) = &session.swept else {
            // A sweep in two parts has compared everything too, and names nobody as gone.
            return self.trust_again(session).await;
        };
        if swept.is_empty() {
            self.tell("sweep was empty", raw(&json!({ "gone": "nothing is taken for gone" }))).await?;
            return self.trust_again(session).await;
        }
        let mut after = None;
        loop {
            let page = self.parts.store.all_links(self.book(), after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            let ours = page.into_iter().map(|link| if self.swapped() { link.swapped() } else { link });
            let missed: Vec<Key> = ours
                .filter(|link: &Link| link.gone.is_none() && !session.has_swept(&link.key))
                .map(|link| link.key)
                .collect();
            for keys in missed.chunks(FETCH) {
                self.look_for(session, keys).await?;
            }
        }
        session.swept = None;
        self.trust_again(session).await
    }

    /// Looks for records that a sweep has not met: those that are there are dealt with, the others
    /// are gone.
    async fn look_for(&self, session: &mut Session, keys: &[Key]) -> Result<(), FlowError> {
        let observed = self.parts.source.fetch(keys).await?;
        let gone = |key: &Key| {
            Observation::Change(Change::Gone { entity: Entity::from("missed by a sweep"), key: key.clone() })
        };
        let observations = keys.iter().zip(observed).map(|(key, seen)| seen.unwrap_or_else(|| gone(key)));
        let observations = observations.collect();
        let pulled = Pulled::by_key(observations, false);
        self.carry(session, Stage::Pulled(pulled)).await
    }

    /// Everything was compared: what the state says about agreement is true again.
    async fn trust_again(&self, session: &mut Session) -> Result<(), FlowError> {
        if !session.policy.careful {
            return Ok(());
        }
        self.tell("careful no longer", raw(&json!({ "reason": "everything was compared" }))).await?;
        let commit = Commit { careful: Some(false), ..Commit::default() };
        self.parts.store.commit(&self.parts.name, session.fence, commit).await?;
        session.policy.careful = false;
        Ok(())
    }
}
