//! Runs simulations: many seeds, one seed again, or the broken variants.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use ml_connector_tests::seeds;
use ml_connector_tests::simulation::{Options, Outcome, Variant, mission, simulate};
use wire::Clock as _;

/// Simulates the whole product, both systems included, under virtual time.
#[derive(Debug, Parser)]
struct Args {
    /// Suppliers alone, with many records, or all flows of the mission both ways, with few
    #[arg(long, value_enum, default_value_t = World::Suppliers)]
    world: World,
    /// How many seeds to run
    #[arg(long, default_value_t = 500)]
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
    /// Kill a process at every point of the first load, one after the other, and once more while it is
    /// taken over; the seed says in which world
    #[arg(long, conflicts_with_all = ["variants", "seeds", "from"])]
    every_point: bool,
    /// How many threads
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// The figures as one JSON document
    #[arg(long)]
    json: bool,
}

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum World {
    /// Suppliers, one way.
    Suppliers,
    /// All flows of the mission, both ways.
    Mission,
}

impl World {
    fn simulate(self, seed: u64, variant: Variant) -> Outcome {
        match self {
            Self::Suppliers => simulate(seed, variant),
            Self::Mission => mission::simulate(seed, variant),
        }
    }

    fn options(self, seed: u64) -> Options {
        match self {
            Self::Suppliers => Options::of(seed),
            Self::Mission => Options::mission(seed),
        }
    }

    fn broken(self) -> Vec<Variant> {
        match self {
            Self::Suppliers => Variant::BROKEN.to_vec(),
            Self::Mission => Variant::OF_THE_MISSION.to_vec(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Suppliers => "suppliers",
            Self::Mission => "mission",
        }
    }
}

/// Sums over many simulations.
#[derive(Debug, Default)]
struct Totals {
    seeds: u64,
    calls: u64,
    effects: u64,
    runs: u64,
    simulated: Duration,
    faults: BTreeMap<&'static str, u64>,
    crashes: BTreeMap<&'static str, u64>,
    sights: BTreeMap<&'static str, u64>,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.calls += outcome.calls;
        self.effects += outcome.effects;
        self.runs += outcome.runs;
        self.simulated += outcome.simulated;
        seeds::add_up(&mut self.faults, &outcome.faults);
        seeds::add_up(&mut self.crashes, &outcome.crashes);
        seeds::add_up(&mut self.sights, &outcome.sights);
    }

    fn print(&self, took: Duration, json: bool) {
        let days = self.simulated.as_secs() / 86_400;
        if json {
            let document = serde_json::json!({
                "seeds": self.seeds, "seconds": took.as_secs_f64(), "simulated_days": days, "runs": self.runs,
                "calls": self.calls, "effects": self.effects, "faults": self.faults, "crashes": self.crashes,
                "sights": self.sights,
            });
            println!("{document}");
            return;
        }
        println!(
            "{} seeds in {:.1} s: {} simulated days, {} runs, {} calls, {} effects; no finding",
            self.seeds,
            took.as_secs_f64(),
            days,
            self.runs,
            self.calls,
            self.effects
        );
        println!("faults: {:?}", self.faults);
        println!("killed at: {:?}", self.crashes);
        if !self.sights.is_empty() {
            println!("met: {:?}", self.sights);
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.every_point {
        return every_point(args.seed.unwrap_or(0));
    }
    if let Some(seed) = args.seed {
        return repeat(args.world, seed);
    }
    if args.variants {
        return variants(args.world, args.seeds);
    }
    many(&args)
}

fn repeat(world: World, seed: u64) -> ExitCode {
    println!("{:#?}", world.options(seed));
    let outcome = world.simulate(seed, Variant::None);
    println!("{outcome:#?}");
    if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn every_point(seed: u64) -> ExitCode {
    let points = mission::twins::b12_idempotent_restart(seed, 1);
    println!("killed {} times: {:?}", points.killed, points.crashes);
    if points.findings.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("{:#?}", points.findings);
    ExitCode::FAILURE
}

fn variants(world: World, seeds: u64) -> ExitCode {
    let finding = |seed, variant| {
        let first = world.simulate(seed, variant).findings.into_iter().next()?;
        Some(first.0)
    };
    if seeds::find_out(&world.broken(), seeds, finding) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn many(args: &Args) -> ExitCode {
    let clock = wire::SystemClock;
    let begun = clock.elapsed();
    let totals = Mutex::new(Totals::default());
    let range = args.from..args.from.saturating_add(args.seeds);
    let all = seeds::all_hold(range, args.jobs, |seed| {
        let outcome = args.world.simulate(seed, Variant::None);
        let sound = outcome.findings.is_empty();
        if !sound {
            let world = args.world.name();
            eprintln!("seed {seed}: {:#?}", outcome.findings);
            eprintln!(
                "repeat it: cargo run -p ml-connector-tests --bin simulate -- --world {world} --seed {seed}"
            );
        }
        totals.lock().unwrap_or_else(PoisonError::into_inner).add(&outcome);
        sound
    });
    if !all {
        return ExitCode::FAILURE;
    }
    let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    totals.print(clock.elapsed().saturating_sub(begun), args.json);
    ExitCode::SUCCESS
}
