//! Errors of Salesforce in the words of the engine.

use mapping::FieldName;
use sfdc_client::{ApiError, ApiFailure, DuplicateResult, ErrorClass, SfdcError, codes::classify, session};
use sync_engine::{Fault, FaultClass, SinkError};
use wire::{TransportError, TransportErrorKind};

/// What helps against which code.
const HINTS: &[(&str, &str)] = &[
    ("STRING_TOO_LONG", "cut the text in the mapping: steps = [{ truncate = … }]"),
    ("REQUIRED_FIELD_MISSING", "give the field a `default` step in the mapping, or fill it in the source"),
    (
        "INVALID_FIELD",
        "the field does not exist, or field-level security hides it from the integration user: `ml-connector doctor`",
    ),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", "the integration user may not write the field, or it is calculated"),
    (
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "give the integration user's permission set the right to edit the object",
    ),
    ("INVALID_EMAIL_ADDRESS", "mend the address in the source, or map it to a text field"),
    (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "add the value to the picklist in Salesforce, or to the lookup table in the mapping",
    ),
    (
        "NUMBER_OUTSIDE_VALID_RANGE",
        "the number has more digits than the field: widen the field, or mend the source",
    ),
    (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "a validation rule of the org refuses the record: its message says why",
    ),
    ("DUPLICATE_VALUE", "another record holds a unique value of this one: find it by the id in the message"),
    (
        "DUPLICATES_DETECTED",
        "a duplicate rule found similar records: merge them, or relax the rule for this user",
    ),
    ("UNABLE_TO_LOCK_ROW", "somebody else was writing the record or its parent; it is tried again by itself"),
    ("REQUEST_LIMIT_EXCEEDED", "the org's API allowance is used up or too many calls run at once"),
    ("API_DISABLED_FOR_ORG", "the org's edition or the user's profile has no API access"),
    ("INVALID_TYPE", "the object does not exist, or the integration user may not see it"),
    ("INVALID_SESSION_ID", "the session was refused twice: look at the app's policies"),
];

fn hint(code: &str) -> Option<String> {
    HINTS.iter().find(|(known, _)| *known == code).map(|(_, hint)| (*hint).to_owned())
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
    let mut fault = plain(class(classify(400, &first.code, &first.message)), &first.code, &first.message);
    fault.fields = first.fields.iter().map(|field| FieldName::from(field.as_str())).collect();
    fault.hint = hint(&first.code);
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
            fault.hint = hint(&code).or_else(|| explained.map(str::to_owned));
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
