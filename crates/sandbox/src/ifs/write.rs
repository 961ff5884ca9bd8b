//! Writing: rows that are created, updated and deleted.

use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use wire::{Request, Response};

use super::address::Address;
use super::body::{changes, database, members};
use super::cell::Cell;
use super::column::{ColumnKind, Writes};
use super::entity::{Access, Entity};
use super::history::Log;
use super::operation;
use super::page::Scope;
use super::precondition::{IfMatch, unsaid};
use super::problem::Problem;
use super::read::Asked;
use super::resource::{Resource, Spot, absent};
use super::row::Row;
use super::settings::IfsSettings;
use super::tenant::State;
use super::view::{Sight, View};
use super::zone::Lens;

/// Who clients are to the history log.
const CLIENT: &str = "ML_CONNECTOR";

/// A request that changes something.
pub(crate) struct Writing<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) settings: &'a IfsSettings,
    pub(crate) request: &'a Request,
    pub(crate) address: &'a Address,
    pub(crate) namespace: &'a str,
    pub(crate) lens: &'a Lens,
    pub(crate) now: Timestamp,
}

impl Writing<'_> {
    pub(crate) fn answer(&mut self, resource: &Resource) -> Result<Response, Problem> {
        if self.request.headers().contains_key(header::IF_NONE_MATCH) {
            return Err(Problem::unsupported("If-None-Match is not supported"));
        }
        match (self.request.method(), resource) {
            (&Method::POST, Resource::Rows(scope)) => {
                self.allow(scope.view)?;
                self.create(scope)
            }
            (&Method::PATCH, Resource::One(spot)) => {
                self.allow(spot.view)?;
                self.update(spot)
            }
            (&Method::DELETE, Resource::One(spot)) => {
                self.allow(spot.view)?;
                self.delete(spot)
            }
            (&Method::POST, Resource::Call(Some(spot), segment)) => operation::event(self, spot, segment),
            (&Method::POST, Resource::Call(None, segment)) => operation::action(self, segment),
            (method, Resource::Rows(Scope { view, .. }) | Resource::One(Spot { view, .. })) => {
                self.allow(view)?;
                Err(refused(format!("{method} is not allowed here")))
            }
            (method, _) => Err(refused(format!("{method} is not allowed here"))),
        }
    }

    /// Whether clients may write what the view shows.
    fn allow(&mut self, view: &View) -> Result<(), Problem> {
        match view.entity.access {
            Access::Write => Ok(()),
            Access::Read => Err(refused(format!("{} cannot be written", view.name))),
            Access::Financial => {
                self.state.count("financial_writes_refused");
                Err(refused(format!("{} is part of the books and cannot be written", view.name)))
            }
        }
    }

    pub(crate) fn sight(&self, view: &'static View) -> Sight<'_> {
        Sight { view, namespace: self.namespace, drift: self.state.switches.drift() }
    }

    fn create(&mut self, scope: &Scope) -> Result<Response, Problem> {
        let mut wanted = changes(&members(self.request)?, self.sight(scope.view), self.lens)?;
        wanted.extend(scope.equal.iter().cloned());
        self.insert(scope.view, &wanted).and_then(|spot| self.shown(&spot, StatusCode::CREATED))
    }

    /// A new row of these values; where it is.
    fn insert(&mut self, view: &'static View, wanted: &[(usize, Cell)]) -> Result<Spot, Problem> {
        let entity = view.entity;
        let row = self.state.db.blank(entity);
        let mut row = row.ok_or_else(|| Problem::missing(format!("there is no table of {}", view.name)))?;
        for (place, cell) in wanted {
            if entity.columns.get(*place).is_some_and(|column| column.writes != Writes::Never) {
                row.put(*place, cell.clone());
            }
        }
        self.fill(&mut row);
        complete(&row)?;
        row.change(Some(self.now));
        let key = row.key();
        let parent = key.split('\0').next().unwrap_or_default();
        if let Some(unit) = entity.parent.filter(|unit| self.state.db.row(unit, parent).is_none()) {
            return Err(database(format!("ORA-20111: {}.NOTEXIST: {} does not exist.", unit.lu, parent)));
        }
        if self.state.db.row(entity, &key).is_some() {
            let words = format!("ORA-20112: {0}.RECEXIST: The {0} object already exists.", entity.lu);
            return Err(database(words));
        }
        self.store(row);
        self.state.count("creates");
        Ok(Spot { view, key: key.to_string() })
    }

    /// Gives a new row what the client left out: defaults, and the number that the server chooses.
    fn fill(&self, row: &mut Row) {
        let entity = row.entity();
        for (place, column) in entity.columns.iter().enumerate() {
            let text = match (column.default, column.kind) {
                (Some("now"), ColumnKind::Date) => self.now.strftime("%Y-%m-%d").to_string(),
                (Some("now"), _) => self.now.to_string(),
                (Some(text), _) => text.to_owned(),
                (None, _) => continue,
            };
            if let (Cell::Null, Some(cell)) = (row.at(place), Cell::parse(column.kind, Some(&text))) {
                row.put(place, cell);
            }
        }
        if let (Some(prefix), Some(place)) = (entity.numbers, entity.key_places().last())
            && *row.at(place) == Cell::Null
        {
            self.number(row, place, prefix);
        }
    }

    /// The first free number behind as many as there are.
    fn number(&self, row: &mut Row, place: usize, prefix: &str) {
        let entity = row.entity();
        let count = self.state.db.table(entity).map_or(0, super::table::Table::len);
        let first = if entity.has_single_key() { 10_001 + count } else { 1 };
        let Some(name) = entity.keys.last() else { return };
        for number in first..=first + count {
            row.set(name, Some(&format!("{prefix}{number}")));
            let parts: Vec<String> = entity.key_places().map(|place| row.at(place).key_part()).collect();
            if self.state.db.row(entity, &super::row::join(&parts)).is_none() && *row.at(place) != Cell::Null
            {
                return;
            }
        }
    }

    fn update(&mut self, spot: &Spot) -> Result<Response, Problem> {
        let wanted = changes(&members(self.request)?, self.sight(spot.view), self.lens)?;
        let said = self.said();
        let found = self.state.db.row(spot.view.entity, &spot.key).cloned();
        let Some(found) = found.filter(|row| spot.view.shows(row)) else {
            return match said {
                IfMatch::Missing if self.upserts() => self.upsert(spot, wanted),
                IfMatch::Missing => Err(unsaid(self.state.switches.missing_status())),
                _ => Err(absent(spot)),
            };
        };
        self.free(spot)?;
        if !(said == IfMatch::Missing && self.upserts()) {
            said.check(&found, self.state.switches.missing_status())?;
        }
        let mut row = Row::clone(&found);
        for (place, cell) in wanted {
            let column = spot.view.entity.columns.get(place);
            if column.is_some_and(|column| column.writes == Writes::Always) {
                row.put(place, cell);
            }
        }
        complete(&row)?;
        row.change(Some(self.now));
        self.store(row);
        self.state.count("updates");
        self.shown(spot, StatusCode::OK)
    }

    /// A row that is not there comes to be under the key of the address.
    fn upsert(&mut self, spot: &Spot, mut wanted: Vec<(usize, Cell)>) -> Result<Response, Problem> {
        for (place, part) in spot.view.entity.key_places().zip(spot.key.split('\0')) {
            let kind = spot.view.entity.columns.get(place).map(|column| column.kind);
            // Numbers stand in keys with zeros before them, which reading takes away.
            let cell = kind.and_then(|kind| Cell::parse(kind, Some(part)));
            wanted.retain(|(known, _)| *known != place);
            wanted.push((place, cell.unwrap_or(Cell::Null)));
        }
        self.insert(spot.view, &wanted).and_then(|spot| self.shown(&spot, StatusCode::CREATED))
    }

    fn delete(&mut self, spot: &Spot) -> Result<Response, Problem> {
        let said = self.said();
        let found = self.state.db.row(spot.view.entity, &spot.key).cloned();
        let found = found.filter(|row| spot.view.shows(row)).ok_or_else(|| absent(spot))?;
        self.free(spot)?;
        said.check(&found, self.state.switches.missing_status())?;
        let State { db, switches, .. } = &mut *self.state;
        db.delete(spot.view.entity, &spot.key, &Log { at: self.now, user: CLIENT, units: &switches.history });
        self.state.count("deletes");
        Ok(no_content())
    }

    /// What the request says about the row, counted if it names no version.
    pub(crate) fn said(&mut self) -> IfMatch {
        let said = IfMatch::of(self.request.headers());
        if !said.is_exact() {
            self.state.count("writes_without_exact_etag");
        }
        said
    }

    /// Whether the service takes a PATCH without `If-Match` as an upsert.
    fn upserts(&self) -> bool {
        self.state.switches.upsert.iter().any(|name| name == "*" || name == self.address.service.name)
    }

    /// Whether nobody holds the row.
    pub(crate) fn free(&self, spot: &Spot) -> Result<(), Problem> {
        if !self.state.db.is_held(spot.view.entity, &spot.key) {
            return Ok(());
        }
        let words =
            format!("ORA-20113: {}.ROWLOCKED: the row is locked by another user", spot.view.entity.lu);
        Err(Problem::new(StatusCode::LOCKED, "ODP_ROW_LOCKED", words))
    }

    pub(crate) fn store(&mut self, row: Row) {
        let State { db, switches, .. } = &mut *self.state;
        db.store(row, &Log { at: self.now, user: CLIENT, units: &switches.history });
    }

    /// The row as it is now, or only its `ETag` if the client wants no more.
    pub(crate) fn shown(&self, spot: &Spot, status: StatusCode) -> Result<Response, Problem> {
        let asked = Asked {
            state: self.state,
            settings: self.settings,
            request: self.request,
            address: self.address,
            namespace: self.namespace,
            lens: self.lens,
        };
        let full = asked.entity(spot)?;
        let prefer = self.request.headers().get("prefer").and_then(|value| value.to_str().ok());
        let minimal =
            prefer.is_some_and(|prefer| prefer.split([',', ';']).any(|one| one.trim() == "return=minimal"));
        let mut response = if minimal { no_content() } else { full.clone() };
        if minimal {
            let applied = HeaderValue::from_static("return=minimal");
            response.headers_mut().insert("preference-applied", applied);
        } else {
            *response.status_mut() = status;
        }
        if let Some(etag) = full.headers().get(header::ETAG) {
            response.headers_mut().insert(header::ETAG, etag.clone());
        }
        if status == StatusCode::CREATED
            && let Ok(place) = HeaderValue::from_str(&self.place_of(spot))
        {
            if minimal {
                response.headers_mut().insert("odata-entityid", place.clone());
            }
            response.headers_mut().insert(header::LOCATION, place);
        }
        Ok(response)
    }

    /// The address of a row in the collection that the request names.
    fn place_of(&self, spot: &Spot) -> String {
        let path = self.address.path.as_str();
        let base =
            path.rfind('(').filter(|_| path.ends_with(')')).and_then(|at| path.get(..at)).unwrap_or(path);
        let row = self.state.db.row(spot.view.entity, &spot.key);
        let predicate = row.map(|row| predicate(spot.view.entity, row, self.namespace)).unwrap_or_default();
        format!("{}{base}({predicate})", self.address.root)
    }
}

/// Whether the row has everything that it must have.
fn complete(row: &Row) -> Result<(), Problem> {
    let entity = row.entity();
    let mut columns = entity.columns.iter().enumerate();
    match columns.find(|(place, column)| column.required && *row.at(*place) == Cell::Null) {
        None => Ok(()),
        Some((_, column)) => Err(database(format!(
            "ORA-20124: {0}.NULLVALUE: Field [{1}] is mandatory for {0} and requires a value.",
            entity.lu, column.name
        ))),
    }
}

/// `CustomerId='C1',AddressId='1'`, encoded for an address.
fn predicate(entity: &Entity, row: &Row, namespace: &str) -> String {
    let parts = entity.keys.iter().zip(entity.key_places()).map(|(name, place)| {
        let text = row.at(place).text().unwrap_or_default();
        let quoted = || format!("'{}'", encode(&text.replace('\'', "''")));
        match entity.columns.get(place).map(|column| column.kind) {
            Some(ColumnKind::Text(_)) => format!("{name}={}", quoted()),
            Some(ColumnKind::Enum(kind)) => format!("{name}={namespace}.{kind}{}", quoted()),
            _ => format!("{name}={text}"),
        }
    });
    parts.collect::<Vec<_>>().join(",")
}

fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~'".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The method is not allowed: 405.
fn refused(words: impl Into<String>) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "ODP_METHOD_NOT_ALLOWED", words)
}

/// Nothing to say: 204.
pub(crate) fn no_content() -> Response {
    let mut response = Response::new(bytes::Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
    response
}
