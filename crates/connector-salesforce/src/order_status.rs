//! The statuses that an order may have, and which of them mean that it is activated.

use std::collections::BTreeMap;

use sfdc_client::{Row, Scalar, Select, SfdcError};
use wire::{Call, Effect};

use crate::order_state::DRAFT;
use crate::org::Org;

/// The field of an order that has its status.
pub(crate) const STATUS: &str = "Status";

/// The statuses of an org.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statuses {
    /// The category of each.
    codes: BTreeMap<String, String>,
    /// The one that a new order has.
    first: String,
    /// The one that an activated order has, unless the mapping says which.
    active: String,
}

impl Statuses {
    /// The status of a new order.
    pub(crate) fn first(&self) -> &str {
        &self.first
    }

    /// The status of an activated order.
    pub(crate) fn active(&self) -> &str {
        &self.active
    }

    /// Whether orders of this status can be edited; the org refuses one that it does not know.
    pub(crate) fn is_draft(&self, status: &str) -> bool {
        self.codes.get(status).is_none_or(|code| code == DRAFT)
    }
}

impl Org {
    /// The statuses of orders, asked for once.
    pub(crate) async fn statuses(&self) -> Result<Statuses, SfdcError> {
        let mut known = self.statuses.lock().await;
        if let Some(statuses) = &*known {
            return Ok(statuses.clone());
        }
        let columns = ["ApiName", "StatusCode", "IsDefault"];
        let select = Select::from("OrderStatus", columns)?;
        let call = Call::new("salesforce.order_statuses", Effect::Read);
        let found = self.client().query(call, &select).await?;
        let mut statuses = Statuses::default();
        let mut by_default = None;
        for record in &found.records {
            let row = Row::read(record, &columns)?;
            let (Some(name), Some(code)) = (row.text(0)?, row.text(1)?) else { continue };
            let slot = if code == DRAFT { &mut statuses.first } else { &mut statuses.active };
            if slot.is_empty() {
                slot.push_str(&name);
            }
            if code == DRAFT && row.scalar(2)? == Scalar::Bool(true) {
                by_default = Some(name.to_string());
            }
            statuses.codes.insert(name.into_owned(), code.into_owned());
        }
        statuses.first = by_default.unwrap_or(statuses.first);
        *known = Some(statuses.clone());
        Ok(statuses)
    }
}
