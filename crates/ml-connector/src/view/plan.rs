//! Planned changes, field by field, for people.

use mapping::{Action, Cause, Difference};
use sync_engine::{Planned, Preview};

use crate::terminal::paint::Paint;
use crate::view::entry::shorten;
use crate::view::words::{safe, value};

/// One previewed record; nothing for a record that stays as it is.
pub(crate) fn record(preview: &Preview, paint: Paint) -> Option<String> {
    match preview {
        Preview::Planned(planned) => planned_record(planned, paint),
        Preview::Parked { key, fault } => Some(format!(
            "{} {}  {}: {}",
            paint.warn("park  "),
            paint.strong(&safe(key.as_str())),
            safe(&fault.code),
            shorten(&fault.message, 200)
        )),
        _ => None,
    }
}

fn planned_record(planned: &Planned, paint: Paint) -> Option<String> {
    let key = paint.strong(&safe(planned.record.key.as_str()));
    let draft = &planned.step.draft;
    let mut lines = match &planned.step.action {
        Action::Create => {
            let mut lines = vec![format!(
                "{} {key} -> {} {}",
                paint.good("create"),
                draft.entity,
                safe(draft.id.as_str())
            )];
            let filled = draft.fields.iter().filter(|(_, field)| !field.is_null());
            lines.extend(
                filled
                    .map(|(name, field)| format!("    {:<28} {}", name.as_str(), paint.good(&value(field)))),
            );
            lines
        }
        Action::Update { target, changes } => {
            let mut lines =
                vec![format!("{} {key} -> {} {}", paint.warn("update"), draft.entity, safe(target.as_str()))];
            lines.extend(changes.iter().map(|change| difference(change, paint)));
            lines
        }
        Action::Hold { reason } => vec![format!("{} {key}  {}", paint.warn("hold  "), safe(reason))],
        _ => return None,
    };
    lines.extend(
        planned
            .notes
            .iter()
            .map(|note| paint.faint(&format!("    note: {}: {}", note.field, safe(&note.text)))),
    );
    Some(lines.join("\n"))
}

/// One field: what stands there, what will stand there, and who moved.
pub(crate) fn difference(change: &Difference, paint: Paint) -> String {
    let cause = match change.cause {
        Cause::Target => "  changed in the target: is put back",
        _ => "",
    };
    format!(
        "    {:<28} {} -> {}{}",
        change.field.as_str(),
        paint.bad(&value(&change.before)),
        paint.good(&value(&change.after)),
        paint.faint(cause)
    )
}

#[cfg(test)]
mod tests {
    use mapping::{Draft, Fields, Note, Record, Step, Value};
    use sync_engine::{Fault, FaultClass};

    use super::*;

    fn planned(action: Action) -> Preview {
        let mut fields = Fields::new();
        fields.set("Name", Value::text("Łódź \"Neu\""));
        fields.set("Phone", Value::Null);
        let draft = Draft { entity: "Account".into(), id: "S1".into(), fields };
        let record = Record {
            entity: "SupplierSet".into(),
            key: "S1".into(),
            version: "v".into(),
            fields: Fields::new(),
        };
        let notes = vec![Note { field: "Name".into(), text: "cut to 255 characters".into() }];
        let step = Step::owned(draft, action);
        Preview::Planned(Box::new(Planned { record, mapper: "m@1".into(), notes, found: None, step }))
    }

    #[test]
    fn creates_show_what_is_filled() {
        let text = record(&planned(Action::Create), Paint::PLAIN).unwrap();
        insta::assert_snapshot!(text, @r#"
        create S1 -> Account S1
            Name                         "Łódź "Neu""
            note: Name: cut to 255 characters
        "#);
    }

    #[test]
    fn updates_show_both_values_and_who_moved() {
        let change = |cause| Difference {
            field: "Name".into(),
            before: Value::text("old"),
            after: Value::text("new"),
            cause,
        };
        let changes = vec![change(Cause::Source), change(Cause::Target)];
        let text = record(&planned(Action::Update { target: "001A".into(), changes }), Paint::PLAIN).unwrap();
        insta::assert_snapshot!(text, @r#"
        update S1 -> Account 001A
            Name                         "old" -> "new"
            Name                         "old" -> "new"  changed in the target: is put back
            note: Name: cut to 255 characters
        "#);
    }

    #[test]
    fn what_stays_is_not_shown_and_what_would_wait_is() {
        assert_eq!(record(&planned(Action::Nothing { target: "001A".into() }), Paint::PLAIN), None);
        let fault = Fault {
            class: FaultClass::Data,
            code: "MAP".into(),
            message: "field Name: empty".into(),
            fields: vec![],
            hint: None,
        };
        let text = record(&Preview::Parked { key: "S2".into(), fault }, Paint::PLAIN).unwrap();
        assert_eq!(text, "park   S2  MAP: field Name: empty");
    }
}
