//! Where a single row is: under its id, or under an external id.

use wire::{Call, Effect, percent};

use crate::soql::identifier;
use crate::{RecordId, SfdcError};

/// Longest external id of a text field, in characters (Object Reference, "External ID").
const LONGEST: usize = 255;

/// The address of one row.
///
/// ```
/// use sfdc_client::{RecordId, RowAt};
/// let id = RecordId::parse("001D000000IqhSL")?;
/// let by_id = RowAt::id("Account", &id).about("supplier 1000");
/// let by_key = RowAt::external("Account", "IFS_Key__c", "1000/7 ?");
/// # Ok::<(), sfdc_client::IdError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RowAt<'a> {
    object: &'a str,
    place: Place<'a>,
    about: Option<&'a str>,
}

#[derive(Debug, Clone)]
enum Place<'a> {
    Id(&'a RecordId),
    External { field: &'a str, value: &'a str },
}

impl<'a> RowAt<'a> {
    /// The row of this id.
    pub fn id(object: &'a str, id: &'a RecordId) -> Self {
        Self { object, place: Place::Id(id), about: None }
    }

    /// The row of this external id.
    pub fn external(object: &'a str, field: &'a str, value: &'a str) -> Self {
        Self { object, place: Place::External { field, value }, about: None }
    }

    /// What it is called in the audit log, unless its id says enough.
    pub fn about(self, about: &'a str) -> Self {
        Self { about: Some(about), ..self }
    }

    /// The path below the version.
    pub(crate) fn path(&self) -> Result<String, SfdcError> {
        let object = identifier(self.object)?;
        match self.place {
            Place::Id(id) => Ok(format!("/sobjects/{object}/{id}")),
            Place::External { field, value } => {
                addressable(value)?;
                let mut path = format!("/sobjects/{object}/{}/", identifier(field)?);
                percent::push(&mut path, value, |_| false);
                Ok(path)
            }
        }
    }

    /// The same, if it is the address of an id.
    pub(crate) fn by_id(&self) -> Option<String> {
        match self.place {
            Place::Id(_) => self.path().ok(),
            Place::External { .. } => None,
        }
    }

    pub(crate) fn call(&self, operation: &'static str, effect: Effect) -> Call {
        let named = match (self.about, &self.place) {
            (Some(about), _) => about,
            (None, Place::Id(id)) => id.as_str(),
            (None, Place::External { value, .. }) => value,
        };
        Call::new(operation, effect).about(vec![named.to_owned()])
    }

    /// An error if "not found" does not mean that there is no such record.
    pub(crate) fn trusts_absence(&self) -> Result<(), SfdcError> {
        match self.place {
            Place::External { value, .. } if looks_like_a_file(value) => Err(SfdcError::Unaddressable {
                value: value.to_owned(),
                reason: "it ends like a file name, and Salesforce answers 404 for some of those although the record is there",
            }),
            _ => Ok(()),
        }
    }
}

/// Whether a value can stand as one segment of a path and come back as the same value.
fn addressable(value: &str) -> Result<(), SfdcError> {
    let reason = if value.is_empty() {
        "it is empty"
    } else if value == "." || value == ".." {
        "URLs take it for a step in the path, however it is encoded"
    } else if value.trim() != value {
        "it begins or ends with a blank, which Salesforce does not keep"
    } else if value.chars().count() > LONGEST {
        "it is longer than an external id"
    } else if value.to_ascii_lowercase().ends_with(".inc") {
        "it ends in .inc, for which Salesforce answers 404 whether the record is there or not"
    } else {
        return Ok(());
    };
    Err(SfdcError::Unaddressable { value: value.to_owned(), reason })
}

/// Whether a value ends in a dot and up to five letters or digits. The documentation names `.inc` as
/// an example of blocked endings and lists no others.
fn looks_like_a_file(value: &str) -> bool {
    value.rsplit_once('.').is_some_and(|(_, ending)| {
        (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks_stay_one_segment() {
        for (value, segment) in [
            ("S 1", "S%201"),
            ("../Account/001", "..%2FAccount%2F001"),
            ("a/b", "a%2Fb"),
            ("a?x", "a%3Fx"),
            ("a#x", "a%23x"),
            ("a%2Fb", "a%252Fb"),
            ("a\\b", "a%5Cb"),
            ("é;+", "%C3%A9%3B%2B"),
            ("...", "..."),
        ] {
            let at = RowAt::external("Account", "IFS_Key__c", value);
            let path = at.path().expect("a path");
            assert_eq!(path, format!("/sobjects/Account/IFS_Key__c/{segment}"), "{value}");
            let url: url::Url = format!("https://x.example{path}").parse().expect("a URL");
            assert_eq!(url.path(), path, "{value}");
        }
        for value in ["", ".", "..", " a", "a ", "a\n", &"x".repeat(256), "me@acme.inc", "ACME.INC"] {
            let error = RowAt::external("Account", "IFS_Key__c", value).path().expect_err("refused");
            assert!(matches!(error, SfdcError::Unaddressable { .. }) && !error.may_have_acted(), "{value}");
        }
        RowAt::external("Account", "Key__c/1", "a").path().expect_err("no field");
        RowAt::external("Account/..", "Key__c", "a").path().expect_err("no object");
    }

    #[test]
    fn a_missing_record_is_believed_unless_its_key_looks_like_a_file() {
        for (value, trusted) in
            [("S1", true), ("me@acme.exe", false), ("1.5", false), ("v1.5-final-x", true), ("a.", true)]
        {
            assert_eq!(
                RowAt::external("Account", "K__c", value).trusts_absence().is_ok(),
                trusted,
                "{value}"
            );
        }
    }
}
