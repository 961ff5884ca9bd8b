//! What a store must do with links.

use mapping::{Base, Fields};

use super::samples::{FLOW, commit, every_value, ids, intent, keys, link, take};
use crate::{Commit, Link, StateStore};

pub(super) async fn links_replace_those_of_the_same_id<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let links = |links: Vec<Link>| Commit { links, ..Commit::default() };
    commit(store, fence, links(vec![link("1", "A", 1), link("2", "B", 1), link("1", "A", 2)])).await;
    let newer = Link { target: "another".into(), mapper: "suppliers@2".into(), ..link("2", "B", 3) };
    commit(store, fence, links(vec![newer.clone()])).await;
    let found = store.links(FLOW, &ids(&["B", "none", "A", "B"])).await.expect("reads");
    let due = [Some(newer.clone()), None, Some(link("1", "A", 2)), Some(newer)];
    assert_eq!(found, due, "one answer for each id, in order; the later link of an id counts");
    assert_eq!(store.links(FLOW, &[]).await.expect("reads"), []);
}

pub(super) async fn links_are_found_by_their_source<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let links = |links: Vec<Link>| Commit { links, ..Commit::default() };
    commit(store, fence, links(vec![link("1", "A", 2), link("1", "Z", 1), link("2", "B", 1)])).await;
    let by_source = async |names: &[&str]| store.links_by_source(FLOW, &keys(names)).await.expect("reads");
    let found = by_source(&["2", "none", "1", "2"]).await;
    let due = [Some(link("2", "B", 1)), None, Some(link("1", "A", 2)), Some(link("2", "B", 1))];
    assert_eq!(found, due, "one answer for each key, in order; of several links the one confirmed last");
    commit(store, fence, links(vec![link("2", "A", 3)])).await;
    let found = by_source(&["1", "2"]).await;
    let due = [Some(link("1", "Z", 1)), Some(link("2", "A", 3))];
    assert_eq!(found, due, "an id that changed its source is no longer a link of the old one");
}

pub(super) async fn every_kind_of_value_comes_back_exactly<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let full =
        Link { base: Base { source: every_value(), target: Fields::new() }, ..link("Ä'\"\\\n", "🦀", 1) };
    let at = "2026-03-29T01:02:03.123456789Z".parse().expect("a time");
    let bare = Link { at, base: Base { source: Fields::new(), target: every_value() }, ..link("k", "i", 1) };
    let links = vec![full.clone(), bare.clone()];
    commit(store, fence, Commit { links, ..Commit::default() }).await;
    let found = store.links(FLOW, &ids(&["🦀", "i"])).await.expect("reads");
    assert_eq!(found, [Some(full.clone()), Some(bare.clone())]);
    let found = store.links_by_source(FLOW, std::slice::from_ref(&full.key)).await.expect("reads");
    assert_eq!(found, [Some(full)]);
    let mut sent = intent("r/1", "k");
    sent.draft.fields = every_value();
    sent.source = every_value();
    sent.at = at;
    store.intend(FLOW, fence, vec![sent.clone()]).await.expect("keeps");
    assert_eq!(take(store, FLOW).await.intents, [sent]);
}
