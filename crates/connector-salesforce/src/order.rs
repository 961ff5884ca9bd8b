//! Orders: where purchase orders go, with their lines.
//!
//! One order is one composite graph: it is written with all of its lines or not at all. Orders stay
//! drafts unless activation is switched on, for those that the mapping says or for all; what happens to orders that
//! people activated is a policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use mapping::{Entity, ExternalId, FieldName, Fields, Key, Record, Value, Version};
use serde::Deserialize;
use sfdc_client::{Literal, Operator, SfdcError};
use sync_engine::{Lookup, SinkError};

use crate::ObjectSettings;
use crate::columns::Columns;
use crate::faults::sink_error;
use crate::lookup::{OPERATION, Search};
use crate::order_item::{self, LINES};
use crate::order_state::{CURRENCY, FIELDS};
use crate::org::Org;
use crate::product::ProductStrategy;
use crate::schema::Object;

/// The object's API name.
pub const ENTITY: &str = "Order";
/// Orders have about so many lines: how many of them are asked for in one query.
const LINES_EXPECTED: usize = 8;

/// Orders as the shipped mappings write them.
pub fn settings() -> ObjectSettings {
    ObjectSettings::shipped(ENTITY)
}

/// How orders are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderSettings {
    /// Whether orders are activated.
    #[serde(default)]
    pub activation: Activation,
    /// What happens to orders that are activated already.
    #[serde(default)]
    pub activated: Activated,
    /// Which products their lines have.
    #[serde(default)]
    pub products: ProductStrategy,
}

/// Whether orders are activated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Never: people do it.
    #[default]
    Never,
    /// Once they are whole, if the mapping gives them a status that says so.
    Mapped,
    /// Once they are whole and have lines, whenever they are written.
    Always,
}

/// What happens to a change of an order that is activated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Activated {
    /// It waits in quarantine.
    #[default]
    Park,
    /// It is left out.
    Skip,
    /// The order becomes a draft, is changed, and is activated again.
    Revert,
}

/// Reads and writes orders of one org.
pub(crate) struct Orders<'a> {
    pub(crate) org: &'a Org,
    pub(crate) object: &'a Object,
    pub(crate) items: Arc<Object>,
}

impl<'a> Orders<'a> {
    pub(crate) async fn new(org: &'a Org, object: &'a Object) -> Result<Self, SinkError> {
        let items = org.object(&Entity::from(order_item::ENTITY)).await?;
        Ok(Self { org, object, items })
    }

    /// The fields that the state of an order is made of.
    pub(crate) fn state(&self) -> Vec<&'static str> {
        let mut state = FIELDS.to_vec();
        if self.object.field(CURRENCY).is_some() {
            state.push(CURRENCY);
        }
        state
    }

    /// Looks orders up, with their lines if they are asked for.
    pub(crate) async fn find(
        &self,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let prefix = format!("{LINES}.");
        let (of_lines, own): (Vec<FieldName>, Vec<FieldName>) = fields
            .iter()
            .cloned()
            .partition(|name| name.as_str() == LINES || name.as_str().starts_with(&prefix));
        let entity = Entity::from(ENTITY);
        let state = self.state();
        let search = Search { org: self.org, entity: &entity, object: self.object, state: &state };
        let mut lookups = search.find(ids, &own).await?;
        if of_lines.is_empty() {
            return Ok(lookups);
        }
        let of_lines: Vec<FieldName> = of_lines
            .iter()
            .filter_map(|name| name.as_str().strip_prefix(&prefix))
            .map(FieldName::from)
            .collect();
        let targets: Vec<Literal> = lookups
            .iter()
            .filter_map(|lookup| match lookup {
                Lookup::One(found) => Some(Literal::Text(found.target.to_string())),
                _ => None,
            })
            .collect();
        let mut lines = self.lines(&targets, &of_lines).await?;
        for lookup in &mut lookups {
            if let Lookup::One(found) = lookup {
                let mut lines = lines.remove(found.target.as_str()).unwrap_or_default();
                lines.sort_by(|one, other| one.key.cmp(&other.key));
                found.fields.set(LINES, Value::List(lines));
            }
        }
        Ok(lookups)
    }

    /// The lines of orders by the orders' ids: those that have an external id.
    async fn lines(
        &self,
        orders: &[Literal],
        fields: &[FieldName],
    ) -> Result<BTreeMap<String, Vec<Record>>, SinkError> {
        let key = self.items.external_id();
        let columns = Columns::new((&self.items, &self.org.objects), &[key, "OrderId"], fields)
            .map_err(|unseen| self.items.unseen(unseen.as_str()))?;
        let failed = |error: SfdcError| sink_error(OPERATION, &error);
        self.read_lines(orders, &columns).await.map_err(failed)
    }

    async fn read_lines(
        &self,
        orders: &[Literal],
        columns: &Columns,
    ) -> Result<BTreeMap<String, Vec<Record>>, SfdcError> {
        let mut lines: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        if orders.is_empty() {
            return Ok(lines);
        }
        let select = columns.select(order_item::ENTITY)?.where_is(
            self.items.external_id(),
            Operator::Unequal,
            &Literal::Null,
        )?;
        let by_order = ("OrderId", LINES_EXPECTED);
        let found = self.org.packer.look_up_several(OPERATION, &select, by_order, orders).await?;
        for record in &found.records {
            let line = columns.read(OPERATION, record)?;
            let (Some(key), Some(order)) = (line.text(0)?, line.text(1)?) else { continue };
            lines.entry(order).or_default().push(child(&key, &line.fields()?));
        }
        Ok(lines)
    }
}

/// A line as drafts have them: its fields by name, without a version, which is no content.
fn child(key: &str, fields: &Fields) -> Record {
    let mut fields: Vec<_> = fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let fields = fields.into_iter().collect();
    Record {
        entity: Entity::from(order_item::ENTITY),
        key: Key::from(key),
        version: Version::from(""),
        fields,
    }
}
