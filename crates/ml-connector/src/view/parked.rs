//! Waiting records, for people.

use comfy_table::Table;
use jiff::Timestamp;
use mapping::Change;
use sync_engine::{Parked, ParkedClass};

use crate::terminal::paint::Paint;
use crate::view::entry::shorten;
use crate::view::words::{class, counted, moment, relative, safe, value, waits_for};

/// A table without lines, made for terminals and for `cut`.
pub(crate) fn bare_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header.to_vec());
    table
}

/// One line for each record, and how many there are.
pub(crate) fn list(parked: &[Parked], limit: usize, now: Timestamp) -> String {
    if parked.is_empty() {
        return "no record waits".into();
    }
    let mut table = bare_table(&["flow", "record", "class", "since", "tries", "code", "message"]);
    for one in parked.iter().take(limit) {
        table.add_row([
            one.flow.clone(),
            safe(one.key.as_str()),
            class(one.class).to_owned(),
            relative(one.since, now),
            one.tries.to_string(),
            safe(&one.fault.code),
            shorten(&one.fault.message, 60),
        ]);
    }
    let total = u64::try_from(parked.len()).unwrap_or(u64::MAX);
    let rest =
        if parked.len() > limit { format!(", the first {limit} shown (--limit)") } else { String::new() };
    format!("{}\n\n{}{rest}", trimmed(&table), counted(total, "record"))
}

/// The table without blanks at the ends of its lines.
pub(crate) fn trimmed(table: &Table) -> String {
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// Everything about one record.
pub(crate) fn page(parked: &Parked, now: Timestamp, paint: Paint) -> String {
    let mut lines = vec![
        format!(
            "{}  {} in flow {}",
            paint.strong(&safe(parked.key.as_str())),
            paint.warn(class(parked.class)),
            parked.flow
        ),
        format!("  waits for  {}", waits_for(parked.class)),
        format!("  because    {}: {}", safe(&parked.fault.code), safe(&parked.fault.message)),
    ];
    if !parked.fault.fields.is_empty() {
        let fields: Vec<String> = parked.fault.fields.iter().map(|field| safe(field.as_str())).collect();
        lines.push(format!("  fields     {}", fields.join(", ")));
    }
    if let Some(hint) = &parked.fault.hint {
        lines.push(format!("  hint       {}", paint.good(&safe(hint))));
    }
    lines.push(format!(
        "  since      {} UTC ({}), tried {}",
        moment(parked.since),
        relative(parked.since, now),
        counted(parked.tries.into(), "time")
    ));
    if let Some(due) = parked.due {
        lines.push(format!("  next try   {} UTC ({})", moment(due), relative(due, now)));
    }
    lines.push(format!("  mapped by  {}", parked.mapper));
    if let Some(name) = &parked.assigned {
        lines.push(format!("  assigned   {}", safe(name)));
    }
    for parent in &parked.waits_for {
        lines.push(format!("  needs      {} {}", safe(parent.entity.as_str()), safe(parent.id.as_str())));
    }
    for (name, given) in parked.amended.iter().flat_map(mapping::Fields::iter) {
        lines.push(format!("  amended    {} = {}", safe(name.as_str()), value(given)));
    }
    lines.push(format!("  way out    {}", way_out(parked)));
    lines.extend(observed(parked));
    lines.join("\n")
}

/// What can be done about it.
pub(crate) fn way_out(parked: &Parked) -> String {
    let key = parked.key.as_str();
    match parked.class {
        ParkedClass::Quarantine => format!(
            "correct the record in IFS, or the mapping: the next run takes it up by itself. After a change in \
             Salesforce: ml-connector quarantine retry '{key}'"
        ),
        ParkedClass::Orphan => "it goes on by itself when its parent has arrived".into(),
        ParkedClass::Settling => "it goes on by itself when the older request can no longer land".into(),
        _ => format!("it is tried again by itself; at once: ml-connector quarantine retry '{key}'"),
    }
}

fn observed(parked: &Parked) -> Vec<String> {
    if let Some(raw) = &parked.raw {
        return vec!["  as it came:".into(), format!("    {}", shorten(raw, 2_000))];
    }
    let Some(Change::Put(record)) = &parked.change else { return Vec::new() };
    let mut lines = vec!["  as it was read:".to_owned()];
    lines.extend(
        record.fields.iter().map(|(name, field)| format!("    {:<24} {}", safe(name.as_str()), value(field))),
    );
    lines
}

#[cfg(test)]
mod tests {
    use mapping::{Fields, Record, Value};
    use sync_engine::{Fault, FaultClass};

    use super::*;

    fn parked() -> Parked {
        let mut fields = Fields::new();
        fields.set("SupplierName", Value::text("A very long name"));
        let record = Record { entity: "SupplierSet".into(), key: "S1".into(), version: "v".into(), fields };
        Parked {
            flow: "suppliers".into(),
            key: "S1".into(),
            class: ParkedClass::Quarantine,
            fault: Fault {
                class: FaultClass::Data,
                code: "STRING_TOO_LONG".into(),
                message: "Account Name: data value too large".into(),
                fields: vec!["Name".into()],
                hint: Some("shorten it".into()),
            },
            change: Some(Change::Put(record)),
            raw: None,
            mapper: "supplier-to-account@1".into(),
            tries: 1,
            since: "2026-03-01T10:00:00Z".parse().unwrap(),
            due: None,
            waits_for: Vec::new(),
            assigned: None,
            amended: None,
        }
    }

    #[test]
    fn a_waiting_record_names_its_reason_and_its_way_out() {
        let now = "2026-03-01T10:05:00Z".parse().unwrap();
        insta::assert_snapshot!(page(&parked(), now, Paint::PLAIN), @r#"
        S1  quarantine in flow suppliers
          waits for  the data, the mapping or the target to change
          because    STRING_TOO_LONG: Account Name: data value too large
          fields     Name
          hint       shorten it
          since      2026-03-01 10:00:00 UTC (5 min ago), tried 1 time
          mapped by  supplier-to-account@1
          way out    correct the record in IFS, or the mapping: the next run takes it up by itself. After a change in Salesforce: ml-connector quarantine retry 'S1'
          as it was read:
            SupplierName             "A very long name"
        "#);
    }

    #[test]
    fn lists_say_how_much_they_leave_out() {
        let now = "2026-03-01T10:05:00Z".parse().unwrap();
        insta::assert_snapshot!(list(&[parked(), parked()], 1, now), @r"
         flow       record  class       since      tries  code             message
         suppliers  S1      quarantine  5 min ago  1      STRING_TOO_LONG  Account Name: data value too large

        2 records, the first 1 shown (--limit)
        ");
        assert_eq!(list(&[], 1, now), "no record waits");
    }
}
