//! Orders that are not as the plan expected: their lines are read again, merged accounts followed, and
//! orders that were activated treated as the policy says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures::{StreamExt as _, stream};
use mapping::{Action, Lane, Record, Step, TargetId};
use sfdc_client::{
    Freshness, Got, Item, Literal, RecordBody, RecordId, RecordResult, Row, RowAt, Select, SfdcError,
    Together,
};
use sync_engine::{Fault, FaultClass, Outcome};

use crate::batch::Outcomes;
use crate::faults::{of_call, of_record, plain, with_hint};
use crate::guarded::{moved, stamp_of};
use crate::order::{Activated, ENTITY, Orders};
use crate::order_item::{self, LINES, LineWork, lines};
use crate::order_job::Job;
use crate::order_state::OrderState;
use crate::order_status::STATUS;
use crate::order_writer::{targets, written};
use crate::org::Aliases;

const OPERATION: &str = "salesforce.order_state";

/// What looking again came to.
#[derive(Default)]
pub(crate) struct Mended<'s> {
    pub(crate) again: Vec<Job<'s>>,
    pub(crate) outcomes: Outcomes,
}

/// Where a line stands.
pub(crate) struct There {
    id: RecordId,
    order: String,
}

impl Orders<'_> {
    /// Guarded steps whose orders are still as they were read; the others have their outcome.
    pub(crate) async fn unmoved<'s>(
        &self,
        steps: &[(usize, &'s Step)],
        outcomes: &mut Outcomes,
    ) -> Result<Vec<(usize, &'s Step)>, SfdcError> {
        let guarded: Vec<(usize, &Step)> =
            steps.iter().copied().filter(|(_, step)| step.lane == Lane::Guarded).collect();
        let targets = targets(&guarded);
        let states = self.states(targets.values()).await?;
        let mut left = Vec::with_capacity(steps.len());
        for (place, step) in steps.iter().copied() {
            let now = targets.get(&place).map(|target| states.get(target.as_str()));
            let was = step.guard.as_deref().map(stamp_of);
            match now {
                Some(state) if state.map(|state| state.stamp.as_str()) != was => {
                    let fault = moved("somebody changed it since it was read");
                    outcomes.push((place, Outcome::Rejected(fault)));
                }
                _ => left.push((place, step)),
            }
        }
        Ok(left)
    }

    /// The states of orders by their ids.
    async fn states<'t>(
        &self,
        targets: impl Iterator<Item = &'t TargetId>,
    ) -> Result<BTreeMap<String, OrderState>, SfdcError> {
        let ids: BTreeSet<&str> = targets.map(TargetId::as_str).collect();
        let ids: Vec<Literal> = ids.into_iter().map(|id| Literal::Text(id.to_owned())).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut columns = vec!["Id", "SystemModstamp"];
        columns.extend(self.state());
        let select = Select::from(ENTITY, columns.iter().copied())?;
        let found = self.org.packer.look_up(OPERATION, &select, "Id", &ids).await?;
        let mut states = BTreeMap::new();
        for record in &found.records {
            let row = Row::read(record, &columns)?;
            let mut texts = Vec::with_capacity(columns.len());
            for place in 1..columns.len() {
                texts.push(row.text(place)?.unwrap_or_default().into_owned());
            }
            states.insert(row.text(0)?.unwrap_or_default().into_owned(), OrderState::read(&texts.join("|")));
        }
        Ok(states)
    }

    /// Orders that are drafts, and those that are activated and may be reverted; the others have
    /// their outcome.
    pub(crate) fn split_active<'s>(
        &self,
        jobs: Vec<Job<'s>>,
        outcomes: &mut Outcomes,
    ) -> (Vec<Job<'s>>, Vec<(Job<'s>, Fault)>) {
        let (mut drafts, mut active) = (Vec::new(), Vec::new());
        for job in jobs {
            if !job.state.is_active() {
                drafts.push(job);
            } else if self.org.settings.orders.activated == Activated::Revert {
                let fault = activated(job.step, Activated::Revert);
                active.push((job, fault));
            } else {
                let fault = activated(job.step, self.org.settings.orders.activated);
                outcomes.push((job.place, Outcome::Rejected(fault)));
            }
        }
        (drafts, active)
    }

    /// Looks at orders again and says how to go on.
    pub(crate) async fn mend<'s>(&self, astray: Vec<(Job<'s>, Fault)>, aliases: &mut Aliases) -> Mended<'s> {
        let mut mended = Mended::default();
        let (orphans, mut astray): (Vec<_>, Vec<_>) =
            astray.into_iter().partition(|(_, fault)| fault.class == FaultClass::Dependency);
        self.follow(orphans, aliases, &mut mended).await;
        if astray.is_empty() {
            return mended;
        }
        let found = match self.name_made(&mut astray).await {
            Ok(()) => self.look_again(&astray).await,
            Err(error) => Err(error),
        };
        match found {
            Err(error) => {
                let fault = of_call(&error);
                let outcome = |(job, _): (Job<'_>, Fault)| (job.place, Outcome::Rejected(fault.clone()));
                mended.outcomes.extend(astray.into_iter().map(outcome));
            }
            Ok((states, there)) => self.rebuild(astray, (&states, &there), &mut mended).await,
        }
        mended
    }

    /// Orders whose account is missed: it may have been merged into another one.
    async fn follow<'s>(
        &self,
        orphans: Vec<(Job<'s>, Fault)>,
        aliases: &mut Aliases,
        mended: &mut Mended<'s>,
    ) {
        if orphans.is_empty() {
            return;
        }
        let jobs: Vec<&Job<'_>> = orphans.iter().map(|(job, _)| job).collect();
        let found = self.led(&jobs).await;
        let more = found.as_ref().is_ok_and(|found| found.keys().any(|place| !aliases.contains_key(place)));
        if let (Ok(found), true) = (found, more) {
            aliases.extend(found);
            mended.again.extend(orphans.into_iter().map(|(job, _)| Job { led: true, ..job }));
            return;
        }
        mended.outcomes.extend(orphans.into_iter().map(|(job, fault)| (job.place, Outcome::Rejected(fault))));
    }

    /// Orders that were to be made and are there by now, from an earlier attempt: their lines are their own.
    async fn name_made(&self, astray: &mut [(Job<'_>, Fault)]) -> Result<(), SfdcError> {
        for (job, _) in astray.iter_mut().filter(|(job, _)| job.target.is_none()) {
            let id = job.step.draft.id.as_str();
            let at = RowAt::external(self.object.name(), self.object.external_id(), id);
            if let Got::Row { record, .. } = self.org.client().row(&at, &["Id"], &Freshness::Any).await? {
                let id = Row::read(&record, &["Id"])?.text(0)?;
                job.target = id.and_then(|id| RecordId::parse(&id).ok());
            }
        }
        Ok(())
    }

    /// The states of orders, and where their lines are.
    async fn look_again(
        &self,
        astray: &[(Job<'_>, Fault)],
    ) -> Result<(BTreeMap<String, OrderState>, BTreeMap<String, There>), SfdcError> {
        let targets: Vec<TargetId> = astray
            .iter()
            .filter_map(|(job, _)| Some(TargetId::from(job.target.as_ref()?.as_str())))
            .collect();
        let states = self.states(targets.iter()).await?;
        let keys: BTreeSet<String> =
            astray.iter().flat_map(|(job, _)| expected(job.step)).map(|line| line.key.to_string()).collect();
        let keys: Vec<Literal> = keys.into_iter().map(Literal::Text).collect();
        let columns = ["Id", self.items.external_id(), "OrderId"];
        let mut there = BTreeMap::new();
        if !keys.is_empty() {
            let select = Select::from(order_item::ENTITY, columns)?;
            let found = self.org.packer.look_up(OPERATION, &select, columns[1], &keys).await?;
            for record in &found.records {
                let row = Row::read(record, &columns)?;
                let (Some(id), Some(key), Some(order)) = (row.text(0)?, row.text(1)?, row.text(2)?) else {
                    continue;
                };
                let Ok(id) = RecordId::parse(&id) else { continue };
                there.insert(key.into_owned(), There { id, order: order.into_owned() });
            }
        }
        Ok((states, there))
    }

    /// Makes the work of each job anew, from where its lines really are.
    async fn rebuild<'s>(
        &self,
        astray: Vec<(Job<'s>, Fault)>,
        (states, there): (&BTreeMap<String, OrderState>, &BTreeMap<String, There>),
        mended: &mut Mended<'s>,
    ) {
        let mut elsewhere = Vec::new();
        let mut reverts = Vec::new();
        for (mut job, fault) in astray {
            job.mended += 1;
            if let Some(state) = job.target.as_ref().and_then(|target| states.get(target.as_str())) {
                job.state = state.clone();
            } else if job.target.is_some() {
                mended
                    .outcomes
                    .push((job.place, Outcome::Rejected(Fault { class: FaultClass::Stale, ..fault })));
                continue;
            }
            if job.state.is_active() {
                match self.org.settings.orders.activated {
                    Activated::Revert => reverts.push(job),
                    policy => {
                        let fault = activated(job.step, policy);
                        mended.outcomes.push((job.place, Outcome::Rejected(fault)));
                    }
                }
                continue;
            }
            elsewhere.extend(self.relay(&mut job, there));
            mended.again.push(job);
        }
        self.take_away(&elsewhere, mended).await;
        let mut calls = Vec::with_capacity(reverts.len());
        for job in reverts {
            calls.push(self.revert(job));
        }
        let mut outcomes = stream::iter(calls).buffer_unordered(self.org.settings.concurrency.max(1));
        while let Some(outcome) = outcomes.next().await {
            mended.outcomes.push(outcome);
        }
    }

    /// The work of a job from where its lines are; returns lines that belong to other orders now.
    pub(crate) fn relay(&self, job: &mut Job<'_>, there: &BTreeMap<String, There>) -> Vec<RecordId> {
        let target = job.target.as_ref().map(RecordId::as_str);
        let wanted: BTreeMap<&str, &Record> =
            wanted(job.step).map(|line| (line.key.as_str(), line)).collect();
        let mut elsewhere = Vec::new();
        let mut work = VecDeque::new();
        for line in expected(job.step).filter(|line| !wanted.contains_key(line.key.as_str())) {
            if there.get(line.key.as_str()).is_some_and(|there| Some(there.order.as_str()) == target) {
                work.push_back(LineWork::Delete { key: line.key.to_string() });
            }
        }
        for (key, line) in wanted {
            match there.get(key) {
                Some(there) if Some(there.order.as_str()) == target => {
                    let own = line
                        .fields
                        .iter()
                        .filter(|(name, _)| !self.org.settings.orders.products.decides(name));
                    let fields = own.map(|(name, value)| (name.clone(), value.clone())).collect();
                    work.push_back(LineWork::Update { key: key.to_owned(), fields });
                }
                Some(there) => {
                    elsewhere.push(there.id.clone());
                    work.push_back(LineWork::Create(line.clone()));
                }
                None => work.push_back(LineWork::Create(line.clone())),
            }
        }
        job.work = work;
        elsewhere
    }

    /// A line cannot change its order: where it was before, it is deleted.
    async fn take_away(&self, lines: &[RecordId], mended: &mut Mended<'_>) {
        for chunk in lines.chunks(200) {
            if let Err(error) = self.org.client().delete_all(chunk, Together::Each).await {
                // Whoever needs them fails once more, and is told why.
                tracing::warn!(%error, "lines that moved to other orders could not be deleted");
                mended.again.iter_mut().for_each(|job| job.mended += 1);
            }
        }
    }

    /// Activates orders that are whole, all at once.
    pub(crate) async fn finish(&self, done: Vec<Job<'_>>) -> Outcomes {
        let (waiting, ready): (Vec<_>, Vec<_>) = done.into_iter().partition(|job| job.activate.is_some());
        let mut outcomes: Outcomes = ready.iter().map(|job| (job.place, written(job))).collect();
        let mut bodies = Vec::with_capacity(waiting.len());
        for job in &waiting {
            let mut body = RecordBody::new(ENTITY);
            body.text(STATUS, job.activate.as_deref().unwrap_or_default());
            bodies.push((job, body));
        }
        let items: Vec<Item<'_>> = bodies
            .iter()
            .filter_map(|(job, body)| {
                Some(Item::new(job.target.as_ref()?.as_str(), body).about(job.step.draft.id.as_str()))
            })
            .collect();
        if items.is_empty() {
            return outcomes;
        }
        match self.org.packer.update(&items).await {
            Err(error) => {
                outcomes.extend(waiting.iter().map(|job| (job.place, Outcome::Rejected(of_call(&error)))));
            }
            Ok(results) => outcomes.extend(waiting.iter().zip(results).map(|(job, result)| {
                let outcome = match result {
                    Ok(RecordResult::Done { .. }) => written(job),
                    Ok(RecordResult::Failed(errors)) => Outcome::Rejected(of_record(&errors)),
                    Ok(RecordResult::Missing) => {
                        Outcome::Unknown { detail: "nobody knows whether the order was activated".into() }
                    }
                    Err(error) if error.may_have_acted() => Outcome::Unknown { detail: error.to_string() },
                    Err(error) => Outcome::Rejected(of_call(&error)),
                };
                (job.place, outcome)
            })),
        }
        outcomes
    }
}

/// The lines that a step wants.
fn wanted(step: &Step) -> impl Iterator<Item = &Record> {
    let after = match &step.action {
        Action::Update { changes, .. } => {
            changes.iter().find(|change| change.field.as_str() == LINES).map(|change| &change.after)
        }
        _ => step.draft.fields.get(LINES),
    };
    lines(after).iter()
}

/// The lines that a step wants, and those that it saw.
fn expected(step: &Step) -> impl Iterator<Item = &Record> {
    let before = match &step.action {
        Action::Update { changes, .. } => {
            changes.iter().find(|change| change.field.as_str() == LINES).map(|change| &change.before)
        }
        _ => None,
    };
    wanted(step).chain(lines(before))
}

/// What is said of an order that is activated and stays as it is.
pub(crate) fn activated(step: &Step, policy: Activated) -> Fault {
    let message = format!("the order {} is activated in Salesforce", step.draft.id);
    let code = if policy == Activated::Skip { Fault::LEFT_ALONE } else { "ORDER_ACTIVATED" };
    let hint = "make it a draft in Salesforce and retry, or choose activated = \"revert\" or \"skip\" in \
                [salesforce.orders]";
    with_hint(plain(FaultClass::Data, code, &message), hint)
}
