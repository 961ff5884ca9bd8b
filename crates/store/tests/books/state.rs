//! Every store against the contract of the seam.

use std::sync::atomic::{AtomicU32, Ordering};

use store::{MemoryStore, Place, SqliteStore};
use sync_engine::Ledger as _;
use sync_engine::conformance::{ledger, state_store};

/// Stores in files of their own, named by a counter.
fn files(folder: &tempfile::TempDir, place: fn(std::path::PathBuf) -> Place) -> impl Fn() -> SqliteStore {
    let count = AtomicU32::new(0);
    move || {
        let file = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        SqliteStore::open(&place(folder.path().join(file))).expect("opens")
    }
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    state_store(MemoryStore::new).await;
}

#[tokio::test]
async fn sqlite_in_memory_keeps_the_contract() {
    state_store(|| SqliteStore::open(&Place::Memory).expect("opens")).await;
}

#[tokio::test]
async fn sqlite_on_the_calling_thread_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    state_store(files(&folder, Place::Inline)).await;
}

#[tokio::test]
async fn sqlite_with_a_writer_thread_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    state_store(files(&folder, Place::Threaded)).await;
}

#[tokio::test]
async fn what_is_under_way_is_kept_by_both() {
    ledger(&MemoryStore::new()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let open = files(&folder, Place::Threaded);
    ledger(&open()).await;
    let kept = SqliteStore::open(&Place::Threaded(folder.path().join("0.db"))).expect("opens again");
    assert_eq!(kept.pending().await.expect("reads").len(), 2);
}
