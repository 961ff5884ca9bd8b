//! Examines a tenant for `doctor`: can an entity be read from here, and if not, why?

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use odata_client::{Literal, Metadata, ODataError, Order, Page, Query, Select, ServiceDocument, property};
use sync_engine::{FaultClass, Finding, Health, Observation, Probe};
use wire::{Clock, HttpTransport};

use crate::child::ChildRead;
use crate::desk::{Desk, Tenant};
use crate::detection::{Detection, Fingerprint};
use crate::entity_settings::EntitySettings;
use crate::errors::ErrorTable;
use crate::own_set::reading;
use crate::place::Place;
use crate::reader::{RecordReader, Seen, earliest};
use crate::settings::{IfsSettings, SettingsError};

mod comparing;
mod finding;
mod names;

use finding::{failed, green, red, yellow};

/// A larger difference of clocks than this is worth a look.
const SKEW_SECONDS: i64 = 300;

/// Examines one entity of one tenant, by reading only.
#[derive(Debug)]
pub struct IfsProbe {
    desk: Desk,
    /// The sets of children, by their field.
    children: Vec<(usize, Place, Desk)>,
    history: Desk,
    settings: EntitySettings,
    reader: RecordReader,
    clock: Arc<dyn Clock>,
    errors: Arc<ErrorTable>,
    writes: bool,
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
        let errors = ErrorTable::shipped();
        let tenant =
            Tenant { transport, settings: tenant, zone: &settings.time_zone, errors: errors.clone() };
        let desk = |place: &Place| Desk::new(&tenant, place, settings.page_size);
        let mut children = Vec::new();
        for (number, child) in settings.children.iter().enumerate() {
            for part in &child.parts {
                if let ChildRead::Set(place) = &part.read {
                    children.push((number, place.clone(), desk(place)?));
                }
            }
        }
        let (own, history) = (desk(&settings.place)?, desk(&settings.history.place)?);
        let reader = RecordReader::new(reading(&settings, true));
        Ok(Self { desk: own, children, history, reader, clock, errors, settings, writes: false })
    }

    /// Examines as well what writing takes.
    pub fn for_writing(self) -> Self {
        Self { writes: true, ..self }
    }

    async fn page(&self, query: &Query) -> Result<Page, ODataError> {
        self.desk.service.page("ifs.probe", &self.settings.place.set, query).await
    }

    fn failed(&self, check: &str, error: &ODataError) -> Finding {
        failed(check, &self.errors, error)
    }

    /// The first call: it needs the address, the identity provider and the grant at once.
    fn first_call(&self, outcome: &Result<ServiceDocument, ODataError>) -> (Finding, bool) {
        const CHECK: &str = "token and service";
        let error = match outcome {
            Ok(document) => {
                let found = format!("{} has {} sets", self.desk.service.root(), document.entity_sets.len());
                return (green(CHECK, found), true);
            }
            Err(error) => error,
        };
        let unanswered = matches!(error, ODataError::Transport { .. });
        let dead = unanswered || self.errors.fault(error).class == FaultClass::Auth;
        let mut finding = self.failed(CHECK, error);
        if !dead {
            // The set itself may be readable all the same: the next questions tell.
            finding.health = Health::Yellow;
        }
        (finding, !dead)
    }

    /// What the metadata of the service say, and of those that have the children.
    async fn metadata(&self, findings: &mut Vec<Finding>) -> Option<Metadata> {
        let metadata = match self.desk.service.metadata("ifs.metadata").await {
            Ok(metadata) => metadata,
            Err(error) => {
                let said = self.failed("mapped fields", &error);
                findings.push(Finding { health: Health::Yellow, ..said });
                return None;
            }
        };
        findings.push(names::fields(&self.settings, &metadata));
        findings.push(names::key(&self.settings, &metadata));
        for (number, place, desk) in &self.children {
            let Some(child) = self.settings.children.get(*number) else { continue };
            findings.push(match desk.service.metadata("ifs.metadata").await {
                Ok(metadata) => names::children(child, Some(place), &metadata),
                Err(error) => {
                    let mut said = self.failed(&format!("children {}", child.field), &error);
                    said.fix = Some(format!(
                        "activate {} in the API Explorer and grant it, choose another preset, or leave the \
                         children out with omit_children = [\"{}\"]",
                        place.projection, child.field
                    ));
                    said
                }
            });
        }
        Some(metadata)
    }

    fn one_row(&self, page: &Page) -> (Finding, Option<Seen>) {
        const CHECK: &str = "one row";
        let Some(row) = self.reader.read(page).into_iter().next() else {
            let fix = "if there should be some, look at the data rights of the service user";
            return (yellow(CHECK, "the set has no rows", fix), None);
        };
        let finding = match &row.observation {
            Observation::Change(change) => green(CHECK, format!("{} can be read", change.key())),
            Observation::Unreadable(row) => {
                red(CHECK, row.fault.message.clone(), row.fault.hint.clone().unwrap_or_default())
            }
        };
        (finding, Some(row))
    }

    /// How changes are found, and how they could be.
    async fn detection(&self, metadata: Option<&Metadata>, row: Option<&Seen>) -> Finding {
        const CHECK: &str = "change detection";
        let entity = &self.settings.entity;
        match self.settings.detection {
            Detection::Modified => {
                let name = self.settings.moved().unwrap_or_default();
                let there = metadata.is_none_or(|m| m.property(&self.settings.place.set, name).is_some());
                if !there {
                    return red(CHECK, format!("there is no {name}"), self.proposal(metadata, row).await);
                }
                let deletions = match &self.settings.sweep {
                    Some(_) => "sweeps find deletions",
                    None => "deletions are not found",
                };
                let found = format!("by {name}; {deletions}");
                if self.settings.sweep.is_some() || self.settings.group.is_some() {
                    return green(CHECK, found);
                }
                let by = fingerprint(row);
                green(CHECK, format!("{found}: [ifs.entities.{entity}.sweep] with by = \"{by}\" would"))
            }
            Detection::History => match self.history_answers().await {
                Ok(true) => green(CHECK, "by the history log"),
                Ok(false) => red(
                    CHECK,
                    format!("the history log has no entry of {}", self.settings.history.units.join(", ")),
                    "switch history logging on for these logical units, or correct history.units",
                ),
                Err(error) => self.failed(CHECK, &error),
            },
            Detection::Sweep => {
                let by = self.settings.sweep.as_ref().map(|sweep| sweep.by);
                if by == Some(Fingerprint::Etag) && row.is_some_and(|row| row.etag.is_none()) {
                    return red(CHECK, "rows have no ETag", "set sweep.by = \"content\"");
                }
                green(CHECK, "by sweeps")
            }
            Detection::Hints if self.settings.sweep.is_none() => yellow(
                CHECK,
                "by hints only: a call that gets lost is never made good",
                format!("add [ifs.entities.{entity}.sweep]"),
            ),
            Detection::Hints => green(CHECK, "by hints, with sweeps beside"),
        }
    }

    /// The best way to find changes that this tenant has.
    async fn proposal(&self, metadata: Option<&Metadata>, row: Option<&Seen>) -> String {
        let names = metadata.map(|metadata| names::candidates(&self.settings, metadata)).unwrap_or_default();
        if let Some(name) = names.first() {
            return format!("set modified = \"{name}\", if every change moves it");
        }
        if self.history_answers().await.is_ok_and(|answers| answers) {
            return "set detect = \"history\": the history log has entries of this unit".into();
        }
        let by = fingerprint(row);
        format!(
            "set detect = \"sweep\" with sweep.by = \"{by}\", or switch history logging on and set \
             detect = \"history\", or add a custom field that every change moves"
        )
    }

    async fn history_answers(&self) -> Result<bool, ODataError> {
        let history = &self.settings.history;
        if history.units.is_empty() {
            return Ok(false);
        }
        let is = |unit: &String| property("LuName").eq(Literal::text(unit));
        let query = Query {
            filter: Some(odata_client::Filter::Any(history.units.iter().map(is).collect())),
            select: Select::properties(["LogId"]),
            top: Some(1),
            ..Query::default()
        };
        let page = self.history.service.page("ifs.probe", &history.place.set, &query).await?;
        Ok(!page.is_empty())
    }

    /// Whether the newest change lies in the future: a `Z` that is none.
    async fn time_zone(&self, date: Option<Timestamp>) -> Option<Finding> {
        const CHECK: &str = "time zone";
        let (name, date) = (self.settings.moved()?, date?);
        let query = Query {
            filter: Some(property(name).ge(Literal::Timestamp(earliest()))),
            select: Select::properties(self.reader.selected()),
            order_by: vec![Order { descending: true, ..Order::ascending(name) }],
            top: Some(1),
            ..Query::default()
        };
        let newest = self.page(&query).await.ok().and_then(|page| self.reader.read(&page).into_iter().next());
        let newest = newest?.modified?;
        let now = self.settings.time_zone.to_source(date);
        let ahead = newest.duration_since(now);
        if ahead < SignedDuration::from_mins(2) {
            return Some(green(CHECK, format!("the newest change is of {newest}, not in the future")));
        }
        Some(yellow(
            CHECK,
            format!("the newest change is of {newest}, {} min ahead of the server's clock", ahead.as_mins()),
            "IFS writes a Z behind times of its own zone: set time_zone = \"utc_aware\", or \
             time_zone = { zone = \"…\" } with the server's zone",
        ))
    }

    fn skew(&self, date: Option<Timestamp>) -> Finding {
        const CHECK: &str = "clocks";
        let Some(date) = date else {
            let fix = "a gateway takes the Date header away: let it pass, changes are bounded by it";
            return red(CHECK, "the answer has no Date header", fix);
        };
        let skew = self.clock.now().as_second().saturating_sub(date.as_second());
        if skew.abs() > SKEW_SECONDS {
            let fix = "set this machine's clock by NTP; changes are bounded by the server's clock, so nothing is lost";
            return yellow(CHECK, format!("ours is {skew} s ahead of the server's"), fix);
        }
        green(CHECK, format!("ours and the server's differ by {} s", skew.abs()))
    }

    /// As many keys as one page may have, and one more, in the order of keys.
    async fn keys(&self) -> Result<Page, ODataError> {
        let key = || self.settings.key.iter().map(|field| &field.name);
        let query = Query {
            select: Select::properties(key()),
            order_by: key().map(Order::ascending).collect(),
            top: Some(u64::from(self.settings.page_size) + 1),
            count: true,
            ..Query::default()
        };
        self.page(&query).await
    }

    fn page_cap(&self, page: &Page) -> Finding {
        const CHECK: &str = "page size";
        let size = u64::from(self.settings.page_size);
        let asked = size + 1;
        let (got, all) = (page.len() as u64, page.control().count);
        let cut = page.control().next_link.is_some() || all.is_some_and(|all| got < all.min(asked));
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
        let document = self.desk.service.service_document("ifs.service_document").await;
        let (first, alive) = self.first_call(&document);
        let mut findings = vec![first];
        if !alive {
            return findings;
        }
        if let Ok(document) = &document {
            findings.push(names::set_there(&self.settings, &document.entity_sets));
        }
        let metadata = self.metadata(&mut findings).await;
        let one =
            Query { select: Select::properties(self.reader.selected()), top: Some(1), ..Query::default() };
        let page = match self.page(&one).await {
            Ok(page) => page,
            Err(error) => {
                findings.push(self.failed("one row", &error));
                findings.push(self.detection(metadata.as_ref(), None).await);
                return findings;
            }
        };
        let (finding, row) = self.one_row(&page);
        findings.push(finding);
        if let Some(row) = &row {
            findings.extend(self.filterable(row).await);
            findings.extend(self.writes.then(|| guard(row)));
        }
        if !self.writes {
            findings.push(self.detection(metadata.as_ref(), row.as_ref()).await);
        }
        findings.extend(self.time_zone(page.date).await);
        findings.push(self.skew(page.date));
        match self.keys().await {
            Ok(page) => {
                findings.push(self.page_cap(&page));
                findings.extend(self.key_order(&page).await);
            }
            Err(error) => findings.push(self.failed("page size", &error)),
        }
        findings
    }
}

/// Whether a change can be made to depend on what was seen.
fn guard(row: &Seen) -> Finding {
    const CHECK: &str = "etag for writing";
    match &row.etag {
        Some(_) => green(CHECK, "rows have ETags, so that no change of others is overwritten"),
        None => red(
            CHECK,
            "rows have no ETag, so a change could overwrite another one: nothing would be written",
            "write through a projection or entity service whose rows have ETags",
        ),
    }
}

/// What rows can be compared by in sweeps.
fn fingerprint(row: Option<&Seen>) -> &'static str {
    if row.is_some_and(|row| row.etag.is_some()) { "etag" } else { "content" }
}
