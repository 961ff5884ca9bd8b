//! What both sides agree on once a record is dealt with: each image moves on field by field, never
//! past a field that is in conflict or that only the other side has moved.

use std::collections::BTreeSet;

use mapping::canonical::alike;
use mapping::{Base, FieldName, Fields, Found, Lane, Ownership, Plan, Rewrite, Side, TargetId, Value, image};

use crate::weigh::Case;
use crate::{Flow, Link, Seen};

impl Flow {
    /// The link as it will be once the step of `plan` is done.
    pub(crate) fn link_after(&self, case: &Case<'_>, plan: &Plan, target: TargetId) -> Link {
        let base = match case.policy.lane() {
            Lane::Owned if !case.policy.careful => {
                let (source, target) = (case.work.record.fields.clone(), plan.step.draft.fields.clone());
                Base { source, target }
            }
            _ => Base { source: self.source_after(case, plan), target: target_after(case, plan) },
        };
        let (record, draft) = (&case.work.record, &case.work.draft);
        let known = case.standing();
        Link {
            key: record.key.clone(),
            id: draft.id.clone(),
            target: if self.swapped() { TargetId::from(draft.id.as_str()) } else { target },
            version: record.version.clone(),
            mapper: self.parts.mapper.name().to_owned(),
            base,
            at: self.now(),
            entity: Some(draft.entity.clone()),
            back: case.link.and_then(|link| link.back.clone()).or_else(|| self.first_back(case)),
            gone: None,
            rewrites: rewrites_after(case, plan, known),
            trail: known.map(|link| link.trail.clone()).unwrap_or_default(),
        }
    }

    /// What the forward flow is told about a pair that this one has made.
    fn first_back(&self, case: &Case<'_>) -> Option<Seen> {
        self.swapped().then(|| Seen {
            version: "".into(),
            mapper: String::new(),
            id: case.work.draft.id.clone(),
            entity: Some(case.work.record.entity.clone()),
        })
    }

    fn source_after(&self, case: &Case<'_>, plan: &Plan) -> Fields {
        let (record, draft) = (&case.work.record, &case.work.draft);
        let mapper = self.parts.mapper.as_ref();
        let before = case.standing().map(|link| link.base.source.clone()).unwrap_or_default();
        let open = plan.merge.clashes.iter().filter(|clash| clash.winner.is_none());
        let open: BTreeSet<FieldName> = open.map(|clash| clash.field.clone()).collect();
        let held =
            if open.is_empty() { Vec::new() } else { image::behind(mapper, (record, draft), &before, &open) };
        // What the other direction carries by itself is not agreed on here.
        let foreign = if self.pair().is_some() && !before.is_empty() {
            let all: BTreeSet<FieldName> = draft.fields.iter().map(|(name, _)| name.clone()).collect();
            let ours = image::behind(mapper, (record, draft), &before, &all);
            let moved = |(name, now): &(&FieldName, &Value)| {
                before.get(name.as_str()).is_some_and(|before| !alike(before, now))
            };
            let moved = record.fields.iter().filter(moved).map(|(name, _)| name.clone());
            moved.filter(|name| !ours.contains(name)).collect()
        } else {
            Vec::new()
        };
        let mut after = before;
        for (name, now) in record.fields.iter() {
            if !held.contains(name) && !foreign.contains(name) {
                after.set(name.clone(), now.clone());
            }
        }
        after
    }
}

/// A person who lets the target keep a value of a field that is not its own has accepted it.
fn rewrites_after(case: &Case<'_>, plan: &Plan, known: Option<&Link>) -> Vec<Rewrite> {
    let mut rewrites = known.map(|link| link.rewrites.clone()).unwrap_or_default();
    for clash in &plan.merge.clashes {
        let accepted = clash.winner == Some(Side::Target) && case.owner(&clash.field) == Ownership::Source;
        if accepted {
            rewrites.retain(|rewrite| rewrite.field != clash.field);
            let (field, sent, stored) = (clash.field.clone(), clash.wanted.clone(), clash.found.clone());
            rewrites.push(Rewrite { field, sent, stored, known: true });
        }
    }
    rewrites
}

fn target_after(case: &Case<'_>, plan: &Plan) -> Fields {
    let mut after = case.standing().map(|link| link.base.target.clone()).unwrap_or_default();
    for (name, wanted) in case.work.draft.fields.iter() {
        if case.found.is_some() && case.owner(name) == Ownership::Target {
            continue;
        }
        if plan.merge.settles(name) {
            after.set(name.clone(), shown(case.found, plan, name).unwrap_or(wanted).clone());
        }
    }
    after
}

/// What the target shows in a field that is not written: it may differ from what is wanted, as it
/// did when both sides agreed.
fn shown<'a>(found: Option<&'a Found>, plan: &Plan, name: &FieldName) -> Option<&'a Value> {
    let written = match &plan.step.action {
        mapping::Action::Update { changes, .. } => changes.iter().any(|change| change.field == *name),
        mapping::Action::Create => true,
        _ => false,
    };
    if written { None } else { found.and_then(|found| found.fields.get(name.as_str())) }
}
