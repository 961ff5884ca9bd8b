//! Feeds readers of untrusted bytes with damaged input: all of them, or one, for a time or a number
//! of runs, and repeats what was found.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ml_connector_tests::fuzz::{Finding, Span, fuzz, targets};
use wire::{Clock as _, SystemClock};

/// Fuzzes readers of untrusted bytes, repeatably from a seed.
#[derive(Debug, Parser)]
struct Args {
    /// Only targets whose name begins so
    #[arg(long)]
    target: Option<String>,
    /// How many seconds for each target
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many runs for each target, instead of a time
    #[arg(long, conflicts_with = "seconds")]
    runs: Option<u64>,
    /// Where chance begins
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The first run; with `--runs 1`, that run alone
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Print the names of the targets
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let targets = targets(args.target.as_deref());
    if targets.is_empty() {
        eprintln!("there is no such target; --list prints them");
        return ExitCode::FAILURE;
    }
    let span = args.runs.map_or(Span::Time(Duration::from_secs(args.seconds)), Span::Runs);
    let mut found = false;
    for target in &targets {
        if args.list {
            println!("{}", target.name);
            continue;
        }
        let begun = SystemClock.elapsed();
        match fuzz(target, args.seed, args.from, span) {
            Ok(runs) => {
                let took = SystemClock.elapsed().saturating_sub(begun).as_secs_f64();
                println!("{:>20}: {runs} runs in {took:.1} s, no finding", target.name);
            }
            Err(finding) => {
                found = true;
                tell(&finding);
            }
        }
    }
    if found { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn tell(finding: &Finding) {
    let Finding { target, seed, run, what, input } = finding;
    println!("{target:>20}: {what}");
    println!("  input: {}", input.escape_ascii());
    println!(
        "  repeat it: cargo run -p ml-connector-tests --bin fuzz -- --target {target} --seed {seed} --from {run} --runs 1"
    );
}
