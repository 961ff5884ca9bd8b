//! What an error code means for what happens next: classes, and the table that tells them.
//!
//! The table is `errors.tsv` beside this file; where the code alone is ambiguous, the message
//! decides. An installation may put lines of its own before it ([`ErrorTable::with`]).

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

/// The shipped lines.
const SHIPPED: &str = include_str!("errors.tsv");

/// Classes of errors: what can be done next.
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

impl FromStr for ErrorClass {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Ok(match name {
            "session" => Self::Session,
            "access" => Self::Access,
            "quota" => Self::Quota,
            "throttle" => Self::Throttle,
            "transient" => Self::Transient,
            "collateral" => Self::Collateral,
            "dependency" => Self::Dependency,
            "stale" => Self::Stale,
            "identity" => Self::Identity,
            "data" => Self::Data,
            "conflict" => Self::Conflict,
            "cursor" => Self::Cursor,
            "request" => Self::Request,
            _ => return Err(()),
        })
    }
}

/// Where an error stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It is the answer to a whole call.
    Call,
    /// It is the answer to one part of a composite, graph or batch call.
    Part,
    /// It is the result of one record.
    Record,
}

/// What an error means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What can be done next.
    pub class: ErrorClass,
    /// What the reader can do about it.
    pub remedy: Arc<str>,
}

/// A line of a table that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the error table: {detail}")]
pub struct ErrorTableError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub detail: &'static str,
}

#[derive(Debug, Clone)]
struct Meaning {
    level: Option<Level>,
    /// In lower case.
    says: String,
    verdict: Verdict,
}

/// What errors mean: the shipped table, with an installation's own lines before it.
///
/// ```
/// use sfdc_client::{ErrorClass, ErrorTable, Level};
/// let table = ErrorTable::shipped().with("FIELD_CUSTOM_VALIDATION_EXCEPTION\trecord\tnot yet\ttransient\twait")?;
/// let class = |message: &str| table.judge(Level::Record, 400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", message).class;
/// assert_eq!(class("The customer is not yet approved"), ErrorClass::Transient);
/// assert_eq!(class("A VAT number is missing"), ErrorClass::Data);
/// # Ok::<(), sfdc_client::ErrorTableError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ErrorTable(BTreeMap<String, Vec<Meaning>>);

static TABLE: LazyLock<Arc<ErrorTable>> = LazyLock::new(|| {
    let mut table = ErrorTable(BTreeMap::new());
    for line in SHIPPED.lines() {
        // A test reads every line; none of them is left out.
        if let Ok(Some((code, meaning))) = meaning(line) {
            table.0.entry(code.to_owned()).or_default().push(meaning);
        }
    }
    Arc::new(table)
});

impl ErrorTable {
    /// The table as it is shipped.
    pub fn shipped() -> Self {
        Self::clone(&TABLE)
    }

    pub(crate) fn shared() -> Arc<Self> {
        TABLE.clone()
    }

    /// The table with further lines, which come before its own. They have the form of the shipped
    /// file: code, where, text in the message, class and remedy, separated by tabs.
    pub fn with(mut self, lines: &str) -> Result<Self, ErrorTableError> {
        let mut added: BTreeMap<String, Vec<Meaning>> = BTreeMap::new();
        for (number, line) in lines.lines().enumerate() {
            let parsed = meaning(line).map_err(|detail| ErrorTableError { line: number + 1, detail })?;
            if let Some((code, meaning)) = parsed {
                added.entry(code.to_owned()).or_default().push(meaning);
            }
        }
        for (code, mut meanings) in added {
            let known = self.0.entry(code).or_default();
            meanings.append(known);
            *known = meanings;
        }
        Ok(self)
    }

    /// What an error means that stands at `level` in an answer of this HTTP status.
    ///
    /// An unknown code is [`Data`](ErrorClass::Data) when the org refused (4xx: a person has to
    /// look) and [`Transient`](ErrorClass::Transient) when it failed (5xx).
    pub fn judge(&self, level: Level, status: u16, code: &str, message: &str) -> Verdict {
        let message = message.to_lowercase();
        let family = if status >= 500 { "HTTP_5xx" } else { "HTTP_4xx" };
        [code, &format!("HTTP_{status}"), family]
            .into_iter()
            .find_map(|code| self.find(level, code, &message))
            .unwrap_or(Verdict { class: ErrorClass::Data, remedy: Arc::default() })
    }

    fn find(&self, level: Level, code: &str, message: &str) -> Option<Verdict> {
        let fits = |meaning: &&Meaning| {
            meaning.level.is_none_or(|wanted| wanted == level) && message.contains(&meaning.says)
        };
        self.0.get(code)?.iter().find(fits).map(|meaning| meaning.verdict.clone())
    }
}

/// Reads a line; an empty one and a comment say nothing.
fn meaning(line: &str) -> Result<Option<(&str, Meaning)>, &'static str> {
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [code, level, says, class, remedy] = fields[..] else {
        return Err("five fields separated by tabs are expected");
    };
    let level = match level {
        "any" => None,
        "call" => Some(Level::Call),
        "part" => Some(Level::Part),
        "record" => Some(Level::Record),
        _ => return Err("the second field is any, call, part or record"),
    };
    let class = class.parse().map_err(|()| "the fourth field is no class of errors")?;
    if code.is_empty() {
        return Err("the first field is the code");
    }
    let verdict = Verdict { class, remedy: remedy.into() };
    Ok(Some((code, Meaning { level, says: says.to_lowercase(), verdict })))
}

/// The class of an error, by the shipped table; see [`ErrorTable::judge`].
pub fn classify(status: u16, code: &str, message: &str) -> ErrorClass {
    TABLE.judge(Level::Call, status, code, message).class
}

#[cfg(test)]
mod tests {
    use ErrorClass::{
        Access, Collateral, Conflict, Cursor, Data, Dependency, Identity, Quota, Request, Session, Stale,
        Throttle, Transient,
    };

    use super::*;

    #[test]
    fn every_shipped_line_is_read_and_says_what_helps() {
        let mut seen = Vec::new();
        for (number, line) in SHIPPED.lines().enumerate() {
            let read = meaning(line).unwrap_or_else(|detail| panic!("line {}: {detail}", number + 1));
            let Some((code, read)) = read else { continue };
            assert!(!read.verdict.remedy.is_empty(), "line {}: no remedy", number + 1);
            let reached = !seen.iter().any(|(known, level, says): &(String, Option<Level>, String)| {
                known == code
                    && (level.is_none() || *level == read.level)
                    && read.says.contains(says.as_str())
            });
            assert!(reached, "line {} is never reached", number + 1);
            seen.push((code.to_owned(), read.level, read.says));
        }
        assert!(seen.len() > 120, "{} lines", seen.len());
    }

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
            (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", Throttle),
            (400, "INVALID_FIELD", "No such column 'X' on entity 'Account'", Access),
            (400, "INVALID_FIELD", "Foreign key external ID: S1 not found for field IFS_Key__c", Dependency),
            (400, "INVALID_FIELD", "The K__c field should not be specified in the sobject data.", Request),
            (400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", Stale),
            (400, "INVALID_CROSS_REFERENCE_KEY", "Record Type ID: this ID value isn't valid", Dependency),
            (400, "STRING_TOO_LONG", "data value too large", Data),
            (400, "SOMETHING_NEW", "", Data),
            (500, "SOMETHING_NEW", "", Transient),
            (599, "", "", Transient),
            (503, "", "<html>", Transient),
            (502, "", "", Transient),
            (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "System.LimitException: Apex CPU", Collateral),
            (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "UNABLE_TO_LOCK_ROW, x", Transient),
            (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "my trigger says no", Data),
            (400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", "", Collateral),
            (401, "INVALID_SESSION_ID", "Session expired or invalid", Session),
            (401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API", Access),
            (404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: X", Access),
            (404, "ENTITY_IS_DELETED", "entity is deleted", Stale),
            (400, "DUPLICATES_DETECTED", "Use one of these records?", Identity),
            (300, "", "", Identity),
            (412, "", "", Conflict),
            (400, "INVALID_QUERY_LOCATOR", "invalid query locator", Cursor),
            (414, "", "", Request),
            (413, "", "", Request),
            (429, "", "", Throttle),
            (420, "", "", Throttle),
            (406, "", "", Transient),
            (503, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "", Transient),
            (400, "FAILED_ACTIVATION", "The order must have at least one product", Data),
        ] {
            assert_eq!(classify(status, code, message), class, "{status} {code} {message}");
        }
    }

    #[test]
    fn own_lines_come_first_and_only_where_they_say() {
        let table = ErrorTable::shipped()
            .with("# ours\n\nSTRING_TOO_LONG\trecord\tlegacy\tstale\tsee the handbook\n")
            .expect("lines");
        let class = |level, message| table.judge(level, 400, "STRING_TOO_LONG", message).class;
        assert_eq!(class(Level::Record, "a LEGACY field"), Stale);
        assert_eq!(class(Level::Record, "another"), Data);
        assert_eq!(class(Level::Call, "legacy"), Data);
        assert_eq!(&*table.judge(Level::Record, 400, "STRING_TOO_LONG", "legacy").remedy, "see the handbook");
        for (line, part) in [
            ("X\tany\t\tdata", "five fields"),
            ("X\tsomewhere\t\tdata\t", "second"),
            ("X\tany\t\tbad luck\t", "fourth"),
            ("\tany\t\tdata\t", "first"),
        ] {
            let error = ErrorTable::shipped().with(&format!("# one\n{line}")).expect_err("a bad line");
            assert!(error.line == 2 && error.detail.contains(part), "{error}");
        }
    }
}
