//! What every [`AuditLog`] must do, as tests that any implementation can run.

use std::ops::RangeInclusive;

use bytes::Bytes;
use futures::TryStreamExt as _;
use futures::future::join_all;
use serde_json::value::RawValue;
use wire::Timestamp;

use crate::chain::{GENESIS, link};
use crate::{AuditLog, Decision, Entry, Event, Exchange, Kind, MappedItem, Query, Scope, codec};

/// Holds logs against the contract of the seam; `make` gives a new, empty one each time.
///
/// # Panics
/// Where the contract is broken: the message says which part of it.
pub async fn audit_log<L: AuditLog>(make: impl Fn() -> L) {
    numbers_are_contiguous(&make()).await;
    callers_at_once_get_numbers_of_their_own(&make()).await;
    entries_come_back_byte_for_byte(&make()).await;
    queries_find_what_they_ask_for(&make()).await;
    the_chain_is_the_published_one(&make()).await;
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("a time of our days")
}

fn json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON")
}

fn run(what: &str) -> Event {
    Event::Run { what: what.to_owned(), note: json("{}") }
}

fn entry(second: i64, run: &str, flow: &str, records: &[&str], event: Event) -> Entry {
    let records: Vec<String> = records.iter().map(|record| (*record).to_owned()).collect();
    Entry {
        at: at(second),
        scope: Scope { run: run.into(), flow: flow.into() },
        records: records.into(),
        event,
    }
}

fn plain(name: &str) -> Entry {
    entry(0, "r", "f", &[], run(name))
}

async fn keep(log: &impl AuditLog, entries: Vec<Entry>) -> RangeInclusive<u64> {
    log.append(entries).await.expect("a healthy log keeps entries")
}

async fn numbers(log: &impl AuditLog, query: Query) -> Vec<u64> {
    let sealed: Vec<_> = log.read(query).try_collect().await.expect("a healthy log can be read");
    sealed.iter().map(|sealed| sealed.number).collect()
}

async fn numbers_are_contiguous(log: &impl AuditLog) {
    assert_eq!(numbers(log, Query::default()).await, [0_u64; 0], "a new log is empty");
    let mut next = 1;
    for count in [1_u64, 3, 1, 250, 2] {
        let range = keep(log, (0..count).map(|n| plain(&n.to_string())).collect()).await;
        assert_eq!(range, next..=next + count - 1, "numbers start at 1 and leave no gap");
        next += count;
    }
    assert!(keep(log, Vec::new()).await.is_empty(), "nothing gets no number");
    assert_eq!(keep(log, vec![plain("x")]).await, next..=next, "and takes none");
    let all: Vec<_> = log.read(Query::default()).try_collect().await.expect("readable");
    let order: Vec<u64> = all.iter().map(|sealed| sealed.number).collect();
    assert_eq!(order, (1..=next).collect::<Vec<_>>(), "entries are read in ascending order");
    let told: Vec<&str> = all.iter().skip(4).take(4).map(|sealed| what(&sealed.entry)).collect();
    assert_eq!(told, ["0", "0", "1", "2"], "in the order in which they were given");
}

fn what(entry: &Entry) -> &str {
    match &entry.event {
        Event::Run { what, .. } => what,
        other => panic!("a run entry, not {:?}", other.kind()),
    }
}

async fn callers_at_once_get_numbers_of_their_own(log: &impl AuditLog) {
    let count = |caller: u64| caller % 3 + 1;
    let calls = (0..40_u64)
        .map(|caller| log.append((0..count(caller)).map(|n| plain(&format!("{caller}.{n}"))).collect()));
    let ranges = join_all(calls).await;
    let all: Vec<_> = log.read(Query::default()).try_collect().await.expect("readable");
    let total: u64 = (0..40).map(count).sum();
    assert_eq!(all.len() as u64, total, "every entry of every caller is kept once");
    for (caller, range) in (0_u64..).zip(ranges) {
        let range = range.expect("kept");
        let told: Vec<&str> = all
            .iter()
            .filter(|sealed| range.contains(&sealed.number))
            .map(|sealed| what(&sealed.entry))
            .collect();
        let due: Vec<String> = (0..count(caller)).map(|n| format!("{caller}.{n}")).collect();
        assert_eq!(told, due, "a caller's entries stand together, in order, at the numbers it was told");
    }
    let verdict = log.verify().await.expect("verifiable");
    assert_eq!((verdict.entries, verdict.broken), (total, None), "and the chain holds");
}

fn samples() -> Vec<Event> {
    let bytes: Vec<u8> = (0..=255).collect();
    let headers = vec![("b".to_owned(), "\"'\u{e9}".to_owned()), ("a".to_owned(), String::new())];
    let asked = |body| {
        Event::Asked(Exchange {
            operation: "test.call".into(),
            attempt: 2,
            method: "POST".into(),
            url: "https://h.example/a%20b?x=%27".into(),
            headers: headers.clone(),
            body,
        })
    };
    let decision = Decision {
        action: "update".into(),
        id: "S'1".into(),
        attempt: Some("a1".into()),
        detail: Some(json("{ \"n\" : 1.500 }")),
    };
    let item = MappedItem { input: json("{\"n\":1e400,\"n\":2}"), output: json("[ ]") };
    vec![
        asked(Bytes::new()),
        asked(Bytes::from(bytes.repeat(4_000))),
        Event::Answered {
            asked: 1,
            status: 207,
            headers: headers.clone(),
            body: bytes.into(),
            elapsed_ms: 3,
        },
        Event::Unanswered {
            asked: u64::from(u32::MAX),
            may_have_acted: false,
            error: "a\nb\u{0}".into(),
            elapsed_ms: 0,
        },
        Event::Mapped { mapper: "m@1".into(), evidence: Some(3), items: vec![item.clone(), item] },
        Event::Decided {
            decisions: vec![decision.clone(), Decision { attempt: None, detail: None, ..decision }],
        },
        run("started"),
        Event::Operator { what: "retry".into(), who: "someone".into(), note: json("{ }") },
    ]
}

async fn entries_come_back_byte_for_byte(log: &impl AuditLog) {
    let records = ["S'1\"\u{1f600}", "", "S1", "S1 ", "s1", "\u{0}x"];
    let given: Vec<Entry> = samples()
        .into_iter()
        .map(|event| {
            let at = Timestamp::from_nanosecond(1_790_000_000_123_456_789).expect("a time");
            Entry { at, ..entry(0, "run \u{2028}", "", &records, event) }
        })
        .collect();
    keep(log, given.clone()).await;
    let found: Vec<_> = log.read(Query::default()).try_collect().await.expect("readable");
    assert_eq!(found.len(), given.len());
    for (found, given) in found.iter().zip(&given) {
        assert_eq!(format!("{:?}", found.entry), format!("{given:?}"), "an entry comes back as it was");
    }
    for record in records {
        let query = Query { record: Some(record.to_owned()), ..Query::default() };
        assert_eq!(numbers(log, query).await.len(), given.len(), "found by each of its records: {record:?}");
    }
    let query = Query { record: Some("S1  ".to_owned()), ..Query::default() };
    assert_eq!(numbers(log, query).await, [0_u64; 0], "and by no other");
}

/// Six entries; the clock goes back between the fourth and the fifth.
async fn fill(log: &impl AuditLog) {
    let unanswered =
        || Event::Unanswered { asked: 1, may_have_acted: true, error: "lost".into(), elapsed_ms: 1 };
    keep(
        log,
        vec![
            entry(10, "r1", "a", &["S1", "S2"], run("started")),
            entry(20, "r1", "b", &["S2"], unanswered()),
        ],
    )
    .await;
    keep(log, vec![entry(30, "r2", "a", &[], Event::Decided { decisions: Vec::new() })]).await;
    keep(log, vec![entry(40, "r2", "a", &["S1", "S1"], unanswered()), entry(15, "", "a", &["S3"], run("x"))])
        .await;
    keep(log, vec![entry(50, "r1", "", &["S2"], run("finished"))]).await;
}

async fn queries_find_what_they_ask_for(log: &impl AuditLog) {
    fill(log).await;
    let any = Query::default;
    let text = |text: &str| Some(text.to_owned());
    for (query, due) in [
        (any(), &[1, 2, 3, 4, 5, 6][..]),
        (Query { record: text("S1"), ..any() }, &[1, 4]),
        (Query { record: text("S2"), ..any() }, &[1, 2, 6]),
        (Query { record: text("S"), ..any() }, &[]),
        (Query { run: text("r1"), ..any() }, &[1, 2, 6]),
        (Query { run: text(""), ..any() }, &[5]),
        (Query { flow: text("a"), ..any() }, &[1, 3, 4, 5]),
        (Query { flow: text(""), ..any() }, &[6]),
        (Query { kinds: Some(vec![Kind::Unanswered, Kind::Decided]), ..any() }, &[2, 3, 4]),
        (Query { kinds: Some(Vec::new()), ..any() }, &[]),
        (Query { since: Some(at(20)), ..any() }, &[2, 3, 4, 6]),
        (Query { until: Some(at(20)), ..any() }, &[1, 5]),
        (Query { since: Some(at(15)), until: Some(at(40)), ..any() }, &[2, 3, 5]),
        (Query { since: Some(at(40)), until: Some(at(15)), ..any() }, &[]),
        (Query { from: Some(5), ..any() }, &[5, 6]),
        (Query { from: Some(0), ..any() }, &[1, 2, 3, 4, 5, 6]),
        (Query { from: Some(u64::MAX), ..any() }, &[]),
        (Query { limit: Some(2), ..any() }, &[1, 2]),
        (Query { limit: Some(0), ..any() }, &[]),
        (Query { limit: Some(u64::MAX), ..any() }, &[1, 2, 3, 4, 5, 6]),
        (Query { limit: Some(2), newest: true, ..any() }, &[5, 6]),
        (Query { newest: true, ..any() }, &[1, 2, 3, 4, 5, 6]),
        (Query { record: text("S2"), limit: Some(2), newest: true, ..any() }, &[2, 6]),
        (Query { flow: text("a"), from: Some(2), limit: Some(1), ..any() }, &[3]),
        (Query { run: text("r1"), record: text("S2"), kinds: Some(vec![Kind::Run]), ..any() }, &[1, 6]),
    ] {
        assert_eq!(numbers(log, query.clone()).await, due, "{query:?}");
    }
}

async fn the_chain_is_the_published_one(log: &impl AuditLog) {
    let empty = log.verify().await.expect("verifiable");
    assert_eq!((empty.entries, empty.head, empty.broken), (0, GENESIS, None), "an empty log verifies");
    let mut entries: Vec<Entry> =
        samples().into_iter().map(|event| entry(0, "r", "f", &["S1"], event)).collect();
    // Its header is kept in another form.
    let many: Vec<String> = (0..300).map(|number| format!("S{number}")).collect();
    entries.extend(entries.last().cloned().map(|last| Entry { records: many.into(), ..last }));
    keep(log, entries).await;
    let found: Vec<_> = log.read(Query::default()).try_collect().await.expect("readable");
    let mut head = GENESIS;
    for sealed in &found {
        let bytes = codec::encode(&sealed.entry);
        head = link(&head, sealed.number, &bytes.header, &bytes.payload);
        assert_eq!(sealed.hash, head, "entry {} is linked to the one before", sealed.number);
    }
    let verdict = log.verify().await.expect("verifiable");
    assert_eq!((verdict.entries, verdict.head, verdict.broken), (found.len() as u64, head, None));
}
