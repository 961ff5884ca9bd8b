//! How the flows stand, in words.

use std::collections::BTreeMap;

use connector_salesforce::EventState;
use jiff::Timestamp;
use sync_engine::FlowStatus;

use crate::config::Config;
use crate::last_failure::LastFailure;
use crate::terminal::paint::Paint;
use crate::view::cursor::cursor_words;
use crate::view::event::event_words;
use crate::view::words::{class, count, counted, moment, relative, safe, waits_for};

/// All flows of a link.
pub(crate) fn page(
    config: &Config,
    (flows, failures): (&[FlowStatus], &BTreeMap<String, LastFailure>),
    now: Timestamp,
    paint: Paint,
) -> String {
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
            Some(status) => {
                lines.extend(failures.get(name).map(|failed| failure(failed, now, paint)));
                lines.extend(flow(status, now, paint));
            }
            None => lines.push("  has never run: try `ml-connector plan`, then `ml-connector run`".into()),
        }
    }
    for status in flows.iter().filter(|status| !config.flows.iter().any(|(name, _)| *name == status.flow)) {
        lines.push(format!("\n{} is no longer configured; its state is kept", paint.strong(&status.flow)));
    }
    lines.join("\n")
}

fn failure(failed: &LastFailure, now: Timestamp, paint: Paint) -> String {
    let why = safe(&failed.error);
    let failed = format!("  last run failed {} UTC ({})", moment(failed.at), relative(failed.at, now));
    format!("{}\n    {why}", paint.bad(&failed))
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
        lines.push(format!("  read            {}", cursor_words(cursor)));
        let events = EventState::of_cursor(cursor).unwrap_or_default();
        let told = event_words(&events, now, paint).into_iter();
        lines.extend(told.map(|(title, text)| format!("  {title:<15} {text}")));
    }
    lines
}

fn finished(status: &FlowStatus, now: Timestamp) -> String {
    status.finished.map_or_else(|| "never".into(), |at| format!("{} UTC ({})", moment(at), relative(at, now)))
}

fn verb(number: u64) -> &'static str {
    if number == 1 { "waits" } else { "wait" }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sync_engine::{Cursor, Fence, ParkedClass};

    use super::*;
    use crate::config::document;

    fn config() -> Config {
        let link = crate::template::link(&crate::template::Answers {
            name: "acme".into(),
            ifs_url: "https://acme.ifs.example".into(),
            realm: "acme".into(),
            ifs_client: "ML".into(),
            ifs_secret: crate::template::SecretPlace::Env("IFS".into()),
            salesforce_url: "https://acme.my.salesforce.example".into(),
            salesforce_client: "KEY".into(),
            salesforce_secret: crate::template::SecretPlace::Env("SF".into()),
            rest: String::new(),
        });
        let flow = "mapping = { custom = \"x\" }\nsource = { system = \"ifs\", entity = \"SupplierSet\" }\n\
                    target = { system = \"salesforce\", entity = \"Account\" }\n";
        let flow: crate::config::FlowFile = document::parse(Path::new("f.toml"), flow).unwrap();
        let link = document::parse(Path::new("link.toml"), &link).unwrap();
        Config {
            folder: ".".into(),
            link,
            flows: vec![("new".into(), flow.clone()), ("suppliers".into(), flow)],
        }
    }

    #[test]
    fn a_status_tells_what_is_done_and_what_is_open() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let status = FlowStatus {
            flow: "suppliers".into(),
            fence: Fence(3),
            clean: false,
            links: 12_499,
            intents: 2,
            parked: vec![(ParkedClass::Quarantine, 1), (ParkedClass::Retry, 2)],
            finished: Some(at("2026-03-01T10:00:00Z")),
            cursor: Some(Cursor(r#"{"walk":{"resting":{"hwm":"2026-03-01T09:59:00Z"}}}"#.into())),
        };
        let failed = LastFailure { at: at("2026-03-01T10:03:00Z"), error: "using the target: no".into() };
        let failures = BTreeMap::from([("suppliers".to_owned(), failed)]);
        let page = page(&config(), (&[status], &failures), at("2026-03-01T10:05:00Z"), Paint::PLAIN);
        insta::assert_snapshot!(page, @r"
        acme  https://acme.ifs.example -> https://acme.my.salesforce.example

        new
          has never run: try `ml-connector plan`, then `ml-connector run`

        suppliers
          last run failed 2026-03-01 10:03:00 UTC (2 min ago)
            using the target: no
          last finished   2026-03-01 10:00:00 UTC (5 min ago)
          linked          12,499 records
          outcome open    2 writes, settled by the next run
          quarantine      1 waits for the data, the mapping or the target to change
          retry           2 wait for the next try, which comes by itself
          a run is under way, or ended without notice; the next one goes on from there
          read            every change up to 2026-03-01T09:59:00Z
        ");
    }
}
