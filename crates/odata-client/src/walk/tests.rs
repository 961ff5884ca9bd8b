//! Walks against a small table behind a transport, which can also misbehave.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use wire::{HttpTransport, Request, Response, TransportError};

use super::*;

/// Rows `(modified, id)` in order; answers `$filter` of walks, `$top`, `$skip` by the meaning of their
/// text, and cuts pages at `cap`.
#[derive(Debug, Default)]
struct Table {
    rows: Mutex<Vec<(i64, String)>>,
    cap: usize,
    ignores_filter: bool,
    unordered: bool,
    asked: Mutex<Vec<String>>,
}

impl Table {
    fn of(rows: impl IntoIterator<Item = (i64, String)>) -> Self {
        Self { rows: Mutex::new(rows.into_iter().collect()), cap: usize::MAX, ..Self::default() }
    }

    fn matching(&self, query: &Query) -> Vec<(i64, String)> {
        let mut rows = self.rows.lock().unwrap().clone();
        rows.sort();
        if self.unordered {
            rows.reverse();
        }
        let behind = query.filter.as_ref().filter(|_| !self.ignores_filter).map(after);
        let skip = usize::try_from(query.skip.unwrap_or(0)).unwrap();
        let top = usize::try_from(query.top.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let rows = rows.into_iter().filter(|row| behind.as_ref().is_none_or(|behind| row > behind));
        rows.skip(skip).take(top.min(self.cap)).collect()
    }
}

/// The pair in `((M gt 1) or ((M eq 1) and (Id gt 'a')))`.
fn after(filter: &Expression) -> (i64, String) {
    let text = filter.to_string();
    let number = text.split("M gt ").nth(1).unwrap().split(')').next().unwrap();
    let id = text.split("Id gt '").nth(1).unwrap().split('\'').next().unwrap();
    (number.parse().unwrap(), id.to_owned())
}

#[async_trait]
impl HttpTransport for Table {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let text = request.uri().query().unwrap_or_default().to_owned();
        let rows = self.matching(&Query::parse(&text).unwrap());
        self.asked.lock().unwrap().push(text);
        let rows: Vec<_> = rows.iter().map(|(m, id)| serde_json::json!({ "Id": id, "M": m })).collect();
        Ok(Response::new(Bytes::from(serde_json::json!({ "value": rows }).to_string())))
    }
}

fn along(table: &Arc<Table>, size: u64) -> Walk {
    let columns = [KeyColumn::new("M", "Edm.Int64"), KeyColumn::text("Id")];
    Walk::by_key(service(table), "t", Read::set("S"), columns, size).unwrap()
}

fn service(table: &Arc<Table>) -> Service {
    Service::new(table.clone(), "https://h.example/S.svc/".parse().unwrap())
}

fn ids(page: &Page) -> Vec<String> {
    let id = |row: &str| {
        serde_json::from_str::<serde_json::Value>(row).unwrap()["Id"].as_str().unwrap().to_owned()
    };
    page.rows().map(id).collect()
}

async fn all(walk: &mut Walk) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(page) = walk.next().await.unwrap() {
        found.extend(ids(&page));
    }
    found
}

fn table(rows: usize, same: usize) -> Table {
    Table::of((0..rows).map(|n| (i64::try_from(n / same).unwrap(), format!("r{n:05}"))))
}

#[tokio::test]
async fn equal_values_and_silent_cuts_lose_nothing_along_a_key() {
    for (rows, same, size, cap) in
        [(0, 1, 5, 99), (7, 7, 3, 99), (50, 20, 7, 99), (50, 50, 7, 2), (10, 3, 10, 99), (12, 1, 10, 1)]
    {
        let table = Arc::new(Table { cap, ..table(rows, same) });
        let found = all(&mut along(&table, size)).await;
        let expected: Vec<_> = (0..rows).map(|n| format!("r{n:05}")).collect();
        assert_eq!(found, expected, "{rows} rows, {same} equal, pages of {size}, cut at {cap}");
    }
    let table = Arc::new(table(3, 2));
    all(&mut along(&table, 2)).await;
    let asked = table.asked.lock().unwrap().clone();
    assert_eq!(asked[0], "$orderby=M%20asc,Id%20asc&$top=2");
    assert_eq!(
        asked[1],
        "$filter=((M%20gt%200)%20or%20((M%20eq%200)%20and%20(Id%20gt%20%27r00001%27)))\
         &$orderby=M%20asc,Id%20asc&$top=2"
    );
}

#[tokio::test]
async fn rows_that_move_while_one_walks_are_lost_by_skipping_and_not_along_a_key() {
    for by_key in [true, false] {
        let table = Arc::new(table(20, 1));
        let mut walk = if by_key {
            along(&table, 5)
        } else {
            Walk::by_skip(service(&table), "t", Read::set("S"), 5).unwrap()
        };
        let mut found = ids(&walk.next().await.unwrap().unwrap());
        // Two rows that were read are changed: they move behind all others.
        for row in table.rows.lock().unwrap().iter_mut().take(2) {
            row.0 = 100;
        }
        found.extend(all(&mut walk).await);
        found.sort();
        found.dedup();
        assert_eq!(found.len(), if by_key { 20 } else { 18 }, "the naive walk is seen to lose two rows");
    }
}

#[tokio::test]
async fn a_walk_is_taken_up_where_another_stood() {
    let table = Arc::new(table(9, 4));
    let mut walk = along(&table, 4);
    walk.next().await.unwrap();
    let stored = serde_json::to_string(walk.position().unwrap()).unwrap();
    let position = serde_json::from_str(&stored).unwrap();
    assert_eq!(
        all(&mut along(&table, 4).after(position)).await,
        ["r00004", "r00005", "r00006", "r00007", "r00008"]
    );
}

#[tokio::test]
async fn servers_that_ignore_what_is_asked_are_stopped() {
    for (broken, why) in [
        (Table { ignores_filter: true, ..table(9, 2) }, "begins before the last row"),
        (Table { unordered: true, ..table(9, 2) }, "not in the order"),
    ] {
        let table = Arc::new(broken);
        let mut walk = along(&table, 4);
        let error = loop {
            match walk.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended as if all were well"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ODataError::PagingNoProgress { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    // Along texts only the repetition itself shows it.
    let table = Arc::new(Table { ignores_filter: true, ..table(3, 1) });
    let read = Read::set("S");
    let mut walk = Walk::by_key(service(&table), "t", read, [KeyColumn::text("Id")], 4).unwrap();
    walk.next().await.unwrap();
    assert!(matches!(walk.next().await, Err(ODataError::PagingNoProgress { .. })));
}

#[tokio::test]
async fn what_no_walk_gets_past_is_told() {
    let body = |rows: &str| Ok(wire::scripted::answer(200, &[], &format!("{{\"value\":[{rows}]}}")));
    for (rows, why) in [
        (r#"{"Id":"a","M":null}"#, "`M` is null"),
        (r#"{"Id":"a"}"#, "`M` is missing"),
        (r#"{"Id":"a","M":"x"}"#, "`M` is no Edm.Int64"),
    ] {
        let script = wire::scripted::Scripted::new(
            &wire::scripted::clock(),
            std::time::Duration::ZERO,
            vec![body(rows)],
        );
        let service = Service::new(script, "https://h.example/S.svc/".parse().unwrap());
        let columns = [KeyColumn::new("M", "Edm.Int64"), KeyColumn::text("Id")];
        let mut walk = Walk::by_key(service, "t", Read::set("S"), columns, 5).unwrap();
        let error = walk.next().await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn walks_that_cannot_be_meant_are_refused() {
    let table = Arc::new(table(1, 1));
    let columns = || [KeyColumn::text("Id")];
    let with = |query: Query| Read::set("S").query(query);
    let top = with(Query { top: Some(5), ..Query::default() });
    let order = with(Query { order_by: vec![crate::Order::ascending("M")], ..Query::default() });
    for refused in [
        Walk::by_key(service(&table), "t", Read::set("S"), columns(), 0),
        Walk::by_key(service(&table), "t", Read::set("S"), [], 5),
        Walk::by_key(service(&table), "t", top.clone(), columns(), 5),
        Walk::by_key(service(&table), "t", order, columns(), 5),
        Walk::by_skip(service(&table), "t", top, 5),
    ] {
        assert!(matches!(refused, Err(ODataError::Unaskable { .. })));
    }
}

#[tokio::test]
async fn an_own_filter_stays_whole_beside_that_of_the_walk() {
    let table = Arc::new(table(3, 1));
    let filter = crate::Filter::Raw("A eq 1 or B eq 2".into());
    let read = Read::set("S").query(Query { filter: Some(filter), ..Query::default() });
    let mut walk = Walk::by_key(service(&table), "t", read, [KeyColumn::text("Id")], 5).unwrap();
    walk.way = match walk.way {
        Way::Key { columns, first, .. } => {
            let after = serde_json::from_str(r#"[{"type":"Edm.String","value":"it's"}]"#).unwrap();
            Way::Key { columns, after: Some(after), first }
        }
        other => other,
    };
    assert_eq!(walk.query().filter.unwrap().to_string(), "((A eq 1 or B eq 2) and (Id gt 'it''s'))");
}

#[tokio::test]
async fn next_links_are_walked_to_their_end_and_preferences_stay() {
    let steps = [
        r#"{"value":[{"Id":"a"}],"@odata.nextLink":"S?$skiptoken=1"}"#,
        r#"{"value":[],"@odata.nextLink":"S?$skiptoken=2"}"#,
        r#"{"value":[{"Id":"b"}]}"#,
    ];
    let steps = steps.iter().map(|body| Ok(wire::scripted::answer(200, &[], body))).collect();
    let script = wire::scripted::Scripted::new(&wire::scripted::clock(), std::time::Duration::ZERO, steps);
    let service = Service::new(script.clone(), "https://h.example/S.svc/".parse().unwrap());
    let prefer = crate::Prefer { max_page_size: Some(1), ..crate::Prefer::default() };
    let mut walk = Walk::by_next_link(service, "t", Read::set("S").prefer(prefer));
    assert_eq!(all(&mut walk).await, ["a", "b"]);
    assert!(walk.next().await.unwrap().is_none(), "the end stays the end");
    assert_eq!(script.count(), 3);
    for (_, request) in script.seen().iter() {
        assert_eq!(request.headers()["prefer"], "odata.maxpagesize=1");
    }
}
