//! Customer master data of IFS Cloud as a [`Sink`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use mapping::{Entity, ExternalId, FieldName, Step};
use sync_engine::{Fault, FaultClass, Lookup, Outcome, Receipt, Sink, SinkError};
use wire::{Clock, HttpTransport};

use crate::csrf::CsrfDance;
use crate::desk::{Desk, Tenant};
use crate::doubts::Doubts;
use crate::errors::ErrorTable;
use crate::key::KeyShape;
use crate::lookup::Search;
use crate::settings::{IfsSettings, SettingsError};
use crate::writable::{Writable, WriteSettings};
use crate::write::Writer;

/// How many records are written at the same time; the limits of the tenant hold besides.
const AT_ONCE: usize = 8;

/// Finds and writes customer master data.
///
/// Every change of a row carries the exact `ETag` of the row that it was planned for, and only the
/// fields that change; a new row is made by `POST`, which fails where the key is taken. Nothing of
/// the books can be written: [`Writable`] has no name for it.
#[derive(Debug)]
pub struct IfsSink {
    targets: BTreeMap<Entity, Target>,
}

/// One kind of record.
#[derive(Debug)]
struct Target {
    settings: WriteSettings,
    keys: KeyShape,
    desk: Desk,
    doubts: Doubts,
}

impl IfsSink {
    /// Writes `targets` to the tenant. `transport` brings authorization, retries, limits and audit.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        clock: &Arc<dyn Clock>,
        (tenant, errors): (&IfsSettings, &Arc<ErrorTable>),
        targets: impl IntoIterator<Item = WriteSettings>,
    ) -> Result<Self, SettingsError> {
        let transport: Arc<dyn HttpTransport> =
            if tenant.csrf { Arc::new(CsrfDance::new(transport)) } else { transport };
        let target = |settings: WriteSettings| {
            let entity = settings.entity();
            let (transport, errors) = (transport.clone(), errors.clone());
            let tenant = Tenant { transport, settings: tenant, zone: &entity.time_zone, errors };
            let desk = Desk::new(&tenant, &entity.place, entity.page_size)?;
            let keys = KeyShape { fields: entity.key.clone(), order: entity.key_order };
            let name = Entity::from(settings.what().entity());
            Ok((name, Target { settings, keys, desk, doubts: Doubts::new(clock.clone()) }))
        };
        Ok(Self { targets: targets.into_iter().map(target).collect::<Result<_, SettingsError>>()? })
    }
}

impl Target {
    async fn write(&self, steps: Vec<(usize, &Step)>) -> Vec<(usize, Outcome)> {
        let writer =
            Writer { desk: &self.desk, settings: &self.settings, keys: &self.keys, doubts: &self.doubts };
        let mut outcomes = Vec::with_capacity(steps.len());
        for steps in steps.chunks(AT_ONCE) {
            let mut calls = Vec::with_capacity(steps.len());
            for (_, step) in steps {
                calls.push(writer.apply(step));
            }
            let places = steps.iter().map(|(place, _)| *place);
            outcomes.extend(places.zip(join_all(calls).await));
        }
        outcomes
    }
}

#[async_trait]
impl Sink for IfsSink {
    async fn find(
        &self,
        entity: &Entity,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let target = self.targets.get(entity).ok_or_else(|| no_target(entity))?;
        let search = Search { desk: &target.desk, settings: &target.settings, keys: &target.keys };
        search.find(ids, fields).await
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        let mut by_kind: BTreeMap<Writable, (&Target, Vec<(usize, &Step)>)> = BTreeMap::new();
        for (place, step) in steps.iter().enumerate() {
            let entity = &step.draft.entity;
            let target = self.targets.get(entity).ok_or_else(|| no_target(entity))?;
            by_kind.entry(target.settings.what()).or_insert((target, Vec::new())).1.push((place, step));
        }
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        // Customers come before what belongs to them.
        for (target, steps) in by_kind.into_values() {
            outcomes.extend(target.write(steps).await);
        }
        let lost = || Outcome::Unknown { detail: "no outcome was noted".into() };
        let receipt = |(place, step): (usize, &Step)| Receipt {
            id: step.draft.id.clone(),
            outcome: outcomes.remove(&place).unwrap_or_else(lost),
        };
        Ok(steps.iter().enumerate().map(receipt).collect())
    }

    fn may_double(&self, entity: &Entity) -> bool {
        self.targets.get(entity).is_some_and(|target| target.settings.carrier().is_some())
    }
}

fn no_target(entity: &Entity) -> SinkError {
    let names = Writable::ALL.map(Writable::entity).join(", ");
    let fault = Fault {
        class: FaultClass::Protocol,
        code: Fault::UNSUPPORTED.into(),
        message: format!("{entity} is nothing that this flow may write to IFS"),
        fields: Vec::new(),
        hint: Some(format!("what can be written is customer master data: {names}")),
    };
    SinkError { operation: format!("writing {entity}"), fault }
}
