//! What a flow may do without a person: deletions, brakes, waiting for others, doubted state.

use std::time::Duration;

use mapping::{Fields, Side, Value};
use ml_connector_tests::{Bench, ScriptedSink};
use store::MemoryStore;
use sync_engine::{
    Brakes, Commit, ConflictQuery, ConflictState, Cursor, Deletes, Desk as _, FlowError, Limit, Missing,
    Mode, ParkedClass, StateStore as _, Unwatched,
};
use wire::Clock as _;

fn names(text: &str) -> Fields {
    [("Name".into(), Value::text(text)), ("Kind".into(), Value::text("row"))].into_iter().collect()
}

#[tokio::test]
async fn records_that_a_sweep_misses_are_removed_by_policy_only() {
    let mut bench = Bench::new(5);
    bench.changes().await;
    bench.source.remove("K001");
    let report = bench.run(Mode::Full).await.expect("runs");
    assert_eq!((report.gone, report.removed, bench.sink.records().len()), (1, 0, 5), "ignored by default");
    bench.source.remove("K002");
    bench.settings.deletes = Deletes::Delete;
    let report = bench.run(Mode::Full).await.expect("runs");
    assert_eq!((report.gone, report.removed), (1, 1), "what was known to be gone is not looked at again");
    assert!(!bench.sink.records().contains_key("K002"));
    bench.source.remove("K003");
    bench.settings.deletes = Deletes::Mark([("Kind".into(), Value::text("gone"))].into_iter().collect());
    bench.run(Mode::Full).await.expect("runs");
    let kind = bench.sink.records().get("K003").and_then(|fields| fields.get("Kind").cloned());
    assert_eq!(kind, Some(Value::text("gone")));
    bench.source.set("K002", "again");
    assert_eq!(bench.changes().await.created, 1, "a record that comes back is a new one");
}

#[tokio::test]
async fn a_source_that_shows_nothing_removes_nothing() {
    let mut bench = Bench::new(3);
    bench.settings.deletes = Deletes::Delete;
    bench.changes().await;
    for key in ["K000", "K001", "K002"] {
        bench.source.remove(key);
    }
    let report = bench.run(Mode::Full).await.expect("runs");
    assert_eq!((report.removed, bench.sink.records().len()), (0, 3));
}

#[tokio::test]
async fn a_run_that_would_change_too_much_stops_and_asks() {
    let mut bench = Bench::new(40);
    bench.changes().await;
    for number in 0..40 {
        bench.source.set(&format!("K{number:03}"), "all at once");
    }
    let limit = Limit { records: 15, percent: 5 };
    bench.settings.brakes = Brakes { changes: limit, ..Brakes::default() };
    let before = bench.sink.writes().len();
    let error = bench.run(Mode::Changes).await.expect_err("too many");
    assert!(matches!(error, FlowError::Braked { planned: 20, limit: 15, .. }), "{error:?}");
    assert_eq!(bench.sink.writes().len() - before, 10, "nothing of the page that would be too much");
    let report = bench.flow().confirmed().cycle(Mode::Changes, &Unwatched).await.expect("confirmed");
    assert_eq!(report.updated, 30);
}

#[tokio::test]
async fn what_must_not_be_made_waits_until_it_is_there() {
    let mut bench = Bench::new(2);
    bench.settings.policy.create = false;
    bench.settings.missing = Missing::Wait;
    bench.changes().await;
    let parked = bench.parked().await;
    assert!(parked.iter().all(|one| one.class == ParkedClass::Orphan && one.waits_for.len() == 1));
    bench.sink.meddle("K001", names("made by somebody"));
    let report = bench.changes().await;
    assert_eq!((report.updated, report.released), (1, 1), "without waiting for its time");
    assert_eq!(bench.parked().await.len(), 1);
}

#[tokio::test]
async fn state_that_was_lost_overwrites_nothing() {
    let mut bench = Bench::new(4);
    bench.changes().await;
    bench.sink.meddle("K001", names("edited there"));
    bench.store = MemoryStore::default();
    let report = bench.changes().await;
    assert!(report.careful, "the log knows of a run that the state has never heard of");
    assert_eq!((report.written(), report.equal, report.conflicts), (0, 4, 1));
    let open = bench.store.conflicts(&ConflictQuery::default()).await.expect("reads");
    assert_eq!(open[0].claim.now.get("Name"), Some(&Value::text("edited there")));
    let report = bench.run(Mode::Full).await.expect("runs");
    assert_eq!((report.careful, report.written()), (false, 0), "still for a person to decide");
    let decided = ConflictState::Decided { winner: Side::Source, by: "somebody".into(), at: open[0].since };
    let decided = sync_engine::Conflict { state: decided, ..open[0].clone() };
    bench.store.keep_conflicts(vec![decided]).await.expect("keeps");
    assert_eq!(bench.changes().await.updated, 1);
    assert_eq!(bench.name_of("K001").as_deref(), Some("name 1"));
    assert_eq!(bench.store.conflicts(&ConflictQuery::default()).await.expect("reads"), []);
}

#[tokio::test]
async fn what_the_target_stores_otherwise_is_not_put_back_for_ever() {
    let bench = Bench::new(1);
    bench.sink.store_capitals();
    bench.changes().await;
    let mut written = Vec::new();
    for _ in 0..4 {
        bench.clock.advance(Duration::from_hours(1));
        written.push(bench.run(Mode::Full).await.expect("runs").written());
    }
    assert_eq!(written, [1, 1, 0, 0], "put back twice, then learned");
    bench.sink.meddle("K000", names("somebody"));
    assert_eq!(bench.run(Mode::Full).await.expect("runs").restored, 1, "an edit is still put back");
}

#[tokio::test]
async fn other_systems_are_refused() {
    let mut bench = Bench::new(1);
    bench.changes().await;
    bench.sink.call_itself("org 1");
    bench.source.call_itself("tenant");
    bench.changes().await;
    bench.sink.call_itself("org 2");
    bench.source.set("K000", "new");
    let error = bench.run(Mode::Changes).await.expect_err("another org");
    assert!(matches!(error, FlowError::OtherSystems { .. }), "{error:?}");
    assert_eq!(bench.name_of("K000").as_deref(), Some("name 0"));
    bench.sink = std::sync::Arc::new(ScriptedSink::default());
    bench.sink.call_itself("org 1");
    bench.changes().await;
}

#[tokio::test]
async fn a_place_that_the_source_has_forgotten_is_no_end() {
    let bench = Bench::new(4);
    bench.changes().await;
    let fence = bench.store.take("rows", bench.clock.now()).await.expect("memory answers").fence;
    let cursor = Some(Cursor("expired".into()));
    let forgotten = Commit { cursor, ..Commit::default() };
    bench.store.commit("rows", fence, forgotten).await.expect("memory answers");
    bench.source.set("K001", "changed in the hole");
    let report = bench.changes().await;
    assert!(report.restarted, "everything is walked again");
    assert_eq!((report.read, report.updated), (4, 1));
    assert!(!bench.changes().await.restarted, "and the walk goes on from there");
}
