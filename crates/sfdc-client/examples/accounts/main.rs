//! Loads many Accounts into a sandbox org that runs as a process of its own, and says what it cost.
//!
//! ```text
//! cargo run --release -p sfdc-client --example accounts -- 100000 collections
//! cargo run --release -p sfdc-client --example accounts -- 100000 bulk
//! ```
//!
//! One row in a hundred is bad, in one of eight ways. Ends with 1 if a row has another outcome than it
//! had to have, if the sums disagree, or if a load by collections took more than 120 calls a 100,000
//! rows.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sandbox::salesforce::{Matching, SalesforceSandbox, SalesforceSettings};
use sandbox::{Gate, ServerClock, serve};
use serde_json::{Value, json};
use sfdc_client::{Client, session};
use tokio::net::TcpListener;
use url::Url;
use wire::{
    AuthStyle, Authorized, Call, Clock, Credentials, Effect, HttpTransport, Limits, ReqwestTransport, Secret,
    SystemClock, TokenConfig, TokenSource,
};

use crate::load::{Loaded, REFUSED, Way, load};

mod load;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match arguments.first().map(String::as_str) {
        Some("serve") => runtime.block_on(org()),
        rows => {
            let rows = rows.and_then(|rows| rows.parse().ok()).unwrap_or(100_000);
            let way = match arguments.get(1).map(String::as_str) {
                Some("bulk") => Way::Bulk,
                _ => Way::Collections,
            };
            runtime.block_on(measure(rows, way))
        }
    }
}

/// The org, until its standard input ends.
async fn org() -> ExitCode {
    let clock = ServerClock::new(Arc::new(SystemClock));
    let sandbox = Arc::new(SalesforceSandbox::new(clock, SalesforceSettings::default()));
    sandbox.switch(|switches| {
        switches.refused = Some(Matching { field: "Name".to_owned(), contains: REFUSED.to_owned() });
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = serve(listener, Arc::new(Gate::new(sandbox))).expect("a server");
    println!("{}", server.url());
    std::io::stdout().flush().expect("standard output");
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()))
        .await
        .expect("a line")
        .ok();
    ExitCode::SUCCESS
}

struct Server(Child, Url);

impl Server {
    fn start() -> Self {
        let own = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(own);
        command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the org starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("an address");
        Self(child, line.trim().parse().expect("a URL"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

async fn measure(rows: u32, way: Way) -> ExitCode {
    let server = Server::start();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let network = ReqwestTransport::new(Limits::default(), None, clock.clone()).expect("a transport");
    let network: Arc<dyn HttpTransport> = Arc::new(network);
    let settings = SalesforceSettings::default();
    let tokens = TokenConfig::new(Credentials {
        token_url: server.1.join("/services/oauth2/token").expect("a URL"),
        client_id: settings.client_id,
        client_secret: Secret::new(settings.client_secret),
        scopes: Vec::new(),
        style: AuthStyle::Basic,
    });
    let tokens = TokenSource::new(tokens, network.clone(), clock.clone()).expect("an origin");
    let transport = Authorized::new(network.clone(), Arc::new(tokens), session::is_expired);
    let client = Client::new(Arc::new(transport), &server.1, "64.0");
    let begun = clock.elapsed();
    let loaded = load(&client, &clock, rows, way).await.expect("the load goes through");
    let wall = clock.elapsed().saturating_sub(begun);
    let (cpu, peak) = cost();
    let stats = door(&*network, &server.1).await;
    let calls = stats["figures"]["calls"].as_u64().unwrap_or(0);
    let fair =
        sums(&loaded, rows, &stats) && (way == Way::Bulk || calls <= 120 * u64::from(rows.div_ceil(100_000)));
    let document = json!({
        "rows": rows, "way": format!("{way:?}"), "created": loaded.created, "failed": loaded.failed,
        "found_before": loaded.found, "wrong": loaded.wrong.len(), "calls": calls,
        "wall_s": wall.as_secs_f64(), "cpu_s": cpu.as_secs_f64(), "peak_mib": peak / 1024,
        "records_per_s": f64::from(rows) / wall.as_secs_f64(),
        "cpu_us_per_record": cpu.as_secs_f64() * 1e6 / f64::from(rows),
    });
    println!("{document:#}");
    loaded.wrong.iter().take(10).for_each(|wrong| eprintln!("{wrong}"));
    if fair { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether every row has its outcome, and the org has just the records that were made.
fn sums(loaded: &Loaded, rows: u32, stats: &Value) -> bool {
    loaded.wrong.is_empty()
        && loaded.rows() == rows as usize
        && loaded.failed.values().sum::<usize>() == rows as usize / 100
        && stats["figures"]["accounts"].as_u64() == Some(loaded.created as u64)
}

async fn door(network: &dyn HttpTransport, base: &Url) -> Value {
    let url = base.join("/sandbox/stats").expect("a URL");
    let mut request = http::Request::get(url.as_str()).body(Bytes::new()).expect("a request");
    request.extensions_mut().insert(Call::new("example.stats", Effect::Read));
    let answer = network.send(request).await.expect("figures");
    serde_json::from_slice(answer.body()).expect("JSON")
}

/// CPU time of this process and its largest size in KiB (proc(5)).
fn cost() -> (Duration, u64) {
    const TICKS: u64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let cpu = Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.split_whitespace().next()).and_then(|text| text.parse().ok());
    (cpu, peak.unwrap_or(0))
}
