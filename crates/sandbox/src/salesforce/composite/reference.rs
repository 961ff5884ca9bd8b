//! References to earlier answers: `@{name.records[0].Id}`.

use serde_json::Value;

use super::Answers;
use crate::salesforce::problem::Problem;

/// A text with what it refers to put in; within JSON the values are escaped.
pub(super) fn resolve(text: &str, answers: &Answers, json: bool) -> Result<String, Problem> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let (path, later) = after.split_once('}').ok_or_else(|| broken(after))?;
        out.push_str(before);
        out.push_str(&shown(&value(path, answers)?, json));
        rest = later;
    }
    out.push_str(rest);
    Ok(out)
}

/// The names that a text refers to.
pub(super) fn names(text: &str) -> Vec<&str> {
    text.split("@{").skip(1).map(|after| after.split(['}', '.', '[']).next().unwrap_or_default()).collect()
}

fn value(path: &str, answers: &Answers) -> Result<Value, Problem> {
    let name = path.split(['.', '[']).next().unwrap_or_default();
    let answered = answers.get(name).filter(|answered| !answered.failed()).ok_or_else(|| broken(path))?;
    let mut found = &answered.body;
    let steps = path.get(name.len()..).unwrap_or_default();
    for step in steps.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty())
    {
        found = match step.parse::<usize>() {
            Ok(place) if found.is_array() => found.get(place),
            _ => found.get(step),
        }
        .ok_or_else(|| broken(path))?;
    }
    Ok(found.clone())
}

fn shown(value: &Value, json: bool) -> String {
    match value {
        Value::String(text) if json => {
            let quoted = Value::from(text.as_str()).to_string();
            // Without the quotes around it; those within are escaped.
            quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn broken(path: &str) -> Problem {
    let shown: String = path.chars().take(80).collect();
    Problem::bad("PROCESSING_HALTED", format!("Invalid reference specified. No value for {shown} found"))
}
