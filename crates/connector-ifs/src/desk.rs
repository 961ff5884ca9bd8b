//! One entity set that is asked for pages: how large they may be, and what failures mean.

use std::cmp::Ordering as Compared;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::{HeaderName, HeaderValue, StatusCode};
use mapping::Key;
use odata_client::{Filter, ODataError, Page, Profile, Query, Read, Resource, Select, Service};
use sync_engine::{Fault, SourceError};
use wire::HttpTransport;

use crate::errors::ErrorTable;
use crate::place::Place;
use crate::reader::{RecordReader, Seen};
use crate::settings::{IfsSettings, SettingsError};
use crate::time_zone::TimeZonePolicy;
use crate::walk::{BELIEVED, no_progress, order_ignored};

/// Pages are not made smaller than this after timeouts of the server.
const SMALLEST_PAGE: u64 = 20;
/// How many empty pages in a row are followed by their next links.
const EMPTY_PAGES: usize = 1_000;

/// Asks one entity set for pages.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) service: Service,
    pub(crate) place: Place,
    pub(crate) errors: Arc<ErrorTable>,
    /// How many rows are asked for now: less than configured after timeouts of the server.
    top: AtomicU64,
    /// The server refused to count.
    uncounted: AtomicBool,
}

/// What desks need of the tenant.
#[derive(Debug, Clone)]
pub(crate) struct Tenant<'a> {
    pub(crate) transport: Arc<dyn HttpTransport>,
    pub(crate) settings: &'a IfsSettings,
    pub(crate) zone: &'a TimeZonePolicy,
    pub(crate) errors: Arc<ErrorTable>,
}

/// Why rows could not be had.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A call failed.
    Call(ODataError),
    /// The answer cannot be.
    Answer(Fault),
}

impl From<ODataError> for Trouble {
    fn from(error: ODataError) -> Self {
        Self::Call(error)
    }
}

/// Rows that are all wanted at once.
pub(crate) struct Wanted<'a> {
    /// The caller's name of the call.
    pub(crate) operation: &'static str,
    /// Where they are, if not in the desk's own set.
    pub(crate) at: Option<Resource>,
    pub(crate) filter: Option<Filter>,
    /// The records that the call concerns, for the audit index.
    pub(crate) about: Vec<String>,
    pub(crate) reader: &'a RecordReader,
}

impl Desk {
    /// The set in `place`, asked for `page_size` rows at once.
    pub(crate) fn new(tenant: &Tenant<'_>, place: &Place, page_size: u32) -> Result<Self, SettingsError> {
        let root = tenant.settings.service_root(place)?;
        // Nothing may be asked that IFS is documented not to do, or has answered with 501.
        let service = Service::new(tenant.transport.clone(), root).with_profile(Profile::ifs());
        let service = match tenant.zone {
            TimeZonePolicy::UtcAware => service.header(
                HeaderName::from_static("x-ifs-time-zone-aware-request"),
                HeaderValue::from_static("true"),
            ),
            TimeZonePolicy::Utc | TimeZonePolicy::Zone(_) | TimeZonePolicy::AwareOr(_) => service,
        };
        Ok(Self {
            service,
            place: place.clone(),
            errors: tenant.errors.clone(),
            top: AtomicU64::new(page_size.into()),
            uncounted: AtomicBool::new(false),
        })
    }

    /// How many rows are asked for at once now.
    pub(crate) fn top(&self) -> u64 {
        self.top.load(Ordering::Relaxed)
    }

    /// Asks for one page; halves the size of pages as long as the server runs out of time, and does
    /// without a count where the server cannot count. Says for how many rows it asked.
    pub(crate) async fn ask(&self, mut query: Query) -> Result<(Page, u64), ODataError> {
        loop {
            let top = self.top();
            query.top = Some(top);
            query.count &= !self.uncounted.load(Ordering::Relaxed);
            let error = match self.service.page("ifs.page", &self.place.set, &query).await {
                Ok(page) => return Ok((page, top)),
                Err(error) => error,
            };
            if !self.may_ask_less(&error, top, query.count) {
                return Err(error);
            }
        }
    }

    /// Whether the same may be asked in a smaller way from now on.
    fn may_ask_less(&self, error: &ODataError, top: u64, count: bool) -> bool {
        match error.status().map(|said| said.status) {
            Some(StatusCode::GATEWAY_TIMEOUT) if top > SMALLEST_PAGE => {
                let half = (top / 2).max(SMALLEST_PAGE);
                tracing::warn!(set = %self.place.set, half, "IFS ran out of time; asking for smaller pages");
                self.top.store(half, Ordering::Relaxed);
                true
            }
            // Servers that cannot count say 501; some take the option for a mistake.
            Some(StatusCode::NOT_IMPLEMENTED | StatusCode::BAD_REQUEST) if count => {
                self.uncounted.store(true, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }

    /// Empty pages with a next link say nothing: follows them to the first row or the end.
    pub(crate) async fn past_empty(&self, mut page: Page) -> Result<Page, ODataError> {
        for _ in 0..EMPTY_PAGES {
            if !page.is_empty() {
                return Ok(page);
            }
            match self.service.next(&page).await? {
                Some(next) => page = next,
                None => return Ok(page),
            }
        }
        let why = format!("{EMPTY_PAGES} empty pages in a row");
        Err(ODataError::PagingNoProgress { operation: "ifs.page", why })
    }

    /// Every row that is wanted, page by page behind the last key: whatever the server's own limit is,
    /// and whether it tells of it or not.
    pub(crate) async fn all(&self, wanted: Wanted<'_>) -> Result<Vec<Seen>, Trouble> {
        let Wanted { operation, at, filter, about, reader } = wanted;
        let at = at.unwrap_or_else(|| Resource::set(&self.place.set));
        let about: Arc<[String]> = about.into();
        let mut rows: Vec<Seen> = Vec::new();
        let mut last: Option<Key> = None;
        loop {
            let behind = last.as_ref().and_then(|last| reader.keys().behind(last));
            let filter = match (filter.clone(), behind) {
                (Some(filter), Some(behind)) => Some(filter.and(behind)),
                (filter, behind) => filter.or(behind),
            };
            let top = self.top();
            let query = Query {
                filter,
                select: Select::properties(reader.selected()),
                order_by: reader.keys().ascending().collect(),
                top: Some(top),
                ..Query::default()
            };
            let read = Read::of(at.clone()).query(query).about(about.clone());
            let page = match self.service.rows(operation, &read).await {
                Ok(page) => self.past_empty(page).await?,
                Err(error) if self.may_ask_less(&error, top, false) => continue,
                Err(error) => return Err(error.into()),
            };
            let more =
                page.control().next_link.is_some() || page.len() as u64 >= top || page.len() >= BELIEVED;
            let start = last.clone();
            for row in reader.read(&page) {
                if !fits_behind(reader, &mut last, row.key.as_ref(), start.as_ref())? {
                    continue;
                }
                rows.push(row);
            }
            if !more {
                return Ok(rows);
            }
            if last == start {
                return Err(Trouble::Answer(no_progress("no row of a page comes behind the last one")));
            }
        }
    }

    /// What a failed call means. Where a set is missing, says which ones there are.
    pub(crate) async fn failed(&self, place: &str, trouble: Trouble) -> SourceError {
        let fault = match trouble {
            Trouble::Call(error) => self.meaning(&error).await,
            Trouble::Answer(fault) => fault,
        };
        self.fault(place, fault)
    }

    /// What an error means.
    pub(crate) async fn meaning(&self, error: &ODataError) -> Fault {
        let mut fault = self.errors.fault(error);
        let missing = error.status().is_some_and(|said| said.status == StatusCode::NOT_FOUND);
        if missing && let Ok(document) = self.service.service_document("ifs.service_document").await {
            fault.hint = Some(which_sets(&self.place, &document.entity_sets));
        }
        fault
    }

    pub(crate) fn fault(&self, place: &str, fault: Fault) -> SourceError {
        SourceError::Failed { operation: format!("reading {} ({place})", self.place.set), fault }
    }
}

/// Whether a row is a new one, in the order of keys; moves `last` to it.
fn fits_behind(
    reader: &RecordReader,
    last: &mut Option<Key>,
    key: Option<&Key>,
    start: Option<&Key>,
) -> Result<bool, Trouble> {
    let Some(key) = key else { return Ok(true) };
    let compared = |to: &Key| reader.keys().compare(to, key);
    if start.and_then(compared) == Some(Compared::Equal) {
        return Ok(false);
    }
    match last.as_ref().and_then(compared) {
        Some(Compared::Equal) => Ok(false),
        Some(Compared::Greater) => {
            Err(Trouble::Answer(order_ignored(&format!("the row {key} comes too late"))))
        }
        _ => {
            *last = Some(key.clone());
            Ok(true)
        }
    }
}

/// Advice for a missing set.
pub(crate) fn which_sets(place: &Place, sets: &[String]) -> String {
    const SHOWN: usize = 20;
    let near = place.set.trim_end_matches("Set").to_lowercase();
    let mut sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    sets.sort_by_key(|set| (!set.to_lowercase().contains(&near), *set));
    let more = if sets.len() > SHOWN { ", …" } else { "" };
    sets.truncate(SHOWN);
    format!(
        "{} is not there, or not for the service user; {} has: {}{more}",
        place.set,
        place.service_name(),
        sets.join(", ")
    )
}
