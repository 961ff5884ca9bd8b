//! Salesforce as a [`Sink`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use mapping::{Entity, ExternalId, FieldName, Step, TargetId};
use sfdc_client::{Client, Packer};
use sync_engine::{Ledger, Lookup, Outcome, Receipt, Sink, SinkError};
use wire::{Clock, Entropy, HttpTransport};

use crate::batch::Outcomes;
use crate::bulk_jobs::Jobs;
use crate::faults::sink_error;
use crate::lookup::Search;
use crate::objects::Objects;
use crate::order::{self, Orders};
use crate::org::Org;
use crate::org_id::OrgId;
use crate::plain_records::Plain;
use crate::{ObjectSettings, SalesforceSettings};

/// Writes Accounts, person accounts, Contacts, Products, and Orders with their items, each on the way
/// that its step asks for.
#[derive(Debug)]
pub struct SalesforceSink {
    org: Org,
}

impl SalesforceSink {
    /// A sink for the org; `objects` are those that differ from what is shipped, or are not.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        org: &SalesforceSettings,
        objects: impl IntoIterator<Item = ObjectSettings>,
    ) -> Self {
        let client = Client::new(transport, &org.instance_url, &org.api_version);
        let packer = Packer::new(client, clock.clone(), org.concurrency).at_most(org.batch_size);
        let org = Org::new(packer, org, Objects::new(objects), (clock, entropy));
        Self { org }
    }

    /// The sink, which knows by its tokens which org it writes to: a flow whose state belongs to another
    /// one is refused.
    #[must_use]
    pub fn told_by(mut self, which: OrgId) -> Self {
        self.org.which = which;
        self
    }

    /// The sink of a flow, whose jobs stand in `ledger`: without one no Bulk job is made, since a crash
    /// would leave it to itself.
    #[must_use]
    pub fn kept_in(mut self, ledger: Arc<dyn Ledger>, flow: &str) -> Self {
        self.org.jobs = Some(Jobs::new(ledger, flow));
        self
    }

    /// The client it speaks through.
    pub fn client(&self) -> &Client {
        self.org.client()
    }

    /// Writes the steps of one entity; tells their outcomes.
    async fn write(&self, entity: &Entity, steps: &[(usize, &Step)]) -> Result<Outcomes, SinkError> {
        let object = self.org.object(entity).await?;
        if entity.as_str() == order::ENTITY {
            return Orders::new(&self.org, &object).await?.write(steps).await;
        }
        Plain { org: &self.org, entity, object: &object, by_id: false }.write(steps).await
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
        let object = self.org.object(entity).await?;
        if entity.as_str() == order::ENTITY {
            return Orders::new(&self.org, &object).await?.find(ids, fields).await;
        }
        Search { org: &self.org, entity, object: &object, state: &[] }.find(ids, fields).await
    }

    async fn find_unnamed(
        &self,
        entity: &Entity,
        pairs: &[(ExternalId, TargetId)],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        let object = self.org.object(entity).await?;
        if entity.as_str() == order::ENTITY {
            return Ok(pairs.iter().map(|_| Lookup::Absent).collect());
        }
        Search { org: &self.org, entity, object: &object, state: &[] }.find_unnamed(pairs, fields).await
    }

    async fn fingerprint(&self) -> Result<Option<String>, SinkError> {
        let found = self.org.which.fingerprint(self.client()).await;
        found.map_err(|error| sink_error("asking which org it is", &error))
    }

    async fn take_up(&self) -> Result<Vec<(Entity, Receipt)>, SinkError> {
        self.org.take_up().await
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        self.org.come_to_rest().await?;
        let mut by_entity: BTreeMap<&Entity, Vec<(usize, &Step)>> = BTreeMap::new();
        for (place, step) in steps.iter().enumerate() {
            by_entity.entry(&step.draft.entity).or_default().push((place, step));
        }
        // Nothing is sent before all objects are known.
        for entity in by_entity.keys() {
            self.org.object(entity).await?;
        }
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        for (entity, steps) in by_entity {
            let written = match self.write(entity, &steps).await {
                // Others were sent already: these were not.
                Err(error) if !outcomes.is_empty() => {
                    steps.iter().map(|(place, _)| (*place, Outcome::Rejected(error.fault.clone()))).collect()
                }
                other => other?,
            };
            outcomes.extend(written);
        }
        let lost = || Outcome::Unknown { detail: "no outcome was noted".into() };
        let receipt = |(place, step): (usize, &Step)| Receipt {
            id: step.draft.id.clone(),
            outcome: outcomes.remove(&place).unwrap_or_else(lost),
        };
        Ok(steps.iter().enumerate().map(receipt).collect())
    }
}
