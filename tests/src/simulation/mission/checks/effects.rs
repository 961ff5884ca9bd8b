//! B5, B6, B7 and B9: what the product did to the systems, against what people did and what it had decided.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Event, Sealed};

use super::described;
use crate::simulation::journal::{By, Change, System, What};
use crate::simulation::world::World;

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
            made.insert(&change.id, change.act);
            continue;
        };
        let birth = made.get(change.id.as_str()) == Some(&change.act);
        let allowed = match change.system {
            System::Ifs => {
                change.unit == "CustomerInfo"
                    && matches!(field.as_str(), "Name" | "AssociationNo" | "Country")
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
    let mut findings = Vec::new();
    for change in changes {
        let key = change.id.replace('^', "-");
        match (change.system, &change.what, change.by) {
            (System::Ifs, What::Gone, By::Product) => {
                findings.push(format!("B9: removed from IFS: {}", described(change)));
            }
            (System::Ifs, What::Gone, By::People) => {
                dead.insert(key, change.second);
            }
            (System::Ifs, What::Made, _) => {
                dead.remove(&key);
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
                if !dead.contains_key(&change.key) && !dead.contains_key(line_of) {
                    findings.push(format!("B9: nobody had removed it: {}", described(change)));
                }
            }
            (System::Salesforce, What::Made, By::Product) => {
                let long =
                    dead.get(&change.key).is_some_and(|at| change.second.saturating_sub(*at) > UNDER_WAY);
                if long {
                    findings.push(format!("B9: made of what is gone: {}", described(change)));
                }
            }
            _ => {}
        }
    }
    findings
}
