//! How many calls a run will take, from what the plan has just seen.

use std::time::Duration;

use serde::Serialize;
use sfdc_client::PackSize;

use crate::connector::Ran;
use crate::terminal::paint::Paint;
use crate::view::words::count;

/// The calls of a run that would follow now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Forecast {
    /// Calls that read: pages and look-ups, as many as the plan itself took.
    pub(crate) reads: u64,
    /// Calls that write, if none has to be repeated and the org is quick.
    pub(crate) writes: u64,
}

impl Forecast {
    /// From a preview: it has made every reading call that the run will make. Writes go as many in a
    /// call as `batch_size` allows, and as the org is trusted with so far.
    pub(crate) fn of(ran: &Ran, batch_size: usize) -> Self {
        let reads =
            ran.calls.iter().filter(|(name, _)| !name.contains("token")).map(|(_, number)| number).sum();
        Self { reads, writes: writes(ran.report.written(), batch_size.max(1)) }
    }

    /// The counts and calls of a plan.
    pub(crate) fn page(self, ran: &Ran, paint: Paint) -> String {
        let report = &ran.report;
        let mut parts = vec![
            format!("{} to create", count(report.created)),
            format!("{} to update", count(report.updated)),
            format!("{} equal", count(report.equal)),
        ];
        let others = [
            (report.unchanged, "unchanged"),
            (report.filtered, "filtered out"),
            (report.parked, "would wait"),
        ];
        parts.extend(
            others
                .iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, what)| format!("{} {what}", count(*number))),
        );
        format!(
            "{}  {} read: {}\n  a run will take about {} calls: {} that read, {} that write",
            paint.strong(&ran.flow),
            count(report.read),
            parts.join(", "),
            count(self.reads + self.writes),
            count(self.reads),
            count(self.writes)
        )
    }
}

/// The calls of a quick org, whose size grows from one to the next.
fn writes(mut records: u64, batch_size: usize) -> u64 {
    let mut size = PackSize::default();
    let mut calls = 0;
    while records > 0 {
        let sent = size.records().min(batch_size);
        size.took(size.records(), Duration::ZERO);
        records = records.saturating_sub(sent as u64);
        calls += 1;
    }
    calls
}

#[cfg(test)]
mod tests {
    use sync_engine::Report;

    use super::*;

    #[test]
    fn reads_are_as_counted_and_writes_go_in_batches() {
        let calls = [("ifs.page", 3), ("ifs.token", 1), ("salesforce.find", 63)];
        let ran = Ran {
            flow: "suppliers".into(),
            report: Report {
                read: 12_500,
                created: 12_400,
                updated: 50,
                equal: 49,
                parked: 1,
                ..Report::default()
            },
            calls: calls.map(|(name, number)| (name.to_owned(), number)).into(),
            took: Duration::from_secs(1),
        };
        let forecast = Forecast::of(&ran, 200);
        assert_eq!(forecast, Forecast { reads: 66, writes: 63 });
        insta::assert_snapshot!(forecast.page(&ran, Paint::PLAIN), @r"
        suppliers  12,500 read: 12,400 to create, 50 to update, 49 equal, 1 would wait
          a run will take about 129 calls: 66 that read, 63 that write
        ");
        assert_eq!(Forecast::of(&ran, 1_000).writes, 14, "400, 800, then 1,000 each");
    }
}
