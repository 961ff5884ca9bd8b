//! What every [`Source`] must do.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use mapping::{Change, Key, Record};

use crate::{Cursor, Observation, Page, Source, SourceError};

/// A system that a suite can change behind the source's back.
#[async_trait]
pub trait SourceBench: Debug + Send + Sync {
    /// The source, over the system as it is now.
    fn source(&self) -> Box<dyn Source>;
    /// Makes the record `key`, or changes it, so that its content is told apart by `content`.
    async fn put(&self, key: &str, content: &str);
    /// Makes the record `key` unreadable; false if that cannot happen in this system.
    async fn spoil(&self, key: &str) -> bool;
}

/// Pages that a walk may take before it counts as endless.
const MOST_PAGES: usize = 1_000;

/// Holds a source against its contract. `make` gives an empty system each time it is called.
///
/// # Panics
/// At the first thing that the source does otherwise than the contract says.
pub async fn source<B: SourceBench>(make: impl Fn() -> B) {
    nothing_is_a_page_without_more(&make()).await;
    a_walk_delivers_every_record(&make()).await;
    a_walk_goes_on_behind_its_page(&make()).await;
    changes_come_after_the_walk(&make()).await;
    what_changes_during_a_walk_comes_again(&make()).await;
    single_records_are_read_in_order(&make()).await;
    unreadable_rows_do_not_end_a_walk(&make()).await;
    foreign_cursors_are_refused(&make()).await;
}

async fn pull(source: &dyn Source, cursor: Option<&Cursor>) -> Page {
    source.pull(cursor).await.expect("the source can be read")
}

/// Walks from `cursor` until there is no more; what was observed, newest state of each, and where the
/// walk ended.
async fn walk(source: &dyn Source, cursor: Option<Cursor>) -> (BTreeMap<String, Observation>, Cursor) {
    let mut seen = BTreeMap::new();
    let mut cursor = cursor;
    for _ in 0..MOST_PAGES {
        let page = pull(source, cursor.as_ref()).await;
        for observation in page.observations {
            seen.insert(observation.key().to_string(), observation);
        }
        let moved = cursor.as_ref() != Some(&page.cursor);
        assert!(moved || !page.more, "a page makes progress or is the last one");
        cursor = Some(page.cursor);
        if !page.more {
            return (seen, cursor.expect("a page was read"));
        }
    }
    panic!("the walk does not end within {MOST_PAGES} pages");
}

fn record(observation: &Observation) -> &Record {
    match observation {
        Observation::Change(Change::Put(record)) => record,
        other => panic!("a record was expected: {other:?}"),
    }
}

async fn fill<B: SourceBench>(bench: &B, count: usize) {
    for number in 0..count {
        bench.put(&format!("K{number:02}"), &format!("content {number}")).await;
    }
}

async fn nothing_is_a_page_without_more<B: SourceBench>(bench: &B) {
    let page = pull(&*bench.source(), None).await;
    assert_eq!((page.observations.len(), page.more), (0, false), "an empty system has nothing to tell");
}

async fn a_walk_delivers_every_record<B: SourceBench>(bench: &B) {
    fill(bench, 23).await;
    let (seen, _) = walk(&*bench.source(), None).await;
    let keys: Vec<String> = seen.keys().cloned().collect();
    let due: Vec<String> = (0..23).map(|number| format!("K{number:02}")).collect();
    assert_eq!(keys, due, "every record comes, each under its key");
    let versions: std::collections::BTreeSet<_> =
        seen.values().map(|one| record(one).version.clone()).collect();
    assert_eq!(versions.len(), 23, "other content, other version");
}

async fn a_walk_goes_on_behind_its_page<B: SourceBench>(bench: &B) {
    fill(bench, 23).await;
    let first = pull(&*bench.source(), None).await;
    // Another source over the same system: nothing but the cursor says where the walk was.
    let (rest, _) = walk(&*bench.source(), Some(first.cursor)).await;
    let early = first.observations.iter().map(|one| one.key().to_string());
    let all: std::collections::BTreeSet<String> = early.chain(rest.into_keys()).collect();
    assert_eq!(all.len(), 23, "the first page and the rest are everything");
}

async fn changes_come_after_the_walk<B: SourceBench>(bench: &B) {
    fill(bench, 5).await;
    let (before, cursor) = walk(&*bench.source(), None).await;
    bench.put("K02", "another content").await;
    bench.put("K99", "a new record").await;
    let (after, _) = walk(&*bench.source(), Some(cursor)).await;
    let changed = after.get("K02").expect("a changed record comes again");
    assert_ne!(record(changed).version, record(&before["K02"]).version, "with another version");
    assert!(after.contains_key("K99"), "a new record comes");
    for (key, observation) in after.iter().filter(|(key, _)| !["K02", "K99"].contains(&key.as_str())) {
        let version = &record(&before[key]).version;
        assert_eq!(&record(observation).version, version, "{key} comes again as what it was");
    }
}

async fn what_changes_during_a_walk_comes_again<B: SourceBench>(bench: &B) {
    fill(bench, 23).await;
    let source = bench.source();
    let page = pull(&*source, None).await;
    let key = page.observations.first().expect("the first page has records").key().to_string();
    bench.put(&key, "changed meanwhile").await;
    let (mut seen, cursor) = walk(&*source, Some(page.cursor)).await;
    let (later, _) = walk(&*source, Some(cursor)).await;
    seen.extend(later);
    let again = seen.get(&key).expect("a record that changed after its page comes again");
    let now = source.fetch(&[Key::from(key.as_str())]).await.expect("the source can be read");
    let now = now.into_iter().next().flatten().expect("it is there");
    assert_eq!(record(again).version, record(&now).version, "in its new state");
}

async fn single_records_are_read_in_order<B: SourceBench>(bench: &B) {
    fill(bench, 3).await;
    let keys = ["K02", "nobody", "K00"].map(Key::from);
    let found = bench.source().fetch(&keys).await.expect("the source can be read");
    let found: Vec<Option<&str>> =
        found.iter().map(|one| one.as_ref().map(|one| one.key().as_str())).collect();
    assert_eq!(found, [Some("K02"), None, Some("K00")]);
    assert_eq!(bench.source().fetch(&[]).await.expect("nothing is no error").len(), 0);
}

async fn unreadable_rows_do_not_end_a_walk<B: SourceBench>(bench: &B) {
    fill(bench, 5).await;
    if !bench.spoil("K01").await {
        return;
    }
    let (seen, _) = walk(&*bench.source(), None).await;
    let unreadable = seen.values().filter(|one| matches!(one, Observation::Unreadable(_))).count();
    assert_eq!(unreadable, 1, "it is delivered as what it is");
    for key in ["K00", "K02", "K03", "K04"] {
        record(seen.get(key).expect("the others come all the same"));
    }
}

async fn foreign_cursors_are_refused<B: SourceBench>(bench: &B) {
    fill(bench, 1).await;
    let foreign = Cursor("{\"of\":\"another source\"}".into());
    let refused = bench.source().pull(Some(&foreign)).await;
    let expired = matches!(refused, Err(SourceError::CursorExpired { .. }));
    assert!(expired, "a cursor of another question is expired: {refused:?}");
}
