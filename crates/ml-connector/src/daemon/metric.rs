//! The names of metrics, declared here once: the endpoint and its page in the guide are made from this.

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Counts up.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Metric {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) kind: Kind,
    /// What it is about.
    pub(crate) labels: &'static [&'static str],
    /// What it says.
    pub(crate) help: &'static str,
}

const FLOW: &[&str] = &["link", "flow"];

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

pub(crate) const UP: Metric = gauge("mlc_up", &["version"], "1 while the daemon runs.");
pub(crate) const START: Metric =
    gauge("mlc_start_time_seconds", &[], "When the daemon began, in seconds since 1970.");
pub(crate) const DRAINING: Metric = gauge("mlc_draining", &[], "1 while the daemon is being stopped.");
pub(crate) const LINKS: Metric = gauge("mlc_links", &[], "Links that the daemon looks after.");
pub(crate) const OPEN: Metric =
    gauge("mlc_links_open", &[], "Links whose databases and connections are open.");
pub(crate) const MOVED: Metric =
    counter("mlc_clock_moved_total", &[], "How often the wall clock was moved by more than five seconds.");
pub(crate) const WRONG: Metric = gauge(
    "mlc_configuration_wrong",
    &["link"],
    "1 while the files of the link are wrong; the last right ones stay in force.",
);
pub(crate) const RUNNING: Metric = gauge("mlc_flow_running", FLOW, "1 while the flow runs.");
pub(crate) const PAUSED: Metric = gauge("mlc_flow_paused", FLOW, "1 while somebody has paused the flow.");
pub(crate) const HELD: Metric =
    gauge("mlc_flow_held", FLOW, "1 while the flow is due and waits for the calendar.");
pub(crate) const NEXT: Metric = gauge(
    "mlc_flow_next_run_time_seconds",
    FLOW,
    "When the flow runs next, in seconds since 1970; absent if it does not by itself.",
);
pub(crate) const RUNS: Metric = counter(
    "mlc_flow_runs_total",
    &["link", "flow", "result"],
    "Runs that ended, by result (`ok`, `failed`), since the daemon began.",
);
pub(crate) const FAILURES: Metric =
    gauge("mlc_flow_failures_in_a_row", FLOW, "Runs that have failed since the last good one.");
pub(crate) const SECONDS: Metric =
    counter("mlc_flow_run_seconds_total", FLOW, "Seconds that good runs took.");
pub(crate) const READ: Metric =
    counter("mlc_flow_rows_read_total", FLOW, "Rows read from the source, repeated ones too.");
pub(crate) const WRITTEN: Metric =
    counter("mlc_flow_records_written_total", FLOW, "Records made and updated in the target.");
pub(crate) const CALLS: Metric =
    counter("mlc_flow_calls_total", FLOW, "Calls to both systems, repeated ones too.");
pub(crate) const AGE: Metric = gauge(
    "mlc_flow_age_seconds",
    FLOW,
    "How old the oldest change may be that is not carried yet, in hours in which the flow may run.",
);
pub(crate) const OBJECTIVE: Metric =
    gauge("mlc_flow_age_objective_seconds", FLOW, "How old it should get at most (`freshness`).");
pub(crate) const LATENESS: Metric = gauge(
    "mlc_flow_lateness_seconds",
    FLOW,
    "How long after its time the last run by schedule began; other runs are what it waits for.",
);
pub(crate) const AUDIT_WAITS: Metric =
    counter("mlc_flow_audit_writes_total", FLOW, "Writes to the audit log; nothing leaves before its own.");
pub(crate) const AUDIT_SECONDS: Metric =
    counter("mlc_flow_audit_seconds_total", FLOW, "Seconds that calls waited for the audit log.");
pub(crate) const LINKED: Metric =
    gauge("mlc_flow_records_linked", FLOW, "Pairs of records that belong together.");
pub(crate) const DOUBT: Metric =
    gauge("mlc_flow_writes_in_doubt", FLOW, "Writes whose outcome is not known yet.");
pub(crate) const WAITING: Metric = gauge(
    "mlc_flow_records_waiting",
    &["link", "flow", "class"],
    "Records that wait, by class (`quarantine`, `orphan`, `settling`, `retry`).",
);
pub(crate) const DEADLINE: Metric = gauge(
    "mlc_flow_deadline_missed",
    &["link", "flow", "deadline"],
    "1 while the last deadline of this name is missed.",
);
pub(crate) const QUOTA: Metric = gauge(
    "mlc_system_quota_left_ratio",
    &["link", "system"],
    "What is left of a system's daily calls, from 0 to 1, as it said last.",
);
pub(crate) const QUOTA_LASTS: Metric = gauge(
    "mlc_system_quota_lasts_seconds",
    &["link", "system"],
    "How long what is left would last at the pace of the last hours; absent while nothing is used.",
);
pub(crate) const ALERTS: Metric =
    gauge("mlc_alerts_raised", &["trouble"], "What is wrong now, by kind of trouble.");
pub(crate) const NOTICES: Metric = counter(
    "mlc_notices_total",
    &["result"],
    "Notices by result: `sent`, or `lost` because nobody took them in time.",
);

pub(crate) const LOST_LINES: Metric =
    counter("mlc_log_lines_dropped_total", &[], "Log lines that nobody took in time.");

pub(crate) const LOST_TELEMETRY: Metric =
    counter("mlc_telemetry_lost_total", &[], "Spans and values that no collector took.");

/// All of them, in the order in which they are shown.
pub(crate) const ALL: [Metric; 32] = [
    UP,
    START,
    DRAINING,
    LINKS,
    OPEN,
    MOVED,
    WRONG,
    RUNNING,
    PAUSED,
    HELD,
    NEXT,
    RUNS,
    FAILURES,
    SECONDS,
    READ,
    WRITTEN,
    CALLS,
    AUDIT_WAITS,
    AUDIT_SECONDS,
    LATENESS,
    AGE,
    OBJECTIVE,
    LINKED,
    DOUBT,
    WAITING,
    DEADLINE,
    QUOTA,
    QUOTA_LASTS,
    ALERTS,
    NOTICES,
    LOST_LINES,
    LOST_TELEMETRY,
];

impl Kind {
    /// Its name in the text form of Prometheus.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// The page `docs/reference/metrics.md`.
#[cfg(test)]
fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\nThe daemon shows these at `/metrics`, in the text form of Prometheus. This page is made \
         from\n`crates/ml-connector/src/daemon/metric.rs`; a test keeps both in step.\n\n\
         | name | kind | labels | what it says |\n|---|---|---|---|\n",
    );
    for metric in ALL {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let row =
            [&format!("`{}`", metric.name), metric.kind.word(), &labels.join(", "), metric.help].join(" | ");
        page.extend(["| ", &row, " |\n"]);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_tells_what_the_endpoint_shows() {
        crate::shipped::is_current("reference/metrics.md", &page());
    }

    #[test]
    fn names_are_unique_and_end_as_their_kind_demands() {
        let mut names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
        }
    }
}
