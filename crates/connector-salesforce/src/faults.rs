//! Errors of Salesforce in the words of the engine.

use mapping::FieldName;
use sfdc_client::{ApiError, ApiFailure, DuplicateResult, ErrorClass, SfdcError, session};
use sync_engine::{Fault, FaultClass, SinkError};
use wire::{TransportError, TransportErrorKind};

fn hint(remedy: &str) -> Option<String> {
    (!remedy.is_empty()).then(|| remedy.to_owned())
}

fn class(class: ErrorClass) -> FaultClass {
    match class {
        ErrorClass::Session => FaultClass::Auth,
        ErrorClass::Access => FaultClass::Access,
        ErrorClass::Quota => FaultClass::Quota,
        ErrorClass::Throttle => FaultClass::Throttle,
        ErrorClass::Transient => FaultClass::Transient,
        ErrorClass::Collateral => FaultClass::Collateral,
        ErrorClass::Dependency => FaultClass::Dependency,
        ErrorClass::Stale => FaultClass::Stale,
        ErrorClass::Identity => FaultClass::Identity,
        ErrorClass::Conflict => FaultClass::Conflict,
        ErrorClass::Data => FaultClass::Data,
        _ => FaultClass::Protocol,
    }
}

/// A fault of one record. A field or object that is missing concerns the record only as long as
/// others pass; as a call's error it concerns all.
pub(crate) fn of_record(errors: &[ApiError]) -> Fault {
    let Some(first) = errors.first() else {
        return plain(FaultClass::Protocol, "NO_REASON", "the org refused the record without saying why");
    };
    let verdict = first.verdict();
    let mut fault = plain(class(verdict.class), &first.code, &first.message);
    fault.fields = first.fields.iter().map(|field| FieldName::from(field.as_str())).collect();
    fault.hint = hint(&verdict.remedy);
    if let Some(found) = first.duplicates.as_deref().filter(|found| !found.matches().is_empty()) {
        fault.message = format!("{} (alike: {})", fault.message, alike(found));
    }
    fault
}

/// The records that a duplicate rule found, with how alike they are.
fn alike(found: &DuplicateResult) -> String {
    let matches = found
        .match_results
        .iter()
        .flat_map(|result| result.match_records.iter().map(move |record| (&result.entity_type, record)));
    let told = matches.map(|(object, record)| match record.match_confidence.as_str() {
        "" => format!("{object} {}", record.record.id),
        confidence => format!("{object} {}, {confidence} %", record.record.id),
    });
    let rule = if found.duplicate_rule.is_empty() { "a duplicate rule" } else { &found.duplicate_rule };
    format!("{} by {rule}", told.collect::<Vec<_>>().join("; "))
}

/// A fault of a whole call.
pub(crate) fn of_call(error: &SfdcError) -> Fault {
    match error {
        SfdcError::Transport(error) => of_transport(error),
        SfdcError::Api(failure) if is_one_record(failure) => of_record(&failure.errors),
        SfdcError::Api(failure) => {
            let code = failure.code();
            // Whoever tells it names the operation and the code.
            let words = format!("{} (HTTP {})", failure.words(), failure.status);
            let mut fault = plain(class(failure.class), &code, &words);
            let first = failure.errors.first();
            fault.fields = first
                .map_or(&[][..], |first| &first.fields)
                .iter()
                .map(|f| FieldName::from(f.as_str()))
                .collect();
            let explained = first.and_then(|first| session::explain(&first.code, &first.message));
            fault.hint = explained.map(str::to_owned).or_else(|| hint(&failure.remedy));
            fault
        }
        SfdcError::Malformed { detail, .. } => {
            let hint = "look at the whole exchange: `ml-connector audit search --kind answered`";
            with_hint(plain(FaultClass::Protocol, "MALFORMED_ANSWER", detail), hint)
        }
        SfdcError::Origin(origin) => plain(FaultClass::Protocol, "ORIGIN_VIOLATION", &origin.to_string()),
        other => plain(FaultClass::Protocol, "UNASKABLE", &told(other)),
    }
}

/// Whether the answer to a call says what is wrong with its one record.
fn is_one_record(failure: &ApiFailure) -> bool {
    failure.errors.first().is_some_and(|first| first.duplicates.is_some())
}

fn of_transport(error: &TransportError) -> Fault {
    let (class, code) = match error.kind {
        TransportErrorKind::Unreached => (FaultClass::Transient, "UNREACHED"),
        TransportErrorKind::Unknown => (FaultClass::Transient, "NO_ANSWER"),
        TransportErrorKind::Denied => (FaultClass::Auth, "LOGIN_DENIED"),
        _ => (FaultClass::Protocol, "NOT_SENT"),
    };
    Fault { hint: error.hint.clone(), ..plain(class, code, &error.to_string()) }
}

/// A fault of ours, without a hint.
pub(crate) fn plain(class: FaultClass, code: &str, message: &str) -> Fault {
    Fault { class, code: code.to_owned(), message: message.to_owned(), fields: Vec::new(), hint: None }
}

pub(crate) fn with_hint(fault: Fault, hint: &str) -> Fault {
    Fault { hint: Some(hint.to_owned()), ..fault }
}

/// A failed look-up.
pub(crate) fn sink_error(operation: &str, error: &SfdcError) -> SinkError {
    SinkError { operation: operation.to_owned(), fault: of_call(error) }
}

fn told(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", told(source)),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_depends_on_the_words_too() {
        let fault = |message: &str| {
            of_record(&[ApiError {
                code: "INVALID_FIELD".into(),
                message: message.into(),
                ..ApiError::default()
            }])
        };
        let orphan = fault("Foreign key external ID: S9 not found for field IFS_Key__c in entity Account");
        assert_eq!(orphan.class, FaultClass::Dependency);
        assert!(orphan.hint.is_some_and(|hint| hint.contains("the parent is not there yet")));
        let hidden = fault("No such column 'Fax' on entity 'Account'");
        assert_eq!(hidden.class, FaultClass::Access);
        assert!(hidden.hint.is_some_and(|hint| hint.contains("field-level security")));
    }
}
