//! The metrics of the daemon, in the text form of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use schedule::Verdict;

use super::alert::Trouble;
use super::flow_state::FlowState;
use super::keeper::Keeper;
use super::metric::{self, Metric};
use super::pace::Pace;
use crate::view;
use crate::wiring::Allowance;

/// One value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The metric.
    pub(crate) metric: Metric,
    /// What it is about, in the order of the metric's labels.
    pub(crate) labels: Vec<String>,
    /// The value.
    pub(crate) value: f64,
}

/// The rows under construction, by metric.
#[derive(Debug, Default)]
struct Page(BTreeMap<&'static str, Vec<Row>>);

impl Page {
    fn row(&mut self, metric: Metric, labels: &[&str], value: f64) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self.0.entry(metric.name).or_default().push(Row { metric, labels, value });
    }

    /// All rows, in the order in which their metrics are declared.
    fn rows(mut self) -> Vec<Row> {
        metric::ALL.into_iter().flat_map(|metric| self.0.remove(metric.name).unwrap_or_default()).collect()
    }
}

/// The whole page.
pub(crate) fn page(keeper: &Keeper) -> String {
    let mut text = String::new();
    for rows in rows(keeper).chunk_by(|left, right| left.metric == right.metric) {
        let Some(Row { metric, .. }) = rows.first() else { continue };
        let _ = writeln!(text, "# HELP {} {}", metric.name, metric.help);
        let _ = writeln!(text, "# TYPE {} {}", metric.name, metric.kind.word());
        for row in rows {
            text.extend([line(row).as_str(), "\n"]);
        }
    }
    text
}

fn line(row: &Row) -> String {
    let labels = row.metric.labels.iter().zip(&row.labels);
    let pairs: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let labels = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
    // Whole numbers are written as such.
    format!("{}{labels} {}", row.metric.name, row.value)
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

/// All values as they stand.
pub(crate) fn rows(keeper: &Keeper) -> Vec<Row> {
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
    page.row(metric::LOST_TELEMETRY, &[], number(keeper.telemetry_lost.load(Ordering::Relaxed)));
    let now = keeper.clock.now();
    for (id, link) in &keeper.links {
        page.row(metric::WRONG, &[&id.0], flag(link.wrong.is_some()));
        let mut quota: BTreeMap<&str, Allowance> = BTreeMap::new();
        let mut speeds: BTreeMap<&str, Pace> = BTreeMap::new();
        for (name, flow) in &link.flows {
            runs(&mut page, [&id.0, name], flow);
            records(&mut page, [&id.0, name], flow, now);
            quota.extend(&flow.quota);
            speeds.extend(&flow.pace);
        }
        for (system, left) in quota {
            page.row(metric::QUOTA, &[&id.0, system], left.ratio());
        }
        for (system, speed) in speeds {
            if let Some(lasts) = speed.lasts() {
                page.row(metric::QUOTA_LASTS, &[&id.0, system], lasts.as_secs_f64());
            }
        }
    }
    page.rows()
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
    page.row(metric::AUDIT_WAITS, &labels, number(flow.totals.audit.number));
    page.row(metric::AUDIT_SECONDS, &labels, flow.totals.audit.lasting.as_secs_f64());
    if let Some(late) = flow.late {
        page.row(metric::LATENESS, &labels, late.as_secs_f64());
    }
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
            page.row(metric::WAITING, &[link, name, view::words::class(*class)], number(*waiting));
        }
    }
    for deadline in &flow.changes.deadlines {
        if let Some((_, verdict)) = flow.verdict(deadline, now) {
            page.row(metric::DEADLINE, &[link, name, &deadline.name], flag(verdict == Verdict::Missed));
        }
    }
}
