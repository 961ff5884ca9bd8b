//! Writes one record, and says what became of it.

use http::StatusCode;
use mapping::{Action, Key, Step, TargetId};
use odata_client::{Change, Columns, ETag, Literal, ODataError, Precondition, Resource, Row, Written};
use sync_engine::{Fault, FaultClass, Lookup, Outcome};

use crate::body::{changed, whole};
use crate::desk::Desk;
use crate::doubts::Doubts;
use crate::errors::CallKind;
use crate::key::KeyShape;
use crate::lookup::Search;
use crate::writable::WriteSettings;

/// The error of IFS whose request was surely not acted on and may be sent again at once.
const STALE_CACHE: &str = "MI_MODIFIED_ERROR";

/// Writes records of one kind.
pub(crate) struct Writer<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) settings: &'a WriteSettings,
    pub(crate) keys: &'a KeyShape,
    pub(crate) doubts: &'a Doubts,
}

impl Writer<'_> {
    /// Carries out one step.
    pub(crate) async fn apply(&self, step: &Step) -> Outcome {
        let done = match &step.action {
            Action::Create => self.create(step).await,
            Action::Update { target, changes } => {
                let sent = changes.iter().map(|change| (&change.field, &change.after));
                match changed(self.settings, sent) {
                    Ok(body) => {
                        let change = |row, condition| Change::update(row, body, condition);
                        self.change("ifs.update", step, target, change).await
                    }
                    Err(fault) => Err(fault),
                }
            }
            Action::Remove { target } => self.change("ifs.delete", step, target, Change::delete).await,
            Action::Nothing { .. } | Action::Hold { .. } | _ => Err(unsupported()),
        };
        done.unwrap_or_else(Outcome::Rejected)
    }

    async fn create(&self, step: &Step) -> Result<Outcome, Fault> {
        let id = &step.draft.id;
        if self.settings.carrier().is_some() {
            self.look_first(step).await?;
        }
        let shape = Search { desk: self.desk, settings: self.settings, keys: self.keys }.identity();
        let key = Key::from(id.as_str());
        let parts = shape.literals(&key).ok_or_else(|| no_key(id.as_str()))?;
        let identity: Vec<(String, Literal)> =
            parts.into_iter().map(|(name, literal)| (name.to_owned(), literal)).collect();
        let body = whole(self.settings, &identity, &step.draft.fields)?;
        let change = Change::create(Resource::set(&self.desk.place.set), body);
        let change = change.about(vec![id.to_string()]);
        match self.send("ifs.create", &change).await {
            Ok(written) => self.created(step, written.as_ref()),
            Err(error) if is_lost(&error) => {
                if self.settings.carrier().is_some() {
                    self.doubts.add(id);
                }
                Ok(Outcome::Unknown { detail: error.to_string() })
            }
            Err(error) => Err(exists(self.desk.errors.judge(&error, CallKind::Write), id.as_str())),
        }
    }

    /// Where the server does not know the external id for a key, nothing but a look keeps a record
    /// from being made twice.
    async fn look_first(&self, step: &Step) -> Result<(), Fault> {
        let id = &step.draft.id;
        if let Some(left) = self.doubts.left(id) {
            return Err(settling(id.as_str(), left.as_secs()));
        }
        let search = Search { desk: self.desk, settings: self.settings, keys: self.keys };
        let found = search.find(std::slice::from_ref(id), &[]).await.map_err(|error| error.fault)?;
        match found.into_iter().next() {
            Some(Lookup::Absent) => Ok(()),
            Some(Lookup::Ambiguous(fault)) => Err(fault),
            _ => Err(conflict(Fault::EXISTS, format!("{id} is there already"))),
        }
    }

    /// The key that a new row has: ours, or the one that the server chose.
    fn created(&self, step: &Step, written: Option<&Written>) -> Result<Outcome, Fault> {
        let id = step.draft.id.as_str();
        let shown = written.and_then(|written| written.entity.as_deref()).and_then(|row| self.key_of(row));
        let target = match (shown, self.settings.carrier()) {
            (Some(key), None) if key.as_str() != id => return Err(other_key(id, key.as_str())),
            (Some(key), _) => key,
            (None, None) => Key::from(id),
            (None, Some(_)) => {
                return Ok(Outcome::Unknown { detail: "the server did not tell the new row's key".into() });
            }
        };
        Ok(Outcome::Applied { target: TargetId::from(target.as_str()), created: true })
    }

    fn key_of(&self, row: &str) -> Option<Key> {
        let columns = Columns::new(self.keys.fields.iter().map(|field| field.name.clone()));
        let mut cells = Row::default();
        columns.reader().read(row, &mut cells).ok()?;
        let cells: Option<Vec<_>> = (0..self.keys.fields.len()).map(|slot| cells.cell(slot)).collect();
        self.keys.read(cells?.into_iter()).ok().flatten()
    }

    /// Changes or deletes a row, if it is still the one of the step's guard.
    async fn change(
        &self,
        operation: &'static str,
        step: &Step,
        target: &TargetId,
        change: impl FnOnce(Resource, Precondition) -> Change,
    ) -> Result<Outcome, Fault> {
        let id = &step.draft.id;
        let guard = step.guard.as_deref().and_then(|guard| ETag::new(guard).ok());
        let guard = guard.ok_or_else(|| unguarded(id.as_str()))?;
        let key = self.keys.address(&Key::from(target.as_str())).ok_or_else(|| no_key(target.as_str()))?;
        let row = Resource::set(&self.desk.place.set).key(&key);
        let change = change(row, Precondition::Exact(guard)).about(vec![id.to_string()]);
        let applied = || Outcome::Applied { target: target.clone(), created: false };
        match self.send(operation, &change).await {
            Ok(_) => Ok(applied()),
            Err(error) if is_lost(&error) => Ok(Outcome::Unknown { detail: error.to_string() }),
            Err(error) => {
                let status = error.status().map(|said| said.status);
                if matches!(step.action, Action::Remove { .. })
                    && matches!(status, Some(StatusCode::NOT_FOUND | StatusCode::GONE))
                {
                    return Ok(applied());
                }
                Err(moved(self.desk.errors.judge(&error, CallKind::Write)))
            }
        }
    }

    /// Sends a change; once more where the server says that its cache was stale.
    async fn send(&self, operation: &'static str, change: &Change) -> Result<Option<Written>, ODataError> {
        let service = &self.desk.service;
        match service.write(operation, change).await {
            Err(error) if error.status().is_some_and(|said| said.code() == STALE_CACHE) => {
                service.write(operation, change).await.map(odata_client::Outcome::written)
            }
            other => other.map(odata_client::Outcome::written),
        }
    }
}

/// Whether nobody knows what became of a change: no answer, one that cannot be read, or one of
/// something between us and IFS that lost sight of it.
fn is_lost(error: &ODataError) -> bool {
    let Some(said) = error.status() else { return error.may_have_acted() };
    match said.status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => true,
        StatusCode::SERVICE_UNAVAILABLE => said.retry_after.is_none(),
        status if status.is_server_error() => said.code.is_none(),
        status => status.is_success(),
    }
}

fn conflict(code: &str, message: String) -> Fault {
    Fault {
        class: FaultClass::Conflict,
        code: code.into(),
        message,
        fields: Vec::new(),
        hint: Some("it is read and decided again by itself".into()),
    }
}

/// A conflict of a creation means that the record is there.
fn exists(fault: Fault, id: &str) -> Fault {
    match fault.class {
        FaultClass::Conflict => conflict(Fault::EXISTS, format!("{id} is there already: {}", fault.message)),
        _ => fault,
    }
}

/// A conflict of a change means that the record is another one than it was planned for.
fn moved(fault: Fault) -> Fault {
    match fault.class {
        FaultClass::Conflict => Fault { code: Fault::MOVED.into(), ..fault },
        _ => fault,
    }
}

fn refusal(class: FaultClass, code: &str, message: String, hint: &str) -> Fault {
    Fault { class, code: code.into(), message, fields: Vec::new(), hint: Some(hint.into()) }
}

fn unsupported() -> Fault {
    let message = "there is nothing to write in this step".into();
    refusal(FaultClass::Protocol, Fault::UNSUPPORTED, message, "report it: it is a mistake of the program")
}

fn no_key(id: &str) -> Fault {
    let message = format!("{id} is no key of this kind of record");
    refusal(FaultClass::Data, "UNUSABLE_EXTERNAL_ID", message, "look at `external_id` in the mapping")
}

fn unguarded(id: &str) -> Fault {
    let message = format!("{id} showed no ETag when it was read, so a change could overwrite another one");
    refusal(
        FaultClass::Protocol,
        "NO_ETAG",
        message,
        "write through a projection or entity service whose rows have ETags",
    )
}

fn settling(id: &str, seconds: u64) -> Fault {
    let message = format!("an earlier creation of {id} whose answer was lost may still land for {seconds} s");
    refusal(FaultClass::Transient, "SETTLING", message, "nothing to do: it is looked up again by itself")
}

fn other_key(wanted: &str, got: &str) -> Fault {
    let message = format!("the server made the record {got} instead of {wanted}");
    refusal(
        FaultClass::Identity,
        "OTHER_KEY",
        message,
        "the server numbers these records itself: delete that one, and set write.carrier to an attribute \
         that carries the external id",
    )
}
