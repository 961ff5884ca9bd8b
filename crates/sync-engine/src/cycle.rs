//! One run of a flow: take over, settle, take up what is due, walk, give back.

use std::collections::HashSet;

use mapping::{Change, Entity, Key, Policy, Side};
use serde_json::json;
use tracing::Instrument as _;

use crate::flow::raw;
use crate::session::Session;
use crate::stage::{Move, Pulled, Stage};
use crate::{
    Commit, ConflictState, Cursor, Flow, FlowError, Mode, Observation, Page, ParkedQuery, Report,
    SourceError, Taken, Watch,
};

/// How many records are fetched by key at once.
const FETCH: usize = 200;

impl Flow {
    /// Runs once over what `mode` covers.
    ///
    /// Whatever happens, nothing is lost: what was finished is kept, what was begun is settled by
    /// the next run, and the cursor never passes what is not kept.
    pub async fn cycle(&self, mode: Mode, watch: &dyn Watch) -> Result<Report, FlowError> {
        let run = self.begin_run();
        let (mut session, taken) = self.take(run, mode_name(&mode)).await?;
        // All of a batch on its way is a large future: it stands apart from the callers'.
        let done = Box::pin(self.cover(&mut session, taken, mode, watch)).await;
        self.give_back(session, done).await
    }

    /// Takes the flow over.
    pub(crate) async fn take(&self, run: String, mode: &str) -> Result<(Session, Taken), FlowError> {
        let taken = self.parts.store.take(&self.parts.name, self.now()).await?;
        let doubted = self.doubts_state(&taken).await?;
        let fence = taken.fence.0;
        let note = json!({ "mode": mode, "mapper": self.parts.mapper.name(), "fence": fence });
        self.tell("started", raw(&note)).await?;
        let query = ParkedQuery { flow: Some(self.parts.name.clone()), ..ParkedQuery::default() };
        let parked = self.parts.store.parked(&query).await?;
        let policy = Policy { careful: taken.careful, ..self.parts.settings.policy.clone() };
        let mut session = Session::new(run, taken.fence, policy, parked);
        if doubted {
            self.be_careful(&mut session).await?;
        }
        Ok((session, taken))
    }

    /// Settles what the last holder left open, and learns what other flows know.
    pub(crate) async fn prepare(&self, session: &mut Session, taken: &mut Taken) -> Result<(), FlowError> {
        self.check_systems(session, taken.fingerprint.as_deref()).await?;
        if !taken.clean {
            self.tell("recovered", raw(&json!({ "intents": taken.intents.len() }))).await?;
        }
        self.settle(session, std::mem::take(&mut taken.intents)).await?;
        self.load_conflicts(session).await?;
        if let Some(partner) = self.pair().and_then(|pair| pair.partner.as_deref()) {
            for intent in self.parts.store.intents(partner).await? {
                let (key, id) = (intent.key.as_str(), intent.draft.id.as_str());
                session.crossed.extend([key.to_owned(), id.to_owned()]);
            }
        }
        Ok(())
    }

    /// Gives the flow back, whether the run ended well or not.
    pub(crate) async fn give_back(
        &self,
        session: Session,
        done: Result<(), FlowError>,
    ) -> Result<Report, FlowError> {
        match done {
            Ok(()) => {
                let finished = Commit { finished: Some(self.now()), ..Commit::default() };
                self.parts.store.commit(&self.parts.name, session.fence, finished).await?;
                self.parts.store.release(&self.parts.name, session.fence).await?;
                self.tell("finished", raw(&session.report)).await?;
                Ok(session.report)
            }
            Err(error) => {
                let note = raw(&json!({ "error": chain(&error), "report": session.report }));
                // If the log is what failed, the run's error is still the one to tell.
                self.tell("failed", note).await.ok();
                // What is open stands in the intents; only a killed run leaves the flow held.
                self.parts.store.release(&self.parts.name, session.fence).await.ok();
                Err(error)
            }
        }
    }

    async fn cover(
        &self,
        session: &mut Session,
        taken: Taken,
        mode: Mode,
        watch: &dyn Watch,
    ) -> Result<(), FlowError> {
        let mut taken = taken;
        self.prepare(session, &mut taken).await?;
        self.set_brake(session, &mode).await?;
        // State that is not to be trusted is made good by comparing everything.
        let mode = if session.policy.careful && mode == Mode::Changes { Mode::Full } else { mode };
        if let Mode::Keys(keys) = mode {
            return self.look_at(session, &keys, watch).await;
        }
        let due = self.due(session).await;
        self.look_at(session, &due, watch).await?;
        if mode == Mode::Full {
            let adopt = taken.cursor.is_none();
            session.report.resumed = taken.sweep.is_some();
            session.swept = taken.sweep.is_none().then(HashSet::new);
            self.walk(session, Walk { cursor: taken.sweep, sweep: Some(Sweep { adopt }) }, watch).await?;
            self.end_sweep(session).await?;
        } else {
            self.walk(session, Walk { cursor: taken.cursor, sweep: None }, watch).await?;
        }
        if session.report.created > 0 {
            // Parents may have landed in this very run.
            let released = self.released_orphans(session).await;
            self.look_at(session, &released, watch).await?;
        }
        Ok(())
    }

    /// Records that are to be taken up: their time has come, what they wait for is there, or a
    /// conflict was decided in favour of this flow's source.
    async fn due(&self, session: &Session) -> Vec<Key> {
        let mut due = session.due(self.now(), self.parts.mapper.name());
        due.extend(self.released_orphans(session).await);
        let won = |conflict: &crate::Conflict| {
            matches!(conflict.state, ConflictState::Decided { winner: Side::Source, .. })
        };
        let decided = session.conflicts.iter().filter(|(_, of)| of.iter().any(won));
        due.extend(decided.map(|(key, _)| key.clone()));
        due.sort_unstable();
        due.dedup();
        due
    }

    /// Takes up single records as they are now.
    async fn look_at(&self, session: &mut Session, keys: &[Key], watch: &dyn Watch) -> Result<(), FlowError> {
        for part in keys.chunks(FETCH) {
            let observed = self.parts.source.fetch(part).await?;
            let gone = observed.iter().filter(|seen| seen.is_none()).count() as u64;
            let observations = part.iter().zip(observed).map(|(key, seen)| seen.unwrap_or_else(|| lost(key)));
            let pulled = Pulled::by_key(observations.collect(), true);
            self.carry(session, Stage::Pulled(pulled)).await?;
            session.report.read -= gone;
            watch.progress(&session.report, None);
        }
        Ok(())
    }

    /// Walks batch by batch; the next page is fetched while the last batch is being dealt with.
    async fn walk(&self, session: &mut Session, walk: Walk, watch: &dyn Watch) -> Result<(), FlowError> {
        let mut total = None;
        let mut next = Some(self.first_page(session, walk.cursor.as_ref()).await?);
        while let Some(page) = next {
            let mut batch = Batch::of(page, walk.sweep.is_some());
            // What was read before a page failed is dealt with all the same.
            let failed = self.fill(&mut batch).await.err();
            session.report.pages += batch.pages;
            total = total.or(batch.total);
            let cursor = batch.cursor.clone();
            let go_on = batch.more && failed.is_none();
            let upcoming = async { if go_on { Some(self.page(&cursor).await) } else { None } };
            let (carried, upcoming) =
                futures::join!(self.carry(session, Stage::Pulled(walk.pulled(batch))), upcoming);
            carried?;
            watch.progress(&session.report, total);
            failed.map_or(Ok(()), Err)?;
            next = upcoming.transpose()?;
        }
        Ok(())
    }

    /// Adds pages to a batch as long as there is room for one more.
    async fn fill(&self, batch: &mut Batch) -> Result<(), SourceError> {
        while batch.more && batch.pulled.sightings.len() + batch.last <= self.parts.settings.batch {
            batch.add(self.page(&batch.cursor).await?);
        }
        Ok(())
    }

    async fn page(&self, cursor: &Cursor) -> Result<Page, SourceError> {
        self.parts.source.pull(Some(cursor)).instrument(self.page_span()).await
    }

    fn page_span(&self) -> tracing::Span {
        tracing::debug_span!("page", flow = self.parts.name.as_str())
    }

    async fn first_page(&self, session: &mut Session, cursor: Option<&Cursor>) -> Result<Page, FlowError> {
        match self.parts.source.pull(cursor).instrument(self.page_span()).await {
            Err(SourceError::CursorExpired { reason }) if cursor.is_some() => {
                self.tell("restarted", raw(&json!({ "reason": reason }))).await?;
                session.report.restarted = true;
                session.report.resumed = false;
                Ok(self.parts.source.pull(None).instrument(self.page_span()).await?)
            }
            other => Ok(other?),
        }
    }
}

/// A record that was looked for by its key, and is not there.
fn lost(key: &Key) -> Observation {
    Observation::Change(Change::Gone { entity: Entity::from("looked for by key"), key: key.clone() })
}

/// A walk of changes, or a sweep over everything.
struct Walk {
    cursor: Option<Cursor>,
    sweep: Option<Sweep>,
}

/// A walk that compares everything anew and leaves the cursor of changes alone.
struct Sweep {
    /// Unless there is none yet: then the end of the sweep is where changes go on.
    adopt: bool,
}

impl Walk {
    fn pulled(&self, batch: Batch) -> Pulled {
        let Batch { pulled, cursor, more, .. } = batch;
        let moves = match &self.sweep {
            None => Move::Changes(cursor),
            Some(sweep) => Move::Sweep { cursor, last: !more, adopt: sweep.adopt },
        };
        Pulled { moves, ..pulled }
    }
}

/// Pages that are dealt with together.
struct Batch {
    pulled: Pulled,
    /// Behind its last page.
    cursor: Cursor,
    more: bool,
    total: Option<u64>,
    pages: u64,
    /// How many records its last page has.
    last: usize,
}

impl Batch {
    fn of(page: Page, afresh: bool) -> Self {
        let pulled = Pulled { afresh, ..Pulled::default() };
        let (cursor, total) = (page.cursor.clone(), page.total);
        let mut batch = Self { pulled, cursor, more: true, total, pages: 0, last: 0 };
        batch.add(page);
        batch
    }

    fn add(&mut self, page: Page) {
        self.pages += 1;
        self.last = page.observations.len();
        self.pulled.add(page.observations, page.evidence);
        (self.cursor, self.more) = (page.cursor, page.more);
        self.total = self.total.or(page.total);
    }
}

fn mode_name(mode: &Mode) -> &'static str {
    match mode {
        Mode::Changes => "changes",
        Mode::Full => "full",
        Mode::Keys(_) => "keys",
    }
}

/// An error with all its sources, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
