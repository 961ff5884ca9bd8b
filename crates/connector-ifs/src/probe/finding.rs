//! How the answers of an examination are said.

use odata_client::ODataError;
use sync_engine::{Finding, Health};

use crate::errors::ErrorTable;

fn finding(check: &str, health: Health, detail: String, fix: Option<String>) -> Finding {
    Finding { system: "ifs".into(), check: check.into(), health, detail, fix }
}

pub(crate) fn green(check: &str, detail: impl Into<String>) -> Finding {
    finding(check, Health::Green, detail.into(), None)
}

pub(crate) fn yellow(check: &str, detail: impl Into<String>, fix: impl Into<String>) -> Finding {
    finding(check, Health::Yellow, detail.into(), Some(fix.into()))
}

pub(crate) fn red(check: &str, detail: impl Into<String>, fix: impl Into<String>) -> Finding {
    finding(check, Health::Red, detail.into(), Some(fix.into()))
}

pub(crate) fn failed(check: &str, errors: &ErrorTable, error: &ODataError) -> Finding {
    let said = errors.fault(error);
    finding(check, Health::Red, said.to_string(), said.hint)
}
