//! One draft against its target record and what both sides last agreed on.

use mapping::canonical::alike;
use mapping::{
    Agreed, Draft, FieldName, Fields, Found, Lane, Ownership, Plan, Policy, Ruling, Side, Value, image, plan,
};

use crate::stage::Work;
use crate::{Conflict, ConflictState, Flow, Link};

/// What a decision is made from.
pub(crate) struct Case<'a> {
    pub(crate) work: &'a Work,
    pub(crate) link: Option<&'a Link>,
    pub(crate) found: Option<&'a Found>,
    /// Conflicts of this record that are not over, as this flow sees them.
    pub(crate) conflicts: &'a [Conflict],
    pub(crate) policy: &'a Policy,
}

impl Case<'_> {
    /// What both sides agreed on, unless one of them was gone in between: then it is another record
    /// of the same name. State that is doubted says nothing about agreement either.
    pub(crate) fn standing(&self) -> Option<&Link> {
        self.link.filter(|link| link.gone.is_none() && !self.policy.careful)
    }

    /// Who decides a field of the target record.
    pub(crate) fn owner(&self, name: &FieldName) -> Ownership {
        self.policy.owner(&self.work.draft.entity, name)
    }
}

impl Flow {
    /// Decides, without doing anything.
    pub(crate) fn weigh(&self, case: &Case<'_>) -> Plan {
        let draft = case.work.draft.clone();
        let (rulings, disputed) = (rulings(case), disputed(case.conflicts));
        let fresh = Agreed { rulings: &rulings, disputed: &disputed, ..Agreed::default() };
        let Some((link, found)) = case.standing().zip(case.found) else {
            let newer = case.found.and_then(|found| self.newer(case.work, found));
            return plan(draft, case.found, &Agreed { newer, ..fresh }, case.policy);
        };
        let known = Agreed { target: Some(&link.base.target), rewrites: &link.rewrites, ..fresh };
        if case.policy.lane() == Lane::Owned {
            return plan(draft, Some(found), &known, case.policy);
        }
        let drawn = if self.moved(case.work, link, found) {
            let mapper = self.parts.mapper.as_ref();
            image::drawn(mapper, &case.work.record, &link.base.source, &draft)
        } else {
            Fields::new()
        };
        let agreed = Agreed { drawn, newer: self.newer(case.work, found), ..known };
        plan(draft, Some(found), &agreed, case.policy)
    }

    /// Whether anything can have moved: if not, what the source was like need not be found out.
    fn moved(&self, work: &Work, link: &Link, found: &Found) -> bool {
        link.version != work.record.version
            || link.mapper != self.parts.mapper.name()
            || !shows(&work.draft, found)
    }

    /// Which side was modified last, if the two systems' times are far enough apart to tell.
    fn newer(&self, work: &Work, found: &Found) -> Option<Side> {
        let field = self.parts.settings.evidence.modified.as_ref()?;
        let source = instant(work.record.fields.get(field.as_str())?)?;
        let apart = source.duration_since(found.modified?);
        match apart.as_secs() {
            SKEW.. => Some(Side::Source),
            ..=NEGATIVE_SKEW => Some(Side::Target),
            _ => None,
        }
    }
}

/// So many seconds apart, and no difference between two systems' clocks explains it.
const SKEW: i64 = 5;
const NEGATIVE_SKEW: i64 = -SKEW;

/// A time, whether it was read as one or as text.
pub(crate) fn instant(value: &Value) -> Option<jiff::Timestamp> {
    match value {
        Value::Timestamp(instant) => Some(*instant),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// Whether the target shows everything that the draft wants.
pub(crate) fn shows(draft: &Draft, found: &Found) -> bool {
    draft
        .fields
        .iter()
        .all(|(name, wanted)| alike(wanted, found.fields.get(name.as_str()).unwrap_or(&Value::Null)))
}

/// What was decided about this record's conflicts, as far as the losing values are still those that
/// were decided about.
fn rulings(case: &Case<'_>) -> Vec<Ruling> {
    let mut rulings = Vec::new();
    for conflict in case.conflicts {
        let ConflictState::Decided { winner, .. } = &conflict.state else { continue };
        let unmoved = conflict.source.now.iter().all(|(name, value)| {
            case.work.record.fields.get(name.as_str()).is_some_and(|now| alike(now, value))
        });
        for (field, found) in conflict.claim.now.iter() {
            let wanted = case.work.draft.fields.get(field.as_str()).unwrap_or(&Value::Null);
            let loser = match winner {
                Side::Source => found.clone(),
                Side::Target if unmoved => wanted.clone(),
                Side::Target => continue,
            };
            rulings.push(Ruling { field: field.clone(), winner: *winner, loser });
        }
    }
    rulings
}

/// Target fields that conflicts are about.
fn disputed(conflicts: &[Conflict]) -> Vec<FieldName> {
    let of = |conflict: &Conflict| {
        let names: Vec<FieldName> = conflict.claim.now.iter().map(|(name, _)| name.clone()).collect();
        names
    };
    conflicts.iter().flat_map(of).collect()
}
