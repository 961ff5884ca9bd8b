//! A small IFS for tests: rows that become visible late, and servers that cut, ignore and forget.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use wire::{Clock, HttpTransport, Request, Response, TransportError};

/// 2026-03-01T00:00:00Z, where the clock of the fake begins.
pub(crate) const BASE: i64 = 1_772_323_200;

/// One row; times in seconds after [`BASE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FakeRow {
    pub(crate) modified: Option<i64>,
    /// Counts the edits of this row.
    pub(crate) edit: u32,
}

/// An edit that carries the time `at` and can be seen from `visible` on.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) key: String,
    pub(crate) at: Option<i64>,
    pub(crate) visible: i64,
}

/// What is wrong with the server.
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fault of a server")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Quirks {
    /// Cuts pages at so many rows,
    pub(crate) cap: Option<usize>,
    /// without saying so by a next link.
    pub(crate) silent: bool,
    /// Answers an empty page with a next link first.
    pub(crate) empty_first: bool,
    pub(crate) ignores_filter: bool,
    pub(crate) ignores_order: bool,
    pub(crate) ignores_keys: bool,
    pub(crate) no_date: bool,
    /// Runs out of time when asked for more rows than this.
    pub(crate) slow_above: Option<usize>,
    pub(crate) cannot_count: bool,
    /// Leaves this member out.
    pub(crate) hides: Option<&'static str>,
    /// Shows tenths of seconds, and compares without them.
    pub(crate) truncates: bool,
    /// Shows whole seconds, and compares with the tenths that it does not show.
    pub(crate) compares_finer: bool,
    /// Sorts keys without regard to case.
    pub(crate) sorts_by_letter: bool,
    /// Compares keys without regard to case.
    pub(crate) compares_by_letter: bool,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) rows: BTreeMap<String, FakeRow>,
    pub(crate) coming: Vec<Edit>,
    pub(crate) quirks: Quirks,
    /// How long each call takes.
    pub(crate) tick: i64,
    pub(crate) asked: Vec<String>,
    /// Answers that come before all others: status, content type, body.
    pub(crate) answers: VecDeque<(u16, &'static str, String)>,
}

#[derive(Debug, Default)]
pub(crate) struct FakeIfs(pub(crate) Mutex<World>);

impl FakeRow {
    /// Tenths of the second in which it was modified.
    fn tenths(&self) -> i64 {
        i64::from(self.edit * 3 % 10)
    }
}

fn stamp(second: i64, tenths: i64) -> Timestamp {
    Timestamp::from_millisecond((BASE + second) * 1_000 + tenths * 100).unwrap()
}

impl World {
    pub(crate) fn put(&mut self, key: &str, modified: Option<i64>) {
        let edit = self.rows.get(key).map_or(0, |row| row.edit) + 1;
        self.rows.insert(key.to_owned(), FakeRow { modified, edit });
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds;
        let now = self.now;
        let (due, coming): (Vec<Edit>, Vec<Edit>) =
            std::mem::take(&mut self.coming).into_iter().partition(|edit| edit.visible <= now);
        self.coming = coming;
        for edit in due {
            self.put(&edit.key, edit.at);
        }
    }

    fn select(&self, options: &BTreeMap<String, String>) -> Vec<(&String, &FakeRow)> {
        let filter = options.get("$filter").filter(|_| !self.quirks.ignores_filter);
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .filter(|(key, row)| filter.is_none_or(|text| Parser { rest: text, world: self }.whole(key, row)))
            .collect();
        if options.get("$orderby").is_some_and(|order| order.starts_with("ModifiedDate")) {
            rows.sort_by_key(|(key, row)| (row.modified, (*key).clone()));
        } else if self.quirks.sorts_by_letter {
            rows.sort_by_key(|(key, _)| key.to_lowercase());
        }
        if self.quirks.ignores_order {
            rows.reverse();
        }
        rows
    }

    fn json(&self, key: &str, row: &FakeRow) -> String {
        let tenths = if self.quirks.truncates { row.tenths() } else { 0 };
        let modified = row.modified.map(|at| stamp(at, tenths).to_string());
        let mut json = serde_json::json!({
            "@odata.etag": "W/\"same\"", "SupplierId": key, "Name": format!("edit {}", row.edit), "ModifiedDate": modified,
        });
        if let Some(hidden) = self.quirks.hides {
            json.as_object_mut().unwrap().remove(hidden);
        }
        json.to_string()
    }

    fn collection(&self, options: &BTreeMap<String, String>, url: &str) -> (u16, String) {
        let top: usize = options.get("$top").map_or(usize::MAX, |top| top.parse().unwrap());
        if self.quirks.slow_above.is_some_and(|limit| top > limit) {
            return (504, r#"{"error":{"code":"ODP_OPERATION_TIMEOUT","message":"slow"}}"#.into());
        }
        let count = options.contains_key("$count");
        if count && self.quirks.cannot_count {
            return (501, r#"{"error":{"code":"ODP_NOT_IMPLEMENTED","message":"no count"}}"#.into());
        }
        let rows = self.select(options);
        let empty = self.quirks.empty_first && !url.contains("skiptoken");
        let cap = if empty { 0 } else { self.quirks.cap.unwrap_or(usize::MAX) };
        let page: Vec<String> =
            rows.iter().take(top.min(cap)).map(|(key, row)| self.json(key, row)).collect();
        let mut parts = vec![format!("\"value\":[{}]", page.join(","))];
        if count {
            parts.push(format!("\"@odata.count\":{}", rows.len()));
        }
        if page.len() < rows.len().min(top) && !self.quirks.silent {
            let link = serde_json::to_string(&format!("{url}&$skiptoken=1")).unwrap();
            parts.push(format!("\"@odata.nextLink\":{link}"));
        }
        (200, format!("{{{}}}", parts.join(",")))
    }

    fn answer(&mut self, url: &str) -> (u16, &'static str, String) {
        if let Some(answer) = self.answers.pop_front() {
            return answer;
        }
        let url: url::Url = url.parse().unwrap();
        let options: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let last = url.path_segments().and_then(Iterator::last).unwrap_or_default().to_owned();
        match last.as_str() {
            "" => (
                200,
                "application/json",
                r#"{"value":[{"name":"SupplierSet","kind":"EntitySet"},{"name":"Other"}]}"#.into(),
            ),
            "$metadata" => (200, "application/xml", METADATA.into()),
            "SupplierSet" => {
                let (status, body) = self.collection(&options, url.as_str());
                (status, "application/json", body)
            }
            _ => (
                404,
                "application/json",
                r#"{"error":{"code":"ODP_RESOURCE_NOTFOUND","message":"no such set"}}"#.into(),
            ),
        }
    }
}

const METADATA: &str = r#"<edmx:Edmx xmlns:edmx="e" Version="4.0"><edmx:DataServices><Schema xmlns="s" Namespace="IfsApp.S">
<EntityType Name="Supplier"><Key><PropertyRef Name="SupplierId"/></Key><Property Name="SupplierId" Type="Edm.String"/>
<Property Name="Name" Type="Edm.String"/><Property Name="ModifiedDate" Type="Edm.DateTimeOffset"/></EntityType>
<EntityContainer Name="C"><EntitySet Name="SupplierSet" EntityType="IfsApp.S.Supplier"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"#;

#[async_trait]
impl HttpTransport for FakeIfs {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut world = self.0.lock().unwrap();
        let url = request.uri().to_string();
        world.asked.push(url.clone());
        let (status, kind, body) = world.answer(&url);
        let mut response = http::Response::builder().status(status).header("content-type", kind);
        // The answer shows the time at which it leaves; what it holds was read before.
        let tick = world.tick;
        world.pass(tick);
        if !world.quirks.no_date {
            let at = Timestamp::from_second(BASE + world.now).unwrap();
            response = response.header("date", at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        }
        Ok(response.body(Bytes::from(body)).unwrap())
    }
}

#[async_trait]
impl Clock for FakeIfs {
    // Our own clock is wrong by two hours on purpose.
    fn now(&self) -> Timestamp {
        Timestamp::from_second(BASE + self.0.lock().unwrap().now - 7_200).unwrap()
    }
    fn elapsed(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.lock().unwrap().now).unwrap())
    }
    async fn sleep(&self, span: Duration) {
        self.0.lock().unwrap().pass(i64::try_from(span.as_secs()).unwrap());
    }
}

/// Understands `(A op literal)` and lists of them joined by `and` or `or`, in parentheses.
struct Parser<'a> {
    rest: &'a str,
    world: &'a World,
}

impl Parser<'_> {
    fn whole(mut self, key: &str, row: &FakeRow) -> bool {
        let holds = self.group(key, row);
        assert_eq!(self.rest, "", "a filter ends with its parentheses");
        holds
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn group(&mut self, key: &str, row: &FakeRow) -> bool {
        assert!(self.eat("("), "a group at {}", self.rest);
        if !self.rest.starts_with('(') {
            return self.comparison(key, row);
        }
        let mut holds = self.group(key, row);
        loop {
            if self.eat(")") {
                return holds;
            } else if self.eat(" and ") {
                holds &= self.group(key, row);
            } else if self.eat(" or ") {
                holds |= self.group(key, row);
            } else {
                panic!("no list at {}", self.rest);
            }
        }
    }

    fn comparison(&mut self, key: &str, row: &FakeRow) -> bool {
        let (name, rest) = self.rest.split_once(' ').unwrap();
        let (op, rest) = rest.split_once(' ').unwrap();
        self.rest = rest;
        let literal = self.literal();
        let order = match name {
            "SupplierId" if self.world.quirks.ignores_keys => return true,
            "SupplierId" if self.world.quirks.compares_by_letter => {
                Some(key.to_lowercase().cmp(&literal.to_lowercase()))
            }
            "SupplierId" => Some(key.cmp(literal.as_str())),
            _ => {
                let tenths = if self.world.quirks.compares_finer { row.tenths() } else { 0 };
                row.modified.map(|at| stamp(at, tenths).cmp(&literal.parse().unwrap()))
            }
        };
        let Some(order) = order else { return false };
        match op {
            "eq" => order.is_eq(),
            "gt" => order.is_gt(),
            "ge" => order.is_ge(),
            "le" => order.is_le(),
            "lt" => order.is_lt(),
            other => panic!("unknown operator {other}"),
        }
    }

    fn literal(&mut self) -> String {
        let mut text = String::new();
        if !self.eat("'") {
            let (literal, rest) = self.rest.split_once(')').unwrap();
            self.rest = rest;
            return literal.to_owned();
        }
        loop {
            let (part, rest) = self.rest.split_once('\'').unwrap();
            text.push_str(part);
            self.rest = rest;
            if !self.eat("'") {
                break;
            }
            text.push('\'');
        }
        assert!(self.eat(")"));
        text
    }
}
