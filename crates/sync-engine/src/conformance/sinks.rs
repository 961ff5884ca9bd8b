//! What every [`Sink`] must do.

use mapping::{
    Action, Difference, Draft, Entity, ExternalId, FieldName, Fields, Found, Lane, Step, TargetId, Value,
};

use crate::{Fault, FaultClass, Lookup, Outcome, Receipt, Sink};

/// A text field of a kind of records that a suite may write to.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The kind of records.
    pub entity: Entity,
    /// A text field that may be empty.
    pub field: FieldName,
}

/// Holds a sink against its contract. `make` gives a sink over an empty system each time it is called.
///
/// # Panics
/// At the first thing that the sink does otherwise than the contract says.
pub async fn sink<S: Sink>(make: impl Fn() -> S, ground: &Ground) {
    what_is_not_there_is_absent(&Run::of(make(), ground)).await;
    what_is_written_is_found(&Run::of(make(), ground)).await;
    receipts_are_in_order(&Run::of(make(), ground)).await;
    the_same_again_is_no_second_record(&Run::of(make(), ground)).await;
    null_clears(&Run::of(make(), ground)).await;
    removing_twice_is_removing_once(&Run::of(make(), ground)).await;
    guarded_creates_meet_what_exists(&Run::of(make(), ground)).await;
    guarded_updates_meet_what_moved(&Run::of(make(), ground)).await;
}

/// A sink and where it may write.
struct Run<'a, S> {
    sink: S,
    ground: &'a Ground,
}

impl<'a, S: Sink> Run<'a, S> {
    fn of(sink: S, ground: &'a Ground) -> Self {
        Self { sink, ground }
    }

    fn draft(&self, id: &str, text: Option<&str>) -> Draft {
        let value = text.map_or(Value::Null, Value::text);
        let fields: Fields = [(self.ground.field.clone(), value)].into_iter().collect();
        Draft { entity: self.ground.entity.clone(), id: ExternalId::from(id), fields }
    }

    fn create(&self, id: &str, text: &str, lane: Lane) -> Step {
        Step { lane, ..Step::owned(self.draft(id, Some(text)), Action::Create) }
    }

    fn update(&self, found: &Found, text: Option<&str>, lane: Lane) -> Step {
        let draft = self.draft(found.id.as_str(), text);
        let field = &self.ground.field;
        let value = |fields: &Fields| fields.get(field.as_str()).cloned().unwrap_or(Value::Null);
        let (before, after) = (value(&found.fields), value(&draft.fields));
        let changes = vec![Difference { field: field.clone(), before, after, cause: mapping::Cause::Source }];
        let action = Action::Update { target: found.target.clone(), changes };
        Step { lane, guard: found.validator.clone(), ..Step::owned(draft, action) }
    }

    async fn apply(&self, steps: Vec<Step>) -> Vec<Receipt> {
        let ids: Vec<ExternalId> = steps.iter().map(|step| step.draft.id.clone()).collect();
        let receipts = self.sink.apply(steps).await.expect("the sink can be used");
        let answered: Vec<ExternalId> = receipts.iter().map(|receipt| receipt.id.clone()).collect();
        assert_eq!(answered, ids, "one receipt for each step, in order");
        receipts
    }

    async fn one(&self, step: Step) -> Outcome {
        self.apply(vec![step]).await.remove(0).outcome
    }

    async fn find(&self, ids: &[&str]) -> Vec<Lookup> {
        let ids: Vec<ExternalId> = ids.iter().map(|id| ExternalId::from(*id)).collect();
        let fields = [self.ground.field.clone()];
        let found = self.sink.find(&self.ground.entity, &ids, &fields).await.expect("the sink can be used");
        assert_eq!(found.len(), ids.len(), "one answer for each id");
        found
    }

    async fn found(&self, id: &str) -> Found {
        match self.find(&[id]).await.remove(0) {
            Lookup::One(found) => found,
            other => panic!("{id} is not there once: {other:?}"),
        }
    }

    async fn text(&self, id: &str) -> Value {
        self.found(id).await.fields.get(self.ground.field.as_str()).cloned().unwrap_or(Value::Null)
    }
}

fn applied(outcome: &Outcome) -> (&TargetId, bool) {
    match outcome {
        Outcome::Applied { target, created } => (target, *created),
        other => panic!("it was to be written: {other:?}"),
    }
}

fn conflict(outcome: &Outcome, code: &str) {
    match outcome {
        Outcome::Rejected(fault) if fault.class == FaultClass::Conflict => {
            assert_eq!(fault.code, code, "the conflict says what it is");
        }
        // A sink that cannot guard refuses guarded steps.
        Outcome::Rejected(_) => {}
        other => panic!("a guarded step was to be refused: {other:?}"),
    }
}

async fn what_is_not_there_is_absent<S: Sink>(run: &Run<'_, S>) {
    assert_eq!(run.find(&["a", "b"]).await, [Lookup::Absent, Lookup::Absent]);
    assert_eq!(run.find(&[]).await, []);
    assert_eq!(run.apply(vec![]).await, []);
}

async fn what_is_written_is_found<S: Sink>(run: &Run<'_, S>) {
    let text = "O'Neil \"x\"; Größe, 株式会社 =1+1";
    let made = run.one(run.create("a/1", text, Lane::Owned)).await;
    let (target, created) = applied(&made);
    assert!(created, "it was not there before");
    let found = run.found("a/1").await;
    assert_eq!((&found.target, found.id.as_str()), (target, "a/1"), "under its id, byte for byte");
    assert_eq!(run.text("a/1").await, Value::text(text), "as it was sent");
    let changed = run.one(run.update(&found, Some("other"), Lane::Owned)).await;
    assert_eq!(applied(&changed), (target, false), "a change makes no record");
    assert_eq!(run.text("a/1").await, Value::text("other"));
}

async fn receipts_are_in_order<S: Sink>(run: &Run<'_, S>) {
    let steps = ["c", "a", "b"].map(|id| run.create(id, id, Lane::Owned)).into();
    for receipt in run.apply(steps).await {
        applied(&receipt.outcome);
    }
    let found = run.find(&["b", "nobody", "a"]).await;
    let ids: Vec<Option<&str>> = found
        .iter()
        .map(|one| if let Lookup::One(found) = one { Some(found.id.as_str()) } else { None })
        .collect();
    assert_eq!(ids, [Some("b"), None, Some("a")], "answers in the order of the question");
}

async fn the_same_again_is_no_second_record<S: Sink>(run: &Run<'_, S>) {
    let first = run.one(run.create("a", "x", Lane::Owned)).await;
    let again = run.one(run.create("a", "x", Lane::Owned)).await;
    assert_eq!(applied(&first).0, applied(&again).0, "a create that lands twice lands on one record");
    run.found("a").await;
}

async fn null_clears<S: Sink>(run: &Run<'_, S>) {
    run.one(run.create("a", "x", Lane::Owned)).await;
    let found = run.found("a").await;
    applied(&run.one(run.update(&found, None, Lane::Owned)).await);
    assert_eq!(run.text("a").await, Value::Null);
}

async fn removing_twice_is_removing_once<S: Sink>(run: &Run<'_, S>) {
    run.one(run.create("a", "x", Lane::Owned)).await;
    let target = run.found("a").await.target;
    let remove = || Step::owned(run.draft("a", None), Action::Remove { target: target.clone() });
    applied(&run.one(remove()).await);
    assert_eq!(run.find(&["a"]).await, [Lookup::Absent]);
    applied(&run.one(remove()).await);
}

async fn guarded_creates_meet_what_exists<S: Sink>(run: &Run<'_, S>) {
    run.one(run.create("a", "theirs", Lane::Owned)).await;
    conflict(&run.one(run.create("a", "ours", Lane::Guarded)).await, Fault::EXISTS);
    assert_eq!(run.text("a").await, Value::text("theirs"), "nothing was overwritten");
}

async fn guarded_updates_meet_what_moved<S: Sink>(run: &Run<'_, S>) {
    run.one(run.create("a", "first", Lane::Owned)).await;
    let seen = run.found("a").await;
    run.one(run.update(&seen, Some("theirs"), Lane::Owned)).await;
    conflict(&run.one(run.update(&seen, Some("ours"), Lane::Guarded)).await, Fault::MOVED);
    assert_eq!(run.text("a").await, Value::text("theirs"), "nothing was overwritten");
}
