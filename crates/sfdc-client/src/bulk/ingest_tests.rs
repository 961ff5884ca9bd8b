//! Tests of ingest jobs: what is sent, when the ledger knows, and what is believed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use wire::scripted::{self, Scripted, Step, answer};
use wire::{Call, Effect, TransportError, TransportErrorKind};

use crate::bulk::*;
use crate::{Client, ErrorClass, SfdcError};

const ID: &str = "7505e00000AbCdEAAB";
const GOOD: &str = "\"sf__Id\",\"sf__Created\",\"K__c\",\"Name\"\n\"001C\",\"true\",\"c\",\"x\"\n\"001A\",\"false\",\"a\",\"x\"\n";
const BAD: &str = "sf__Id,sf__Error,K__c,Name\n,\"STRING_TOO_LONG:Name: too long:Name --\",b,x\n";

/// Notes what it is told, and how many requests had gone out by then.
#[derive(Debug)]
struct Notes {
    org: Arc<Scripted>,
    broken: bool,
    known: Vec<JobId>,
    told: Mutex<Vec<(&'static str, usize)>>,
}

impl Notes {
    fn tell(&self, what: &'static str) -> Result<(), LedgerError> {
        self.told.lock().expect("the notes").push((what, self.org.count()));
        if self.broken { Err(LedgerError("the disk is full".into())) } else { Ok(()) }
    }

    fn told(&self) -> Vec<(&'static str, usize)> {
        self.told.lock().expect("the notes").clone()
    }
}

#[async_trait]
impl JobLedger for Notes {
    async fn opened(&self, job: &JobId, manifest: &Manifest) -> Result<(), LedgerError> {
        assert_eq!((job.as_str(), manifest.keys.len()), (ID, 3));
        self.tell("opened")
    }

    async fn settled(&self, _: &JobId) -> Result<(), LedgerError> {
        self.tell("settled")
    }

    async fn under_way(&self) -> Result<Vec<JobId>, LedgerError> {
        Ok(self.known.clone())
    }
}

fn org(steps: Vec<Step>) -> (Bulk, Arc<Scripted>, Notes) {
    let clock = scripted::clock();
    let org = Scripted::new(&clock, Duration::ZERO, steps);
    let base = "https://acme.my.salesforce.com".parse().expect("a URL");
    let bulk = Bulk::new(Client::new(org.clone(), &base, "64.0"), clock);
    let notes = Notes { org: org.clone(), broken: false, known: Vec::new(), told: Mutex::default() };
    (bulk, org, notes)
}

/// A job in a state, with its rows processed and failed.
fn job(state: &str, processed: u64, failed: u64) -> Step {
    ok(&format!(
        r#"{{"id":"{ID}","state":"{state}","contentUrl":"services/data/v64.0/jobs/ingest/{ID}/batches","numberRecordsProcessed":{processed},"numberRecordsFailed":{failed}}}"#
    ))
}

#[expect(clippy::unnecessary_wraps, reason = "a step of a script may be a failure as well")]
fn ok(body: &str) -> Step {
    Ok(answer(200, &[], body))
}

fn lost() -> Step {
    Err(TransportError::new(TransportErrorKind::Unknown, "sending", "reset"))
}

fn data() -> JobData {
    let spec = IngestSpec::new(Operation::Upsert, "Account", &["K__c", "Name"], "K__c").expect("a spec");
    let mut writer = JobWriter::new(spec, JobLimits::default());
    for key in ["a", "b", "c"] {
        writer.push(None, &[Cell::Text(key), Cell::Text("x")]).expect("taken");
    }
    writer.finish().expect("a job")
}

/// Method, path below the jobs, and effect of every request.
fn sent(org: &Scripted) -> Vec<(String, Effect)> {
    let line = |request: &wire::Request| {
        let path = request.uri().path_and_query().expect("a path").as_str();
        let path = path.replace("/services/data/v64.0/jobs/ingest", "").replace(ID, "ID");
        (format!("{} {path}", request.method()), request.extensions().get::<Call>().expect("a call").effect)
    };
    org.seen().iter().map(|(_, request)| line(request)).collect()
}

fn lines(org: &Scripted) -> Vec<String> {
    sent(org).into_iter().map(|(line, _)| line).collect()
}

#[tokio::test(start_paused = true)]
async fn a_job_goes_its_whole_way() {
    let (bulk, org, notes) = org(vec![
        job("Open", 0, 0),
        Ok(answer(201, &[], "")),
        job("UploadComplete", 0, 0),
        job("InProgress", 0, 0),
        job("InProgress", 2, 0),
        job("JobComplete", 3, 1),
        ok(GOOD),
        ok(BAD),
        ok("\"K__c\",\"Name\"\n"),
    ]);
    let report = bulk.ingest(data(), &notes).await;
    assert!(report.trouble.is_none(), "{:?}", report.trouble);
    assert_eq!(report.state, Some(JobState::JobComplete));
    let rows: Vec<_> = report.rows().collect();
    let [("a", Outcome::Updated(a)), ("b", Outcome::Failed(b)), ("c", Outcome::Created(c))] = &rows[..]
    else {
        panic!("{rows:?}")
    };
    assert_eq!(
        (&**a, b.class, b.errors[0].fields.join(""), &**c),
        ("001A", ErrorClass::Data, "Name".into(), "001C")
    );
    assert_eq!(report.counts(), Counts { created: 1, updated: 1, failed: 1, ..Counts::default() });
    let expected = [
        ("POST ", Effect::Append),
        ("PUT /ID/batches", Effect::Append),
        ("PATCH /ID", Effect::Put),
        ("GET /ID", Effect::Read),
        ("GET /ID", Effect::Read),
        ("GET /ID", Effect::Read),
        ("GET /ID/successfulResults", Effect::Read),
        ("GET /ID/failedResults", Effect::Read),
        // Every row has its outcome: what was left is not asked for.
    ];
    assert_eq!(sent(&org), expected.map(|(line, effect)| (line.to_owned(), effect)));
    assert_eq!(notes.told(), [("opened", 1), ("settled", 8)]);
    let seen = org.seen();
    let (_, upload) = &seen[1];
    assert_eq!(upload.headers()["content-type"], "text/csv; charset=UTF-8");
    assert_eq!(&upload.body()[..], b"K__c,Name\na,x\nb,x\nc,x\n");
    assert_eq!(upload.extensions().get::<Call>().expect("a call").records.join(""), "abc");
    assert_eq!(&seen[2].1.body()[..], br#"{"state":"UploadComplete"}"#);
    assert_eq!(seen[6].1.headers()["accept"], "text/csv");
    // The first look is at once; the second after 1 s; the third when two rows in one second say.
    let looks: Vec<u64> = seen[3..6].iter().map(|(at, _)| at.as_secs()).collect();
    assert_eq!(looks, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_before_the_ledger_knows() {
    let (bulk, org, notes) = org(vec![job("Open", 0, 0), job("Open", 0, 0), job("Aborted", 0, 0)]);
    let report = bulk.ingest(data(), &Notes { broken: true, ..notes }).await;
    assert!(matches!(report.trouble, Some(BulkError::Ledger(_))), "{:?}", report.trouble);
    assert_eq!(report.counts().unprocessed, 3);
    assert_eq!(lines(&org), ["POST ", "GET /ID", "PATCH /ID", "GET /ID"]);
    assert_eq!(&org.seen()[2].1.body()[..], br#"{"state":"Aborted"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_could_not_be_opened_touched_nothing() {
    for step in [lost(), Ok(answer(403, &[], r#"[{"errorCode":"API_DISABLED_FOR_ORG","message":"m"}]"#))] {
        let (bulk, org, notes) = org(vec![step]);
        let report = bulk.ingest(data(), &notes).await;
        assert!(matches!(report.trouble, Some(BulkError::Call(_))));
        assert_eq!((report.counts().unprocessed, report.job, org.count()), (3, None, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_upload_is_looked_at_and_aborted() {
    for upload in
        [lost(), Ok(answer(500, &[], "")), Ok(answer(400, &[], r#"[{"errorCode":"X","message":"m"}]"#))]
    {
        let (bulk, org, notes) = org(vec![
            job("Open", 0, 0),
            upload,
            job("Open", 0, 0),
            // The answer to the abort is lost as well.
            lost(),
            job("Aborted", 0, 0),
        ]);
        let report = bulk.ingest(data(), &notes).await;
        assert!(matches!(report.trouble, Some(BulkError::Call(_))), "{:?}", report.trouble);
        assert_eq!((report.counts().unprocessed, report.state), (3, Some(JobState::Aborted)));
        assert_eq!(lines(&org), ["POST ", "PUT /ID/batches", "GET /ID", "PATCH /ID", "GET /ID"]);
        assert_eq!(notes.told(), [("opened", 1), ("settled", 5)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_closing_may_have_worked() {
    let (bulk, _, notes) = org(vec![
        job("Open", 0, 0),
        Ok(answer(201, &[], "")),
        lost(),
        job("JobComplete", 3, 1),
        ok(GOOD),
        ok(BAD),
    ]);
    let report = bulk.ingest(data(), &notes).await;
    assert!(report.trouble.is_none(), "{:?}", report.trouble);
    assert_eq!(report.counts(), Counts { created: 1, updated: 1, failed: 1, ..Counts::default() });
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_stuck_is_aborted_and_its_rows_still_told_apart() {
    let patience = Patience { give_up: Duration::from_secs(3600), ..Patience::default() };
    // 125 looks take an hour; then comes the answer to the abort.
    let mut steps = vec![job("UploadComplete", 0, 0); 126];
    steps.extend([
        job("Aborted", 2, 1),
        ok("sf__Id,sf__Created,K__c,Name\n001A,false,a,x\n"),
        ok(BAD),
        ok("K__c,Name\nc,x\n"),
    ]);
    let (bulk, org, notes) = org(steps);
    let manifest = data().manifest().clone();
    let job = JobId::try_from(ID.to_owned()).expect("an id");
    let report = bulk.with_patience(patience).settle(&job, &manifest, &notes).await;
    let Some(BulkError::Stuck { waited, .. }) = &report.trouble else { panic!("{:?}", report.trouble) };
    assert!((3600..3631).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(report.counts(), Counts { updated: 1, failed: 1, unprocessed: 1, ..Counts::default() });
    assert!(lines(&org).contains(&"PATCH /ID".to_owned()));
    assert_eq!(notes.told().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_does_not_even_stop_leaves_its_rows_unknown() {
    let (bulk, org, notes) = org(vec![job("InProgress", 1, 0)]);
    let job = JobId::try_from(ID.to_owned()).expect("an id");
    let report = bulk.settle(&job, data().manifest(), &notes).await;
    assert!(matches!(report.trouble, Some(BulkError::Stuck { .. })));
    assert_eq!((report.counts().unknown, notes.told().len()), (3, 0));
    // Six hours and ten minutes, half a minute between two looks.
    let last = org.times().last().copied().expect("requests") / 1000;
    assert!((22_200..22_260).contains(&last), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_says_why_and_what_it_did() {
    let failed = format!(
        r#"{{"id":"{ID}","state":"Failed","errorMessage":"InvalidBatch : Field name not found : Nmae","numberRecordsProcessed":0,"numberRecordsFailed":0}}"#
    );
    let job = JobId::try_from(ID.to_owned()).expect("an id");
    let (bulk, org, notes) = org(vec![ok(&failed)]);
    let report = bulk.settle(&job, data().manifest(), &notes).await;
    let text = report.trouble.as_ref().expect("trouble").to_string();
    assert_eq!(text, format!("bulk job {ID} failed: InvalidBatch : Field name not found : Nmae"));
    assert_eq!((report.counts().unprocessed, org.count()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn results_that_do_not_add_up_are_no_results() {
    let job_id = JobId::try_from(ID.to_owned()).expect("an id");
    // One row less than the job tells, in no file.
    let (bulk, _, notes) =
        org(vec![job("JobComplete", 3, 0), ok(GOOD), ok("sf__Id,sf__Error,K__c\n"), ok("K__c\n")]);
    let report = bulk.settle(&job_id, data().manifest(), &notes).await;
    assert!(matches!(report.trouble, Some(BulkError::Disagreement { .. })), "{:?}", report.trouble);
    assert_eq!((report.counts().unknown, notes.told().len()), (1, 0));
    // A file that cannot be had: what the others tell still holds.
    let (bulk, _, notes) = org_with_lost_file();
    let report = bulk.settle(&job_id, data().manifest(), &notes).await;
    assert!(matches!(report.trouble, Some(BulkError::Call(SfdcError::Transport(_)))), "{:?}", report.trouble);
    assert_eq!((report.counts().failed, report.counts().unknown), (1, 2));
}

fn org_with_lost_file() -> (Bulk, Arc<Scripted>, Notes) {
    org(vec![job("JobComplete", 3, 1), lost(), ok(BAD), ok("K__c\n")])
}

#[tokio::test(start_paused = true)]
async fn rows_are_not_sent_to_another_server() {
    for link in ["https://evil.example/x", "//evil.example/x", "/other/place", "services/data/../../x"] {
        let opened = format!(r#"{{"id":"{ID}","state":"Open","contentUrl":"{link}"}}"#);
        let (bulk, org, notes) = org(vec![ok(&opened), job("Open", 0, 0), job("Aborted", 0, 0)]);
        let report = bulk.ingest(data(), &notes).await;
        assert!(
            matches!(report.trouble, Some(BulkError::Call(SfdcError::Origin(_)))),
            "{:?}",
            report.trouble
        );
        assert_eq!(lines(&org), ["POST ", "GET /ID", "PATCH /ID", "GET /ID"], "{link}");
        assert_eq!(report.counts().unprocessed, 3);
    }
}

fn listed(id: &str, state: &str, user: &str, created: &str) -> String {
    format!(
        r#"{{"id":"{id}","state":"{state}","createdById":"{user}","createdDate":"{created}","object":"Account"}}"#
    )
}

#[tokio::test(start_paused = true)]
async fn only_jobs_that_are_ours_and_did_nothing_are_cleared_away() {
    const OURS: &str = "0055e00000AbCdE";
    const OLD: &str = "2025-02-28T12:00:00.000+0000";
    let first = [
        listed("7505e00000AAAAA", "Open", OURS, OLD),
        listed("7505e00000BBBBB", "Open", "0055e00000XXXXX", OLD),
        listed("7505e00000CCCCC", "InProgress", OURS, OLD),
    ];
    let second = [
        listed("7505e00000DDDDD", "Open", OURS, "2025-03-01T11:59:00.000+0000"),
        listed(ID, "Open", OURS, OLD),
        listed("7505e00000EEEEE", "Open", OURS, ""),
    ];
    let page = |jobs: &[String], more: &str| {
        ok(&format!(r#"{{"done":{},"records":[{}]{more}}}"#, more.is_empty(), jobs.join(",")))
    };
    let next = r#","nextRecordsUrl":"/services/data/v64.0/jobs/ingest?jobType=V2Ingest&queryLocator=01g""#;
    let (bulk, org, notes) = org(vec![
        page(&first, next),
        page(&second, ""),
        ok(&listed("7505e00000AAAAA", "Aborted", OURS, OLD)),
        Ok(answer(204, &[], "")),
    ]);
    let known =
        ["7505e00000AbCdE", "7505e00000FFFFF"].map(|id| JobId::try_from(id.to_owned()).expect("an id"));
    let notes = Notes { known: known.to_vec(), ..notes };
    let ours = Ours { user: "0055e00000AbCdEFGH".into(), older_than: Duration::from_secs(3600) };
    let found = bulk.sweep(&ours, &notes).await.expect("a sweep");
    let ids = |jobs: &[JobInfo]| jobs.iter().map(|job| job.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&found.abandoned), ["7505e00000AAAAA"]);
    assert_eq!((ids(&found.under_way), &found.vanished[..]), (vec![ID.to_owned()], &known[1..]));
    assert_eq!(
        lines(&org),
        [
            "GET ?jobType=V2Ingest",
            "GET ?jobType=V2Ingest&queryLocator=01g",
            "PATCH /7505e00000AAAAA",
            "DELETE /7505e00000AAAAA"
        ]
    );
}
