//! What the errors of IFS mean: a table that ships, and lines that an installation puts before it.

use std::sync::{Arc, LazyLock};

use odata_client::{ODataError, StatusError};
use serde::Deserialize;
use sync_engine::{Fault, FaultClass};
use wire::{OriginError, TransportError, TransportErrorKind};

/// The shipped lines.
const SHIPPED: &str = include_str!("errors.tsv");

/// What errors mean: the shipped table, with an installation's own lines before it.
#[derive(Debug, Clone, Default)]
pub struct ErrorTable(Vec<ErrorRule>);

/// One meaning; the first one that fits is taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// The status, such as `400`, or `4xx` for all of its hundred; any if it is left out.
    #[serde(default)]
    pub status: Option<String>,
    /// The server's code; any if it is left out.
    #[serde(default)]
    pub code: Option<String>,
    /// Whether it is about calls that `read` or that `write`; both if it is left out.
    #[serde(default)]
    pub call: Option<CallKind>,
    /// Text in the message, whatever its case; any if it is left out.
    #[serde(default)]
    pub says: Option<String>,
    /// What it means.
    pub class: FaultClass,
    /// What the reader can do about it.
    pub remedy: String,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// It reads.
    Read,
    /// It writes.
    Write,
}

static TABLE: LazyLock<Arc<ErrorTable>> = LazyLock::new(|| {
    // A line that cannot be read is found by a test; it would be left out here.
    Arc::new(ErrorTable(SHIPPED.lines().filter_map(|line| shipped(line).ok().flatten()).collect()))
});

/// A line of the shipped table; `None` if it says nothing.
fn shipped(line: &str) -> Result<Option<ErrorRule>, String> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let fields: Vec<&str> = line.split('\t').collect();
    let [status, code, call, says, class, remedy] = fields.as_slice() else {
        return Err(format!("{} fields instead of six: {line}", fields.len()));
    };
    let any = |text: &str| Some(text.to_owned()).filter(|text| text != "any");
    let read = |text: &str| serde_json::from_value(serde_json::Value::from(text));
    Ok(Some(ErrorRule {
        status: any(status),
        code: any(code),
        call: any(call).map(|_| read(call)).transpose().map_err(|error| error.to_string())?,
        says: any(says),
        class: serde_json::from_value((*class).into()).map_err(|error| error.to_string())?,
        remedy: (*remedy).to_owned(),
    }))
}

impl ErrorRule {
    fn fits(&self, error: &StatusError, call: CallKind, said: &str) -> bool {
        let number = error.status.as_u16().to_string();
        let status = |wanted: &String| match wanted.strip_suffix("xx") {
            Some(hundred) => number.starts_with(hundred),
            None => number == *wanted,
        };
        self.status.as_ref().is_none_or(status)
            && self.code.as_ref().is_none_or(|code| code == error.code())
            && self.call.is_none_or(|wanted| wanted == call)
            && self.says.as_ref().is_none_or(|text| said.to_lowercase().contains(&text.to_lowercase()))
    }
}

impl ErrorTable {
    /// The table that ships.
    pub fn shipped() -> Arc<Self> {
        TABLE.clone()
    }

    /// The same with `rules` before its own.
    pub fn with(&self, rules: &[ErrorRule]) -> Arc<Self> {
        Arc::new(Self(rules.iter().chain(&self.0).cloned().collect()))
    }

    /// What the failure of a call that reads means.
    pub(crate) fn fault(&self, error: &ODataError) -> Fault {
        self.judge(error, CallKind::Read)
    }

    /// What the failure of a call means.
    pub(crate) fn judge(&self, error: &ODataError, call: CallKind) -> Fault {
        match error {
            ODataError::Transport { source, .. } => transport(source),
            ODataError::Status { error, .. } => self.status(error, call),
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

    fn status(&self, error: &StatusError, call: CallKind) -> Fault {
        let details = error.details.iter().map(|detail| detail.message.as_str());
        let words = [error.message.as_str(), error.excerpt.as_deref().unwrap_or_default()];
        let said: Vec<&str> = words.into_iter().chain(details).filter(|text| !text.is_empty()).collect();
        let said = said.join("; ");
        let rule = self.0.iter().find(|rule| rule.fits(error, call, &said));
        Fault {
            class: rule.map_or(FaultClass::Protocol, |rule| rule.class),
            code: error.code.clone().unwrap_or_else(|| format!("HTTP_{}", error.status.as_u16())),
            message: if said.is_empty() { error.status.to_string() } else { said },
            fields: Vec::new(),
            hint: rule.map(|rule| rule.remedy.clone()),
        }
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

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn of(table: &ErrorTable, call: CallKind, (number, code, message): (u16, Option<&str>, &str)) -> Fault {
        let error = StatusError {
            status: StatusCode::from_u16(number).unwrap(),
            code: code.map(Into::into),
            message: message.into(),
            target: None,
            details: Vec::new(),
            retry_after: None,
            excerpt: None,
            evidence: None,
        };
        table.judge(&ODataError::Status { operation: "ifs.page", error: Box::new(error) }, call)
    }

    #[test]
    fn every_line_of_the_table_can_be_read_and_is_reached() {
        let lines: Vec<ErrorRule> =
            SHIPPED.lines().filter_map(|line| shipped(line).unwrap_or_else(|e| panic!("{e}"))).collect();
        assert!(lines.len() > 30);
        for (place, line) in lines.iter().enumerate() {
            let hidden = lines.iter().take(place).find(|earlier| {
                (earlier.status.is_none() || earlier.status == line.status)
                    && (earlier.code.is_none() || earlier.code == line.code)
                    && (earlier.call.is_none() || earlier.call == line.call)
                    && (earlier.says.is_none() || earlier.says == line.says)
            });
            assert_eq!(hidden, None, "hides {line:?}");
        }
    }

    #[test]
    fn each_error_of_a_reading_call_has_its_class_and_a_way_out() {
        for (number, code, class) in [
            (200, Some("X"), FaultClass::Transient),
            (302, None, FaultClass::Protocol),
            (400, Some("ODP_DESERIALIZATION_ERROR"), FaultClass::Protocol),
            (401, None, FaultClass::Auth),
            (403, None, FaultClass::Access),
            (403, Some("CSRF_ERROR"), FaultClass::Access),
            (404, Some("ODP_RESOURCE_NOTFOUND"), FaultClass::Access),
            (405, None, FaultClass::Protocol),
            (418, None, FaultClass::Protocol),
            (423, None, FaultClass::Transient),
            (429, None, FaultClass::Throttle),
            (500, Some("MI_MODIFIED_ERROR"), FaultClass::Transient),
            (501, Some("ODP_NOT_IMPLEMENTED"), FaultClass::Access),
            (503, None, FaultClass::Transient),
            (504, Some("ODP_OPERATION_TIMEOUT"), FaultClass::Transient),
        ] {
            let fault = of(&ErrorTable::shipped(), CallKind::Read, (number, code, ""));
            assert_eq!(fault.class, class, "{number}");
            assert_eq!(fault.code, code.map_or_else(|| format!("HTTP_{number}"), Into::into));
            assert!(fault.hint.is_some() && !fault.message.is_empty());
        }
    }

    #[test]
    fn each_error_of_a_writing_call_says_what_becomes_of_the_record() {
        for (number, code, message, class) in [
            (400, Some("ODP_DESERIALIZATION_ERROR"), "", FaultClass::Data),
            (400, Some("ODP_MISSING_PRECONDITION"), "", FaultClass::Protocol),
            (428, None, "", FaultClass::Protocol),
            (412, None, "", FaultClass::Conflict),
            (403, None, "", FaultClass::Access),
            (404, None, "", FaultClass::Stale),
            (405, None, "", FaultClass::Access),
            (409, None, "", FaultClass::Conflict),
            (410, None, "", FaultClass::Stale),
            (423, None, "", FaultClass::Transient),
            (
                500,
                Some("DATABASE_ERROR"),
                "ORA-20112: X.RECEXIST: The X object already exists.",
                FaultClass::Conflict,
            ),
            (
                500,
                Some("DATABASE_ERROR"),
                "ORA-20111: X.NOTEXIST: X 1 does not exist.",
                FaultClass::Dependency,
            ),
            (500, Some("DATABASE_ERROR"), "ORA-20124: X.NULLVALUE: Field [N] is mandatory", FaultClass::Data),
            (500, None, "ORA-20105: the credit limit is too high", FaultClass::Data),
            (500, Some("MI_MODIFIED_ERROR"), "", FaultClass::Transient),
            (500, None, "", FaultClass::Transient),
            (501, None, "", FaultClass::Access),
        ] {
            let fault = of(&ErrorTable::shipped(), CallKind::Write, (number, code, message));
            assert_eq!(fault.class, class, "{number} {message}");
        }
    }

    #[test]
    fn an_installation_has_the_first_word() {
        let rule = r#"{"status":"4xx","says":"not released","class":"transient","remedy":"wait"}"#;
        let table = ErrorTable::shipped().with(&[serde_json::from_str(rule).unwrap()]);
        let fault = of(&table, CallKind::Write, (400, None, "The customer is Not Released"));
        assert_eq!((fault.class, fault.hint.as_deref()), (FaultClass::Transient, Some("wait")));
        assert_eq!(of(&table, CallKind::Write, (400, None, "else")).class, FaultClass::Data);
    }

    #[test]
    fn no_answer_keeps_the_hint_of_the_transport() {
        let source = TransportError::new(TransportErrorKind::Denied, "token", "invalid_client").hint("look");
        let fault = ErrorTable::shipped().fault(&ODataError::Transport { operation: "ifs.page", source });
        assert_eq!((fault.class, fault.hint.as_deref()), (FaultClass::Auth, Some("look")));
    }
}
