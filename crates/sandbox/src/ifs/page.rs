//! A collection's page: which rows a request gets.

use std::cmp::Ordering;
use std::sync::Arc;

use super::bounds::{Low, keys, latest, low};
use super::cell::Cell;
use super::entity::Entity;
use super::options::Options;
use super::problem::Problem;
use super::row::{Row, join};
use super::table::Table;
use super::view::View;
use super::zone::Lens;

/// The rows that a request gets, and what it is told about the rest.
pub(crate) struct Chosen {
    pub(crate) rows: Vec<Arc<Row>>,
    pub(crate) count: Option<usize>,
    /// Where a server-driven walk goes on.
    pub(crate) next: Option<usize>,
}

/// The collection that a request is about: a view's rows, or those that a navigation leads to.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) view: &'static View,
    /// Columns and the values that navigation gives them.
    pub(crate) equal: Vec<(usize, Cell)>,
}

impl Scope {
    fn has(&self, row: &Row) -> bool {
        self.view.shows(row) && self.equal.iter().all(|(place, cell)| row.at(*place) == cell)
    }

    /// Whether it is the whole table.
    fn is_whole(&self) -> bool {
        self.equal.is_empty() && self.view.only.is_none()
    }

    /// The parts with which all keys begin.
    fn prefix(&self) -> Option<String> {
        let known = |place| self.equal.iter().find(|(known, _)| *known == place).map(|(_, cell)| cell);
        let parts: Vec<String> = self.view.entity.key_places().map_while(known).map(Cell::key_part).collect();
        let some = !parts.is_empty() && parts.len() < self.view.entity.keys.len();
        some.then(|| join(&parts))
    }
}

/// A search in one table.
pub(crate) struct Search<'a> {
    pub(crate) table: &'a Table,
    pub(crate) scope: &'a Scope,
    pub(crate) options: &'a Options,
    pub(crate) lens: &'a Lens,
}

impl Search<'_> {
    /// Chooses the rows of a page of at most `cap`. An `eager` server promises a next page whenever
    /// this one is full, also when nothing follows.
    pub(crate) fn choose(&self, cap: usize, eager: bool) -> Result<Chosen, Problem> {
        let options = self.options;
        let begin = options.skip.saturating_add(options.skip_token);
        let left = options.top.map_or(usize::MAX, |top| top.saturating_sub(options.skip_token));
        let wanted = left.min(cap);
        let end = begin.saturating_add(wanted);
        let counting = options.count && (options.filter.is_some() || !self.scope.is_whole());
        // One row more tells whether there is a next page.
        let needed = if counting { usize::MAX } else { end.saturating_add(1) };
        let matching = self.matching(needed)?;
        let count = options.count.then(|| if counting { matching.len() } else { self.table.len() });
        let more = left > wanted && (matching.len() > end || (eager && wanted > 0 && matching.len() == end));
        let rows = matching.into_iter().skip(begin).take(wanted).collect();
        Ok(Chosen { rows, count, next: more.then(|| options.skip_token.saturating_add(wanted)) })
    }

    /// The first `needed` matching rows in the asked order.
    pub(crate) fn matching(&self, needed: usize) -> Result<Vec<Arc<Row>>, Problem> {
        let entity = self.scope.view.entity;
        let filter = self.options.filter.as_ref();
        let by_key = is_by_key(&self.options.order, entity);
        let sorted = |rows: Result<Vec<Arc<Row>>, Problem>| {
            let mut rows = rows?;
            rows.sort_by(|a, b| by_order(a, b, &self.options.order));
            Ok(rows)
        };
        if self.lens.shifts() {
            // Wall times repeat in autumn, so no index holds.
            let shifted: Vec<_> = self.table.all().map(|row| self.lens.outward(row)).collect();
            return sorted(self.first(shifted.iter(), usize::MAX));
        }
        if !self.scope.equal.is_empty() {
            let found = match self.scope.prefix() {
                Some(prefix) => self.first(self.table.beginning(&prefix), usize::MAX),
                None => self.first(self.table.all(), usize::MAX),
            };
            return if by_key { found } else { sorted(found) };
        }
        if let (true, Some(named)) = (by_key, filter.and_then(|filter| keys(filter, entity))) {
            return if entity.has_single_key() {
                self.first(named.into_iter().filter_map(|key| self.table.get(key)), needed)
            } else {
                self.first(named.into_iter().flat_map(|key| self.table.beginning(key)), needed)
            };
        }
        let low = filter.map(|filter| low(filter, entity));
        if by_key {
            return self.first(self.table.after(low.map_or("", |low| low.key)), needed);
        }
        match low.filter(Low::is_stamped) {
            Some(low) if is_by_change(&self.options.order, entity) => {
                let last = filter.and_then(|filter| latest(filter, entity)).unwrap_or(i64::MAX);
                self.first(self.table.between(low.behind, last), needed)
            }
            _ => sorted(self.first(self.table.all(), usize::MAX)),
        }
    }

    fn first<'r>(
        &self,
        rows: impl Iterator<Item = &'r Arc<Row>>,
        needed: usize,
    ) -> Result<Vec<Arc<Row>>, Problem> {
        let mut found = Vec::new();
        for row in rows {
            if self.scope.has(row)
                && self.options.filter.as_ref().map_or(Ok(true), |filter| filter.holds(row))?
            {
                found.push(row.clone());
                if found.len() >= needed {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Whether rows are wanted as they stand.
fn is_by_key(order: &[(usize, bool)], entity: &Entity) -> bool {
    order.is_empty() || entity.key_places().map(|place| (place, false)).eq(order.iter().copied())
}

/// Whether rows are wanted by modification and then as they stand.
fn is_by_change(order: &[(usize, bool)], entity: &Entity) -> bool {
    let wanted = entity.modified_place().into_iter().chain(entity.key_places()).map(|place| (place, false));
    wanted.eq(order.iter().copied())
}

fn by_order(a: &Row, b: &Row, order: &[(usize, bool)]) -> Ordering {
    for (place, descending) in order {
        let ordering = a.at(*place).order(b.at(*place));
        if ordering != Ordering::Equal {
            return if *descending { ordering.reverse() } else { ordering };
        }
    }
    a.key_str().cmp(b.key_str())
}
