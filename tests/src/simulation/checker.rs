//! Looks at both sides and at the record, and says what must not be.
//!
//! It shares no code with the engine, the mapping or the connectors: what an Account must show is
//! written down here a second time, from the mapping's documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use audit::{AuditLog as _, Event, Query, Sealed};
use futures::TryStreamExt as _;
use rust_decimal::Decimal;
use sandbox::ifs::{Cell, Row};
use sandbox::salesforce::Account;
use sync_engine::{Desk as _, ParkedQuery};

use super::world::{World, log_digest};

/// Countries as the mapping's table has them, for the places of the sandbox.
const COUNTRIES: &[(&str, &str)] = &[
    ("BR", "Brazil"),
    ("CA", "Canada"),
    ("CH", "Switzerland"),
    ("CZ", "Czechia"),
    ("DE", "Germany"),
    ("EG", "Egypt"),
    ("FR", "France"),
    ("GR", "Greece"),
    ("IL", "Israel"),
    ("IS", "Iceland"),
    ("JP", "Japan"),
    ("KR", "South Korea"),
    ("NL", "Netherlands"),
    ("PL", "Poland"),
    ("SE", "Sweden"),
    ("US", "United States"),
];

/// Names longer than this are cut by the mapping; only their beginning is compared.
const LONG_NAME: usize = 200;

/// Looks at a world from outside.
#[derive(Debug)]
pub struct Checker<'a> {
    world: &'a World,
}

impl<'a> Checker<'a> {
    /// Looks at `world`.
    pub fn new(world: &'a World) -> Self {
        Self { world }
    }

    /// Every supplier is one Account that shows it, and nothing waits.
    pub async fn both_sides_agree(&self, when: &str) -> Vec<String> {
        let mut findings = Vec::new();
        let mut by_key: BTreeMap<String, Vec<Arc<Account>>> = BTreeMap::new();
        for account in self.world.salesforce.accounts() {
            by_key.entry(account.text("IFS_Key__c").unwrap_or_default()).or_default().push(account);
        }
        for row in self.world.ifs.rows() {
            let key = row.key().to_string();
            match by_key.remove(&key).unwrap_or_default().as_slice() {
                [] => findings.push(format!("{when}: supplier {key} is lost")),
                [account] => {
                    findings.extend(differences(&row, account).map(|what| format!("{when}: {key}: {what}")));
                }
                several => findings.push(format!("{when}: supplier {key} has {} accounts", several.len())),
            }
        }
        findings.extend(by_key.keys().map(|key| format!("{when}: an account of nobody: {key:?}")));
        let parked = self.world.store.parked(&ParkedQuery::default()).await.unwrap_or_default();
        findings
            .extend(parked.iter().map(|parked| format!("{when}: {} waits: {}", parked.key, parked.fault)));
        findings
    }

    /// What must hold over everything that ever happened.
    pub async fn whole_story(&self) -> Vec<String> {
        let mut findings = Vec::new();
        match self.world.log.verify().await {
            Ok(verdict) => {
                findings.extend(verdict.broken.map(|(number, what)| format!("entry {number}: {what}")));
            }
            Err(error) => findings.push(error.to_string()),
        }
        let entries: Vec<Sealed> = match self.world.log.read(Query::default()).try_collect().await {
            Ok(entries) => entries,
            Err(error) => return vec![error.to_string()],
        };
        findings.extend(self.every_call_is_on_record(&entries));
        findings.extend(unanswered(&entries));
        findings.extend(undecided(&entries));
        findings.extend(self.effects_without_request(&entries));
        findings.extend(self.made_twice());
        findings
    }

    fn every_call_is_on_record(&self, entries: &[Sealed]) -> Option<String> {
        let asked =
            entries.iter().filter(|sealed| matches!(sealed.entry.event, Event::Asked(_))).count() as u64;
        let calls = self.world.ifs_gate.journal().calls + self.world.salesforce_gate.journal().calls;
        (calls > asked).then(|| format!("{calls} calls reached the systems, {asked} are on record"))
    }

    /// A record has at most as many effects as requests that name it.
    fn effects_without_request(&self, entries: &[Sealed]) -> Vec<String> {
        let mut requests: BTreeMap<&str, usize> = BTreeMap::new();
        for sealed in entries {
            if operation(sealed) == Some("salesforce.upsert") {
                for record in sealed.entry.records.iter() {
                    *requests.entry(record).or_default() += 1;
                }
            }
        }
        let mut effects: BTreeMap<String, usize> = BTreeMap::new();
        for effect in self.world.salesforce.effects() {
            *effects.entry(effect.after.text("IFS_Key__c").unwrap_or_default()).or_default() += 1;
        }
        let excess = effects
            .into_iter()
            .filter(|(key, count)| requests.get(key.as_str()).copied().unwrap_or(0) < *count);
        excess
            .map(|(key, count)| format!("{key} was written {count} times, more often than it was sent"))
            .collect()
    }

    fn made_twice(&self) -> Vec<String> {
        let mut made = BTreeSet::new();
        let effects = self.world.salesforce.effects();
        let created = effects
            .iter()
            .filter(|effect| effect.created)
            .filter_map(|effect| effect.after.text("IFS_Key__c"));
        created.filter(|key| !made.insert(key.clone())).map(|key| format!("{key} was made twice")).collect()
    }
}

fn operation(sealed: &Sealed) -> Option<&str> {
    match &sealed.entry.event {
        Event::Asked(exchange) => Some(&exchange.operation),
        _ => None,
    }
}

/// In a run that finished, every request has its answer on record.
fn unanswered(entries: &[Sealed]) -> Vec<String> {
    let mut open: BTreeMap<u64, String> = BTreeMap::new();
    let mut finished = BTreeSet::new();
    for sealed in entries {
        match &sealed.entry.event {
            Event::Asked(_) => {
                open.insert(sealed.number, sealed.entry.scope.run.to_string());
            }
            Event::Answered { asked, .. } | Event::Unanswered { asked, .. } => {
                open.remove(asked);
            }
            Event::Run { what, .. } if what == "finished" => {
                finished.insert(sealed.entry.scope.run.to_string());
            }

            _ => {}
        }
    }
    let lost = open.into_iter().filter(|(_, run)| finished.contains(run));
    lost.map(|(number, run)| format!("request {number} of finished run {run} has no answer on record"))
        .collect()
}

/// Before a record is sent, its run has decided to send it, under a named attempt.
fn undecided(entries: &[Sealed]) -> Vec<String> {
    let mut decided: BTreeSet<(String, String)> = BTreeSet::new();
    let mut findings = Vec::new();
    for sealed in entries {
        let run = sealed.entry.scope.run.to_string();
        if let Event::Decided { decisions } = &sealed.entry.event {
            let sending = decisions.iter().filter(|decision| {
                decision.attempt.is_some()
                    && matches!(decision.action.as_str(), "create" | "update" | "repeat")
            });
            decided.extend(sending.map(|decision| (run.clone(), decision.id.clone())));
        }
        if operation(sealed) == Some("salesforce.upsert") {
            let silent =
                sealed.entry.records.iter().filter(|id| !decided.contains(&(run.clone(), (*id).clone())));
            findings
                .extend(silent.map(|id| format!("entry {}: {id} is sent without a decision", sealed.number)));
        }
    }
    findings
}

/// What an Account shows otherwise than it must.
pub(crate) fn differences(row: &Row, account: &Account) -> impl Iterator<Item = String> {
    let expected = [
        ("AccountNumber", text(row, "SupplierId")),
        ("BillingCity", text(row, "City")),
        ("BillingCountry", country(row)),
        ("Phone", text(row, "Phone")),
        ("IFS_Email__c", text(row, "Email").map(|email| email.to_lowercase())),
        ("IFS_Currency__c", text(row, "CurrencyCode")),
        ("IFS_Payment_Terms__c", text(row, "PayTermId")),
        ("IFS_Delivery_Terms__c", text(row, "DeliveryTerms")),
        ("IFS_Credit_Limit__c", amount(row)),
        ("IFS_Created__c", text(row, "CreationDate")),
        ("IFS_Expires__c", text(row, "ExpireDate")),
        ("IFS_Status__c", text(row, "Objstate")),
    ];
    let name = name_differs(row, account);
    let others = expected.map(|(field, expected)| {
        let shown = account.text(field);
        (shown != expected).then(|| format!("{field} shows {shown:?} instead of {expected:?}"))
    });
    others.into_iter().flatten().chain(name)
}

fn name_differs(row: &Row, account: &Account) -> Option<String> {
    let expected = text(row, "Name").unwrap_or_default();
    let expected: String =
        expected.chars().filter(|letter| !letter.is_control() || *letter == '\t').collect();
    let shown = account.text("Name").unwrap_or_default();
    let equal = if expected.chars().count() > LONG_NAME {
        expected.starts_with(&shown) && shown.chars().count() > LONG_NAME / 2
    } else {
        shown == expected.trim()
    };
    (!equal).then(|| format!("Name shows {shown:?} instead of {expected:?}"))
}

fn text(row: &Row, column: &str) -> Option<String> {
    let text = row.get(column).text()?;
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn country(row: &Row) -> Option<String> {
    text(row, "Country").map(|code| country_name(&code))
}

/// The name of a country by its code, as the mappings' table has it.
pub(crate) fn country_name(code: &str) -> String {
    let known = COUNTRIES.iter().find(|(known, _)| *known == code);
    known.map_or(code.to_owned(), |(_, name)| (*name).to_owned())
}

/// Two digits behind the point, halves to the even neighbour, no trailing zeros.
fn amount(row: &Row) -> Option<String> {
    match row.get("CreditLimit") {
        Cell::Decimal(number) => Some(Decimal::normalize(&number.round_dp(2)).to_string()),
        _ => None,
    }
}

/// A digest of everything that happened on both sides and on record.
pub fn trace(world: &World) -> String {
    let effects = world.salesforce.effects();
    let last = effects.last().map(|effect| (effect.at, &effect.after.id));
    format!("{}:{}:{last:?}", log_digest(&world.log), effects.len())
}
