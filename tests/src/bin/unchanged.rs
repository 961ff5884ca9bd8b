//! Many unchanged pairs, both directions: nothing may be written, and the calls are counted.

use std::process::ExitCode;

use clap::Parser;
use ml_connector_tests::two_way::{Options, unchanged};
use wire::Clock as _;

/// Links many pairs, then runs both flows over the unchanged world.
#[derive(Debug, Parser)]
struct Args {
    /// How many pairs
    #[arg(long, default_value_t = 100_000)]
    pairs: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let clock = wire::SystemClock;
    let begun = clock.elapsed();
    let told = unchanged(Options::at_rest(args.pairs));
    println!("{} pairs in {:.1} s", args.pairs, clock.elapsed().saturating_sub(begun).as_secs_f64());
    let mut quiet = true;
    for run in told {
        println!(
            "{}: {} read, {} equal, {} unchanged, {} written, {} calls, {} fields changed",
            run.what,
            run.report.read,
            run.report.equal,
            run.report.unchanged,
            run.report.written(),
            run.calls,
            run.effects
        );
        quiet &= run.first || run.report.written() == 0 && run.effects == 0;
    }
    if quiet { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
