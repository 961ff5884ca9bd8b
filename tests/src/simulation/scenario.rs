//! One simulation: a phase with faults and crashes, then a phase in which everything must settle.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sync_engine::{FlowError, Mode, Report, Unwatched};

use super::checker::{self, Checker};
use super::options::Options;
use super::process::flow;
use super::variant::Variant;
use super::world::World;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(pub String);

/// What a simulation came to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What was found; nothing, if all is well.
    pub findings: Vec<Finding>,
    /// What happened to the records that the findings name.
    pub story: Vec<String>,
    /// A digest of everything that happened on both sides and on record.
    pub trace: String,
    /// Calls that reached a system.
    pub calls: u64,
    /// Writes that took effect.
    pub effects: u64,
    /// Runs that were begun.
    pub runs: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// How often each fault struck.
    pub faults: BTreeMap<&'static str, u64>,
    /// How often a process was killed at each point.
    pub crashes: BTreeMap<&'static str, u64>,
    /// What runs met, and how often.
    pub sights: BTreeMap<&'static str, u64>,
}

/// Longer than any backoff of a waiting record.
const LONG: Duration = Duration::from_hours(25);
/// So many quiet runs let everything settle.
const QUIET: u32 = 4;

/// Runs the simulation of a seed, in a runtime of its own.
pub fn simulate(seed: u64, variant: Variant) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(run(Options::of(seed), variant))
}

async fn run(options: Options, variant: Variant) -> Outcome {
    let world = World::new(options);
    let begun = world.clock.elapsed();
    let mut story = Story { world: world.clone(), variant, processes: 0, findings: Vec::new() };
    story.turbulence().await;
    story.quiet().await;
    let mut findings = story.findings;
    findings.extend(Checker::new(&world).whole_story().await);
    let (_, crashes) = world.fuse.counts();
    Outcome {
        findings: findings.into_iter().map(Finding).collect(),
        trace: checker::trace(&world),
        calls: world.ifs_gate.journal().calls + world.salesforce_gate.journal().calls,
        effects: world.salesforce.effects().len() as u64,
        runs: story.processes,
        simulated: world.clock.elapsed().saturating_sub(begun),
        faults: world.faults(),
        crashes,
        ..Outcome::default()
    }
}

struct Story {
    world: Arc<World>,
    variant: Variant,
    processes: u64,
    findings: Vec<String>,
}

impl Story {
    /// Runs with faults, people and crashes.
    async fn turbulence(&mut self) {
        let world = self.world.clone();
        for _ in 0..world.options.rounds {
            world.people_edit();
            let dice = &world.dice;
            world.fuse.arm(dice.one_in(world.options.crashes).then(|| dice.below(60)));
            let locks = if dice.one_in(3) { u32::try_from(dice.below(40)).unwrap_or(0) } else { 0 };
            world.salesforce.switch(|switches| switches.locked_rows = locks);
            let mode = match dice.below(6) {
                0 => Mode::Full,
                _ => Mode::Changes,
            };
            if let Some(Err(error)) = self.process(mode).await {
                self.expect_bearable(&error);
            }
            world.clock.sleep(Duration::from_secs(1 + dice.below(world.options.pause))).await;
        }
    }

    /// Faults and people are gone: everything must settle, and then nothing may be written.
    async fn quiet(&mut self) {
        let world = self.world.clone();
        world.calm_down();
        world.fuse.arm(None);
        // What still may land, lands.
        world.clock.sleep(Duration::from_mins(20)).await;
        world.ifs_gate.settle();
        world.salesforce_gate.settle();
        for _ in 0..QUIET {
            self.must_run(Mode::Changes).await;
            world.clock.sleep(LONG).await;
        }
        if !world.options.owned_edits {
            self.findings.extend(Checker::new(&world).both_sides_agree("after polling").await);
        }
        // A sweep that a crash had interrupted goes on where it was, and says so: people may have
        // meddled with what lies before that point since.
        if self.must_run(Mode::Full).await.is_some_and(|report| report.resumed) {
            self.must_run(Mode::Full).await;
        }
        self.findings.extend(Checker::new(&world).both_sides_agree("after a sweep").await);
        for mode in [Mode::Changes, Mode::Full] {
            let before = world.salesforce.effects().len();
            let report = self.must_run(mode.clone()).await;
            let written = world.salesforce.effects().len() - before;
            if written > 0 || report.is_some_and(|report| report.written() > 0) {
                self.findings.push(format!("an unchanged world cost {written} writes in a run of {mode:?}"));
            }
        }
    }

    async fn must_run(&mut self, mode: Mode) -> Option<Report> {
        match self.process(mode).await {
            Some(Ok(report)) => Some(report),
            Some(Err(error)) => {
                self.findings.push(format!("a run without any fault failed: {}", told(&error)));
                None
            }
            None => {
                self.findings.push("a run without a crash ended by one".into());
                None
            }
        }
    }

    /// One process: it ends by itself, or is killed.
    async fn process(&mut self, mode: Mode) -> Option<Result<Report, FlowError>> {
        self.processes += 1;
        let flow = flow(&self.world, self.variant, self.processes);
        self.world.fuse.outlived(flow.cycle(mode, &Unwatched)).await
    }

    /// A run may fail because of faults; it may not find its own parts broken.
    fn expect_bearable(&mut self, error: &FlowError) {
        if matches!(error, FlowError::State(_) | FlowError::Audit(_) | FlowError::Contract { .. }) {
            self.findings.push(format!("a run failed by itself: {}", told(error)));
        }
    }
}

pub(crate) fn told(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", told(source)),
        None => error.to_string(),
    }
}
