//! Queries and their pages.
//!
//! Rules: REST API Developer Guide, "Query", `QueryAll` and "Query More Results". A locator lives two
//! days; a lost one cannot be resumed, because rows may have moved meanwhile.

use std::collections::BTreeSet;

use futures::{Stream, TryStreamExt as _, stream};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use wire::{Call, Effect, origin};

use crate::client::json;
use crate::codes::ErrorClass;
use crate::{Client, Select, SfdcError};

/// Which rows a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rows {
    /// Those that are there.
    #[default]
    Living,
    /// Those in the recycle bin and archived ones too (`queryAll`; they have `IsDeleted`).
    DeletedToo,
}

/// All records of a query.
#[derive(Debug, Default)]
pub struct Records {
    /// The records, as they came.
    pub records: Vec<Box<RawValue>>,
    /// How many there are, as the org says: the answer to a `COUNT()`.
    pub total: u64,
    /// The audit entry of the first page, if it was recorded.
    pub evidence: Option<u64>,
}

/// One page of a query.
#[derive(Debug)]
pub struct QueryPage {
    /// The records, as they came.
    pub records: Vec<Box<RawValue>>,
    /// How many records all pages have together.
    pub total: u64,
    /// The audit entry of the page, if it was recorded.
    pub evidence: Option<u64>,
}

/// A page as it comes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawPage {
    pub(crate) done: bool,
    #[serde(default)]
    pub(crate) total_size: u64,
    pub(crate) next_records_url: Option<String>,
    pub(crate) records: Vec<Box<RawValue>>,
}

/// Where a walk over the pages is.
pub(crate) struct Walk {
    pub(crate) call: Call,
    pub(crate) next: Option<Url>,
    pub(crate) seen: BTreeSet<String>,
    pub(crate) read: usize,
}

impl Client {
    /// Runs a query and follows its pages. `call` names the operation and the records it concerns.
    pub async fn query(&self, call: Call, select: &Select) -> Result<Records, SfdcError> {
        self.query_rows(call, select, Rows::Living).await
    }

    /// The same, with a choice of rows.
    pub async fn query_rows(&self, call: Call, select: &Select, rows: Rows) -> Result<Records, SfdcError> {
        let first = Records::default();
        self.pages(call, select, rows)?
            .try_fold(first, |mut all, page| async move {
                all.evidence = all.evidence.or(page.evidence);
                all.total = page.total;
                all.records.extend(page.records);
                Ok(all)
            })
            .await
    }

    /// Runs a query; its pages come one at a time, each asked for when it is wanted.
    ///
    /// A lost locator ends in [`SfdcError::CursorLost`]: begin again from the last safe watermark.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use wire::{Call, Effect, scripted::{self, Scripted}};
    /// use futures::TryStreamExt as _;
    /// use sfdc_client::{Client, Rows, Select};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let answer = r#"{"totalSize":1,"done":true,"records":[{"attributes":{},"Id":"001A0000006Vm9rIAC"}]}"#;
    /// # let org = Scripted::new(&scripted::clock(), Duration::ZERO, vec![Ok(scripted::answer(200, &[], answer))]);
    /// # let base = "https://acme.my.salesforce.com".parse()?;
    /// let client = Client::new(org.clone(), &base, "64.0");
    /// let select = Select::from("Account", ["Id"])?;
    /// let call = Call::new("salesforce.accounts", Effect::Read);
    /// let mut pages = std::pin::pin!(client.pages(call, &select, Rows::DeletedToo)?);
    /// while let Some(page) = pages.try_next().await? {
    ///     assert_eq!((page.total, page.records.len()), (1, 1));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pages(
        &self,
        call: Call,
        select: &Select,
        rows: Rows,
    ) -> Result<impl Stream<Item = Result<QueryPage, SfdcError>> + use<>, SfdcError> {
        let resource = if rows == Rows::DeletedToo { "queryAll" } else { "query" };
        let first = self.versioned(&format!("/{resource}?q={}", select.for_url()?))?;
        let call = Call { effect: Effect::Read, ..call };
        let walk = Walk { call, next: Some(first), seen: BTreeSet::new(), read: 0 };
        Ok(self.clone().walk(walk))
    }

    /// The pages from where `walk` is.
    pub(crate) fn walk(self, walk: Walk) -> impl Stream<Item = Result<QueryPage, SfdcError>> + use<> {
        stream::try_unfold((self, walk), |(client, mut walk)| async move {
            let Some(url) = walk.next.take() else { return Ok(None) };
            let page = client.page(&mut walk, &url).await?;
            Ok(Some((page, (client, walk))))
        })
    }

    async fn page(&self, walk: &mut Walk, url: &Url) -> Result<QueryPage, SfdcError> {
        let operation = walk.call.operation;
        let response = match self.get(walk.call.clone(), url).await {
            Err(SfdcError::Api(failure)) if failure.class == ErrorClass::Cursor => {
                return Err(SfdcError::CursorLost { operation: operation.into(), read: walk.read });
            }
            other => other?,
        };
        let page: RawPage = json(operation, &response)?;
        walk.seen.insert(url.to_string());
        walk.read += page.records.len();
        walk.next = self.next_page(&page, walk)?;
        let evidence = response.extensions().get::<wire::Evidence>().map(|evidence| evidence.0);
        Ok(QueryPage { records: page.records, total: page.total_size, evidence })
    }

    /// The address of the next page: on this org, and not where we have been.
    pub(crate) fn next_page(&self, page: &RawPage, walk: &Walk) -> Result<Option<Url>, SfdcError> {
        let malformed = |detail: &str| {
            Err(SfdcError::Malformed { operation: walk.call.operation.into(), detail: detail.into() })
        };
        if page.done {
            return Ok(None);
        }
        let Some(next) = &page.next_records_url else {
            return malformed("the query is not done, but there is no next page");
        };
        let url = origin::resolve(&self.services()?, next)?;
        if walk.seen.contains(url.as_str()) {
            return malformed("the pages of the query go in a circle");
        }
        Ok(Some(url))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use wire::scripted::{self, Scripted, answer};

    use super::*;

    fn org(bodies: &[(u16, &str)]) -> (Client, Arc<Scripted>) {
        let steps = bodies.iter().map(|(status, body)| Ok(answer(*status, &[], body))).collect();
        let org = Scripted::new(&scripted::clock(), Duration::ZERO, steps);
        let base = "https://acme.my.salesforce.com".parse().expect("a URL");
        (Client::new(org.clone(), &base, "64.0"), org)
    }

    const FIRST: &str = r#"{"totalSize":3,"done":false,"nextRecordsUrl":"/services/data/v64.0/query/0r8x-2000","records":[{"Id":"1"},{"Id":"2"}]}"#;
    const LAST: &str = r#"{"totalSize":3,"done":true,"records":[{"Id":"3"}]}"#;

    async fn read(bodies: &[(u16, &str)]) -> Result<Records, SfdcError> {
        let select = Select::from("Account", ["Id"]).expect("names");
        org(bodies).0.query(Call::new("test.query", Effect::Put), &select).await
    }

    #[tokio::test(start_paused = true)]
    async fn pages_are_followed_to_the_last() {
        let (client, org) = org(&[(200, FIRST), (200, LAST)]);
        let select = Select::from("Account", ["Id"]).expect("names");
        let call = Call::new("test.query", Effect::Append);
        let all = client.query_rows(call, &select, Rows::DeletedToo).await.expect("records");
        assert_eq!((all.records.len(), all.total), (3, 3));
        let seen = org.seen();
        let paths: Vec<&str> = seen.iter().map(|(_, request)| request.uri().path()).collect();
        assert_eq!(paths, ["/services/data/v64.0/queryAll", "/services/data/v64.0/query/0r8x-2000"]);
        assert!(
            seen.iter().all(
                |(_, request)| request.extensions().get::<Call>().expect("a call").effect == Effect::Read
            )
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_walk_that_cannot_go_on_says_why() {
        let lost = r#"[{"errorCode":"INVALID_QUERY_LOCATOR","message":"invalid query locator"}]"#;
        let error = read(&[(200, FIRST), (400, lost)]).await.expect_err("lost");
        assert!(matches!(error, SfdcError::CursorLost { read: 2, .. }), "{error}");
        for (body, part) in [
            (FIRST.replace("/services/data/v64.0/query/0r8x-2000", "https://evil.example/x"), "link"),
            (FIRST.replace("/services/data", "//evil.example/services/data"), "link"),
            (r#"{"totalSize":3,"done":false,"records":[]}"#.to_owned(), "no next page"),
            ("{}".to_owned(), "done"),
            ("<html>".to_owned(), "expected value"),
        ] {
            let error = read(&[(200, &body), (200, LAST)]).await.expect_err("refused");
            assert!(error.to_string().contains(part), "{body}: {error}");
        }
        let circle = read(&[(200, FIRST)]).await.expect_err("a circle");
        assert!(circle.to_string().contains("circle"), "{circle}");
        let failed = read(&[(200, FIRST), (500, "")]).await.expect_err("failed");
        assert!(matches!(failed, SfdcError::Api(_)));
    }
}
