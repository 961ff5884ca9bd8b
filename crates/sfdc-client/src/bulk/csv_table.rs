//! A CSV file that the org sent: its header, and its rows one by one.

use csv::StringRecord;

/// Reads a file row by row into one buffer.
#[derive(Debug)]
pub struct CsvTable<'a> {
    reader: csv::Reader<&'a [u8]>,
    columns: StringRecord,
}

impl<'a> CsvTable<'a> {
    /// Reads the header. An empty body is a file without columns and rows.
    pub fn open(body: &'a [u8]) -> Result<Self, String> {
        // Every row must have the header's length; the reader sees to it.
        let mut reader =
            csv::ReaderBuilder::new().from_reader(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
        let columns = reader.headers().map_err(|error| error.to_string())?.clone();
        Ok(Self { reader, columns })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &StringRecord {
        &self.columns
    }

    /// The place of a column.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// Reads the next row into `row`; `false` behind the last one.
    pub fn next(&mut self, row: &mut StringRecord) -> Result<bool, String> {
        self.reader.read_record(row).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_and_broken_ones_refused() {
        let mut table = CsvTable::open("\u{feff}\"sf__Id\",\"Näme\"\n\"1\",\"a\n\"\"b\"\"\"\n".as_bytes())
            .expect("a file");
        assert_eq!((table.place("SF__ID"), table.place("Näme"), table.place("x")), (Some(0), Some(1), None));
        let mut row = StringRecord::new();
        assert_eq!(table.next(&mut row), Ok(true));
        assert_eq!(row.iter().collect::<Vec<_>>(), ["1", "a\n\"b\""]);
        assert_eq!(table.next(&mut row), Ok(false));
        let mut empty = CsvTable::open(b"").expect("an empty file");
        assert_eq!((empty.columns().len(), empty.next(&mut row)), (0, Ok(false)));
        for broken in [&b"a,b\n1\n"[..], b"a,b\n1,2,3\n", b"a,b\n1,\xff\n"] {
            let mut table = CsvTable::open(broken).expect("a header");
            assert!(table.next(&mut row).is_err(), "{broken:?}");
        }
        assert!(CsvTable::open(b"\xff\n").is_err());
    }
}
