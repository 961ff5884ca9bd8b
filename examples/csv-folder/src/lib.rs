//! A system of your own: a folder of CSV files, as a source and as a sink.
//!
//! Each kind of records is one file, `<entity>.csv`, whose first column is the key. Both ends pass the
//! conformance suites of `sync_engine`, which is what makes a connector fit for the engine: see the tests.

mod csv_sink;
mod csv_source;
mod table;

pub use csv_sink::CsvSink;
pub use csv_source::CsvSource;
pub use table::TableError;
