//! Tests of query jobs: pages, locators and links, and results that are not whole.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use wire::scripted::{self, Scripted, answer};
use wire::{Call, Effect, Response};

use crate::bulk::*;
use crate::{Client, SfdcError};

const ID: &str = "7505e00000AbCdEAAB";

fn ok(body: &str) -> Response {
    answer(200, &[], body)
}

fn job(state: &str, rows: u64) -> Response {
    ok(&format!(r#"{{"id":"{ID}","state":"{state}","operation":"query","numberRecordsProcessed":{rows}}}"#))
}

fn page(locator: Option<&str>, rows: &str, body: &str) -> Response {
    let mut headers = vec![("Sforce-NumberOfRecords", rows)];
    headers.extend(locator.map(|locator| ("Sforce-Locator", locator)));
    answer(200, &headers, body)
}

fn org(steps: Vec<Response>) -> (Bulk, Arc<Scripted>) {
    let clock = scripted::clock();
    let org = Scripted::new(&clock, Duration::from_millis(100), steps.into_iter().map(Ok).collect());
    let base = "https://acme.my.salesforce.com".parse().expect("a URL");
    (Bulk::new(Client::new(org.clone(), &base, "64.0"), clock), org)
}

fn paths(org: &Scripted) -> Vec<String> {
    let path = |request: &wire::Request| {
        let path = request.uri().path_and_query().expect("a path").as_str();
        path.replace("/services/data/v64.0/jobs/query", "").replace(ID, "ID")
    };
    org.seen().iter().map(|(_, request)| path(request)).collect()
}

/// The names of all rows, or the error that the stream ends in.
async fn names(bulk: &Bulk, paging: Paging) -> Result<Vec<String>, BulkError> {
    let job = bulk.query("SELECT Id, Name FROM Account", Scope::All).await?;
    let pages: Vec<ResultPage> = job.pages(paging).try_collect().await?;
    let name = |row: ResultRow<'_>| row.get("name").unwrap_or("(none)").to_owned();
    Ok(pages.iter().flat_map(|page| page.rows().map(name).collect::<Vec<_>>()).collect())
}

#[tokio::test(start_paused = true)]
async fn pages_follow_their_locators() {
    let (bulk, org) = org(vec![
        job("UploadComplete", 0),
        job("InProgress", 0),
        job("JobComplete", 3),
        page(Some("MTA=+"), "2", "\"Id\",\"Name\"\n\"1\",\"one\nline\"\n\"2\",\"\"\n"),
        page(Some("null"), "1", "\"Id\",\"Name\"\n\"3\",\"tre, \"\"å\"\"\"\n"),
    ]);
    let rows = names(&bulk, Paging::OneByOne { rows: 2 }).await.expect("rows");
    assert_eq!(rows, ["one\nline", "(none)", "tre, \"å\""]);
    assert_eq!(
        paths(&org),
        ["", "/ID", "/ID", "/ID/results?maxRecords=2", "/ID/results?maxRecords=2&locator=MTA%3D%2B"]
    );
    let seen = org.seen();
    assert_eq!(&seen[0].1.body()[..], br#"{"operation":"queryAll","query":"SELECT Id, Name FROM Account"}"#);
    assert_eq!(seen[0].1.extensions().get::<Call>().expect("a call").effect, Effect::Put);
    assert_eq!(seen[3].1.headers()["accept"], "text/csv");
}

#[tokio::test(start_paused = true)]
async fn an_empty_result_is_a_result() {
    for body in ["\"Id\",\"Name\"\n", ""] {
        let (bulk, _) = org(vec![job("Open", 0), job("JobComplete", 0), page(Some("null"), "0", body)]);
        assert!(names(&bulk, Paging::default()).await.expect("no rows").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_not_whole_ends_in_an_error() {
    let one = "Id,Name\n1,a\n";
    for (pages, part) in [
        (vec![page(None, "1", one)], "no Sforce-Locator"),
        (vec![page(Some("A"), "1", one), page(Some("A"), "1", one)], "read already"),
        (vec![page(Some("null"), "2", one)], "rows of the page"),
        (vec![page(Some("null"), "1", one)], "rows of the result"),
        (vec![page(Some("A"), "1", one), page(Some("null"), "1", "Name,Id\na,1\n")], "columns are others"),
        (vec![page(Some("null"), "2", "Id,Name\n1,a\n2\n")], "a page of results"),
    ] {
        let mut steps = vec![job("UploadComplete", 0), job("JobComplete", 2)];
        steps.extend(pages);
        let (bulk, _) = org(steps);
        let error = names(&bulk, Paging::default()).await.expect_err("no whole").to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_come_in_parallel_and_in_order() {
    let link = |number: usize| {
        format!(r#"{{"resultUrl":"/services/data/v64.0/jobs/query/{ID}/results?locator=L{number}"}}"#)
    };
    let (bulk, org) = org(vec![
        job("UploadComplete", 0),
        job("JobComplete", 3),
        ok(&format!(
            r#"{{"resultPages":[{},{}],"nextRecordsUrl":"/services/data/v64.0/jobs/query/{ID}/resultPages?pageLocator=A","done":false}}"#,
            link(1),
            link(2)
        )),
        page(Some("L2"), "1", "Id,Name\n1,a\n"),
        page(Some("L3"), "1", "Id,Name\n2,b\n"),
        ok(&format!(r#"{{"resultPages":[{}],"done":true}}"#, link(3))),
        page(Some("null"), "1", "Id,Name\n3,c\n"),
    ]);
    let rows = names(&bulk, Paging::Parallel { at_once: 2 }).await.expect("rows");
    assert_eq!((rows.join(""), org.most_open()), ("abc".into(), 2));
    let mut paths = paths(&org);
    paths.drain(..2);
    paths.sort();
    assert_eq!(
        paths,
        [
            "/ID/resultPages",
            "/ID/resultPages?pageLocator=A",
            "/ID/results?locator=L1",
            "/ID/results?locator=L2",
            "/ID/results?locator=L3"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn links_stay_at_the_org() {
    let (bulk, org) = org(vec![
        job("UploadComplete", 0),
        job("JobComplete", 1),
        ok(r#"{"resultPages":[{"resultUrl":"https://evil.example/services/data/x"}],"done":true}"#),
    ]);
    let error = names(&bulk, Paging::Parallel { at_once: 5 }).await.expect_err("refused");
    assert!(matches!(error, BulkError::Call(SfdcError::Origin(_))), "{error:?}");
    assert_eq!(org.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_page_is_fetched_when_it_is_asked_for() {
    let (bulk, org) = org(vec![
        job("UploadComplete", 0),
        job("JobComplete", 2),
        page(Some("A"), "1", "Id\n1\n"),
        page(Some("null"), "1", "Id\n2\n"),
    ]);
    let job = bulk.query("SELECT Id FROM Account", Scope::Live).await.expect("a job");
    assert_eq!((job.rows(), job.id().as_str()), (Some(2), ID));
    let mut pages = job.pages(Paging::default()).boxed();
    assert_eq!(org.count(), 2);
    pages.next().await.expect("a page").expect("read");
    assert_eq!(org.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn queries_that_fail_say_why() {
    let failed = format!(r#"{{"id":"{ID}","state":"Failed","errorMessage":"QUERY_TIMEOUT: too slow"}}"#);
    let (bulk, _) = org(vec![job("UploadComplete", 0), ok(&failed)]);
    let error = bulk.query("SELECT Id FROM Account", Scope::Live).await.expect_err("failed");
    let BulkError::Failed { class, .. } = error else { panic!("{error:?}") };
    assert_eq!(class, crate::ErrorClass::Transient);
    let (bulk, _) = org(vec![job("UploadComplete", 0), job("Aborted", 0)]);
    let error = bulk.query("SELECT Id FROM Account", Scope::Live).await.expect_err("aborted");
    assert!(matches!(error, BulkError::Aborted { .. }));
}
