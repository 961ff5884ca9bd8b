//! What a store must do with parked records, and what it shows of a flow.

use super::samples::{
    FLOW, OTHER, all, attempt, commit, cursor, fields, intent, keys, link, parked, take, time,
};
use crate::{Annotation, Commit, Parked, ParkedClass, ParkedQuery, StateStore};

pub(super) async fn parked_records_replace_and_leave<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let unread = Parked {
        change: None,
        raw: Some("{\"SupplierId\":".into()),
        due: None,
        ..parked(FLOW, "page row 17", ParkedClass::Quarantine, 1)
    };
    let first = vec![parked(FLOW, "1", ParkedClass::Retry, 2), unread.clone()];
    commit(store, fence, Commit { parked: first.clone(), ..Commit::default() }).await;
    assert_eq!(all(store).await, [unread.clone(), first[0].clone()], "oldest first");
    let again = Parked { tries: 2, ..parked(FLOW, "1", ParkedClass::Orphan, 3) };
    commit(store, fence, Commit { parked: vec![again.clone()], ..Commit::default() }).await;
    assert_eq!(all(store).await, [unread.clone(), again.clone()], "a record waits once");
    let both = Commit { released: keys(&["1"]), parked: vec![again.clone()], ..Commit::default() };
    commit(store, fence, both).await;
    assert_eq!(all(store).await, [unread, again], "what waits from now on waits");
    commit(store, fence, Commit { released: keys(&["1", "page row 17"]), ..Commit::default() }).await;
    assert_eq!(all(store).await, []);
}

pub(super) async fn parked_records_are_found_by_what_they_are<S: StateStore>(store: &S) {
    let (fence, other) = (take(store, FLOW).await.fence, take(store, OTHER).await.fence);
    let one = parked(FLOW, "1", ParkedClass::Retry, 1);
    let mut two = parked(FLOW, "2", ParkedClass::Quarantine, 2);
    two.due = None;
    two.fault.code = "STRING_TOO_LONG".into();
    let three = parked(FLOW, "3", ParkedClass::Retry, 3);
    let foreign = parked(OTHER, "1", ParkedClass::Retry, 1);
    let mine = vec![three.clone(), two.clone(), one.clone()];
    commit(store, fence, Commit { parked: mine, ..Commit::default() }).await;
    let theirs = Commit { parked: vec![foreign.clone()], ..Commit::default() };
    store.commit(OTHER, other, theirs).await.expect("commits");
    let any = ParkedQuery::default();
    let flow = Some(FLOW.to_owned());
    let cases = [
        (any.clone(), vec![&foreign, &one, &two, &three]),
        (ParkedQuery { flow: flow.clone(), ..any.clone() }, vec![&one, &two, &three]),
        (ParkedQuery { key: Some("1".into()), ..any.clone() }, vec![&foreign, &one]),
        (ParkedQuery { class: Some(ParkedClass::Quarantine), ..any.clone() }, vec![&two]),
        (ParkedQuery { code: Some("STRING_TOO_LONG".into()), ..any.clone() }, vec![&two]),
        (ParkedQuery { due: Some(time(100)), ..any.clone() }, vec![]),
        (ParkedQuery { due: Some(time(101)), ..any.clone() }, vec![&foreign, &one]),
        (ParkedQuery { flow: flow.clone(), due: Some(time(102)), ..any.clone() }, vec![&one]),
        (ParkedQuery { flow, key: Some("1".into()), code: Some("X".into()), ..any.clone() }, vec![]),
        (ParkedQuery { flow: Some("none".into()), ..any }, vec![]),
    ];
    for (query, due) in cases {
        let found = store.parked(&query).await.expect("reads");
        assert_eq!(found.iter().collect::<Vec<_>>(), due, "{query:?}");
    }
}

pub(super) async fn people_release_and_discard<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let records = ["1", "2", "3"].map(|key| parked(FLOW, key, ParkedClass::Quarantine, 1));
    commit(store, fence, Commit { parked: records.to_vec(), ..Commit::default() }).await;
    let key = |key: &str| ParkedQuery { key: Some(key.into()), ..ParkedQuery::default() };
    assert_eq!(store.release_parked(&key("2"), time(50)).await.expect("releases"), 1);
    assert_eq!(store.release_parked(&key("none"), time(50)).await.expect("releases"), 0);
    let due = ParkedQuery { due: Some(time(50)), ..ParkedQuery::default() };
    let now_due = Parked { due: Some(time(50)), ..records[1].clone() };
    assert_eq!(store.parked(&due).await.expect("reads"), std::slice::from_ref(&now_due));
    assert_eq!(all(store).await, [records[0].clone(), now_due, records[2].clone()]);
    assert_eq!(store.discard_parked(&key("1")).await.expect("discards"), 1);
    assert_eq!(store.discard_parked(&ParkedQuery::default()).await.expect("discards"), 2);
    assert_eq!(store.discard_parked(&ParkedQuery::default()).await.expect("discards"), 0);
    commit(store, fence, Commit::default()).await;
    assert_eq!(all(store).await, [], "people need no fence and take none away");
}

pub(super) async fn the_glance_tells_it_all<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let other = take(store, OTHER).await.fence;
    store.release(OTHER, other).await.expect("releases");
    store.intend(FLOW, fence, vec![intent("a/1", "1"), intent("a/2", "2")]).await.expect("keeps");
    let classes = [ParkedClass::Retry, ParkedClass::Quarantine, ParkedClass::Retry, ParkedClass::Orphan];
    let waiting = classes.iter().zip(1..).map(|(class, n)| parked(FLOW, &n.to_string(), *class, n));
    let change = Commit {
        cursor: Some(cursor("c")),
        links: vec![link("1", "A", 1), link("2", "B", 1)],
        settled: vec![attempt("a/1")],
        parked: waiting.collect(),
        finished: Some(time(4)),
        ..Commit::default()
    };
    commit(store, fence, change).await;
    let flows = store.flows().await.expect("reads");
    let names: Vec<&str> = flows.iter().map(|status| status.flow.as_str()).collect();
    assert_eq!(names, [OTHER, FLOW], "by name");
    assert_eq!((flows[0].clean, flows[1].clean), (true, false));
    assert_eq!((flows[0].links, flows[0].finished, &flows[0].cursor), (0, None, &None));
    assert_eq!((flows[1].fence, flows[1].links, flows[1].intents), (fence, 2, 1));
    assert_eq!((flows[1].finished, &flows[1].cursor), (Some(time(4)), &Some(cursor("c"))));
    let counts = [(ParkedClass::Quarantine, 1), (ParkedClass::Orphan, 1), (ParkedClass::Retry, 2)];
    assert_eq!(flows[1].parked, counts, "in the order of the classes");
}

pub(super) async fn people_take_records_on_and_amend_them<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let records = ["1", "2"].map(|key| parked(FLOW, key, ParkedClass::Quarantine, 1));
    commit(store, fence, Commit { parked: records.to_vec(), ..Commit::default() }).await;
    let one = ParkedQuery { key: Some("1".into()), ..ParkedQuery::default() };
    let note = |assigned: &str| Annotation { assigned: Some(assigned.into()), amended: None };
    assert_eq!(store.annotate_parked(&one, &note("a colleague")).await.expect("notes"), 1);
    let amended = Annotation { assigned: None, amended: Some(fields("short")) };
    assert_eq!(store.annotate_parked(&one, &amended).await.expect("notes"), 1);
    let seen = all(store).await;
    assert_eq!(seen[0].assigned.as_deref(), Some("a colleague"), "the second note leaves the first");
    assert_eq!(seen[0].amended, Some(fields("short")));
    assert_eq!(seen[1], records[1], "the others are left alone");
    store.annotate_parked(&one, &note("")).await.expect("notes");
    assert_eq!(all(store).await[0].assigned, None);
}

pub(super) async fn flows_hand_records_over<S: StateStore>(store: &S) {
    let fence = take(store, FLOW).await.fence;
    let handed = parked(OTHER, "9", ParkedClass::Retry, 1);
    commit(store, fence, Commit { handed: vec![handed.clone()], ..Commit::default() }).await;
    assert_eq!(all(store).await, std::slice::from_ref(&handed), "it waits in the other flow");
    let taken = store.flows().await.expect("reads").iter().any(|status| status.flow == OTHER);
    assert!(!taken, "only a take makes a flow");
    let other = take(store, OTHER).await.fence;
    let worse = parked(OTHER, "9", ParkedClass::Quarantine, 2);
    let keep = Commit { parked: vec![worse.clone()], ..Commit::default() };
    store.commit(OTHER, other, keep).await.expect("commits");
    let again = Parked { due: Some(time(500)), ..handed };
    commit(store, fence, Commit { handed: vec![again], ..Commit::default() }).await;
    let due = Parked { due: Some(time(500)), ..worse };
    assert_eq!(all(store).await, [due], "what waits there for a reason of its own just becomes due");
}
