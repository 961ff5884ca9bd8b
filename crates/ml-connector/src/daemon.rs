//! The daemon as a value: for this project's own binary and for programs that bring mappers along.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use mapping::Mapper;
use wire::{Clock, Entropy, SystemClock, SystemEntropy};

use crate::config::{ConfigError, DAEMON_FILE, DaemonFile};
use crate::connector::Opening;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::mappers::Mappers;
use crate::runner;
use crate::stop::Stop;
use crate::telemetry::exporter::Exporter;
use crate::telemetry::{self, Finished};
use crate::terminal::{Colour, Terminal};
use crate::verbs::LogFormat;

pub(crate) mod instance;
pub(crate) mod memory;

mod alert;
mod ask;
mod channel;
mod channels;
mod dead_man;
mod early;
mod email;
mod file_watch;
mod flow_state;
mod keeper;
#[cfg(test)]
mod keeper_tests;
mod link_state;
mod listeners;
mod live;
mod loans;
mod log_pipe;
mod metric;
mod metrics;
mod names;
mod news;
mod outlet;
mod pace;
mod places;
mod server;
mod service_manager;
mod signals;
mod stamp;
mod template;
mod token;
mod view;
mod worker;

pub(crate) use channel::{SecretUrl, call};
pub(crate) use metric::Kind as MetricKind;
pub(crate) use metrics::Row as MetricRow;

use alert::Alerts;
use instance::Instance;
use keeper::{Keeper, Message, Parts};
use log_pipe::LogPipe;
use outlet::Outlet;
use server::Desk;
use service_manager::ServiceManager;
use token::Token;
use worker::Links;

/// The name of the control socket in the daemon's own folder.
pub(crate) const SOCKET: &str = "control.sock";
/// Threads that carry all links: one for the network, one for the disk.
const THREADS: usize = 2;

/// The names of all metrics.
#[cfg(test)]
pub(crate) fn metric_names() -> Vec<&'static str> {
    metric::ALL.iter().map(|metric| metric.name).collect()
}

/// The whole daemon.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     ml_connector::Daemon::new().run()
/// }
/// ```
#[derive(Debug, Default)]
pub struct Daemon {
    mappers: Mappers,
}

/// Runs the flows of one link or of many, at their times: keeps IFS Cloud and Salesforce in step unattended.
///
/// Talk to it with `ml-connector daemon status` and its neighbours. SIGTERM and Ctrl-C let runs come to an end
/// (a second one stops at once; both are safe), SIGHUP reads the configuration anew.
#[derive(Debug, Parser)]
#[command(name = "ml-connectord", version, after_help = Exit::help())]
pub(crate) struct Args {
    /// A link's folder, or a folder of such folders; `daemon.toml` may stand in it
    #[arg(long, short = 'C', value_name = "FOLDER", default_value = ".", env = "ML_CONNECTORD_LINKS")]
    links: PathBuf,
    /// Say more (up to three times)
    #[arg(long, short, action = clap::ArgAction::Count)]
    verbose: u8,
    /// The form of log lines; text on a terminal and JSON elsewhere if left out
    #[arg(long, value_name = "FORM", env = "ML_CONNECTORD_LOG_FORMAT")]
    log_format: Option<LogFormat>,
}

impl Daemon {
    /// The daemon as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Brings a mapper along, for `mapping = { custom = "name" }` in a flow.
    pub fn mapper(mut self, name: impl Into<String>, mapper: impl Mapper) -> Self {
        self.mappers.insert(name, Arc::new(mapper));
        self
    }

    /// Runs with the arguments of this process, until it is stopped.
    pub fn run(self) -> ExitCode {
        self.run_with(std::env::args_os()).into()
    }

    /// Runs with `args`; the first one is the name of the program.
    pub fn run_with(self, args: impl IntoIterator<Item = OsString>) -> Exit {
        let args = match Args::try_parse_from(args) {
            Ok(args) => args,
            Err(error) => return runner::answer(&error),
        };
        let terminal = Terminal::of_process(false, Colour::Auto);
        let plain = if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json };
        let log = LogPipe::to(std::io::stderr());
        let form = (args.verbose.saturating_add(1), args.log_format.unwrap_or(plain));
        let ended = self.carry_out(&args, form, &log, terminal);
        log.finish();
        ended.unwrap_or_else(|failure| {
            terminal.fail(&failure);
            failure.exit()
        })
    }

    fn carry_out(
        self,
        args: &Args,
        form: (u8, LogFormat),
        log: &LogPipe,
        terminal: Terminal,
    ) -> Result<Exit, Failure> {
        // Files are named in its own folder too, which stands in it: one beginning for all of them.
        let root = std::path::absolute(&args.links).map_err(|error| Failure::storage(&args.links, &error))?;
        let settings = DaemonFile::load(&root)?;
        let traced = settings.telemetry.otlp.is_some();
        let (spans, finished) = telemetry::watch(Arc::new(SystemClock), Arc::new(SystemEntropy));
        runner::log(form, terminal, log.clone(), traced.then_some(spans));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(|error| Failure::Internal { what: format!("no threads to work with: {error}") })?;
        let exit = runtime.block_on(serve(&root, settings, self.mappers, (log, finished)));
        // Whatever was cut off is settled by the next start; nobody waits for it here.
        runtime.shutdown_background();
        exit
    }
}

/// Serves `root` until it is stopped.
async fn serve(
    root: &Path,
    settings: DaemonFile,
    mappers: Mappers,
    (log, finished): (&LogPipe, Finished),
) -> Result<Exit, Failure> {
    let instance = Instance::take(root)?;
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let stop = Stop::default();
    let manager = ServiceManager::of_process();
    let opening = Opening {
        mappers: mappers.clone(),
        stop: stop.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    let channels = channels::open(root, &settings.alerts, &clock)?;
    let dead_man = channels::dead_man(root, settings.dead_man.as_ref(), &clock)?;
    let exporter = channels::exporter(root, &settings.telemetry, &clock)?;
    let alerts = Alerts::new(settings.alerts.clone(), Outlet::start(channels, &clock));
    let control = settings.control.clone();
    let telemetry_lost = finished.lost.clone();
    let parts = Parts {
        root: root.to_owned(),
        settings,
        mappers,
        stop: stop.clone(),
        clock: clock.clone(),
        worker: Arc::new(Links::new(opening)),
        alerts,
        log: log.clone(),
        telemetry_lost,
    };
    let keeper = Keeper::new(parts).map_err(|error| Failure::storage(root, &error))?;
    refuse_nothing(&keeper)?;
    let token_file = root.join(control.token_file.clone().unwrap_or_else(|| instance.folder.join("token")));
    let desk = Desk {
        keeper: keeper.sender(),
        clock: clock.clone(),
        token: Arc::new(Token::load_or_make(&token_file, &*entropy)?),
        open_metrics: control.open_metrics,
    };
    let socket = root.join(control.socket.clone().unwrap_or_else(|| instance.folder.join(SOCKET)));
    listen(&socket, control.listen, &desk).await?;
    tokio::spawn(signals::listen(stop, keeper.sender(), manager.clone()));
    tokio::spawn(dead_man::watch(dead_man, keeper.sender(), clock.clone(), manager.clone()));
    export(exporter, finished, &keeper);
    tracing::info!(links = keeper.links.len(), socket = %socket.display(), "ready");
    manager.tell("READY=1");
    let exit = keeper.run().await;
    // One that stays behind is replaced by the next daemon.
    std::fs::remove_file(&socket).ok();
    tracing::info!(code = exit.code(), "ended");
    Ok(exit)
}

/// Sends spans and metrics from now on, if somebody wants them.
fn export(exporter: Option<Exporter>, finished: Finished, keeper: &Keeper) {
    let Some(exporter) = exporter else { return };
    let (sender, clock, since) = (keeper.sender(), keeper.clock.clone(), keeper.since);
    let lost = finished.lost.clone();
    tokio::spawn(exporter.clone().send_spans(finished));
    tokio::spawn(async move {
        loop {
            clock.sleep(exporter.every).await;
            let (reply, rows) = tokio::sync::oneshot::channel();
            if sender.send(Message::Measure(reply)).await.is_err() {
                return;
            }
            let Ok(rows) = rows.await else { return };
            exporter.send_metrics(&rows, since, &lost).await;
        }
    });
}

/// A daemon that has nothing to run says so instead of waiting.
fn refuse_nothing(keeper: &Keeper) -> Result<(), Failure> {
    if keeper.links.values().any(|link| link.config.is_some()) {
        return Ok(());
    }
    let wrong = keeper.links.values().find_map(|link| link.wrong.clone());
    Err(wrong
        .unwrap_or_else(|| {
            ConfigError::new(&keeper.root, "there is no link here").hint(format!(
                "name a folder with link.toml, or one whose folders have one, with `--links`; {DAEMON_FILE} alone is no link"
            ))
        })
        .into())
}

async fn listen(socket: &Path, port: Option<std::net::SocketAddr>, desk: &Desk) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        let listener = server::socket(socket).map_err(|error| Failure::storage(socket, &error))?;
        tokio::spawn(server::serve_socket(listener, desk.clone()));
    }
    if let Some(address) = port {
        let failed = |error: std::io::Error| Failure::storage(address.to_string(), &error);
        let listener = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
        tokio::spawn(server::serve_port(listener, desk.clone()));
    }
    Ok(())
}

/// Asks the clockwork; `None` if it has ended.
async fn asked(keeper: &tokio::sync::mpsc::Sender<Message>, ask: ask::Ask) -> Option<ask::Answer> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    keeper.send(Message::Ask(ask, reply)).await.ok()?;
    answer.await.ok()
}
