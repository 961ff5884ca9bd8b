//! The clockwork: one task that owns what the daemon knows, begins runs at their time and takes what is
//! asked for. Everything else talks to it by messages.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use wire::Clock;

use super::alert::Alerts;
use super::ask::{Answer, Ask};
use super::link_state::LinkState;
use super::loans::Loan;
use super::log_pipe::LogPipe;
use super::metrics::{self, Row};
use super::names::{FlowId, LinkId};
use super::stamp::Stamp;
use super::worker::{Done, Failed, Task, Worker};
use crate::config::DaemonFile;
use crate::exit::Exit;
use crate::mappers::Mappers;
use crate::stop::Stop;

/// The longest the clockwork sleeps: so long at most goes a wall clock that was moved unnoticed.
const NAP: Duration = Duration::from_secs(30);
/// How often it is looked whether a run has had its turn while others wait.
const LOOK: Duration = Duration::from_secs(1);
/// A wall clock that differs by more than this from the monotonic one was moved.
const MOVED: SignedDuration = SignedDuration::from_secs(5);
/// How many messages may wait.
const WAITING: usize = 256;

/// What the clockwork is told.
#[derive(Debug)]
pub(crate) enum Message {
    /// A run has ended.
    Done(FlowId, Box<Done>),
    /// A system told that something changed.
    Told(FlowId),
    /// Somebody asks for something.
    Ask(Ask, oneshot::Sender<Answer>),
    /// How the files look now.
    Looked(Vec<(PathBuf, Stamp)>),
    /// Somebody wants all metrics.
    Measure(oneshot::Sender<Vec<Row>>),
}

/// The clockwork.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// The folder that the daemon was started on.
    pub(crate) root: PathBuf,
    /// How it runs.
    pub(crate) settings: DaemonFile,
    /// Its links.
    pub(crate) links: BTreeMap<LinkId, LinkState>,
    /// Who is told when something is wrong.
    pub(crate) alerts: Alerts,
    /// Where log lines go.
    pub(crate) log: LogPipe,
    /// How much no collector took.
    pub(crate) telemetry_lost: Arc<AtomicU64>,
    /// Since when it runs.
    pub(crate) since: Timestamp,
    /// Whether nothing new begins.
    pub(crate) draining: bool,
    /// How often the wall clock was moved.
    pub(crate) moved: u64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) worker: Arc<dyn Worker>,
    pub(super) mappers: Mappers,
    stop: Stop,
    /// When it is, the flow's place in its link, the number of the plan.
    timetable: BinaryHeap<Reverse<(Timestamp, usize, u64, FlowId)>>,
    /// Flows whose time has come and that wait for their turn, in the order in which it came.
    pub(super) ready: VecDeque<FlowId>,
    pub(super) running: BTreeSet<FlowId>,
    /// Links that commands have borrowed.
    pub(super) loans: BTreeMap<LinkId, Loan>,
    pub(super) sender: mpsc::Sender<Message>,
    inbox: mpsc::Receiver<Message>,
    seen: (Timestamp, Duration),
    pub(super) looked: Duration,
    /// When it was last examined whether somebody has to be told; `None` makes it due.
    pub(crate) watched: Option<Duration>,
}

/// What a clockwork is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The folder that the daemon was started on.
    pub(crate) root: PathBuf,
    /// How it runs.
    pub(crate) settings: DaemonFile,
    /// Mappers of the embedding program.
    pub(crate) mappers: Mappers,
    /// Ends it.
    pub(crate) stop: Stop,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Runs flows.
    pub(crate) worker: Arc<dyn Worker>,
    /// Who is told.
    pub(crate) alerts: Alerts,
    /// Where log lines go.
    pub(crate) log: LogPipe,
    /// How much no collector took.
    pub(crate) telemetry_lost: Arc<AtomicU64>,
}

impl Keeper {
    /// A clockwork over the links of its folder, read now.
    pub(crate) fn new(parts: Parts) -> std::io::Result<Self> {
        let (sender, inbox) = mpsc::channel(WAITING);
        let (now, elapsed) = (parts.clock.now(), parts.clock.elapsed());
        let mut keeper = Self {
            root: parts.root,
            settings: parts.settings,
            links: BTreeMap::new(),
            alerts: parts.alerts,
            log: parts.log,
            telemetry_lost: parts.telemetry_lost,
            since: now,
            draining: false,
            moved: 0,
            clock: parts.clock,
            worker: parts.worker,
            mappers: parts.mappers,
            stop: parts.stop,
            timetable: BinaryHeap::new(),
            ready: VecDeque::new(),
            running: BTreeSet::new(),
            loans: BTreeMap::new(),
            sender,
            inbox,
            seen: (now, elapsed),
            looked: elapsed,
            watched: None,
        };
        keeper.reload()?;
        Ok(keeper)
    }

    /// Where messages go.
    pub(crate) fn sender(&self) -> mpsc::Sender<Message> {
        self.sender.clone()
    }

    /// Runs until it is stopped; ends with [`Exit::Ok`] if every run came to its end in time.
    pub(crate) async fn run(mut self) -> Exit {
        let mut deadline = None;
        loop {
            self.notice_moved_clock();
            self.end_old_loans();
            self.begin_due();
            self.watch();
            if self.draining && self.running.is_empty() {
                return Exit::Ok;
            }
            let elapsed = self.clock.elapsed();
            if self.draining && elapsed >= *deadline.get_or_insert(elapsed + self.settings.drain.0) {
                tracing::warn!(
                    runs = self.running.len(),
                    "runs did not end in time; the next start settles what they left open"
                );
                return Exit::Interrupted;
            }
            let nap = self.nap(deadline);
            let clock = self.clock.clone();
            let stop = self.stop.clone();
            tokio::select! {
                biased;
                () = stop.asked(), if !self.draining => self.drain(),
                message = self.inbox.recv() => {
                    if let Some(message) = message {
                        self.take(message);
                    }
                }
                () = clock.sleep(nap) => self.look_again(),
            }
        }
    }

    /// Nothing new begins.
    pub(crate) fn drain(&mut self) {
        tracing::info!(runs = self.running.len(), "no further run begins");
        self.draining = true;
        self.ready.clear();
        self.stop.ask();
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Done(id, done) => self.ended(&id, *done),
            // Which records it is about is known to the flow's source.
            Message::Told(id) => drop(self.told(&id, Vec::new())),
            Message::Ask(ask, reply) => {
                // Whoever asked may have gone away.
                let _ = reply.send(self.answer(ask));
            }
            Message::Looked(looks) => self.looked(looks),
            // Whoever asked may have gone away.
            Message::Measure(reply) => drop(reply.send(metrics::rows(self))),
        }
    }

    /// How long nothing is to do.
    fn nap(&self, deadline: Option<Duration>) -> Duration {
        let now = self.clock.now();
        let until = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
        let next = self.timetable.peek().map_or(NAP, |Reverse((at, ..))| until(*at));
        let drained = deadline.map_or(NAP, |end| end.saturating_sub(self.clock.elapsed()));
        let turn = if self.ready.is_empty() { NAP } else { LOOK };
        next.min(NAP).min(turn).min(drained).min(self.settings.look.0).max(Duration::from_millis(1))
    }

    /// After a jump of the wall clock every plan is made anew: no run waits for a time that was a mistake.
    fn notice_moved_clock(&mut self) {
        let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
        let passed = elapsed.saturating_sub(self.seen.1);
        let by = now
            .duration_since(self.seen.0)
            .saturating_sub(SignedDuration::try_from(passed).unwrap_or_default());
        self.seen = (now, elapsed);
        if by.abs() > MOVED {
            tracing::warn!(by = %format!("{by:#}"), "the wall clock was moved; every run is planned anew");
            self.moved += 1;
            self.plan_all();
        }
    }

    /// Plans every flow anew.
    pub(crate) fn plan_all(&mut self) {
        self.timetable.clear();
        let ids: Vec<FlowId> = self.flow_ids().collect();
        for id in ids {
            self.plan(&id);
        }
    }

    /// All flows.
    pub(crate) fn flow_ids(&self) -> impl Iterator<Item = FlowId> + '_ {
        self.links.iter().flat_map(|(link, state)| {
            state.flows.keys().map(|flow| FlowId { link: link.clone(), flow: flow.clone() })
        })
    }

    /// Plans the next run of a flow.
    pub(crate) fn plan(&mut self, id: &FlowId) {
        let now = self.clock.now();
        let Some(link) = self.links.get_mut(&id.link) else { return };
        let gone = link.gone;
        let Some(flow) = link.flows.get_mut(&id.flow).filter(|flow| flow.running.is_none()) else { return };
        if let Some((at, generation)) = flow.plan(now).filter(|_| !gone) {
            self.timetable.push(Reverse((at, flow.rank, generation, id.clone())));
        }
    }

    /// Puts a flow into the queue of those whose time has come.
    pub(crate) fn queue(&mut self, id: FlowId) {
        if !self.ready.contains(&id) {
            self.ready.push_back(id);
        }
    }

    fn begin_due(&mut self) {
        let now = self.clock.now();
        while let Some(Reverse((at, _, generation, id))) = self.timetable.peek() {
            if *at > now {
                break;
            }
            let current = self.links.get(&id.link).and_then(|link| link.flows.get(&id.flow));
            let valid = current.is_some_and(|flow| flow.generation == *generation);
            let id = id.clone();
            self.timetable.pop();
            if valid {
                self.queue(id);
            }
        }
        self.begin_ready(now);
    }

    pub(super) fn begin(&mut self, id: &FlowId, now: Timestamp) -> bool {
        let Some(link) = self.links.get_mut(&id.link).filter(|link| !link.gone) else { return false };
        let (Some(config), revision) = (link.config.clone(), link.revision) else { return false };
        let Some(flow) = link.flows.get_mut(&id.flow) else { return false };
        let Some((mode, why)) = flow.due(now) else { return false };
        tracing::info!(link = %id.link, flow = %id.flow, %why, "run begins");
        let live = flow.begin(&mode, why.clone(), (now, self.clock.elapsed()));
        let keys = flow.running.iter().flat_map(|running| running.keys.iter().cloned()).collect();
        link.busy = true;
        link.remember();
        self.running.insert(id.clone());
        let task = Task { id: id.clone(), config, revision, mode, live, keys, why };
        let (worker, sender, id) = (self.worker.clone(), self.sender.clone(), id.clone());
        tokio::spawn(async move {
            // In a task of its own: a defect in one run ends that run.
            let done = match tokio::spawn(async move { worker.run(task).await }).await {
                Ok(done) => done,
                Err(_) => Done::failed(Failed::panicked()),
            };
            // The clockwork is gone only when the daemon has ended.
            let _ = sender.send(Message::Done(id, Box::new(done))).await;
        });
        true
    }

    fn ended(&mut self, id: &FlowId, done: Done) {
        self.running.remove(id);
        let now = self.clock.now();
        match &done.result {
            Ok(ran) => tracing::info!(link = %id.link, flow = %id.flow, read = ran.report.read,
                written = ran.report.written(), waiting = ran.report.parked, "run ended"),
            Err(failed) if failed.exit == Exit::Interrupted => {
                tracing::info!(link = %id.link, flow = %id.flow, "run stopped between two pages");
            }
            Err(failed) => tracing::warn!(link = %id.link, flow = %id.flow, error = failed.chain.join(": "),
                hint = failed.hint, "run failed"),
        }
        if let Some(link) = self.links.get_mut(&id.link) {
            link.busy = false;
            if let Some(flow) = link.flows.get_mut(&id.flow) {
                flow.end(done, now);
            }
            link.remember();
            if link.gone {
                self.links.remove(&id.link);
            }
        }
        let flow = self.links.get(&id.link).and_then(|link| link.flows.get(&id.flow));
        if flow.is_some_and(|flow| flow.unfinished.is_some() || flow.asked.is_some()) {
            self.queue_unfinished(id.clone());
        }
        self.plan(id);
        self.listen(id);
        self.watched = None;
    }
}
