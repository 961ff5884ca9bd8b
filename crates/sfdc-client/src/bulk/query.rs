//! A query as a job: its result comes in pages, and memory holds pages, not the result.

use std::collections::VecDeque;

use futures::{Stream, StreamExt as _, stream};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use url::Url;
use wire::{Call, Effect, Evidence, Response, origin, percent};

use crate::bulk::error::Disagreement;
use crate::bulk::job_calls::{Kind, written};
use crate::bulk::walk::Walk;
use crate::bulk::{Bulk, BulkError, JobId, JobInfo, JobState, ResultPage};
use crate::client::json;
use crate::codes::Level;

const RESULTS: &str = "salesforce.bulk.page";

/// Which records a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// Those that are there.
    #[serde(rename = "query")]
    Live,
    /// Also deleted, merged and archived ones.
    #[serde(rename = "queryAll")]
    All,
}

/// How a result is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// One page after the other, of at most so many rows: memory is known.
    OneByOne {
        /// Rows of a page; a page must fit below the transport's limit of a response.
        rows: u32,
    },
    /// Pages of the org's own size, so many at a time, still given in their order (API 58.0 and
    /// later).
    Parallel {
        /// Pages at a time; the org gives out five links at once.
        at_once: usize,
    },
}

impl Default for Paging {
    /// One page of 50,000 rows after the other.
    fn default() -> Self {
        Self::OneByOne { rows: 50_000 }
    }
}

/// A query that has run.
#[derive(Debug, Clone)]
pub struct QueryJob {
    bulk: Bulk,
    info: JobInfo,
}

#[derive(Serialize)]
struct Question<'a> {
    operation: Scope,
    query: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Links {
    #[serde(default)]
    result_pages: Vec<Link>,
    next_records_url: Option<String>,
    #[serde(default)]
    done: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    result_url: String,
}

impl Bulk {
    /// Runs a query and waits for its result.
    ///
    /// Bulk queries know no aggregates, no `OFFSET`, no nested queries and no compound fields;
    /// `ORDER BY` and `LIMIT` make large ones slower. To run one twice does no harm.
    pub async fn query(&self, soql: &str, scope: Scope) -> Result<QueryJob, BulkError> {
        const OPERATION: &str = "salesforce.bulk.query";
        let url = self.client.versioned(Kind::Query.path())?;
        let body = written(OPERATION, &Question { operation: scope, query: soql })?;
        let call = Call::new(OPERATION, Effect::Put);
        let response = self.client.send(call, http::Method::POST, &url, Some(body)).await?;
        let job: JobInfo = json(OPERATION, &response)?;
        self.query_job(&job.id).await
    }

    /// Waits for a query that was begun before.
    pub async fn query_job(&self, job: &JobId) -> Result<QueryJob, BulkError> {
        let (info, trouble) = self.wait(Kind::Query, job, u64::MAX).await?;
        match (info.state, trouble) {
            (JobState::JobComplete, _) => Ok(QueryJob { bulk: self.clone(), info }),
            (_, Some(trouble)) => Err(trouble),
            (JobState::Aborted, None) => Err(BulkError::Aborted { job: job.clone() }),
            _ => {
                let message = info.error_message.unwrap_or_default();
                let code = message.split(':').next().unwrap_or_default().trim();
                let class = self.client.errors().judge(Level::Call, 400, code, &message).class;
                Err(BulkError::Failed { job: job.clone(), message, class })
            }
        }
    }
}

impl QueryJob {
    /// Its id, by which [`Bulk::query_job`] finds the result again for seven days.
    pub fn id(&self) -> &JobId {
        &self.info.id
    }

    /// How many rows the result has.
    pub fn rows(&self) -> Option<u64> {
        self.info.number_records_processed
    }

    /// The result, page by page. Only the stream's end without an error says that it was whole:
    /// each page is counted against what the org tells of it, and all of them against the job.
    pub fn pages(&self, paging: Paging) -> impl Stream<Item = Result<ResultPage, BulkError>> + Send + '_ {
        let pages = match paging {
            Paging::OneByOne { rows } => self.one_by_one(rows).boxed(),
            Paging::Parallel { at_once } => self.parallel(at_once.max(1)).boxed(),
        };
        self.checked(pages)
    }

    /// Deletes the job and its result in the org.
    pub async fn delete(self) -> Result<(), BulkError> {
        Ok(self.bulk.delete_job(Kind::Query, self.id()).await?)
    }

    fn one_by_one(&self, rows: u32) -> impl Stream<Item = Result<ResultPage, BulkError>> + Send + '_ {
        let first = Walk::default();
        stream::try_unfold(first, move |mut walk| async move {
            let Some(place) = walk.step() else { return Ok(None) };
            let url = self.page_url(rows, place.link())?;
            let response = self.bulk.csv(RESULTS, &url).await?;
            walk.follow(next_locator(response.headers())).map_err(|what| self.fault(what))?;
            let page = read(&response).map_err(|what| self.fault(what))?;
            Ok(Some((page, walk)))
        })
    }

    fn page_url(&self, rows: u32, locator: Option<&str>) -> Result<Url, BulkError> {
        let mut below = format!("/results?maxRecords={}", rows.max(1));
        if let Some(locator) = locator {
            below.push_str("&locator=");
            percent::push(&mut below, locator, |_| false);
        }
        Ok(Kind::Query.url(&self.bulk.client, self.id(), &below)?)
    }

    fn parallel(&self, at_once: usize) -> impl Stream<Item = Result<ResultPage, BulkError>> + Send + '_ {
        self.links()
            .map(move |link| async move {
                let response = self.bulk.csv(RESULTS, &link?).await?;
                read(&response).map_err(|what| self.fault(what))
            })
            .buffered(at_once)
    }

    /// The links to all pages.
    fn links(&self) -> impl Stream<Item = Result<Url, BulkError>> + Send + '_ {
        let first = (VecDeque::new(), Walk::default());
        stream::try_unfold(first, move |(mut links, mut walk): (VecDeque<Url>, Walk)| async move {
            while links.is_empty() {
                let Some(place) = walk.step() else { return Ok(None) };
                let (found, more) = self.some_links(place.link()).await?;
                links.extend(found);
                walk.follow(Ok(more)).map_err(|what| self.fault(what))?;
            }
            Ok(links.pop_front().map(|link| (link, (links, walk))))
        })
    }

    /// Links to some pages, and the link to more of them.
    async fn some_links(&self, from: Option<&str>) -> Result<(Vec<Url>, Option<String>), BulkError> {
        const OPERATION: &str = "salesforce.bulk.links";
        let client = &self.bulk.client;
        let services = client.services()?;
        let resolved = |link: &str| origin::resolve(&services, link).map_err(crate::SfdcError::from);
        let url = match from {
            Some(link) => resolved(link)?,
            None => Kind::Query.url(client, self.id(), "/resultPages")?,
        };
        let response = client.get(Call::new(OPERATION, Effect::Read), &url).await?;
        let links: Links = json(OPERATION, &response)?;
        let urls =
            links.result_pages.iter().map(|link| resolved(&link.result_url)).collect::<Result<_, _>>()?;
        Ok((urls, links.next_records_url.filter(|_| !links.done)))
    }

    /// Holds pages against each other, and at the end against the job.
    fn checked<'a>(
        &'a self,
        pages: impl Stream<Item = Result<ResultPage, BulkError>> + Send + Unpin + 'a,
    ) -> impl Stream<Item = Result<ResultPage, BulkError>> + Send + 'a {
        let state = (pages, Sums::default());
        stream::try_unfold(state, move |(mut pages, mut sums)| async move {
            match pages.next().await.transpose()? {
                Some(page) => {
                    sums.add(&page).map_err(|what| self.fault(what))?;
                    Ok(Some((page, (pages, sums))))
                }
                None => sums.close(self.rows()).map(|()| None).map_err(|what| self.fault(what)),
            }
        })
    }

    fn fault(&self, what: Disagreement) -> BulkError {
        BulkError::disagreement(self.id(), what)
    }
}

/// The locator of the next page: the text `null` on the last one. Without the header nobody knows
/// whether there is more.
fn next_locator(headers: &HeaderMap) -> Result<Option<String>, String> {
    let header = headers.get("sforce-locator").and_then(|value| value.to_str().ok());
    match header.map(str::trim) {
        None | Some("") => {
            Err("there is no Sforce-Locator, so it is not known whether it is the last".into())
        }
        Some("null") => Ok(None),
        Some(locator) => Ok(Some(locator.to_owned())),
    }
}

/// Reads a page and counts its rows.
fn read(response: &Response) -> Result<ResultPage, Disagreement> {
    let evidence = response.extensions().get::<Evidence>().map(|evidence| evidence.0);
    let page = ResultPage::read(response.body(), evidence)
        .map_err(|detail| Disagreement::Unreadable { file: "a page of results", detail })?;
    let told = response.headers().get("sforce-numberofrecords").and_then(|value| value.to_str().ok());
    let told = told.and_then(|text| text.trim().parse().ok());
    let read = u64::try_from(page.len()).unwrap_or(u64::MAX);
    match told {
        Some(told) if told != read => {
            Err(Disagreement::Counts { count: "rows of the page", told: Some(told), read })
        }
        _ => Ok(page),
    }
}

/// What all pages so far have together.
#[derive(Default)]
struct Sums {
    pages: usize,
    rows: u64,
    columns: Option<Vec<String>>,
}

impl Sums {
    fn add(&mut self, page: &ResultPage) -> Result<(), Disagreement> {
        self.pages += 1;
        self.rows += u64::try_from(page.len()).unwrap_or(0);
        let columns = self.columns.get_or_insert_with(|| page.columns().to_vec());
        if !page.is_empty() && columns != page.columns() {
            let detail = "its columns are others than those of the first".to_owned();
            return Err(Disagreement::Pages { page: self.pages, detail });
        }
        Ok(())
    }

    fn close(&self, told: Option<u64>) -> Result<(), Disagreement> {
        match told {
            Some(told) if told != self.rows => {
                Err(Disagreement::Counts { count: "rows of the result", told: Some(told), read: self.rows })
            }
            _ => Ok(()),
        }
    }
}
