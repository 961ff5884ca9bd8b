//! Examines a tenant for `doctor`: can suppliers be read from here, and if not, why?

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use odata_client::{
    Literal, Metadata, ODataError, Order, Page, Query, Select, Service, ServiceDocument, property,
};
use sync_engine::{FaultClass, Finding, Health, Observation, Probe};
use wire::{Clock, HttpTransport};

use crate::desk::{Desk, Tenant, which_sets};
use crate::entity_settings::EntitySettings;
use crate::errors::ErrorTable;
use crate::field::FieldKind;
use crate::reader::{RecordReader, Seen};
use crate::settings::{IfsSettings, SettingsError};
use crate::source::reading;

/// A larger difference of clocks than this is worth a look.
const SKEW_SECONDS: i64 = 300;

/// Examines one entity of one tenant, by reading only.
#[derive(Debug)]
pub struct IfsProbe {
    service: Service,
    settings: EntitySettings,
    reader: RecordReader,
    clock: Arc<dyn Clock>,
}

impl IfsProbe {
    /// Examines the entity of `settings`.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        tenant: &IfsSettings,
        settings: EntitySettings,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        let tenant =
            Tenant { transport, settings: tenant, zone: &settings.time_zone, errors: ErrorTable::shipped() };
        let desk = Desk::new(&tenant, &settings.place, settings.page_size)?;
        let reader = RecordReader::new(reading(&settings, true));
        Ok(Self { service: desk.service, reader, settings, clock })
    }

    async fn page(&self, query: &Query) -> Result<Page, ODataError> {
        self.service.page("ifs.probe", &self.settings.place.set, query).await
    }

    /// The first call: it needs the address, the identity provider and the grant at once.
    fn first_call(&self, outcome: &Result<ServiceDocument, ODataError>) -> (Finding, bool) {
        let error = match outcome {
            Ok(document) => {
                let found = format!("{} has {} sets", self.service.root(), document.entity_sets.len());
                return (green("token and service", found), true);
            }
            Err(error) => error,
        };
        let unanswered = matches!(error, ODataError::Transport { .. });
        let dead = unanswered || ErrorTable::shipped().fault(error).class == FaultClass::Auth;
        let mut finding = failed("token and service", error);
        if !dead {
            // The set itself may be readable all the same: the next questions tell.
            finding.health = Health::Yellow;
        }
        (finding, !dead)
    }

    fn set_there(&self, document: &ServiceDocument) -> Finding {
        if document.entity_sets.contains(&self.settings.place.set) {
            return green("entity set", format!("{} is there", self.settings.place.set));
        }
        let hint = which_sets(&self.settings.place, &document.entity_sets);
        red("entity set", format!("{} is not in the service document", self.settings.place.set), hint)
    }

    fn fields(&self, metadata: &Metadata) -> Finding {
        const CHECK: &str = "mapped fields";
        let set = &self.settings.place.set;
        if metadata.type_of_set(set).is_none() {
            return red(CHECK, format!("$metadata knows no set {set}"), "correct `set` in the settings");
        }
        let mut wrong = Vec::new();
        let keys = self.settings.key.iter().map(|field| (field.name.as_str(), None));
        let modified = self.settings.moved().map(|name| (name, Some(FieldKind::Timestamp)));
        let fields = self.settings.fields.iter().map(|field| (field.name.as_str(), Some(field.kind)));
        for (name, kind) in keys.chain(modified).chain(fields) {
            match (metadata.property(set, name), kind) {
                (None, _) => wrong.push(format!("{name} is not there")),
                (Some(found), Some(kind)) if found.of.collection || !kind.fits(&found.of.name) => {
                    wrong.push(format!("{name} is {}", found.of.spelled()));
                }
                _ => {}
            }
        }
        wrong.dedup();
        if wrong.is_empty() {
            return green(CHECK, format!("{} fields, each with a fitting type", self.settings.fields.len()));
        }
        red(
            CHECK,
            wrong.join(", "),
            "correct `fields`, or leave out with `omit_fields` what the tenant does not have",
        )
    }

    fn one_row(&self, page: &Page) -> (Finding, Option<Seen>) {
        const CHECK: &str = "one row";
        let Some(row) = self.reader.read(page).into_iter().next() else {
            let fix = "if there should be some, look at the data rights of the service user";
            return (yellow(CHECK, "the set has no rows".into(), fix), None);
        };
        let finding = match &row.observation {
            Observation::Change(change) => green(CHECK, format!("{} can be read", change.key())),
            Observation::Unreadable(row) => {
                red(CHECK, row.fault.message.clone(), row.fault.hint.clone().unwrap_or_default())
            }
        };
        (finding, Some(row))
    }

    /// Asks for a row by the modification that it shows.
    async fn filterable(&self, row: &Seen) -> Finding {
        const CHECK: &str = "modified attribute";
        let Some(name) = self.settings.moved() else {
            return green(CHECK, "changes are found otherwise".into());
        };
        let Some(at) = row.modified else {
            let fix =
                "choose an attribute that every change moves: rows without it are found by full walks only";
            return yellow(CHECK, format!("{name} of the row looked at is empty"), fix);
        };
        let attribute = || property(name);
        let literal = Literal::Timestamp(at);
        let since = self.count_one(attribute().ge(literal.clone())).await;
        let exact = self.count_one(attribute().ge(literal.clone()).and(attribute().le(literal))).await;
        let after = self.count_one(attribute().gt(Literal::Timestamp(latest()))).await;
        match (since, exact, after) {
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => failed(CHECK, &error),
            (Ok(true), Ok(true), Ok(false)) => green(CHECK, format!("{name} can be filtered, exactly")),
            (_, _, Ok(true)) => red(
                CHECK,
                format!("the server ignores filters on {name}"),
                "choose another `modified` attribute: changes cannot be found by this one",
            ),
            _ => red(
                CHECK,
                format!("a row that shows {name} = {at} is not found by it"),
                "the server compares otherwise than it shows: try precision = \"second\", or the right time_zone",
            ),
        }
    }

    async fn count_one(&self, filter: odata_client::Filter) -> Result<bool, ODataError> {
        let select = Select::properties(self.settings.key.iter().map(|field| &field.name));
        let query = Query { filter: Some(filter), select, top: Some(1), ..Query::default() };
        Ok(!self.page(&query).await?.is_empty())
    }

    fn skew(&self, date: Option<Timestamp>) -> Finding {
        const CHECK: &str = "clocks";
        let Some(date) = date else {
            let fix = "a gateway takes the Date header away: let it pass, changes are bounded by it";
            return red(CHECK, "the answer has no Date header".into(), fix);
        };
        let skew = self.clock.now().as_second().saturating_sub(date.as_second());
        if skew.abs() > SKEW_SECONDS {
            let fix = "set this machine's clock by NTP; changes are bounded by the server's clock, so nothing is lost";
            return yellow(CHECK, format!("ours is {skew} s ahead of the server's"), fix);
        }
        green(CHECK, format!("ours and the server's differ by {} s", skew.abs()))
    }

    async fn page_cap(&self) -> Finding {
        const CHECK: &str = "page size";
        let asked = u64::from(self.settings.page_size) + 1;
        let key: Vec<String> = self.settings.key.iter().map(|field| field.name.clone()).collect();
        let order_by = key.iter().map(Order::ascending).collect();
        let select = Select::properties(&key);
        let query = Query { select, order_by, top: Some(asked), count: true, ..Query::default() };
        let page = match self.page(&query).await {
            Ok(page) => page,
            Err(error) => return failed(CHECK, &error),
        };
        let (got, all) = (page.len() as u64, page.control().count);
        let cut = page.control().next_link.is_some() || all.is_some_and(|all| got < all.min(asked));
        let size = u64::from(self.settings.page_size);
        if !cut {
            return green(CHECK, format!("no limit met: asked for {asked}, got {got}"));
        }
        if got >= size {
            return green(CHECK, format!("the server cuts at {got} rows"));
        }
        let fix = format!("set page_size = {} to save calls", got.max(1));
        yellow(CHECK, format!("the server cuts at {got} rows, page_size is {size}"), fix)
    }
}

#[async_trait]
impl Probe for IfsProbe {
    async fn probe(&self) -> Vec<Finding> {
        let document = self.service.service_document("ifs.service_document").await;
        let (first, alive) = self.first_call(&document);
        let mut findings = vec![first];
        if !alive {
            return findings;
        }
        if let Ok(document) = &document {
            findings.push(self.set_there(document));
        }
        findings.push(match self.service.metadata("ifs.metadata").await {
            Ok(metadata) => self.fields(&metadata),
            Err(error) => Finding { health: Health::Yellow, ..failed("mapped fields", &error) },
        });
        let one =
            Query { select: Select::properties(self.settings.selected()), top: Some(1), ..Query::default() };
        let page = match self.page(&one).await {
            Ok(page) => page,
            Err(error) => {
                findings.push(failed("one row", &error));
                return findings;
            }
        };
        let (finding, row) = self.one_row(&page);
        findings.push(finding);
        if let Some(row) = row {
            findings.push(self.filterable(&row).await);
        }
        findings.push(self.skew(page.date));
        findings.push(self.page_cap().await);
        findings
    }
}

/// Later than any row: 9999-12-30T00:00:00Z.
fn latest() -> Timestamp {
    Timestamp::from_second(253_402_128_000).unwrap_or(Timestamp::MAX)
}

fn finding(check: &str, health: Health, detail: String, fix: Option<String>) -> Finding {
    Finding { system: "ifs".into(), check: check.into(), health, detail, fix }
}

fn green(check: &str, detail: String) -> Finding {
    finding(check, Health::Green, detail, None)
}

fn yellow(check: &str, detail: String, fix: impl Into<String>) -> Finding {
    finding(check, Health::Yellow, detail, Some(fix.into()))
}

fn red(check: &str, detail: String, fix: impl Into<String>) -> Finding {
    finding(check, Health::Red, detail, Some(fix.into()))
}

fn failed(check: &str, error: &ODataError) -> Finding {
    let said = ErrorTable::shipped().fault(error);
    finding(check, Health::Red, said.to_string(), said.hint)
}
