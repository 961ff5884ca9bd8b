//! B1 and B3: both sides agree, or somebody was told; nothing has two counterparts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sandbox::ifs::Row;
use sandbox::salesforce::Record;
use sync_engine::{Parked, ParkedClass};

use super::Waiting;
use crate::simulation::checker;
use crate::simulation::journal::{By, Change, OBJECTS, System, What};
use crate::simulation::mission::people::is_customer;
use crate::simulation::mission::shows;
use crate::simulation::world::World;

/// The living records of an object.
fn living(world: &World, object: &str) -> Vec<Arc<Record>> {
    let mut records = world.salesforce.records(object);
    records.retain(|record| !record.deleted);
    records
}

/// The living record of an object under this external id.
fn by_key(world: &World, object: &str, key: &str) -> Option<Arc<Record>> {
    let fits = |record: &Arc<Record>| record.text("IFS_Key__c").as_deref() == Some(key);
    living(world, object).into_iter().find(fits)
}

fn is_person(row: &Row) -> bool {
    row.get("CustomerCategory").text().as_deref() == Some("EndCustomer")
}

/// B1: both sides show the same in every mapped field, or the record waits, or is in conflict.
pub fn b1_convergence(world: &World, waiting: &Waiting) -> Vec<String> {
    let mut findings = suppliers(world, waiting);
    findings.extend(customers(world, waiting));
    findings.extend(contacts(world, waiting));
    findings.extend(orders(world, waiting));
    findings.extend(made_of_accounts(world, waiting));
    findings
}

/// Where customers are made of Accounts, each Account has its customer, and carries its number.
fn made_of_accounts(world: &World, waiting: &Waiting) -> Vec<String> {
    if !world.options.mission.as_ref().is_some_and(|mission| mission.creates) {
        return Vec::new();
    }
    let removed = removed_by_people(&world.journal.changes(), "CustomerInfo");
    let mut findings = Vec::new();
    for account in living(world, "Account") {
        let key = account.text("IFS_Key__c");
        let told = waiting.has("customers-back", &account.id) || waiting.has("customers", &account.id);
        if told || key.as_deref().is_some_and(|key| !is_customer(Some(key))) || removed.contains(&account.id)
        {
            continue;
        }
        match key {
            None => findings.push(format!("B1: Account {} carries no customer's number", account.id)),
            Some(key) => {
                let there = world.ifs.row_of("CustomerInfo", &[&key]).is_some();
                if !there && !removed.contains(&key) {
                    findings.push(format!("B1: Account {} has no customer {key}", account.id));
                }
            }
        }
    }
    findings
}

fn suppliers(world: &World, waiting: &Waiting) -> Vec<String> {
    let mut findings = Vec::new();
    for row in world.ifs.rows() {
        let key = row.key().to_string();
        if waiting.has("suppliers", &key) {
            continue;
        }
        match by_key(world, "Account", &key) {
            None => findings.push(format!("B1: supplier {key} has no Account")),
            Some(account) => {
                let differing = checker::differences(&row, &account);
                findings.extend(differing.map(|what| format!("B1: supplier {key}: {what}")));
            }
        }
    }
    findings
}

fn customers(world: &World, waiting: &Waiting) -> Vec<String> {
    let removed = removed_by_people(&world.journal.changes(), "Account");
    let mut findings = Vec::new();
    for row in world.ifs.rows_of("CustomerInfo").iter().filter(|row| !is_person(row)) {
        let key = row.key().to_string();
        let Some(account) = by_key(world, "Account", &key) else {
            // What people removed there is not made again as long as this side keeps its own.
            if !waiting.has("customers", &key) && !removed.contains(&key) {
                findings.push(format!("B1: customer {key} has no Account"));
            }
            continue;
        };
        if waiting.has("customers", &key) || waiting.has("customers-back", &account.id) {
            continue;
        }
        let own = shows::differences(&account, &shows::customer(world, row));
        findings.extend(own.into_iter().map(|what| format!("B1: customer {key}: {what}")));
        for (here, there) in shows::SHARED {
            let wanted = shows::text(row, here).map(|value| shows::in_salesforce(here, &value));
            let found = account.text(there);
            if !shows::same(found.as_deref(), wanted.as_deref()) && !waiting.disputes(&key, there) {
                findings.push(format!("B1: customer {key}: {here} is {wanted:?}, {there} is {found:?}"));
            }
        }
    }
    findings
}

/// Keys of records that people removed from Salesforce, merging included.
fn removed_by_people(changes: &[Change], object: &str) -> BTreeSet<String> {
    let removed = changes
        .iter()
        .filter(|change| change.unit == object && change.by == By::People && change.what == What::Gone);
    removed.map(|change| change.key.clone()).collect()
}

fn contacts(world: &World, waiting: &Waiting) -> Vec<String> {
    let mut findings = Vec::new();
    for row in world.ifs.rows_of("CustomerInfo") {
        let key = row.key().to_string();
        if waiting.has("contacts", &key) {
            continue;
        }
        if is_person(&row) {
            findings.extend(contact(world, &key, &shows::person(world, &row)));
            continue;
        }
        for person in shows::children(world, "CustomerInfoContact", "CustomerId", &key) {
            let id = person.key().replace('\0', "-");
            findings.extend(contact(world, &id, &shows::contact(&person)));
        }
    }
    findings
}

fn contact(world: &World, key: &str, shown: &shows::Shown) -> Vec<String> {
    let Some(contact) = by_key(world, "Contact", key) else {
        return vec![format!("B1: {key} has no Contact")];
    };
    let differing = shows::differences(&contact, shown).into_iter();
    differing.map(|what| format!("B1: contact {key}: {what}")).collect()
}

fn orders(world: &World, waiting: &Waiting) -> Vec<String> {
    let mut findings = Vec::new();
    for row in world.ifs.rows_of("PurchaseOrder") {
        let key = row.key().to_string();
        if waiting.has("orders", &key) {
            continue;
        }
        let Some(order) = by_key(world, "Order", &key) else {
            findings.push(format!("B1: order {key} has no Order"));
            continue;
        };
        // An Account that was merged into another one stands for both.
        let vendor = row.get("VendorNo").text().unwrap_or_default();
        let account = by_key(world, "Account", &vendor).map(|account| account.id.clone());
        let account = account.or_else(|| order.text("AccountId")).unwrap_or_default();
        let mut differing = shows::differences(&order, &shows::order(&row, &account));
        differing.extend(items(world, &key, &order));
        if !waiting.has("invoices", &key) {
            let counted = shows::invoices(world, &key);
            let referred = counted.first().is_some_and(|(_, count)| count.as_deref() != Some("0"));
            if referred || order.text("IFS_Invoice_Count__c").is_some() {
                differing.extend(shows::differences(&order, &counted));
            }
        }
        findings.extend(differing.into_iter().map(|what| format!("B1: order {key}: {what}")));
    }
    findings
}

/// What is wrong with the products of an order.
fn items(world: &World, key: &str, order: &Record) -> Vec<String> {
    let of_order = |item: &Arc<Record>| item.text("OrderId").as_deref() == Some(order.id.as_str());
    let mut there: BTreeMap<String, Arc<Record>> = BTreeMap::new();
    for item in living(world, "OrderItem").into_iter().filter(of_order) {
        there.insert(item.text("IFS_Key__c").unwrap_or_default(), item);
    }
    let mut findings = Vec::new();
    for (line, shown) in shows::lines(world, key) {
        match there.remove(&line) {
            None => findings.push(format!("line {line} is missing")),
            Some(item) => {
                let differing = shows::differences(&item, &shown).into_iter();
                findings.extend(differing.map(|what| format!("line {line}: {what}")));
            }
        }
    }
    findings.extend(there.keys().map(|line| format!("line {line} belongs to nobody")));
    findings
}

/// Whether a record waits for something that time alone brings.
pub fn may_pass_by_itself(parked: &Parked) -> bool {
    // An Account that was merged into one that people then deleted: only they can bring it back.
    let deleted = parked.fault.code == "ENTITY_IS_DELETED";
    matches!(parked.class, ParkedClass::Retry | ParkedClass::Settling) && !deleted
}

/// B1: at rest nothing waits that could go on: a parent that is there, a refusal that has passed.
pub fn b1_whatever_waits_has_a_reason(world: &World, waiting: &Waiting) -> Vec<String> {
    let mission = world.options.mission.as_ref();
    let (merges, creates) = mission.map_or((false, false), |mission| (mission.merges, mission.creates));
    let idle = |parked: &&Parked| match parked.class {
        ParkedClass::Orphan => parked
            .waits_for
            .iter()
            .all(|parent| by_key(world, parent.entity.as_str(), parent.id.as_str()).is_some()),
        ParkedClass::Quarantine => {
            let code = parked.fault.code.as_str();
            // An Account that was made by hand and took over a supplier's looks like a customer's, and one
            // whose customer is gone can lead nowhere.
            let stray = parked.flow == "customers-back"
                && matches!(code, "HELD" | "UNMAPPABLE")
                && (merges || !leads_to_a_customer(world, parked.key.as_str()));
            // A deleted Account that comes back when its customer has got another one.
            let returned = parked.flow == "customers-back" && code == "RIVAL" && creates;
            !REASONS.contains(&code) && !stray && !returned
        }
        _ => may_pass_by_itself(parked),
    };
    let told = |parked: &Parked| {
        format!(
            "B1: {} waits in {} without a reason ({:?}): {}",
            parked.key, parked.flow, parked.class, parked.fault
        )
    };
    waiting.parked.iter().filter(idle).map(told).collect()
}

/// Whether the customer of an Account is there.
fn leads_to_a_customer(world: &World, account: &str) -> bool {
    let account = living(world, "Account").into_iter().find(|record| record.id == account);
    let key = account.and_then(|account| account.text("IFS_Key__c"));
    key.is_some_and(|key| world.ifs.row_of("CustomerInfo", &[&key]).is_some())
}

/// Why a person has to look, in worlds where people delete and merge.
const REASONS: [&str; 4] = ["MERGED", "EDITED_AND_GONE", "REPOINTED", "RENAMED"];

/// B3: at most one living record of each external id and object.
pub fn b3_one_counterpart(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    for object in OBJECTS {
        let mut seen = BTreeSet::new();
        for record in living(world, object) {
            if let Some(key) = record.text("IFS_Key__c")
                && !seen.insert(key.clone())
            {
                findings.push(format!("B3: {object} {key} is there twice"));
            }
        }
    }
    findings
}

/// B3: the product makes nothing under an external id that a living record has.
pub fn b3_nothing_is_made_twice(changes: &[Change]) -> Vec<String> {
    let mut alive: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for change in
        changes.iter().filter(|change| change.system == System::Salesforce && !change.key.is_empty())
    {
        let name = (change.unit, change.key.as_str());
        match change.what {
            What::Made => {
                if let Some(other) = alive.insert(name, &change.id)
                    && other != change.id
                    && change.by == By::Product
                {
                    findings.push(format!(
                        "B3: {} {} was made although {other} is there",
                        change.unit, change.key
                    ));
                }
            }
            What::Gone if alive.get(&name) == Some(&change.id.as_str()) => {
                alive.remove(&name);
            }
            _ => {}
        }
    }
    findings
}
