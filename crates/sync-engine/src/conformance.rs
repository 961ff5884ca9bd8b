//! What every [`StateStore`], [`Ledger`](crate::Ledger), [`Source`](crate::Source) and [`Sink`](crate::Sink) must do: suites that each
//! implementation runs.

mod ledgers;
mod links;
mod pairs;
mod samples;
mod sinks;
mod sources;
mod waiting;

pub use ledgers::ledger;
pub use sinks::{Ground, sink};
pub use sources::{SourceBench, source};

use std::collections::BTreeSet;

use futures::future::join_all;

use self::samples::{FLOW, OTHER, all, attempt, commit, cursor, ids, intent, keys, link, parked, take, time};
use crate::{Commit, Fence, Intent, Link, ParkedClass, ParkedQuery, StateError, StateStore};

/// Holds a store against the contract of [`StateStore`] and [`Desk`](crate::Desk). `make` gives an
/// empty store each time it is called.
///
/// # Panics
/// At the first thing that the store does otherwise than the contract says.
pub async fn state_store<S: StateStore>(make: impl Fn() -> S) {
    taking_over_raises_the_fence(&make()).await;
    only_the_highest_fence_writes(&make()).await;
    flows_that_were_never_taken_cannot_be_written(&make()).await;
    one_of_many_takers_wins(&make()).await;
    cursors_move_only_when_told(&make()).await;
    links::links_replace_those_of_the_same_id(&make()).await;
    links::links_are_found_by_their_source(&make()).await;
    links::every_kind_of_value_comes_back_exactly(&make()).await;
    intents_stay_until_they_are_settled(&make()).await;
    attempts_are_unique(&make()).await;
    a_commit_is_one_change(&make()).await;
    waiting::parked_records_replace_and_leave(&make()).await;
    waiting::parked_records_are_found_by_what_they_are(&make()).await;
    waiting::people_release_and_discard(&make()).await;
    flows_do_not_see_each_other(&make()).await;
    waiting::the_glance_tells_it_all(&make()).await;
    waiting::people_take_records_on_and_amend_them(&make()).await;
    waiting::flows_hand_records_over(&make()).await;
    pairs::two_flows_share_a_book(&make()).await;
    pairs::links_are_walked_and_taken_apart(&make()).await;
    pairs::conflicts_stay_until_they_are_settled(&make()).await;
    pairs::open_intents_are_seen_by_others(&make()).await;
}

async fn taking_over_raises_the_fence<S: StateStore>(store: &S) {
    let first = take(store, FLOW).await;
    assert!(first.clean, "a new flow has nothing to clean up");
    assert_eq!((&first.cursor, &first.sweep, first.intents.len()), (&None, &None, 0));
    let second = take(store, FLOW).await;
    assert!(second.fence > first.fence, "every take raises the fence");
    assert!(!second.clean, "the first holder did not release it");
    store.release(FLOW, second.fence).await.expect("the holder releases");
    let third = take(store, FLOW).await;
    assert!(third.clean, "it was released in good order");
    assert!(third.fence > second.fence, "a release does not lower the fence");
    commit(store, third.fence, Commit { cursor: Some(cursor("1")), ..Commit::default() }).await;
    assert!(!take(store, FLOW).await.clean, "a commit is no release");
}

async fn only_the_highest_fence_writes<S: StateStore>(store: &S) {
    let old = take(store, FLOW).await.fence;
    store.intend(FLOW, old, vec![intent("a/1", "1")]).await.expect("still the holder");
    let new = take(store, FLOW).await.fence;
    let fenced = |result: Result<(), StateError>| {
        let due = StateError::Fenced { flow: FLOW.into(), fence: new };
        assert_eq!(result, Err(due), "an older fence is refused, and told the one in force");
    };
    fenced(store.intend(FLOW, old, vec![intent("a/2", "2")]).await);
    let late = Commit {
        cursor: Some(cursor("late")),
        links: vec![link("1", "1", 1)],
        settled: vec![attempt("a/1")],
        parked: vec![parked(FLOW, "9", ParkedClass::Retry, 1)],
        ..Commit::default()
    };
    fenced(store.commit(FLOW, old, late.clone()).await);
    fenced(store.release(FLOW, old).await);
    assert!(store.commit(FLOW, Fence(new.0 + 1), late).await.is_err(), "a fence nobody was given");
    let taken = take(store, FLOW).await;
    assert_eq!(taken.intents, [intent("a/1", "1")], "refused writes leave nothing behind");
    assert_eq!((taken.cursor, taken.clean), (None, false));
    assert_eq!(store.links(FLOW, &ids(&["1"])).await.expect("reads"), [None]);
    assert_eq!(store.parked(&ParkedQuery::default()).await.expect("reads"), []);
}

async fn flows_that_were_never_taken_cannot_be_written<S: StateStore>(store: &S) {
    for fence in [Fence(0), Fence(1)] {
        let fenced = |result| {
            let fenced = matches!(result, Err(StateError::Fenced { .. }));
            assert!(fenced, "nobody holds it: {result:?}");
        };
        fenced(store.intend(FLOW, fence, vec![intent("a/1", "1")]).await);
        fenced(store.commit(FLOW, fence, Commit::default()).await);
        fenced(store.release(FLOW, fence).await);
    }
    assert_eq!(store.flows().await.expect("reads"), [], "only a take makes a flow");
    assert_eq!(store.links(FLOW, &ids(&["1"])).await.expect("an unknown flow has no links"), [None]);
    assert_eq!(store.links_by_source(FLOW, &keys(&["1"])).await.expect("reads"), [None]);
}

async fn one_of_many_takers_wins<S: StateStore>(store: &S) {
    let takes = join_all((0..8).map(|_| take(store, FLOW))).await;
    let fences: BTreeSet<Fence> = takes.iter().map(|taken| taken.fence).collect();
    assert_eq!(fences.len(), takes.len(), "no fence is given out twice");
    assert_eq!(takes.iter().filter(|taken| taken.clean).count(), 1, "one of them came first");
    let last = fences.last().copied();
    let commits = takes.iter().map(|taken| async move {
        let name = taken.fence.0.to_string();
        let links = vec![link(&name, &name, 1)];
        (taken.fence, store.commit(FLOW, taken.fence, Commit { links, ..Commit::default() }).await)
    });
    for (fence, result) in join_all(commits).await {
        assert_eq!(result.is_ok(), Some(fence) == last, "only the last taker writes: {fence:?} {result:?}");
    }
    assert_eq!(store.flows().await.expect("reads")[0].links, 1);
}

async fn cursors_move_only_when_told<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let moves = [
        (Some("a"), None, (Some("a"), None)),
        (None, None, (Some("a"), None)),
        (None, Some(Some("s1")), (Some("a"), Some("s1"))),
        (Some("b"), None, (Some("b"), Some("s1"))),
        (None, Some(Some("s2")), (Some("b"), Some("s2"))),
        (Some("c"), Some(None), (Some("c"), None)),
        (None, Some(None), (Some("c"), None)),
    ];
    let mut fence = fence;
    for (walk, sweep, due) in moves {
        let sweep = sweep.map(|sweep| sweep.map(cursor));
        commit(store, fence, Commit { cursor: walk.map(cursor), sweep, ..Commit::default() }).await;
        let taken = take(store, FLOW).await;
        fence = taken.fence;
        assert_eq!((taken.cursor, taken.sweep), (due.0.map(cursor), due.1.map(cursor)));
    }
}

async fn intents_stay_until_they_are_settled<S: StateStore>(store: &S) {
    let mut fence = take(store, FLOW).await.fence;
    let doubted = Intent { doubtful_until: Some(time(5)), ..intent("b/1", "1") };
    let first: Vec<Intent> = ["a/10", "a/9", "a/1"].map(|name| intent(name, "1")).into();
    store.intend(FLOW, fence, first.clone()).await.expect("keeps");
    store.intend(FLOW, fence, Vec::new()).await.expect("nothing is no error");
    store.intend(FLOW, fence, vec![doubted.clone()]).await.expect("keeps");
    let taken = take(store, FLOW).await;
    let all: Vec<Intent> = first.iter().cloned().chain([doubted]).collect();
    assert_eq!(taken.intents, all, "oldest first");
    fence = taken.fence;
    let settle = Commit {
        settled: vec![attempt("a/9"), attempt("unheard of")],
        doubtful: vec![(attempt("a/10"), time(7)), (attempt("unheard of"), time(7))],
        ..Commit::default()
    };
    commit(store, fence, settle.clone()).await;
    commit(store, fence, settle).await;
    let taken = take(store, FLOW).await;
    let waiting = Intent { doubtful_until: Some(time(7)), ..first[0].clone() };
    assert_eq!(taken.intents, [waiting, first[2].clone(), all[3].clone()]);
    let doubtful = vec![(attempt("a/1"), time(8)), (attempt("b/1"), time(9))];
    let settled = vec![attempt("a/1"), attempt("a/10")];
    commit(store, taken.fence, Commit { settled, doubtful, ..Commit::default() }).await;
    let taken = take(store, FLOW).await;
    assert_eq!(taken.intents, [Intent { doubtful_until: Some(time(9)), ..intent("b/1", "1") }]);
    commit(store, taken.fence, Commit { settled: vec![attempt("b/1")], ..Commit::default() }).await;
    assert_eq!(take(store, FLOW).await.intents, []);
}

async fn attempts_are_unique<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    store.intend(FLOW, fence, vec![intent("a/1", "1")]).await.expect("keeps");
    let again = vec![intent("a/2", "2"), intent("a/1", "3")];
    assert!(store.intend(FLOW, fence, again).await.is_err(), "a/1 names another attempt already");
    let twice = vec![intent("a/3", "2"), intent("a/3", "3")];
    assert!(store.intend(FLOW, fence, twice).await.is_err(), "two attempts of one name");
    let taken = take(store, FLOW).await;
    assert_eq!(taken.intents, [intent("a/1", "1")], "all of a call are kept, or none");
    let other = take(store, OTHER).await.fence;
    store.intend(OTHER, other, vec![intent("a/1", "1")]).await.expect("attempts are unique within a flow");
}

async fn a_commit_is_one_change<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    store.intend(FLOW, fence, vec![intent("a/1", "1"), intent("a/2", "2")]).await.expect("keeps");
    let waits = parked(FLOW, "1", ParkedClass::Retry, 1);
    commit(store, fence, Commit { parked: vec![waits], ..Commit::default() }).await;
    let change = Commit {
        cursor: Some(cursor("c")),
        sweep: Some(Some(cursor("s"))),
        links: vec![link("1", "A", 1)],
        settled: vec![attempt("a/1")],
        doubtful: vec![(attempt("a/2"), time(9))],
        parked: vec![parked(FLOW, "2", ParkedClass::Settling, 2)],
        released: keys(&["1", "unheard of"]),
        finished: Some(time(3)),
        fingerprint: Some("tenant -> org".into()),
        careful: Some(true),
        ..Commit::default()
    };
    commit(store, fence, change.clone()).await;
    let seen = store.parked(&ParkedQuery::default()).await.expect("reads");
    assert_eq!(seen, change.parked, "reads see every finished commit");
    assert_eq!(store.links(FLOW, &ids(&["A"])).await.expect("reads"), [Some(link("1", "A", 1))]);
    assert_eq!(store.flows().await.expect("reads")[0].finished, Some(time(3)));
    let taken = take(store, FLOW).await;
    assert_eq!((taken.cursor, taken.sweep), (Some(cursor("c")), Some(cursor("s"))));
    assert_eq!(taken.intents, [Intent { doubtful_until: Some(time(9)), ..intent("a/2", "2") }]);
    assert_eq!((taken.fingerprint.as_deref(), taken.careful), (Some("tenant -> org"), true));
    commit(store, taken.fence, Commit { careful: Some(false), ..Commit::default() }).await;
    let taken = take(store, FLOW).await;
    assert_eq!((taken.fingerprint.as_deref(), taken.careful), (Some("tenant -> org"), false));
}

async fn flows_do_not_see_each_other<S: StateStore>(store: &S) {
    let (mine, theirs) = (take(store, FLOW).await.fence, take(store, OTHER).await.fence);
    let change = |name: &str| Commit {
        cursor: Some(cursor(name)),
        sweep: Some(Some(cursor(name))),
        links: vec![Link { target: name.into(), ..link("1", "A", 1) }],
        parked: vec![parked(name, "1", ParkedClass::Retry, 1)],
        finished: Some(time(1)),
        ..Commit::default()
    };
    let kept = [(FLOW, mine), (OTHER, theirs)].map(|(flow, fence)| async move {
        store.intend(flow, fence, vec![intent("a/1", flow)]).await.expect("keeps");
        store.commit(flow, fence, change(flow)).await.expect("commits");
    });
    join_all(kept).await;
    let away = Commit {
        settled: vec![attempt("a/1")],
        released: keys(&["1"]),
        sweep: Some(None),
        ..Commit::default()
    };
    commit(store, mine, away).await;
    store.release(FLOW, mine).await.expect("releases");
    for (flow, open, sweep) in [(FLOW, 0, None), (OTHER, 1, Some(cursor(OTHER)))] {
        let taken = take(store, flow).await;
        assert_eq!((taken.intents.len(), taken.sweep), (open, sweep), "{flow}");
        assert_eq!((taken.clean, taken.cursor), (flow == FLOW, Some(cursor(flow))), "{flow}");
        let found = store.links(flow, &ids(&["A"])).await.expect("reads");
        assert_eq!(found[0].as_ref().map(|link| link.target.as_str()), Some(flow));
    }
    assert_eq!(all(store).await, [parked(OTHER, "1", ParkedClass::Retry, 1)]);
}
