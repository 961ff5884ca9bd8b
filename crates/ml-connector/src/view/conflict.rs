//! Conflicts in tables and in words.

use jiff::Timestamp;
use mapping::{Fields, Side};
use serde_json::{Value, json};
use sync_engine::{Claim, Conflict, ConflictState};

use crate::terminal::paint::Paint;
use crate::view::parked::{bare_table, trimmed};
use crate::view::words::{counted, moment, relative, safe, value};

/// The names of the two systems, as the forward flow sees them.
#[derive(Debug, Clone)]
pub(crate) struct Sides {
    pub(crate) source: String,
    pub(crate) target: String,
}

impl Sides {
    fn of(&self, side: Side) -> &str {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }
}

/// The fields that a conflict is about.
pub(crate) fn fields(conflict: &Conflict) -> String {
    let names: Vec<String> = conflict.claim.now.iter().map(|(name, _)| safe(name.as_str())).collect();
    names.join(", ")
}

/// A conflict as JSON.
pub(crate) fn document(conflict: &Conflict, sides: &Sides) -> Value {
    json!({ "conflict": conflict, "source_system": sides.source, "target_system": sides.target })
}

/// Conflicts, one a line.
pub(crate) fn list(conflicts: &[(Conflict, Sides)], limit: usize, now: Timestamp) -> String {
    if conflicts.is_empty() {
        return "no field is in conflict".into();
    }
    let mut table = bare_table(&["conflict", "since", "state", "one side", "other side"]);
    for (conflict, sides) in conflicts.iter().take(limit) {
        table.add_row([
            safe(&conflict.id),
            relative(conflict.since, now),
            conflict.state.name().to_owned(),
            format!("{}: {}", sides.source, shown(&conflict.source.now)),
            format!("{}: {}", sides.target, shown(&conflict.claim.now)),
        ]);
    }
    let text = trimmed(&table);
    if conflicts.len() > limit {
        let all = counted(conflicts.len() as u64, "conflict");
        return format!("{text}\n\n{all}, the first {limit} shown (--limit)");
    }
    text
}

/// One conflict with both values, what was agreed on, who and when.
pub(crate) fn page(conflict: &Conflict, sides: &Sides, now: Timestamp, paint: Paint) -> String {
    let mut lines = vec![format!("{}  {}", paint.strong(&safe(&conflict.id)), conflict.state.name())];
    lines.push(format!("  seen by    flow {}, {}", safe(&conflict.flow), relative(conflict.since, now)));
    let record = format!("{} - {}", safe(conflict.key.as_str()), safe(conflict.target.as_str()));
    lines.push(format!("  records    {record}"));
    lines.extend(claim(&sides.source, &conflict.source));
    lines.extend(claim(&sides.target, &conflict.claim));
    match &conflict.state {
        ConflictState::Open => lines.push(format!(
            "  way out    ml-connector conflicts resolve '{}' --take {}|{}",
            safe(&conflict.id),
            sides.source,
            sides.target
        )),
        ConflictState::Decided { winner, by, at } => lines.push(format!(
            "  decided    for {} by {} at {} UTC; the next run carries it out",
            sides.of(*winner),
            safe(by),
            moment(*at)
        )),
        ConflictState::Settled { how, at } => {
            lines.push(format!("  settled    {} at {} UTC", safe(how), moment(*at)));
        }
    }
    lines.join("\n")
}

fn claim(system: &str, claim: &Claim) -> Vec<String> {
    let mut lines = vec![format!("  {system}")];
    for (name, now) in claim.now.iter() {
        let base = claim.base.get(name.as_str());
        let base = base.map_or_else(|| "never agreed on".to_owned(), |base| format!("was {}", value(base)));
        lines.push(format!("    {:<24} {}  ({base})", safe(name.as_str()), value(now)));
    }
    if let Some(at) = claim.at {
        let by = claim.by.as_deref().map(|by| format!(" by {}", safe(by))).unwrap_or_default();
        lines.push(format!("    modified {} UTC{by}", moment(at)));
    }
    lines
}

fn shown(fields: &Fields) -> String {
    let all: Vec<String> =
        fields.iter().map(|(name, field)| format!("{} = {}", safe(name.as_str()), value(field))).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use mapping::Value as Field;

    use super::*;

    fn conflict() -> Conflict {
        let fields =
            |name: &str, text: &str| -> Fields { [(name.into(), Field::text(text))].into_iter().collect() };
        Conflict {
            id: "pair customers/C1/Phone".into(),
            book: "pair customers".into(),
            flow: "customers".into(),
            key: "C1".into(),
            target: "001A".into(),
            source: Claim {
                now: fields("Phone", "111"),
                base: fields("Phone", "000"),
                at: Some("2026-03-01T10:00:00Z".parse().unwrap()),
                by: Some("ALAIN".into()),
            },
            claim: Claim { now: fields("Phone", "222"), ..Claim::default() },
            since: "2026-03-01T10:01:00Z".parse().unwrap(),
            state: ConflictState::Open,
        }
    }

    fn sides() -> Sides {
        Sides { source: "ifs".into(), target: "salesforce".into() }
    }

    #[test]
    fn a_conflict_shows_both_values_and_the_way_out() {
        let now = "2026-03-01T10:05:00Z".parse().unwrap();
        insta::assert_snapshot!(page(&conflict(), &sides(), now, Paint::PLAIN), @r#"
        pair customers/C1/Phone  open
          seen by    flow customers, 4 min ago
          records    C1 - 001A
          ifs
            Phone                    "111"  (was "000")
            modified 2026-03-01 10:00:00 UTC by ALAIN
          salesforce
            Phone                    "222"  (never agreed on)
          way out    ml-connector conflicts resolve 'pair customers/C1/Phone' --take ifs|salesforce
        "#);
    }

    #[test]
    fn a_list_says_how_much_it_leaves_out() {
        let now = "2026-03-01T10:05:00Z".parse().unwrap();
        let two = [(conflict(), sides()), (conflict(), sides())];
        assert!(list(&two, 1, now).ends_with("2 conflicts, the first 1 shown (--limit)"));
        assert_eq!(list(&[], 1, now), "no field is in conflict");
    }
}
