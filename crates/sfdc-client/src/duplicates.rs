//! Which other records an error speaks of: duplicate rules, unique values, several matches.

use serde::{Deserialize, Deserializer};

use crate::RecordId;
use crate::error::ApiError;

/// What a duplicate rule found (`DUPLICATES_DETECTED`; REST API Developer Guide, "sObject Basic
/// Information", duplicate rules).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DuplicateResult {
    /// Whether the rule only warns, so that a save with
    /// [`DuplicateRule::Save`](crate::DuplicateRule) would pass.
    #[serde(default)]
    pub allow_save: bool,
    /// The rule.
    #[serde(default)]
    pub duplicate_rule: String,
    /// What the rule tells users.
    #[serde(default, deserialize_with = "or_empty")]
    pub error_message: String,
    /// What each matching rule found.
    #[serde(default)]
    pub match_results: Vec<MatchResult>,
}

/// What one matching rule found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchResult {
    /// The object that was searched.
    #[serde(default)]
    pub entity_type: String,
    /// The matching rule.
    #[serde(default)]
    pub rule: String,
    /// The records that are alike.
    #[serde(default)]
    pub match_records: Vec<MatchRecord>,
}

/// A record that is alike.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchRecord {
    /// How alike it is, 0 to 100, as the org wrote the number.
    #[serde(default, deserialize_with = "number_text")]
    pub match_confidence: String,
    /// Which record.
    pub record: MatchedId,
}

/// The record of a match, as far as everybody may see it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MatchedId {
    /// Its id.
    #[serde(rename = "Id", default)]
    pub id: String,
}

impl DuplicateResult {
    /// The ids of all records that are alike, each once.
    pub fn matches(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        let records = self.match_results.iter().flat_map(|result| &result.match_records);
        for id in records.map(|found| found.record.id.as_str()).filter(|id| !id.is_empty()) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }
}

/// A unique value that another record holds (`DUPLICATE_VALUE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateValue {
    /// The field, if the message names it.
    pub field: Option<String>,
    /// The record that holds the value; not told where the integration user may not see it.
    pub holder: Option<RecordId>,
}

impl ApiError {
    /// What a `DUPLICATE_VALUE` says: `duplicate value found: <field> duplicates value on record
    /// with id: <id>`; both may be `<unknown>`.
    pub fn duplicate_value(&self) -> Option<DuplicateValue> {
        if self.code != "DUPLICATE_VALUE" {
            return None;
        }
        let after = |words: &str| self.message.split_once(words).map(|(_, rest)| rest.trim());
        let word = |rest: &str| rest.split_whitespace().next().map(str::to_owned);
        let field = after("value found:").and_then(word).filter(|field| !field.starts_with('<'));
        let holder = after("record with id:").and_then(word);
        let holder = holder.and_then(|id| RecordId::parse(id.trim_end_matches(['.', ','])).ok());
        Some(DuplicateValue { field, holder })
    }
}

/// The ids at the ends of the links of a 300 answer: `["/services/data/v64.0/sobjects/Account/001…"]`.
pub(crate) fn linked_ids(body: &[u8]) -> Vec<String> {
    let links: Vec<String> = serde_json::from_slice(body).unwrap_or_default();
    let id = |link: &String| link.rsplit('/').next().and_then(|id| RecordId::parse(id).ok());
    links.iter().filter_map(id).map(|id| id.as_str().to_owned()).collect()
}

fn or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

fn number_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = <Box<serde_json::value::RawValue>>::deserialize(deserializer)?;
    Ok(raw.get().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_of_a_duplicate_rule_are_found() {
        let body = r#"{"duplicateResult":{"allowSave":true,"duplicateRule":"Standard_Account","duplicateRuleEntityType":"Account",
            "errorMessage":"Use one of these records?","matchResults":[
            {"entityType":"Account","errors":[],"matchEngine":"FuzzyMatchEngine","matchRecords":[
              {"additionalInformation":[],"fieldDiffs":[],"matchConfidence":98.5,"record":{"attributes":{"type":"Account","url":"/x"},"Id":"001A0000006Vm9rIAC"}},
              {"matchConfidence":90,"record":{"attributes":{},"Id":"001A0000006Vm9sIAC"}}],
             "rule":"Standard_Account_Match","size":2,"success":true},
            {"entityType":"Lead","matchRecords":[{"record":{"Id":"001A0000006Vm9rIAC"}}]}]},
            "errorCode":"DUPLICATES_DETECTED","message":"Use one of these records?"}"#;
        let error: ApiError = serde_json::from_str(body).expect("an error");
        let found = error.duplicates.expect("duplicates");
        assert_eq!(found.matches(), ["001A0000006Vm9rIAC", "001A0000006Vm9sIAC"]);
        assert_eq!((found.allow_save, found.duplicate_rule.as_str()), (true, "Standard_Account"));
        assert_eq!(found.match_results[0].match_records[0].match_confidence, "98.5");
    }

    #[test]
    fn the_holder_of_a_unique_value_is_told_where_it_may_be() {
        let told = |code: &str, message: &str| {
            ApiError { code: code.into(), message: message.into(), ..ApiError::default() }.duplicate_value()
        };
        let found = told(
            "DUPLICATE_VALUE",
            "duplicate value found: IFS_Key__c duplicates value on record with id: 001A0000006Vm9r",
        )
        .expect("a duplicate");
        assert_eq!(found.field.as_deref(), Some("IFS_Key__c"));
        assert_eq!(found.holder.as_ref().map(RecordId::as_str), Some("001A0000006Vm9rIAC"));
        let hidden = told(
            "DUPLICATE_VALUE",
            "duplicate value found: <unknown> duplicates value on record with id: <unknown>",
        );
        assert_eq!(hidden, Some(DuplicateValue { field: None, holder: None }));
        assert_eq!(told("DUPLICATE_VALUE", "Duplicate external id specified: S1"), hidden);
        assert_eq!(told("STRING_TOO_LONG", "duplicate value found: X"), None);
    }

    #[test]
    fn links_of_several_matches_end_in_their_ids() {
        let body = br#"["/services/data/v64.0/sobjects/Account/001A0000006Vm9rIAC","/services/data/v64.0/sobjects/Account/001A0000006Vm9s","https://evil.example/"]"#;
        assert_eq!(linked_ids(body), ["001A0000006Vm9rIAC", "001A0000006Vm9sIAC"]);
        assert!(linked_ids(b"<html>").is_empty());
    }
}
