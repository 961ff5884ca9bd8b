//! A program of your own: ml-connector, with one more mapper.
//!
//! It is the whole command line: `cargo run -p example-custom-mapper -- demo`. A flow uses the mapper by
//! saying `mapping = { custom = "rated-supplier" }`.

mod rated_supplier;

use std::process::ExitCode;

use ml_connector::Runner;
use rated_supplier::RatedSupplier;

fn main() -> ExitCode {
    match RatedSupplier::new() {
        Ok(mapper) => Runner::new().mapper("rated-supplier", mapper).run(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
