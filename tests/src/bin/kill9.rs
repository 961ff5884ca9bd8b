//! Kills a loading process at random moments, many times over one load, and looks for damage.

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use clap::Parser;
use ml_connector_tests::playground::{Playground, differences};
use serde_json::Value;
use wire::{Clock as _, Entropy as _, SeededEntropy, SystemClock};

/// Starts `ml-connector run` again and again and kills it with SIGKILL; then checks that nothing is
/// lost, nothing is doubled, and the audit log is whole.
#[derive(Debug, Parser)]
struct Args {
    /// How often to kill
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// How many suppliers to load
    #[arg(long, default_value_t = 12_500)]
    suppliers: usize,
    /// The longest life of a process, in milliseconds
    #[arg(long, default_value_t = 1_200)]
    life: u64,
    /// The seed of the moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// People change hundreds of records at a time here, which a run does not carry without being asked to.
const RUN: &[&str] = &["run", "--confirm"];
/// Exit codes of a run (`docs/errors/exit-codes.md`): all done, or some records wait.
const DONE: i32 = 0;
const WAITING: i32 = 6;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = Playground::start(folder.path(), args.suppliers);
    // Killed clients cannot be told from lost answers; the sandbox lets nothing land late.
    playground.configure("flows/suppliers.toml", "settle = \"15min\"", "settle = \"1s\"");
    let killed = kill_often(&args, &playground).await;
    let findings = findings(&playground).await;
    println!("{killed} kills, {} accounts", playground.accounts().len());
    for finding in &findings {
        println!("DAMAGE: {finding}");
    }
    if findings.is_empty() {
        println!("nothing lost, nothing doubled, the audit log is whole, and a last run wrote nothing");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn kill_often(args: &Args, playground: &Playground) -> u32 {
    let chance = SeededEntropy::new(args.seed);
    let mut killed = 0;
    while killed < args.kills {
        let mut child = playground
            .command(RUN)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the run starts");
        SystemClock.sleep(Duration::from_millis(chance.next_u64() % args.life.max(1))).await;
        if child.try_wait().expect("the run can be asked").is_some() {
            // The load is done: people go on working, so that there is more to do.
            playground.edit(300);
            continue;
        }
        child.kill().expect("the run can be killed");
        child.wait().expect("the run has ended");
        killed += 1;
        if killed % 20 == 0 {
            eprintln!("{killed} kills, {} accounts so far", playground.accounts().len());
        }
    }
    killed
}

/// Lets it finish, and looks at both sides, the log and the effect of one more run.
async fn findings(playground: &Playground) -> Vec<String> {
    let mut findings = Vec::new();
    for _ in 0..3 {
        // What waits for a write in doubt waits a second here.
        SystemClock.sleep(Duration::from_secs(2)).await;
        let output = playground.run(RUN);
        if !matches!(output.status.code(), Some(DONE | WAITING)) {
            findings.push(format!(
                "a run ended with {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    findings.extend(differences(&playground.suppliers(), &playground.accounts()));
    let verify = playground.run(&["audit", "verify"]);
    if !verify.status.success() {
        findings.push(format!("audit verify: {}", String::from_utf8_lossy(&verify.stderr)));
    }
    let before = writes(playground);
    let last = playground.run(RUN);
    if !last.status.success() || writes(playground) != before {
        findings.push("a run over an unchanged world wrote something".into());
    }
    findings
}

fn writes(playground: &Playground) -> Vec<Value> {
    let stats = playground.salesforce_stats();
    ["created", "updated", "unchanged"].iter().map(|name| stats["figures"][name].clone()).collect()
}
