//! What a thousand idle links cost: starts `ml-connectord` over so many of them and reads its time and memory.
//!
//! `cargo run --release -p ml-connector-tests --bin idle_links -- --links 1000 --minutes 5`

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Parser;
use ml_connector_tests::playground::daemon_binary;
use wire::{Clock, SystemClock};

/// What a thousand idle links cost.
#[derive(Debug, Parser)]
struct Args {
    /// How many links
    #[arg(long, default_value_t = 1_000)]
    links: usize,
    /// For how long
    #[arg(long, default_value_t = 5)]
    minutes: u64,
    /// Which `ml-connectord`; the one of this workspace, built now, if left out
    #[arg(long, value_name = "FILE")]
    daemon: Option<PathBuf>,
}

const MAPPING: &str = include_str!("../../../crates/ml-connector/mappings/supplier-to-account.toml");
const LINK: &str = r#"name = "idle"
[ifs]
url = "http://127.0.0.1:9"
[ifs.auth]
realm = "idle"
client_id = "ML"
secret = { env = "IDLE_SECRET" }
[salesforce]
url = "http://127.0.0.1:9"
[salesforce.auth]
client_id = "ML"
secret = { env = "IDLE_SECRET" }
[calendar]
zone = "Europe/Stockholm"
[[calendar.weekly]]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "00:00"
to = "24:00"
"#;
const FLOW: &str = r#"mapping = { file = "mappings/supplier-to-account.toml" }
source = { system = "ifs", entity = "SupplierSet" }
target = { system = "salesforce", entity = "Account" }
[schedule]
cron = "0 4 29 2 *"
freshness = "1h"
"#;

fn link(folder: &Path, now: &str) -> std::io::Result<()> {
    for name in ["flows", "mappings", "data"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    std::fs::write(folder.join("link.toml"), LINK)?;
    std::fs::write(folder.join("flows/suppliers.toml"), FLOW)?;
    std::fs::write(folder.join("mappings/supplier-to-account.toml"), MAPPING)?;
    // It has just run: the next time is far away.
    let last = format!(
        r#"{{"flows":{{"suppliers":{{"changes":{{"began":"{now}","ended":"{now}","failures":0,"lasting":false}},"carried":"{now}","first":"{now}"}}}}}}"#
    );
    std::fs::write(folder.join("data/schedule.json"), last)
}

/// Processor time in seconds, and memory in MiB.
fn cost(daemon: &Child) -> std::io::Result<(f64, f64)> {
    let folder = format!("/proc/{}", daemon.id());
    let stat = std::fs::read_to_string(format!("{folder}/stat"))?;
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let fields: Vec<f64> = after_name.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    // utime and stime, the 14th and 15th field of all, in hundredths of a second.
    let ticks = fields.get(11).unwrap_or(&0.0) + fields.get(12).unwrap_or(&0.0);
    let status = std::fs::read_to_string(format!("{folder}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib: f64 = resident.trim().trim_end_matches("kB").trim().parse().unwrap_or(0.0);
    Ok((ticks / 100.0, kib / 1024.0))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let root = tempfile::tempdir()?;
    let now = SystemClock.now().to_string();
    for number in 0..args.links {
        link(&root.path().join(format!("link{number:05}")), &now)?;
    }
    let begun = SystemClock.elapsed();
    let program = args.daemon.unwrap_or_else(|| daemon_binary().to_owned());
    let mut daemon = Command::new(program)
        .args(["--links"])
        .arg(root.path())
        .env("IDLE_SECRET", "idle")
        .stderr(Stdio::piped())
        .spawn()?;
    let log = daemon.stderr.take().ok_or_else(|| std::io::Error::other("no log"))?;
    let mut lines = BufReader::new(log).lines();
    while !lines
        .next()
        .transpose()?
        .ok_or_else(|| std::io::Error::other("it has ended"))?
        .contains("\"ready\"")
    {}
    let started = SystemClock.elapsed().saturating_sub(begun);
    println!("{} links ready after {:.1} s", args.links, started.as_secs_f64());
    let (before, _) = cost(&daemon)?;
    println!("  processor time for that: {before:.2} s");
    for minute in 1..=args.minutes {
        SystemClock.sleep(Duration::from_mins(1)).await;
        let (time, memory) = cost(&daemon)?;
        let share = (time - before) / (60.0 * f64::from(u32::try_from(minute).unwrap_or(u32::MAX))) * 100.0;
        println!("  minute {minute}: {share:.2} % of one core, {memory:.0} MiB");
    }
    daemon.kill()?;
    daemon.wait().map(drop)
}
