//! How the flows stand, in words.

use jiff::Timestamp;
use sync_engine::FlowStatus;

use crate::config::Config;
use crate::entry_view::shorten;
use crate::paint::Paint;
use crate::words::{class, count, counted, moment, relative, waits_for};

/// All flows of a link.
pub(crate) fn page(config: &Config, flows: &[FlowStatus], now: Timestamp, paint: Paint) -> String {
    let mut lines = vec![format!(
        "{}  {} -> {}",
        paint.strong(&config.link.name),
        config.link.ifs.url,
        config.link.salesforce.url
    )];
    for (name, file) in &config.flows {
        let title = if file.enabled { name.clone() } else { format!("{name} (switched off)") };
        lines.push(format!("\n{}", paint.strong(&title)));
        match flows.iter().find(|status| status.flow == *name) {
            Some(status) => lines.extend(flow(status, now, paint)),
            None => lines.push("  has never run: try `ml-connector plan`, then `ml-connector run`".into()),
        }
    }
    for status in flows.iter().filter(|status| !config.flows.iter().any(|(name, _)| *name == status.flow)) {
        lines.push(format!("\n{} is no longer configured; its state is kept", paint.strong(&status.flow)));
    }
    lines.join("\n")
}

fn flow(status: &FlowStatus, now: Timestamp, paint: Paint) -> Vec<String> {
    let mut lines = vec![format!("  last finished   {}", finished(status, now))];
    lines.push(format!("  linked          {}", counted(status.links, "record")));
    if status.intents > 0 {
        let open = format!("{}, settled by the next run", counted(status.intents, "write"));
        lines.push(format!("  outcome open    {}", paint.warn(&open)));
    }
    for (parked, number) in &status.parked {
        let text = format!("{} {} for {}", count(*number), verb(*number), waits_for(*parked));
        lines.push(format!("  {:<15} {}", class(*parked), paint.warn(&text)));
    }
    if !status.clean {
        lines.push(format!(
            "  {}",
            paint.warn("a run is under way, or ended without notice; the next one goes on from there")
        ));
    }
    if let Some(cursor) = &status.cursor {
        lines.push(format!("  {}", paint.faint(&format!("read up to      {}", shorten(&cursor.0, 160)))));
    }
    lines
}

fn finished(status: &FlowStatus, now: Timestamp) -> String {
    status.finished.map_or_else(|| "never".into(), |at| format!("{} UTC ({})", moment(at), relative(at, now)))
}

fn verb(number: u64) -> &'static str {
    if number == 1 { "waits" } else { "wait" }
}
