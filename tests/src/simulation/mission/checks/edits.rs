//! B2 and B8: what people typed is not lost, and stays where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Event, Sealed};

use super::described;
use crate::simulation::journal::{By, Change, System, What};
use crate::simulation::mission::people::is_customer;
use crate::simulation::mission::shows;
use crate::simulation::world::BEGIN;

/// So many seconds before a write the product may have read the record last: a batch of upserts cannot be
/// made to depend on what was read.
const UNSEEN: u64 = 120;

/// A shared value as it stands on one side.
#[derive(Debug, Clone)]
struct Standing {
    value: String,
    /// The same as that side stores it.
    stored: String,
    by: By,
    since: u64,
    /// Whether the other side has shown it since it was typed.
    seen: bool,
}

/// Where a shared field stands: the customer, the field, the side.
type Spot = (String, usize, System);

/// B2: what the product overwrites was typed by nobody, or has been seen across by whoever typed what
/// replaces it, or stands in a conflict that somebody was told of.
pub fn b2_no_lost_update(changes: &[Change], entries: &[Sealed]) -> Vec<String> {
    let disputes = details(entries, |action| action == "conflict");
    let (taken_back, removals) = (taken_back(changes), Removals::of(entries));
    let mut standing: BTreeMap<Spot, Standing> = BTreeMap::new();
    let mut findings = Vec::new();
    for change in changes {
        let Some((place, after)) = shared(change) else {
            if change.what == What::Gone {
                findings.extend(gone(&mut standing, change, (&disputes, &removals)));
            }
            continue;
        };
        let spot = (change.key.clone(), place, change.system);
        let other = (change.key.clone(), place, across(change.system));
        if let Some(lost) = standing.get(&spot).filter(|_| change.by == By::Product)
            && is_lost(lost, &after, &disputes)
        {
            findings.push(format!(
                "B2: {:?} was overwritten and nobody was told: {}",
                lost.value,
                described(change)
            ));
        }
        let agrees = standing.get(&other).is_some_and(|there| shows::same(Some(&there.value), Some(&after)));
        if agrees && let Some(there) = standing.get_mut(&other) {
            there.seen = true;
        }
        // Who takes a record out of the bin types nothing.
        let typed = change.by == By::People && !taken_back.contains(&(change.act, change.id.as_str()));
        let (by, since) = (if typed { By::People } else { By::Product }, change.second);
        let stored = match &change.what {
            What::Set { after: Some(stored), .. } => stored.clone(),
            _ => after.clone(),
        };
        standing.insert(spot, Standing { value: after, stored, by, since, seen: agrees });
    }
    findings
}

/// Records of Salesforce that people took out of the bin, and in which act.
fn taken_back(changes: &[Change]) -> BTreeSet<(u64, &str)> {
    let made = changes.iter().filter(|change| {
        change.system == System::Salesforce && change.by == By::People && change.what == What::Made
    });
    made.map(|change| (change.act, change.id.as_str())).collect()
}

fn is_lost(lost: &Standing, after: &str, disputes: &str) -> bool {
    lost.by == By::People
        && !lost.seen
        && !lost.value.is_empty()
        && !shows::same(Some(&lost.value), Some(after))
        && ![&lost.value, &lost.stored].iter().any(|value| disputes.contains(&format!("\"{value}\"")))
}

/// The place of a shared field among [`shows::SHARED`], and its new value as Salesforce shows it.
fn shared(change: &Change) -> Option<(usize, String)> {
    let What::Set { field, after, .. } = &change.what else { return None };
    let after = after.as_deref().unwrap_or_default();
    let place = |name: fn(&(&'static str, &'static str)) -> &'static str| {
        shows::SHARED.iter().position(|pair| name(pair) == field)
    };
    match (change.system, change.unit) {
        (System::Ifs, "CustomerInfo") => {
            place(|(here, _)| here).map(|place| (place, shows::in_salesforce(field, after)))
        }
        (System::Salesforce, "Account") if is_customer(Some(&change.key)) => {
            place(|(_, there)| there).map(|place| (place, after.trim().to_owned()))
        }
        _ => None,
    }
}

fn across(system: System) -> System {
    match system {
        System::Ifs => System::Salesforce,
        System::Salesforce => System::Ifs,
    }
}

/// A record is gone: what people had typed into it and nobody has seen may not go with it, unless they
/// removed it themselves.
fn gone(
    standing: &mut BTreeMap<Spot, Standing>,
    change: &Change,
    (disputes, removals): (&str, &Removals),
) -> Vec<String> {
    let mut findings = Vec::new();
    if !matches!(change.unit, "CustomerInfo" | "Account") {
        return findings;
    }
    for place in 0..shows::SHARED.len() {
        let Some(lost) = standing.remove(&(change.key.clone(), place, change.system)) else { continue };
        let seen = removals.could_see(&change.id, (lost.since, change.second));
        if change.by == By::Product && seen && is_lost(&lost, "", disputes) {
            findings.push(format!("B2: {:?} was removed with its record: {}", lost.value, described(change)));
        }
    }
    findings
}

/// How long a call that seemed lost may take to land.
const LANDING: u64 = 11 * 60;

/// Removals as they were asked for: a delete cannot be made to depend on what was read, so each has a look at
/// the record right before it. By the record's id, the seconds of the look and of the delete.
#[derive(Debug, Default)]
struct Removals(BTreeMap<String, Vec<(u64, u64)>>);

impl Removals {
    fn of(entries: &[Sealed]) -> Self {
        let mut looks: BTreeMap<&str, u64> = BTreeMap::new();
        let mut removals = Self::default();
        for sealed in entries {
            let Event::Asked(exchange) = &sealed.entry.event else { continue };
            let path = exchange.url.split('?').next().unwrap_or_default();
            let id = path.rsplit('/').next().unwrap_or_default();
            let second = u64::try_from(sealed.entry.at.as_second() - BEGIN).unwrap_or(0);
            match exchange.method.as_str() {
                "GET" => drop(looks.insert(id, second)),
                "DELETE" => {
                    let look = looks.get(id).copied().unwrap_or(second);
                    removals.0.entry(id.to_owned()).or_default().push((look, second));
                }
                _ => {}
            }
        }
        removals
    }

    /// Whether each delete that can have removed the record was sent after a look that was later than
    /// `since`; a removal that nobody asked for has no excuse either.
    fn could_see(&self, id: &str, (since, gone): (u64, u64)) -> bool {
        let asked = self.0.get(id).into_iter().flatten();
        let mut candidates = asked.filter(|(_, sent)| *sent <= gone && gone - sent <= LANDING);
        candidates.all(|(look, _)| since < *look)
    }
}

/// B8: fields of the target's people are set once and then left alone; what people type into fields of
/// IFS is put back, and the value that gets lost is on record.
pub fn b8_ownership(changes: &[Change], entries: &[Sealed]) -> Vec<String> {
    let record = details(entries, |action| action != "conflict");
    let (decided, astray) = (times(entries), astray(entries));
    let mut typed: BTreeMap<(&str, &str), (&str, u64)> = BTreeMap::new();
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    let mut findings = Vec::new();
    for change in changes.iter().filter(|change| change.system == System::Salesforce) {
        let What::Set { field, before, after } = &change.what else {
            made.insert(&change.id, change.act);
            continue;
        };
        // Merging makes records refer to the winner; decisions name what they refer to by its external id.
        if COMPUTED.contains(&field.as_str()) || field.ends_with("Id") {
            continue;
        }
        let spot = (change.id.as_str(), field.as_str());
        let birth = made.get(change.id.as_str()) == Some(&change.act);
        match change.by {
            By::People if birth => {}
            By::People => {
                typed.insert(spot, (after.as_deref().unwrap_or_default(), change.second));
            }
            By::Product if !birth && THEIRS.contains(&(change.unit, field.as_str())) => {
                findings
                    .push(format!("B8: a field of Salesforce's people was written: {}", described(change)));
            }
            By::Product => {
                let Some((value, since)) = typed.remove(&spot) else { continue };
                let stood = before.as_deref() == Some(value) && !value.is_empty();
                let quoted = serde_json::to_string(value).unwrap_or_default();
                // What was decided before the edit, and lands after it, could not know of it.
                let seen = decided_between(&decided, &change.key, (since + UNSEEN, change.second));
                let late = astray
                    .get(change.key.as_str())
                    .is_some_and(|lost| lost.iter().any(|sent| (*sent..=sent + LANDING).contains(&since)));
                let shared =
                    is_customer(Some(&change.key)) && shows::SHARED.iter().any(|(_, name)| name == field);
                if stood && seen && !late && !shared && !record.contains(&quoted) {
                    findings.push(format!(
                        "B8: {value:?} was put back and is not on record: {}",
                        described(change)
                    ));
                }
            }
        }
    }
    findings
}

/// When something was decided to be sent, by external id.
fn times(entries: &[Sealed]) -> BTreeMap<&str, Vec<u64>> {
    let start = entries.first().map_or(0, |sealed| sealed.entry.at.as_second());
    let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for sealed in entries {
        let Event::Decided { decisions } = &sealed.entry.event else { continue };
        let second = u64::try_from(sealed.entry.at.as_second() - start).unwrap_or(0);
        let sent = decisions.iter().filter(|one| one.attempt.is_some() && one.action != "settled");
        for decision in sent {
            times.entry(&decision.id).or_default().push(second);
        }
    }
    times
}

/// When writes were seen not to have landed, which they still may, by external id.
fn astray(entries: &[Sealed]) -> BTreeMap<&str, Vec<u64>> {
    let mut astray: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for sealed in entries {
        let Event::Decided { decisions } = &sealed.entry.event else { continue };
        let second = u64::try_from(sealed.entry.at.as_second() - BEGIN).unwrap_or(0);
        for decision in decisions.iter().filter(|one| one.action == "settled") {
            if decision.detail.as_ref().is_some_and(|detail| detail.get().contains("false")) {
                astray.entry(&decision.id).or_default().push(second);
            }
        }
    }
    astray
}

fn decided_between(times: &BTreeMap<&str, Vec<u64>>, key: &str, (from, to): (u64, u64)) -> bool {
    let whole = key.split('-').next().unwrap_or_default();
    let all = [key, whole].into_iter().filter_map(|id| times.get(id)).flatten();
    all.into_iter().any(|second| (from..=to).contains(second))
}

/// Fields that are set at creation and then belong to Salesforce's people.
const THEIRS: [(&str, &str); 2] = [("Account", "Type"), ("Order", "Status")];

/// Fields that the org makes of others.
const COMPUTED: [&str; 3] = ["TotalAmount", "TotalPrice", "AvailableQuantity"];

/// The details of all decisions of some kinds in one text.
fn details(entries: &[Sealed], wanted: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    for sealed in entries {
        let Event::Decided { decisions } = &sealed.entry.event else { continue };
        let some = decisions.iter().filter(|decision| wanted(&decision.action));
        for detail in some.filter_map(|decision| decision.detail.as_ref()) {
            text.push_str(detail.get());
        }
    }
    text
}
