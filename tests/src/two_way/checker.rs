//! Looks at both systems' journals and says what must not be. It shares no code with the engine: what
//! each side must show is written down here a second time.

use std::collections::{BTreeMap, BTreeSet};

use audit::{AuditLog as _, Event, Query, Sealed};
use futures::TryStreamExt as _;
use sync_engine::{Conflict, ConflictQuery, Desk as _, ParkedQuery};

use super::side::{By, Effect, Row};
use super::world::{Which, World};
use crate::simulation::world::log_digest;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// What, in words.
    pub text: String,
}

/// What must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One record has two counterparts.
    Duplicate,
    /// What somebody typed is gone, and nobody was told.
    Lost,
    /// Both sides differ at rest, and nobody was told.
    Apart,
    /// Something is written that nobody asked for.
    Foreign,
    /// An unchanged world is written to.
    Restless,
    /// A record was removed that should have stayed.
    Removed,
    /// The record of what happened has gaps.
    Untold,
    /// The product found its own parts broken.
    Broken,
}

fn finding(kind: Kind, text: String) -> Finding {
    Finding { kind, text }
}

/// Fields of the first system, of the second, and whose they are.
const FIELDS: [(&str, &str, Owner); 4] = [
    ("Name", "Name", Owner::First),
    ("Phone", "Phone", Owner::Both),
    ("City", "BillingCity", Owner::Both),
    ("Rating", "Rating__c", Owner::Second),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    First,
    Second,
    Both,
}

/// Both sides show the same, or somebody was told why not.
pub async fn at_rest(world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (first, second) =
        (world.on(Which::A, |side, _| side.clone()), world.on(Which::B, |side, _| side.clone()));
    for key in first.doubled().into_iter().chain(second.doubled()) {
        findings.push(finding(Kind::Duplicate, format!("{key} is there twice")));
    }
    let told = Told::of(world).await;
    for row in first.live() {
        match second.of_key(&row.key).next() {
            Some(other) => findings.extend(differences(row, other, &told)),
            None if told.waits(&row.key) => {}
            // People removed it there, and this side keeps its own.
            None if second
                .rows
                .values()
                .any(|other| other.key == row.key && by_people(&second.effects, &row.key)) => {}
            None => findings.push(finding(Kind::Apart, format!("{} never arrived", row.key))),
        }
    }
    for row in second.live() {
        let there = first.of_key(&row.key).next().is_some();
        if !there && !told.waits(&row.key) && !told.waits(&row.id) {
            findings.push(finding(Kind::Apart, format!("{} ({}) stands alone", row.key, row.id)));
        }
    }
    findings
}

fn by_people(effects: &[Effect], key: &str) -> bool {
    effects.iter().any(|effect| effect.key == key && effect.field.is_empty() && effect.by == By::Human)
}

/// What people have been told.
struct Told {
    waiting: BTreeSet<String>,
    conflicts: Vec<Conflict>,
}

impl Told {
    async fn of(world: &World) -> Self {
        let parked = world.store.parked(&ParkedQuery::default()).await.unwrap_or_default();
        let all = ConflictQuery { settled: true, ..ConflictQuery::default() };
        let conflicts = world.store.conflicts(&all).await.unwrap_or_default();
        Self { waiting: parked.into_iter().map(|parked| parked.key.to_string()).collect(), conflicts }
    }

    fn waits(&self, name: &str) -> bool {
        self.waiting.contains(name)
    }

    fn disputed(&self, key: &str, field: &str) -> bool {
        self.conflicts.iter().any(|conflict| {
            !conflict.is_over() && conflict.key.as_str() == key && conflict.claim.now.get(field).is_some()
        })
    }

    /// Whether a conflict about the record shows the value.
    fn showed(&self, key: &str, value: &str) -> bool {
        self.conflicts.iter().filter(|conflict| conflict.key.as_str() == key).any(|conflict| {
            [&conflict.source.now, &conflict.claim.now]
                .iter()
                .flat_map(|fields| fields.iter())
                .any(|(_, shown)| shown.as_text().is_some_and(|shown| shown.eq_ignore_ascii_case(value)))
        })
    }
}

fn differences(one: &Row, other: &Row, told: &Told) -> Vec<Finding> {
    if told.waits(&one.key) || told.waits(&other.id) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (here, there, _) in FIELDS {
        let shown = |row: &Row, field: &str| row.fields.get(field).cloned().unwrap_or_default();
        let (left, right) = (shown(one, here), shown(other, there));
        if !left.eq_ignore_ascii_case(&right) && !told.disputed(&one.key, there) {
            findings.push(finding(Kind::Apart, format!("{}: {here} is {left:?} and {right:?}", one.key)));
        }
    }
    findings
}

/// What must hold over everything that ever happened.
pub async fn whole_story(world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (first, second) =
        (world.on(Which::A, |side, _| side.clone()), world.on(Which::B, |side, _| side.clone()));
    let entries: Vec<Sealed> = world.log.read(Query::default()).try_collect().await.unwrap_or_default();
    let told = Told::of(world).await;
    let record = decisions(&entries, |action| action != "conflict");
    // The inbox keeps the last state of a conflict, the log keeps every one.
    let disputes = decisions(&entries, |action| action == "conflict");
    for (effects, which) in [(&first.effects, Which::A), (&second.effects, Which::B)] {
        for effect in overwritten(effects) {
            let known = world.descends(&effect.after, &effect.before)
                || told.showed(&effect.key, &effect.before)
                || disputes.contains(&format!("\"{}\"", effect.before))
                || (foreign_owner(which, &effect.field)
                    && record.contains(&format!("\"{}\"", effect.before)));
            if !known {
                let Effect { key, field, before, after, .. } = effect;
                let text =
                    format!("{key} on {which:?}: {field} {before:?} became {after:?}, and nobody was told");
                findings.push(finding(Kind::Lost, text));
            }
        }
        let ours = effects.iter().filter(|effect| effect.by == By::Ours && !effect.field.is_empty());
        let foreign = ours.filter(|effect| !may_write(which, &effect.field));
        findings.extend(foreign.map(|effect| {
            finding(Kind::Foreign, format!("{:?}.{} was written for {}", which, effect.field, effect.key))
        }));
    }
    findings.extend(removals(&first.effects, &second.effects));
    findings.extend(more_than_sent(&entries, &first.effects, &second.effects));
    match world.log.verify().await {
        Ok(verdict) if verdict.broken.is_none() => {}
        other => findings.push(finding(Kind::Untold, format!("{other:?}"))),
    }
    findings
}

/// What people of a system had typed there, and the product overwrote. What it overwrites of its own is
/// still where it came from, unless people there have removed it.
fn overwritten(effects: &[Effect]) -> Vec<&Effect> {
    let mut authors: BTreeMap<(&str, &str), By> = BTreeMap::new();
    let mut lost = Vec::new();
    for effect in effects {
        let before = authors.insert((&effect.key, &effect.field), effect.by);
        if effect.by == By::Ours && before == Some(By::Human) && typed(&effect.before) {
            lost.push(effect);
        }
    }
    lost
}

fn typed(value: &str) -> bool {
    value.starts_with(['h', 'H'])
}

/// Whether the field belongs to the other side: an edit of it is put back, and that is on record.
fn foreign_owner(which: Which, field: &str) -> bool {
    FIELDS.iter().any(|(first, second, owner)| match which {
        Which::A => *first == field && *owner == Owner::Second,
        Which::B => *second == field && *owner == Owner::First,
    })
}

fn may_write(which: Which, field: &str) -> bool {
    FIELDS.iter().any(|(first, second, owner)| match which {
        Which::A => *first == field && *owner != Owner::First,
        Which::B => *second == field && *owner != Owner::Second,
    })
}

/// All decisions of some kinds in one text.
fn decisions(entries: &[Sealed], wanted: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    for sealed in entries {
        if let Event::Decided { decisions } = &sealed.entry.event {
            let wanted = decisions.iter().filter(|decision| wanted(&decision.action));
            for detail in wanted.filter_map(|decision| decision.detail.as_ref()) {
                text.push_str(detail.get());
            }
        }
    }
    text
}

/// A removal needs a source record that people removed, and may not take an edit with it that the
/// source never saw.
fn removals(first: &[Effect], second: &[Effect]) -> Vec<Finding> {
    let mut shown: BTreeMap<(&str, &str), &Effect> = BTreeMap::new();
    let mut findings = Vec::new();
    for effect in second {
        if !effect.field.is_empty() {
            shown.insert((&effect.key, &effect.field), effect);
            continue;
        }
        if effect.by == By::Human {
            continue;
        }
        if !by_people(first, &effect.key) {
            findings
                .push(finding(Kind::Removed, format!("{} was removed, and nobody had done so", effect.key)));
        }
        for (here, there, owner) in FIELDS {
            let last = shown.get(&(effect.key.as_str(), there));
            let edit = last.filter(|last| owner == Owner::Both && last.by == By::Human);
            let Some(edit) = edit else { continue };
            let seen = first.iter().any(|one| {
                one.key == edit.key && one.field == here && one.after.eq_ignore_ascii_case(&edit.after)
            });
            if !seen {
                let text = format!("{} was removed with {} = {:?}", edit.key, there, edit.after);
                findings.push(finding(Kind::Lost, text));
            }
        }
    }
    findings
}

/// There are at most as many changes as decisions to send something.
fn more_than_sent(entries: &[Sealed], first: &[Effect], second: &[Effect]) -> Vec<Finding> {
    let sends = |sealed: &Sealed| match &sealed.entry.event {
        Event::Decided { decisions } => {
            let sent = decisions.iter().filter(|one| one.attempt.is_some() && one.action != "settled");
            sent.count()
        }
        _ => 0,
    };
    let sent: usize = entries.iter().map(sends).sum();
    let changes = |effects: &[Effect]| {
        let ours = effects.iter().filter(|effect| effect.by == By::Ours);
        ours.map(|effect| effect.change).collect::<BTreeSet<u64>>().len()
    };
    let made = changes(first) + changes(second);
    let excess = made > sent;
    excess
        .then(|| finding(Kind::Untold, format!("{made} changes for {sent} decisions")))
        .into_iter()
        .collect()
}

/// What happened to the records that the findings name, in order.
pub async fn story(world: &World, findings: &[Finding]) -> Vec<String> {
    let named = |key: &str| findings.iter().any(|finding| finding.text.contains(key));
    let mut told: Vec<(i64, String)> = Vec::new();
    for which in [Which::A, Which::B] {
        let effects = world.on(which, |side, _| side.effects.clone());
        for Effect { key, field, before, after, by, at, .. } in
            effects.into_iter().filter(|effect| named(&effect.key))
        {
            told.push((at, format!("{by:?} on {which:?}: {key}.{field} {before:?} -> {after:?}")));
        }
    }
    let entries: Vec<Sealed> = world.log.read(Query::default()).try_collect().await.unwrap_or_default();
    for sealed in &entries {
        let (at, flow) = (sealed.entry.at.as_second(), &sealed.entry.scope.flow);
        match &sealed.entry.event {
            Event::Decided { decisions } => {
                for one in decisions.iter().filter(|one| named(&one.id)) {
                    let detail = one.detail.as_ref().map_or("", |detail| detail.get());
                    told.push((at, format!("{flow}: {} {} {:?} {detail}", one.action, one.id, one.attempt)));
                }
            }
            Event::Run { what, note } => told.push((at, format!("{flow}: {what} {}", note.get()))),
            _ => {}
        }
    }
    told.sort_by_key(|(at, _)| *at);
    told.into_iter().map(|(at, text)| format!("{} {text}", at - 1_780_000_000)).collect()
}

/// A digest of everything that happened.
pub fn trace(world: &World) -> String {
    let last = |which| world.on(which, |side, _| side.effects.last().cloned());
    format!("{}:{:?}:{:?}", log_digest(&world.log), last(Which::A), last(Which::B))
}
