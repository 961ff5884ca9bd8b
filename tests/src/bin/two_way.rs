//! Simulates two flows to and fro: many seeds, one seed again, the broken variants, or the table of
//! strategies.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::Parser;
use ml_connector_tests::seeds;
use ml_connector_tests::two_way::{Options, Outcome, STRATEGIES, Variant, losses, simulate};
use wire::Clock as _;

/// Simulates two flows that lead to and fro between two model systems.
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Repeat this one seed and tell its story
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Run the broken variants instead and say which seed finds each out
    #[arg(long)]
    variants: bool,
    /// Compare strategies: seeds with duplicates and seeds with lost edits, each with and without faults
    #[arg(long, conflicts_with = "variants")]
    table: bool,
    /// How many threads
    #[arg(long, default_value_t = 2)]
    jobs: u64,
}

#[derive(Debug, Default)]
struct Totals {
    edits: u64,
    effects: u64,
    conflicts: u64,
    faults: BTreeMap<&'static str, u64>,
    crashes: BTreeMap<&'static str, u64>,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.edits += outcome.edits;
        self.effects += outcome.effects;
        self.conflicts += outcome.conflicts;
        seeds::add_up(&mut self.faults, &outcome.faults);
        seeds::add_up(&mut self.crashes, &outcome.crashes);
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(seed) = args.seed {
        println!("{:#?}", Options::of(seed));
        let outcome = simulate(seed, Variant::None);
        println!("{outcome:#?}");
        return if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if args.variants {
        return variants(args.seeds);
    }
    if args.table {
        return table(args.seeds);
    }
    many(&args)
}

fn variants(seeds: u64) -> ExitCode {
    let finding = |seed, variant| {
        let first = simulate(seed, variant).findings.into_iter().next()?;
        Some(format!("{:?}: {}", first.kind, first.text))
    };
    if seeds::find_out(&Variant::BROKEN, seeds, finding) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the table; whether this product's lines, and only they, are without a loss.
fn table(seeds: u64) -> ExitCode {
    println!("{:<32} {:>22} {:>22}", "seeds with", "with faults", "without faults");
    println!(
        "{:<32} {:>10} {:>11} {:>10} {:>11}",
        "strategy", "duplicates", "lost edits", "duplicates", "lost edits"
    );
    let mut as_expected = true;
    for strategy in STRATEGIES {
        let [faulty, calm] = [false, true].map(|calm| losses(&strategy, 0..seeds, calm));
        let tenths = |count: u64| (count * 1_000).div_ceil(seeds.max(1));
        let shown = |count: u64| format!("{}.{} %", tenths(count) / 10, tenths(count) % 10);
        let [a, b, c, d] = [faulty.doubled, faulty.lost, calm.doubled, calm.lost].map(shown);
        println!("{:<32} {a:>10} {b:>11} {c:>10} {d:>11}", strategy.name);
        let nothing = faulty.doubled + faulty.lost + calm.doubled + calm.lost == 0;
        as_expected &= nothing == (strategy.variant == Variant::None);
    }
    if as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn many(args: &Args) -> ExitCode {
    let clock = wire::SystemClock;
    let begun = clock.elapsed();
    let totals = Mutex::new(Totals::default());
    let range = args.from..args.from.saturating_add(args.seeds);
    let all = seeds::all_hold(range, args.jobs, |seed| {
        let outcome = simulate(seed, Variant::None);
        let sound = outcome.findings.is_empty();
        if !sound {
            eprintln!("seed {seed}: {:#?}", outcome.findings);
            eprintln!("repeat it: cargo run -p ml-connector-tests --bin two_way -- --seed {seed}");
        }
        totals.lock().unwrap_or_else(PoisonError::into_inner).add(&outcome);
        sound
    });
    if !all {
        return ExitCode::FAILURE;
    }
    let took = clock.elapsed().saturating_sub(begun).as_secs_f64();
    let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Totals { edits, effects, conflicts, faults, crashes } = totals;
    println!(
        "{} seeds in {took:.1} s: {edits} edits, {effects} writes, {conflicts} conflicts; no finding",
        args.seeds
    );
    println!("faults: {faults:?}");
    println!("killed at: {crashes:?}");
    ExitCode::SUCCESS
}
