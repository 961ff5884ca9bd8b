//! Mapped → planned: the target is looked up, the plan decides, and the decision is durable before
//! anything is sent.

use std::collections::BTreeMap;

use mapping::{
    Action, Cause, Draft, Entity, ExternalId, FieldName, Found, Lane, Plan, Reference, Rewrite, Side,
    TargetId, Value,
};

use crate::clashes::Noted;
use crate::decisions::Decisions;
use crate::flow::{Missing, raw};
use crate::halt::{Halt, crossed, frozen, held, repointed, rival, settling};
use crate::session::Session;
use crate::stage::{Keep, Mapped, Ordered, Planned, Work, claimed_twice};
use crate::weigh::Case;
use crate::{Commit, Flow, FlowError, Intent, Link, Lookup, ParkedClass};

impl Flow {
    pub(crate) async fn decide(&self, session: &mut Session, mapped: Mapped) -> Result<Planned, FlowError> {
        let Mapped { work, gone, keep } = mapped;
        let mut planned = Planned { ordered: Vec::with_capacity(work.len()), keep };
        let mut decisions = Decisions::default();
        let mut first = Vec::new();
        let work = self.hold_back(session, work, &mut planned.keep);
        if !work.is_empty() {
            let mut links = self.links_for(&work).await?;
            let drafts: Vec<&Draft> = work.iter().map(|work| &work.draft).collect();
            let mut lookups = self.look_up(&drafts).await?;
            Box::pin(self.look_for_unnamed(&drafts, &links, &mut lookups)).await?;
            Box::pin(self.forget_old_merges(&mut links)).await?;
            for ((work, link), lookup) in work.into_iter().zip(links).zip(lookups) {
                let noted = self.decide_one(session, &mut planned, &mut decisions, (work, link, lookup));
                first.extend(noted);
            }
        }
        if !gone.is_empty() {
            self.decide_gone(session, gone, &mut planned, &mut decisions).await?;
        }
        if let Some(refusal) = session.brake.refusal(&planned.ordered) {
            return Err(refusal);
        }
        self.publish(decisions).await?;
        if !first.is_empty() {
            let commit = Commit { conflicts: first, ..Commit::default() };
            self.parts.store.commit(&self.parts.name, session.fence, commit).await?;
        }
        Ok(planned)
    }

    /// Parks what must not be looked at now: ids that two records claim, records on which an older
    /// write may still land, and records that the other direction has just written.
    fn hold_back(&self, session: &Session, work: Vec<Work>, keep: &mut Keep) -> Vec<Work> {
        let twice = claimed_twice(&work);
        let now = self.now();
        let guarded = session.policy.lane() == Lane::Guarded;
        let mut ready = Vec::with_capacity(work.len());
        for work in work {
            if session.is_frozen(&work.record) {
                continue;
            }
            let (key, id) = (work.record.key.as_str(), work.draft.id.as_str());
            let halt = if let Some(holder) = twice.get(&work.draft.id) {
                Some(rival(&work.draft.id, holder))
            } else if session.crossed.contains(key) || session.crossed.contains(id) {
                let partner = self.pair().and_then(|pair| pair.partner.as_deref()).unwrap_or_default();
                Some(crossed(partner, self.after(self.parts.settings.retry)))
            } else if guarded || self.parts.sink.may_double(&work.draft.entity) {
                session.doubts.open(&work.draft, now).map(settling)
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

    /// Decides about one draft; returns the conflicts to be kept before anything is sent.
    fn decide_one(
        &self,
        session: &mut Session,
        planned: &mut Planned,
        decisions: &mut Decisions,
        (work, link, lookup): (Work, Option<Link>, Lookup),
    ) -> Vec<crate::Conflict> {
        let found = match self.verified(&work, link.as_ref(), lookup) {
            Ok(found) => found,
            Err(halt) => {
                decisions.add(&work, "parked", None, Some(raw(&halt.fault)));
                planned.keep.park(self.parked(session, &work.record, *halt));
                return Vec::new();
            }
        };
        if found.is_none() && self.was_removed_there(link.as_ref()) {
            decisions.add(&work, "left apart", None, None);
            planned.keep.counts.filtered += 1;
            planned.keep.release(session, &work.record.key);
            return Vec::new();
        }
        let conflicts = session.conflicts_of(&work.record.key).to_vec();
        let case = Case {
            work: &work,
            link: link.as_ref(),
            found: found.as_ref(),
            conflicts: &conflicts,
            policy: &session.policy,
        };
        let plan = self.weigh(&case);
        let noted = self.note(&case, &plan, &mut planned.keep);
        decisions.disputes(&work, &noted.fresh);
        match &plan.step.action {
            Action::Nothing { target } => {
                let target = target.clone();
                planned.keep.commit.links.extend(self.refreshed(&case, &plan, target));
                decisions.add(&work, "nothing", None, differing(&plan));
                planned.keep.counts.equal += 1;
                planned.keep.release(session, &work.record.key);
            }
            Action::Hold { reason } => {
                let halt = self.halted(&work, reason, found.is_none());
                decisions.add(&work, "hold", None, Some(raw(&halt.fault)));
                planned.keep.park(self.parked(session, &work.record, halt));
            }
            _ => {
                let target = found.as_ref().map_or_else(|| TargetId::from(""), |found| found.target.clone());
                let mut after = self.link_after(&case, &plan, target);
                let thawed = session.waits_frozen(&work.record.key);
                if let Some(fields) = self.flips(&mut after, &plan, thawed) {
                    let halt = frozen(fields);
                    decisions.add(&work, "parked", None, Some(raw(&halt.fault)));
                    planned.keep.park(self.parked(session, &work.record, halt));
                    return Vec::new();
                }
                let suspects = suspects(&mut after, &plan, &session.policy);
                let attempt = session.next_attempt();
                decisions.write(&work, &attempt.0, &plan.step);
                let mut ordered = self.ordered(attempt, work.record, plan, after);
                (ordered.ends, ordered.suspects) = (noted.landed, suspects);
                planned.ordered.push(ordered);
                return noted.first;
            }
        }
        Vec::new()
    }

    /// The found record, unless the identity is not clear.
    fn verified(&self, work: &Work, link: Option<&Link>, lookup: Lookup) -> Result<Option<Found>, Box<Halt>> {
        if let Some(link) = link.filter(|link| link.gone.is_none()) {
            if link.key != work.record.key {
                return Err(Box::new(rival(&work.draft.id, &link.key)));
            }
            // Where the other direction has made the pair, this one has not said yet how it names it.
            if link.id != work.draft.id && (self.swapped() || !link.mapper.is_empty()) {
                return Err(Box::new(repointed(&work.draft.id, &link.id)));
            }
        }
        match lookup {
            Lookup::Absent => Ok(None),
            Lookup::One(found) => Ok(Some(found)),
            Lookup::Ambiguous(fault) => Err(Box::new(Halt::new(ParkedClass::Quarantine, fault, None))),
        }
    }

    /// The link as it should be, if it is not so already.
    fn refreshed(&self, case: &Case<'_>, plan: &Plan, target: TargetId) -> Option<Link> {
        if case.policy.lane() == Lane::Owned
            && plan.merge.clashes.is_empty()
            && let Some(link) = case.standing()
            && link.version == case.work.record.version
            && link.mapper == self.parts.mapper.name()
            && link.target == target
        {
            return None;
        }
        let after = self.link_after(case, plan, target);
        (!case.link.is_some_and(|known| same(known, &after))).then_some(after)
    }

    /// Counts and keeps what was found out field by field.
    fn note(&self, case: &Case<'_>, plan: &Plan, keep: &mut Keep) -> Noted {
        let merge = &plan.merge;
        keep.counts.absorbed += merge.absorbed;
        if merge.left.is_empty() && merge.clashes.is_empty() && case.conflicts.is_empty() {
            return Noted::default();
        }
        keep.counts.left += merge.left.len() as u64;
        keep.counts.conflicts += merge.clashes.len() as u64;
        if !merge.left.is_empty() {
            keep.commit.handed.extend(self.handed_over(case));
        }
        let mut noted = self.conflicts_of(case, plan);
        keep.commit.conflicts.append(&mut noted.now);
        noted
    }

    /// Whether people removed the target record, as the flow in the other direction has found out:
    /// then it is not made again.
    fn was_removed_there(&self, link: Option<&Link>) -> bool {
        let gone = link.and_then(|link| link.gone);
        self.pair().is_some() && gone.is_some_and(|gone| gone.side == Side::Target)
    }

    fn halted(&self, work: &Work, reason: &str, absent: bool) -> Halt {
        let mut halt = held(reason);
        if absent && self.parts.settings.missing == Missing::Wait {
            halt.class = ParkedClass::Orphan;
            halt.fault.code = "TARGET_MISSING".into();
            halt.fault.message = format!("{} {} is not there yet", work.draft.entity, work.draft.id);
            halt.fault.hint = None;
            halt.due = Some(self.after(self.parts.settings.retry));
            let (entity, id) = (work.draft.entity.clone(), work.draft.id.clone());
            halt.waits_for = vec![Reference { entity, field: FieldName::from(""), id }];
        }
        halt
    }

    /// A step under an intent; `link` is what both sides agree on once it has landed.
    pub(crate) fn ordered(
        &self,
        attempt: crate::Attempt,
        record: mapping::Record,
        plan: Plan,
        link: Link,
    ) -> Ordered {
        let step = plan.step;
        let images = (step.lane == Lane::Guarded || self.pair().is_some()).then(|| link.base.target.clone());
        let intent = Intent {
            attempt,
            key: record.key.clone(),
            version: record.version.clone(),
            mapper: self.parts.mapper.name().to_owned(),
            draft: step.draft.clone(),
            source: link.base.source.clone(),
            target: images,
            at: self.now(),
            doubtful_until: None,
        };
        Ordered { intent, record, step, link, ends: Vec::new(), suspects: Vec::new() }
    }
}

/// Whether a link says already what it would say.
fn same(known: &Link, after: &Link) -> bool {
    let Link { key, id, target, version, mapper, base, gone, rewrites, .. } = known;
    let head = (key, id, target, version, mapper)
        == (&after.key, &after.id, &after.target, &after.version, &after.mapper);
    head && *gone == after.gone && *rewrites == after.rewrites && *base == after.base
}

/// Values that are put back: if one comes back that was put back before, it is looked at again right
/// after it was written.
fn suspects(after: &mut Link, plan: &Plan, policy: &mapping::Policy) -> Vec<Rewrite> {
    let Action::Update { changes, .. } = &plan.step.action else { return Vec::new() };
    let mut suspects = Vec::new();
    for change in changes {
        let known = after.rewrites.iter().position(|known| known.field == change.field);
        let before = known.map(|place| after.rewrites.swap_remove(place));
        let owner = policy.owner(&plan.step.draft.entity, &change.field);
        if change.cause != Cause::Target || owner != mapping::Ownership::Source {
            continue;
        }
        let (field, sent, stored) = (change.field.clone(), change.after.clone(), change.before.clone());
        let rewrite = Rewrite { field, sent, stored, known: false };
        if before.is_some_and(|before| before == rewrite) {
            suspects.push(rewrite.clone());
        }
        after.rewrites.push(rewrite);
    }
    suspects
}

/// Fields that differ although nothing is written.
fn differing(plan: &Plan) -> Option<Box<serde_json::value::RawValue>> {
    let merge = &plan.merge;
    if merge.left.is_empty() && merge.clashes.is_empty() {
        return None;
    }
    let clashes: Vec<&FieldName> = merge.clashes.iter().map(|clash| &clash.field).collect();
    Some(raw(&serde_json::json!({ "left": merge.left, "conflicts": clashes })))
}

/// The fields that have to be read to compare these drafts.
pub(crate) fn fields_of(drafts: &[&Draft]) -> Vec<FieldName> {
    let mut names: Vec<FieldName> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut note = |name: &FieldName| {
        if !seen.contains(name.as_str()) {
            seen.insert(name.clone());
            names.push(name.clone());
        }
    };
    for (name, value) in drafts.iter().flat_map(|draft| draft.fields.iter()) {
        note(name);
        let Value::List(children) = value else { continue };
        for (field, _) in children.iter().flat_map(|child| child.fields.iter()) {
            note(&FieldName::from(format!("{name}.{field}")));
        }
    }
    names
}
