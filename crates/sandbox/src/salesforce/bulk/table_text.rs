//! A CSV file in memory: its columns, and its rows as they were sent.

use super::csv::{Rows, write_line};

/// A file.
#[derive(Debug, Clone, Default)]
pub(super) struct TableText {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl TableText {
    /// Reads a file.
    ///
    /// # Errors
    /// The message that a job fails with.
    pub(super) fn read(text: &str, delimiter: char) -> Result<Self, String> {
        let broken = || "InvalidBatch : Failed to parse CSV: a quote is not closed".to_owned();
        let mut rows = Rows::new(text, delimiter);
        let columns = match rows.next() {
            None => return Err("InvalidBatch : The file has no header row".to_owned()),
            Some(columns) => columns.map_err(|_| broken())?,
        };
        let mut table = Self { columns, rows: Vec::new() };
        for row in rows {
            let row = row.map_err(|_| broken())?;
            // An empty line is no row.
            if row.len() > 1 || row.first().is_some_and(|cell| !cell.is_empty()) {
                table.rows.push(row);
            }
        }
        Ok(table)
    }

    /// The line of column names after those of the results' own columns.
    pub(super) fn head(&self, own: &[&str], delimiter: char) -> String {
        let mut out = String::new();
        let cells = own.iter().copied().chain(self.columns.iter().map(String::as_str));
        write_line(&mut out, cells, delimiter);
        out
    }

    /// Appends a row after the results' own cells.
    pub(super) fn line(&self, out: &mut String, own: &[&str], row: usize, delimiter: char) {
        let cells = self.rows.get(row).into_iter().flatten().map(String::as_str);
        write_line(out, own.iter().copied().chain(cells), delimiter);
    }
}
