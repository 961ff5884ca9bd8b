//! `daemon …`: talks to a running daemon.

use std::path::PathBuf;

use http::Method;
use serde_json::{Value, json};

use super::Session;
use crate::control_client::ControlClient;
use crate::daemon_view;
use crate::exit::Exit;
use crate::failure::Failure;

/// Verbs about a running daemon.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Daemon {
    /// Show what each flow is doing, when it runs next, and what it waits for
    Status(Plain),
    /// Run flows now, whatever schedule and calendar say
    Run(RunArgs),
    /// Let flows begin no further run, also after a restart
    Pause(Which),
    /// Let paused flows run again
    Resume(Which),
    /// Let runs come to an end, then end the daemon
    Drain(Plain),
    /// Read all files anew; a link whose files are wrong keeps its old configuration
    Reload(Plain),
}

/// Where the daemon is.
#[derive(Debug, clap::Args)]
pub(crate) struct Plain {
    /// The control socket, if it is not in the folder named by `--link`
    #[arg(long, value_name = "FILE")]
    socket: Option<PathBuf>,
}

/// Which flows.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The flow; all if left out
    #[arg(value_name = "FLOW")]
    flow: Option<String>,
    /// Only of this link, by the name of its folder
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// The control socket, if it is not in the folder named by `--link`
    #[arg(long, value_name = "FILE")]
    socket: Option<PathBuf>,
}

/// What is run.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    which: Which,
    /// Compare everything with the target, also what seems unchanged
    #[arg(long)]
    full: bool,
}

pub(crate) async fn run(verb: Daemon, session: &Session) -> Result<Exit, Failure> {
    let (socket, method, path, body) = match verb {
        Daemon::Status(plain) => (plain.socket, Method::GET, "/v1/status", None),
        Daemon::Drain(plain) => (plain.socket, Method::POST, "/v1/drain", None),
        Daemon::Reload(plain) => (plain.socket, Method::POST, "/v1/reload", None),
        Daemon::Run(args) => {
            let body = json!({ "link": args.which.of, "flow": args.which.flow, "full": args.full });
            (args.which.socket, Method::POST, "/v1/run", Some(body))
        }
        Daemon::Pause(which) => {
            let body = json!({ "link": which.of, "flow": which.flow });
            (which.socket, Method::POST, "/v1/pause", Some(body))
        }
        Daemon::Resume(which) => {
            let body = json!({ "link": which.of, "flow": which.flow });
            (which.socket, Method::POST, "/v1/resume", Some(body))
        }
    };
    let answer = ControlClient::new(&session.link, socket).ask(method, path, body).await?;
    let terminal = session.terminal;
    if terminal.json {
        terminal.print_json(&answer)?;
    } else {
        terminal.print(&told(&answer, session))?;
    }
    Ok(Exit::Ok)
}

fn told(answer: &Value, session: &Session) -> String {
    if answer.get("links").is_some() {
        return daemon_view::page(answer, session.terminal.data);
    }
    match answer.get("flows").and_then(Value::as_array) {
        Some(flows) => flows.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        None => "runs come to an end, then the daemon ends".into(),
    }
}
