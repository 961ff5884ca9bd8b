//! Bulk jobs that hang, break off, or tell only a part.

use std::sync::Mutex;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use sandbox::salesforce::SalesforceSettings;
use sandbox::{Fault, NoFaults, Only, Scripted as Script, ScriptedFault};
use sfdc_client::bulk::{
    Bulk, BulkError, Cell, Counts, IngestSpec, JobData, JobId, JobLedger, JobLimits, JobState, JobWriter,
    LedgerError, Manifest, Operation, Outcome, Paging, Scope,
};
use wire::scripted::answer;

use crate::org::Org;
use crate::scripted_org::{LAST, ORG, login, says, stage};

/// Jobs that were opened, and whether they are settled.
#[derive(Debug, Default)]
struct Ledger(Mutex<Vec<(JobId, bool)>>);

#[async_trait]
impl JobLedger for Ledger {
    async fn opened(&self, job: &JobId, _: &Manifest) -> Result<(), LedgerError> {
        self.0.lock().expect("a ledger").push((job.clone(), false));
        Ok(())
    }

    async fn settled(&self, job: &JobId) -> Result<(), LedgerError> {
        let mut jobs = self.0.lock().expect("a ledger");
        jobs.iter_mut().filter(|(known, _)| known == job).for_each(|(_, settled)| *settled = true);
        Ok(())
    }

    async fn under_way(&self) -> Result<Vec<JobId>, LedgerError> {
        let jobs = self.0.lock().expect("a ledger");
        Ok(jobs.iter().filter(|(_, settled)| !settled).map(|(job, _)| job.clone()).collect())
    }
}

fn data(rows: usize) -> JobData {
    let spec = IngestSpec::new(Operation::Upsert, "Account", &["IFS_Key__c", "Name"], "IFS_Key__c");
    let mut writer = JobWriter::new(spec.expect("a spec"), JobLimits::default());
    for number in 0..rows {
        writer.push(None, &[Cell::Text(&format!("S{number}")), Cell::Text("x")]).expect("taken");
    }
    writer.finish().expect("a job")
}

fn unknown(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Unknown)).count()
}

/// A job that waits for hours is given up in order; its rows are known not to be touched.
#[tokio::test(start_paused = true)]
async fn f37_a_job_that_stays_queued_is_aborted_and_its_rows_may_go_again() {
    let org = Org::new();
    org.sandbox.switch(|switches| switches.bulk.queued_ms = 48 * 3_600_000);
    let ledger = Ledger::default();
    let bulk = Bulk::new(org.client.clone(), org.clock.clone());
    let report = bulk.ingest(data(50), &ledger).await;
    assert!(report.trouble.is_some());
    assert_eq!(report.state, Some(JobState::Aborted));
    assert!(report.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Unprocessed)), "{report:?}");
    assert_eq!(org.sandbox.accounts().len(), 0);
}

/// A job that fails in the middle: successful, failed and unprocessed rows are what was sent.
#[tokio::test(start_paused = true)]
async fn f37_a_job_that_stops_tells_of_every_row() {
    let org = Org::new();
    org.sandbox.switch(|switches| switches.bulk.stops_after = Some(20));
    let bulk = Bulk::new(org.client.clone(), org.clock.clone());
    let report = bulk.ingest(data(50), &Ledger::default()).await;
    let created = report.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Created(_))).count();
    let left = report.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Unprocessed)).count();
    assert_eq!((created, left, unknown(&report.outcomes)), (20, 30, 0));
    assert_eq!(org.sandbox.accounts().len(), 20);
    org.sandbox.switch(|switches| {
        switches.bulk.stops_after = None;
        switches.bulk.fails = Some("InvalidBatch : Field name not found".to_owned());
    });
    let report = bulk.ingest(data(50), &Ledger::default()).await;
    assert!(report.trouble.is_some());
    assert!(report.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Unprocessed)));
}

/// The answer to closing the job is lost: the job is looked at, and every row has its outcome.
#[tokio::test(start_paused = true)]
async fn f37_lost_answers_leave_no_row_without_an_outcome() {
    for call in 1..=8 {
        let line = ScriptedFault {
            from: call,
            times: 1,
            only: Only { kind: Some("job".to_owned()), ..Only::default() },
            fault: Fault::LostAnswer,
        };
        let org = Org::with(SalesforceSettings::default(), Script::new([line]));
        let ledger = Ledger::default();
        let bulk = Bulk::new(org.client.clone(), org.clock.clone());
        let report = bulk.ingest(data(30), &ledger).await;
        let counts: Counts = report.counts();
        let sum = counts.created
            + counts.updated
            + counts.deleted
            + counts.failed
            + counts.unprocessed
            + counts.unknown;
        assert_eq!((report.outcomes.len(), sum), (30, 30), "call {call}");
        // What is said to be made is there, and nothing is there that is said not to be touched.
        let there = org.sandbox.accounts().len();
        assert!(
            counts.created <= there && there <= counts.created + counts.unknown,
            "call {call}: {counts:?}"
        );
        if counts.unknown > 0 {
            assert!(report.trouble.is_some(), "call {call}");
            org.gate.faults().set(NoFaults);
            for job in ledger.under_way().await.expect("jobs") {
                let settled = bulk.settle(&job, &report.manifest, &ledger).await;
                assert_eq!(unknown(&settled.outcomes), 0, "call {call}: {settled:?}");
            }
        }
    }
}

/// A locator that comes again would be an endless walk.
#[tokio::test(start_paused = true)]
async fn f37_f42_a_locator_that_repeats_ends_the_walk() {
    let org = Org::new();
    for number in 0..10 {
        org.insert(&format!("A{number}"));
    }
    let bulk = Bulk::new(org.client.clone(), org.clock.clone());
    let paging = Paging::OneByOne { rows: 2 };
    let job = bulk.query("SELECT Id, Name FROM Account", Scope::Live).await.expect("a job");
    let pages: Vec<_> = job.pages(paging).try_collect().await.expect("pages");
    assert_eq!(pages.len(), 5);
    org.sandbox.switch(|switches| switches.bulk.repeats_locator = true);
    let job = bulk.query("SELECT Id, Name FROM Account", Scope::Live).await.expect("a job");
    let endless: Result<Vec<_>, BulkError> = job.pages(paging).try_collect().await;
    assert!(endless.is_err());
}

/// The rows go to the org, whatever address it names for them.
#[tokio::test(start_paused = true)]
async fn attack_9_a_content_url_elsewhere_gets_no_rows() {
    let id = "7505e00000AbCdEAAB";
    for url in ["https://evil.example/x", "//evil.example/x", "../../secur/logout.jsp"] {
        let opened = format!(r#"{{"id":"{id}","state":"Open","contentUrl":"{url}"}}"#);
        let aborted = format!(r#"{{"id":"{id}","state":"Aborted"}}"#);
        let steps = vec![says(200, &opened), Ok(answer(201, &[], "")), says(200, &aborted), says(200, LAST)];
        let stage = stage(vec![login(ORG)], steps);
        let bulk = Bulk::new(stage.client.clone(), stage.clock.clone());
        bulk.ingest(data(1), &Ledger::default()).await;
        for (_, request) in stage.org.seen().iter() {
            assert_eq!(request.uri().host(), Some("acme.my.salesforce.com"), "{url}");
            assert!(
                request.uri().path().starts_with("/services/data/v64.0/jobs/ingest"),
                "{}",
                request.uri()
            );
        }
    }
}
