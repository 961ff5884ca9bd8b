//! The command line as a value: for this project's own binary and for programs that bring mappers along.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use mapping::Mapper;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use wire::{SystemClock, SystemEntropy};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::mappers::Mappers;
use crate::stop::Stop;
use crate::telemetry::span_layer::SpanLayer;
use crate::terminal::Terminal;
use crate::verbs::{Cli, LogFormat, Session};

/// Threads that carry the run: one for the network, one for the disk.
const THREADS: usize = 2;

/// The whole command line.
///
/// ```no_run
/// # use ml_connector::mapping::{Change, MapError, Mapped, Mapper};
/// # #[derive(Debug)] struct AcmeSupplier;
/// # impl Mapper for AcmeSupplier {
/// #     fn name(&self) -> &str { "acme-supplier@1" }
/// #     fn map(&self, _: &Change) -> Result<Mapped, MapError> { Ok(Mapped::default()) }
/// # }
/// fn main() -> std::process::ExitCode {
///     ml_connector::Runner::new().mapper("acme-supplier", AcmeSupplier).run()
/// }
/// ```
#[derive(Debug, Default)]
pub struct Runner {
    mappers: Mappers,
}

impl Runner {
    /// The command line as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Brings a mapper along, for `mapping = { custom = "name" }` in a flow.
    pub fn mapper(mut self, name: impl Into<String>, mapper: impl Mapper) -> Self {
        self.mappers.insert(name, Arc::new(mapper));
        self
    }

    /// Runs with the arguments of this process.
    pub fn run(self) -> ExitCode {
        self.run_with(std::env::args_os()).into()
    }

    /// Runs with `args`; the first one is the name of the program.
    pub fn run_with(self, args: impl IntoIterator<Item = OsString>) -> Exit {
        let args: Vec<OsString> = args.into_iter().collect();
        let program =
            args.first().map_or_else(|| "ml-connector".into(), |name| name.to_string_lossy().into_owned());
        let cli = match Cli::try_parse_from(args) {
            Ok(cli) => cli,
            Err(error) => return answer(&error),
        };
        let terminal = Terminal::of_process(cli.json, cli.color);
        log((cli.verbose, cli.log_format), terminal, std::io::stderr, None);
        let result = self.carry_out(program, cli, terminal);
        result.unwrap_or_else(|failure| {
            terminal.fail(&failure);
            failure.exit()
        })
    }

    fn carry_out(self, program: String, cli: Cli, terminal: Terminal) -> Result<Exit, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(|error| Failure::Internal { what: format!("no threads to work with: {error}") })?;
        let session = Session {
            program,
            terminal,
            link: cli.link,
            mappers: self.mappers,
            stop: Stop::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        runtime.block_on(async move {
            tokio::spawn(listen(session.stop.clone(), session.terminal));
            cli.verb.run(&session).await
        })
    }
}

/// The first Ctrl-C (or polite kill) asks for an end, the second one ends the process.
async fn listen(stop: Stop, terminal: Terminal) {
    while asked_to_end().await.is_ok() {
        if stop.ask() {
            // Safe at any moment: whatever is durable stays, whatever is not is done again.
            std::process::exit(Exit::Interrupted.code().into());
        }
        terminal.say("stopping in good order; once more Ctrl-C stops at once (both are safe)");
    }
}

/// Waits for Ctrl-C or, where there is such a thing, for SIGTERM.
#[cfg(unix)]
async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// What clap has to say: help and version are data, errors are talk.
pub(crate) fn answer(error: &clap::Error) -> Exit {
    // Nobody is left to be told that telling failed.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Ok }
}

/// Sets up what `--verbose` says, to `writer`, and takes spans besides. An embedding program that has its own
/// subscriber keeps it.
pub(crate) fn log<W>(
    (verbose, format): (u8, LogFormat),
    terminal: Terminal,
    writer: W,
    spans: Option<SpanLayer>,
) where
    W: for<'line> MakeWriter<'line> + Send + Sync + 'static,
{
    let level = match verbose {
        0 => "error",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(terminal.talk.0);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let subscriber = tracing_subscriber::registry()
        .with(lines.with_filter(EnvFilter::new(level)))
        .with(spans.map(SpanLayer::filtered));
    // An embedding program may have one of its own.
    let _ = subscriber.try_init();
}
