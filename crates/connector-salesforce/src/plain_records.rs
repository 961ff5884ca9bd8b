//! Records without lines: their steps sorted by the way they have to go, and sent.

use std::collections::{BTreeMap, BTreeSet};

use mapping::{Action, Entity, Lane, Step, Value};
use sfdc_client::UpsertKey;
use sfdc_client::lanes::{self, Allowed, Ownership, Work};
use sync_engine::{Fault, FaultClass, Outcome, SinkError};

use futures::{StreamExt as _, stream};

use crate::batch::{Outcomes, Parcel, Sender, Way};
use crate::convert::Pen;
use crate::faults::{plain, with_hint};
use crate::guarded::{Guarded, unknown_action};
use crate::org::{Aliases, Org};
use crate::person_account;
use crate::schema::Object;

/// Writes the steps of one entity.
pub(crate) struct Plain<'a> {
    pub(crate) org: &'a Org,
    pub(crate) entity: &'a Entity,
    pub(crate) object: &'a Object,
    /// Whether records are changed by their own ids, and only in what differs.
    pub(crate) by_id: bool,
}

impl Plain<'_> {
    /// One outcome for each step.
    pub(crate) async fn write(&self, steps: &[(usize, &Step)]) -> Result<Outcomes, SinkError> {
        let none = Aliases::new();
        let mut outcomes = self.write_with(steps, &none).await?;
        // A parent that is missed may have been merged into another record.
        let missed = |(place, outcome): &(usize, Outcome)| match outcome {
            Outcome::Rejected(fault) if fault.class == FaultClass::Dependency => Some(*place),
            _ => None,
        };
        let missed: BTreeSet<usize> = outcomes.iter().filter_map(missed).collect();
        let again: Vec<(usize, &Step)> =
            steps.iter().copied().filter(|(place, _)| missed.contains(place)).collect();
        let aliases = self.org.aliases(&parents(again.iter().map(|(_, step)| *step))).await?;
        let led = |step: &Step| {
            step.draft.fields.iter().any(|(_, value)| match value {
                Value::Reference(parent) => {
                    aliases.contains_key(&(parent.entity.to_string(), parent.id.as_str().to_lowercase()))
                }
                _ => false,
            })
        };
        let again: Vec<(usize, &Step)> = again.into_iter().filter(|(_, step)| led(step)).collect();
        if !again.is_empty() {
            let places: BTreeSet<usize> = again.iter().map(|(place, _)| *place).collect();
            outcomes.retain(|(place, _)| !places.contains(place));
            outcomes.extend(self.write_with(&again, &aliases).await?);
        }
        Ok(outcomes)
    }

    async fn write_with(&self, steps: &[(usize, &Step)], aliases: &Aliases) -> Result<Outcomes, SinkError> {
        let pen = Pen { object: self.object, aliases };
        let extra = self.extra(steps).await?;
        let mut outcomes = Outcomes::with_capacity(steps.len());
        let (mut single, mut gone) = (Vec::new(), Vec::new());
        let (mut by_key, mut by_id, mut made) = (Vec::new(), Vec::new(), Vec::new());
        let collisions = collisions(steps, self.object);
        for (place, step) in steps.iter().copied() {
            let id = step.draft.id.as_str();
            match (&step.action, step.lane) {
                (Action::Remove { target }, Lane::Owned) => gone.push((place, target)),
                (Action::Create, _) | (Action::Update { .. }, Lane::Owned) => {
                    if collisions.get(&self.object.fold(id)).is_some_and(|count| *count > 1) {
                        outcomes.push((place, Outcome::Rejected(collision(id))));
                        continue;
                    }
                    let led = match step.lane {
                        Lane::Guarded => &mut made,
                        _ if self.goes_by_id(step) => &mut by_id,
                        _ => &mut by_key,
                    };
                    match self.parcel(pen, (place, step), &extra) {
                        Ok(parcel) => led.push(parcel),
                        Err(fault) => outcomes.push((place, Outcome::Rejected(fault))),
                    }
                }
                (_, Lane::Guarded) => single.push((place, step)),
                (other, _) => outcomes.push((place, Outcome::Rejected(unknown_action(other)))),
            }
        }
        outcomes.extend(self.upsert(by_key, steps).await);
        outcomes.extend(self.sender(Way::Update).deliver(by_id).await);
        outcomes.extend(self.org.remove(&gone).await);
        outcomes.extend(self.make(pen, made).await);
        outcomes.extend(self.guarded(pen, single).await);
        Ok(outcomes)
    }

    /// What a record that is made gets beside its own fields.
    async fn extra(&self, steps: &[(usize, &Step)]) -> Result<Vec<(&'static str, String)>, SinkError> {
        let makes = steps.iter().any(|(_, step)| step.action == Action::Create);
        if !makes || self.entity.as_str() != person_account::ENTITY {
            return Ok(Vec::new());
        }
        Ok(vec![("RecordTypeId", self.org.person_record_type(self.object).await?)])
    }

    fn parcel(
        &self,
        pen: Pen<'_>,
        (place, step): (usize, &Step),
        extra: &[(&'static str, String)],
    ) -> Result<Parcel, Fault> {
        let about = step.draft.id.to_string();
        if let (Action::Update { target, changes }, true) = (&step.action, self.goes_by_id(step)) {
            let mut body = pen.body(changes.iter().map(|change| (&change.field, &change.after)))?;
            if self.org.merges.has_adopted(target.as_str()) {
                body.text(self.object.external_id(), &about);
            }
            return Ok(Parcel { place, key: target.to_string(), about, body });
        }
        let mut body = pen.body(step.draft.fields.iter())?;
        body.text(self.object.external_id(), &about);
        if step.action == Action::Create {
            for (name, value) in extra {
                body.text(name, value);
            }
        }
        Ok(Parcel { place, key: about.clone(), about, body })
    }

    /// Whether a record is addressed by its own id: always, or because it carries another external
    /// id than the one it stands for.
    fn goes_by_id(&self, step: &Step) -> bool {
        match &step.action {
            Action::Update { target, .. } => self.by_id || self.org.merges.has_adopted(target.as_str()),
            _ => false,
        }
    }

    fn sender<'s>(&'s self, way: Way<'s>) -> Sender<'s> {
        let Org { packer, clock, entropy, .. } = self.org;
        Sender { packer, clock: &**clock, entropy: &**entropy, way }
    }

    /// Upserts, as a Bulk job where the load is large and the configuration says so.
    async fn upsert(&self, parcels: Vec<Parcel>, steps: &[(usize, &Step)]) -> Outcomes {
        let key = UpsertKey {
            object: self.object.name(),
            field: self.object.external_id(),
            case_sensitive: self.object.case_sensitive(),
        };
        let from = self.org.settings.bulk_from.filter(|_| self.org.jobs.is_some());
        let (bulk, bulk_from) = from.map_or((false, 0), |from| (true, from));
        let allowed = Allowed { bulk, bulk_from, ..Allowed::default() };
        let work = Work::Records { count: parcels.len() as u64, ownership: Ownership::Ours };
        let person = self.entity.as_str() == person_account::ENTITY;
        if person || lanes::choose(work, &allowed) != lanes::Lane::Bulk {
            return self.sender(Way::Upsert(key)).deliver(parcels).await;
        }
        let steps: BTreeMap<usize, &Step> = steps.iter().copied().collect();
        let (mut outcomes, left) = self.org.load((self.entity, self.object), parcels, &steps).await;
        outcomes.extend(self.sender(Way::Upsert(key)).deliver(left).await);
        outcomes
    }

    /// Makes records that people change too: inserts that carry the unique external id, so that one
    /// which somebody made meanwhile is refused and not overwritten.
    async fn make(&self, pen: Pen<'_>, parcels: Vec<Parcel>) -> Outcomes {
        let ids: BTreeMap<usize, String> =
            parcels.iter().map(|parcel| (parcel.place, parcel.key.clone())).collect();
        let guarded = Guarded { org: self.org, pen };
        let mut outcomes = self.sender(Way::Create).deliver(parcels).await;
        for (place, outcome) in &mut outcomes {
            let (Outcome::Rejected(fault), Some(id)) = (&*outcome, ids.get(place)) else { continue };
            if let Some(settled) = guarded.refused_create(id, fault).await {
                *outcome = settled;
            }
        }
        outcomes
    }

    /// One call after the other for each record, of several records at the same time.
    async fn guarded(&self, pen: Pen<'_>, steps: Vec<(usize, &Step)>) -> Outcomes {
        let guarded = Guarded { org: self.org, pen };
        let mut calls = Vec::with_capacity(steps.len());
        for (place, step) in steps {
            calls.push(async move { (place, guarded.write(step).await) });
        }
        stream::iter(calls).buffer_unordered(self.org.settings.concurrency.max(1)).collect().await
    }
}

/// The entities that steps refer to.
pub(crate) fn parents<'s>(steps: impl Iterator<Item = &'s Step>) -> BTreeSet<Entity> {
    let values = steps.flat_map(|step| step.draft.fields.iter().map(|(_, value)| value));
    let parent = |value: &Value| match value {
        Value::Reference(parent) => Some(parent.entity.clone()),
        _ => None,
    };
    values.filter_map(parent).collect()
}

/// How many steps claim each id, as Salesforce compares them.
fn collisions(steps: &[(usize, &Step)], object: &Object) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (_, step) in steps {
        *counts.entry(object.fold(step.draft.id.as_str())).or_default() += 1;
    }
    counts
}

fn collision(id: &str) -> Fault {
    let message =
        format!("the external id {id} differs only in upper and lower case from another one of this run");
    let hint =
        "make the external-id field case-sensitive in Salesforce, or rename one of the two in the source";
    with_hint(plain(FaultClass::Identity, "CASE_COLLISION", &message), hint)
}
