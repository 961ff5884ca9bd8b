//! How much one run may change before it stops and asks.

use mapping::Action;

use crate::flow::Limit;
use crate::session::Session;
use crate::stage::Ordered;
use crate::{Flow, FlowError, Mode};

/// What a run has decided to change so far, and how much it may.
#[derive(Debug, Default)]
pub(crate) struct Brake {
    changes: u64,
    deletes: u64,
    most: Option<(u64, u64)>,
}

impl Flow {
    /// Sets the limits of a run. Records that a person named are not counted.
    pub(crate) async fn set_brake(&self, session: &mut Session, mode: &Mode) -> Result<(), FlowError> {
        let brakes = self.parts.settings.brakes;
        if brakes.confirmed || matches!(mode, Mode::Keys(_)) {
            return Ok(());
        }
        let linked = self.parts.store.count_links(self.book()).await?;
        session.brake.most = Some((brakes.changes.of(linked), brakes.deletes.of(linked)));
        Ok(())
    }
}

impl Limit {
    fn of(self, linked: u64) -> u64 {
        self.records.max(linked.saturating_mul(self.percent) / 100)
    }
}

impl Brake {
    /// Counts steps that are about to be sent; if that would be too many, says why none of them may.
    pub(crate) fn refusal(&mut self, ordered: &[Ordered]) -> Option<FlowError> {
        let of = |ordered: &&Ordered| matches!(ordered.step.action, Action::Remove { .. });
        let deletes = ordered.iter().filter(of).count() as u64;
        let updates = ordered.iter().filter(|one| overwrites(&one.step.action)).count() as u64;
        self.changes += updates + deletes;
        self.deletes += deletes;
        match self.most {
            Some((changes, _)) if self.changes > changes => {
                Some(FlowError::Braked { what: "changes", planned: self.changes, limit: changes })
            }
            Some((_, deletes)) if self.deletes > deletes => {
                Some(FlowError::Braked { what: "removals", planned: self.deletes, limit: deletes })
            }
            _ => None,
        }
    }
}

/// Whether an update replaces something: one that only fills empty fields loses nobody's value.
fn overwrites(action: &Action) -> bool {
    let Action::Update { changes, .. } = action else { return false };
    changes.iter().any(|change| !change.before.is_null())
}

#[cfg(test)]
mod tests {
    use mapping::{Cause, Difference, Value};

    use super::*;

    fn update(before: Value) -> Action {
        let after = Value::text("new");
        let change = Difference { field: "F".into(), before, after, cause: Cause::Source };
        Action::Update { target: "1".into(), changes: vec![change] }
    }

    #[test]
    fn filling_what_was_empty_is_no_mass_change() {
        assert!(!overwrites(&update(Value::Null)));
        assert!(overwrites(&update(Value::text("old"))));
        assert!(!overwrites(&Action::Create));
    }
}
