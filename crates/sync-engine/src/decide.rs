//! Mapped → planned: the target is looked up, the plan decides, and both the decision and the
//! intent to write are durable before anything is sent.

use std::collections::BTreeMap;

use audit::{Decision, Event};
use mapping::{Action, Base, Draft, Entity, ExternalId, FieldName, Found, Key, Step, plan};

use crate::flow::raw;
use crate::session::Session;
use crate::stage::{Halt, Keep, Mapped, Ordered, Planned, Work, claimed_twice};
use crate::{Fault, FaultClass, Flow, FlowError, Intent, Link, Lookup, ParkedClass};

impl Flow {
    pub(crate) async fn decide(&self, session: &mut Session, mapped: Mapped) -> Result<Planned, FlowError> {
        let Mapped { work, keep } = mapped;
        let mut planned = Planned { ordered: Vec::with_capacity(work.len()), keep };
        if work.is_empty() {
            return Ok(planned);
        }
        let work = self.hold_back(session, work, &mut planned.keep);
        let ids: Vec<ExternalId> = work.iter().map(|work| work.draft.id.clone()).collect();
        let links = self.parts.store.links(&self.parts.name, &ids).await?;
        let drafts: Vec<&Draft> = work.iter().map(|work| &work.draft).collect();
        let lookups = self.look_up(&drafts).await?;
        let mut decisions = Decisions::default();
        for ((work, link), lookup) in work.into_iter().zip(links).zip(lookups) {
            self.decide_one(session, &mut planned, &mut decisions, (work, link, lookup));
        }
        self.publish(decisions).await?;
        let intents: Vec<Intent> = planned.ordered.iter().map(|ordered| ordered.intent.clone()).collect();
        if !intents.is_empty() {
            self.parts.store.intend(&self.parts.name, session.fence, intents).await?;
        }
        Ok(planned)
    }

    /// Parks what must not be looked at now: ids that two records claim, and records on which an
    /// older write with other content may still land.
    fn hold_back(&self, session: &Session, work: Vec<Work>, keep: &mut Keep) -> Vec<Work> {
        let twice = claimed_twice(&work);
        let now = self.now();
        let mut ready = Vec::with_capacity(work.len());
        for work in work {
            let halt = if let Some(holder) = twice.get(&work.draft.id) {
                Some(rival(&work.draft.id, holder))
            } else {
                session.doubts.blocks(&work.draft, now).map(settling)
            };
            match halt {
                Some(halt) => keep.park(self.parked(session, &work.record, halt)),
                None => ready.push(work),
            }
        }
        ready
    }

    /// Looks all drafts up, in one call per kind of target record.
    pub(crate) async fn look_up(&self, drafts: &[&Draft]) -> Result<Vec<Lookup>, FlowError> {
        let mut by_entity: BTreeMap<&Entity, Vec<usize>> = BTreeMap::new();
        for (place, draft) in drafts.iter().enumerate() {
            by_entity.entry(&draft.entity).or_default().push(place);
        }
        let mut lookups: Vec<Option<Lookup>> = drafts.iter().map(|_| None).collect();
        for (entity, places) in by_entity {
            let alike: Vec<&Draft> = places.iter().filter_map(|place| drafts.get(*place).copied()).collect();
            let ids: Vec<ExternalId> = alike.iter().map(|draft| draft.id.clone()).collect();
            let found = self.parts.sink.find(entity, &ids, &fields_of(&alike)).await?;
            for (place, lookup) in places.into_iter().zip(found) {
                if let Some(slot) = lookups.get_mut(place) {
                    *slot = Some(lookup);
                }
            }
        }
        let missing =
            || FlowError::Contract { component: "sink", detail: "find gave fewer answers than ids".into() };
        lookups.into_iter().collect::<Option<Vec<_>>>().ok_or_else(missing)
    }

    fn decide_one(
        &self,
        session: &mut Session,
        planned: &mut Planned,
        decisions: &mut Decisions,
        (work, link, lookup): (Work, Option<Link>, Lookup),
    ) {
        let found = match verified(&work, link.as_ref(), lookup) {
            Ok(found) => found,
            Err(fault) => {
                decisions.add(&work, "parked", None, Some(raw(&fault)));
                let halt = Halt { class: ParkedClass::Quarantine, fault, due: None };
                planned.keep.park(self.parked(session, &work.record, halt));
                return;
            }
        };
        let base = link.as_ref().map(|link| &link.base);
        let step = plan(work.draft.clone(), found.as_ref(), base, &self.parts.settings.policy);
        match &step.action {
            Action::Nothing { target } => {
                decisions.add(&work, "nothing", None, None);
                planned.keep.counts.equal += 1;
                planned.keep.release(session, &work.record.key);
                let target = target.clone();
                planned.keep.commit.links.extend(self.refreshed(link.as_ref(), &work, target));
            }
            Action::Hold { reason } => {
                let fault = held(reason);
                decisions.add(&work, "hold", None, Some(raw(&fault)));
                let halt = Halt { class: ParkedClass::Quarantine, fault, due: None };
                planned.keep.park(self.parked(session, &work.record, halt));
            }
            _ => {
                let attempt = session.next_attempt();
                decisions.write(&work, &attempt.0, &step);
                planned.ordered.push(self.ordered(attempt, work, step));
            }
        }
    }

    fn ordered(&self, attempt: crate::Attempt, work: Work, step: Step) -> Ordered {
        let intent = Intent {
            attempt,
            key: work.record.key.clone(),
            version: work.record.version.clone(),
            mapper: self.parts.mapper.name().to_owned(),
            draft: step.draft.clone(),
            source: work.record.fields.clone(),
            at: self.now(),
            doubtful_until: None,
        };
        Ordered { intent, record: work.record, step }
    }

    /// The link as it should be, if it is not so already.
    fn refreshed(&self, link: Option<&Link>, work: &Work, target: mapping::TargetId) -> Option<Link> {
        let mapper = self.parts.mapper.name();
        let current = link.is_some_and(|link| {
            link.version == work.record.version && link.mapper == mapper && link.target == target
        });
        (!current).then(|| self.link(&work.record, &work.draft, target))
    }

    /// A pair that agrees from now on.
    pub(crate) fn link(&self, record: &mapping::Record, draft: &Draft, target: mapping::TargetId) -> Link {
        Link {
            key: record.key.clone(),
            id: draft.id.clone(),
            target,
            version: record.version.clone(),
            mapper: self.parts.mapper.name().to_owned(),
            base: Base { source: record.fields.clone(), target: draft.fields.clone() },
            at: self.now(),
        }
    }

    /// Puts the decisions on record.
    pub(crate) async fn publish(&self, decisions: Decisions) -> Result<(), FlowError> {
        let Decisions { mut records, mut decisions } = decisions;
        let chunk = self.parts.settings.chunk.max(1);
        let mut entries = Vec::with_capacity(records.len() / chunk + 1);
        while !records.is_empty() {
            let later = (
                records.split_off(chunk.min(records.len())),
                decisions.split_off(chunk.min(decisions.len())),
            );
            entries.push(self.entry(records, Event::Decided { decisions }));
            (records, decisions) = later;
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
    fn add(
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

    fn write(&mut self, work: &Work, attempt: &str, step: &Step) {
        match &step.action {
            Action::Update { changes, .. } => self.add(work, "update", Some(attempt), Some(raw(changes))),
            _ => self.add(work, "create", Some(attempt), None),
        }
    }
}

/// The found record, unless the identity is not clear.
fn verified(work: &Work, link: Option<&Link>, lookup: Lookup) -> Result<Option<Found>, Fault> {
    if let Some(link) = link
        && link.key != work.record.key
    {
        return Err(rival(&work.draft.id, &link.key).fault);
    }
    match lookup {
        Lookup::Absent => Ok(None),
        Lookup::One(found) => Ok(Some(found)),
        Lookup::Ambiguous(fault) => Err(fault),
    }
}

fn fields_of(drafts: &[&Draft]) -> Vec<FieldName> {
    let mut names: Vec<FieldName> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (name, _) in drafts.iter().flat_map(|draft| draft.fields.iter()) {
        if !seen.contains(name.as_str()) {
            seen.insert(name.clone());
            names.push(name.clone());
        }
    }
    names
}

fn rival(id: &ExternalId, holder: &Key) -> Halt {
    let fault = Fault {
        class: FaultClass::Identity,
        code: "RIVAL".into(),
        message: format!("external id {id} is already claimed by source record {holder}"),
        fields: vec![],
        hint: Some(
            "make the external id unique in the mapping, or remove one of the two source records".into(),
        ),
    };
    Halt { class: ParkedClass::Quarantine, fault, due: None }
}

fn settling(until: jiff::Timestamp) -> Halt {
    let fault = Fault {
        class: FaultClass::Transient,
        code: "SETTLING".into(),
        message: format!("an earlier write whose answer was lost may still land until {until}"),
        fields: vec![],
        hint: None,
    };
    Halt { class: ParkedClass::Settling, fault, due: Some(until) }
}

fn held(reason: &str) -> Fault {
    Fault {
        class: FaultClass::Data,
        code: "HELD".into(),
        message: reason.into(),
        fields: vec![],
        hint: Some("the flow's policy forbids this write; change it in the flow's file".into()),
    }
}
