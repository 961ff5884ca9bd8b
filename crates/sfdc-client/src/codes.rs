//! What an error code means for what happens next.
//!
//! Source: the status and exception codes of the Salesforce API references; where the code alone is
//! ambiguous the message decides.

/// Classes of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The session is no longer valid.
    Session,
    /// Rights, features, objects or fields are missing.
    Access,
    /// The day's allowance is used up.
    Quota,
    /// Too many calls at once.
    Throttle,
    /// Passes by itself.
    Transient,
    /// Innocent, refused together with others.
    Collateral,
    /// A parent record is missing.
    Dependency,
    /// The record has gone or moved.
    Stale,
    /// The record's identity is not clear.
    Identity,
    /// The data must change first.
    Data,
    /// Somebody else changed the record meanwhile.
    Conflict,
    /// The cursor of a query is lost.
    Cursor,
    /// The request itself is wrong.
    Request,
}

use ErrorClass::{
    Access, Collateral, Conflict, Cursor, Data, Dependency, Identity, Quota, Request, Session, Stale,
    Throttle, Transient,
};

/// Codes that mean the same whatever the message says.
const CODES: &[(&str, ErrorClass)] = &[
    ("INVALID_SESSION_ID", Session),
    ("INVALID_AUTH_HEADER", Session),
    ("INVALID_LOGIN", Session),
    ("API_DISABLED_FOR_ORG", Access),
    ("API_CURRENTLY_DISABLED", Access),
    ("FUNCTIONALITY_NOT_ENABLED", Access),
    ("INSUFFICIENT_ACCESS", Access),
    ("INSUFFICIENT_ACCESS_OR_READONLY", Access),
    ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", Access),
    ("CLIENT_NOT_ACCESSIBLE_FOR_USER", Access),
    ("INVALID_TYPE", Access),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", Access),
    ("FIELD_NOT_UPDATABLE", Access),
    ("TXN_SECURITY_NO_ACCESS", Access),
    ("TXN_SECURITY_END_A_SESSION", Access),
    ("TXN_SECURITY_TWO_FA_REQUIRED", Access),
    ("ORG_LOCKED", Access),
    ("TRIAL_EXPIRED", Access),
    ("LICENSE_LIMIT_EXCEEDED", Access),
    ("UNSUPPORTED_API_VERSION", Access),
    ("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", Access),
    ("MUTUAL_AUTHENTICATION_FAILED", Access),
    ("LIMIT_EXCEEDED", Quota),
    ("EXCEEDED_QUOTA", Quota),
    ("STORAGE_LIMIT_EXCEEDED", Quota),
    ("TOO_MANY_JOBS", Quota),
    ("EXCEEDED_ID_LIMIT", Quota),
    ("TOO_MANY_APEX_REQUESTS", Throttle),
    ("UNABLE_TO_LOCK_ROW", Transient),
    ("SERVER_UNAVAILABLE", Transient),
    ("UNKNOWN_EXCEPTION", Transient),
    ("QUERY_TIMEOUT", Transient),
    ("REQUEST_RUNNING_TOO_LONG", Transient),
    ("ALREADY_IN_PROCESS", Transient),
    ("RECORD_IN_USE_BY_WORKFLOW", Transient),
    ("TERRITORY_REALIGN_IN_PROGRESS", Transient),
    ("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", Transient),
    ("ORG_IN_MAINTENANCE", Transient),
    ("FUNCTIONALITY_TEMPORARILY_UNAVAILABLE", Transient),
    ("TXN_SECURITY_METERING_ERROR", Transient),
    ("TXN_SECURITY_RUNTIME_ERROR", Transient),
    ("PLATFORM_EVENT_PUBLISHING_UNAVAILABLE", Transient),
    ("SSO_SERVICE_DOWN", Transient),
    ("ALL_OR_NONE_OPERATION_ROLLED_BACK", Collateral),
    ("PROCESSING_HALTED", Collateral),
    ("BATCH_PROCESSING_HALTED", Collateral),
    ("APEX_ERROR", Collateral),
    ("STANDARD_PRICE_NOT_DEFINED", Dependency),
    ("ENTITY_IS_DELETED", Stale),
    ("ENTITY_IS_ARCHIVED", Stale),
    ("NOT_FOUND", Stale),
    ("DUPLICATE_VALUE", Identity),
    ("DUPLICATES_DETECTED", Identity),
    ("DUPLICATE_EXTERNAL_ID", Identity),
    ("MULTIPLE_CHOICES", Identity),
    ("MULTIPLE_RECORDS_FOUND", Identity),
    ("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", Conflict),
    ("INVALID_QUERY_LOCATOR", Cursor),
    ("JSON_PARSER_ERROR", Request),
    ("MALFORMED_QUERY", Request),
    ("URI_TOO_LONG", Request),
    ("MISSING_ARGUMENT", Request),
];

/// The class of an error.
///
/// An unknown code is `Data` when the server refused (4xx: a person has to look) and `Transient`
/// when the server failed (5xx).
pub fn classify(status: u16, code: &str, message: &str) -> ErrorClass {
    if let Some(class) = by_message(code, message) {
        return class;
    }
    if let Some((_, class)) = CODES.iter().find(|(known, _)| *known == code) {
        return *class;
    }
    match status {
        401 => Session,
        403 => Access,
        404 | 410 => Stale,
        412 => Conflict,
        413 | 414 | 431 => Request,
        420 | 429 => Throttle,
        406 | 408 | 500.. => Transient,
        _ => Data,
    }
}

/// Codes whose message decides.
fn by_message(code: &str, message: &str) -> Option<ErrorClass> {
    let says = |part: &str| message.to_ascii_lowercase().contains(part);
    match code {
        "REQUEST_LIMIT_EXCEEDED" if says("concurrent") => Some(Throttle),
        "REQUEST_LIMIT_EXCEEDED" => Some(Quota),
        "INVALID_FIELD" if says("foreign key external id") => Some(Dependency),
        "INVALID_FIELD" => Some(Access),
        "INVALID_CROSS_REFERENCE_KEY" if says("invalid cross reference id") => Some(Stale),
        "INVALID_CROSS_REFERENCE_KEY" => Some(Dependency),
        // One record's governor limit ends the whole transaction: the others are innocent.
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" if says("limitexception") => Some(Collateral),
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" | "CANNOT_EXECUTE_FLOW_TRIGGER"
            if says("unable_to_lock_row") =>
        {
            Some(Transient)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_classed_and_ambiguous_ones_by_their_text() {
        for (status, code, message, class) in [
            (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", Quota),
            (
                403,
                "REQUEST_LIMIT_EXCEEDED",
                "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
                Throttle,
            ),
            (400, "INVALID_FIELD", "No such column 'X' on entity 'Account'", Access),
            (400, "INVALID_FIELD", "Foreign key external ID: S1 not found for field IFS_Key__c", Dependency),
            (400, "STRING_TOO_LONG", "data value too large", Data),
            (400, "SOMETHING_NEW", "", Data),
            (500, "SOMETHING_NEW", "", Transient),
            (503, "", "<html>", Transient),
            (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "System.LimitException: Apex CPU", Collateral),
            (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "UNABLE_TO_LOCK_ROW, x", Transient),
            (401, "INVALID_SESSION_ID", "Session expired or invalid", Session),
            (429, "", "", Throttle),
        ] {
            assert_eq!(classify(status, code, message), class, "{status} {code} {message}");
        }
    }

    #[test]
    fn no_code_stands_twice() {
        let mut codes: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CODES.len());
    }
}
