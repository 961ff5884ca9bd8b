//! B6 and B10: the audit log has everything that happened, and the state says nothing that the log does not.

use std::collections::{BTreeMap, BTreeSet};

use audit::{AuditLog as _, Event, Sealed};
use serde_json::Value;
use sync_engine::StateStore as _;

use crate::simulation::mission::flows::{BOOK, NAMES};
use crate::simulation::world::World;

/// B6: the log holds together, and has every call that reached a system, with its answer where the run
/// ended well.
pub async fn b6_every_call_is_on_record(world: &World, entries: &[Sealed]) -> Vec<String> {
    let mut findings = Vec::new();
    match world.log.verify().await {
        Ok(verdict) => {
            findings.extend(verdict.broken.map(|(number, what)| format!("B6: entry {number}: {what}")));
        }
        Err(error) => findings.push(format!("B6: {error}")),
    }
    let asked = entries.iter().filter(|sealed| matches!(sealed.entry.event, Event::Asked(_))).count() as u64;
    let calls = world.ifs_gate.journal().calls + world.salesforce_gate.journal().calls;
    if calls > asked {
        findings.push(format!("B6: {calls} calls reached the systems, {asked} are on record"));
    }
    findings
}

/// B6: at rest every intent has its outcome.
pub async fn b6_nothing_stays_open(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    for flow in NAMES {
        for intent in world.store.intents(flow).await.unwrap_or_default() {
            findings.push(format!(
                "B6: attempt {} of {flow} for {} has no outcome",
                intent.attempt.0, intent.draft.id
            ));
        }
    }
    findings
}

/// B10: rebuilt from the log alone, every link is there: a record of that key and version was mapped to
/// that id, and a decision about it is on record.
pub async fn b10_state_follows_from_the_log(world: &World, entries: &[Sealed]) -> Vec<String> {
    let log = Log::of(entries);
    let mut findings = Vec::new();
    for flow in NAMES.iter().filter(|flow| **flow != "customers-back") {
        let book = if *flow == "customers" { BOOK } else { flow };
        for link in world.store.all_links(book, None, usize::MAX).await.unwrap_or_default() {
            let mapped =
                (flow.to_string(), link.key.to_string(), link.version.to_string(), link.id.to_string());
            // The flow that leads back can make the pair known before this one has read the record.
            let met = log.mapped.contains(&mapped) || link.version.as_str().is_empty();
            if !met {
                findings.push(format!(
                    "B10: the log never saw {flow} map {} in version {} to {}",
                    link.key, link.version, link.id
                ));
            }
            if !log.decided.contains(&link.id.to_string()) && link.gone.is_none() {
                findings.push(format!("B10: the log has no decision about {}", link.id));
            }
        }
    }
    findings
}

/// What the log says of records.
#[derive(Debug, Default)]
struct Log {
    /// Flow, key, version, external id.
    mapped: BTreeSet<(String, String, String, String)>,
    decided: BTreeSet<String>,
}

impl Log {
    fn of(entries: &[Sealed]) -> Self {
        let mut log = Self::default();
        for sealed in entries {
            match &sealed.entry.event {
                Event::Mapped { items, .. } => {
                    for item in items {
                        log.note(&sealed.entry.scope.flow, item.input.get(), item.output.get());
                    }
                }
                Event::Decided { decisions } => {
                    log.decided.extend(decisions.iter().map(|decision| decision.id.clone()));
                }
                _ => {}
            }
        }
        log
    }

    fn note(&mut self, flow: &str, input: &str, output: &str) {
        let parse = |text: &str| serde_json::from_str::<BTreeMap<String, Value>>(text).unwrap_or_default();
        let (input, output) = (parse(input), parse(output));
        let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let drafts = output.get("drafts").and_then(Value::as_array).cloned().unwrap_or_default();
        for id in drafts.iter().filter_map(|draft| draft.get("id").and_then(Value::as_str)) {
            self.mapped.insert((flow.to_owned(), text("key"), text("version"), id.to_owned()));
        }
    }
}
