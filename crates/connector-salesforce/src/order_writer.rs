//! Orders are sent: each as a graph, as many in a call as it may hold, until every one of them has an
//! outcome.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, stream};
use mapping::{Action, Entity, Lane, Step, TargetId};
use sfdc_client::graph::fill;
use sfdc_client::{Graph, GraphFailure, GraphOutcome, SfdcError};
use sync_engine::{Fault, FaultClass, Outcome, SinkError};
use wire::{Call, Effect};

use crate::batch::{LOCK_RETRIES, Outcomes, concerns_the_batch, told};
use crate::convert::Pen;
use crate::faults::{of_call, of_record, sink_error};
use crate::guarded::{applied, exists};
use crate::invoice::misses_order;
use crate::order::{ENTITY, Orders};
use crate::order_item::{LINES, LineWork};
use crate::order_job::{Desk, Job, ORDER, Prices};
use crate::order_status::STATUS;
use crate::org::Aliases;
use crate::plain_records::{Plain, parents};

const OPERATION: &str = "salesforce.order";
/// How often an order is sent again because others of its call failed: a call goes on to no further
/// graph after fourteen failures.
const INNOCENT: u32 = 8;
/// How often the lines of an order are read again because they were not as expected.
pub(crate) const MENDS: u32 = 2;

/// What one round of calls came to.
#[derive(Default)]
struct Round<'s> {
    /// To be sent again, in calls of any size.
    again: Vec<Job<'s>>,
    /// To be sent again in smaller calls.
    halves: Vec<Vec<Job<'s>>>,
    /// Their lines, or their state, are not as expected.
    astray: Vec<(Job<'s>, Fault)>,
    /// Whole.
    done: Vec<Job<'s>>,
    outcomes: Outcomes,
    locked: u32,
}

impl Orders<'_> {
    /// One outcome for each step.
    pub(crate) async fn write(&self, steps: &[(usize, &Step)]) -> Result<Outcomes, SinkError> {
        let failed = |error: SfdcError| sink_error(OPERATION, &error);
        let mut outcomes = Outcomes::with_capacity(steps.len());
        let steps = self.unmoved(steps, &mut outcomes).await.map_err(failed)?;
        let (simple, whole): (Vec<_>, Vec<_>) = steps.into_iter().partition(|(_, step)| is_simple(step));
        if !simple.is_empty() {
            let entity = Entity::from(ENTITY);
            let plain = Plain { org: self.org, entity: &entity, object: self.object, by_id: true };
            outcomes.extend(plain.write(&simple).await?);
        }
        let mut jobs = Vec::new();
        for (place, step) in whole {
            match self.job((place, step)).await.map_err(failed)? {
                Ok(Some(job)) => jobs.push(job),
                Ok(None) => outcomes.push((place, self.removed(step).await)),
                Err(fault) => outcomes.push((place, Outcome::Rejected(fault))),
            }
        }
        outcomes.extend(self.rounds(jobs).await?);
        Ok(outcomes)
    }

    /// The job of a step; none for a removal.
    async fn job<'s>(
        &self,
        (place, step): (usize, &'s Step),
    ) -> Result<Result<Option<Job<'s>>, Fault>, SfdcError> {
        if let Some(fault) = misses_order(step) {
            return Ok(Err(fault));
        }
        if matches!(step.action, Action::Remove { .. }) {
            return Ok(Ok(None));
        }
        let statuses = self.org.statuses().await?;
        Ok(Job::new((place, step), &self.org.settings.orders, &statuses).map(Some))
    }

    /// Sends jobs until every one of them has an outcome.
    async fn rounds(&self, jobs: Vec<Job<'_>>) -> Result<Outcomes, SinkError> {
        let failed = |error: SfdcError| sink_error(OPERATION, &error);
        let mut outcomes = Outcomes::with_capacity(jobs.len());
        let mut done = Vec::new();
        let mut aliases = Aliases::new();
        let mut round = Round::default();
        (round.again, round.astray) = self.split_active(jobs, &mut outcomes);
        let mut first = true;
        loop {
            if !round.astray.is_empty() {
                let astray = std::mem::take(&mut round.astray);
                let mended = self.mend(astray, &mut aliases).await;
                outcomes.extend(mended.outcomes);
                round.again.extend(mended.again);
            }
            if round.again.is_empty() && round.halves.is_empty() {
                break;
            }
            if round.locked > 0 {
                self.org.pause(round.locked).await;
            }
            let prices = self.prices(round.again.iter().chain(round.halves.iter().flatten())).await;
            let prices = match prices {
                Ok(prices) => prices,
                // Nothing was sent yet.
                Err(error) if first => return Err(failed(error)),
                Err(error) => {
                    let left = round.again.into_iter().chain(round.halves.into_iter().flatten());
                    outcomes.extend(left.map(|job| (job.place, Outcome::Rejected(of_call(&error)))));
                    break;
                }
            };
            first = false;
            round = self.round((round.again, round.halves), &prices, &aliases).await;
            outcomes.append(&mut round.outcomes);
            done.append(&mut round.done);
        }
        outcomes.extend(self.finish(done).await);
        Ok(outcomes)
    }

    /// What the lines of jobs need of price books.
    pub(crate) async fn prices<'j, 's: 'j>(
        &self,
        jobs: impl Iterator<Item = &'j Job<'s>>,
    ) -> Result<Prices, SfdcError> {
        let jobs: Vec<&Job<'_>> = jobs.collect();
        let settings = &self.org.settings.orders;
        let wanted: BTreeSet<_> = jobs.iter().flat_map(|job| job.wanted(settings)).collect();
        let makes = !wanted.is_empty() || jobs.iter().any(|job| job.target.is_none());
        if !makes {
            return Ok(Prices::default());
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let products = self.org.products(&wanted).await?;
        let standard = match self.org.standard_book().await? {
            Ok(book) => book,
            Err(fault) => {
                let products = wanted.into_iter().map(|product| (product.key, Err(fault.clone()))).collect();
                return Ok(Prices { products, ..Prices::default() });
            }
        };
        let mut priced = BTreeSet::new();
        for job in &jobs {
            for product in job.wanted(settings) {
                if let Some(Ok(id)) = products.get(&product.key) {
                    priced.insert(job.priced(id, &standard));
                }
            }
        }
        let entries = self.org.entries(&priced, &standard).await?;
        Ok(Prices { products, entries, standard })
    }

    /// Sends every job once.
    async fn round<'s>(
        &self,
        (jobs, halves): (Vec<Job<'s>>, Vec<Vec<Job<'s>>>),
        prices: &Prices,
        aliases: &Aliases,
    ) -> Round<'s> {
        let mut round = Round::default();
        let desk = Desk {
            order: Pen { object: self.object, aliases },
            item: Pen { object: &self.items, aliases },
            settings: &self.org.settings.orders,
            prices,
        };
        let mut loads: Vec<Vec<(Job<'s>, Graph)>> = Vec::new();
        let drawn = draw(desk, jobs, &mut round);
        let sizes: Vec<usize> = drawn.iter().map(|(_, graph)| graph.parts().len()).collect();
        let mut drawn = drawn.into_iter();
        for call in fill(&sizes) {
            loads.push(drawn.by_ref().take(call.len()).collect());
        }
        for half in halves {
            loads.push(draw(desk, half, &mut round));
        }
        loads.retain(|load| !load.is_empty());
        let mut calls = Vec::with_capacity(loads.len());
        for load in loads {
            calls.push(self.call(load));
        }
        let mut answers = stream::iter(calls).buffer_unordered(self.org.settings.concurrency.max(1));
        while let Some((jobs, answer)) = answers.next().await {
            match answer {
                Ok(outcomes) => {
                    for (job, outcome) in jobs.into_iter().zip(outcomes) {
                        settle(job, outcome, &mut round);
                    }
                }
                Err(error) => unanswered(jobs, &error, &mut round),
            }
        }
        round
    }

    /// One call.
    async fn call<'s>(
        &self,
        load: Vec<(Job<'s>, Graph)>,
    ) -> (Vec<Job<'s>>, Result<Vec<GraphOutcome>, SfdcError>) {
        let (jobs, graphs): (Vec<_>, Vec<_>) = load.into_iter().unzip();
        let about: Vec<String> = jobs.iter().map(|job| job.step.draft.id.to_string()).collect();
        let call = Call::new(OPERATION, Effect::Append).about(about);
        let answer = self.org.client().graphs(call, &graphs).await;
        (jobs, answer)
    }

    /// The winners that the parents of orders were merged into.
    pub(crate) async fn led(&self, jobs: &[&Job<'_>]) -> Result<Aliases, SinkError> {
        self.org.aliases(&parents(jobs.iter().map(|job| job.step))).await
    }
}

/// Whether only plain fields of a draft change: then it goes with the records without lines.
fn is_simple(step: &Step) -> bool {
    let Action::Update { changes, .. } = &step.action else { return false };
    let plain = |name: &str| name != LINES && name != STATUS;
    let state = step.guard.as_deref().map(crate::order_state::OrderState::read).unwrap_or_default();
    changes.iter().all(|change| plain(change.field.as_str())) && !state.is_active()
}

/// The graph of each job; those that cannot be written have their outcome.
fn draw<'s>(desk: Desk<'_>, jobs: Vec<Job<'s>>, round: &mut Round<'s>) -> Vec<(Job<'s>, Graph)> {
    let mut drawn = Vec::with_capacity(jobs.len());
    for mut job in jobs {
        let name = format!("g{}", job.place);
        match desk.graph(&mut job, &name) {
            Ok(graph) if graph.parts().is_empty() => round.done.push(job),
            Ok(graph) => drawn.push((job, graph)),
            Err(fault) => round.outcomes.push((job.place, Outcome::Rejected(fault))),
        }
    }
    drawn
}

/// What one graph came to.
fn settle<'s>(mut job: Job<'s>, outcome: GraphOutcome, round: &mut Round<'s>) {
    match outcome {
        GraphOutcome::Missing => {
            let detail = "the answer does not speak of the order".into();
            round.outcomes.push((job.place, Outcome::Unknown { detail }));
        }
        GraphOutcome::Done(answers) => {
            if job.target.is_none() {
                let order = answers.iter().find(|answer| answer.reference == ORDER);
                let Some((id, made)) = order.and_then(|order| Some((order.id()?, order.status == 201)))
                else {
                    let detail = "the order was written, but its id is not told".into();
                    round.outcomes.push((job.place, Outcome::Unknown { detail }));
                    return;
                };
                (job.target, job.created) = (Some(id), made);
            }
            job.advance();
            let left = if job.is_done() { &mut round.done } else { &mut round.again };
            left.push(job);
        }
        GraphOutcome::Failed(GraphFailure { culprit: None, .. }) if job.innocent < INNOCENT => {
            job.innocent += 1;
            round.again.push(job);
        }
        GraphOutcome::Failed(failure) => refused(job, failure, round),
    }
}

/// Nothing of an order was written: what its culprit says.
fn refused<'s>(mut job: Job<'s>, failure: GraphFailure, round: &mut Round<'s>) {
    let Some((reference, failure)) = failure.culprit else {
        let fault = crate::faults::plain(
            FaultClass::Collateral,
            "PROCESSING_HALTED",
            "other orders of the call failed",
        );
        round.outcomes.push((job.place, Outcome::Rejected(fault)));
        return;
    };
    let mut fault = if failure.errors.is_empty() {
        of_call(&SfdcError::Api(failure.clone()))
    } else {
        of_record(&failure.errors)
    };
    let line = reference
        .strip_prefix('l')
        .and_then(|place| place.parse().ok())
        .and_then(|place: usize| job.work.get(place));
    let line = line.map(|work| match work {
        LineWork::Create(line) => line.key.to_string(),
        LineWork::Update { key, .. } | LineWork::Delete { key } => key.clone(),
        LineWork::Barrier => String::new(),
    });
    if let Some(line) = &line {
        fault.message = format!("line {line}: {}", fault.message);
    }
    let doubled = fault.code == "DUPLICATE_VALUE";
    if line.is_none() && doubled && job.target.is_none() && job.step.lane == Lane::Guarded {
        fault = exists(job.step.draft.id.as_str());
    } else if fault.class == FaultClass::Transient && job.locked < LOCK_RETRIES {
        job.locked += 1;
        round.locked = round.locked.max(job.locked);
        round.again.push(job);
        return;
    } else if may_be_mended(&job, &fault, line.is_some()) {
        round.astray.push((job, fault));
        return;
    }
    round.outcomes.push((job.place, Outcome::Rejected(fault)));
}

/// Whether another look at the order can help: its lines are not where they were, it was activated
/// meanwhile, or its account was merged.
fn may_be_mended(job: &Job<'_>, fault: &Fault, is_line: bool) -> bool {
    if job.mended >= MENDS {
        return false;
    }
    let astray = matches!(fault.code.as_str(), "DUPLICATE_VALUE" | "REQUIRED_FIELD_MISSING");
    match fault.class {
        FaultClass::Dependency => !job.led,
        FaultClass::Stale => is_line,
        _ if astray => is_line,
        _ => fault.code == "FIELD_INTEGRITY_EXCEPTION" && job.target.is_some() && !job.state.is_active(),
    }
}

/// What becomes of the orders of a call that failed as a whole.
fn unanswered<'s>(mut jobs: Vec<Job<'s>>, error: &SfdcError, round: &mut Round<'s>) {
    if error.may_have_acted() {
        let detail = told(error);
        round
            .outcomes
            .extend(jobs.iter().map(|job| (job.place, Outcome::Unknown { detail: detail.clone() })));
        return;
    }
    if concerns_the_batch(error) && jobs.len() > 1 {
        let second = jobs.split_off(jobs.len() / 2);
        round.halves.extend([jobs, second]);
        return;
    }
    let mut fault = of_call(error);
    if concerns_the_batch(error) {
        fault.class = FaultClass::Data;
    }
    round.outcomes.extend(jobs.iter().map(|job| (job.place, Outcome::Rejected(fault.clone()))));
}

/// What a job that is whole came to.
pub(crate) fn written(job: &Job<'_>) -> Outcome {
    match &job.target {
        Some(target) => applied(TargetId::from(target.as_str()), job.created),
        None => Outcome::Unknown { detail: "the id of the order is not known".into() },
    }
}

/// Orders by their ids.
pub(crate) fn targets(steps: &[(usize, &Step)]) -> BTreeMap<usize, TargetId> {
    let target = |(place, step): &(usize, &Step)| match &step.action {
        Action::Update { target, .. } | Action::Remove { target } => Some((*place, target.clone())),
        _ => None,
    };
    steps.iter().filter_map(target).collect()
}
