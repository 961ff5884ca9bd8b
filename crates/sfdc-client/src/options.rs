//! What calls ask of the org beside their data: headers.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::SfdcError;

/// What a write does about a duplicate rule that only warns. Rules that block, block always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DuplicateRule {
    /// The record is refused with `DUPLICATES_DETECTED`, and the matches are told.
    #[default]
    Refuse,
    /// The record is saved all the same.
    Save,
}

/// Assignment rules of cases and leads, and territories of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutoAssign {
    /// None runs.
    Off,
    /// The active one runs.
    Active,
    /// This one runs.
    Rule(crate::RecordId),
}

/// Headers that go with every call of a client (REST API Developer Guide, "Headers").
///
/// The call-options header names us in change events (`changeOrigin`). Salesforce documents it for
/// rows and queries, but not for collections, composite and graph: whoever wants to recognize own
/// changes needs more than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    client: String,
    duplicates: Option<DuplicateRule>,
    auto_assign: Option<AutoAssign>,
    recently_used: Option<bool>,
    page_size: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client: "ml-connector".to_owned(),
            duplicates: None,
            auto_assign: None,
            recently_used: None,
            page_size: None,
        }
    }
}

impl Options {
    /// Names this client in change events.
    pub fn client(self, name: &str) -> Self {
        Self { client: name.to_owned(), ..self }
    }

    /// What happens to a record that a duplicate rule warns of (`Sforce-Duplicate-Rule-Header`).
    pub fn duplicates(self, rule: DuplicateRule) -> Self {
        Self { duplicates: Some(rule), ..self }
    }

    /// Which assignment rule runs (`Sforce-Auto-Assign`).
    pub fn auto_assign(self, rule: AutoAssign) -> Self {
        Self { auto_assign: Some(rule), ..self }
    }

    /// Whether written records appear among the integration user's recent items (`Sforce-Mru`, API
    /// 60 and later).
    pub fn recently_used(self, kept: bool) -> Self {
        Self { recently_used: Some(kept), ..self }
    }

    /// Records in a page of a query, 200 to 2,000 (`Sforce-Query-Options`): a wish, not a promise.
    pub fn page_size(self, records: u16) -> Self {
        Self { page_size: Some(records.clamp(200, 2_000)), ..self }
    }

    /// The headers of any call.
    pub(crate) fn headers(&self) -> Result<HeaderMap, SfdcError> {
        let named = self.client.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_. /".contains(&byte));
        if !named || self.client.is_empty() {
            return Err(unfit(format!("{:?} is no name for a client", self.client)));
        }
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| match HeaderValue::try_from(value) {
            Ok(value) => {
                headers.insert(HeaderName::from_static(name), value);
                Ok(())
            }
            Err(_) => Err(unfit(format!("{value:?} is no value for {name}"))),
        };
        set("sforce-call-options", &format!("client={}", self.client))?;
        if let Some(rule) = self.duplicates {
            let save = rule == DuplicateRule::Save;
            set("sforce-duplicate-rule-header", &format!("allowSave={save}; includeRecordDetails=true"))?;
        }
        match &self.auto_assign {
            None => {}
            Some(AutoAssign::Off) => set("sforce-auto-assign", "FALSE")?,
            Some(AutoAssign::Active) => set("sforce-auto-assign", "TRUE")?,
            Some(AutoAssign::Rule(rule)) => set("sforce-auto-assign", rule.as_str())?,
        }
        if let Some(kept) = self.recently_used {
            set("sforce-mru", &format!("updateMru={kept}"))?;
        }
        if let Some(records) = self.page_size {
            set("sforce-query-options", &format!("batchSize={records}"))?;
        }
        Ok(headers)
    }
}

fn unfit(detail: String) -> SfdcError {
    SfdcError::Unfit { operation: "setting headers".into(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordId;

    fn shown(options: &Options) -> Vec<String> {
        let headers = options.headers().expect("headers");
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect()
    }

    #[test]
    fn headers_are_written_as_documented() {
        assert_eq!(shown(&Options::default()), ["sforce-call-options: client=ml-connector"]);
        let rule = RecordId::parse("01QD0000000EqAn").expect("an id");
        let options = Options::default()
            .client("mine/2")
            .duplicates(DuplicateRule::Save)
            .auto_assign(AutoAssign::Rule(rule.clone()))
            .recently_used(false)
            .page_size(9_999);
        assert_eq!(
            shown(&options),
            [
                "sforce-call-options: client=mine/2".to_owned(),
                "sforce-duplicate-rule-header: allowSave=true; includeRecordDetails=true".to_owned(),
                format!("sforce-auto-assign: {rule}"),
                "sforce-mru: updateMru=false".to_owned(),
                "sforce-query-options: batchSize=2000".to_owned(),
            ]
        );
        let off = shown(&Options::default().auto_assign(AutoAssign::Off));
        assert!(off.contains(&"sforce-auto-assign: FALSE".to_owned()));
    }

    #[test]
    fn a_name_cannot_carry_another_option() {
        for name in ["", "a,defaultNamespace=b", "a;b", "a\r\nx: y", "ä"] {
            assert!(Options::default().client(name).headers().is_err(), "{name}");
        }
    }
}
