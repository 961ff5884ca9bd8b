//! B11, B12 and B13: the same world told twice, with one thing otherwise, ends the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mapping::{Entity, ExternalId, FieldName, Step, TargetId};
use sync_engine::{Lookup, Mode, Receipt, Sink, SinkError, Unwatched};

use super::people;
use super::story::Story;
use crate::simulation::journal::OBJECTS;
use crate::simulation::options::{Dice, Options};
use crate::simulation::variant::Variant;
use crate::simulation::world::World;

/// What both systems show in the end, by kind and key, without the ids that each of them gives out.
pub type Contents = BTreeMap<(String, String), BTreeMap<String, String>>;

/// A world of a seed in which nothing goes wrong and people act between runs only.
pub fn calm(seed: u64, shuffled: bool) -> Options {
    let mut options = Options::mission(seed);
    options.ifs_faults.clear();
    options.salesforce_faults.clear();
    if let Some(mission) = &mut options.mission {
        mission.skew = [0, 0];
        mission.orphans = 0;
        mission.shuffled = shuffled;
    }
    options
}

fn alone<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

/// B11: planned writes that do not depend on one another may be sent in any order.
pub fn b11_order_independence(seed: u64) -> Vec<String> {
    let [one, other] = [false, true].map(|shuffled| alone(told(calm(seed, shuffled), false)));
    let mut findings = one.0;
    findings.extend(other.0);
    findings.extend(differing("B11", &one.1, &other.1));
    findings
}

/// B13: two workers that take a flow from one another end as one worker does.
pub fn b13_two_workers(seed: u64) -> Vec<String> {
    let one = alone(told(calm(seed, false), false));
    let two = alone(told(calm(seed, false), true));
    let mut findings = one.0;
    findings.extend(two.0);
    findings.extend(differing("B13", &one.1, &two.1));
    findings
}

/// People work in IFS between two runs, and perhaps each flow is taken over while it runs; what both
/// systems show in the end.
async fn told(options: Options, rivals: bool) -> (Vec<String>, Contents) {
    let world = World::new(options);
    world.calm_down();
    let mut story = Story::new(world.clone(), Variant::None);
    for _ in 0..2 {
        let flows = story.process();
        if rivals {
            for (flow, number) in flows.iter().zip(1..) {
                let after = Duration::from_millis(number * 150);
                Box::pin(story.rivals(flow, Mode::Changes, after)).await;
            }
        } else {
            story.all(&flows, &Mode::Changes).await;
        }
        people::in_ifs(&world, 8);
    }
    story.quiet().await;
    (story.findings, contents(&world))
}

/// What the search for crash points came to.
#[derive(Debug, Default)]
pub struct Points {
    /// What was found.
    pub findings: Vec<String>,
    /// How many points a process was killed at.
    pub killed: u64,
    /// How often at each.
    pub crashes: BTreeMap<&'static str, u64>,
}

/// B12: killed at any point, a process is taken over by the next one as if nothing had been; and killed
/// again, by the one after it. The point is moved on by `stride` until a run gets by without.
pub fn b12_idempotent_restart(seed: u64, stride: u64) -> Points {
    let undisturbed = alone(restarted(seed, &[])).contents;
    let mut all = Points::default();
    let mut point: u64 = 0;
    loop {
        // The second process ends somewhere else, sooner or later than the first one did.
        let second = point.wrapping_mul(7) % 97;
        for kills in [vec![point], vec![point, second]] {
            let restarted = alone(restarted(seed, &kills));
            if restarted.killed == 0 {
                return all;
            }
            all.killed += restarted.killed;
            for (name, count) in restarted.crashes {
                *all.crashes.entry(name).or_default() += count;
            }
            let name = format!("B12 (killed at {kills:?})");
            all.findings.extend(restarted.findings.into_iter().map(|finding| format!("{name}: {finding}")));
            all.findings.extend(differing(&name, &undisturbed, &restarted.contents));
        }
        point += stride.max(1);
    }
}

struct Restarted {
    findings: Vec<String>,
    contents: Contents,
    killed: u64,
    crashes: BTreeMap<&'static str, u64>,
}

/// The first load, its processes killed at these points one after the other.
async fn restarted(seed: u64, kills: &[u64]) -> Restarted {
    let world = World::new(calm(seed, false));
    world.calm_down();
    let mut story = Story::new(world.clone(), Variant::None);
    let mut killed = 0;
    for kill in kills {
        let flows = story.process();
        world.fuse.arm(Some(*kill));
        for flow in &flows {
            if world.fuse.outlived(flow.cycle(Mode::Changes, &Unwatched)).await.is_none() {
                killed += 1;
                break;
            }
        }
    }
    world.fuse.arm(None);
    story.quiet().await;
    let (_, crashes) = world.fuse.counts();
    Restarted { findings: story.findings, contents: contents(&world), killed, crashes }
}

fn differing(name: &str, one: &Contents, other: &Contents) -> Vec<String> {
    let keys: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let unlike = keys.into_iter().filter(|key| one.get(*key) != other.get(*key));
    unlike.map(|key| format!("{name}: {key:?} is {:?} and {:?}", one.get(key), other.get(key))).collect()
}

fn contents(world: &World) -> Contents {
    let mut contents = Contents::new();
    for object in OBJECTS {
        for record in world.salesforce.records(object).iter().filter(|record| !record.deleted) {
            let own = |name: &str| {
                name.ends_with("Id") || matches!(name, "OrderNumber" | "OrderItemNumber" | "ContactNumber")
            };
            let fields = record.fields().into_iter().filter(|(name, _)| !own(name));
            let fields = fields.map(|(name, text)| (name.to_owned(), text)).collect();
            contents.insert((object.into(), record.text("IFS_Key__c").unwrap_or_default()), fields);
        }
    }
    for row in world.ifs.rows_of("CustomerInfo") {
        let fields = row.fields().into_iter().filter(|(name, _)| *name != "ModifiedDate");
        let fields = fields.map(|(name, text)| (name.to_owned(), text)).collect();
        contents.insert(("CustomerInfo".into(), row.key().to_string()), fields);
    }
    contents
}

/// Sends the steps of each call in another order, and gives their receipts back in the old one.
#[derive(Debug)]
pub struct Shuffled {
    inner: Arc<dyn Sink>,
    dice: Dice,
}

impl Shuffled {
    /// `inner`, with the order of a seed.
    pub fn new(inner: Arc<dyn Sink>, seed: u64) -> Self {
        Self { inner, dice: Dice::new(seed) }
    }
}

#[async_trait]
impl Sink for Shuffled {
    async fn find(
        &self,
        entity: &Entity,
        ids: &[ExternalId],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        self.inner.find(entity, ids, fields).await
    }

    async fn take_up(&self) -> Result<Vec<(Entity, Receipt)>, SinkError> {
        self.inner.take_up().await
    }

    async fn apply(&self, steps: Vec<Step>) -> Result<Vec<Receipt>, SinkError> {
        let mut drawn: Vec<(u64, usize, Step)> = Vec::with_capacity(steps.len());
        for (place, step) in steps.into_iter().enumerate() {
            drawn.push((self.dice.below(u64::MAX), place, step));
        }
        drawn.sort_by_key(|(chance, place, _)| (*chance, *place));
        let places: Vec<usize> = drawn.iter().map(|(_, place, _)| *place).collect();
        let receipts = self.inner.apply(drawn.into_iter().map(|(_, _, step)| step).collect()).await?;
        let mut receipts: Vec<(usize, Receipt)> = places.into_iter().zip(receipts).collect();
        receipts.sort_by_key(|(place, _)| *place);
        Ok(receipts.into_iter().map(|(_, receipt)| receipt).collect())
    }

    async fn find_unnamed(
        &self,
        entity: &Entity,
        pairs: &[(ExternalId, TargetId)],
        fields: &[FieldName],
    ) -> Result<Vec<Lookup>, SinkError> {
        self.inner.find_unnamed(entity, pairs, fields).await
    }

    async fn fingerprint(&self) -> Result<Option<String>, SinkError> {
        self.inner.fingerprint().await
    }

    fn may_double(&self, entity: &Entity) -> bool {
        self.inner.may_double(entity)
    }
}
