//! `sandbox serve`: both systems on this machine.

use super::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::playground::{Playground, World};
use crate::template;

/// Serve an IFS Cloud and a Salesforce on loopback ports, until Ctrl-C
///
/// Prints the addresses and a configuration that fits them; with `--write` it also writes it. Nobody but
/// this machine can reach them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port of IFS (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    ifs_port: u16,
    /// Port of Salesforce (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    salesforce_port: u16,
    /// Port of Salesforce's Pub/Sub API, over TLS (0: any free one)
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    events_port: u16,
    /// How many suppliers there are
    #[arg(long, value_name = "COUNT", default_value_t = 12_500)]
    suppliers: u32,
    /// What the world is made from: the same seed, the same world
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Without any custom field in Salesforce, as a new org is
    #[arg(long)]
    empty_org: bool,
    /// Write a configuration for both into the link's folder (see --link)
    #[arg(long)]
    write: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let world = World { suppliers: args.suppliers, seed: args.seed, empty_org: args.empty_org };
    let mut playground =
        Playground::start(world, session.clock.clone(), [args.ifs_port, args.salesforce_port]).await?;
    playground.serve_events(args.events_port).await?;
    let answers = playground.answers("sandbox");
    let terminal = session.terminal;
    if args.write {
        playground.configure(&session.link, "sandbox")?;
    }
    if terminal.json {
        terminal.print_json(&playground.document())?;
    } else {
        terminal.print(&format!(
            "ifs         {}\nsalesforce  {}\nevents      {}",
            playground.ifs_url(),
            playground.salesforce_url(),
            playground.events_url().unwrap_or_default()
        ))?;
        if !args.write {
            terminal.print(&format!("\n{}", template::link(&answers)))?;
        }
    }
    terminal.say(&playground.secrets_note(args.write.then_some(session.link.as_path())));
    terminal.say("serving until Ctrl-C");
    session.stop.asked().await;
    playground.stop().await;
    Ok(Exit::Ok)
}
