//! Both flows over a world in which nothing changes.

use std::sync::Arc;

use sync_engine::{Brakes, Limit, Mode, Report, Unwatched};

use super::process::flow;
use super::variant::Variant;
use super::world::{Options, Which, World};

/// One run over it.
#[derive(Debug, Clone)]
pub struct Run {
    /// Which flow and mode.
    pub what: String,
    /// Whether it had to link the pairs first.
    pub first: bool,
    /// What it did.
    pub report: Report,
    /// How often it went to one of the systems.
    pub calls: u64,
    /// How many fields changed in either system meanwhile.
    pub effects: u64,
}

/// Links all rows of the options' world, then runs both flows over it in both modes.
pub fn unchanged(options: Options) -> Vec<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let world = World::new(options);
        world.calm_down().await;
        let mut told = Vec::new();
        let modes = [(true, Mode::Changes), (false, Mode::Changes), (false, Mode::Full)];
        for (number, (first, mode)) in (1..).zip(modes) {
            for from in [Which::A, Which::B] {
                told.push(one(&world, from, (first, mode.clone()), number).await);
            }
        }
        told
    })
}

async fn one(world: &Arc<World>, from: Which, (first, mode): (bool, Mode), number: u64) -> Run {
    let mut parts = flow(world, from, Variant::None, number).parts().clone();
    let limit = Limit { records: u64::MAX, percent: 5 };
    parts.settings.brakes = Brakes { changes: limit, ..Brakes::default() };
    let calls = |world: &World| world.fuse.counts().0.get("call").copied().unwrap_or(0);
    let effects = |world: &World| {
        let of = |which| world.on(which, |side, _| side.effects.len() as u64);
        of(Which::A) + of(Which::B)
    };
    let (before, changed) = (calls(world), effects(world));
    let what = format!("{} {mode:?}", parts.name);
    let report = sync_engine::Flow::new(parts).cycle(mode, &Unwatched).await.expect("a run without faults");
    Run { what, first, report, calls: calls(world) - before, effects: effects(world) - changed }
}
