//! The loop breaker: a field that two writers change to and fro is left alone.

use std::time::Duration;

use mapping::canonical::alike;
use mapping::{Action, FieldName, Plan};

use crate::stage::Work;
use crate::weigh::Case;
use crate::{Fault, FaultClass, Flow, Link, Parked, ParkedClass, Trace};

/// So many times in a row the value before the last comes back, and the field is frozen.
const TURNS: u8 = 3;
/// People may change their minds; programs do so within this time.
const WINDOW: Duration = Duration::from_hours(1);

impl Flow {
    /// Notes what is written; returns the fields that go to and fro, if there are any.
    pub(crate) fn flips(&self, after: &mut Link, plan: &Plan, thawed: bool) -> Option<Vec<FieldName>> {
        self.pair()?;
        let Action::Update { changes, .. } = &plan.step.action else { return None };
        let now = self.now();
        let recent = |trace: &Trace| now.duration_since(trace.at).unsigned_abs() <= WINDOW && !thawed;
        after.trail.retain(recent);
        let mut frozen = Vec::new();
        for change in changes {
            let known = after.trail.iter_mut().find(|trace| trace.field == change.field);
            let Some(trace) = known else {
                let (field, before, last) =
                    (change.field.clone(), change.before.clone(), change.after.clone());
                after.trail.push(Trace { field, before, last, turns: 0, at: now });
                continue;
            };
            trace.turns = if alike(&trace.before, &change.after) { trace.turns + 1 } else { 0 };
            (trace.before, trace.last) = (trace.last.clone(), change.after.clone());
            trace.at = now;
            if trace.turns >= TURNS {
                frozen.push(change.field.clone());
            }
        }
        (!frozen.is_empty()).then_some(frozen)
    }

    /// Gives a record to the flow in the other direction: only its side has moved.
    pub(crate) fn handed_over(&self, case: &Case<'_>) -> Option<Parked> {
        let partner = self.pair()?.partner.clone()?;
        let Work { draft, .. } = case.work;
        let key = if self.swapped() { draft.id.as_str() } else { case.found?.target.as_str() };
        let fault = Fault {
            class: FaultClass::Conflict,
            code: "HANDED_OVER".into(),
            message: format!("flow {} has seen that only this side has changed", self.parts.name),
            fields: Vec::new(),
            hint: None,
        };
        Some(Parked {
            flow: partner,
            key: key.into(),
            class: ParkedClass::Retry,
            fault,
            change: None,
            raw: None,
            mapper: String::new(),
            tries: 0,
            since: self.now(),
            due: Some(self.now()),
            waits_for: Vec::new(),
            assigned: None,
            amended: None,
        })
    }
}
