//! Salesforce as a [`Sink`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use mapping::{Action, Entity, ExternalId, FieldName, Lane, Step};
use sfdc_client::{Client, Packer, UpsertKey};
use sync_engine::{Fault, FaultClass, Lookup, Outcome, Receipt, Sink, SinkError};
use wire::{Clock, Entropy, HttpTransport};

use crate::batch::{Parcel, Sender};
use crate::convert::body;
use crate::faults::{plain, with_hint};
use crate::lookup::Search;
use crate::schema::{Object, Schema};
use crate::{ObjectSettings, SalesforceSettings};

/// Upserts records of configured objects by external id.
#[derive(Debug)]
pub struct SalesforceSink {
    packer: Packer,
    objects: BTreeMap<Entity, ObjectSettings>,
    schema: Schema,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl SalesforceSink {
    /// A sink for `objects` of the org.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        org: &SalesforceSettings,
        objects: impl IntoIterator<Item = ObjectSettings>,
    ) -> Self {
        let client = Client::new(transport, &org.instance_url, &org.api_version);
        let objects =
            objects.into_iter().map(|object| (Entity::from(object.object.as_str()), object)).collect();
        let packer = Packer::new(client, clock.clone(), org.concurrency).at_most(org.batch_size);
        Self { packer, objects, schema: Schema::default(), clock, entropy }
    }

    /// The client it speaks through.
    pub fn client(&self) -> &Client {
        self.packer.client()
    }

    async fn object(&self, entity: &Entity) -> Result<Arc<Object>, SinkError> {
        let Some(settings) = self.objects.get(entity) else {
            let fault = plain(
                FaultClass::Protocol,
                "UNKNOWN_OBJECT",
                &format!("{entity} is not configured as a target"),
            );
            return Err(SinkError { operation: "salesforce".into(), fault });
        };
        self.schema.object(self.client(), entity, &settings.external_id).await
    }

    /// Writes the steps of one object; fills in their outcomes.
    async fn write(
        &self,
        entity: &Entity,
        steps: Vec<(usize, &Step)>,
    ) -> Result<Vec<(usize, Outcome)>, SinkError> {
        let object = self.object(entity).await?;
        let mut outcomes = Vec::with_capacity(steps.len());
        let collisions = collisions(&steps, object.case_sensitive());
        let mut parcels = Vec::with_capacity(steps.len());
        for (place, step) in steps {
            let id = step.draft.id.as_str();
            if step.lane != Lane::Owned || matches!(step.action, Action::Remove { .. }) {
                outcomes.push((place, Outcome::Rejected(unsupported())));
                continue;
            }
            let packed = match collisions.get(&folded(id, object.case_sensitive())) {
                Some(2..) => Err(collision(id)),
                _ => body(&step.draft, object.external_id()),
            };
            match packed {
                Ok(body) => parcels.push(Parcel { place, id: id.to_owned(), body }),
                Err(fault) => outcomes.push((place, Outcome::Rejected(fault))),
            }
        }
        let sender = Sender {
            packer: &self.packer,
            clock: &*self.clock,
            entropy: &*self.entropy,
            key: UpsertKey {
                object: entity.as_str(),
                field: object.external_id(),
                case_sensitive: object.case_sensitive(),
            },
        };
        outcomes.extend(sender.deliver(parcels).await);
        Ok(outcomes)
    }
}

#[async_trait]
impl Sink for SalesforceSink {
    async fn find(
        &self,
        entity: &Entity,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let object = self.object(entity).await?;
        let search = Search { packer: &self.packer, entity, object: &object };
        search.find(ids, fields).await
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        let mut by_entity: BTreeMap<&Entity, Vec<(usize, &Step)>> = BTreeMap::new();
        for (place, step) in steps.iter().enumerate() {
            by_entity.entry(&step.draft.entity).or_default().push((place, step));
        }
        // Nothing is sent before all objects are known.
        for entity in by_entity.keys() {
            self.object(entity).await?;
        }
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        for (entity, steps) in by_entity {
            outcomes.extend(self.write(entity, steps).await?);
        }
        let lost = || Outcome::Unknown { detail: "no outcome was noted".into() };
        let receipt = |(place, step): (usize, &Step)| Receipt {
            id: step.draft.id.clone(),
            outcome: outcomes.remove(&place).unwrap_or_else(lost),
        };
        Ok(steps.iter().enumerate().map(receipt).collect())
    }
}

fn unsupported() -> Fault {
    let message = "records of this object are written by upsert only";
    plain(FaultClass::Protocol, Fault::UNSUPPORTED, message)
}

fn folded(id: &str, case_sensitive: bool) -> String {
    if case_sensitive { id.to_owned() } else { id.to_lowercase() }
}

/// How many steps claim each id, as Salesforce compares them.
fn collisions(steps: &[(usize, &Step)], case_sensitive: bool) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (_, step) in steps {
        *counts.entry(folded(step.draft.id.as_str(), case_sensitive)).or_default() += 1;
    }
    counts
}

fn collision(id: &str) -> Fault {
    let message =
        format!("the external id {id} differs only in upper and lower case from another one of this run");
    let hint =
        "make the external-id field case-sensitive in Salesforce, or rename one of the two in the source";
    with_hint(plain(FaultClass::Identity, "CASE_COLLISION", &message), hint)
}
