//! What is left when a process ends badly, and what files are refused.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use mapping::{Base, Draft, FieldName, Fields, Value};
use store::{DatabaseError, MemoryStore, POINTS, PersistPoints, Place, SqliteAuditLog, SqliteStore};
use sync_engine::{Annotation, Attempt, Commit, Cursor, Intent, Link, StateError, StateStore};

const FLOW: &str = "suppliers";

fn fields(n: u32) -> Fields {
    [(FieldName::from("Name"), Value::text(format!("name {n}")))].into_iter().collect()
}

fn intent(n: u32) -> Intent {
    let key = format!("S{n}");
    Intent {
        attempt: Attempt(format!("r/{n}")),
        key: key.clone().into(),
        version: "v".into(),
        mapper: "m@1".into(),
        draft: Draft { entity: "Account".into(), id: key.into(), fields: fields(n) },
        source: fields(n),
        target: None,
        at: Timestamp::UNIX_EPOCH,
        doubtful_until: None,
    }
}

fn link(n: u32) -> Link {
    let Intent { key, version, mapper, draft, source, at, .. } = intent(n);
    let base = Base { source, target: draft.fields };
    Link {
        key,
        id: draft.id,
        target: "001".into(),
        version,
        mapper,
        base,
        at,
        entity: Some(draft.entity),
        back: None,
        gone: None,
        rewrites: Vec::new(),
        trail: Vec::new(),
    }
}

/// A store in which something was begun and not ended.
async fn begun(place: &Place) -> SqliteStore {
    let store = SqliteStore::open(place).expect("opens");
    let fence = store.take(FLOW, Timestamp::UNIX_EPOCH).await.expect("takes").fence;
    store.intend(FLOW, fence, (0..50).map(intent).collect()).await.expect("keeps");
    let commit = Commit {
        cursor: Some(Cursor("half way".into())),
        links: (0..20).map(link).collect(),
        settled: (0..20).map(|n| intent(n).attempt).collect(),
        ..Commit::default()
    };
    store.commit(FLOW, fence, commit).await.expect("commits");
    store
}

async fn is_as_begun(store: &SqliteStore) {
    let taken = store.take(FLOW, Timestamp::UNIX_EPOCH).await.expect("takes");
    assert!(!taken.clean, "nobody released it");
    assert_eq!(taken.cursor, Some(Cursor("half way".into())));
    assert_eq!(taken.intents, (20..50).map(intent).collect::<Vec<_>>());
    let ids: Vec<_> = (0..50).map(|n| link(n).id).collect();
    let links: Vec<_> = (0..50).map(|n| (n < 20).then(|| link(n))).collect();
    assert_eq!(store.links(FLOW, &ids).await.expect("reads"), links);
}

#[tokio::test]
async fn what_was_promised_is_there_after_a_process_went_away() {
    for place in [Place::Inline, Place::Threaded] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("state.db");
        drop(begun(&place(file.clone())).await);
        is_as_begun(&SqliteStore::open(&place(file)).expect("opens")).await;
    }
}

#[tokio::test]
async fn what_was_promised_is_there_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.db");
    let _living = begun(&Place::Threaded(file.clone())).await;
    // What lies on the disk while the process lives is all that a killed one leaves behind.
    let left = folder.path().join("left.db");
    fs::copy(&file, &left).expect("copies");
    fs::copy(folder.path().join("state.db-wal"), folder.path().join("left.db-wal")).expect("copies");
    is_as_begun(&SqliteStore::open(&Place::Threaded(left)).expect("opens")).await;
}

#[tokio::test]
async fn a_torn_end_of_the_write_ahead_log_is_no_commit() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.db");
    let store = begun(&Place::Inline(file.clone())).await;
    let wal = fs::read(folder.path().join("state.db-wal")).expect("reads");
    let fence = store.take(FLOW, Timestamp::UNIX_EPOCH).await.expect("takes").fence;
    let links = (20..50).map(link).collect();
    store.commit(FLOW, fence, Commit { links, ..Commit::default() }).await.expect("commits");
    let longer = fs::read(folder.path().join("state.db-wal")).expect("reads");
    assert!(longer.len() > wal.len() + 100, "the last commit stands at its end");
    let left = folder.path().join("left.db");
    for end in [wal.len(), wal.len() + 100] {
        fs::copy(&file, &left).expect("copies");
        fs::write(folder.path().join("left.db-wal"), &longer[..end]).expect("writes");
        is_as_begun(&SqliteStore::open(&Place::Inline(left.clone())).expect("opens")).await;
        fs::remove_file(&left).expect("removes");
    }
}

fn refused(path: &Path) -> DatabaseError {
    let refused = SqliteStore::open(&Place::Threaded(path.to_owned())).map(|_| ());
    refused.expect_err("must be refused")
}

#[tokio::test]
async fn files_that_are_not_whole_or_not_ours_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.db");
    drop(begun(&Place::Inline(file.clone())).await);
    let whole = fs::read(&file).expect("reads");
    let bad = folder.path().join("bad.db");
    let is_damaged = |bytes: &[u8], what: &str| {
        fs::write(&bad, bytes).expect("writes");
        let error = refused(&bad);
        assert!(matches!(error, DatabaseError::Damaged { .. }), "{what}: {error:?}");
        assert!(error.to_string().contains("bad.db"), "{what}: names the file");
        assert_eq!(fs::read(&bad).expect("reads"), bytes, "{what}: left as it was");
        assert!(matches!(StateError::from(error), StateError::Damaged { .. }), "{what}");
    };
    is_damaged(&whole[..whole.len() / 2], "cut in half");
    is_damaged(&whole[..whole.len() - 4_096], "cut by a page");
    is_damaged(b"this is no database, and long enough to be looked at closely", "a text");
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&bad, &newer).expect("writes");
    let error = refused(&bad);
    let due = DatabaseError::Newer { path: bad.display().to_string(), found: 99, known: 3 };
    assert_eq!(error, due);
    assert!(matches!(StateError::from(error), StateError::Damaged { .. }));
    let log = SqliteAuditLog::open(&Place::Inline(file)).map(|_| ());
    assert!(matches!(log, Err(DatabaseError::Damaged { .. })), "state is no log: {log:?}");
    let missing = refused(&folder.path().join("no such folder/state.db"));
    assert!(matches!(missing, DatabaseError::ReadOnly { .. }), "{missing:?}");
}

#[tokio::test]
async fn damage_inside_is_an_error_and_never_another_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.db");
    drop(begun(&Place::Inline(file.clone())).await);
    let direct = rusqlite::Connection::open(&file).expect("opens");
    for change in
        ["UPDATE links SET body = '[[],[]]'", "UPDATE links SET form = 99", "UPDATE links SET at = 'x'"]
    {
        let whole: Vec<u8> = fs::read(&file).expect("reads");
        direct.execute_batch(change).expect("changes");
        let store = SqliteStore::open(&Place::Inline(file.clone())).expect("opens");
        let found = store.links(FLOW, &[link(1).id]).await;
        assert!(matches!(found, Err(StateError::Damaged { .. })), "{change}: {found:?}");
        drop(store);
        assert!(!whole.is_empty());
    }
    direct.execute_batch("DELETE FROM intent_batches").expect("changes");
    let store = SqliteStore::open(&Place::Inline(file)).expect("opens");
    let taken = store.take(FLOW, Timestamp::UNIX_EPOCH).await;
    assert!(matches!(taken, Err(StateError::Damaged { .. })), "{taken:?}");
}

/// Fails at one point.
#[derive(Debug)]
struct At(Mutex<&'static str>);

impl PersistPoints for At {
    fn at(&self, point: &'static str) -> Option<StateError> {
        let here = *self.0.lock().expect("whole") == point;
        here.then(|| StateError::Unavailable { detail: point.into() })
    }
}

/// Every durable change fails before and after itself: before, nothing has happened; after, all has.
async fn fails_at_every_point<S: StateStore>(store: &S, at: &At) {
    let set = |point| *at.0.lock().expect("whole") = point;
    let seen = async || {
        set("nowhere");
        let status = store.flows().await.expect("reads");
        let flow = status.first().map(|flow| (flow.fence, flow.clean, flow.intents, flow.links));
        let parked = store.parked(&sync_engine::ParkedQuery::default()).await.expect("reads");
        let conflicts = store.conflicts(&sync_engine::ConflictQuery::default()).await.expect("reads");
        (flow, parked, conflicts)
    };
    for point in POINTS {
        let before = seen().await;
        let fence = before.0.map_or(sync_engine::Fence(0), |flow| flow.0);
        let all = sync_engine::ParkedQuery::default();
        set(point);
        let failed = match point.split_once(' ').expect("two words").1 {
            "take" => store.take(FLOW, Timestamp::UNIX_EPOCH).await.err(),
            "intend" => store.intend(FLOW, fence, vec![intent(1)]).await.err(),
            "commit" => {
                let links = vec![link(1)];
                store
                    .commit(FLOW, fence, Commit { links, parked: vec![parked()], ..Commit::default() })
                    .await
                    .err()
            }
            "release" => store.release(FLOW, fence).await.err(),
            "release_parked" => store.release_parked(&all, Timestamp::MAX).await.err(),
            "annotate_parked" => {
                let assigned = Some(point.to_owned());
                store.annotate_parked(&all, &Annotation { assigned, amended: None }).await.err()
            }
            "keep_conflicts" => store.keep_conflicts(vec![conflict(point)]).await.err(),
            _ => store.discard_parked(&all).await.err(),
        };
        assert_eq!(failed, Some(StateError::Unavailable { detail: point.into() }));
        let changed = before != seen().await;
        assert_eq!(changed, point.starts_with("after"), "{point}");
    }
}

fn conflict(id: &str) -> sync_engine::Conflict {
    sync_engine::Conflict {
        id: id.into(),
        book: FLOW.into(),
        flow: FLOW.into(),
        key: "S1".into(),
        target: "001".into(),
        source: sync_engine::Claim::default(),
        claim: sync_engine::Claim::default(),
        since: Timestamp::UNIX_EPOCH,
        state: sync_engine::ConflictState::Open,
    }
}

fn parked() -> sync_engine::Parked {
    let fault = sync_engine::Fault {
        class: sync_engine::FaultClass::Data,
        code: "X".into(),
        message: "x".into(),
        fields: Vec::new(),
        hint: None,
    };
    sync_engine::Parked {
        flow: FLOW.into(),
        key: "S1".into(),
        class: sync_engine::ParkedClass::Quarantine,
        fault,
        change: None,
        raw: None,
        mapper: "m@1".into(),
        tries: 1,
        since: Timestamp::UNIX_EPOCH,
        due: None,
        waits_for: Vec::new(),
        assigned: None,
        amended: None,
    }
}

#[tokio::test]
async fn stores_fail_where_they_are_told_to() {
    let at = Arc::new(At(Mutex::new("nowhere")));
    fails_at_every_point(&MemoryStore::new().with_points(at.clone()), &at).await;
    let store = SqliteStore::open(&Place::Memory).expect("opens").with_points(at.clone());
    fails_at_every_point(&store, &at).await;
}
