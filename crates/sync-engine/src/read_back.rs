//! Reading back: a lost answer is settled by looking at the target, and so is the question whether
//! the target stores what it is sent.

use mapping::canonical::alike;
use mapping::{Action, Draft, Ownership, TargetId, Value};

use crate::decisions::Decisions;
use crate::deliver::{doubt, settled};
use crate::session::Session;
use crate::stage::{Applied, Ordered};
use crate::{Flow, FlowError, Lookup};

impl Flow {
    /// Looks up what became of lost writes; returns those that have not landed (so far).
    pub(crate) async fn read_back(
        &self,
        session: &mut Session,
        lost: Vec<Ordered>,
        applied: &mut Applied,
    ) -> Result<Vec<Ordered>, FlowError> {
        if lost.is_empty() {
            return Ok(lost);
        }
        let until = self.after(self.parts.settings.settle);
        let drafts: Vec<&Draft> = lost.iter().map(|ordered| &ordered.step.draft).collect();
        let lookups = match self.look_up(&drafts).await {
            Ok(lookups) => lookups,
            // The intents stay open: the next run settles them.
            Err(error) => {
                applied.stop.get_or_insert(error);
                return Ok(Vec::new());
            }
        };
        let mut decisions = Decisions::default();
        let mut missing = Vec::new();
        for (ordered, lookup) in lost.into_iter().zip(lookups) {
            let landed = self.shows(&ordered.step.draft, &lookup);
            decisions.of(&ordered.record.key, settled(&ordered.intent, landed.is_some()));
            // With an equal write in doubt, nobody can tell which of the two has landed.
            if landed.is_none() || session.doubts.know(&ordered.step.draft) {
                doubt(session, &mut applied.keep.commit, &ordered.intent, until);
            } else {
                applied.keep.settle(ordered.intent.attempt.clone());
            }
            if let Some(target) = landed {
                let created = matches!(ordered.step.action, Action::Create);
                applied.keep.counts.settled += 1;
                self.landed(session, &mut applied.keep, ordered, target, created);
            } else {
                missing.push(ordered);
            }
        }
        self.publish(decisions).await?;
        Ok(missing)
    }

    /// The target's id, if the target shows everything that `draft` wants.
    pub(crate) fn shows(&self, draft: &Draft, lookup: &Lookup) -> Option<TargetId> {
        let found = match lookup {
            Lookup::One(found) if !draft.fields.is_empty() => found,
            // A draft without fields stands for a removal.
            Lookup::Absent if draft.fields.is_empty() => return Some(TargetId::from("")),
            _ => return None,
        };
        let policy = &self.parts.settings.policy;
        let holds = |(name, wanted): (&mapping::FieldName, &Value)| {
            policy.owner(&draft.entity, name) == Ownership::Target
                || alike(wanted, found.fields.get(name.as_str()).unwrap_or(&Value::Null))
        };
        draft.fields.iter().all(holds).then(|| found.target.clone())
    }

    /// Looks right after the write at values that were put back before: what stands there again is
    /// how the target stores what it is sent, and is put back no more.
    pub(crate) async fn learn(&self, suspects: Vec<Ordered>, applied: &mut Applied) -> Result<(), FlowError> {
        if suspects.is_empty() {
            return Ok(());
        }
        let drafts: Vec<&Draft> = suspects.iter().map(|ordered| &ordered.step.draft).collect();
        let lookups = self.look_up(&drafts).await?;
        for (ordered, lookup) in suspects.iter().zip(lookups) {
            let Lookup::One(found) = lookup else { continue };
            let id = &ordered.step.draft.id;
            let Some(link) = applied.keep.commit.links.iter_mut().find(|link| link.id == *id) else {
                continue;
            };
            for suspect in &ordered.suspects {
                let shown = found.fields.get(suspect.field.as_str()).unwrap_or(&Value::Null);
                let known = link.rewrites.iter_mut().find(|known| known.field == suspect.field);
                if let Some(known) = known.filter(|_| alike(shown, &suspect.stored)) {
                    known.known = true;
                    applied.keep.counts.rewritten += 1;
                }
            }
        }
        Ok(())
    }
}
