//! Orders: drafts first, activated with their products, locked afterwards (Object Reference,
//! "Order"; the codes of refusals are what orgs were seen to answer where that is known).

use crate::salesforce::desk::{Desk, Draft};
use crate::salesforce::problem::Problem;
use crate::salesforce::record::{Cell, Record};
use crate::salesforce::schema::{ORDER, ORDER_ITEM};

/// What may differ when an order is activated, besides what the org derives.
const ACTIVATION: &[&str] = &["Status", "StatusCode", "ActivatedDate", "ActivatedById"];
/// What stays even for those who may edit activated orders.
const FIXED: &[&str] = &["AccountId", "Pricebook2Id"];

impl Desk<'_> {
    pub(super) fn order(&self, draft: &mut Draft) -> Result<(), Problem> {
        let active = is_active(&draft.record);
        let was_active = draft.before.as_ref().is_some_and(|before| is_active(before));
        if draft.is_new() {
            self.number_order(draft);
            if active {
                let message = "Status: An order must be created with a status of the category Draft";
                return Err(Problem::bad("INVALID_STATUS", message).about("Status"));
            }
        }
        let edited = edited(draft);
        if active && !was_active {
            self.activate(draft, &edited)?;
        } else if was_active {
            self.keep_locked(&edited)?;
        }
        if draft.changes("Pricebook2Id") && !self.items(&draft.record.id).is_empty() {
            let message = "Price book cannot be changed while the order has products";
            return Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about("Pricebook2Id"));
        }
        let code = if active { "Activated" } else { "Draft" };
        draft.record.set("StatusCode", Cell::text(code));
        Ok(())
    }

    fn number_order(&self, draft: &mut Draft) {
        if let Some(object) = self.store.object(ORDER)
            && let Some(place) = object.place("OrderNumber")
        {
            draft.record.put(place, Cell::text(&format!("{:08}", 100 + draft.record.number)));
        }
        draft.record.set("TotalAmount", Cell::Number(0.into()));
    }

    fn activate(&self, draft: &mut Draft, edited: &[String]) -> Result<(), Problem> {
        if let Some(other) = edited.iter().find(|name| !ACTIVATION.contains(&name.as_str())) {
            let message = format!("When you activate an order, you can change only its status, not {other}");
            return Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about(other));
        }
        if self.items(&draft.record.id).is_empty() {
            let message = "An order must have at least one product before it can be activated";
            return Err(Problem::bad("FAILED_ACTIVATION", message).about("Status"));
        }
        draft.record.set("ActivatedDate", Cell::Moment(self.author.now));
        draft.record.set("ActivatedById", Cell::Text(self.author.user.clone()));
        Ok(())
    }

    fn keep_locked(&self, edited: &[String]) -> Result<(), Problem> {
        let locked = edited.iter().filter(|name| !ACTIVATION.contains(&name.as_str()));
        let mut locked =
            locked.filter(|name| !self.switches.edits_activated || FIXED.contains(&name.as_str()));
        match locked.next() {
            None => Ok(()),
            Some(name) => {
                let message = format!("{name} cannot be edited: the order is activated");
                Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about(name))
            }
        }
    }

    /// The living products of an order.
    pub(super) fn items(&self, order: &str) -> Vec<std::sync::Arc<Record>> {
        self.store.children(ORDER_ITEM, "OrderId", order)
    }
}

pub(super) fn is_active(order: &Record) -> bool {
    order.str("Status") == Some("Activated")
}

/// The names of fields that get other values.
fn edited(draft: &Draft) -> Vec<String> {
    let Some(before) = &draft.before else { return Vec::new() };
    let places = draft.record.changes(before);
    let name = |place: u16| draft.record.object.field(place).map(|field| field.name.clone());
    places.into_iter().filter_map(name).collect()
}
