//! First loads, unchanged worlds, edits, sweeps, resuming.

use mapping::{Fields, Key, Value};
use ml_connector_tests::{Answer, Bench};
use sync_engine::{FaultClass, FlowError, Mode};

#[tokio::test]
async fn a_first_load_brings_every_row_once() {
    let bench = Bench::new(25);
    let report = bench.changes().await;
    assert_eq!((report.read, report.created, report.updated, report.pages), (25, 25, 0, 3));
    assert_eq!(bench.sink.records().len(), 25);
    assert_eq!(bench.sink.writes().len(), 25);
    assert!(bench.audit_holds().await);
}

#[tokio::test]
async fn pages_are_looked_up_together_as_far_as_a_batch_goes() {
    let mut bench = Bench::new(45);
    (bench.settings.batch, bench.settings.part) = (20, 15);
    let report = bench.changes().await;
    assert_eq!((report.read, report.created, report.pages), (45, 45, 5));
    assert_eq!(bench.sink.finds(), 3, "two pages, two pages, and the rest");
    assert!(bench.audit_holds().await);
}

#[tokio::test]
async fn an_unchanged_world_costs_no_write_and_no_look_up() {
    let bench = Bench::new(25);
    bench.changes().await;
    let finds = bench.sink.finds();
    let report = bench.changes().await;
    assert_eq!((report.unchanged, report.written()), (25, 0));
    assert_eq!(bench.sink.finds(), finds);
}

#[tokio::test]
async fn an_edit_becomes_one_update() {
    let bench = Bench::new(25);
    bench.changes().await;
    bench.source.set("K007", "new name");
    let report = bench.changes().await;
    assert_eq!((report.created, report.updated), (0, 1));
    assert_eq!(bench.name_of("K007").as_deref(), Some("new name"));
}

#[tokio::test]
async fn records_that_already_stand_in_the_target_are_linked_without_a_write() {
    let bench = Bench::new(3);
    let mut fields = Fields::new();
    fields.set("Name", Value::text("name 1"));
    bench.sink.meddle("K001", fields);
    let report = bench.changes().await;
    assert_eq!((report.created, report.equal), (2, 1));
    assert_eq!(bench.changes().await.unchanged, 3);
}

#[tokio::test]
async fn a_state_that_belongs_to_another_system_is_not_used() {
    let bench = Bench::new(3);
    // A system that begins to say which one it is, and then is another one behind the same address.
    bench.changes().await;
    bench.sink.call_itself("org 1");
    bench.source.set("K001", "one");
    assert_eq!(bench.changes().await.updated, 1);
    bench.sink.call_itself("org 2");
    bench.source.set("K001", "two");
    let error = bench.run(Mode::Changes).await.expect_err("another org");
    assert!(matches!(error, FlowError::OtherSystems { .. }), "{error}");
    assert!(error.to_string().contains("org 1") && error.hint().is_some_and(|hint| hint.contains("init")));
    assert_eq!(bench.name_of("K001").as_deref(), Some("one"));
    bench.sink.call_itself("org 1");
    assert_eq!(bench.changes().await.updated, 1);
}

#[tokio::test]
async fn a_sweep_puts_back_what_somebody_changed_in_the_target() {
    let bench = Bench::new(5);
    bench.changes().await;
    bench.sink.meddle("K002", Fields::new());
    assert_eq!(bench.changes().await.written(), 0, "a walk of changes does not look at it");
    let report = bench.run(Mode::Full).await.expect("the sweep ends well");
    assert_eq!((report.equal, report.updated, report.restored), (4, 1, 1));
    assert_eq!(bench.name_of("K002").as_deref(), Some("name 2"));
}

#[tokio::test]
async fn an_interrupted_sweep_goes_on_and_says_what_it_did_not_see() {
    let bench = Bench::new(25);
    bench.changes().await;
    bench.sink.meddle("K015", Fields::new());
    bench.sink.answer("K015", Answer::Refused(FaultClass::Access));
    bench.run(Mode::Full).await.expect_err("the sweep stops in its second page");
    bench.sink.meddle("K002", Fields::new());
    let report = bench.run(Mode::Full).await.expect("the sweep goes on");
    assert_eq!((report.resumed, report.read, report.restored), (true, 15, 1));
    let report = bench.run(Mode::Full).await.expect("a whole sweep");
    assert_eq!((report.resumed, report.read, report.restored), (false, 25, 1));
}

#[tokio::test]
async fn a_new_mapping_maps_everything_again() {
    let mut bench = Bench::new(5);
    bench.changes().await;
    bench.revision = 2;
    let report = bench.changes().await;
    assert_eq!((report.unchanged, report.equal, report.written()), (0, 5, 0));
}

#[tokio::test]
async fn single_keys_are_compared_with_the_target() {
    let bench = Bench::new(5);
    bench.changes().await;
    bench.sink.meddle("K003", Fields::new());
    let report = bench.run(Mode::Keys(vec![Key::from("K003")])).await.expect("the run ends well");
    assert_eq!((report.read, report.updated), (1, 1));
}

#[tokio::test]
async fn a_run_that_the_target_refuses_stops_and_goes_on_later_where_it_was() {
    let bench = Bench::new(25);
    bench.sink.close(Some(FaultClass::Access));
    let error = bench.run(Mode::Changes).await.expect_err("the target is closed");
    assert_eq!(error.class(), Some(FaultClass::Access));
    assert_eq!(error.hint(), Some("ask the test"));
    assert!(bench.sink.records().is_empty());
    bench.sink.close(None);
    assert_eq!(bench.changes().await.created, 25);
}

#[tokio::test]
async fn rows_that_the_mapper_leaves_out_are_no_error() {
    let bench = Bench::new(3);
    bench.source.set("K001", "skip");
    let report = bench.changes().await;
    assert_eq!((report.created, report.filtered, report.parked), (2, 1, 0));
}
