//! What a store must do for flows that lead to and fro between the same records.

use mapping::{ExternalId, Rewrite, TargetId, Value};

use super::samples::{FLOW, OTHER, attempt, commit, conflict, ids, intent, keys, link, take, time};
use crate::{Commit, ConflictQuery, ConflictState, Gone, Link, Seen, StateStore, Trace};

const BOOK: &str = "pair of customers";

fn shared(links: Vec<Link>) -> Commit {
    Commit { book: Some(BOOK.into()), links, ..Commit::default() }
}

pub(super) async fn two_flows_share_a_book<S: StateStore>(store: &S) {
    let (mine, theirs) = (take(store, FLOW).await.fence, take(store, OTHER).await.fence);
    commit(store, mine, shared(vec![link("1", "A", 1), link("2", "B", 1)])).await;
    let targets = [TargetId::from("001B"), TargetId::from("nobody")];
    let found = store.links_by_target(BOOK, &targets).await.expect("reads");
    assert_eq!(found, [Some(link("2", "B", 1)), None], "found from the other side");
    let value = || Value::text("x");
    let full = Link {
        back: Some(Seen { version: "w".into(), mapper: "back@1".into(), id: "2".into(), entity: None }),
        gone: Some(Gone { side: mapping::Side::Target, at: time(7) }),
        rewrites: vec![Rewrite { field: "F".into(), sent: value(), stored: Value::Null, known: true }],
        trail: vec![Trace { field: "F".into(), before: value(), last: Value::Null, turns: 2, at: time(6) }],
        entity: None,
        ..link("2", "B", 2)
    };
    store.commit(OTHER, theirs, shared(vec![full.clone()])).await.expect("commits");
    assert_eq!(store.links(BOOK, &ids(&["B"])).await.expect("reads"), [Some(full.clone())]);
    assert_eq!(store.links_by_source(BOOK, &keys(&["2"])).await.expect("reads"), [Some(full)]);
    assert_eq!(store.links(FLOW, &ids(&["A"])).await.expect("reads"), [None], "not under the flow's name");
    assert_eq!(store.count_links(BOOK).await.expect("counts"), 2);
    let names: Vec<String> =
        store.flows().await.expect("reads").into_iter().map(|status| status.flow).collect();
    assert_eq!(names, [OTHER, FLOW], "a book is no flow");
    commit(store, mine, Commit { links: vec![link("5", "E", 1)], ..Commit::default() }).await;
    let found = store.links_by_target(FLOW, &["001E".into()]).await.expect("reads");
    assert_eq!(found, [Some(link("5", "E", 1))], "links of one flow are found by their target too");
    let moved = Link { target: "001X".into(), ..link("1", "A", 3) };
    commit(store, mine, shared(vec![moved.clone()])).await;
    let found = store.links_by_target(BOOK, &["001A".into(), "001X".into()]).await.expect("reads");
    assert_eq!(found, [None, Some(moved)], "a link that changed its target is found by the new one only");
}

pub(super) async fn links_are_walked_and_taken_apart<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    commit(store, fence, shared(vec![link("3", "C", 1), link("1", "A", 1), link("2", "B", 1)])).await;
    let page = async |after: Option<&str>| {
        let after = after.map(ExternalId::from);
        let links = store.all_links(BOOK, after.as_ref(), 2).await.expect("reads");
        links.into_iter().map(|link| link.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, ["A", "B"]);
    assert_eq!(page(Some("B")).await, ["C"]);
    assert_eq!(page(Some("C")).await, Vec::<String>::new());
    let apart = Commit { book: Some(BOOK.into()), unlinked: ids(&["B", "unheard of"]), ..Commit::default() };
    commit(store, fence, apart).await;
    assert_eq!(page(None).await, ["A", "C"]);
    assert_eq!(store.links_by_source(BOOK, &keys(&["2"])).await.expect("reads"), [None]);
    assert_eq!(store.links_by_target(BOOK, &["001B".into()]).await.expect("reads"), [None]);
    assert_eq!(store.count_links("nobody's").await.expect("counts"), 0);
}

pub(super) async fn conflicts_stay_until_they_are_settled<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let (one, two) = (conflict(BOOK, "1", 2), conflict("another", "2", 1));
    commit(store, fence, Commit { conflicts: vec![one.clone(), two.clone()], ..Commit::default() }).await;
    let any = ConflictQuery::default;
    let find = async |query: ConflictQuery| store.conflicts(&query).await.expect("reads");
    assert_eq!(find(any()).await, [two.clone(), one.clone()], "oldest first");
    assert_eq!(find(ConflictQuery { book: Some(BOOK.into()), ..any() }).await, std::slice::from_ref(&one));
    assert_eq!(find(ConflictQuery { id: Some(two.id.clone()), ..any() }).await, std::slice::from_ref(&two));
    assert_eq!(
        find(ConflictQuery { record: Some("0011".into()), ..any() }).await,
        std::slice::from_ref(&one)
    );
    assert_eq!(find(ConflictQuery { field: Some("Phone".into()), ..any() }).await, []);
    let winner = mapping::Side::Target;
    let state = ConflictState::Decided { winner, by: "somebody".into(), at: time(5) };
    let decided = crate::Conflict { state, ..one.clone() };
    store.keep_conflicts(vec![decided.clone()]).await.expect("people need no fence");
    assert_eq!(find(any()).await, [two.clone(), decided]);
    let over = ConflictState::Settled { how: "so".into(), at: time(6) };
    let settled = crate::Conflict { state: over, ..one };
    commit(store, fence, Commit { conflicts: vec![settled.clone()], ..Commit::default() }).await;
    assert_eq!(find(any()).await, std::slice::from_ref(&two));
    assert_eq!(find(ConflictQuery { settled: true, ..any() }).await, [two, settled]);
}

pub(super) async fn open_intents_are_seen_by_others<S: StateStore>(store: &S) {
    assert_eq!(store.intents(FLOW).await.expect("reads"), []);
    let fence = take(store, FLOW).await.fence;
    let mut sent = intent("a/1", "1");
    sent.target = Some(link("1", "A", 1).base.target);
    store.intend(FLOW, fence, vec![sent.clone(), intent("a/2", "2")]).await.expect("keeps");
    assert_eq!(store.intents(FLOW).await.expect("reads"), [sent.clone(), intent("a/2", "2")]);
    commit(store, fence, Commit { settled: vec![attempt("a/2")], ..Commit::default() }).await;
    assert_eq!(store.intents(FLOW).await.expect("reading takes nothing over"), [sent]);
}
