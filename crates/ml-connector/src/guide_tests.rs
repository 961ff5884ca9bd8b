//! The guide says nothing that the programs do not understand: its commands, its configuration, its links, and
//! the metrics of the dashboard.

use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::config::{CalendarTable, DaemonFile, ScheduleTable};
use crate::{daemon, verbs};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every page of the guide, by path.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = root().join("docs");
    let mut found =
        vec![(root().join("README.md"), std::fs::read_to_string(root().join("README.md")).unwrap())];
    for folder in [docs.clone(), docs.join("reference"), docs.join("errors")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "md") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The blocks of one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_command_of_the_guide_is_understood() {
    let mut commands = 0;
    for (path, page) in pages() {
        for line in blocks(&page, "sh").iter().flat_map(|block| block.lines()) {
            let line = line.split(" #").next().unwrap_or_default().trim();
            let words: Vec<&str> = line.split_whitespace().collect();
            let outcome = match words.first() {
                Some(&"ml-connector") => verbs::Cli::try_parse_from(&words).map(drop),
                Some(&"ml-connectord") => daemon::Args::try_parse_from(&words).map(drop),
                _ => continue,
            };
            assert!(outcome.is_ok(), "{}: `{line}`: {}", path.display(), outcome.unwrap_err());
            commands += 1;
        }
    }
    assert!(commands > 25, "{commands} commands: the guide is not read any more");
}

/// What the page about scheduling shows.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Either {
    schedule: Option<ScheduleTable>,
    calendar: Option<CalendarTable>,
}

#[test]
fn every_table_of_the_guide_is_understood() {
    let read = |name: &str| std::fs::read_to_string(root().join("docs").join(name)).unwrap();
    let operations = read("operations.md");
    let blocks_of = |page: &str| blocks(page, "toml").into_iter().map(str::to_owned).collect::<Vec<_>>();
    let daemon: DaemonFile = toml::from_str(&blocks_of(&operations)[0]).unwrap();
    daemon.alerts.check(Path::new("daemon.toml")).unwrap();
    assert_eq!(daemon.concurrency, DaemonFile::default().concurrency);
    let mut tables = 0;
    for block in blocks_of(&read("scheduling.md")) {
        let either: Either = toml::from_str(&block).unwrap();
        tables += usize::from(either.schedule.is_some()) + usize::from(either.calendar.is_some());
    }
    assert_eq!(tables, 2);
}

#[test]
fn links_of_the_guide_lead_somewhere() {
    for (path, page) in pages() {
        for target in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with('#') {
                continue;
            }
            let file = path.parent().unwrap().join(target.split('#').next().unwrap());
            assert!(file.exists(), "{}: {target}", path.display());
        }
    }
}

#[test]
fn the_dashboard_shows_metrics_that_there_are() {
    let text = std::fs::read_to_string(root().join("packaging/grafana/ml-connector.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let known = daemon::metric_names();
    let mut shown = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        let query = panel["targets"][0]["expr"].as_str().unwrap();
        for name in query.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            if name.starts_with("mlc_") {
                assert!(known.contains(&name), "{name}");
                shown += 1;
            }
        }
    }
    assert!(shown > 10);
}
