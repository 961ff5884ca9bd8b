//! Plans without writing, and carrying out a saved plan.

use mapping::{Draft, FieldName, Found, Key};
use serde_json::json;

use crate::flow::raw;
use crate::halt::unmappable;
use crate::session::Session;
use crate::stage::{Keep, Mapped, Pulled, Stage, Work};
use crate::weigh::Case;
use crate::{
    Carried, Cursor, Explanation, Fence, Flow, FlowError, Lookup, Mode, Moved, Observation, ParkedQuery,
    Planned, Preview, Report, Watch,
};

/// How many planned records are checked and carried out at once.
const CHUNK: usize = 1000;

impl Flow {
    /// Does everything that a run would do, up to and without the first write, and shows it to
    /// `visit`. Neither the target nor the cursor moves.
    pub async fn preview(
        &self,
        mode: Mode,
        watch: &dyn Watch,
        visit: &mut (dyn FnMut(Preview) + Send),
    ) -> Result<Report, FlowError> {
        let run = self.begin_run();
        self.tell("preview", raw(&json!({ "mapper": self.parts.mapper.name() }))).await?;
        let query = ParkedQuery { flow: Some(self.parts.name.clone()), ..ParkedQuery::default() };
        let policy = self.parts.settings.policy.clone();
        let mut session = Session::new(run, Fence(0), policy, self.parts.store.parked(&query).await?);
        self.load_conflicts(&mut session).await?;
        match mode {
            Mode::Keys(keys) => {
                let observations = self.parts.source.fetch(&keys).await?.into_iter().flatten().collect();
                let pulled = Pulled::by_key(observations, true);
                self.show(&mut session, pulled, visit).await?;
            }
            Mode::Changes => {
                let cursor = self.cursor().await?;
                self.show_walk(&mut session, (cursor, false), watch, visit).await?;
            }
            Mode::Full => self.show_walk(&mut session, (None, true), watch, visit).await?,
        }
        Ok(session.report)
    }

    async fn cursor(&self) -> Result<Option<Cursor>, FlowError> {
        let flows = self.parts.store.flows().await?;
        Ok(flows.into_iter().find(|status| status.flow == self.parts.name).and_then(|status| status.cursor))
    }

    async fn show_walk(
        &self,
        session: &mut Session,
        (mut cursor, afresh): (Option<Cursor>, bool),
        watch: &dyn Watch,
        visit: &mut (dyn FnMut(Preview) + Send),
    ) -> Result<(), FlowError> {
        let mut total = None;
        loop {
            let page = self.parts.source.pull(cursor.as_ref()).await?;
            session.report.pages += 1;
            total = total.or(page.total);
            let mut pulled = Pulled { afresh, ..Pulled::default() };
            pulled.add(page.observations, page.evidence);
            self.show(session, pulled, visit).await?;
            watch.progress(&session.report, total);
            if !page.more {
                return Ok(());
            }
            cursor = Some(page.cursor);
        }
    }

    /// Plans one batch and shows it.
    async fn show(
        &self,
        session: &mut Session,
        pulled: Pulled,
        visit: &mut (dyn FnMut(Preview) + Send),
    ) -> Result<(), FlowError> {
        let Mapped { work, gone, keep } = self.transform(session, pulled).await?;
        session.report.gone += gone.len() as u64;
        session.report.read += keep.counts.read;
        session.report.unchanged += keep.counts.unchanged;
        session.report.filtered += keep.counts.filtered;
        session.report.parked += keep.commit.parked.len() as u64;
        for parked in keep.commit.parked {
            visit(Preview::Parked { key: parked.key, fault: parked.fault });
        }
        for planned in self.plan_all(session, work).await? {
            session.report.count(&planned);
            visit(planned);
        }
        Ok(())
    }

    /// Looks the drafts up and plans them, without writing.
    async fn plan_all(&self, session: &Session, work: Vec<Work>) -> Result<Vec<Preview>, FlowError> {
        if work.is_empty() {
            return Ok(Vec::new());
        }
        let drafts: Vec<&Draft> = work.iter().map(|work| &work.draft).collect();
        let lookups = self.look_up(&drafts).await?;
        let links = self.links_for(&work).await?;
        let plan_one = |((work, lookup), link): ((Work, Lookup), Option<crate::Link>)| {
            let found = match lookup {
                Lookup::Absent => None,
                Lookup::One(found) => Some(found),
                Lookup::Ambiguous(fault) => return Preview::Parked { key: work.record.key, fault },
            };
            let step = self
                .weigh(&Case {
                    work: &work,
                    link: link.as_ref(),
                    found: found.as_ref(),
                    conflicts: session.conflicts_of(&work.record.key),
                    policy: &session.policy,
                })
                .step;
            let mapper = self.parts.mapper.name().to_owned();
            Preview::Planned(Box::new(Planned {
                record: work.record,
                mapper,
                notes: work.notes,
                found,
                step,
            }))
        };
        Ok(work.into_iter().zip(lookups).zip(links).map(plan_one).collect())
    }

    /// Carries out a saved plan; records on either side of which anything has moved since are left
    /// alone and named.
    pub async fn apply(&self, plan: Vec<Planned>, watch: &dyn Watch) -> Result<Carried, FlowError> {
        let run = self.begin_run();
        let (mut session, mut taken) = self.take(run, "plan").await?;
        let mut moved = Vec::new();
        let done = match self.prepare(&mut session, &mut taken).await {
            // What a person has seen as a plan needs no other brake.
            Ok(()) => self.carry_out(&mut session, plan, &mut moved, watch).await,
            Err(error) => Err(error),
        };
        let report = self.give_back(session, done).await?;
        Ok(Carried { report, moved })
    }

    async fn carry_out(
        &self,
        session: &mut Session,
        mut plan: Vec<Planned>,
        moved: &mut Vec<Moved>,
        watch: &dyn Watch,
    ) -> Result<(), FlowError> {
        while !plan.is_empty() {
            let later = plan.split_off(CHUNK.min(plan.len()));
            let work = self.unmoved(plan, moved).await?;
            let mapped = Mapped { work, gone: Vec::new(), keep: Keep::default() };
            self.carry(session, Stage::Mapped(mapped)).await?;
            watch.progress(&session.report, None);
            plan = later;
        }
        Ok(())
    }

    /// Those of the planned records on which nothing has moved.
    async fn unmoved(&self, plan: Vec<Planned>, moved: &mut Vec<Moved>) -> Result<Vec<Work>, FlowError> {
        let keys: Vec<Key> = plan.iter().map(|planned| planned.record.key.clone()).collect();
        let observed = self.parts.source.fetch(&keys).await?;
        let drafts: Vec<&Draft> = plan.iter().map(|planned| &planned.step.draft).collect();
        let lookups = self.look_up(&drafts).await?;
        let mut work = Vec::with_capacity(plan.len());
        for ((planned, seen), lookup) in plan.into_iter().zip(observed).zip(lookups) {
            match self.movement(&planned, seen.as_ref(), &lookup) {
                Some(reason) => moved.push(Moved { key: planned.record.key, reason }),
                None => work.push(Work {
                    record: planned.record,
                    draft: planned.step.draft,
                    notes: planned.notes,
                }),
            }
        }
        Ok(work)
    }

    /// What has moved since the plan was made, if anything has.
    fn movement(&self, planned: &Planned, seen: Option<&Observation>, lookup: &Lookup) -> Option<String> {
        let mapper = self.parts.mapper.name();
        if planned.mapper != mapper {
            return Some(format!("the mapping is now {mapper}, the plan was made with {}", planned.mapper));
        }
        match seen.and_then(crate::transform::record_of) {
            None => return Some("the source record is gone or cannot be read".into()),
            Some(record) if record.version != planned.record.version => {
                return Some("the source record has changed".into());
            }
            Some(_) => {}
        }
        match (lookup, &planned.found) {
            (Lookup::Absent, None) => None,
            (Lookup::One(now), Some(then)) if same(&planned.step.draft, now, then) => None,
            (Lookup::Absent, Some(_)) => Some("the target record is gone".into()),
            (Lookup::One(_), None) => Some("the target record has been made meanwhile".into()),
            (Lookup::One(_), Some(_)) => Some("the target record has changed".into()),
            (Lookup::Ambiguous(fault), _) => Some(fault.to_string()),
        }
    }

    /// Tells everything that is known about one record, read just now.
    ///
    /// The record may be named by its key in the source, or by the target's own id. Where a system
    /// cannot be asked, what is known without it is told all the same.
    pub async fn explain(&self, key: &Key) -> Result<Explanation, FlowError> {
        let run = self.begin_run();
        let key = &self.source_key(key).await?;
        let one = std::slice::from_ref(key);
        let (observed, mut unread) = match self.parts.source.fetch(one).await {
            Ok(rows) => (rows.into_iter().next().flatten(), None),
            Err(error) => (None, Some(FlowError::from(error))),
        };
        let link = self.links_of(one).await?.into_iter().next().flatten();
        let query = ParkedQuery {
            flow: Some(self.parts.name.clone()),
            key: Some(key.clone()),
            ..ParkedQuery::default()
        };
        let parked = self.parts.store.parked(&query).await?.into_iter().next();
        let policy = self.parts.settings.policy.clone();
        let mut session = Session::new(run, Fence(0), policy, Vec::new());
        self.load_conflicts(&mut session).await?;
        let mapped = match &observed {
            Some(Observation::Change(change)) => match self.explain_mapping(&session, change).await {
                Ok(mapped) => Some(mapped),
                Err(error @ FlowError::Sink(_)) => {
                    unread = Some(error);
                    None
                }
                Err(error) => return Err(error),
            },
            _ => None,
        };
        let conflicts = session.conflicts.remove(key).unwrap_or_default();
        Ok(Explanation { observed, mapped, link, parked, conflicts, unread })
    }

    /// The key of a record in the source, whichever side's name it was given by.
    async fn source_key(&self, name: &Key) -> Result<Key, FlowError> {
        let one = std::slice::from_ref(name);
        if self.links_of(one).await?.iter().any(Option::is_some) {
            return Ok(name.clone());
        }
        let store = &self.parts.store;
        let other = if self.swapped() {
            let link = store.links_by_source(self.book(), one).await?.into_iter().next().flatten();
            link.map(|link| Key::from(link.target.as_str()))
        } else {
            let target = [mapping::TargetId::from(name.as_str())];
            let link = store.links_by_target(self.book(), &target).await?.into_iter().next().flatten();
            link.map(|link| link.key)
        };
        Ok(other.unwrap_or_else(|| name.clone()))
    }

    async fn explain_mapping(
        &self,
        session: &Session,
        change: &mapping::Change,
    ) -> Result<Result<Vec<Preview>, crate::Fault>, FlowError> {
        let mapping::Change::Put(record) = change else { return Ok(Ok(Vec::new())) };
        match self.parts.mapper.map(change) {
            Err(error) => Ok(Err(unmappable(error).fault)),
            Ok(output) => {
                let work = |draft| Work { record: record.clone(), draft, notes: output.notes.clone() };
                Ok(Ok(self.plan_all(session, output.drafts.into_iter().map(work).collect()).await?))
            }
        }
    }
}

/// Whether a target record still shows what it showed, in the fields that the draft writes.
fn same(draft: &Draft, now: &Found, then: &Found) -> bool {
    let unmoved = |name: &FieldName| now.fields.get(name.as_str()) == then.fields.get(name.as_str());
    now.target == then.target && draft.fields.iter().all(|(name, _)| unmoved(name))
}

impl Report {
    /// Counts what a run would do.
    fn count(&mut self, preview: &Preview) {
        match preview {
            Preview::Parked { .. } => self.parked += 1,
            Preview::Planned(planned) => match planned.step.action {
                mapping::Action::Create => self.created += 1,
                mapping::Action::Update { .. } => self.updated += 1,
                mapping::Action::Nothing { .. } => self.equal += 1,
                _ => self.parked += 1,
            },
        }
    }
}
