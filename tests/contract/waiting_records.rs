//! Quarantine and the other ways to wait.

use std::time::Duration;

use ml_connector_tests::{Answer, Bench};
use sync_engine::{Desk, FaultClass, ParkedClass, ParkedQuery};
use wire::Clock;

#[tokio::test]
async fn what_cannot_be_mapped_waits_and_the_others_go_on() {
    let bench = Bench::new(3);
    bench.source.set("K001", "unmappable");
    let report = bench.changes().await;
    assert_eq!((report.created, report.parked), (2, 1));
    let parked = bench.parked().await;
    assert_eq!(parked[0].class, ParkedClass::Quarantine);
    assert_eq!(parked[0].fault.code, "UNMAPPABLE");
    assert_eq!(parked[0].fault.fields[0].as_str(), "Name");
}

#[tokio::test]
async fn a_waiting_record_is_not_tried_again_in_the_same_version() {
    let bench = Bench::new(1);
    bench.sink.answer("K000", Answer::Refused(FaultClass::Data));
    bench.changes().await;
    let finds = bench.sink.finds();
    assert_eq!(bench.changes().await.unchanged, 1);
    assert_eq!(bench.sink.finds(), finds);
}

#[tokio::test]
async fn mending_the_source_record_releases_it() {
    let bench = Bench::new(1);
    bench.source.set("K000", "unmappable");
    bench.changes().await;
    bench.source.set("K000", "mended");
    let report = bench.changes().await;
    assert_eq!((report.created, report.released), (1, 1));
    assert!(bench.parked().await.is_empty());
}

#[tokio::test]
async fn a_new_mapping_releases_it() {
    let mut bench = Bench::new(1);
    bench.sink.answer("K000", Answer::Refused(FaultClass::Data));
    bench.changes().await;
    bench.revision = 2;
    assert_eq!(bench.changes().await.released, 1);
}

#[tokio::test]
async fn a_person_can_release_it() {
    let bench = Bench::new(1);
    bench.sink.answer("K000", Answer::Refused(FaultClass::Data));
    bench.changes().await;
    let all = ParkedQuery::default();
    assert_eq!(bench.store.release_parked(&all, bench.clock.now()).await, Ok(1));
    let report = bench.changes().await;
    assert_eq!((report.created, report.released), (1, 1));
}

#[tokio::test]
async fn passing_refusals_are_tried_again_with_growing_waits() {
    let bench = Bench::new(1);
    for _ in 0..2 {
        bench.sink.answer("K000", Answer::Refused(FaultClass::Transient));
    }
    bench.changes().await;
    assert_eq!(bench.parked().await[0].tries, 1);
    bench.clock.advance(Duration::from_secs(61));
    bench.changes().await;
    assert_eq!(bench.parked().await[0].tries, 2);
    bench.clock.advance(Duration::from_secs(61));
    assert_eq!(bench.changes().await.created, 0, "the second wait is longer");
    bench.clock.advance(Duration::from_secs(61));
    assert_eq!(bench.changes().await.created, 1);
}

#[tokio::test]
async fn unreadable_rows_wait_with_what_was_read() {
    let bench = Bench::new(2);
    bench.source.spoil("K001", "{broken");
    let report = bench.changes().await;
    assert_eq!((report.created, report.parked), (1, 1));
    assert_eq!(bench.parked().await[0].raw.as_deref(), Some("{broken"));
    assert_eq!(bench.changes().await.parked, 0, "told once");
    bench.source.set("K001", "mended");
    assert_eq!(bench.changes().await.released, 1);
}

#[tokio::test]
async fn two_rows_with_one_external_id_wait_for_a_person() {
    let bench = Bench::new(1);
    bench.source.set("K001", "as K000");
    let report = bench.changes().await;
    assert_eq!((report.created, report.parked), (0, 2));
    assert!(bench.parked().await.iter().all(|parked| parked.fault.class == FaultClass::Identity));
}

#[tokio::test]
async fn a_rival_that_comes_later_does_not_take_a_linked_record() {
    let bench = Bench::new(1);
    bench.changes().await;
    bench.source.set("K001", "as K000");
    assert_eq!(bench.changes().await.parked, 1);
    assert_eq!(bench.name_of("K000").as_deref(), Some("name 0"));
}

#[tokio::test]
async fn a_waiting_record_that_leaves_the_source_waits_no_longer() {
    let bench = Bench::new(1);
    bench.sink.answer("K000", Answer::Refused(FaultClass::Transient));
    bench.changes().await;
    bench.source.remove("K000");
    bench.clock.advance(Duration::from_mins(5));
    assert_eq!(bench.changes().await.released, 1);
    assert!(bench.parked().await.is_empty());
}
