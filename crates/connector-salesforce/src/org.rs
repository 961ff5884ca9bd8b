//! One org as the sink's parts share it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::lock::Mutex;
use mapping::Entity;
use sfdc_client::{Client, Packer};
use sync_engine::{FaultClass, SinkError};
use wire::{Clock, Entropy};

use crate::SalesforceSettings;
use crate::bulk_jobs::Jobs;
use crate::faults::plain;
use crate::merges::Merges;
use crate::objects::Objects;
use crate::order_status::Statuses;
use crate::org_id::OrgId;
use crate::price_book::Books;
use crate::schema::{Object, Schema};

/// One org.
#[derive(Debug)]
pub(crate) struct Org {
    pub(crate) packer: Packer,
    pub(crate) settings: SalesforceSettings,
    pub(crate) objects: Objects,
    pub(crate) schema: Schema,
    pub(crate) merges: Merges,
    pub(crate) books: Books,
    /// The statuses of orders.
    pub(crate) statuses: Mutex<Option<Statuses>>,
    /// The record type of person accounts.
    pub(crate) person_type: Mutex<Option<String>>,
    /// The flow's Bulk jobs, where they are kept.
    pub(crate) jobs: Option<Jobs>,
    pub(crate) which: OrgId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Org {
    pub(crate) fn new(
        packer: Packer,
        settings: &SalesforceSettings,
        objects: Objects,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
    ) -> Self {
        Self {
            packer,
            settings: settings.clone(),
            objects,
            schema: Schema::default(),
            merges: Merges::default(),
            books: Books::default(),
            statuses: Mutex::default(),
            person_type: Mutex::default(),
            jobs: None,
            which: OrgId::default(),
            clock,
            entropy,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        self.packer.client()
    }

    /// The object behind an entity.
    pub(crate) async fn object(&self, entity: &Entity) -> Result<Arc<Object>, SinkError> {
        let Some(settings) = self.objects.get(entity) else {
            let message = format!("{entity} is not configured as a target");
            let fault = plain(FaultClass::Protocol, "UNKNOWN_OBJECT", &message);
            return Err(SinkError { operation: "salesforce".into(), fault });
        };
        self.schema.object(self.client(), settings).await
    }

    /// A wait after the `n`-th meeting with a lock, by chance, so that two writers do not meet again.
    pub(crate) async fn pause(&self, met: u32) {
        crate::batch::pause(&*self.clock, &*self.entropy, met).await;
    }
}

/// Ids of records that others were merged into, by object and folded external id.
pub(crate) type Aliases = BTreeMap<(String, String), String>;
