//! One record on both sides, in tables and in words.

use jiff::Timestamp;
use mapping::{Action, Change};
use serde_json::{Value, json};
use sync_engine::{Explanation, Observation, Planned, Preview};

use crate::terminal::paint::Paint;
use crate::view::parked::{bare_table, trimmed, way_out};
use crate::view::plan::difference;
use crate::view::words::{class, counted, moment, relative, safe, value, waits_for};

/// Everything that is known, as JSON.
pub(crate) fn document(key: &str, explanation: &Explanation) -> Value {
    let observed = match &explanation.observed {
        None => Value::Null,
        Some(Observation::Change(change)) => json!(change),
        Some(Observation::Unreadable(unreadable)) => json!({ "unreadable": unreadable }),
    };
    let mapped = match &explanation.mapped {
        None => Value::Null,
        Some(Ok(all)) => all.iter().map(preview_document).collect(),
        Some(Err(fault)) => json!({ "error": fault }),
    };
    json!({
        "key": key, "observed": observed, "planned": mapped, "link": explanation.link,
        "waiting": explanation.parked, "conflicts": explanation.conflicts,
        "unread": explanation.unread.as_ref().map(ToString::to_string),
    })
}

/// One previewed record as JSON.
pub(crate) fn preview_document(preview: &Preview) -> Value {
    match preview {
        Preview::Planned(planned) => json!({ "planned": planned }),
        Preview::Parked { key, fault } => json!({ "parked": { "key": key, "fault": fault } }),
        _ => Value::Null,
    }
}

/// What is said of a source that did not answer.
const NOT_ASKED: &str = "the source could not be asked just now; this is what is known without it";

/// What is said of a target that did not answer, where the source did.
fn target_not_asked(explanation: &Explanation) -> Option<String> {
    (explanation.observed.is_some() && explanation.unread.is_some())
        .then(|| "the target could not be asked just now".to_owned())
}

/// Source fields, and below them the target's fields: as mapped and as found.
pub(crate) fn side_by_side(key: &str, explanation: &Explanation, paint: Paint) -> String {
    let mut parts = vec![paint.strong(&safe(key))];
    match &explanation.observed {
        None if explanation.unread.is_some() => parts.push(NOT_ASKED.into()),
        None => parts.push("the source has no such record".into()),
        Some(Observation::Unreadable(unreadable)) => {
            parts.push(format!("the source's row cannot be read: {}", safe(&unreadable.fault.message)));
        }
        Some(Observation::Change(Change::Gone { .. })) => {
            parts.push("the source says that it is gone".into());
        }
        Some(Observation::Change(Change::Put(record))) => {
            let mut table = bare_table(&[record.entity.as_str(), "source"]);
            for (name, field) in record.fields.iter() {
                table.add_row([safe(name.as_str()), value(field)]);
            }
            parts.push(trimmed(&table));
        }
    }
    match &explanation.mapped {
        Some(Ok(all)) if all.is_empty() => parts.push("the mapping filters it out".into()),
        Some(Ok(all)) => parts.extend(all.iter().map(target)),
        Some(Err(fault)) => parts.push(format!("the mapping refuses it: {}", safe(&fault.to_string()))),
        None => parts.extend(target_not_asked(explanation)),
    }
    parts.join("\n\n")
}

fn target(preview: &Preview) -> String {
    match preview {
        Preview::Planned(planned) => planned_target(planned),
        Preview::Parked { fault, .. } => format!("it would wait: {}", safe(&fault.to_string())),
        _ => String::new(),
    }
}

fn planned_target(planned: &Planned) -> String {
    let draft = &planned.step.draft;
    let found = planned.found.as_ref();
    let title = found.map_or_else(|| "(not there)".to_owned(), |found| safe(found.target.as_str()));
    let mut table = bare_table(&[draft.entity.as_str(), "as mapped", &title, ""]);
    for (name, wanted) in draft.fields.iter() {
        let there = found.and_then(|found| found.fields.get(name.as_str()));
        let mark = match there {
            Some(there) if there == wanted => "",
            Some(_) => "differs",
            None => "",
        };
        table.add_row([
            name.as_str().to_owned(),
            value(wanted),
            there.map(value).unwrap_or_default(),
            mark.to_owned(),
        ]);
    }
    trimmed(&table)
}

/// How the record stands, sentence by sentence.
pub(crate) fn words(key: &str, explanation: &Explanation, now: Timestamp, paint: Paint) -> Vec<String> {
    let mut words = vec![observed(key, explanation)];
    if let Some(parked) = &explanation.parked {
        words.push(paint.warn(&format!(
            "it waits ({}) for {}, since {} UTC: {}: {}",
            class(parked.class),
            waits_for(parked.class),
            moment(parked.since),
            safe(&parked.fault.code),
            safe(&parked.fault.message)
        )));
        if let Some(due) = parked.due {
            words.push(format!("it is tried again {} ({} UTC)", relative(due, now), moment(due)));
        }
        words.push(format!("way out: {}", way_out(parked)));
    }
    if let Some(link) = &explanation.link {
        words.push(format!(
            "it is linked with {} under {}; both agreed last at {} UTC ({}), mapped by {}",
            safe(link.target.as_str()),
            safe(link.id.as_str()),
            moment(link.at),
            relative(link.at, now),
            link.mapper
        ));
    }
    words.extend(explanation.conflicts.iter().map(|conflict| {
        paint.warn(&format!(
            "people on both sides changed {}: ml-connector conflicts show '{}'",
            crate::view::conflict::fields(conflict),
            safe(&conflict.id)
        ))
    }));
    words.extend(planned(explanation, paint));
    words
}

fn observed(key: &str, explanation: &Explanation) -> String {
    let key = safe(key);
    match &explanation.observed {
        None if explanation.unread.is_some() => NOT_ASKED.to_owned(),
        None => format!("the source has no record `{key}`"),
        Some(Observation::Change(Change::Gone { .. })) => format!("the source says that {key} is gone"),
        Some(Observation::Change(Change::Put(record))) => {
            format!(
                "{key} stands in the source as a row of {} (version {})",
                record.entity,
                safe(record.version.as_str())
            )
        }
        Some(Observation::Unreadable(unreadable)) => {
            format!("the source's row {key} cannot be read: {}", safe(&unreadable.fault.message))
        }
    }
}

fn planned(explanation: &Explanation, paint: Paint) -> Vec<String> {
    match &explanation.mapped {
        None => target_not_asked(explanation).into_iter().collect(),
        Some(Err(error)) => {
            let mut words = vec![paint.bad(&format!("the mapping refuses it: {}", safe(&error.to_string())))];
            words.extend(error.hint.iter().map(|hint| format!("hint: {}", safe(hint))));
            words
        }
        Some(Ok(all)) if all.is_empty() => {
            vec!["the mapping filters it out: nothing is written for it".into()]
        }
        Some(Ok(all)) => all.iter().flat_map(|one| action(one, paint)).collect(),
    }
}

fn action(preview: &Preview, paint: Paint) -> Vec<String> {
    let planned = match preview {
        Preview::Planned(planned) => planned,
        Preview::Parked { fault, .. } => {
            return vec![paint.warn(&format!("it would wait: {}", safe(&fault.to_string())))];
        }
        _ => return Vec::new(),
    };
    let entity = &planned.step.draft.entity;
    match &planned.step.action {
        Action::Create => {
            vec![
                paint.warn(&format!(
                    "a run would create the {entity} {}",
                    safe(planned.step.draft.id.as_str())
                )),
            ]
        }
        Action::Update { target, changes } => {
            let number = u64::try_from(changes.len()).unwrap_or(u64::MAX);
            let mut words = vec![paint.warn(&format!(
                "a run would update {} of the {entity} {}:",
                counted(number, "field"),
                safe(target.as_str())
            ))];
            words.extend(changes.iter().map(|change| difference(change, paint)));
            words
        }
        Action::Nothing { target } => {
            vec![paint.good(&format!(
                "the {entity} {} stands as it should: nothing to write",
                safe(target.as_str())
            ))]
        }
        Action::Hold { reason } => vec![paint.warn(&format!("it is held back: {}", safe(reason)))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use mapping::{Difference, Draft, Fields, Found, Record, Step, Value as Field};

    use super::*;

    fn explanation() -> Explanation {
        let mut source = Fields::new();
        source.set("SupplierName", Field::text("New name"));
        let record =
            Record { entity: "SupplierSet".into(), key: "S1".into(), version: "W/1".into(), fields: source };
        let mut wanted = Fields::new();
        wanted.set("Name", Field::text("New name"));
        let mut there = Fields::new();
        there.set("Name", Field::text("Old name"));
        let found = Found {
            entity: "Account".into(),
            id: "S1".into(),
            target: "001A".into(),
            fields: there,
            modified: None,
            validator: None,
        };
        let change = Difference {
            field: "Name".into(),
            before: Field::text("Old name"),
            after: Field::text("New name"),
            cause: mapping::Cause::Source,
        };
        let draft = Draft { entity: "Account".into(), id: "S1".into(), fields: wanted };
        let step = Step::owned(draft, Action::Update { target: "001A".into(), changes: vec![change] });
        let planned =
            Planned { record: record.clone(), mapper: "m@1".into(), notes: vec![], found: Some(found), step };
        Explanation {
            observed: Some(Observation::Change(Change::Put(record))),
            mapped: Some(Ok(vec![Preview::Planned(Box::new(planned))])),
            link: None,
            parked: None,
            conflicts: Vec::new(),
            unread: None,
        }
    }

    #[test]
    fn both_sides_stand_beside_each_other() {
        insta::assert_snapshot!(side_by_side("S1", &explanation(), Paint::PLAIN), @r#"
        S1

         SupplierSet   source
         SupplierName  "New name"

         Account  as mapped   001A
         Name     "New name"  "Old name"  differs
        "#);
    }

    #[test]
    fn words_say_what_a_run_would_do() {
        let now = "2026-03-01T10:05:00Z".parse().unwrap();
        insta::assert_snapshot!(words("S1", &explanation(), now, Paint::PLAIN).join("\n"), @r#"
        S1 stands in the source as a row of SupplierSet (version W/1)
        a run would update 1 field of the Account 001A:
            Name                         "Old name" -> "New name"
        "#);
        let filtered = Explanation { mapped: Some(Ok(vec![])), ..explanation() };
        let said = words("S1", &filtered, now, Paint::PLAIN);
        assert_eq!(said.last().unwrap(), "the mapping filters it out: nothing is written for it");
    }
}
