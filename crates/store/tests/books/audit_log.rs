//! The log in SQLite: that it finds what a log in memory finds, and every kind of tampering.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use audit::{AuditError, AuditLog, Entry, Event, Exchange, Kind, MemoryLog, Query, Scope, Sealed, codec};
use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use rusqlite::Connection;
use store::{Place, SqliteAuditLog};

/// Entries of three flows, five runs and several kinds, about overlapping sets of records.
fn entry(n: u64) -> Entry {
    let names = |from: u64, count: u64| (from..from + count).map(|n| format!("S'{n}\"é")).collect();
    let records: Vec<String> = match n % 5 {
        0 => Vec::new(),
        1 | 2 => names(n / 5, 3),
        _ => names(n % 7, n % 4),
    };
    let event = match n % 3 {
        0 => Event::Asked(Exchange {
            operation: "test.read".into(),
            attempt: 1,
            method: "GET".into(),
            url: format!("https://h.example/{n}"),
            headers: vec![("accept".into(), "application/json".into())],
            body: Bytes::from(format!("{{\"n\":{n}}}").repeat(20)),
        }),
        1 => Event::Unanswered { asked: n, may_have_acted: true, error: "lost".into(), elapsed_ms: 5 },
        _ => Event::Decided { decisions: Vec::new() },
    };
    Entry {
        // The clock jumps back now and then.
        at: Timestamp::from_second(1_790_000_000 + (n.cast_signed() * 7) % 40).expect("a time"),
        scope: Scope {
            run: format!("run {}", n / 10).into(),
            flow: ["a", "b", "c"][(n % 3) as usize].into(),
        },
        records: Arc::from(records),
        event,
    }
}

async fn filled(place: &Place, count: u64) -> SqliteAuditLog {
    let log = SqliteAuditLog::open(place).expect("opens");
    fill(&log, count).await;
    log
}

/// In calls of one, two and three entries.
async fn fill(log: &impl AuditLog, count: u64) {
    let mut next = 1;
    while next <= count {
        let last = (next + next % 3).min(count);
        let numbers = log.append((next..=last).map(entry).collect()).await.expect("keeps");
        assert_eq!(numbers, next..=last);
        next = last + 1;
    }
}

/// What can be compared of an entry.
fn plain(sealed: &Sealed) -> (u64, [u8; 32], codec::Encoded) {
    (sealed.number, sealed.hash, codec::encode(&sealed.entry))
}

fn queries() -> Vec<Query> {
    let any = Query::default;
    let time = |second: i64| Some(Timestamp::from_second(1_790_000_000 + second).expect("a time"));
    let mut queries = vec![
        any(),
        Query { record: Some("S'3\"é".into()), ..any() },
        Query { record: Some("nobody".into()), ..any() },
        Query { run: Some("run 2".into()), ..any() },
        Query { flow: Some("b".into()), run: Some("run 1".into()), ..any() },
        Query { kinds: Some(vec![Kind::Asked, Kind::Decided]), ..any() },
        Query { kinds: Some(Vec::new()), ..any() },
        Query { since: time(10), until: time(20), ..any() },
        Query { since: time(20), until: time(10), ..any() },
        Query { from: Some(17), ..any() },
        Query { from: Some(u64::MAX), ..any() },
        Query {
            record: Some("S'4\"é".into()), since: time(5), kinds: Some(vec![Kind::Unanswered]), ..any()
        },
    ];
    let limited = |(query, limit): (&Query, u64)| Query { limit: Some(limit), ..query.clone() };
    let short: Vec<Query> = queries.iter().zip([0, 1, 2, 5].into_iter().cycle()).map(limited).collect();
    queries.extend(short);
    let newest: Vec<Query> = queries.iter().map(|query| Query { newest: true, ..query.clone() }).collect();
    queries.extend(newest);
    queries
}

#[tokio::test]
async fn it_finds_what_a_log_in_memory_finds() {
    let folder = tempfile::tempdir().expect("a folder");
    let memory = MemoryLog::new();
    fill(&memory, 60).await;
    let mut met = 0;
    for place in [
        Place::Memory,
        Place::Inline(folder.path().join("i.db")),
        Place::Threaded(folder.path().join("t.db")),
    ] {
        let log = filled(&place, 60).await;
        for query in queries() {
            let due: Vec<Sealed> = memory.read(query.clone()).try_collect().await.expect("reads");
            let found: Vec<Sealed> = log.read(query.clone()).try_collect().await.expect("reads");
            let [due, found] = [due, found].map(|all| all.iter().map(plain).collect::<Vec<_>>());
            assert_eq!(found, due, "{place:?} {query:?}");
            met += due.len();
        }
        assert_eq!(log.verify().await.expect("verifies"), memory.verify().await.expect("verifies"));
    }
    assert!(met > 500, "the queries find something: {met}");
}

#[tokio::test]
async fn many_pages_of_entries_are_read_in_order() {
    let log = SqliteAuditLog::open(&Place::Memory).expect("opens");
    log.append((1..=9_000).map(|n| Entry { records: Arc::default(), ..entry(n * 3 + 1) }).collect())
        .await
        .expect("keeps");
    for newest in [false, true] {
        let query = Query { limit: Some(8_500), newest, ..Query::default() };
        let numbers: Vec<u64> =
            log.read(query).map_ok(|sealed| sealed.number).try_collect().await.expect("reads");
        let first = if newest { 501 } else { 1 };
        assert_eq!(numbers, (first..first + 8_500).collect::<Vec<_>>());
    }
    assert_eq!(log.verify().await.expect("verifies").broken, None);
}

#[tokio::test]
async fn many_callers_get_numbers_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = SqliteAuditLog::open(&Place::Threaded(folder.path().join("audit.db"))).expect("opens");
    let appends = (0..64_u64).map(|n| log.append((0..=n % 4).map(|m| entry(n * 4 + m)).collect()));
    let mut ranges: Vec<_> = join_all(appends).await.into_iter().map(|range| range.expect("keeps")).collect();
    ranges.sort_by_key(|range| *range.start());
    let mut next = 1;
    for range in ranges {
        assert_eq!(*range.start(), next);
        next = range.end() + 1;
    }
    let verdict = log.verify().await.expect("verifies");
    assert_eq!((verdict.entries, verdict.broken), (160, None));
}

#[tokio::test]
async fn it_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::Threaded(folder.path().join("audit.db"));
    drop(filled(&place, 10).await);
    let log = SqliteAuditLog::open(&place).expect("opens");
    assert_eq!(log.append(vec![entry(11)]).await.expect("keeps"), 11..=11);
    let whole = MemoryLog::new();
    fill(&whole, 10).await;
    whole.append(vec![entry(11)]).await.expect("keeps");
    assert_eq!(log.verify().await.expect("verifies"), whole.verify().await.expect("verifies"));
}

#[tokio::test]
async fn kept_entries_cannot_be_changed_by_statements() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.db");
    let log = filled(&Place::Inline(path.clone()), 20).await;
    let direct = Connection::open(&path).expect("opens");
    for statement in [
        "UPDATE entries SET flow = 'x' WHERE number = 3",
        "DELETE FROM entries WHERE number = 20",
        "INSERT OR REPLACE INTO entries SELECT number, at, 'run', flow, run, record_set, header, payload, hash FROM entries WHERE number = 2",
        "INSERT INTO entries SELECT 30, at, kind, flow, run, record_set, header, payload, hash FROM entries WHERE number = 2",
        "UPDATE members SET record_set = 1",
        "DELETE FROM members",
        "UPDATE record_sets SET digest = x'00'",
        "DELETE FROM record_sets",
    ] {
        let error = direct.execute_batch(statement).expect_err(statement);
        assert!(error.to_string().contains("only grows"), "{statement}: {error}");
    }
    assert_eq!(log.verify().await.expect("verifies").broken, None);
}

/// What a verification says of a log in which somebody has changed something, past the triggers.
async fn after(change: &str) -> (u64, Option<(u64, String)>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.db");
    drop(filled(&Place::Inline(path.clone()), 30).await);
    let direct = Connection::open(&path).expect("opens");
    let triggers: Vec<String> = direct
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
        .expect("reads");
    for trigger in triggers {
        direct.execute_batch(&format!("DROP TRIGGER {trigger}")).expect("drops");
    }
    direct.execute_batch(change).expect(change);
    drop(direct);
    let log = SqliteAuditLog::open(&Place::Inline(path)).expect("opens");
    let verdict = log.verify().await.expect("verifies");
    (verdict.entries, verdict.broken)
}

#[tokio::test]
async fn every_change_is_found_at_its_entry() {
    let swapped = "UPDATE entries SET number = -1 WHERE number = 7; UPDATE entries SET number = 7 WHERE number = 8; \
        UPDATE entries SET number = 8 WHERE number = -1";
    let changes = [
        ("UPDATE entries SET header = replace(header, '\"v\":2', '\"v\":3') WHERE number = 7", 7),
        ("UPDATE entries SET payload = x'00' || payload WHERE number = 7", 7),
        ("UPDATE entries SET payload = substr(payload, 1, length(payload) - 1) WHERE number = 7", 7),
        ("UPDATE entries SET payload = CAST(7 AS INTEGER) WHERE number = 7", 7),
        ("UPDATE entries SET hash = zeroblob(32) WHERE number = 7", 7),
        ("UPDATE entries SET hash = substr(hash, 1, 31) WHERE number = 7", 7),
        ("UPDATE entries SET hash = x'' WHERE number = 30", 30),
        ("UPDATE entries SET number = 31 WHERE number = 7", 7),
        ("UPDATE entries SET number = 0 WHERE number = 1", 1),
        ("UPDATE entries SET number = -1 WHERE number = 1", 1),
        ("DELETE FROM entries WHERE number = 7", 7),
        ("DELETE FROM entries WHERE number = 1", 1),
        (swapped, 7),
        (
            "INSERT INTO entries SELECT 31, at, kind, flow, run, record_set, header, payload, hash FROM entries WHERE number = 30",
            31,
        ),
        (
            "INSERT INTO entries SELECT -5, at, kind, flow, run, record_set, header, payload, hash FROM entries WHERE number = 30",
            1,
        ),
        ("UPDATE entries SET at = at + 1 WHERE number = 7", 7),
        ("UPDATE entries SET at = 'x' WHERE number = 7", 7),
        ("UPDATE entries SET kind = 'run' WHERE number = 7", 7),
        ("UPDATE entries SET flow = 'x' WHERE number = 7", 7),
        ("UPDATE entries SET run = 'run 1' WHERE number = 7", 7),
        ("UPDATE entries SET record_set = NULL WHERE number = 7", 7),
        ("UPDATE entries SET record_set = 1 WHERE number = 5", 5),
        ("UPDATE entries SET record_set = 99 WHERE number = 7", 7),
        (
            "UPDATE record_sets SET digest = zeroblob(32) WHERE record_set = (SELECT record_set FROM entries WHERE number = 7)",
            6,
        ),
        ("DELETE FROM members WHERE record_set = (SELECT record_set FROM entries WHERE number = 7)", 6),
        ("INSERT INTO members VALUES ('stranger', 1)", 1),
        ("INSERT INTO members VALUES ('stranger', 999)", 1),
    ];
    assert_eq!(after("SELECT 1").await, (30, None), "an untouched log is intact");
    for (change, number) in changes {
        let (_, broken) = after(change).await;
        assert_eq!(broken.as_ref().map(|broken| broken.0), Some(number), "{change}: {broken:?}");
    }
    let (entries, broken) = after("DELETE FROM entries WHERE number > 28").await;
    assert_eq!(entries, 28, "a cut end shows in the count, for whoever noted it");
    assert!(broken.is_none_or(|(number, _)| number == 1), "or in what the index still knows");
}

/// Whatever byte of the file is changed: either it is noticed, or it made no difference.
#[tokio::test]
async fn no_changed_byte_of_the_file_goes_unnoticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.db");
    drop(filled(&Place::Inline(path.clone()), 40).await);
    let whole = fs::read(&path).expect("reads");
    let due = read_all(&path).await.expect("reads");
    let (mut noticed, mut harmless) = (0, 0);
    for place in (0..whole.len()).step_by(61) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        fs::write(&path, &bytes).expect("writes");
        for companion in ["audit.db-wal", "audit.db-shm"] {
            fs::remove_file(folder.path().join(companion)).ok();
        }
        match read_all(&path).await {
            Err(_) => noticed += 1,
            Ok(found) => {
                assert!(found == due, "byte {place} changed what is read, and nobody said so");
                harmless += 1;
            }
        }
    }
    assert!(noticed > 50, "{noticed} noticed, {harmless} harmless");
}

/// Everything that is read and found in a log that verifies.
async fn read_all(path: &Path) -> Result<Vec<(u64, [u8; 32], codec::Encoded)>, String> {
    let log = SqliteAuditLog::open(&Place::Inline(path.to_owned())).map_err(|error| error.to_string())?;
    let verdict = log.verify().await.map_err(|error| error.to_string())?;
    if let Some((number, reason)) = verdict.broken {
        return Err(format!("{number}: {reason}"));
    }
    let mut found = Vec::new();
    for query in queries() {
        let all: Vec<Sealed> = log.read(query).try_collect().await.map_err(|error| error.to_string())?;
        found.extend(all.iter().map(plain));
    }
    Ok(found)
}

#[tokio::test]
async fn damage_is_told_with_its_entry_and_others_can_still_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.db");
    let log = filled(&Place::Inline(path.clone()), 12).await;
    let direct = Connection::open(&path).expect("opens");
    direct
        .execute_batch("DROP TRIGGER entries_stay; UPDATE entries SET payload = x'07' WHERE number = 5")
        .expect("changes");
    let read: Vec<Result<Sealed, AuditError>> = log.read(Query::default()).collect().await;
    let bad: Vec<&AuditError> = read.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(matches!(bad[..], [AuditError::Damaged { number: 5, .. }]), "{bad:?}");
    let found = log.read(Query { from: Some(6), ..Query::default() }).count().await;
    assert_eq!(found, 7);
}
