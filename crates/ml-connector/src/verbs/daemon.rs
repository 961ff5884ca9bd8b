//! `daemon …`: talks to a running daemon.

use std::path::PathBuf;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::Session;
use crate::control_client::ControlClient;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

/// Verbs about a running daemon.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Daemon {
    /// Show what each flow is doing, when it runs next, and what it waits for
    Status(Plain),
    /// Run flows now, whatever schedule and calendar say
    Run(RunArgs),
    /// Say that something has changed: the flow runs as soon as the calendar lets it
    Look(LookArgs),
    /// Let flows begin no further run, also after a restart
    Pause(Which),
    /// Let paused flows run again
    Resume(Which),
    /// Send a notice by every channel of `[alerts]`, to see whether it arrives
    Notify(Plain),
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
    /// Wait until the runs have ended, tell how they go on, and end as they end
    #[arg(long)]
    wait: bool,
}

/// What has changed.
#[derive(Debug, clap::Args)]
pub(crate) struct LookArgs {
    /// The flow that reads it
    #[arg(value_name = "FLOW")]
    flow: String,
    /// Keys of records to look at, as the source has them
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// Only of this link, by the name of its folder
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// The control socket, if it is not in the folder named by `--link`
    #[arg(long, value_name = "FILE")]
    socket: Option<PathBuf>,
}

/// How often it is asked how runs go on.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) async fn run(verb: Daemon, session: &Session) -> Result<Exit, Failure> {
    let wait = matches!(&verb, Daemon::Run(args) if args.wait);
    let (socket, method, path, mut body) = match verb {
        Daemon::Status(plain) => (plain.socket, Method::GET, "/v1/status", None),
        Daemon::Notify(plain) => (plain.socket, Method::POST, "/v1/notify", None),
        Daemon::Drain(plain) => (plain.socket, Method::POST, "/v1/drain", None),
        Daemon::Reload(plain) => (plain.socket, Method::POST, "/v1/reload", None),
        Daemon::Run(args) => {
            let body = json!({ "link": args.which.of, "flow": args.which.flow, "full": args.full });
            (args.which.socket, Method::POST, "/v1/run", Some(body))
        }
        Daemon::Look(args) => {
            let body = json!({ "link": args.of, "flow": args.flow, "keys": args.keys });
            (args.socket, Method::POST, "/v1/look", Some(body))
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
    // What concerns one link finds its daemon above it too, and then means this link alone.
    let of_links = body.is_some() || method == Method::GET;
    let near = if socket.is_none() && of_links { ControlClient::near(&session.link) } else { None };
    let client = near.unwrap_or_else(|| ControlClient::new(&session.link, socket));
    if let (Some(link), Some(body)) = (&client.link, &mut body)
        && body["link"].is_null()
    {
        body["link"] = json!(link);
    }
    let answer = client.ask(method, path, body).await.map_err(|failure| match failure {
        Failure::Missing { what, .. } if !of_links && lies_below(session) => Failure::Missing {
            what,
            hint: "a daemon runs this link along with others: name the folder above it with `--link`".into(),
        },
        other => other,
    })?;
    let terminal = session.terminal;
    if wait {
        return follow(&client, &answer, session).await;
    }
    if terminal.json {
        terminal.print_json(&answer)?;
    } else {
        terminal.print(&told(&answer, session))?;
    }
    Ok(Exit::Ok)
}

/// Whether the daemon that runs the link was started on the folder above.
fn lies_below(session: &Session) -> bool {
    ControlClient::near(&session.link).is_some_and(|client| client.link.is_some())
}

/// Tells how the runs go on that were asked for, until all have ended; ends as the first one that failed.
async fn follow(client: &ControlClient, asked: &Value, session: &Session) -> Result<Exit, Failure> {
    let names: Vec<&str> = asked
        .get("flows")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    loop {
        let status = client.ask(Method::GET, "/v1/status", None).await?;
        let standing: Vec<_> =
            view::daemon::flows(&status).filter(|(name, _)| names.contains(&name.as_str())).collect();
        if !standing.iter().any(|(_, flow)| view::daemon::is_under_way(flow)) {
            let ended = standing.iter().filter_map(|(_, flow)| flow.get("exit")?.as_u64());
            let failed =
                ended.filter_map(|code| Exit::ALL.into_iter().find(|exit| u64::from(exit.code()) == code));
            let terminal = session.terminal;
            if terminal.json {
                terminal.print_json(&status)?;
            } else {
                terminal.print(&view::daemon::page(&status, terminal.data))?;
            }
            return Ok(failed.into_iter().next().unwrap_or(Exit::Ok));
        }
        for (name, flow) in &standing {
            if let Some(words) = view::daemon::progress(flow) {
                session.terminal.say(&format!("{name}: {words}"));
            }
        }
        session.clock.sleep(LOOK).await;
    }
}

fn told(answer: &Value, session: &Session) -> String {
    if answer.get("links").is_some() {
        return view::daemon::page(answer, session.terminal.data);
    }
    if let Some(channels) = answer.get("channels").and_then(Value::as_array) {
        let names: Vec<&str> = channels.iter().filter_map(Value::as_str).collect();
        return match names.as_slice() {
            [] => "there is no channel: add one to [alerts] in daemon.toml, and start the daemon anew".into(),
            names => format!("on its way by: {}", names.join(", ")),
        };
    }
    match answer.get("flows").and_then(Value::as_array) {
        Some(flows) => flows.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        None => "runs come to an end, then the daemon ends".into(),
    }
}
