//! References to earlier answers: `@{name.records[0].Id}`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Answers;
use crate::salesforce::problem::Problem;

/// A text with what it refers to put in; within JSON the values are escaped.
pub(super) fn resolve(text: &str, answers: &Answers, json: bool) -> Result<String, Problem> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let (path, later) = after.split_once('}').ok_or_else(|| broken(after))?;
        out.push_str(before);
        out.push_str(&shown(value(path, answers)?, json));
        rest = later;
    }
    out.push_str(rest);
    Ok(out)
}

/// The names that a text refers to.
pub(super) fn names(text: &str) -> Vec<&str> {
    text.split("@{").skip(1).map(|after| after.split(['}', '.', '[']).next().unwrap_or_default()).collect()
}

fn value<'a>(path: &str, answers: &'a Answers) -> Result<&'a RawValue, Problem> {
    let name = path.split(['.', '[']).next().unwrap_or_default();
    let answered = answers.get(name).filter(|answered| !answered.failed()).ok_or_else(|| broken(path))?;
    let mut found: &RawValue = &answered.body;
    let steps = path.get(name.len()..).unwrap_or_default();
    for step in steps.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty())
    {
        found = child(found, step).ok_or_else(|| broken(path))?;
    }
    Ok(found)
}

/// A member of an object, or an element of an array.
fn child<'a>(parent: &'a RawValue, step: &str) -> Option<&'a RawValue> {
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(parent.get()) {
        return list.get(step.parse::<usize>().ok()?).copied();
    }
    serde_json::from_str::<BTreeMap<String, &RawValue>>(parent.get()).ok()?.remove(step)
}

fn shown(value: &RawValue, json: bool) -> String {
    let raw = value.get();
    match serde_json::from_str::<String>(raw) {
        // Without the quotes around it; those within are escaped.
        Ok(_) if json => raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default().to_owned(),
        Ok(text) => text,
        Err(_) => raw.to_owned(),
    }
}

fn broken(path: &str) -> Problem {
    let shown: String = path.chars().take(80).collect();
    Problem::bad("PROCESSING_HALTED", format!("Invalid reference specified. No value for {shown} found"))
}
