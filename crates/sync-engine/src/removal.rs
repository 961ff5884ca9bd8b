//! Records that are gone in the source: the target follows by the flow's policy, on evidence.

use audit::Decision;
use mapping::canonical::alike;
use mapping::{
    Action, Cause, Difference, Draft, Entity, ExternalId, FieldName, Fields, Found, Key, Merge, Ownership,
    Plan, Record, Side, Step, Value,
};

use crate::decisions::Decisions;
use crate::flow::{Deletes, raw};
use crate::halt::Halt;
use crate::session::Session;
use crate::stage::{Keep, Planned};
use crate::{Fault, FaultClass, Flow, FlowError, Gone, Link, Lookup, Observation, ParkedClass};

/// A record that is gone, with what is known about the pair.
struct Lost {
    entity: Entity,
    key: Key,
    link: Link,
}

impl Flow {
    /// Decides about records that the source says are gone.
    pub(crate) async fn decide_gone(
        &self,
        session: &mut Session,
        gone: Vec<(Entity, Key)>,
        planned: &mut Planned,
        decisions: &mut Decisions,
    ) -> Result<(), FlowError> {
        let lost = self.confirmed_lost(session, gone, &mut planned.keep).await?;
        let deletes = &self.parts.settings.deletes;
        if matches!(deletes, Deletes::Ignore | Deletes::Unlink) || session.policy.careful {
            for lost in lost {
                decisions.of(&lost.key, decision("gone", &lost.link.id));
                self.part(lost, &mut planned.keep);
            }
            return Ok(());
        }
        let found = self.find_lost(&lost).await?;
        for (lost, lookup) in lost.into_iter().zip(found) {
            match lookup {
                Lookup::Absent => {
                    decisions.of(&lost.key, decision("gone", &lost.link.id));
                    self.part(lost, &mut planned.keep);
                }
                Lookup::Ambiguous(fault) => self.park_lost(session, &lost, fault, &mut planned.keep),
                Lookup::One(found) => self.follow(session, lost, &found, planned, decisions),
            }
        }
        Ok(())
    }

    /// Those that are linked and that the source, asked once more, does not have.
    async fn confirmed_lost(
        &self,
        session: &Session,
        gone: Vec<(Entity, Key)>,
        keep: &mut Keep,
    ) -> Result<Vec<Lost>, FlowError> {
        let keys: Vec<Key> = gone.iter().map(|(_, key)| key.clone()).collect();
        let links = self.links_of(&keys).await?;
        let observed = self.parts.source.fetch(&keys).await?;
        let there = |seen: Option<Observation>| {
            seen.is_some_and(|seen| !matches!(seen, Observation::Change(mapping::Change::Gone { .. })))
        };
        let there: Vec<bool> = observed.into_iter().map(there).collect();
        let links = Box::pin(self.passed_on(&keys, links, &there, keep)).await?;
        let mut lost = Vec::new();
        for (((entity, key), link), there) in gone.into_iter().zip(links).zip(there) {
            match link {
                // It has come back since: the source reports it again.
                _ if there => keep.counts.filtered += 1,
                Some(link) if link.gone.is_none() => lost.push(Lost { entity, key, link }),
                _ => {
                    keep.counts.filtered += 1;
                    keep.release(session, &key);
                }
            }
        }
        Ok(lost)
    }

    /// The pair is known to be one no longer; the target record stays as it is.
    fn part(&self, lost: Lost, keep: &mut Keep) {
        keep.counts.gone += 1;
        if self.parts.settings.deletes == Deletes::Unlink {
            let forward = match (self.swapped(), lost.link.back) {
                (true, Some(back)) => back.id,
                _ => lost.link.id,
            };
            keep.commit.unlinked.push(forward);
        } else {
            keep.commit.links.push(Link { gone: Some(self.gone_now()), ..lost.link });
        }
    }

    /// The source record is gone, as of now.
    pub(crate) fn gone_now(&self) -> Gone {
        Gone { side: Side::Source, at: self.now() }
    }

    async fn find_lost(&self, lost: &[Lost]) -> Result<Vec<Lookup>, FlowError> {
        let drafts: Vec<Draft> = lost
            .iter()
            .map(|lost| {
                // What people share is compared; what else was agreed on may be no field of the target.
                let policy = &self.parts.settings.policy;
                let entity = lost.link.entity.clone().unwrap_or_else(|| Entity::from(""));
                let mut fields = lost.link.base.target.clone();
                fields.retain(|name| policy.owner(&entity, name) == Ownership::Shared);
                if let Deletes::Mark(marks) = &self.parts.settings.deletes {
                    fields = mapping::image::overlaid(&fields, marks);
                }
                Draft { entity, id: lost.link.id.clone(), fields }
            })
            .collect();
        self.look_up(&drafts.iter().collect::<Vec<_>>()).await
    }

    fn follow(
        &self,
        session: &mut Session,
        lost: Lost,
        found: &Found,
        planned: &mut Planned,
        decisions: &mut Decisions,
    ) {
        let disputed = || {
            // What both sides never agreed on is not in the image: the target's people may hold to it.
            let mut open = session.conflicts_of(&lost.key).iter().flat_map(|one| one.claim.now.iter());
            open.next().map(|(name, _)| name.clone())
        };
        if let Some(field) = edited_meanwhile(session, &lost.link, found).or_else(disputed) {
            return self.park_lost(session, &lost, edited_and_gone(field), &mut planned.keep);
        }
        let (action, fields) = match &self.parts.settings.deletes {
            Deletes::Mark(marks) => {
                let changes = marking(marks, found);
                if changes.is_empty() {
                    decisions.of(&lost.key, decision("gone", &lost.link.id));
                    return self.part(lost, &mut planned.keep);
                }
                (Action::Update { target: found.target.clone(), changes }, marks.clone())
            }
            _ => (Action::Remove { target: found.target.clone() }, Fields::new()),
        };
        planned.keep.counts.gone += 1;
        let attempt = session.next_attempt();
        let name = if fields.is_empty() { "remove" } else { "update" };
        let detail = raw(&action);
        decisions.of(
            &lost.key,
            Decision {
                attempt: Some(attempt.0.clone()),
                detail: Some(detail),
                ..decision(name, &lost.link.id)
            },
        );
        let draft = Draft { entity: found.entity.clone(), id: lost.link.id.clone(), fields };
        let lane = session.policy.lane();
        let step = Step { draft, action, lane, guard: found.validator.clone() };
        let (version, fields) = (lost.link.version.clone(), lost.link.base.source.clone());
        let record = Record { entity: lost.entity, key: lost.key, version, fields };
        let link = Link { gone: Some(self.gone_now()), ..lost.link };
        planned.ordered.push(self.ordered(attempt, record, Plan { step, merge: Merge::default() }, link));
    }

    fn park_lost(&self, session: &Session, lost: &Lost, fault: Fault, keep: &mut Keep) {
        let (version, fields) = (lost.link.version.clone(), lost.link.base.source.clone());
        let record = Record { entity: lost.entity.clone(), key: lost.key.clone(), version, fields };
        keep.park(self.parked(session, &record, Halt::new(ParkedClass::Quarantine, fault, None)));
    }
}

/// A shared field that people in the target changed since both agreed.
fn edited_meanwhile(session: &Session, link: &Link, found: &Found) -> Option<FieldName> {
    let shared = |name: &FieldName| session.policy.owner(&found.entity, name) == Ownership::Shared;
    let mut agreed = link.base.target.iter().filter(|(name, _)| shared(name));
    let moved =
        agreed.find(|(name, agreed)| found.fields.get(name.as_str()).is_some_and(|now| !alike(now, agreed)));
    moved.map(|(name, _)| name.clone())
}

fn marking(marks: &Fields, found: &Found) -> Vec<Difference> {
    let differs = |(name, wanted): (&FieldName, &Value)| {
        let before = found.fields.get(name.as_str()).unwrap_or(&Value::Null);
        let (field, before, after) = (name.clone(), before.clone(), wanted.clone());
        (!alike(&before, wanted)).then_some(Difference { field, before, after, cause: Cause::Source })
    };
    marks.iter().filter_map(differs).collect()
}

fn decision(action: &str, id: &ExternalId) -> Decision {
    Decision { action: action.into(), id: id.to_string(), attempt: None, detail: None }
}

fn edited_and_gone(field: FieldName) -> Fault {
    Fault {
        class: FaultClass::Conflict,
        code: "EDITED_AND_GONE".into(),
        message: "the source record is gone, and people in the target have changed theirs since".into(),
        fields: vec![field],
        hint: Some("remove the target record by hand, or discard this to keep it".into()),
    }
}
