//! Person accounts: customers that are people, in orgs that have the feature.
//!
//! They are Accounts of a person record type; their name stands in `LastName` and `FirstName`, and
//! their contact's own fields in `PersonEmail` and the like. Which orgs have them, describe tells.

use sfdc_client::{Filter, Literal, Operator, Row, Select};
use sync_engine::{FaultClass, SinkError};
use wire::{Call, Effect};

use crate::faults::{plain, sink_error, with_hint};
use crate::org::Org;
use crate::schema::Object;

/// What flows call them.
pub const ENTITY: &str = "PersonAccount";
/// The field that only orgs with the feature have.
const FEATURE: &str = "IsPersonAccount";
const OPERATION: &str = "salesforce.person_record_type";

impl Org {
    /// The record type that a new person account has.
    pub(crate) async fn person_record_type(&self, account: &Object) -> Result<String, SinkError> {
        let off = |message: &str| {
            let hint = "switch person accounts on in Salesforce Setup, or send these customers to Contact \
                        in the flow's mapping";
            let fault = with_hint(plain(FaultClass::Access, "PERSON_ACCOUNTS_OFF", message), hint);
            SinkError { operation: OPERATION.into(), fault }
        };
        if account.field(FEATURE).is_none() {
            return Err(off("the org has no person accounts, or hides them from the integration user"));
        }
        let mut known = self.person_type.lock().await;
        if let Some(id) = &*known {
            return Ok(id.clone());
        }
        let yes = Literal::Bool(true);
        let select = Select::from("RecordType", ["Id"])
            .and_then(|select| {
                select.where_is("SobjectType", Operator::Equal, &Literal::Text("Account".into()))
            })
            .and_then(|select| select.where_is("IsPersonType", Operator::Equal, &yes))
            .and_then(|select| Ok(select.filter(Filter::is("IsActive", Operator::Equal, &yes)?)))
            .and_then(|select| select.order_by(["Id"]));
        let failed = |error| sink_error(OPERATION, &error);
        let select = select.map_err(|error| failed(error.into()))?;
        let call = Call::new(OPERATION, Effect::Read);
        let found = self.client().query(call, &select).await.map_err(failed)?;
        let first = found.records.first().map(|record| Row::read(record, &["Id"])).transpose();
        let id = first
            .map_err(failed)?
            .and_then(|row| row.text(0).ok().flatten().map(std::borrow::Cow::into_owned));
        let id = id.ok_or_else(|| off("the org has no active record type for person accounts"))?;
        *known = Some(id.clone());
        Ok(id)
    }
}
