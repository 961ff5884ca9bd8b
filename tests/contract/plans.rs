//! Plans show everything and write nothing; saved plans refuse what has moved.

use mapping::{Action, Fields, Key};
use ml_connector_tests::Bench;
use sync_engine::{FaultClass, Mode, Planned, Preview, Unwatched};

async fn planned(bench: &Bench, mode: Mode) -> Vec<Planned> {
    let mut plan = Vec::new();
    let mut visit = |preview| {
        if let Preview::Planned(planned) = preview {
            plan.push(*planned);
        }
    };
    bench.flow().preview(mode, &Unwatched, &mut visit).await.expect("the preview ends well");
    plan
}

#[tokio::test]
async fn a_preview_shows_the_differences_and_writes_nothing() {
    let bench = Bench::new(12);
    let plan = planned(&bench, Mode::Changes).await;
    assert_eq!(plan.len(), 12);
    assert!(plan.iter().all(|planned| planned.step.action == Action::Create));
    assert!(bench.sink.records().is_empty());
    assert_eq!(bench.changes().await.created, 12, "the cursor has not moved");
    bench.source.set("K003", "other");
    let plan = planned(&bench, Mode::Changes).await;
    assert_eq!(plan.len(), 1);
    let Action::Update { changes, .. } = &plan[0].step.action else { panic!("an update") };
    assert_eq!(changes[0].after.as_text(), Some("other"));
}

#[tokio::test]
async fn a_saved_plan_survives_the_file_and_is_carried_out() {
    let bench = Bench::new(3);
    let text = serde_json::to_string(&planned(&bench, Mode::Changes).await).expect("plans are JSON");
    let plan: Vec<Planned> = serde_json::from_str(&text).expect("plans read back");
    let carried = bench.flow().apply(plan, &Unwatched).await.expect("applies");
    assert_eq!((carried.report.created, carried.moved.len()), (3, 0));
}

#[tokio::test]
async fn a_saved_plan_of_updates_is_carried_out_too() {
    let bench = Bench::new(3);
    bench.changes().await;
    bench.source.set("K000", "edited");
    bench.source.set("K003", "new");
    let plan = planned(&bench, Mode::Changes).await;
    let carried = bench.flow().apply(plan, &Unwatched).await.expect("applies");
    assert_eq!((carried.report.updated, carried.report.created, carried.moved.len()), (1, 1, 0));
    assert_eq!(bench.name_of("K000").as_deref(), Some("edited"));
}

#[tokio::test]
async fn a_saved_plan_refuses_what_has_moved() {
    let bench = Bench::new(3);
    let plan = planned(&bench, Mode::Changes).await;
    bench.source.set("K000", "moved in the source");
    bench.sink.meddle("K001", Fields::new());
    let carried = bench.flow().apply(plan, &Unwatched).await.expect("applies");
    assert_eq!(carried.report.written(), 1);
    let moved: Vec<&str> = carried.moved.iter().map(|moved| moved.key.as_str()).collect();
    assert_eq!(moved, ["K000", "K001"]);
}

#[tokio::test]
async fn an_explanation_tells_both_sides() {
    let bench = Bench::new(2);
    bench.changes().await;
    bench.source.set("K001", "unmappable");
    bench.changes().await;
    let explained = bench.flow().explain(&Key::from("K001")).await.expect("explains");
    assert!(explained.link.is_some());
    assert_eq!(explained.parked.map(|parked| parked.fault.code).as_deref(), Some("UNMAPPABLE"));
    assert!(explained.mapped.is_some_and(|mapped| mapped.is_err()));
    let unknown = bench.flow().explain(&Key::from("nobody")).await.expect("explains");
    assert!(unknown.observed.is_none() && unknown.link.is_none());
}

#[tokio::test]
async fn an_explanation_tells_what_is_known_while_the_target_is_away() {
    let bench = Bench::new(1);
    bench.changes().await;
    bench.sink.leave(FaultClass::Transient);
    let explained = bench.flow().explain(&Key::from("K000")).await.expect("explains");
    assert!(explained.observed.is_some() && explained.link.is_some());
    assert!(explained.mapped.is_none());
    assert!(explained.unread.is_some_and(|error| error.class() == Some(FaultClass::Transient)));
}
