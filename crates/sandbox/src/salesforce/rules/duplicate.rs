//! Duplicate rules: records that look like others (Salesforce Help, "Duplicate Rules").

use std::sync::Arc;

use serde_json::json;

use crate::salesforce::desk::{Desk, Draft};
use crate::salesforce::problem::Problem;
use crate::salesforce::record::Record;
use crate::salesforce::switches::DuplicateRule;

impl Desk<'_> {
    /// Refuses a record that looks like another one, if a rule says so.
    pub(crate) fn no_duplicate(&self, draft: &Draft) -> Result<(), Problem> {
        let Some(rule) = &self.switches.duplicates else { return Ok(()) };
        let record = &draft.record;
        let applies = record.object.name.eq_ignore_ascii_case(&rule.object) && draft.changes(&rule.field);
        if !applies || !rule.blocks && self.saves_duplicates {
            return Ok(());
        }
        let matches = self.matches(record, &rule.field);
        if matches.is_empty() { Ok(()) } else { Err(detected(rule, &matches)) }
    }

    fn matches(&self, record: &Record, field: &str) -> Vec<Arc<Record>> {
        let Some(text) = record.text(field).map(|text| text.to_lowercase()) else { return Vec::new() };
        let Some(table) = self.store.table(record.table) else { return Vec::new() };
        let others = table.all().filter(|other| !other.deleted && other.id != record.id);
        others
            .filter(|other| other.text(field).is_some_and(|found| found.to_lowercase() == text))
            .cloned()
            .collect()
    }
}

fn detected(rule: &DuplicateRule, matches: &[Arc<Record>]) -> Problem {
    let message = "Use one of these records?";
    let object = &rule.object;
    let records: Vec<_> = matches
        .iter()
        .map(|record| {
            let url = format!("/services/data/v64.0/sobjects/{object}/{}", record.id);
            json!({
                "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                "record": { "attributes": { "type": object, "url": url }, "Id": record.id },
            })
        })
        .collect();
    let result = json!({
        "allowSave": !rule.blocks,
        "duplicateRule": format!("Standard_{object}_Duplicate_Rule"),
        "duplicateRuleEntityType": object,
        "errorMessage": message,
        "matchResults": [{
            "entityType": object, "errors": [], "matchEngine": "ExactMatchEngine", "matchRecords": records,
            "rule": format!("Standard_{object}_Match_Rule"), "size": matches.len(), "success": true,
        }],
    });
    Problem { duplicates: Some(Box::new(result)), ..Problem::bad("DUPLICATES_DETECTED", message) }
}
