//! Supplier invoices: fields of the order that they refer to.
//!
//! They never make an order: one that is missing is waited for.

use mapping::{Action, Step};
use sync_engine::{Fault, FaultClass};

use crate::faults::{plain, with_hint};

/// The field that no order can be made without.
const ACCOUNT: &str = "AccountId";

/// Whether a step wants fields on an order that is not there, without being able to make one.
pub(crate) fn misses_order(step: &Step) -> Option<Fault> {
    let makes = step.action == Action::Create;
    if !makes || step.draft.fields.get(ACCOUNT).is_some_and(|account| !account.is_null()) {
        return None;
    }
    let message = format!("the order {} is not there yet", step.draft.id);
    let hint = "it comes with the flow of purchase orders; the fields are written as soon as it is there";
    Some(with_hint(plain(FaultClass::Dependency, "ORDER_MISSING", &message), hint))
}
