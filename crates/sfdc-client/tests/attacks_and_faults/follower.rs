//! A copy of the org's Accounts that is kept by events, and what it takes to keep it: the smallest
//! honest subscriber, and some dishonest ones.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sandbox::salesforce::Record;
use sfdc_client::RecordId;
use sfdc_client::events::{
    Batch, ChangeEvent, ChangeKind, ChangedIds, EventValue, MissedRecords, Notice, Place, Remedy, Subscriber,
    Topic,
};

use crate::org::Org;

/// Fields of an Account that the copy has, as events name them, and their columns.
const FIELDS: [(&str, &str); 3] =
    [("Name", "Name"), ("Phone", "Phone"), ("BillingAddress.City", "BillingCity")];

/// Accounts by id: their values by column.
pub(crate) type Copy = BTreeMap<String, BTreeMap<String, String>>;

/// How a follower errs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    None,
    /// It stores the place before the events are durable.
    KeepsTooEarly,
    /// It does not care about what was missed.
    IgnoresMissed,
}

/// What survives a crash.
#[derive(Debug, Default)]
struct Durable {
    copy: Copy,
    place: Option<Place>,
}

/// A subscriber with a copy.
pub(crate) struct Follower<'o> {
    org: &'o Org,
    subscriber: Subscriber,
    topic: Topic,
    durable: Durable,
    error: Error,
    /// What was missed, in words.
    pub(crate) incidents: Vec<String>,
    /// How often there was no stream, in words.
    pub(crate) downs: Vec<String>,
}

impl<'o> Follower<'o> {
    pub(crate) fn new(org: &'o Org, topic: Topic, error: Error) -> Self {
        let subscriber = org.subscriber(topic.clone(), None);
        let (incidents, downs) = (Vec::new(), Vec::new());
        Self { org, subscriber, topic, durable: Durable::default(), error, incidents, downs }
    }

    /// Takes one notice; `dies` before what it says is durable. Whether it was a batch with news.
    pub(crate) async fn take(&mut self, dies: bool) -> bool {
        let batch = match self.subscriber.next().await {
            Notice::Batch(batch) => batch,
            Notice::Down(down) => {
                self.downs.push(down.failure.to_string());
                return true;
            }
        };
        let news = !batch.is_quiet();
        if dies {
            if self.error == Error::KeepsTooEarly {
                self.durable.place = Some(self.subscriber.keep(batch));
            }
            self.restart();
            return news;
        }
        self.apply(&batch);
        self.durable.place = Some(self.subscriber.keep(batch));
        news
    }

    /// Begins again with what is durable.
    pub(crate) fn restart(&mut self) {
        self.subscriber = self.org.subscriber(self.topic.clone(), self.durable.place.clone());
    }

    /// Takes notices until there is no news.
    pub(crate) async fn catch_up(&mut self) {
        while self.take(false).await {}
    }

    /// What differs between the copy and the org.
    pub(crate) fn differences(&self) -> Vec<String> {
        let accounts = self.org.sandbox.accounts();
        let truth: Copy = accounts
            .iter()
            .filter(|account| !account.deleted)
            .map(|account| (account.id.clone(), values(account)))
            .collect();
        let ids = truth.keys().chain(self.durable.copy.keys());
        let differs = |id: &&String| truth.get(*id) != self.durable.copy.get(*id);
        let mut found: Vec<String> = ids
            .filter(differs)
            .map(|id| format!("{id}: {:?} is {:?}", self.durable.copy.get(id), truth.get(id)))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    fn apply(&mut self, batch: &Batch) {
        for told in &batch.events {
            if told.event.remedy() == Remedy::Apply && told.event.entity == "Account" {
                change(&mut self.durable.copy, &told.event);
            }
        }
        for missed in &batch.missed {
            self.incidents.push(missed.to_string());
            if self.error != Error::IgnoresMissed && missed.entity.as_deref().is_none_or(|of| of == "Account")
            {
                let since = missed.since.unwrap_or(Timestamp::MIN);
                self.reconcile(&missed.records, since);
            }
        }
    }

    /// Reads from the org what was missed.
    fn reconcile(&mut self, records: &MissedRecords, since: Timestamp) {
        for account in self.org.sandbox.accounts() {
            let meant = match records {
                MissedRecords::These(ids) => ids.contains(&id(&account)),
                MissedRecords::Changed => account.modified >= since,
                MissedRecords::All => true,
            };
            if meant && account.deleted {
                self.durable.copy.remove(&account.id);
            } else if meant {
                self.durable.copy.insert(account.id.clone(), values(&account));
            }
        }
    }
}

fn id(record: &Record) -> RecordId {
    RecordId::parse(&record.id).expect("an id")
}

fn values(record: &Record) -> BTreeMap<String, String> {
    let value = |(_, column): &(&str, &str)| Some(((*column).to_owned(), record.text(column)?));
    FIELDS.iter().filter_map(value).collect()
}

fn change(copy: &mut Copy, event: &ChangeEvent) {
    let ChangedIds::These(ids) = &event.ids else { return };
    for id in ids {
        if event.kind == ChangeKind::Delete {
            copy.remove(id.as_str());
            continue;
        }
        let row = copy.entry(id.as_str().to_owned()).or_default();
        for (field, column) in FIELDS {
            match event.value(field) {
                Some(EventValue::Text(text)) => drop(row.insert(column.to_owned(), text.clone())),
                _ if event.nulled.iter().any(|nulled| nulled == field) => drop(row.remove(column)),
                _ => {}
            }
        }
    }
}
