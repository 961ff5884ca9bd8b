//! What the errors of IFS mean, as a table.

use odata_client::{ODataError, StatusError};
use sync_engine::{Fault, FaultClass};
use wire::{OriginError, TransportError, TransportErrorKind};

/// One line of the table; the first one that fits holds.
struct Line {
    /// The statuses it is about, first and last.
    status: (u16, u16),
    /// The server's code it is about; empty for any.
    code: &'static str,
    class: FaultClass,
    hint: &'static str,
}

const fn line(status: (u16, u16), code: &'static str, class: FaultClass, hint: &'static str) -> Line {
    Line { status, code, class, hint }
}

/// Sources: the error pages of IFS Cloud's OData provider, its timeout and CSRF pages, and what
/// integrators report of `MI_MODIFIED_ERROR`.
const TABLE: &[Line] = &[
    line(
        (200, 299),
        "",
        FaultClass::Transient,
        "the server broke off in the middle of its answer: run again",
    ),
    line(
        (300, 399),
        "",
        FaultClass::Protocol,
        "redirects are not followed: configure the address that it leads to, if you trust it",
    ),
    line(
        (400, 400),
        "ODP_DESERIALIZATION_ERROR",
        FaultClass::Protocol,
        "IFS did not understand the request: compare projection and fields with `doctor`",
    ),
    line(
        (400, 400),
        "",
        FaultClass::Protocol,
        "a set, a field or the type of a field is not what the settings say: `doctor` compares them",
    ),
    line(
        (401, 401),
        "",
        FaultClass::Auth,
        "the token was refused: look at client, secret and realm, and at the service user of the client",
    ),
    line(
        (403, 403),
        "CSRF_ERROR",
        FaultClass::Access,
        "this endpoint is for browsers: use the integration endpoint (`int`) as path prefix",
    ),
    line(
        (403, 403),
        "",
        FaultClass::Access,
        "grant the projection to a permission set of the service user, then refresh its grants",
    ),
    line((404, 404), "", FaultClass::Access, "there is no such projection or set for the service user"),
    line((405, 405), "", FaultClass::Protocol, "the server does not let this set be read"),
    line((408, 408), "", FaultClass::Transient, "the server waited too long for the request: run again"),
    line((423, 423), "", FaultClass::Transient, "somebody has the row open: run again later"),
    line(
        (429, 429),
        "",
        FaultClass::Throttle,
        "too many calls a minute: lower the rate in the limits, and look for other users of the tenant's limit",
    ),
    line(
        (400, 499),
        "",
        FaultClass::Protocol,
        "the server refused the request: compare projection and fields with `doctor`",
    ),
    line(
        (500, 500),
        "MI_MODIFIED_ERROR",
        FaultClass::Transient,
        "the projection was changed while IFS ran: run again",
    ),
    line(
        (501, 501),
        "",
        FaultClass::Access,
        "the server cannot do what was asked (filter, order or count): choose another set or modified attribute",
    ),
    line(
        (504, 504),
        "",
        FaultClass::Transient,
        "IFS ran out of time: lower page_size, or ask for an index on the modified attribute",
    ),
    line(
        (500, 599),
        "",
        FaultClass::Transient,
        "the server failed: run again; if it stays, ask its operator",
    ),
];

/// What `error` means.
pub(crate) fn fault(error: &ODataError) -> Fault {
    match error {
        ODataError::Transport { source, .. } => transport(source),
        ODataError::Status { error, .. } => status(error),
        ODataError::Malformed { what, place, why, .. } => plain(
            if *what == "page" { "MALFORMED_PAGE" } else { "MALFORMED_ANSWER" },
            format!("{what}, {place}: {why}"),
            "something between us and IFS changes or cuts answers, or the address leads to another service",
        ),
        ODataError::ForeignLink { source, .. } => plain(
            OriginError::CODE,
            format!("{}: {}", source.refused, source.reason),
            "nothing was sent there; if a gateway rewrites addresses, configure the address that it shows",
        ),
        ODataError::PagingNoProgress { why, .. } => plain(
            "PAGING_NO_PROGRESS",
            why.clone(),
            "the server's next links go in circles: report it to its operator",
        ),
        other => plain("UNASKABLE", other.to_string(), "look at the names in the settings"),
    }
}

fn plain(code: &str, message: String, hint: &str) -> Fault {
    Fault {
        class: FaultClass::Protocol,
        code: code.into(),
        message,
        fields: Vec::new(),
        hint: Some(hint.into()),
    }
}

fn transport(error: &TransportError) -> Fault {
    let (class, code) = match error.kind {
        TransportErrorKind::Denied => (FaultClass::Auth, "LOGIN_DENIED"),
        TransportErrorKind::Unreached => (FaultClass::Transient, "UNREACHED"),
        TransportErrorKind::Refused => (FaultClass::Protocol, "NOT_SENT"),
        _ => (FaultClass::Transient, "NO_ANSWER"),
    };
    Fault {
        class,
        code: code.into(),
        message: error.to_string(),
        fields: Vec::new(),
        hint: error.hint.clone(),
    }
}

fn status(error: &StatusError) -> Fault {
    let number = error.status.as_u16();
    let fits = |line: &&Line| {
        (line.status.0..=line.status.1).contains(&number)
            && (line.code.is_empty() || line.code == error.code())
    };
    let line = TABLE.iter().find(fits);
    let details = error.details.iter().map(|detail| detail.message.as_str());
    let words = [error.message.as_str(), error.excerpt.as_deref().unwrap_or_default()];
    let said: Vec<&str> = words.into_iter().chain(details).filter(|text| !text.is_empty()).collect();
    Fault {
        class: line.map_or(FaultClass::Protocol, |line| line.class),
        code: error.code.clone().unwrap_or_else(|| format!("HTTP_{number}")),
        message: if said.is_empty() { error.status.to_string() } else { said.join("; ") },
        fields: Vec::new(),
        hint: line.map(|line| line.hint.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn of(number: u16, code: Option<&str>) -> Fault {
        let error = StatusError {
            status: StatusCode::from_u16(number).unwrap(),
            code: code.map(Into::into),
            message: String::new(),
            target: None,
            details: Vec::new(),
            retry_after: None,
            excerpt: None,
            evidence: None,
        };
        fault(&ODataError::Status { operation: "ifs.page", error: Box::new(error) })
    }

    #[test]
    fn each_status_has_its_class_and_a_way_out() {
        for (number, code, class) in [
            (200, Some("X"), FaultClass::Transient),
            (302, None, FaultClass::Protocol),
            (400, Some("ODP_DESERIALIZATION_ERROR"), FaultClass::Protocol),
            (401, None, FaultClass::Auth),
            (403, None, FaultClass::Access),
            (403, Some("CSRF_ERROR"), FaultClass::Access),
            (404, Some("ODP_RESOURCE_NOTFOUND"), FaultClass::Access),
            (418, None, FaultClass::Protocol),
            (423, None, FaultClass::Transient),
            (429, None, FaultClass::Throttle),
            (500, Some("MI_MODIFIED_ERROR"), FaultClass::Transient),
            (501, Some("ODP_NOT_IMPLEMENTED"), FaultClass::Access),
            (503, None, FaultClass::Transient),
            (504, Some("ODP_OPERATION_TIMEOUT"), FaultClass::Transient),
        ] {
            let fault = of(number, code);
            assert_eq!(fault.class, class, "{number}");
            assert_eq!(fault.code, code.map_or_else(|| format!("HTTP_{number}"), Into::into));
            assert!(fault.hint.is_some() && !fault.message.is_empty());
        }
    }

    #[test]
    fn no_answer_keeps_the_hint_of_the_transport() {
        let source = TransportError::new(TransportErrorKind::Denied, "token", "invalid_client").hint("look");
        let fault = fault(&ODataError::Transport { operation: "ifs.page", source });
        assert_eq!((fault.class, fault.hint.as_deref()), (FaultClass::Auth, Some("look")));
    }
}
