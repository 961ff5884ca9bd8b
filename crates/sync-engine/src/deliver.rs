//! Planned → applied: intents are made durable, steps are sent, and every one of them gets an outcome that is known, or known
//! to be in doubt. A lost answer is settled by reading the target back.

use audit::Decision;
use mapping::{Action, Cause, Draft, Reference, TargetId, Value};

use crate::decisions::Decisions;
use crate::flow::raw;
use crate::halt::{Halt, settling};
use crate::session::Session;
use crate::stage::{Applied, Keep, Ordered, Planned};
use crate::verdict::{Verdict, verdict};
use crate::{Commit, Fault, FaultClass, Flow, FlowError, Intent, Outcome, ParkedClass, SinkError};

/// What a call left open.
#[derive(Debug, Default)]
struct Sent {
    /// Their answer was lost.
    lost: Vec<Ordered>,
    /// They met another state of the record than they were planned for.
    moved: Vec<Ordered>,
    /// They landed, and what they put back has to be looked at.
    suspects: Vec<Ordered>,
}

impl Flow {
    pub(crate) async fn deliver(
        &self,
        session: &mut Session,
        planned: Planned,
    ) -> Result<Applied, FlowError> {
        let Planned { ordered, keep } = planned;
        let mut rest = ordered;
        let mut applied = Applied { keep, stop: None };
        // Links are large: their places are made before they come.
        applied.keep.commit.links.reserve(rest.len());
        while !rest.is_empty() && applied.stop.is_none() {
            let later = rest.split_off(rest.len().min(self.parts.settings.part.max(1)));
            let part = std::mem::replace(&mut rest, later);
            self.intend(session, &part).await?;
            self.see_through(session, part, &mut applied).await?;
        }
        Ok(applied)
    }

    /// Makes the intents durable, before anything is sent.
    pub(crate) async fn intend(&self, session: &Session, ordered: &[Ordered]) -> Result<(), FlowError> {
        let intents: Vec<Intent> = ordered.iter().map(|ordered| ordered.intent.clone()).collect();
        if !intents.is_empty() {
            self.parts.store.intend(&self.parts.name, session.fence, intents).await?;
        }
        Ok(())
    }

    /// Sends steps until each has an outcome.
    async fn see_through(
        &self,
        session: &mut Session,
        part: Vec<Ordered>,
        applied: &mut Applied,
    ) -> Result<(), FlowError> {
        let mut round = 0;
        let mut open = part;
        while !open.is_empty() && applied.stop.is_none() {
            round += 1;
            let Sent { lost, mut moved, suspects } = self.send(session, open, applied).await?;
            self.learn(suspects, applied).await?;
            open = self.read_back(session, lost, applied).await?;
            open = self.wait_out(session, open, &mut applied.keep);
            if round >= self.parts.settings.rounds.max(1) || applied.stop.is_some() {
                self.give_up(session, std::mem::take(&mut open), &mut applied.keep);
                self.park_moved(session, std::mem::take(&mut moved), &mut applied.keep);
            }
            open = self.order_again(session, open).await?;
            open.extend(self.decide_anew(session, moved, applied).await?);
        }
        Ok(())
    }

    /// Sends the steps.
    async fn send(
        &self,
        session: &Session,
        open: Vec<Ordered>,
        applied: &mut Applied,
    ) -> Result<Sent, FlowError> {
        let steps = open.iter().map(|ordered| ordered.step.clone()).collect();
        let receipts = match self.parts.sink.apply(steps).await {
            Ok(receipts) => receipts,
            Err(error) => {
                for ordered in open {
                    applied.keep.settle(ordered.intent.attempt);
                }
                applied.stop = Some(error.into());
                return Ok(Sent::default());
            }
        };
        if receipts.len() != open.len() {
            let detail = format!("apply gave {} receipts for {} steps", receipts.len(), open.len());
            return Err(FlowError::Contract { component: "sink", detail });
        }
        let mut sent = Sent::default();
        for (ordered, receipt) in open.into_iter().zip(receipts) {
            match receipt.outcome {
                Outcome::Applied { target, created } => {
                    applied.keep.settle(ordered.intent.attempt.clone());
                    if !ordered.suspects.is_empty() {
                        sent.suspects.push(ordered.clone());
                    }
                    self.landed(session, &mut applied.keep, ordered, target, created);
                }
                Outcome::Rejected(fault) if fault.says_moved() => {
                    applied.keep.settle(ordered.intent.attempt.clone());
                    sent.moved.push(ordered);
                }
                Outcome::Rejected(fault) => self.refused(session, applied, ordered, fault),
                Outcome::Unknown { .. } => sent.lost.push(ordered),
            }
        }
        Ok(sent)
    }

    /// The target holds what was sent.
    pub(crate) fn landed(
        &self,
        session: &Session,
        keep: &mut Keep,
        ordered: Ordered,
        target: TargetId,
        created: bool,
    ) {
        let Ordered { step, record, mut link, ends, .. } = ordered;
        match (&step.action, created) {
            (Action::Remove { .. }, _) => keep.counts.removed += 1,
            (Action::Update { changes, .. }, false) => {
                keep.counts.updated += 1;
                let restored = changes.iter().any(|change| change.cause == Cause::Target);
                keep.counts.restored += u64::from(restored);
            }
            (_, true) => keep.counts.created += 1,
            // Planned as a create, but somebody (an earlier attempt of ours) had made it meanwhile.
            (_, false) => keep.counts.updated += 1,
        }
        keep.release(session, &record.key);
        if !self.swapped() && !matches!(step.action, Action::Remove { .. }) {
            link.target = target;
        }
        link.at = self.now();
        keep.commit.links.push(link);
        keep.commit.conflicts.extend(ends);
    }

    /// The target surely did not write it.
    fn refused(&self, session: &Session, applied: &mut Applied, ordered: Ordered, fault: Fault) {
        let keep = &mut applied.keep;
        keep.settle(ordered.intent.attempt);
        if fault.code == Fault::LEFT_ALONE {
            keep.counts.filtered += 1;
            keep.release(session, &ordered.record.key);
            return;
        }
        let tries = session.waiting.get(&ordered.record.key).map_or(0, |waiting| waiting.tries);
        match verdict(&fault, tries, self.parts.settings.retry) {
            Verdict::Park(class, wait) => {
                let waits_for = if class == ParkedClass::Orphan {
                    parents(&ordered.step.draft, &fault)
                } else {
                    Vec::new()
                };
                let due = wait.map(|wait| self.after(wait));
                let halt = Halt { class, fault, due, waits_for };
                keep.park(self.parked(session, &ordered.record, halt));
            }
            Verdict::Stop => {
                let operation = format!("writing {}", ordered.step.draft.entity);
                applied.stop.get_or_insert_with(|| SinkError { operation, fault }.into());
            }
        }
    }

    /// Leaves waiting what would make a second record if it were sent once more.
    fn wait_out(&self, session: &Session, open: Vec<Ordered>, keep: &mut Keep) -> Vec<Ordered> {
        let now = self.now();
        let mut repeatable = Vec::with_capacity(open.len());
        for ordered in open {
            let draft = &ordered.step.draft;
            let doubles =
                matches!(ordered.step.action, Action::Create) && self.parts.sink.may_double(&draft.entity);
            match session.doubts.open(draft, now).filter(|_| doubles) {
                Some(until) => keep.park(self.parked(session, &ordered.record, settling(until))),
                None => repeatable.push(ordered),
            }
        }
        repeatable
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
        self.intend(session, &again).await?;
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
            let halt = Halt::new(ParkedClass::Retry, fault, due);
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

/// The records that a refused draft points to; those of the fields that the refusal names, if it does.
fn parents(draft: &Draft, fault: &Fault) -> Vec<Reference> {
    let named = |name: &&mapping::FieldName| fault.fields.is_empty() || fault.fields.contains(name);
    let fields = draft.fields.iter().filter(|(name, _)| named(name));
    let some: Vec<Reference> = fields.flat_map(|(_, value)| references(value)).collect();
    if some.is_empty() {
        draft.fields.iter().flat_map(|(_, value)| references(value)).collect()
    } else {
        some
    }
}

fn references(value: &Value) -> Vec<Reference> {
    match value {
        Value::Reference(reference) => vec![Reference::clone(reference)],
        Value::List(lines) => lines
            .iter()
            .flat_map(|line| line.fields.iter())
            .flat_map(|(_, value)| references(value))
            .collect(),
        _ => Vec::new(),
    }
}
