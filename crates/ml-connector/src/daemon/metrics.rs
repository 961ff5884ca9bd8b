//! The metrics of the daemon, in the text form of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schedule::Verdict;

use super::alert::Trouble;
use super::flow_state::FlowState;
use super::keeper::Keeper;
use super::metric::{self, Metric};
use crate::words;

/// The page under construction: the rows of each metric.
#[derive(Debug, Default)]
struct Page(BTreeMap<&'static str, Vec<String>>);

impl Page {
    fn row(&mut self, metric: Metric, labels: &[&str], value: f64) {
        let mut row = metric.name.to_owned();
        let pairs: Vec<String> = metric
            .labels
            .iter()
            .zip(labels)
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        if !pairs.is_empty() {
            row.extend(["{", &pairs.join(","), "}"]);
        }
        // Whole numbers are written as such.
        let _ = write!(row, " {value}");
        self.0.entry(metric.name).or_default().push(row);
    }

    fn text(self) -> String {
        let mut text = String::new();
        for metric in metric::ALL {
            let Some(rows) = self.0.get(metric.name) else { continue };
            let _ = writeln!(text, "# HELP {} {}", metric.name, metric.help);
            let _ = writeln!(text, "# TYPE {} {}", metric.name, metric.kind.word());
            for row in rows {
                text.extend([row, "\n"]);
            }
        }
        text
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "the text form knows no other numbers")]
fn number(count: u64) -> f64 {
    count as f64
}

/// The whole page.
pub(crate) fn page(keeper: &Keeper) -> String {
    let mut page = Page::default();
    page.row(metric::UP, &[env!("CARGO_PKG_VERSION")], 1.0);
    page.row(metric::START, &[], keeper.since.as_duration().as_secs_f64());
    page.row(metric::DRAINING, &[], flag(keeper.draining));
    page.row(metric::LINKS, &[], number(keeper.links.len() as u64));
    page.row(metric::OPEN, &[], number(keeper.worker.open_links() as u64));
    page.row(metric::MOVED, &[], number(keeper.moved));
    for trouble in Trouble::ALL {
        page.row(metric::ALERTS, &[trouble.word()], number(keeper.alerts.number(trouble) as u64));
    }
    let (sent, lost) = keeper.alerts.outlet.counts();
    page.row(metric::NOTICES, &["sent"], number(sent));
    page.row(metric::NOTICES, &["lost"], number(lost));
    page.row(metric::LOST_LINES, &[], number(keeper.log.dropped()));
    let now = keeper.clock.now();
    for (id, link) in &keeper.links {
        page.row(metric::WRONG, &[&id.0], flag(link.wrong.is_some()));
        let mut quota: BTreeMap<&str, u8> = BTreeMap::new();
        for (name, flow) in &link.flows {
            runs(&mut page, [&id.0, name], flow);
            records(&mut page, [&id.0, name], flow, now);
            quota.extend(&flow.quota);
        }
        for (system, left) in quota {
            page.row(metric::QUOTA, &[&id.0, system], f64::from(left) / 100.0);
        }
    }
    page.text()
}

fn runs(page: &mut Page, labels: [&str; 2], flow: &FlowState) {
    let [link, name] = labels;
    page.row(metric::RUNNING, &labels, flag(flow.running.is_some()));
    page.row(metric::PAUSED, &labels, flag(flow.memory.paused.is_some()));
    let held = flow.planned.as_ref().is_some_and(|planned| planned.next.held.is_some());
    page.row(metric::HELD, &labels, flag(held));
    if let Some(planned) = &flow.planned {
        page.row(metric::NEXT, &labels, planned.next.at.as_duration().as_secs_f64());
    }
    page.row(metric::RUNS, &[link, name, "ok"], number(flow.totals.succeeded));
    page.row(metric::RUNS, &[link, name, "failed"], number(flow.totals.failed));
    page.row(metric::FAILURES, &labels, f64::from(flow.memory.changes.failures));
    page.row(metric::SECONDS, &labels, flow.totals.seconds);
    page.row(metric::READ, &labels, number(flow.totals.read));
    page.row(metric::WRITTEN, &labels, number(flow.totals.written));
    page.row(metric::CALLS, &labels, number(flow.totals.calls));
}

fn records(page: &mut Page, labels: [&str; 2], flow: &FlowState, now: jiff::Timestamp) {
    let [link, name] = labels;
    if let Some(age) = flow.age(now) {
        page.row(metric::AGE, &labels, age.as_secs_f64());
    }
    if let Some(objective) = flow.freshness {
        page.row(metric::OBJECTIVE, &labels, objective.as_secs_f64());
    }
    if let Some(standing) = &flow.standing {
        page.row(metric::LINKED, &labels, number(standing.links));
        page.row(metric::DOUBT, &labels, number(standing.intents));
        for (class, waiting) in &standing.parked {
            page.row(metric::WAITING, &[link, name, words::class(*class)], number(*waiting));
        }
    }
    for deadline in &flow.changes.deadlines {
        if let Some((_, verdict)) = flow.verdict(deadline, now) {
            page.row(metric::DEADLINE, &[link, name, &deadline.name], flag(verdict == Verdict::Missed));
        }
    }
}
