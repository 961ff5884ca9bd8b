//! What happens when nobody knows whether a write landed.

use std::time::Duration;

use ml_connector_tests::{Answer, Bench};
use sync_engine::{Mode, ParkedClass};

#[tokio::test]
async fn a_write_that_landed_without_an_answer_is_found_and_not_repeated() {
    let bench = Bench::new(1);
    bench.sink.answer("K000", Answer::LostAfterWriting);
    let report = bench.changes().await;
    assert_eq!((report.settled, bench.sink.writes().len()), (1, 1));
    assert_eq!(bench.changes().await.unchanged, 1);
}

#[tokio::test]
async fn a_write_that_did_not_land_is_repeated_with_the_same_content() {
    let bench = Bench::new(1);
    bench.sink.answer("K000", Answer::LostBeforeWriting);
    let report = bench.changes().await;
    assert_eq!((report.created, bench.sink.writes().len()), (1, 1));
}

#[tokio::test]
async fn a_record_whose_writes_are_all_lost_waits_and_comes_back_by_itself() {
    let bench = Bench::new(2);
    for _ in 0..3 {
        bench.sink.answer("K001", Answer::LostBeforeWriting);
    }
    let report = bench.changes().await;
    assert_eq!((report.created, report.parked), (1, 1));
    assert_eq!(bench.parked().await[0].class, ParkedClass::Retry);
    bench.clock.advance(Duration::from_mins(2));
    let report = bench.changes().await;
    assert_eq!((report.created, report.released), (1, 1));
}

/// The heart of it: an old value must not win because its request was slow.
#[tokio::test]
async fn another_value_waits_until_a_lost_write_can_no_longer_land() {
    let bench = Bench::new(1);
    bench.changes().await;
    bench.source.set("K000", "second");
    for _ in 0..3 {
        bench.sink.answer("K000", Answer::LandsLater);
    }
    bench.changes().await;
    bench.source.set("K000", "third");
    let report = bench.changes().await;
    assert_eq!((report.written(), report.parked), (0, 1));
    assert_eq!(bench.parked().await[0].class, ParkedClass::Settling);
    bench.sink.land();
    assert_eq!(bench.name_of("K000").as_deref(), Some("second"));
    bench.clock.advance(Duration::from_mins(20));
    let report = bench.changes().await;
    assert_eq!((report.updated, report.released), (1, 1));
    assert_eq!(bench.name_of("K000").as_deref(), Some("third"));
}

#[tokio::test]
async fn going_back_to_the_old_value_waits_too() {
    let bench = Bench::new(1);
    bench.changes().await;
    bench.source.set("K000", "second");
    for _ in 0..3 {
        bench.sink.answer("K000", Answer::LandsLater);
    }
    bench.changes().await;
    bench.source.set("K000", "name 0");
    bench.changes().await;
    bench.sink.land();
    bench.clock.advance(Duration::from_mins(20));
    bench.changes().await;
    assert_eq!(bench.name_of("K000").as_deref(), Some("name 0"));
    assert!(bench.parked().await.is_empty());
}

#[tokio::test]
async fn the_same_value_need_not_wait() {
    let bench = Bench::new(1);
    for _ in 0..3 {
        bench.sink.answer("K000", Answer::LandsLater);
    }
    bench.changes().await;
    bench.clock.advance(Duration::from_mins(2));
    let report = bench.changes().await;
    assert_eq!(report.created, 1);
    bench.sink.land();
    assert_eq!(bench.run(Mode::Full).await.expect("ends well").written(), 0);
}

/// F8 where the target chooses keys: a lost create is not repeated while it may land, and a crash
/// does not make that forgotten.
#[tokio::test]
async fn f8_a_record_that_the_target_numbers_is_made_once_whatever_lands_when() {
    for lands in [true, false] {
        let bench = Bench::new(1);
        bench.sink.numbers();
        bench.sink.answer("K000", Answer::LandsLater);
        let report = bench.changes().await;
        assert_eq!((report.created, report.parked, bench.sink.made("K000")), (0, 1, 0));
        assert_eq!(bench.parked().await[0].class, ParkedClass::Settling);
        // Each run is a fresh process that knows what is durable.
        bench.clock.advance(Duration::from_mins(1));
        assert_eq!((bench.run(Mode::Full).await.unwrap().created, bench.sink.made("K000")), (0, 0));
        if lands {
            bench.sink.land();
        }
        bench.clock.advance(Duration::from_mins(20));
        bench.changes().await;
        assert_eq!((bench.sink.made("K000"), bench.parked().await.len()), (1, 0), "lands: {lands}");
    }
}
