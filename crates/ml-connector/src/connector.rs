//! A link, ready to run: for the command line and for programs that embed it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use audit::{Scope, ScopeCell};
use connector_ifs::Hints;
use connector_salesforce::EventFeed;
use futures::future::join_all;
use mapping::Key;
use sync_engine::{
    Explanation, Finding, Flow, FlowError, FlowStatus, Mode, Moved, Planned, Preview, Probe, Report,
    SourceError, Watch,
};
use tokio::sync::Mutex;
use tracing::Instrument as _;
use wire::{Clock, Entropy, SystemClock, SystemEntropy, TokenSource};

use crate::checking::Describers;
use crate::choice;
use crate::config::Config;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::loan::Loan;
use crate::mappers::Mappers;
use crate::once::Once;
use crate::stop::{Room, Stop};
use crate::verbs::Session;
use crate::wiring::{self, Allowance, CallCounts, GuardedLog, Waits};

/// What a link is opened with besides its configuration.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Mappers for `mapping = { custom = "name" }`.
    pub mappers: Mappers,
    /// Ends runs between two pages.
    pub stop: Stop,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            mappers: Mappers::default(),
            stop: Stop::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// A link, ready to run. Its data folder belongs to it until it is dropped.
///
/// ```no_run
/// # async fn example() -> Result<(), ml_connector::Failure> {
/// use ml_connector::sync_engine::{Mode, Unwatched};
/// let connector = ml_connector::Connector::open("links/acme")?;
/// let ran = connector.run("suppliers", Mode::Changes, &Unwatched).await?;
/// println!("{} written", ran.report.written());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Connector {
    pub(crate) config: Config,
    pub(crate) holding: Holding,
    pub(crate) flows: BTreeMap<String, Flow>,
    /// Where others can say that a record of a flow changed.
    pub(crate) hints: BTreeMap<String, Hints>,
    /// What tells that there is something for a flow.
    pub(crate) events: BTreeMap<String, Arc<EventFeed>>,
    /// The names of all flows, parents before children.
    pub(crate) order: Vec<String>,
    pub(crate) probes: Vec<Box<dyn Probe>>,
    /// Tell what IFS and Salesforce have.
    pub(crate) describers: Describers,
    pub(crate) tokens: Vec<Arc<TokenSource>>,
    pub(crate) calls: CallCounts,
    pub(crate) scope: Arc<ScopeCell>,
    pub(crate) log: Arc<GuardedLog>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Flows of one link share their systems' transports, whose calls name the run in force: they
    /// take turns.
    pub(crate) turn: Mutex<()>,
    /// Has the run under way end between two pages.
    pub(crate) room: Room,
    /// Given back to the daemon when everything else is closed.
    pub(crate) _loan: Option<Loan>,
}

/// What a run did and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The flow.
    pub flow: String,
    /// What was done, in records.
    pub report: Report,
    /// The calls by operation, repeated ones too.
    pub calls: BTreeMap<String, u64>,
    /// How long it took.
    pub took: Duration,
}

impl Connector {
    /// Opens the link whose configuration stands in `folder`.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Failure> {
        Self::open_with(Config::load(folder)?, Opening::default())
    }

    /// Opens the link that `config` describes.
    pub fn open_with(config: Config, opening: Opening) -> Result<Self, Failure> {
        wiring::assemble(config, opening)
    }

    /// Opens the link for a command; a daemon that runs it lends it.
    pub(crate) async fn of(config: Config, session: &Session) -> Result<Self, Failure> {
        let loan = Loan::take(&config, session).await?;
        let opening = Opening {
            mappers: session.mappers.clone(),
            stop: session.stop.clone(),
            clock: session.clock.clone(),
            entropy: session.entropy.clone(),
        };
        Ok(Self { _loan: loan, ..Self::open_with(config, opening)? })
    }

    /// The flow of this name.
    pub fn flow(&self, name: &str) -> Result<&Flow, Failure> {
        let name = choice::flows::one(&self.config, Some(name))?;
        self.flows.get(&name).ok_or_else(|| Failure::Internal { what: format!("flow {name} was not wired") })
    }

    /// Where others can say that a record of `flow` changed, such as an event of IFS that calls us; the
    /// next run looks at it. `None` if the flow does not begin in IFS.
    pub fn hints(&self, flow: &str) -> Result<Option<Hints>, Failure> {
        let name = choice::flows::one(&self.config, Some(flow))?;
        Ok(self.hints.get(&name).cloned())
    }

    /// The change events that `flow` listens to, if it does: whoever waits for their
    /// [`news`](EventFeed::news) knows when a run is worth its while.
    pub fn events(&self, flow: &str) -> Result<Option<Arc<EventFeed>>, Failure> {
        let name = choice::flows::one(&self.config, Some(flow))?;
        Ok(self.events.get(&name).cloned())
    }

    /// `names` in the order in which those flows should run: what makes a kind of record comes before
    /// what points to it.
    pub fn in_order(&self, names: &[String]) -> Vec<String> {
        self.order.iter().filter(|name| names.contains(name)).cloned().collect()
    }

    /// State and audit log.
    pub(crate) fn holding(&self) -> &Holding {
        &self.holding
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Runs one cycle of a flow. Other runs of this link wait for it.
    pub async fn run(&self, flow: &str, mode: Mode, watch: &dyn Watch) -> Result<Ran, Failure> {
        self.cycle(self.flow(flow)?, mode, watch).await
    }

    /// The same for somebody who has seen how much would change, and wants it: no limit of the flow's
    /// `[brakes]` stops the run.
    pub async fn run_confirmed(&self, flow: &str, mode: Mode, watch: &dyn Watch) -> Result<Ran, Failure> {
        self.cycle(&self.flow(flow)?.confirmed(), mode, watch).await
    }

    async fn cycle(&self, work: &Flow, mode: Mode, watch: &dyn Watch) -> Result<Ran, Failure> {
        self.may_write()?;
        let flow = work.name();
        let _turn = self.turn.lock().await;
        self.check_before_writing(flow).await?;
        let begun = self.begin(flow).await;
        let span = tracing::info_span!("flow", flow, mode = mode_name(&mode));
        let done = work.cycle(mode, watch).instrument(span).await;
        self.end(flow, begun, done)
    }

    /// Does what a run would do, without writing to the target, and shows it to `visit`.
    pub async fn preview(
        &self,
        flow: &str,
        mode: Mode,
        watch: &dyn Watch,
        visit: &mut (dyn FnMut(Preview) + Send),
    ) -> Result<Ran, Failure> {
        let work = self.flow(flow)?;
        let _turn = self.turn.lock().await;
        let begun = self.begin(flow).await;
        let mut once = Once::default();
        let mut first = |preview: Preview| {
            if once.is_new(&preview) {
                visit(preview);
            }
        };
        let done = work.preview(mode, watch, &mut first).await;
        self.end(flow, begun, done.map(|report| once.correct(report)))
    }

    /// Carries out a plan; what has moved since is left alone and named.
    pub async fn apply(
        &self,
        flow: &str,
        plan: Vec<Planned>,
        watch: &dyn Watch,
    ) -> Result<(Ran, Vec<Moved>), Failure> {
        self.may_write()?;
        let work = self.flow(flow)?;
        let _turn = self.turn.lock().await;
        self.check_before_writing(flow).await?;
        let begun = self.begin(flow).await;
        let (report, moved) = match work.apply(plan, watch).await {
            Ok(carried) => (Ok(carried.report), carried.moved),
            Err(error) => (Err(error), Vec::new()),
        };
        Ok((self.end(flow, begun, report)?, moved))
    }

    /// Everything that is known about one record, read just now.
    pub async fn explain(&self, flow: &str, key: &Key) -> Result<Explanation, Failure> {
        let work = self.flow(flow)?;
        let _turn = self.turn.lock().await;
        work.explain(key).await.map_err(|error| self.failure(flow, error))
    }

    /// Examines both systems.
    pub async fn probe(&self) -> Vec<Finding> {
        let _turn = self.turn.lock().await;
        self.scope.set(Scope { run: "".into(), flow: "doctor".into() });
        let mut findings = Vec::new();
        for probe in &self.probes {
            // Flows share their systems: what was answered for one need not be told again.
            for finding in probe.probe().await {
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        }
        findings
    }

    /// How a flow stands; `None` if that cannot be read or it has never run.
    pub(crate) async fn standing(&self, flow: &str) -> Option<FlowStatus> {
        self.holding.flows(&self.config).await.ok()?.into_iter().find(|status| status.flow == flow)
    }

    /// What is left of each system's daily calls, where the system says so.
    pub(crate) fn quota(&self) -> BTreeMap<&'static str, Allowance> {
        self.calls.quota()
    }

    /// How often the audit log was written to since this was last asked for, and how long that took.
    pub(crate) fn audit_waits(&self) -> Waits {
        self.log.take_waits()
    }

    /// Systems other than this machine are written to only if the configuration says so.
    fn may_write(&self) -> Result<(), Failure> {
        let link = &self.config.link;
        if link.live || link.salesforce.url.is_loopback() {
            return Ok(());
        }
        let reason = format!("this link is not live: {} may not be written to", link.salesforce.url);
        let hint = "when `doctor` is green and `plan` shows what you want, set `live = true` in link.toml";
        Err(crate::config::ConfigError::new(self.config.link_file(), reason).hint(hint).into())
    }

    /// New counts, new tokens: a run should not begin with a session that is about to end.
    async fn begin(&self, flow: &str) -> Duration {
        self.scope.set(Scope { run: "".into(), flow: flow.into() });
        self.calls.take();
        self.room.begin();
        let begun = self.clock.elapsed();
        for renewed in join_all(self.tokens.iter().map(|tokens| tokens.renew())).await {
            // The first call that needs the token meets the same error, and says what it was for.
            if let Err(error) = renewed {
                tracing::info!(%error, "no new token");
            }
        }
        begun
    }

    fn end(&self, flow: &str, begun: Duration, done: Result<Report, FlowError>) -> Result<Ran, Failure> {
        let calls = self.calls.take();
        let took = self.clock.elapsed().saturating_sub(begun);
        match done {
            Ok(report) => Ok(Ran { flow: flow.into(), report, calls, took }),
            Err(error) => Err(self.failure(flow, error)),
        }
    }

    /// What it means for the command that a flow ended in this error; a call that was refused because the log
    /// failed is a failure of the log.
    pub(crate) fn failure(&self, flow: &str, error: FlowError) -> Failure {
        if let Some(broken) = self.log.broken() {
            return Failure::Flow { flow: flow.into(), error: Box::new(broken.into()) };
        }
        match &error {
            FlowError::Source(SourceError::Failed { fault, .. }) if fault.code == crate::stop::STOPPED => {
                Failure::Interrupted
            }
            _ => Failure::Flow { flow: flow.into(), error: Box::new(error) },
        }
    }
}

fn mode_name(mode: &Mode) -> &'static str {
    match mode {
        Mode::Changes => "changes",
        Mode::Full => "full",
        Mode::Keys(_) => "keys",
    }
}
