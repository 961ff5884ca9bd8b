//! Planned → applied: steps are sent, and every one of them gets an outcome that is known, or known
//! to be in doubt. A lost answer is settled by reading the target back.

use audit::Decision;
use mapping::{Action, Cause, Draft, TargetId, plan};

use crate::decide::Decisions;
use crate::flow::raw;
use crate::session::Session;
use crate::stage::{Applied, Halt, Keep, Ordered, Planned};
use crate::verdict::{Verdict, verdict};
use crate::{Commit, Fault, FaultClass, Flow, FlowError, Intent, Lookup, Outcome, ParkedClass, SinkError};

impl Flow {
    pub(crate) async fn deliver(
        &self,
        session: &mut Session,
        planned: Planned,
    ) -> Result<Applied, FlowError> {
        let Planned { ordered, keep } = planned;
        let mut applied = Applied { keep, stop: None };
        let mut round = 0;
        let mut open = ordered;
        while !open.is_empty() && applied.stop.is_none() {
            round += 1;
            let lost = self.send(session, open, &mut applied).await?;
            open = self.read_back(session, lost, &mut applied).await?;
            if round >= self.parts.settings.rounds.max(1) {
                self.give_up(session, std::mem::take(&mut open), &mut applied.keep);
            }
            open = self.order_again(session, open).await?;
        }
        Ok(applied)
    }

    /// Sends the steps; returns those whose answer was lost.
    async fn send(
        &self,
        session: &Session,
        open: Vec<Ordered>,
        applied: &mut Applied,
    ) -> Result<Vec<Ordered>, FlowError> {
        let steps = open.iter().map(|ordered| ordered.step.clone()).collect();
        let receipts = match self.parts.sink.apply(steps).await {
            Ok(receipts) => receipts,
            Err(error) => {
                for ordered in open {
                    applied.keep.settle(ordered.intent.attempt);
                }
                applied.stop = Some(error.into());
                return Ok(Vec::new());
            }
        };
        if receipts.len() != open.len() {
            let detail = format!("apply gave {} receipts for {} steps", receipts.len(), open.len());
            return Err(FlowError::Contract { component: "sink", detail });
        }
        let mut lost = Vec::new();
        for (ordered, receipt) in open.into_iter().zip(receipts) {
            match receipt.outcome {
                Outcome::Applied { target, created } => {
                    applied.keep.settle(ordered.intent.attempt.clone());
                    self.landed(session, &mut applied.keep, &ordered, target, created);
                }
                Outcome::Rejected(fault) => self.refused(session, applied, ordered, fault),
                Outcome::Unknown { .. } => lost.push(ordered),
            }
        }
        Ok(lost)
    }

    /// The target holds what was sent.
    fn landed(&self, session: &Session, keep: &mut Keep, ordered: &Ordered, target: TargetId, created: bool) {
        match (&ordered.step.action, created) {
            (Action::Update { changes, .. }, false) => {
                keep.counts.updated += 1;
                let restored = changes.iter().any(|change| change.cause == Cause::Target);
                keep.counts.restored += u64::from(restored);
            }
            (_, true) => keep.counts.created += 1,
            // Planned as a create, but somebody (an earlier attempt of ours) had made it meanwhile.
            (_, false) => keep.counts.updated += 1,
        }
        keep.release(session, &ordered.record.key);
        let link = self.link(&ordered.record, &ordered.step.draft, target);
        keep.commit.links.push(link);
    }

    /// The target surely did not write it.
    fn refused(&self, session: &Session, applied: &mut Applied, ordered: Ordered, fault: Fault) {
        let keep = &mut applied.keep;
        keep.settle(ordered.intent.attempt);
        let tries = session.waiting.get(&ordered.record.key).map_or(0, |waiting| waiting.tries);
        match verdict(&fault, tries, self.parts.settings.retry) {
            Verdict::Park(class, wait) => {
                let due = wait.map(|wait| self.after(wait));
                keep.park(self.parked(session, &ordered.record, Halt { class, fault, due }));
            }
            Verdict::Stop => {
                let operation = format!("writing {}", ordered.step.draft.entity);
                applied.stop.get_or_insert_with(|| SinkError { operation, fault }.into());
            }
        }
    }

    /// Looks up what became of lost writes; returns those that have not landed (so far).
    async fn read_back(
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
                self.landed(session, &mut applied.keep, &ordered, target, created);
            } else {
                missing.push(ordered);
            }
        }
        self.publish(decisions).await?;
        Ok(missing)
    }

    /// The target's id, if the target shows everything that `draft` wants.
    pub(crate) fn shows(&self, draft: &Draft, lookup: &Lookup) -> Option<TargetId> {
        let Lookup::One(found) = lookup else { return None };
        let step = plan(draft.clone(), Some(found), None, &self.parts.settings.policy);
        match step.action {
            Action::Nothing { target } => Some(target),
            _ => None,
        }
    }

    /// Sends lost writes once more under new attempts: the content is the same, so it does no harm
    /// if the lost ones land later.
    async fn order_again(
        &self,
        session: &mut Session,
        open: Vec<Ordered>,
    ) -> Result<Vec<Ordered>, FlowError> {
        if open.is_empty() {
            return Ok(open);
        }
        let mut decisions = Decisions::default();
        let again: Vec<Ordered> = open
            .into_iter()
            .map(|mut ordered| {
                ordered.intent.attempt = session.next_attempt();
                ordered.intent.at = self.now();
                decisions.of(&ordered.record.key, repeated(&ordered));
                ordered
            })
            .collect();
        self.publish(decisions).await?;
        let intents = again.iter().map(|ordered| ordered.intent.clone()).collect();
        self.parts.store.intend(&self.parts.name, session.fence, intents).await?;
        Ok(again)
    }

    fn give_up(&self, session: &Session, open: Vec<Ordered>, keep: &mut Keep) {
        for ordered in open {
            let fault = Fault {
                class: FaultClass::Transient,
                code: "ANSWER_LOST".into(),
                message: "the answers to several writes were lost and none of them has landed so far".into(),
                fields: vec![],
                hint: None,
            };
            let due = Some(self.after(self.parts.settings.retry));
            let halt = Halt { class: ParkedClass::Retry, fault, due };
            keep.park(self.parked(session, &ordered.record, halt));
        }
    }
}

/// Remembers, durably and in this run, that the attempt may still land.
pub(crate) fn doubt(session: &mut Session, commit: &mut Commit, intent: &Intent, until: jiff::Timestamp) {
    commit.doubtful.push((intent.attempt.clone(), until));
    if let Some(older) = session.doubts.add(intent, until) {
        // An older doubt about the same content says nothing more.
        commit.doubtful.retain(|(attempt, _)| *attempt != older);
        commit.settled.push(older);
    }
}

/// The decision that reading back led to.
pub(crate) fn settled(intent: &Intent, landed: bool) -> Decision {
    Decision {
        action: "settled".into(),
        id: intent.draft.id.to_string(),
        attempt: Some(intent.attempt.0.clone()),
        detail: Some(raw(&serde_json::json!({ "landed": landed }))),
    }
}

fn repeated(ordered: &Ordered) -> Decision {
    Decision {
        action: "repeat".into(),
        id: ordered.step.draft.id.to_string(),
        attempt: Some(ordered.intent.attempt.0.clone()),
        detail: None,
    }
}
