//! One process of the product between two model systems: the real engine over the real seams.

use std::sync::Arc;

use audit::{AuditLog, ScopeCell};
use mapping::{
    Change, Draft, Entity, ExternalId, FieldName, Fields, MapError, Mapped, Mapper, Ownership, Policy, Value,
};
use sync_engine::{Deletes, Flow, FlowParts, FlowSettings, Pair, StateStore};
use wire::SeededEntropy;

use super::end::End;
use super::variant::Variant;
use super::world::{Which, World};
use super::{BACK, BOOK, FORWARD};
use crate::simulation::fused::Fused;

/// Copies fields from one system's names to the other's.
#[derive(Debug)]
struct Copying {
    name: String,
    entity: &'static str,
    fields: Vec<(&'static str, &'static str)>,
}

impl Mapper for Copying {
    fn name(&self) -> &str {
        &self.name
    }

    fn map(&self, change: &Change) -> Result<Mapped, MapError> {
        let Change::Put(record) = change else { return Ok(Mapped::default()) };
        let Some(id) = record.fields.get("Key").and_then(Value::as_text) else {
            return Err(MapError::new("Key", "it has none"));
        };
        let copy = |(from, to): &(&str, &str)| {
            (FieldName::from(*to), record.fields.get(from).cloned().unwrap_or(Value::Null))
        };
        let fields: Fields = self.fields.iter().map(copy).collect();
        let draft = Draft { entity: Entity::from(self.entity), id: ExternalId::from(id), fields };
        Ok(Mapped { drafts: vec![draft], notes: Vec::new() })
    }
}

/// The flow that leads from `from` to the other system, in a fresh process.
pub fn flow(world: &Arc<World>, from: Which, variant: Variant, number: u64) -> Flow {
    let log: Arc<dyn AuditLog> = Arc::new(Fused::new(world.log.clone(), world.fuse.clone()));
    let store: Arc<dyn StateStore> = Arc::new(Fused::new(world.store.clone(), world.fuse.clone()));
    let end = |which| Arc::new(End { world: world.clone(), which, variant });
    let name = if from == Which::A { FORWARD } else { BACK };
    Flow::new(FlowParts {
        name: name.into(),
        source: end(from),
        mapper: Arc::new(mapper(from, variant)),
        sink: end(from.other()),
        store: variant.store(store),
        log: variant.log(log),
        scope: Arc::new(ScopeCell::default()),
        clock: world.clock.clone(),
        entropy: Arc::new(SeededEntropy::new(world.options.seed ^ (number << 32))),
        settings: variant.settings(settings(from)),
    })
}

fn mapper(from: Which, variant: Variant) -> Copying {
    let mut fields = match from {
        Which::A => vec![("Name", "Name"), ("Phone", "Phone"), ("City", "BillingCity")],
        Which::B => vec![("Phone", "Phone"), ("BillingCity", "City"), ("Rating__c", "Rating")],
    };
    if variant == Variant::WritesForeign && from == Which::B {
        fields.push(("Name", "Name"));
    }
    let entity = if from == Which::A { "Account" } else { "Customer" };
    Copying { name: format!("{entity}@1"), entity, fields }
}

fn settings(from: Which) -> FlowSettings {
    let shared: [&str; 2] = if from == Which::A { ["Phone", "BillingCity"] } else { ["Phone", "City"] };
    let owners = shared.map(|name| (FieldName::from(name), Ownership::Shared)).into_iter().collect();
    let (swapped, partner) = if from == Which::A { (false, BACK) } else { (true, FORWARD) };
    FlowSettings {
        policy: Policy { owners, ..Policy::default() },
        pair: Some(Pair { name: BOOK.into(), swapped, partner: Some(partner.into()) }),
        batch: 1,
        deletes: if from == Which::A { Deletes::Delete } else { Deletes::Ignore },
        ..FlowSettings::default()
    }
}
