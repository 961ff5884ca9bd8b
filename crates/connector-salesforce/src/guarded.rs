//! Records that people change too, which the org writes only if nobody else was there first.
//!
//! A create is an insert that carries the unique external id; many go in one call. A change is a call of
//! its own: it reads the record right before,
//! compares it with the one that the plan was made for, and depends on what was read: on the ETag of
//! Accounts, on the second of the last change elsewhere. Such a second proves nothing while it lasts,
//! so that a record that was changed just now is read again when it is over.

use std::time::Duration;

use mapping::{Action, Difference, Step, TargetId};
use sfdc_client::{
    ApiError, Condition, Deleted, Freshness, Got, RecordBody, RecordId, Row, RowAt, SfdcError, Updated,
};
use sync_engine::{Fault, FaultClass, Outcome};

use crate::batch::{LOCK_RETRIES, told};
use crate::convert::Pen;
use crate::faults::{of_call, plain, with_hint};
use crate::org::Org;

/// How often a record is read again because it was changed in this very second.
const READINGS: usize = 4;
const SECOND: Duration = Duration::from_secs(1);
/// What is read right before a change.
const CHECKED: [&str; 3] = ["Id", "SystemModstamp", "LastModifiedDate"];

/// Writes guarded steps of one object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guarded<'a> {
    pub(crate) org: &'a Org,
    pub(crate) pen: Pen<'a>,
}

/// Why a step ends here.
enum End {
    Moved(&'static str),
    Error(SfdcError),
    Fault(Fault),
}

impl From<SfdcError> for End {
    fn from(error: SfdcError) -> Self {
        Self::Error(error)
    }
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<End> for Outcome {
    fn from(end: End) -> Self {
        match end {
            End::Moved(what) => Self::Rejected(moved(what)),
            End::Fault(fault) => Self::Rejected(fault),
            End::Error(error) if error.may_have_acted() => Self::Unknown { detail: told(&error) },
            End::Error(error) => Self::Rejected(of_call(&error)),
        }
    }
}

impl Guarded<'_> {
    /// What becomes of one step.
    pub(crate) async fn write(self, step: &Step) -> Outcome {
        let mut met = 0;
        loop {
            let outcome = match &step.action {
                Action::Update { target, changes } => self.change(step, (target, changes)).await,
                Action::Remove { target } => self.remove(step, target).await,
                Action::Nothing { target } => Ok(applied(target.clone(), false)),
                other => Err(unknown_action(other).into()),
            };
            let outcome = outcome.unwrap_or_else(Outcome::from);
            match &outcome {
                Outcome::Rejected(fault) if fault.class == FaultClass::Transient && met < LOCK_RETRIES => {
                    met += 1;
                    self.org.pause(met).await;
                }
                _ => return outcome,
            }
        }
    }

    /// What a create that was refused with `fault` comes to, if it was because there is a record of our
    /// external id.
    pub(crate) async fn refused_create(self, id: &str, fault: &Fault) -> Option<Outcome> {
        let (code, message) = (fault.code.clone(), fault.message.clone());
        let double = ApiError { code, message, ..ApiError::default() }.duplicate_value()?;
        let object = self.pen.object;
        if let Some(field) = double.field {
            let ours = field.eq_ignore_ascii_case(object.external_id());
            return ours.then(|| Outcome::Rejected(exists(id)));
        }
        // The message does not name the field.
        let at = RowAt::external(object.name(), object.external_id(), id);
        match self.org.client().row(&at, &["Id"], &Freshness::Any).await {
            Ok(Got::Absent) => None,
            Ok(_) => Some(Outcome::Rejected(exists(id))),
            Err(error) => Some(End::from(error).into()),
        }
    }

    async fn change(
        self,
        step: &Step,
        (target, changes): (&TargetId, &[Difference]),
    ) -> Result<Outcome, End> {
        let id = record_id(target)?;
        let at = RowAt::id(self.pen.object.name(), &id).about(step.draft.id.as_str());
        let mut body = self.pen.body(changes.iter().map(|change| (&change.field, &change.after)))?;
        if self.org.merges.has_adopted(target.as_str()) {
            body.text(self.pen.object.external_id(), step.draft.id.as_str());
        }
        self.change_row(&at, &body, step.guard.as_deref()).await?;
        Ok(applied(target.clone(), false))
    }

    async fn change_row(self, at: &RowAt<'_>, body: &RecordBody, guard: Option<&str>) -> Result<(), End> {
        let condition = self.unmoved(at, guard).await?;
        match self.org.client().update(at, body, &condition).await? {
            Updated::Done => Ok(()),
            Updated::Overtaken => Err(End::Moved("somebody changed it just now")),
        }
    }

    /// Reads the record: is it still the one that `guard` stands for? Then what a change of it has to
    /// depend on.
    async fn unmoved(self, at: &RowAt<'_>, guard: Option<&str>) -> Result<Condition, End> {
        for reading in 0..READINGS {
            if reading > 0 {
                self.org.clock.sleep(SECOND).await;
            }
            let got = self.org.client().row(at, &CHECKED, &Freshness::Any).await?;
            let Got::Row { record, validator } = got else {
                return Err(End::Moved("it is no longer there"));
            };
            let stamp = Row::read(&record, &CHECKED)?.text(1)?.map(std::borrow::Cow::into_owned);
            if stamp.as_deref() != guard.map(stamp_of) {
                return Err(End::Moved("somebody changed it since it was read"));
            }
            if let Some(condition) = validator.condition() {
                return Ok(condition);
            }
        }
        let message = "the org does not say when the record was changed, so that no change can be guarded";
        Err(plain(FaultClass::Transient, "NO_VALIDATOR", message).into())
    }

    async fn remove(self, step: &Step, target: &TargetId) -> Result<Outcome, End> {
        let id = record_id(target)?;
        let at = RowAt::id(self.pen.object.name(), &id).about(step.draft.id.as_str());
        // No condition guards a delete: the look right before it has to do.
        match self.org.client().row(&at, &CHECKED, &Freshness::Any).await? {
            Got::Row { record, .. } => {
                let stamp = Row::read(&record, &CHECKED)?.text(1)?.map(std::borrow::Cow::into_owned);
                if stamp.as_deref() != step.guard.as_deref().map(stamp_of) {
                    return Err(End::Moved("somebody changed it since it was read"));
                }
            }
            _ => return Ok(applied(target.clone(), false)),
        }
        match self.org.client().delete(&at).await? {
            Deleted::Done | Deleted::Absent => Ok(applied(target.clone(), false)),
        }
    }
}

/// The stamp in a validator, which may go on with the state of the record.
pub(crate) fn stamp_of(validator: &str) -> &str {
    validator.split('|').next().unwrap_or_default()
}

pub(crate) fn applied(target: TargetId, created: bool) -> Outcome {
    Outcome::Applied { target, created }
}

pub(crate) fn record_id(target: &TargetId) -> Result<RecordId, Fault> {
    RecordId::parse(target.as_str())
        .map_err(|error| plain(FaultClass::Protocol, "NO_RECORD_ID", &error.to_string()))
}

pub(crate) fn moved(what: &str) -> Fault {
    plain(
        FaultClass::Conflict,
        Fault::MOVED,
        &format!("the record is not the one that was planned for: {what}"),
    )
}

pub(crate) fn exists(id: &str) -> Fault {
    let message = format!("a record of the external id {id} is there already");
    plain(FaultClass::Conflict, Fault::EXISTS, &message)
}

pub(crate) fn unknown_action(action: &Action) -> Fault {
    let fault =
        plain(FaultClass::Protocol, Fault::UNSUPPORTED, &format!("Salesforce is not told to {action:?}"));
    with_hint(fault, "the engine and the connector are of different versions")
}
