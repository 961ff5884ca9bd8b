//! Conflicts: noted before anything is overwritten, and over when both sides agree again.

use std::collections::BTreeSet;

use mapping::{Clash, FieldName, Fields, Ownership, Plan, Side, Value, image};

use crate::session::Session;
use crate::weigh::{Case, instant};
use crate::{Claim, Conflict, ConflictQuery, ConflictState, Flow, FlowError};

/// What a decision means for conflicts.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// To be kept whatever becomes of the step.
    pub(crate) now: Vec<Conflict>,
    /// To be kept before the step is sent: its value will be overwritten.
    pub(crate) first: Vec<Conflict>,
    /// To be kept when the step has landed.
    pub(crate) landed: Vec<Conflict>,
    /// Those that are new or show other values than before, as this flow sees them: the inbox keeps the
    /// last state of each, the log keeps every one.
    pub(crate) fresh: Vec<Conflict>,
}

impl Flow {
    /// The conflicts that are not over, by record, as this flow sees them.
    pub(crate) async fn load_conflicts(&self, session: &mut Session) -> Result<(), FlowError> {
        let query = ConflictQuery { book: Some(self.book().to_owned()), ..ConflictQuery::default() };
        for conflict in self.parts.store.conflicts(&query).await? {
            let conflict = self.facing(conflict);
            session.conflicts.entry(conflict.key.clone()).or_default().push(conflict);
        }
        Ok(())
    }

    /// What has to be noted about the conflicts of one record.
    pub(crate) fn conflicts_of(&self, case: &Case<'_>, plan: &Plan) -> Noted {
        let mut noted = Noted::default();
        let mut seen = BTreeSet::new();
        for clash in &plan.merge.clashes {
            let conflict = self.conflict(case, clash);
            seen.insert(conflict.id.clone());
            if !case.conflicts.iter().any(|known| tells_the_same(known, &conflict)) {
                noted.fresh.push(conflict.clone());
            }
            let conflict = self.facing(conflict);
            match (clash.winner, &conflict.state) {
                (Some(Side::Source), _) => {
                    let how = how(&conflict.state);
                    let over = ConflictState::Settled { how, at: self.now() };
                    noted.landed.push(Conflict { state: over, ..conflict.clone() });
                    noted.first.push(conflict);
                }
                (Some(Side::Target), _) if case.owner(&clash.field) == Ownership::Source => {
                    let state = ConflictState::Settled { how: how(&conflict.state), at: self.now() };
                    noted.now.push(Conflict { state, ..conflict });
                }
                _ => noted.now.push(conflict),
            }
        }
        for conflict in case.conflicts.iter().filter(|conflict| !seen.contains(&conflict.id)) {
            // A conflict of another draft of the same record is not ours to end.
            let ours = |name: &FieldName| case.work.draft.fields.get(name.as_str()).is_some();
            if !conflict.claim.now.iter().all(|(name, _)| ours(name)) {
                continue;
            }
            let how = "the two sides are no longer apart".to_owned();
            let state = ConflictState::Settled { how, at: self.now() };
            noted.now.push(self.facing(Conflict { state, ..conflict.clone() }));
        }
        noted
    }

    /// A clash as a conflict, seen by this flow.
    fn conflict(&self, case: &Case<'_>, clash: &Clash) -> Conflict {
        let source = self.source_claim(case, clash);
        let claim = Claim {
            now: one(&clash.field, &clash.found),
            base: clash.agreed.as_ref().map(|value| one(&clash.field, value)).unwrap_or_default(),
            at: case.found.and_then(|found| found.modified),
            by: None,
        };
        let (record, swapped) = (&case.work.record, self.swapped());
        let target = case.found.map(|found| found.target.clone());
        let target = target.unwrap_or_else(|| case.work.draft.id.as_str().into());
        let (forward, fields) = if swapped {
            (case.work.draft.id.as_str(), &claim.now)
        } else {
            (record.key.as_str(), &source.now)
        };
        let id = identity(self.book(), forward, fields);
        let known = case.conflicts.iter().find(|known| known.id == id);
        Conflict {
            book: self.book().to_owned(),
            flow: self.parts.name.clone(),
            key: record.key.clone(),
            target: if swapped { case.work.draft.id.as_str().into() } else { target },
            source,
            claim,
            since: known.map_or_else(|| self.now(), |known| known.since),
            state: self.state_of(clash, known),
            id,
        }
    }

    fn state_of(&self, clash: &Clash, known: Option<&Conflict>) -> ConflictState {
        match (clash.winner, known.map(|known| &known.state)) {
            (None, _) => ConflictState::Open,
            (Some(winner), Some(ConflictState::Decided { winner: decided, by, at }))
                if winner == *decided =>
            {
                ConflictState::Decided { winner, by: by.clone(), at: *at }
            }
            (Some(winner), _) => ConflictState::Decided {
                winner,
                by: format!("rule of flow {}", self.parts.name),
                at: self.now(),
            },
        }
    }

    fn source_claim(&self, case: &Case<'_>, clash: &Clash) -> Claim {
        let record = &case.work.record;
        let before = case.standing().map(|link| link.base.source.clone()).unwrap_or_default();
        let target = BTreeSet::from([clash.field.clone()]);
        let mapper = self.parts.mapper.as_ref();
        let mut names = image::behind(mapper, (record, &case.work.draft), &before, &target);
        if names.is_empty() {
            // It stands as both sides last saw it, and is in conflict all the same.
            names = image::behind(mapper, (record, &case.work.draft), &Fields::new(), &target);
        }
        if names.is_empty() {
            names.push(clash.field.clone());
        }
        let of = |fields: &Fields| -> Fields {
            names.iter().filter_map(|name| Some((name.clone(), fields.get(name.as_str())?.clone()))).collect()
        };
        let evidence = &self.parts.settings.evidence;
        let read = |name: &Option<FieldName>| name.as_ref().and_then(|name| record.fields.get(name.as_str()));
        let by = read(&evidence.by).and_then(Value::as_text).map(str::to_owned);
        Claim {
            now: of(&record.fields),
            base: of(&before),
            at: read(&evidence.modified).and_then(instant),
            by,
        }
    }
}

fn tells_the_same(known: &Conflict, conflict: &Conflict) -> bool {
    known.id == conflict.id
        && known.state == conflict.state
        && known.source.now == conflict.source.now
        && known.claim.now == conflict.claim.now
}

fn one(name: &FieldName, value: &Value) -> Fields {
    [(name.clone(), value.clone())].into_iter().collect()
}

fn how(state: &ConflictState) -> String {
    match state {
        ConflictState::Decided { by, .. } => format!("decided by {by}"),
        _ => "decided".into(),
    }
}

/// The same for both flows of a pair: the forward flow's record, and its fields.
fn identity(book: &str, key: &str, fields: &Fields) -> String {
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    format!("{book}/{key}/{}", names.join("+"))
}
