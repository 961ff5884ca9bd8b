//! What a run did, for people and for scripts.

use serde_json::{Value, json};
use sync_engine::Report;

use crate::connector::Ran;
use crate::terminal::paint::Paint;
use crate::view::words::{count, lasting};

/// What a sweep in two parts cannot have seen.
const RESUMED: &str = "this went on with a sweep that had been interrupted, and did not compare again what lay \
                       before: `run --full` once more compares everything";

/// A run as JSON.
pub(crate) fn document(ran: &Ran) -> Value {
    json!({
        "flow": ran.flow, "report": ran.report, "calls": ran.calls, "calls_total": ran.calls.values().sum::<u64>(),
        "elapsed_ms": u64::try_from(ran.took.as_millis()).unwrap_or(u64::MAX),
    })
}

/// A run in a few lines.
pub(crate) fn summary(ran: &Ran, paint: Paint) -> String {
    let report = &ran.report;
    let mut lines = vec![format!(
        "{}  {} read in {}: {}",
        paint.strong(&ran.flow),
        count(report.read),
        lasting(ran.took),
        outcome(report, paint)
    )];
    if report.restarted {
        lines.push("  the place in the source was lost; everything was walked again".into());
    }
    if report.resumed {
        lines.push(format!("  {}", paint.warn(RESUMED)));
    }
    lines.push(format!("  {}", calls(ran)));
    if report.read > 0 && report.written() == 0 && report.parked == 0 {
        lines.push(format!("  {}", paint.good("nothing to write: both sides agree")));
    }
    if report.parked > 0 {
        lines.push(format!("  {}", paint.warn("records wait: ml-connector quarantine list")));
    }
    lines.push(paint.faint(&format!("  run {}", report.run)));
    lines.join("\n")
}

/// What became of the records: only what there was.
fn outcome(report: &Report, paint: Paint) -> String {
    let plain = |text: String| text;
    let parts = [
        (report.created, "created", true),
        (report.updated, "updated", true),
        (report.restored, "of these put back", false),
        (report.equal, "already equal", false),
        (report.unchanged, "unchanged", false),
        (report.filtered, "filtered out", false),
        (report.settled, "lost answers settled", false),
        (report.released, "wait no longer", false),
    ];
    let mut told: Vec<String> = parts
        .into_iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, what, good)| {
            let text = format!("{} {what}", count(number));
            if good { paint.good(&text) } else { plain(text) }
        })
        .collect();
    if report.parked > 0 {
        told.push(paint.warn(&format!("{} now waiting", count(report.parked))));
    }
    if told.is_empty() { "no change".into() } else { told.join(", ") }
}

/// The calls by kind.
fn calls(ran: &Ran) -> String {
    let total: u64 = ran.calls.values().sum();
    let kinds: Vec<String> =
        ran.calls.iter().map(|(operation, number)| format!("{operation} {}", count(*number))).collect();
    format!("{} calls: {}", count(total), if kinds.is_empty() { "none".into() } else { kinds.join(", ") })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ran(report: Report) -> Ran {
        let calls = [("ifs.page".to_owned(), 3), ("salesforce.upsert".to_owned(), 63)];
        Ran { flow: "suppliers".into(), report, calls: calls.into(), took: Duration::from_millis(4_200) }
    }

    #[test]
    fn a_first_load() {
        let report =
            Report { run: "r1".into(), read: 12_500, created: 12_499, parked: 1, ..Report::default() };
        insta::assert_snapshot!(summary(&ran(report), Paint::PLAIN), @r"
        suppliers  12,500 read in 4.2 s: 12,499 created, 1 now waiting
          66 calls: ifs.page 3, salesforce.upsert 63
          records wait: ml-connector quarantine list
          run r1
        ");
    }

    #[test]
    fn an_unchanged_world() {
        let report = Report { run: "r2".into(), read: 40, unchanged: 40, ..Report::default() };
        insta::assert_snapshot!(summary(&ran(report), Paint::PLAIN), @r"
        suppliers  40 read in 4.2 s: 40 unchanged
          66 calls: ifs.page 3, salesforce.upsert 63
          nothing to write: both sides agree
          run r2
        ");
    }
}
