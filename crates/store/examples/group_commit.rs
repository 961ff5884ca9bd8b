//! Measures what durability costs: entries a second alone and in groups, and a page of links.
//!
//! `cargo run --release -p store --example group_commit -- FOLDER`

#![expect(clippy::disallowed_methods, reason = "a measurement reads the real clock")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use audit::{AuditLog, Decision, Entry, Event, Exchange, MappedItem, Query, Scope};
use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use mapping::{Base, Draft, ExternalId, FieldName, Fields, Key, Value};
use serde_json::value::RawValue;
use store::{Place, SqliteAuditLog, SqliteStore};
use sync_engine::{Attempt, Commit, Desk, Intent, Link, StateStore};

/// Records a page.
const PAGE: u64 = 5_000;
/// Records a call.
const CALL: u64 = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder for the files"));
    std::fs::create_dir_all(&folder).expect("makes the folder");
    state(&folder).await;
    for (batch, callers) in [(1, 1), (1, 8), (1, 64), (100, 1), (100, 8)] {
        small_entries(&folder, batch, callers).await;
    }
    whole_load(&folder).await;
}

/// Pages of intents, then of links, then another reading of them.
async fn state(folder: &Path) {
    let path = fresh(folder, "state.db");
    let store = SqliteStore::open(&Place::Threaded(path.clone())).expect("opens");
    let taken = store.take("suppliers", Timestamp::UNIX_EPOCH).await.expect("takes");
    let pages = 20;
    let (mut intending, mut committing, mut missing) = (Span::default(), Span::default(), Span::default());
    let mut kept = 0;
    for page in 0..pages {
        let records: Vec<u64> = (page * PAGE..(page + 1) * PAGE).collect();
        let keys: Vec<Key> = records.iter().map(|n| key(*n).into()).collect();
        missing.run(store.links_by_source("suppliers", &keys)).await.expect("reads");
        let intents = records.iter().map(|n| intent(*n)).collect();
        intending.run(store.intend("suppliers", taken.fence, intents)).await.expect("keeps");
        kept = kept.max(size(&path));
        let links = records.iter().map(|n| link(*n)).collect();
        let settled = records.iter().map(|n| attempt(*n)).collect();
        let commit = Commit { links, settled, ..Commit::default() };
        committing.run(store.commit("suppliers", taken.fence, commit)).await.expect("commits");
    }
    missing.tell("look for 5,000 links that are not there", pages);
    intending.tell("intend 5,000", pages);
    committing.tell("commit 5,000 links, settle 5,000 intents", pages);
    let ids: Vec<ExternalId> = (0..PAGE).map(|n| key(n * 13).into()).collect();
    let mut finding = Span::default();
    for _ in 0..pages {
        finding.run(store.links("suppliers", &ids)).await.expect("reads");
    }
    finding.tell("find 5,000 links", pages);
    println!("state: {} bytes a record", size(&path) / (pages * PAGE));
}

/// Many small entries, `batch` a call, by `callers` at once.
async fn small_entries(folder: &Path, batch: u64, callers: u64) {
    let path = fresh(folder, "small.db");
    let log = SqliteAuditLog::open(&Place::Threaded(path)).expect("opens");
    let calls = (60 * callers).max(200) / batch.isqrt();
    let entry = || Entry {
        at: Timestamp::UNIX_EPOCH,
        scope: Scope { run: "run".into(), flow: "suppliers".into() },
        records: Arc::from([]),
        event: Event::Unanswered { asked: 1, may_have_acted: true, error: "lost".into(), elapsed_ms: 1 },
    };
    let begun = Instant::now();
    stream::iter(0..calls)
        .map(|_| log.append((0..batch).map(|_| entry()).collect()))
        .buffer_unordered(usize::try_from(callers).expect("few"))
        .for_each(|kept| async move { assert!(kept.is_ok(), "{kept:?}") })
        .await;
    let rate = u128::from(calls * batch) * 1_000_000 / begun.elapsed().as_micros();
    println!("{batch} entries a call, {callers} at once: {rate} entries/s");
}

/// What a first load puts on record.
async fn whole_load(folder: &Path) {
    let path = fresh(folder, "audit.db");
    let log = SqliteAuditLog::open(&Place::Threaded(path.clone())).expect("opens");
    let pages = 20;
    let mut span = Span::default();
    for page in 0..pages {
        let begin = page * PAGE;
        let body = json(begin, PAGE, source);
        let entries = vec![asked(&[], "https://ifs/page", ""), answered(&[], &body)];
        span.run(log.append(entries)).await.expect("keeps");
        let calls = (begin..begin + PAGE).step_by(usize::try_from(CALL).expect("small"));
        let call = |first| span_of_call(&log, first);
        let done = stream::iter(calls).map(call).buffer_unordered(8).count();
        span.run(async { Ok::<_, ()>(done.await) }).await.expect("keeps");
    }
    span.tell("put 5,000 records on record", pages);
    println!("audit: {} bytes a record", size(&path) / (pages * PAGE));
    let mut verifying = Span::default();
    let verdict = verifying.run(log.verify()).await.expect("verifies");
    assert_eq!(verdict.broken, None);
    verifying.tell("verify", 1);
    let mut searching = Span::default();
    for n in 0..100 {
        let query = Query { record: Some(key(n * 997)), ..Query::default() };
        let found = searching.run(async { Ok::<_, ()>(log.read(query).count().await) }).await.expect("reads");
        assert_eq!(found, 5, "all entries about one record");
    }
    searching.tell("find the entries of a record", 100);
}

async fn span_of_call(log: &SqliteAuditLog, first: u64) {
    let records: Vec<String> = (first..first + CALL).map(key).collect();
    let keep = async |entries| {
        let kept = log.append(entries).await;
        assert!(kept.is_ok(), "{kept:?}");
    };
    let names = json(first, CALL, |n| format!("'{}'", key(n)));
    keep(vec![asked(&records, &format!("https://sf/query?q=SELECT+{names}"), "")]).await;
    keep(vec![answered(&records, "{\"totalSize\":0,\"done\":true,\"records\":[]}")]).await;
    let items = (first..first + CALL).map(|n| MappedItem { input: raw(source(n)), output: raw(target(n)) });
    let decision = |n| Decision {
        action: "create".into(),
        id: key(n),
        attempt: Some(format!("0198f7a2-run/{n}")),
        detail: None,
    };
    let decisions = (first..first + CALL).map(decision).collect();
    keep(vec![
        entry(&records, Event::Mapped { mapper: "s@1".into(), evidence: Some(2), items: items.collect() }),
        entry(&records, Event::Decided { decisions }),
    ])
    .await;
    keep(vec![asked(&[], "https://sf/composite", &json(first, CALL, target))]).await;
    let receipt = |n| format!("{{\"id\":\"001Ab{n:013}\",\"success\":true,\"errors\":[],\"created\":true}}");
    keep(vec![answered(&records, &json(first, CALL, receipt))]).await;
}

fn asked(records: &[String], url: &str, body: &str) -> Entry {
    let exchange = Exchange {
        operation: "salesforce.upsert".into(),
        attempt: 1,
        method: "PATCH".into(),
        url: url.into(),
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_owned().into(),
    };
    entry(records, Event::Asked(exchange))
}

fn answered(records: &[String], body: &str) -> Entry {
    let headers = vec![("sforce-limit-info".into(), "api-usage=1/100000".into())];
    let body = body.to_owned().into();
    entry(records, Event::Answered { asked: 1, status: 200, headers, body, elapsed_ms: 120 })
}

fn entry(records: &[String], event: Event) -> Entry {
    let scope = Scope { run: "0198f7a2-1111-7222-8333-444455556666".into(), flow: "suppliers".into() };
    Entry { at: Timestamp::UNIX_EPOCH, scope, records: records.into(), event }
}

fn json(first: u64, count: u64, one: impl Fn(u64) -> String) -> String {
    let all: Vec<String> = (first..first + count).map(one).collect();
    format!("[{}]", all.join(","))
}

fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).expect("JSON")
}

/// 25 fields as a source shows them.
fn source(n: u64) -> String {
    serde_json::to_string(&fields(n, "Supplier")).expect("JSON")
}

/// 25 fields as a target holds them.
fn target(n: u64) -> String {
    serde_json::to_string(&fields(n, "Account__c")).expect("JSON")
}

fn fields(n: u64, prefix: &str) -> Fields {
    let value = |field: u64| match field % 5 {
        0 => Value::text(format!("Field text {} {}", mixed(n, field) % 100_000, field)),
        1 => Value::Null,
        2 => Value::text(key(n)),
        3 => Value::Decimal((n * field).into()),
        _ => Value::Timestamp(Timestamp::from_second(1_700_000_000 + n.cast_signed()).expect("a time")),
    };
    names(prefix).iter().cloned().zip((0..25).map(value)).collect()
}

/// The names are made once, as a connector does.
fn names(prefix: &str) -> &'static [FieldName] {
    static NAMES: [OnceLock<Vec<FieldName>>; 2] = [OnceLock::new(), OnceLock::new()];
    let names = || (0..25).map(|field| FieldName::from(format!("{prefix}Field{field}"))).collect();
    NAMES[usize::from(prefix == "Supplier")].get_or_init(names)
}

/// Numbers without a pattern.
fn mixed(n: u64, field: u64) -> u64 {
    (n ^ (field << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

fn key(n: u64) -> String {
    format!("SUP{n:08}")
}

fn attempt(n: u64) -> Attempt {
    Attempt(format!("0198f7a2-1111-7222-8333-444455556666/{n}"))
}

fn intent(n: u64) -> Intent {
    Intent {
        attempt: attempt(n),
        key: key(n).into(),
        version: format!("{:032x}", mixed(n, 99)).into(),
        mapper: "supplier-to-account@3".into(),
        draft: Draft { entity: "Account".into(), id: key(n).into(), fields: fields(n, "Account__c") },
        source: fields(n, "Supplier"),
        at: Timestamp::UNIX_EPOCH,
        doubtful_until: None,
        target: None,
    }
}

fn link(n: u64) -> Link {
    let Intent { key, version, mapper, draft, source, at, .. } = intent(n);
    let base = Base { source, target: draft.fields };
    Link {
        key,
        id: draft.id,
        target: format!("001Ab{n:013}").into(),
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

/// Time spent, by the clock and by the processor (all threads, in hundredths of a second).
#[derive(Default)]
struct Span {
    wall: Duration,
    ticks: u64,
}

impl Span {
    async fn run<T>(&mut self, work: impl Future<Output = T>) -> T {
        let (begun, ticks) = (Instant::now(), ticks());
        let done = work.await;
        self.wall += begun.elapsed();
        self.ticks += self::ticks() - ticks;
        done
    }

    fn tell(&self, what: &str, times: u64) {
        let wall = self.wall.as_micros() / u128::from(times);
        println!("{what}: {wall} us, {} us of processor", self.ticks * 10_000 / times);
    }
}

/// User and system time of this process, where the system tells it this way.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn fresh(folder: &Path, name: &str) -> PathBuf {
    for tail in ["", "-wal", "-shm"] {
        std::fs::remove_file(folder.join(format!("{name}{tail}"))).ok();
    }
    folder.join(name)
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}
