//! Activated orders that may be changed: made a draft, changed, and activated again, in one
//! transaction as long as it fits into a call.

use std::collections::BTreeMap;

use mapping::{Action, Step};
use sfdc_client::composite::MAX_PARTS;
use sfdc_client::{Part, PartOutcome, RecordBody, RowAt, SfdcError, Together};
use sync_engine::{Fault, FaultClass, Outcome};
use wire::{Call, Effect};

use crate::batch::told;
use crate::convert::Pen;
use crate::faults::{of_call, of_record, plain};
use crate::guarded::{applied, record_id};
use crate::order::{Activated, ENTITY, Orders};
use crate::order_item::LineWork;
use crate::order_job::{Desk, Job, Prices};
use crate::order_mend::activated;
use crate::order_state::OrderState;
use crate::order_status::STATUS;
use crate::org::Aliases;

const OPERATION: &str = "salesforce.order_revert";

impl Orders<'_> {
    /// Reverts an activated order, changes and activates it again.
    pub(crate) async fn revert(&self, mut job: Job<'_>) -> (usize, Outcome) {
        let place = job.place;
        let sent = match self.revert_parts(&mut job).await {
            Ok(Ok(parts)) => self.sequence(job.step, parts).await,
            Ok(Err(fault)) => Err(Outcome::Rejected(fault)),
            Err(error) => Err(Outcome::Rejected(of_call(&error))),
        };
        (place, sent.map_or_else(|refused| refused, |()| crate::order_writer::written(&job)))
    }

    async fn revert_parts(&self, job: &mut Job<'_>) -> Result<Result<Vec<Part>, Fault>, SfdcError> {
        let statuses = self.org.statuses().await?;
        let prices = self.prices(std::iter::once(&*job)).await?;
        let last = job.activate.clone().unwrap_or_else(|| statuses.active().to_owned());
        Ok(self.parts(job, &prices, (statuses.first(), &last)))
    }

    fn parts(&self, job: &Job<'_>, prices: &Prices, (first, last): (&str, &str)) -> Result<Vec<Part>, Fault> {
        let none = Aliases::new();
        let desk = Desk {
            order: Pen { object: self.object, aliases: &none },
            item: Pen { object: &self.items, aliases: &none },
            settings: &self.org.settings.orders,
            prices,
        };
        let mut parts = vec![status("revert", job, first)?];
        parts.extend(desk.order_part(job)?);
        for (place, line) in job.work.iter().filter(|work| **work != LineWork::Barrier).enumerate() {
            parts.push(desk.line_part(job, &format!("l{place}"), line)?);
        }
        parts.push(status("activate", job, last)?);
        Ok(parts)
    }

    /// Sends parts one after the other, all or none of a call.
    async fn sequence(&self, step: &Step, parts: Vec<Part>) -> Result<(), Outcome> {
        let calls = parts.chunks(MAX_PARTS).count();
        for (number, chunk) in parts.chunks(MAX_PARTS).enumerate() {
            let call = Call::new(OPERATION, Effect::Append).about(vec![step.draft.id.to_string()]);
            let outcomes = match self.org.client().composite(call, chunk, Together::AllOrNone).await {
                Ok(outcomes) => outcomes,
                Err(error) if error.may_have_acted() => {
                    return Err(Outcome::Unknown { detail: told(&error) });
                }
                Err(error) => return Err(Outcome::Rejected(of_call(&error))),
            };
            for outcome in &outcomes {
                if let PartOutcome::Missing = outcome {
                    let detail = "the answer does not speak of a part of the order".into();
                    return Err(Outcome::Unknown { detail });
                }
            }
            if let Some(mut fault) = culprit(&outcomes) {
                if number > 0 && number < calls {
                    fault.message = format!("{} (the order was left a draft)", fault.message);
                }
                return Err(Outcome::Rejected(fault));
            }
        }
        Ok(())
    }

    /// Removes an order; one that is activated only if it may be reverted.
    pub(crate) async fn removed(&self, step: &Step) -> Outcome {
        let Action::Remove { target } = &step.action else {
            return Outcome::Rejected(crate::guarded::unknown_action(&step.action));
        };
        let state = step.guard.as_deref().map(OrderState::read).unwrap_or_default();
        let policy = self.org.settings.orders.activated;
        if !state.is_active() {
            let gone: BTreeMap<usize, Outcome> = self.org.remove(&[(0, target)]).await.into_iter().collect();
            let unknown = || Outcome::Unknown { detail: "no outcome was noted".into() };
            return gone.into_values().next().unwrap_or_else(unknown);
        }
        if policy != Activated::Revert {
            return Outcome::Rejected(activated(step, policy));
        }
        let first = match self.org.statuses().await {
            Ok(statuses) => statuses.first().to_owned(),
            Err(error) => return Outcome::Rejected(of_call(&error)),
        };
        let parts = record_id(target).and_then(|id| {
            let mut body = RecordBody::new(ENTITY);
            body.text(STATUS, &first);
            let failed = |error: SfdcError| of_call(&error);
            let revert = Part::update("revert", (ENTITY, &id), &body).map_err(failed)?;
            let delete = Part::delete("delete", &RowAt::id(ENTITY, &id)).map_err(failed)?;
            Ok(vec![revert, delete])
        });
        match parts {
            Err(fault) => Outcome::Rejected(fault),
            Ok(parts) => match self.sequence(step, parts).await {
                Ok(()) => applied(target.clone(), false),
                Err(outcome) => outcome,
            },
        }
    }
}

fn status(name: &str, job: &Job<'_>, status: &str) -> Result<Part, Fault> {
    let mut body = RecordBody::new(ENTITY);
    body.text(STATUS, status);
    let missing = || plain(FaultClass::Protocol, "NO_ORDER", "an order without an id cannot be reverted");
    let target = job.target.as_ref().ok_or_else(missing)?;
    Part::update(name, (ENTITY, target), &body).map_err(|error| of_call(&error))
}

/// The error of the part that is to blame.
fn culprit(outcomes: &[PartOutcome]) -> Option<Fault> {
    let failures = outcomes.iter().filter_map(|outcome| match outcome {
        PartOutcome::Failed(failure) => Some(failure),
        _ => None,
    });
    let mut faults = failures.map(|failure| {
        if failure.errors.is_empty() {
            of_call(&SfdcError::Api(failure.clone()))
        } else {
            of_record(&failure.errors)
        }
    });
    let first = faults.next()?;
    if first.class != FaultClass::Collateral {
        return Some(first);
    }
    faults.find(|fault| fault.class != FaultClass::Collateral).or(Some(first))
}
