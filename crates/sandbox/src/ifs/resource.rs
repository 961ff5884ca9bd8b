//! What a path leads to within a service.

use super::address::{Address, Segment};
use super::cell::Cell;
use super::database::Database;
use super::key::key;
use super::page::Scope;
use super::problem::Problem;
use super::view::{Drift, Link, Sight, View};

/// What a path leads to.
#[derive(Debug, Clone)]
pub(crate) enum Resource {
    /// The service document.
    Service,
    /// `$metadata`.
    Metadata,
    /// `$batch`.
    Batch,
    /// A collection.
    Rows(Scope),
    /// `/$count` of a collection.
    Count(Scope),
    /// One row.
    One(Spot),
    /// A property of a row, or its bare value.
    Property(Spot, String, bool),
    /// An action or function, perhaps bound to a row: `IfsApp.X.PurchaseOrder_Release`.
    Call(Option<Spot>, Segment),
}

/// One row, which may exist.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) view: &'static View,
    pub(crate) key: String,
}

/// Sees what a path leads to, as far as rows allow: a way through a row that is not there ends.
pub(crate) struct Guide<'a> {
    pub(crate) address: &'a Address,
    pub(crate) namespace: &'a str,
    pub(crate) db: &'a Database,
    pub(crate) drift: Drift<'a>,
    /// The sets are hidden.
    pub(crate) no_sets: bool,
}

impl Guide<'_> {
    pub(crate) fn lead(&self) -> Result<Resource, Problem> {
        let mut segments = self.address.segments.iter();
        let Some(first) = segments.next() else { return Ok(Resource::Service) };
        let mut found = self.first(first)?;
        for segment in segments {
            found = self.next(found, segment)?;
        }
        Ok(found)
    }

    fn first(&self, segment: &Segment) -> Result<Resource, Problem> {
        match segment.name.as_str() {
            "$metadata" => return Ok(Resource::Metadata),
            "$batch" => return Ok(Resource::Batch),
            _ => {}
        }
        let sets = if self.no_sets { &[] } else { self.address.service.sets };
        match sets.iter().find(|(name, _)| *name == segment.name) {
            Some((_, view)) => self.collection(Scope { view, equal: Vec::new() }, segment),
            None if segment.name.ends_with("Set") => {
                let words = format!("the entity set {} is not part of the projection", segment.name);
                Err(Problem::missing(words))
            }
            None => Ok(Resource::Call(None, segment.clone())),
        }
    }

    /// A collection, or the row of it that a predicate names.
    fn collection(&self, scope: Scope, segment: &Segment) -> Result<Resource, Problem> {
        let Some(predicate) = &segment.predicate else { return Ok(Resource::Rows(scope)) };
        let sight = Sight { view: scope.view, namespace: self.namespace, drift: self.drift };
        Ok(Resource::One(Spot { view: scope.view, key: key(predicate, sight, &scope.equal)? }))
    }

    fn next(&self, found: Resource, segment: &Segment) -> Result<Resource, Problem> {
        let name = segment.name.as_str();
        match found {
            Resource::Rows(scope) if name == "$count" => Ok(Resource::Count(scope)),
            Resource::Property(spot, property, false) if name == "$value" => {
                Ok(Resource::Property(spot, property, true))
            }
            Resource::One(spot) if name.contains('.') => Ok(Resource::Call(Some(spot), segment.clone())),
            Resource::One(spot) => match spot.view.link(name) {
                Some(link) => self.follow(&spot, link, segment),
                None => Ok(Resource::Property(spot, name.to_owned(), false)),
            },
            _ => Err(Problem::unsupported(format!("the path segment {name} is not supported"))),
        }
    }

    fn follow(&self, spot: &Spot, link: &'static Link, segment: &Segment) -> Result<Resource, Problem> {
        let row = self.db.row(spot.view.entity, &spot.key).filter(|row| spot.view.shows(row));
        let row = row.ok_or_else(|| absent(spot))?;
        let target = link.target.entity;
        let equal: Vec<(usize, Cell)> = link
            .on
            .iter()
            .filter_map(|(column, own)| Some((target.place(column)?, row.get(own).clone())))
            .collect();
        if link.many {
            return self.collection(Scope { view: link.target, equal }, segment);
        }
        let parts: Vec<String> = equal.iter().map(|(_, cell)| cell.key_part()).collect();
        Ok(Resource::One(Spot { view: link.target, key: super::row::join(&parts) }))
    }
}

/// There is no such row.
pub(crate) fn absent(spot: &Spot) -> Problem {
    Problem::missing(format!("there is no {} {}", spot.view.name, spot.key.replace('\0', "^")))
}
