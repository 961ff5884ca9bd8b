//! B5, B6, B7 and B9: what the product did to the systems, against what people did and what it had decided.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Event, Sealed};

use super::described;
use crate::simulation::journal::{By, Change, System, What};
use crate::simulation::world::{BEGIN, World};

/// The record that both systems know a change by: lines belong to their order, what belongs to a customer
/// to the customer.
fn group(change: &Change) -> String {
    let whole = change.id.as_str();
    match change.unit {
        "CustomerInfoAddress" | "CustomerInfoCommMethod" | "PurchaseOrderLine" => {
            whole.split('^').next().unwrap_or_default().to_owned()
        }
        "OrderItem" | "Contact" => change.key.split('-').next().unwrap_or_default().to_owned(),
        _ if change.system == System::Ifs => whole.to_owned(),
        _ => change.key.clone(),
    }
}

/// How often the product changed the records of each group in a system, call by call.
fn written(changes: &[Change], system: System) -> BTreeMap<String, BTreeSet<u64>> {
    let mut acts: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.system == system && change.by == By::Product) {
        acts.entry(group(change)).or_default().insert(change.act);
    }
    acts
}

/// B5: no more writes than changes of people, records made, and repeats on record: nothing goes to and fro.
pub fn b5_bounded_writes(changes: &[Change], entries: &[Sealed]) -> Vec<String> {
    let people: BTreeSet<u64> =
        changes.iter().filter(|change| change.by == By::People).map(|change| change.act).collect();
    let made: BTreeSet<&str> = changes
        .iter()
        .filter(|change| change.by == By::Product && change.what == What::Made)
        .map(|change| change.id.as_str())
        .collect();
    let repeats = decisions(entries).filter(|(_, action, _)| *action == "repeat").count();
    // One change can concern a customer's Account and Contacts, or two orders.
    let bound = 3 * people.len() + 2 * made.len() + repeats + FIRST;
    let acts: BTreeSet<u64> =
        changes.iter().filter(|change| change.by == By::Product).map(|change| change.act).collect();
    let excess = acts.len() > bound;
    excess
        .then(|| {
            format!(
                "B5: {} writes for {} changes of people and {} records made",
                acts.len(),
                people.len(),
                made.len()
            )
        })
        .into_iter()
        .collect()
}

/// First counts of invoices, and marks of records that are gone.
const FIRST: usize = 12;

/// What was decided: the flow, the action, the external id.
fn decisions(entries: &[Sealed]) -> impl Iterator<Item = (&str, &str, &str)> {
    entries.iter().flat_map(|sealed| {
        let decided = match &sealed.entry.event {
            Event::Decided { decisions } => decisions.as_slice(),
            _ => &[],
        };
        let sent = decided.iter().filter(|one| one.attempt.is_some() && one.action != "settled");
        sent.map(|one| (&*sealed.entry.scope.flow, one.action.as_str(), one.id.as_str()))
    })
}

/// B6: no record is changed more often than attempts to do so were on record before.
pub fn b6_effects_have_intents(changes: &[Change], entries: &[Sealed]) -> Vec<String> {
    let mut attempts: BTreeMap<(System, String), usize> = BTreeMap::new();
    for (flow, _, id) in decisions(entries) {
        let system = if flow == "customers-back" { System::Ifs } else { System::Salesforce };
        let group = if flow == "contacts" { id.split('-').next().unwrap_or_default() } else { id };
        *attempts.entry((system, group.to_owned())).or_default() += 1;
    }
    let mut findings = Vec::new();
    for system in [System::Ifs, System::Salesforce] {
        for (group, acts) in written(changes, system) {
            let tried = attempts.get(&(system, group.clone())).copied().unwrap_or(0);
            if acts.len() > tried {
                findings
                    .push(format!("B6: {group} was changed by {} calls for {tried} attempts", acts.len()));
            }
        }
    }
    findings
}

/// B7: nothing outside the mapped fields is changed, in IFS nothing but what customers share, nothing of
/// the books, and nothing without the exact version of what was read.
pub fn b7_only_mapped_fields(world: &World, changes: &[Change]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.by == By::Product) {
        let What::Set { field, .. } = &change.what else {
            let creates = world.options.mission.as_ref().is_some_and(|mission| mission.creates);
            if change.system == System::Ifs && (!creates || change.unit != "CustomerInfo") {
                findings.push(format!("B7: {}", described(change)));
            }
            made.insert(&change.id, change.act);
            continue;
        };
        let birth = made.get(change.id.as_str()) == Some(&change.act);
        let allowed = match change.system {
            System::Ifs => {
                let shared = birth || matches!(field.as_str(), "Name" | "AssociationNo" | "Country");
                change.unit == "CustomerInfo" && shared
            }
            System::Salesforce => birth || is_mapped(change.unit, field),
        };
        if !allowed {
            findings.push(format!("B7: {}", described(change)));
        }
    }
    let figures = sandbox::Endpoint::figures(&*world.ifs);
    for name in ["writes_without_exact_etag", "financial_writes_refused"] {
        let count = figures.get(name).copied().unwrap_or(0);
        if count > 0 {
            findings.push(format!("B7: {name}: {count}"));
        }
    }
    findings
}

/// Whether the mappings name the field, or the org makes it of fields that they name.
fn is_mapped(unit: &str, field: &str) -> bool {
    let own = field.starts_with("IFS_");
    own || match unit {
        "Account" => {
            field.starts_with("Billing")
                || matches!(field, "Name" | "AccountNumber" | "Phone" | "Fax" | "Website" | "Description")
        }
        "Contact" => {
            field.starts_with("Mailing")
                || matches!(field, "FirstName" | "LastName" | "Name" | "Title" | "Phone" | "MobilePhone")
                || matches!(field, "Email" | "AccountId")
        }
        "Order" => matches!(
            field,
            "AccountId" | "PoNumber" | "Name" | "Description" | "EffectiveDate" | "PoDate" | "TotalAmount"
        ),
        _ => matches!(
            field,
            "Quantity" | "UnitPrice" | "Description" | "ServiceDate" | "TotalPrice" | "AvailableQuantity"
        ),
    }
}

/// How long after a deletion in IFS a create that was under way may still land.
const UNDER_WAY: u64 = 45 * 60;

/// B9: the product removes nothing whose source is there, nothing at all in IFS, and makes nothing of what
/// is gone.
pub fn b9_tombstones(changes: &[Change]) -> Vec<String> {
    let mut dead: BTreeMap<String, u64> = BTreeMap::new();
    let mut deleted: BTreeMap<&str, u64> = BTreeMap::new();
    let mut findings = Vec::new();
    let long_ago = |at: Option<&u64>, now: u64| at.is_some_and(|at| now.saturating_sub(*at) > UNDER_WAY);
    for change in changes {
        let key = change.id.replace('^', "-");
        match (change.system, &change.what, change.by) {
            (System::Ifs, What::Gone, By::Product) => {
                findings.push(format!("B9: removed from IFS: {}", described(change)));
            }
            (System::Ifs, What::Gone, By::People) => {
                dead.insert(key, change.second);
            }
            (System::Ifs, What::Made, by) => {
                if by == By::Product && long_ago(deleted.get(change.id.as_str()), change.second) {
                    findings.push(format!("B9: made of an Account that is gone: {}", described(change)));
                }
                dead.remove(&key);
            }
            (System::Salesforce, What::Gone, By::People) => {
                deleted.insert(&change.id, change.second);
            }
            (System::Salesforce, What::Made, By::People) => {
                deleted.remove(change.id.as_str());
            }
            (System::Ifs, What::Set { field, before, after }, _) if change.unit == "PurchaseOrderLine" => {
                // A cancelled line is not carried.
                if field == "Objstate" && after.as_deref() == Some("Cancelled") {
                    dead.insert(key, change.second);
                } else if field == "Objstate" && before.as_deref() == Some("Cancelled") {
                    dead.remove(&key);
                }
            }
            (System::Salesforce, What::Gone, By::Product) => {
                let line_of = change.key.split('-').next().unwrap_or_default();
                // Salesforce removes what belongs to an Account with it, whoever is to blame.
                let with_account = changes.iter().any(|other| {
                    let account = other.act == change.act && other.unit == "Account";
                    account && other.what == What::Gone && dead.contains_key(&other.key)
                });
                if !dead.contains_key(&change.key) && !dead.contains_key(line_of) && !with_account {
                    findings.push(format!("B9: nobody had removed it: {}", described(change)));
                }
            }
            (System::Salesforce, What::Made, By::Product)
                if long_ago(dead.get(&change.key), change.second) =>
            {
                findings.push(format!("B9: made of what is gone: {}", described(change)));
            }
            _ => {}
        }
    }
    findings
}

/// B9: an Account of a customer that people removed is not made again once the flow that leads back has
/// found that out, unless people bring it back, or the customer was entered anew.
pub fn b9_what_people_removed_stays_removed(changes: &[Change], entries: &[Sealed]) -> Vec<String> {
    let mut known: BTreeMap<&str, u64> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut noted = Vec::new();
    for sealed in entries.iter().filter(|sealed| &*sealed.entry.scope.flow == "customers-back") {
        let Event::Decided { decisions } = &sealed.entry.event else { continue };
        let second = u64::try_from(sealed.entry.at.as_second() - BEGIN).unwrap_or(0);
        let gone = decisions.iter().filter(|one| one.action == "gone" && one.attempt.is_none());
        noted.extend(gone.map(|one| (second, one.id.as_str())));
    }
    let mut noted = noted.into_iter().peekable();
    for change in changes {
        while let Some((second, id)) = noted.next_if(|(second, _)| *second < change.second) {
            known.insert(id, second);
        }
        let named = matches!(change.unit, "Account" | "CustomerInfo") && change.what == What::Made;
        if !named {
            continue;
        }
        if change.by == By::People {
            known.remove(change.key.as_str());
        } else if change.system == System::Salesforce
            && known.get(change.key.as_str()).is_some_and(|since| change.second - since > UNDER_WAY)
        {
            findings.push(format!("B9: people had removed it: {}", described(change)));
        }
    }
    findings
}
