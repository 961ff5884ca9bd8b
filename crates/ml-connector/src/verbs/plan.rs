//! `plan`: what a run would do.

use std::path::PathBuf;

use mapping::Action;
use serde_json::json;
use sync_engine::Preview;

use super::{Session, run::mode};
use crate::choice;
use crate::connector::{Connector, Ran};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::forecast::Forecast;
use crate::plan_file::{Header, PlanWriter};
use crate::terminal::progress::Meter;
use crate::view;
use crate::view::record::preview_document;
use crate::view::words::count;

/// Show what a run would do, field by field, and how many calls it will take; nothing is written
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The flow; may be left out if there is only one
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// Compare everything with the target, also what seems unchanged
    #[arg(long, conflicts_with = "key")]
    full: bool,
    /// Only these records, by their key at the source
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Save the plan, for `ml-connector apply FILE`
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show at most so many records (0: all)
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: u64,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let config = session.config()?;
    let flow = choice::flows::one(&config, args.flow.as_deref())?;
    let link = config.fingerprint();
    let batch_size = config.link.salesforce.settings().batch_size;
    let connector = Connector::of(config, session).await?;
    let mapper = connector.flow(&flow)?.parts().mapper.name().to_owned();
    let header = Header::new(link, &flow, &mapper, session.clock.now());
    let writer = args.out.map(|path| PlanWriter::create(path, &header)).transpose()?;
    let limit = if args.limit == 0 { u64::MAX } else { args.limit };
    let mut shown = Shown { session, limit, batch_size, seen: 0, writer, broken: None };
    let meter = Meter::new(session.terminal, session.clock.clone(), &format!("planning {flow}"));
    let ran = connector.preview(&flow, mode(args.full, args.key), &meter, &mut |one| shown.take(&one)).await;
    meter.end();
    shown.finish(&ran?)
}

/// Shows and saves what comes.
struct Shown<'a> {
    session: &'a Session,
    limit: u64,
    batch_size: usize,
    seen: u64,
    writer: Option<PlanWriter>,
    broken: Option<Failure>,
}

impl Shown<'_> {
    fn take(&mut self, preview: &Preview) {
        if self.broken.is_none() {
            self.broken = self.keep(preview).and_then(|()| self.show(preview)).err();
        }
    }

    /// Saves a record that is to be written.
    fn keep(&mut self, preview: &Preview) -> Result<(), Failure> {
        let Preview::Planned(planned) = preview else { return Ok(()) };
        match (&mut self.writer, &planned.step.action) {
            (Some(writer), Action::Create | Action::Update { .. }) => writer.add(planned),
            _ => Ok(()),
        }
    }

    fn show(&mut self, preview: &Preview) -> Result<(), Failure> {
        let terminal = self.session.terminal;
        let Some(text) = view::plan::record(preview, terminal.data) else { return Ok(()) };
        self.seen += 1;
        if self.seen > self.limit {
            return Ok(());
        }
        if terminal.json { terminal.print_json(&preview_document(preview)) } else { terminal.print(&text) }
    }

    /// Says how much it is, all in all.
    fn finish(self, ran: &Ran) -> Result<Exit, Failure> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let saved = self.writer.map(PlanWriter::finish).transpose()?;
        let forecast = Forecast::of(ran, self.batch_size);
        let terminal = self.session.terminal;
        if terminal.json {
            let path = saved.as_ref().map(|(path, _)| path.display().to_string());
            terminal.print_json(&json!({
                "plan": ran.report, "calls_of_a_run": forecast, "calls_of_this_plan": ran.calls,
                "saved": path,
            }))?;
            return Ok(Exit::Ok);
        }
        if self.seen > self.limit {
            terminal.print(&format!("… and {} more (--limit 0 shows all)", count(self.seen - self.limit)))?;
        }
        terminal.print(&forecast.page(ran, terminal.data))?;
        match saved {
            Some((path, records)) => terminal.say(&format!(
                "{} records saved; carry them out with: ml-connector apply {}",
                count(records),
                path.display()
            )),
            None => terminal.say("nothing was written; `ml-connector run` carries it out"),
        }
        Ok(Exit::Ok)
    }
}
