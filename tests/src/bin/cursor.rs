//! Prints how many rows each way to read changes loses on a busy tenant:
//! `cargo run -p ml-connector-tests --bin cursor -- --seeds 50`.

use std::process::ExitCode;

use clap::Parser;
use ml_connector_tests::cursors::{LARGE, Outcome, SMALL, STRATEGIES, Strategy, TENANTS, run};

/// Runs the ways to read changes side by side on the same busy tenants.
#[derive(Debug, Parser)]
struct Args {
    /// Seeds for each cell of the table.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// On a tenant of 12,500 rows, of which one statement changes 6,000 at a time
    #[arg(long)]
    large: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let scale = if args.large { LARGE } else { SMALL };
    println!("{} rows, {} of one time, pages of {}.", scale.rows, scale.together, scale.page);
    println!("Runs with lost rows (lost rows a run; rows read for each change), {} seeds:", args.seeds);
    print!("{:<36}", "");
    for (name, _) in TENANTS {
        print!(" | {name:<24}");
    }
    println!();
    let mut holds = true;
    for (name, strategy) in STRATEGIES {
        print!("{name:<36}");
        for (_, lateness) in TENANTS {
            let outcomes: Vec<Outcome> =
                (0..args.seeds).map(|seed| runtime.block_on(run(scale, strategy, lateness, seed))).collect();
            print!(" | {:<24}", cell(&outcomes));
            let covered = matches!(strategy, Strategy::Swept(_))
                || (strategy == Strategy::Keyset(120) && lateness.most <= 110);
            holds &= !covered || outcomes.iter().all(|outcome| outcome.lost == 0);
        }
        println!();
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cell(outcomes: &[Outcome]) -> String {
    let runs = outcomes.len().max(1);
    let losing = outcomes.iter().filter(|outcome| outcome.lost > 0).count();
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let tenth = |part: usize, whole: usize| {
        let tenths = part * 10 / whole.max(1);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let percent = tenth(losing * 100, runs);
    let (lost, read) = (tenth(sum(|o| o.lost), runs), tenth(sum(|o| o.read), sum(|o| o.made)));
    format!("{percent} % ({lost}; {read}x)")
}
