//! One simulation of the whole mission: a phase with faults, crashes and people, then one in which all must
//! come to rest, then one in which every change must arrive soon.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sync_engine::{Flow, FlowError, Mode, Report, StateError, Unwatched};

use super::checks;
use super::flows::flows;
use super::people;
use crate::deciding;
use crate::simulation::options::Options;
use crate::simulation::scenario::{Finding, Outcome};
use crate::simulation::variant::Variant;
use crate::simulation::world::World;

/// Longer than any backoff of a waiting record.
const LONG: Duration = Duration::from_hours(25);
/// So many quiet rounds let everything settle.
const QUIET: u32 = 3;
/// A process passes about so many points at most before it is killed.
const POINTS: u64 = 260;

/// Runs the simulation of a seed, in a runtime of its own.
pub fn simulate(seed: u64, variant: Variant) -> Outcome {
    simulate_with(Options::mission(seed), variant)
}

/// Runs a simulation of these options.
pub fn simulate_with(options: Options, variant: Variant) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(run(options, variant))
}

async fn run(options: Options, variant: Variant) -> Outcome {
    let world = World::new(options);
    let begun = world.clock.elapsed();
    let mut story = Story::new(world.clone(), variant);
    Box::pin(story.turbulence()).await;
    let flows = story.quiet().await;
    story.unchanged(&flows).await;
    story.freshness(&flows).await;
    let Story { mut findings, sights, processes, .. } = story;
    findings.extend(checks::whole_story(&world).await);
    let (_, crashes) = world.fuse.counts();
    Outcome {
        story: if findings.is_empty() { Vec::new() } else { checks::story(&world, &findings).await },
        findings: findings.into_iter().map(Finding).collect(),
        trace: checks::trace(&world),
        calls: world.ifs_gate.journal().calls + world.salesforce_gate.journal().calls,
        effects: world.journal.writes(),
        runs: processes,
        simulated: world.clock.elapsed().saturating_sub(begun),
        faults: world.faults(),
        crashes,
        sights,
    }
}

/// What happens in a world, and what is found.
pub(crate) struct Story {
    pub(crate) world: Arc<World>,
    pub(crate) findings: Vec<String>,
    variant: Variant,
    processes: u64,
    sights: BTreeMap<&'static str, u64>,
}

impl Story {
    pub(crate) fn new(world: Arc<World>, variant: Variant) -> Self {
        Self { world, variant, processes: 0, findings: Vec::new(), sights: BTreeMap::new() }
    }

    /// Rounds with faults, people and crashes.
    async fn turbulence(&mut self) {
        let world = self.world.clone();
        let mission = world.options.mission.clone();
        let rivals = mission.map_or(0, |mission| mission.rivals);
        for _ in 0..world.options.rounds {
            world.people_edit();
            deciding::some(&world.store, &world.dice, &*world.clock).await;
            let dice = &world.dice;
            world.fuse.arm(dice.one_in(world.options.crashes).then(|| dice.below(POINTS)));
            let locks = if dice.one_in(4) { u32::try_from(dice.below(12)).unwrap_or(0) } else { 0 };
            world.salesforce.switch(|switches| switches.locked_rows = locks);
            let rival = rivals > 0 && dice.one_in(rivals);
            Box::pin(self.round(rival)).await;
            world.clock.sleep(Duration::from_secs(1 + dice.below(world.options.pause))).await;
        }
    }

    /// One process runs the flows in their order, until it ends or is killed.
    async fn round(&mut self, rival: bool) {
        let world = self.world.clone();
        let flows = self.process();
        for flow in &flows {
            if world.dice.one_in(6) {
                continue;
            }
            let mode = if world.dice.one_in(5) { Mode::Full } else { Mode::Changes };
            if rival && world.dice.one_in(3) {
                let after = Duration::from_millis(world.dice.below(3_000));
                Box::pin(self.rivals(flow, mode, after)).await;
            } else {
                match world.fuse.outlived(flow.cycle(mode, &Unwatched)).await {
                    None => return,
                    Some(Err(error)) => self.findings.extend(checks::b14_is_bearable(&error)),
                    Some(Ok(report)) => self.saw(&report),
                }
            }
        }
    }

    /// Another process takes a flow over while it runs here, which notices at its next commit.
    pub(crate) async fn rivals(&mut self, flow: &Flow, mode: Mode, after: Duration) {
        let world = self.world.clone();
        let others = self.process();
        let Some(other) = others.iter().find(|other| other.name() == flow.name()) else { return };
        let late = async {
            world.clock.sleep(after).await;
            other.cycle(Mode::Changes, &Unwatched).await
        };
        let both = futures::future::join(flow.cycle(mode, &Unwatched), late);
        let Some((first, second)) = Box::pin(world.fuse.outlived(both)).await else { return };
        *self.sights.entry("rivals").or_default() += 1;
        for done in [first, second] {
            match done {
                Err(FlowError::State(StateError::Fenced { .. })) => {
                    *self.sights.entry("fenced").or_default() += 1;
                }
                Err(error) => self.findings.extend(checks::b14_is_bearable(&error)),
                Ok(report) => self.saw(&report),
            }
        }
    }

    /// All flows of a new process.
    pub(crate) fn process(&mut self) -> Vec<Flow> {
        self.processes += 1;
        flows(&self.world, self.variant, self.processes)
    }

    /// Faults and people are gone: everything settles. Gives the flows of the process that saw to it.
    pub(crate) async fn quiet(&mut self) -> Vec<Flow> {
        let world = self.world.clone();
        world.calm_down();
        world.fuse.arm(None);
        // What still may land, lands.
        world.clock.sleep(Duration::from_mins(20)).await;
        world.ifs_gate.settle();
        world.salesforce_gate.settle();
        let flows = self.process();
        for _ in 0..QUIET {
            self.all(&flows, &Mode::Changes).await;
            world.clock.sleep(LONG).await;
        }
        // A sweep that a crash had interrupted goes on where it was, and an order may come before the
        // Account that a sweep makes anew: the next one is whole.
        self.all(&flows, &Mode::Full).await;
        world.clock.sleep(LONG).await;
        self.all(&flows, &Mode::Full).await;
        self.all(&flows, &Mode::Changes).await;
        self.findings.extend(checks::at_rest(&world).await);
        flows
    }

    /// An unchanged world is not written to.
    async fn unchanged(&mut self, flows: &[Flow]) {
        let world = self.world.clone();
        for mode in [Mode::Changes, Mode::Full] {
            let before = world.journal.changes().len();
            let reports = self.all(flows, &mode).await;
            let changes = world.journal.changes();
            let written: Vec<_> = changes.get(before..).unwrap_or_default().to_vec();
            self.findings.extend(checks::b4_quiescence(&mode, &reports, &written));
        }
    }

    /// Without faults every change of people arrives within one round.
    async fn freshness(&mut self, flows: &[Flow]) {
        let world = self.world.clone();
        let findings = checks::waiting(&world).await;
        for _ in 0..3 {
            people::fresh(&world);
        }
        // Longer than both systems need until they tell what has changed.
        world.clock.sleep(Duration::from_mins(4)).await;
        self.all(flows, &Mode::Changes).await;
        self.findings.extend(checks::b15_bounded_staleness(&world, &findings).await);
    }

    /// All flows, which must end well.
    pub(crate) async fn all(&mut self, flows: &[Flow], mode: &Mode) -> Vec<Report> {
        let mut reports = Vec::with_capacity(flows.len());
        for flow in flows {
            match self.world.fuse.outlived(flow.cycle(mode.clone(), &Unwatched)).await {
                Some(Ok(report)) => {
                    self.saw(&report);
                    reports.push(report);
                }
                Some(Err(error)) => self.findings.push(checks::b14_ends_well(flow.name(), &error)),
                None => self.findings.push("B14: a run without a crash ended by one".into()),
            }
        }
        reports
    }

    /// Counts what runs met: a simulation in which something never happens says nothing about it.
    fn saw(&mut self, report: &Report) {
        let figures = [
            ("created", report.created),
            ("updated", report.updated),
            ("restored", report.restored),
            ("removed", report.removed),
            ("gone", report.gone),
            ("absorbed", report.absorbed),
            ("left", report.left),
            ("conflicts", report.conflicts),
            ("rewritten", report.rewritten),
            ("remerged", report.remerged),
            ("parked", report.parked),
            ("released", report.released),
            ("settled", report.settled),
            ("restarted", u64::from(report.restarted)),
            ("resumed", u64::from(report.resumed)),
        ];
        for (name, count) in figures {
            *self.sights.entry(name).or_default() += count;
        }
    }
}
