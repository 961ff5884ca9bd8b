//! One simulation: a phase with faults, crashes and people, then one in which all must come to rest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sync_engine::{ConflictQuery, Desk as _, FlowError, Mode, Unwatched};

use super::checker::{self, Finding, Kind};
use super::process::flow;
use super::side::By;
use super::variant::Variant;
use super::world::{Options, Which, World};
use crate::deciding;
use crate::simulation::scenario::told;

/// What a simulation came to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What must not be.
    pub findings: Vec<Finding>,
    /// What happened to the records that the findings name.
    pub story: Vec<String>,
    /// A digest of everything that happened.
    pub trace: String,
    /// Fields that people changed.
    pub edits: u64,
    /// Fields that the product changed.
    pub effects: u64,
    /// Fields on which both sides moved apart.
    pub conflicts: u64,
    /// How often each fault struck.
    pub faults: BTreeMap<&'static str, u64>,
    /// How often a process was killed at each point.
    pub crashes: BTreeMap<&'static str, u64>,
}

/// Longer than any backoff of a waiting record.
const LONG: Duration = Duration::from_hours(25);

/// Runs the simulation of a seed, in a runtime of its own.
pub fn simulate(seed: u64, variant: Variant) -> Outcome {
    simulate_with(Options::of(seed), variant)
}

/// Runs a simulation of these options.
pub fn simulate_with(options: Options, variant: Variant) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(run(options, variant))
}

async fn run(options: Options, variant: Variant) -> Outcome {
    let world = World::new(options);
    if variant.assumes_failure() {
        // What most products create by is no key that a server enforces.
        world.on(Which::B, |side, _| side.unique = false);
    }
    let mut story = Story { world: world.clone(), variant, processes: 0, findings: Vec::new() };
    story.turbulence().await;
    story.quiet().await;
    let mut findings = story.findings;
    findings.extend(checker::whole_story(&world).await);
    let effects = |by: By| {
        let of =
            |which| world.on(which, |side, _| side.effects.iter().filter(|one| one.by == by).count() as u64);
        of(Which::A) + of(Which::B)
    };
    let all = ConflictQuery { settled: true, ..ConflictQuery::default() };
    let (_, crashes) = world.fuse.counts();
    let story = if findings.is_empty() { Vec::new() } else { checker::story(&world, &findings).await };
    Outcome {
        findings,
        story,
        trace: checker::trace(&world),
        edits: effects(By::Human),
        effects: effects(By::Ours),
        conflicts: world.store.conflicts(&all).await.map_or(0, |all| all.len() as u64),
        faults: world.faults(),
        crashes,
    }
}

struct Story {
    world: Arc<World>,
    variant: Variant,
    processes: u64,
    findings: Vec<Finding>,
}

impl Story {
    async fn turbulence(&mut self) {
        let world = self.world.clone();
        for _ in 0..world.options.rounds {
            for _ in 0..world.dice.below(4) {
                world.people();
            }
            deciding::some(&world.store, &world.dice, &*world.clock).await;
            let order = if world.dice.one_in(4) { [Which::B, Which::A] } else { [Which::A, Which::B] };
            for from in order {
                let crashes = world.options.crashes;
                let killed = crashes > 0 && world.dice.one_in(crashes);
                world.fuse.arm(killed.then(|| world.dice.below(60)));
                world.shut(world.dice.one_in(12).then_some(from));
                let mode = if world.dice.one_in(5) { Mode::Full } else { Mode::Changes };
                if let Some(Err(error)) = self.process(from, mode).await {
                    self.expect_bearable(&error);
                }
                world.shut(None);
            }
            world.pass(Duration::from_secs(1 + world.dice.below(900))).await;
        }
    }

    async fn quiet(&mut self) {
        let world = self.world.clone();
        world.fuse.arm(None);
        world.calm_down().await;
        for _ in 0..4 {
            self.both(&Mode::Changes).await;
            world.pass(LONG).await;
        }
        // What people changed against its owner is put back by sweeps, and how a system stores values is
        // learned by them; all else must have arrived by polling.
        if !world.options.violations && !world.options.capitals {
            self.findings.extend(checker::at_rest(&world).await);
        }
        // A sweep that a crash had interrupted goes on where it was: the next one is whole.
        self.both(&Mode::Full).await;
        self.both(&Mode::Full).await;
        self.both(&Mode::Changes).await;
        self.findings.extend(checker::at_rest(&world).await);
        let count = || {
            let of = |which| world.on(which, |side, _| side.effects.len());
            of(Which::A) + of(Which::B)
        };
        let before = count();
        self.both(&Mode::Changes).await;
        self.both(&Mode::Full).await;
        let written = count() - before;
        if written > 0 {
            let text = format!("an unchanged world cost {written} writes");
            self.findings.push(Finding { kind: Kind::Restless, text });
        }
    }

    async fn both(&mut self, mode: &Mode) {
        for from in [Which::A, Which::B] {
            match self.process(from, mode.clone()).await {
                Some(Ok(())) => {}
                Some(Err(error)) => self.broken(&format!("a run without any fault failed: {}", told(&error))),
                None => self.broken("a run without a crash ended by one"),
            }
        }
    }

    fn broken(&mut self, text: &str) {
        self.findings.push(Finding { kind: Kind::Broken, text: text.to_owned() });
    }

    /// One process: it ends by itself, or is killed.
    async fn process(&mut self, from: Which, mode: Mode) -> Option<Result<(), FlowError>> {
        self.processes += 1;
        let flow = flow(&self.world, from, self.variant, self.processes);
        let run = async { flow.cycle(mode, &Unwatched).await.map(drop) };
        self.world.fuse.outlived(run).await
    }

    fn expect_bearable(&mut self, error: &FlowError) {
        if matches!(error, FlowError::State(_) | FlowError::Audit(_) | FlowError::Contract { .. }) {
            self.broken(&format!("a run failed by itself: {}", told(error)));
        }
    }
}
