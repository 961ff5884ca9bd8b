//! `demo`: the whole product on this machine alone, told step by step.

use std::path::PathBuf;

use sync_engine::Mode;

use super::Session;
use crate::config::Config;
use crate::connector::Connector;
use crate::demo;
use crate::demo::show::Show;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::playground::{self, Playground, World};
use crate::view::words::{count, counted};

/// See it all on this machine: two sandbox systems, a first load, live changes, the audit log
///
/// Needs no accounts and no network. Everything it makes is in one folder; delete it when you are done.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder for configuration and data
    #[arg(default_value = "ml-connector-demo")]
    folder: PathBuf,
    /// How many suppliers there are
    #[arg(long, value_name = "COUNT", default_value_t = 12_500, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    suppliers: u32,
    /// What the world is made from: the same seed, the same suppliers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin anew: delete what an earlier demo left in the folder
    #[arg(long)]
    fresh: bool,
    /// Keep both systems running at the end, until Ctrl-C
    #[arg(long)]
    stay: bool,
}

/// How many suppliers are edited by hand.
const EDITS: usize = 20;

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let mut show = Show::new(session);
    show.step(&format!(
        "an IFS Cloud with {} and an empty Salesforce",
        counted(args.suppliers.into(), "supplier")
    ));
    playground::clear(&args.folder, args.fresh)?;
    let world = World { suppliers: args.suppliers, seed: args.seed, empty_org: false };
    let playground = Playground::start(world, session.clock.clone(), [0, 0]).await?;
    show.tell(&format!("IFS         {}", playground.ifs_url()));
    show.tell(&format!("Salesforce  {}", playground.salesforce_url()));

    show.step(&format!("a configuration in {}", args.folder.display()));
    playground::mark(&args.folder)?;
    for path in playground.configure(&args.folder, "demo")? {
        show.tell(&path.display().to_string());
    }
    let connector = Connector::of(Config::load(&args.folder)?, session).await?;
    let told = tell(&mut show, &connector, &playground).await;
    // The data folder is given back before the next commands are named.
    drop(connector);
    told?;
    show.next(&args.folder, args.stay);
    show.document(&args.folder)?;
    if args.stay {
        session.terminal.say("both systems stay up until Ctrl-C");
        session.stop.asked().await;
    }
    playground.stop().await;
    Ok(Exit::Ok)
}

/// From the first load to the audit log.
async fn tell(show: &mut Show<'_>, connector: &Connector, playground: &Playground) -> Result<(), Failure> {
    show.step("the first load");
    show.run(connector, Mode::Changes).await?;
    show.tell(&format!("Salesforce has {} now", counted(playground.accounts(), "Account")));
    show.scripts(connector).await?;

    show.step("the same again: nothing has changed, so nothing is written");
    show.run(connector, Mode::Changes).await?;

    let edited = playground.edit(EDITS);
    show.step(&format!("people edit {} suppliers in IFS", count(edited.len() as u64)));
    show.pause().await;
    show.plan(connector).await?;
    show.run(connector, Mode::Changes).await?;

    if let Some(wrong) = playground.mistype() {
        show.step(&format!("somebody mistypes the e-mail address of {wrong}: it waits, the rest goes on"));
        show.pause().await;
        show.run(connector, Mode::Changes).await?;
        show.waiting(connector, &wrong).await?;
        playground.correct(&wrong);
        show.step("somebody corrects it in IFS: the next run takes it up by itself");
        show.pause().await;
        show.run(connector, Mode::Changes).await?;
    }

    demo::flows::tell(show, connector, playground).await?;

    show.step("everything is on record");
    show.verify(connector).await?;
    let Some(one) = edited.first() else { return Ok(()) };
    show.tell(&format!("what happened to supplier {one}:"));
    show.timeline(connector, one).await
}
