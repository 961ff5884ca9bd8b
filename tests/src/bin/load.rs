//! Loads suppliers between two sandbox servers in another process and prints what it cost the client.

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use clap::Parser;
use ml_connector_tests::playground::{Playground, differences};
use serde_json::{Value, json};
use wire::{Clock as _, SystemClock};

/// Measures a first load and a second run, audit log and look-up on. Build with --release.
#[derive(Debug, Parser)]
struct Args {
    /// How many suppliers to load
    #[arg(long, default_value_t = 100_000)]
    suppliers: u32,
    /// The figures as one JSON document
    #[arg(long)]
    json: bool,
}

/// What a client process cost.
#[derive(Debug, Default)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_kib: u64,
    report: Value,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = Playground::start(folder.path(), args.suppliers as usize);
    let first = measure(&playground).await;
    let audit = file_size(&playground, "audit.db");
    let state = file_size(&playground, "state.db");
    let second = measure(&playground).await;
    let findings = differences(&playground.suppliers(), &playground.accounts());
    let count = f64::from(args.suppliers);
    let each = |bytes: u64| bytes.checked_div(u64::from(args.suppliers)).unwrap_or(0);
    let document = json!({
        "suppliers": args.suppliers,
        "wall_s": first.wall.as_secs_f64(),
        "cpu_s": first.cpu.as_secs_f64(),
        "records_per_cpu_s": (count / first.cpu.as_secs_f64()).round(),
        "peak_mib": first.peak_kib / 1024,
        "calls": first.report["flows"][0]["calls"],
        "audit_bytes_per_record": each(audit),
        "state_bytes_per_record": each(state),
        "second_run": {
            "wall_s": second.wall.as_secs_f64(),
            "cpu_s": second.cpu.as_secs_f64(),
            "calls": second.report["flows"][0]["calls"],
            "written": second.report["flows"][0]["report"]["created"].as_u64().unwrap_or(0)
                + second.report["flows"][0]["report"]["updated"].as_u64().unwrap_or(0),
        },
        "differences": findings.len(),
    });
    if args.json {
        println!("{document}");
    } else {
        println!("{document:#}");
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the client once and watches what it uses.
async fn measure(playground: &Playground) -> Cost {
    let begun = SystemClock.elapsed();
    let mut child = playground
        .command(&["run", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the run starts");
    let mut cost = Cost::default();
    while child.try_wait().expect("the run can be asked").is_none() {
        watch(child.id(), &mut cost);
        SystemClock.sleep(Duration::from_millis(5)).await;
    }
    cost.wall = SystemClock.elapsed().saturating_sub(begun);
    let output = child.wait_with_output().expect("the run has ended");
    cost.report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    cost
}

/// What the kernel says about the process (proc(5)): the last look before its end is what counts.
fn watch(pid: u32, cost: &mut Cost) {
    const TICKS: u64 = 100;
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let cpu = Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS);
    cost.cpu = cost.cpu.max(cpu);
    let status = read("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|text| text.split_whitespace().next()).and_then(|text| text.parse().ok());
    cost.peak_kib = cost.peak_kib.max(kib.unwrap_or(0));
}

fn file_size(playground: &Playground, name: &str) -> u64 {
    let data = playground.link.join("data");
    let size = |file: String| std::fs::metadata(data.join(file)).map_or(0, |meta| meta.len());
    size(name.to_owned()) + size(format!("{name}-wal"))
}
