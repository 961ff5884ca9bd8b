//! Rows go up as a job, and every one of them gets its outcome.

use std::time::Duration;

use wire::Evidence;

use crate::bulk::job_calls::Kind;
use crate::bulk::tally::{ResultFile, Tally};
use crate::bulk::{
    Bulk, BulkError, JobData, JobId, JobInfo, JobLedger, JobReport, JobState, Manifest, Outcome,
};
use crate::codes::Level;

impl Bulk {
    /// Sends one job, waits for it, and tells what became of each row.
    ///
    /// The ledger knows the job before a row leaves. One job after the other is the safe way for
    /// rows of one parent: the org works in parallel within each job already.
    pub async fn ingest(&self, data: JobData, ledger: &dyn JobLedger) -> JobReport {
        let manifest = data.manifest.clone();
        let info = match self.open_job(&manifest.spec).await {
            Ok(info) => info,
            // Perhaps there is an open job now, but it is empty: a sweep will find it.
            Err(error) => return JobReport::uniform(None, manifest, &Outcome::Unprocessed, error.into()),
        };
        let cause = self.load(&info, data, ledger).await.err();
        self.finish(&info.id, &manifest, ledger, cause).await
    }

    /// Takes up a job where it stands, after a crash or after a report with trouble: one that was
    /// never closed is aborted, one at work is waited for, and the results of one that has ended
    /// are read.
    pub async fn settle(&self, job: &JobId, manifest: &Manifest, ledger: &dyn JobLedger) -> JobReport {
        self.finish(job, manifest, ledger, None).await
    }

    async fn load(&self, info: &JobInfo, data: JobData, ledger: &dyn JobLedger) -> Result<(), BulkError> {
        ledger.opened(&info.id, &data.manifest).await?;
        self.upload(info, data).await?;
        self.close_job(&info.id).await?;
        Ok(())
    }

    /// `cause` is what went wrong before; it matters only if the job was not closed.
    async fn finish(
        &self,
        job: &JobId,
        manifest: &Manifest,
        ledger: &dyn JobLedger,
        cause: Option<BulkError>,
    ) -> JobReport {
        let rows = u64::try_from(manifest.keys.len()).unwrap_or(u64::MAX);
        let (info, trouble) = match self.wait(Kind::Ingest, job, rows).await {
            Ok(ended) => ended,
            Err(error) => {
                return JobReport::uniform(Some(job.clone()), manifest.clone(), &Outcome::Unknown, error);
            }
        };
        // That the job was left open is the effect of the cause.
        let trouble = match trouble {
            Some(BulkError::LeftOpen { .. }) => cause.or(trouble),
            other => other,
        };
        let mut report = self.reconcile(info, manifest, trouble).await;
        if !report.outcomes.contains(&Outcome::Unknown)
            && let Err(error) = ledger.settled(job).await
        {
            report.trouble.get_or_insert(error.into());
        }
        report
    }

    async fn reconcile(&self, info: JobInfo, manifest: &Manifest, trouble: Option<BulkError>) -> JobReport {
        let mut tally = Tally::new(manifest, self.client.errors());
        let mut evidence = Vec::new();
        let mut unread = None;
        for file in ResultFile::ALL.into_iter().filter(|_| !untouched(&info)) {
            if !tally.needs(file, &info) {
                continue;
            }
            match self.result_file(&info.id, file).await {
                Ok(response) => {
                    evidence.extend(response.extensions().get::<Evidence>().map(|evidence| evidence.0));
                    tally.read(file, response.body());
                }
                // What the other files tell still holds.
                Err(error) => unread = unread.or(Some(BulkError::from(error))),
            }
        }
        let (outcomes, fault) = tally.close(&info);
        let fault = fault.map(|what| BulkError::disagreement(&info.id, what));
        let trouble = trouble.or_else(|| self.bad_end(&info)).or(unread).or(fault);
        let manifest = manifest.clone();
        JobReport { job: Some(info.id), state: Some(info.state), manifest, outcomes, evidence, trouble }
    }

    fn bad_end(&self, info: &JobInfo) -> Option<BulkError> {
        let job = info.id.clone();
        match info.state {
            JobState::Failed => {
                let message = info.error_message.clone().unwrap_or_default();
                let code = message.split(':').next().unwrap_or_default().trim();
                let class = self.client.errors().judge(Level::Call, 400, code, &message).class;
                Some(BulkError::Failed { job, message, class })
            }
            JobState::Aborted => Some(BulkError::Aborted { job }),
            _ => None,
        }
    }

    /// Waits until a job has ended. One that was never closed, or that takes too long, is aborted;
    /// what was wrong with it comes along.
    pub(crate) async fn wait(
        &self,
        kind: Kind,
        job: &JobId,
        rows: u64,
    ) -> Result<(JobInfo, Option<BulkError>), BulkError> {
        let mut watch = Watch { start: self.clock.elapsed(), asked: 0, stopped: None };
        loop {
            let info = self.look(kind, job).await?;
            if info.state.ended() {
                return Ok((info, watch.stopped.map(|(trouble, _)| trouble)));
            }
            let passed = self.clock.elapsed().saturating_sub(watch.start);
            watch.stopped = match watch.stopped {
                None => self.verdict(kind, &info, passed).map(|trouble| (trouble, passed)),
                Some((trouble, since)) if passed.saturating_sub(since) >= self.patience.grace => {
                    return Err(trouble);
                }
                stopped => stopped,
            };
            // An abort may itself be lost: the next look tells whether it worked.
            if watch.stopped.is_some() && self.abort_job(kind, job).await.is_ok_and(|info| info.state.ended())
            {
                continue;
            }
            watch.asked += 1;
            let done = info.number_records_processed.unwrap_or(0);
            self.clock.sleep(self.patience.pause(watch.asked, passed, (done, rows))).await;
        }
    }

    fn verdict(&self, kind: Kind, info: &JobInfo, waited: Duration) -> Option<BulkError> {
        let job = info.id.clone();
        match info.state {
            JobState::Open if kind == Kind::Ingest => Some(BulkError::LeftOpen { job }),
            state if waited >= self.patience.give_up => Some(BulkError::Stuck { job, state, waited }),
            _ => None,
        }
    }
}

/// How the waiting for a job goes.
struct Watch {
    start: Duration,
    /// How often the job was looked at and found at work.
    asked: u32,
    /// Why the job was told to stop, and when, from the start.
    stopped: Option<(BulkError, Duration)>,
}

/// Whether a job ended before its first row.
fn untouched(info: &JobInfo) -> bool {
    info.state != JobState::JobComplete && info.number_records_processed == Some(0)
}
