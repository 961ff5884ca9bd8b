//! Taking over: intents whose outcome nobody kept are settled before anything new is done.

use std::collections::HashMap;

use mapping::{Base, Draft, Entity, ExternalId, Lane, TargetId};

use crate::decisions::Decisions;
use crate::deliver::{doubt, settled};
use crate::session::Session;
use crate::{Commit, Flow, FlowError, Intent, Link, Outcome, Receipt, Seen};

/// What the sink tells of writes that were under way, by record.
type Told = HashMap<(Entity, ExternalId), Outcome>;

impl Flow {
    /// Finds out what became of earlier attempts. What has landed is linked, from the attempt that
    /// landed; what has not may still do so until the settle time is over.
    pub(crate) async fn settle(&self, session: &mut Session, intents: Vec<Intent>) -> Result<(), FlowError> {
        let told: Told = self.parts.sink.take_up().await?.into_iter().map(of_record).collect();
        let now = self.now();
        let guarded = session.policy.lane() == Lane::Guarded || self.pair().is_some();
        let mut commit = Commit::default();
        let mut unknown = Vec::new();
        let mut over = Vec::new();
        for intent in intents {
            match intent.doubtful_until {
                // It may have landed late, and the other direction must not take that for an edit.
                Some(until) if until <= now && guarded => over.push(intent),
                Some(until) if until <= now => commit.settled.push(intent.attempt),
                Some(until) => commit.settled.extend(session.doubts.add(&intent, until)),
                None => unknown.push(intent),
            }
        }
        let unknown = self.settle_told(unknown, &told, &mut commit).await?;
        self.read_back_unknown(session, unknown, &mut commit).await?;
        self.read_back_over(over, &mut commit).await?;
        if commit != Commit::default() {
            session.report.settled += commit.settled.len() as u64;
            self.parts.store.commit(&self.parts.name, session.fence, self.booked(commit)).await?;
        }
        Ok(())
    }

    /// Settles what the sink knows for certain; the rest is returned. What was refused is not parked
    /// here: it is sent again, since the cursor has not moved, and refused again.
    async fn settle_told(
        &self,
        unknown: Vec<Intent>,
        told: &Told,
        commit: &mut Commit,
    ) -> Result<Vec<Intent>, FlowError> {
        let mut attempts: HashMap<(Entity, ExternalId), usize> = HashMap::new();
        for intent in &unknown {
            *attempts.entry(record(&intent.draft)).or_default() += 1;
        }
        // Of several attempts on one record nobody says which one is meant.
        let is_told = |intent: &Intent| {
            let record = record(&intent.draft);
            attempts.get(&record) == Some(&1)
                && matches!(told.get(&record), Some(Outcome::Applied { .. } | Outcome::Rejected(_)))
        };
        let (known, unknown): (Vec<Intent>, Vec<Intent>) = unknown.into_iter().partition(is_told);
        let keys: Vec<_> = known.iter().map(|intent| intent.key.clone()).collect();
        let links = self.links_of(&keys).await?;
        let mut decisions = Decisions::default();
        for (intent, link) in known.iter().zip(links) {
            let link = match told.get(&record(&intent.draft)) {
                Some(Outcome::Applied { target, .. }) => Some(self.landed_link(intent, link, target.clone())),
                _ => None,
            };
            decisions.of(&intent.key, settled(intent, link.is_some()));
            commit.settled.push(intent.attempt.clone());
            commit.links.extend(link);
        }
        self.publish(decisions).await?;
        Ok(unknown)
    }

    async fn read_back_unknown(
        &self,
        session: &mut Session,
        unknown: Vec<Intent>,
        commit: &mut Commit,
    ) -> Result<(), FlowError> {
        if unknown.is_empty() {
            return Ok(());
        }
        let until = self.after(self.parts.settings.settle);
        let landed = self.which_landed(&unknown).await?;
        let mut decisions = Decisions::default();
        for (intent, link) in unknown.iter().zip(landed) {
            decisions.of(&intent.key, settled(intent, link.is_some()));
            if link.is_some() && only_one(intent, &unknown) && !session.doubts.know(&intent.draft) {
                commit.settled.push(intent.attempt.clone());
            } else {
                doubt(session, commit, intent, until);
            }
            commit.links.extend(link);
        }
        self.publish(decisions).await
    }

    /// Attempts that can no longer land: what has landed of them is agreed on, the rest is forgotten.
    async fn read_back_over(&self, over: Vec<Intent>, commit: &mut Commit) -> Result<(), FlowError> {
        if over.is_empty() {
            return Ok(());
        }
        let landed = self.which_landed(&over).await?;
        let mut decisions = Decisions::default();
        for (intent, link) in over.iter().zip(landed) {
            decisions.of(&intent.key, settled(intent, link.is_some()));
            commit.settled.push(intent.attempt.clone());
            commit.links.extend(link);
        }
        self.publish(decisions).await
    }

    /// For each attempt the link that it led to, if the target shows that it has landed.
    async fn which_landed(&self, intents: &[Intent]) -> Result<Vec<Option<Link>>, FlowError> {
        let drafts: Vec<&Draft> = intents.iter().map(|intent| &intent.draft).collect();
        let lookups = self.look_up(&drafts).await?;
        let keys: Vec<_> = intents.iter().map(|intent| intent.key.clone()).collect();
        let known = self.links_of(&keys).await?;
        let link = |((intent, lookup), known): ((&Intent, _), Option<Link>)| {
            self.shows(&intent.draft, &lookup).map(|target| self.landed_link(intent, known, target))
        };
        Ok(intents.iter().zip(lookups).zip(known).map(link).collect())
    }

    fn landed_link(&self, intent: &Intent, known: Option<Link>, target: TargetId) -> Link {
        let known = known.filter(|known| known.id == intent.draft.id);
        let removed = intent.draft.fields.is_empty();
        let target = match &known {
            Some(known) if removed => known.target.clone(),
            _ if self.swapped() => TargetId::from(intent.draft.id.as_str()),
            _ => target,
        };
        let fields = intent.target.clone().unwrap_or_else(|| intent.draft.fields.clone());
        let (rewrites, trail) =
            known.as_ref().map(|known| (known.rewrites.clone(), known.trail.clone())).unwrap_or_default();
        Link {
            key: intent.key.clone(),
            id: intent.draft.id.clone(),
            target,
            version: intent.version.clone(),
            mapper: intent.mapper.clone(),
            base: Base { source: intent.source.clone(), target: fields },
            at: self.now(),
            entity: Some(intent.draft.entity.clone()),
            back: known.and_then(|known| known.back).or_else(|| self.made_back(intent)),
            gone: removed.then(|| self.gone_now()),
            rewrites,
            trail,
        }
    }

    /// What the forward flow is told about a pair that this one has made.
    fn made_back(&self, intent: &Intent) -> Option<Seen> {
        let (version, mapper) = ("".into(), String::new());
        self.swapped().then(|| Seen { version, mapper, id: intent.draft.id.clone(), entity: None })
    }
}

fn record(draft: &Draft) -> (Entity, ExternalId) {
    (draft.entity.clone(), draft.id.clone())
}

fn of_record((entity, receipt): (Entity, Receipt)) -> ((Entity, ExternalId), Outcome) {
    ((entity, receipt.id), receipt.outcome)
}

/// Whether no other attempt could have written the same content.
fn only_one(intent: &Intent, all: &[Intent]) -> bool {
    all.iter().filter(|other| other.draft == intent.draft).count() == 1
}
