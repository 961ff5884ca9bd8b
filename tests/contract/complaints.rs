//! The pages of complaints and of faults name tests: each of them must be there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ml_connector_tests::{Answer, Bench};
use sync_engine::{FaultClass, ParkedClass};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests live below the workspace").to_owned()
}

/// The names of all functions below `folder`.
pub(crate) fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).expect("readable").flatten().map(|entry| entry.path()) {
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            functions(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
}

/// The names in backquotes that look like tests: words joined by underscores, more than two of them.
fn named(page: &str) -> BTreeSet<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    let word = |name: &&str| {
        name.matches('_').count() > 2
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
    };
    quoted.filter(word).collect()
}

#[test]
fn every_complaint_and_every_fault_has_the_test_that_is_named() {
    let page = |name: &str| fs::read_to_string(root().join("docs").join(name)).expect("there is a page");
    let page = page("complaints.md") + &page("faults.md");
    let mut known = BTreeSet::new();
    for folder in ["crates", "tests"] {
        functions(&root().join(folder), &mut known);
    }
    let tests = named(&page);
    assert!(tests.len() > 60, "the page names tests: {tests:?}");
    let missing: Vec<&&str> = tests.iter().filter(|name| !known.contains(**name)).collect();
    assert!(missing.is_empty(), "named and not there: {missing:?}");
    assert_eq!(named("`no_test_of_this_name` and `cursor`").len(), 1, "the measure measures");
}

#[tokio::test]
async fn a_child_waits_for_its_parent_and_is_released() {
    let bench = Bench::new(3);
    bench.sink.answer("K001", Answer::Refused(FaultClass::Dependency));
    let report = bench.changes().await;
    assert_eq!((report.created, report.parked), (2, 1), "the others go on");
    assert_eq!(bench.parked().await[0].class, ParkedClass::Orphan, "it is visible for what it waits");
    assert_eq!(bench.name_of("K001"), None, "nothing was written without its parent");
    bench.clock.advance(Duration::from_secs(61));
    let report = bench.changes().await;
    assert_eq!((report.created, report.released), (1, 1), "its parent has landed");
}
