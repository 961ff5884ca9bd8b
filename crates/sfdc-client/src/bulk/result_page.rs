//! One page of a query's result.

use std::sync::Arc;

use csv::StringRecord;

use crate::bulk::csv_table::CsvTable;

/// Rows of a query, with the names of their columns.
#[derive(Debug, Clone)]
pub struct ResultPage {
    columns: Arc<[String]>,
    rows: Vec<StringRecord>,
    /// The audit entry of the page, if it was recorded.
    pub evidence: Option<u64>,
}

/// One row of a query.
#[derive(Debug, Clone, Copy)]
pub struct ResultRow<'a> {
    columns: &'a [String],
    cells: &'a StringRecord,
}

impl ResultPage {
    /// Reads a page: every one begins with the header.
    pub(crate) fn read(body: &[u8], evidence: Option<u64>) -> Result<Self, String> {
        let mut table = CsvTable::open(body)?;
        let columns = table.columns().iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        let mut row = StringRecord::new();
        while table.next(&mut row)? {
            rows.push(row.clone());
        }
        Ok(Self { columns, rows, evidence })
    }

    /// The names of the columns, such as `Name` or `Account.Name`.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = ResultRow<'_>> {
        self.rows.iter().map(|cells| ResultRow { columns: &self.columns, cells })
    }
}

impl<'a> ResultRow<'a> {
    /// The value at a place of the columns; `None` if the field is empty.
    pub fn at(&self, place: usize) -> Option<&'a str> {
        self.cells.get(place).filter(|text| !text.is_empty())
    }

    /// The value of a column, by its name in any case; `None` if the field is empty or not there.
    pub fn get(&self, column: &str) -> Option<&'a str> {
        self.at(self.columns.iter().position(|name| name.eq_ignore_ascii_case(column))?)
    }
}
