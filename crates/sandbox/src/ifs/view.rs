//! Views: what a projection shows of a logical unit, and how it leads to others.

use std::fmt;

use super::entity::Entity;
use super::problem::Problem;
use super::row::Row;

/// A projection's entity type.
pub(crate) struct View {
    /// Name of the type, and `luname` of its rows.
    pub(crate) name: &'static str,
    pub(crate) entity: &'static Entity,
    /// Columns that it does not show.
    pub(crate) without: &'static [&'static str],
    /// Its own name for a column, and the column's.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// Which rows it shows; all, if nothing is said.
    pub(crate) only: Option<fn(&Row) -> bool>,
    pub(crate) links: &'static [Link],
}

/// A navigation property.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) name: &'static str,
    pub(crate) target: &'static View,
    pub(crate) many: bool,
    /// Column of the target, and the column here that it equals.
    pub(crate) on: &'static [(&'static str, &'static str)],
}

impl View {
    /// Shows everything of `entity`, under its own names.
    pub(crate) const fn of(entity: &'static Entity) -> Self {
        Self { name: entity.lu, entity, without: &[], renamed: &[], only: None, links: &[] }
    }

    /// The place of what this view calls `name`.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        if let Some((_, column)) = self.renamed.iter().find(|(shown, _)| *shown == name) {
            return self.entity.place(column);
        }
        let away = self.without.contains(&name) || self.renamed.iter().any(|(_, column)| *column == name);
        if away { None } else { self.entity.place(name) }
    }

    /// The columns that are shown: place and name.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let all = self.entity.columns.iter().enumerate();
        all.filter(|(_, column)| !self.without.contains(&column.name)).map(|(place, column)| {
            let renamed = self.renamed.iter().find(|(_, hidden)| *hidden == column.name);
            (place, renamed.map_or(column.name, |(shown, _)| *shown))
        })
    }

    /// The navigation property of this name.
    pub(crate) fn link(&self, name: &str) -> Option<&'static Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// Whether the view shows the row.
    pub(crate) fn shows(&self, row: &Row) -> bool {
        self.only.is_none_or(|only| only(row))
    }
}

impl fmt::Debug for View {
    // Links lead around in circles.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("View").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A view as one request sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) view: &'static View,
    /// The projection's namespace, with which enum literals begin.
    pub(crate) namespace: &'a str,
    pub(crate) drift: Drift<'a>,
}

/// How the types differ from their description, as after an update of the tenant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drift<'a> {
    /// An attribute that is not there.
    pub(crate) hidden: Option<&'a str>,
    /// An attribute, and its new name.
    pub(crate) renamed: Option<(&'a str, &'a str)>,
}

impl<'a> Drift<'a> {
    /// Everything is as described.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self { hidden: None, renamed: None };

    /// What is now called `name` as the description calls it; `None` if it is not there.
    fn described<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        match self.renamed {
            Some((old, new)) if name == new => Some(old),
            Some((old, _)) if name == old => None,
            _ => Some(name).filter(|name| self.hidden != Some(*name)),
        }
    }

    /// What the description calls `name` as it is called now; `None` if it is not there.
    pub(crate) fn shown(&self, name: &'static str) -> Option<&'a str> {
        match self.renamed {
            Some((old, new)) if name == old => Some(new),
            _ => Some(name).filter(|name| self.hidden != Some(*name)),
        }
    }
}

impl<'a> Sight<'a> {
    /// The place of a column that the request names.
    pub(crate) fn column(&self, name: &str) -> Result<usize, Problem> {
        let place = self.drift.described(name).and_then(|name| self.view.place(name));
        place.ok_or_else(|| {
            Problem::bad(format!("the property {name} does not exist in the type {}", self.view.name))
        })
    }

    /// The columns that are shown: place and name.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let drift = self.drift;
        self.view.columns().filter_map(move |(place, name)| Some((place, drift.shown(name)?)))
    }
}
