//! Logical units: one description per table, from which metadata, reads, writes and checks come.

use super::column::Column;

/// How a row's version shows in its `ETag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    /// The second of the last change.
    Stamp,
    /// A number that grows with every change.
    Counter,
    /// The rows have no `ETag`.
    None,
}

/// Who may write rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Clients read only.
    Read,
    /// Clients create, update and delete.
    Write,
    /// Books and invoices: clients read only, and every attempt to write is counted.
    Financial,
}

/// A logical unit.
#[derive(Debug)]
pub(crate) struct Entity {
    /// Its name in IFS.
    pub(crate) lu: &'static str,
    pub(crate) columns: &'static [Column],
    /// The columns that make the key, in order.
    pub(crate) keys: &'static [&'static str],
    /// The column that shows when a row was last changed.
    pub(crate) modified: Option<&'static str>,
    pub(crate) versions: Versions,
    pub(crate) access: Access,
    /// The unit that the first part of the key belongs to.
    pub(crate) parent: Option<&'static Entity>,
    /// What keys begin with that the server chooses.
    pub(crate) numbers: Option<&'static str>,
}

impl Entity {
    /// A unit that clients only read, with stamps in its `ETag`s.
    pub(crate) const fn new(
        lu: &'static str,
        columns: &'static [Column],
        keys: &'static [&'static str],
    ) -> Self {
        Self {
            lu,
            columns,
            keys,
            modified: None,
            versions: Versions::Stamp,
            access: Access::Read,
            parent: None,
            numbers: None,
        }
    }

    /// The place of a column.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The column that shows the last change.
    pub(crate) fn modified_place(&self) -> Option<usize> {
        self.modified.and_then(|name| self.place(name))
    }

    /// The columns of the key, in order.
    pub(crate) fn key_places(&self) -> impl Iterator<Item = usize> {
        self.keys.iter().filter_map(|name| self.place(name))
    }

    /// Whether one column alone makes the key.
    pub(crate) fn has_single_key(&self) -> bool {
        self.keys.len() == 1
    }
}

impl PartialEq for Entity {
    fn eq(&self, other: &Self) -> bool {
        self.lu == other.lu
    }
}
