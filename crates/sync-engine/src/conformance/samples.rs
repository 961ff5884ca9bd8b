//! The values that the suite keeps and looks for.

use jiff::{Timestamp, civil::date};
use mapping::{
    Base, Change, Draft, Entity, ExternalId, FieldName, Fields, Key, Record, Reference, TargetId, Value,
    Version,
};

use crate::{
    Attempt, Claim, Commit, Conflict, ConflictState, Cursor, Fault, FaultClass, Fence, Intent, Link, Parked,
    ParkedClass, ParkedQuery, StateStore, Taken,
};

/// The flow that most checks use.
pub(super) const FLOW: &str = "suppliers";
/// One that must not be touched by them.
pub(super) const OTHER: &str = "customers";

pub(super) async fn take<S: StateStore>(store: &S, flow: &str) -> Taken {
    store.take(flow, time(0)).await.expect("whoever asks takes the flow over")
}

pub(super) async fn commit<S: StateStore>(store: &S, fence: Fence, commit: Commit) {
    store.commit(FLOW, fence, commit).await.expect("the holder commits");
}

pub(super) async fn all<S: StateStore>(store: &S) -> Vec<Parked> {
    store.parked(&ParkedQuery::default()).await.expect("reads")
}

pub(super) fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("a time of this century")
}

pub(super) fn cursor(text: &str) -> Cursor {
    Cursor(text.into())
}

pub(super) fn attempt(name: &str) -> Attempt {
    Attempt(name.into())
}

pub(super) fn keys(names: &[&str]) -> Vec<Key> {
    names.iter().map(|name| Key::from(*name)).collect()
}

pub(super) fn ids(names: &[&str]) -> Vec<ExternalId> {
    names.iter().map(|name| ExternalId::from(*name)).collect()
}

pub(super) fn fields(name: &str) -> Fields {
    [(FieldName::from("Name"), Value::text(name))].into_iter().collect()
}

pub(super) fn link(key: &str, id: &str, second: i64) -> Link {
    Link {
        key: key.into(),
        id: id.into(),
        target: TargetId::from(format!("001{id}")),
        version: Version::from(format!("v{second}")),
        mapper: "suppliers@1".into(),
        base: Base { source: fields(key), target: fields(id) },
        at: time(second),
        entity: Some("Account".into()),
        back: None,
        gone: None,
        rewrites: Vec::new(),
        trail: Vec::new(),
    }
}

pub(super) fn intent(name: &str, key: &str) -> Intent {
    Intent {
        attempt: attempt(name),
        key: key.into(),
        version: "v1".into(),
        mapper: "suppliers@1".into(),
        draft: Draft { entity: Entity::from("Account"), id: key.into(), fields: fields(name) },
        source: fields(key),
        target: None,
        at: time(1),
        doubtful_until: None,
    }
}

/// Parked at `second`, due a hundred seconds later.
pub(super) fn parked(flow: &str, key: &str, class: ParkedClass, second: i64) -> Parked {
    let record = Record {
        entity: Entity::from("SupplierSet"),
        key: key.into(),
        version: "v1".into(),
        fields: fields(key),
    };
    Parked {
        flow: flow.into(),
        key: key.into(),
        class,
        fault: Fault {
            class: FaultClass::Data,
            code: "REQUIRED_FIELD_MISSING".into(),
            message: "Required fields are missing: [Name]".into(),
            fields: vec![FieldName::from("Name")],
            hint: None,
        },
        change: Some(Change::Put(record)),
        raw: None,
        mapper: "suppliers@1".into(),
        tries: 1,
        since: time(second),
        due: Some(time(second + 100)),
        waits_for: Vec::new(),
        assigned: None,
        amended: None,
    }
}

/// A conflict on one field of `key`, seen at `second`.
pub(super) fn conflict(book: &str, key: &str, second: i64) -> Conflict {
    let claim = |name: &str| Claim { now: fields(name), base: fields("before"), at: None, by: None };
    Conflict {
        id: format!("{book}/{key}/Name"),
        book: book.into(),
        flow: FLOW.into(),
        key: key.into(),
        target: TargetId::from(format!("001{key}")),
        source: claim("ours"),
        claim: claim("theirs"),
        since: time(second),
        state: ConflictState::Open,
    }
}

/// Fields of every kind, awkward ones among them.
pub(super) fn every_value() -> Fields {
    let line =
        Record { entity: "Line".into(), key: "1^2".into(), version: "v".into(), fields: fields("line") };
    let reference = Reference { entity: "Account".into(), field: "Key__c".into(), id: "Ö/1".into() };
    let long = "漢字 'quoted\" \\ \u{0}\n".repeat(400);
    [
        ("Null", Value::Null),
        ("True", Value::Bool(true)),
        ("Exact", Value::Decimal("79228162514264337593543950.335".parse().expect("a number"))),
        ("Zeros", Value::Decimal("12.500".parse().expect("a number"))),
        ("Long", Value::text(long)),
        ("Empty", Value::text("")),
        ("Day", Value::Date(date(2024, 2, 29))),
        ("Time", Value::Timestamp("2026-03-29T01:02:03.123456789Z".parse().expect("a time"))),
        ("Parent", Value::from(reference)),
        ("Lines", Value::List(vec![line])),
    ]
    .into_iter()
    .map(|(name, value)| (FieldName::from(name), value))
    .collect()
}
