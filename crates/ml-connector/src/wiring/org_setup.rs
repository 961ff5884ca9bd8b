//! What `salesforce setup` works with: the needs of all flows, and both users of the org.

use std::sync::Arc;

use audit::{Scope, ScopeCell};
use connector_salesforce::{Setup, Wanted};

use super::salesforce::{Salesforce, object as object_of};
use super::system_stack::Shared;
use super::{CallCounts, GuardedLog, mappers};
use crate::config::{Config, System};
use crate::connector::Opening;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::verbs::Session;

/// Setup, ready to look and to change; every call is on record like those of a run.
#[derive(Debug)]
pub(crate) struct OrgSetup {
    pub(crate) setup: Setup,
    /// Keeps the data folder, and with it the audit log, for as long as setup works.
    _holding: Holding,
}

impl OrgSetup {
    /// Opens both ways into the org.
    pub(crate) async fn open(config: &Config, opening: &Opening, session: &Session) -> Result<Self, Failure> {
        let wanted = Self::wanted(config, opening)?;
        config.salesforce_secret()?;
        let holding = Holding::borrow(config, session).await?;
        let scope = Arc::new(ScopeCell::new(Scope { run: "".into(), flow: "setup".into() }));
        let shared = Shared {
            log: Arc::new(GuardedLog::new(holding.log.clone(), opening.clock.clone())),
            scope,
            calls: CallCounts::default(),
            clock: opening.clock.clone(),
            entropy: opening.entropy.clone(),
        };
        let runtime = Salesforce::new(config, &shared)?;
        let admin = runtime.admin(config, &shared)?;
        let ways = (admin.transport, runtime.reached.transport.clone());
        let setup = Setup::new(ways, opening.clock.clone(), &runtime.org, wanted);
        Ok(Self { setup, _holding: holding })
    }

    /// What the flows of a configuration need of the org.
    pub(crate) fn wanted(config: &Config, opening: &Opening) -> Result<Wanted, Failure> {
        let mut wanted = Wanted::default();
        for ((_, file), mapper) in config.flows.iter().zip(mappers(config, &opening.mappers)?) {
            if file.target.system == System::Salesforce {
                for (entity, fields) in &mapper.writes {
                    let object = object_of(config, entity.as_str())?;
                    wanted.keyed(&object.object, &object.external_id);
                    for field in fields {
                        wanted.writes(&object.object, field.name.as_str(), field.max_length);
                    }
                }
                if file.target.entity == "Order" {
                    for name in ["OrderItem", "Product2"] {
                        let object = object_of(config, name)?;
                        wanted.keyed(&object.object, &object.external_id);
                    }
                    wanted.writes("Product2", "ProductCode", None);
                    wanted.writes("Order", "Pricebook2Id", None);
                }
            }
            if file.source.system == System::Salesforce {
                let object = object_of(config, &file.source.entity)?;
                wanted.watches(&object.object);
                for field in &mapper.reads {
                    wanted.reads(&object.object, field);
                }
            }
        }
        Ok(wanted)
    }
}
