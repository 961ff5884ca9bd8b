//! One field on both sides, against what both last agreed on.

use crate::canonical::alike;
use crate::{Cause, Entity, FieldName, Fields, Ownership, Policy, Rule, Value};

/// What both sides last agreed on, as far as it is known, each in the target's form.
///
/// `Default`: nothing was ever agreed on.
#[derive(Debug, Clone, Default)]
pub struct Agreed<'a> {
    /// What the mapper made of the source then; a field that never was agreed on is absent.
    pub drawn: Fields,
    /// What stood in the target then.
    pub target: Option<&'a Fields>,
    /// Values that the target is known to store otherwise than they are sent.
    pub rewrites: &'a [Rewrite],
    /// What was decided about fields on which both sides had moved.
    pub rulings: &'a [Ruling],
    /// Fields that a person still has to decide about, whoever owns them.
    pub disputed: &'a [FieldName],
    /// Which side changed last by the systems' own times, where that can be told.
    pub newer: Option<Side>,
}

/// A side of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where the flow reads.
    Source,
    /// Where it writes.
    Target,
}

impl Side {
    /// The one across.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }
}

/// A value that the target stores otherwise than it is sent.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Rewrite {
    /// The target field.
    pub field: FieldName,
    /// What was sent.
    pub sent: Value,
    /// What stood there afterwards.
    pub stored: Value,
    /// How often that was seen; it counts as known once it was seen right after a write.
    pub known: bool,
}

/// A decision about one field on which both sides had moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// The target field.
    pub field: FieldName,
    /// Whose value stays.
    pub winner: Side,
    /// The value that loses, as it was seen then: another one is a new conflict.
    pub loser: Value,
}

/// What has to happen with one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Both sides show the same, or differ only as they did when they agreed.
    Agree,
    /// The draft's value is written.
    Write(Cause),
    /// The target's value stays, and is not agreed on: it is for the other direction to carry.
    Leave,
    /// Both sides moved, and it is decided for the target.
    Yield,
    /// Both sides moved, and nobody has decided.
    Clash,
}

/// One field on which both sides moved apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Clash {
    /// The target field.
    pub field: FieldName,
    /// What the mapper makes of the source now.
    pub wanted: Value,
    /// What the mapper made of it when both agreed.
    pub drawn: Option<Value>,
    /// What stands in the target now.
    pub found: Value,
    /// What stood there when both agreed.
    pub agreed: Option<Value>,
    /// Whose value stays, if that is decided.
    pub winner: Option<Side>,
}

/// What was found out about a record, field by field.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merge {
    /// Fields whose value in the target is left to the other direction.
    pub left: Vec<FieldName>,
    /// Fields on which both sides moved apart.
    pub clashes: Vec<Clash>,
    /// How many fields both sides had changed to the same value.
    pub absorbed: u64,
}

/// Decides about one field of a kind of records; `wanted` is the draft's value, `found` the target's.
pub fn merge(
    (entity, name): (&Entity, &FieldName),
    (wanted, found): (&Value, &Value),
    agreed: &Agreed<'_>,
    policy: &Policy,
) -> Verdict {
    match policy.owner(entity, name) {
        Ownership::Target => Verdict::Agree,
        _ if wanted == found || alike(wanted, found) => Verdict::Agree,
        Ownership::Source if agreed.rewritten(name, wanted, found) => Verdict::Agree,
        Ownership::Source if policy.careful || agreed.disputed.contains(name) => {
            agreed.ruled(name, (wanted, found), Rule::Manual)
        }
        Ownership::Source => Verdict::Write(agreed.cause(name, wanted)),
        Ownership::Shared => shared((entity, name), (wanted, found), agreed, policy),
    }
}

fn shared(
    (entity, name): (&Entity, &FieldName),
    (wanted, found): (&Value, &Value),
    agreed: &Agreed<'_>,
    policy: &Policy,
) -> Verdict {
    let clash = || agreed.ruled(name, (wanted, found), policy.rule(entity, name));
    let Some((drawn, target)) = agreed.both(name) else {
        return match (wanted.is_null(), found.is_null()) {
            (_, true) => Verdict::Write(Cause::Source),
            (true, false) => Verdict::Leave,
            (false, false) => clash(),
        };
    };
    match (alike(drawn, wanted), alike(target, found)) {
        (true, true) => Verdict::Agree,
        (false, true) => Verdict::Write(Cause::Source),
        (true, false) => Verdict::Leave,
        (false, false) => clash(),
    }
}

impl Agreed<'_> {
    fn target(&self, name: &FieldName) -> Option<&Value> {
        self.target.and_then(|fields| fields.get(name.as_str()))
    }

    fn both(&self, name: &FieldName) -> Option<(&Value, &Value)> {
        Some((self.drawn.get(name.as_str())?, self.target(name)?))
    }

    fn rewritten(&self, name: &FieldName, wanted: &Value, found: &Value) -> bool {
        let is = |known: &&Rewrite| known.known && known.field == *name;
        self.rewrites
            .iter()
            .find(is)
            .is_some_and(|known| alike(&known.sent, wanted) && alike(&known.stored, found))
    }

    /// Which side moved, where the source owns the field and both differ.
    fn cause(&self, name: &FieldName, wanted: &Value) -> Cause {
        let before = self.drawn.get(name.as_str()).or_else(|| self.target(name));
        match before {
            Some(before) if alike(before, wanted) => Cause::Target,
            _ => Cause::Source,
        }
    }

    /// Who wins where both moved.
    fn ruled(&self, name: &FieldName, (wanted, found): (&Value, &Value), rule: Rule) -> Verdict {
        let decided = self.rulings.iter().find(|ruling| ruling.field == *name);
        let winner = match decided {
            Some(Ruling { winner: Side::Source, loser, .. }) => alike(loser, found).then_some(Side::Source),
            Some(Ruling { winner: Side::Target, loser, .. }) => alike(loser, wanted).then_some(Side::Target),
            None => match rule {
                Rule::Manual => None,
                Rule::PreferSource => Some(Side::Source),
                Rule::PreferTarget => Some(Side::Target),
                Rule::Newest => self.newer,
            },
        };
        match winner {
            Some(Side::Source) => Verdict::Write(Cause::Both),
            Some(Side::Target) => Verdict::Yield,
            None => Verdict::Clash,
        }
    }
}

impl Merge {
    pub(crate) fn note(
        &mut self,
        name: &FieldName,
        (wanted, found): (&Value, &Value),
        agreed: &Agreed<'_>,
        verdict: Verdict,
    ) {
        let winner = match verdict {
            Verdict::Agree => {
                let moved = |before: &Value| !alike(before, wanted);
                let absorbed = agreed.both(name).is_some_and(|(drawn, target)| moved(drawn) && moved(target));
                self.absorbed += u64::from(absorbed);
                return;
            }
            Verdict::Leave => return self.left.push(name.clone()),
            Verdict::Write(Cause::Both) => Some(Side::Source),
            Verdict::Write(_) => return,
            Verdict::Yield => Some(Side::Target),
            Verdict::Clash => None,
        };
        self.clashes.push(Clash {
            field: name.clone(),
            wanted: wanted.clone(),
            drawn: agreed.drawn.get(name.as_str()).cloned(),
            found: found.clone(),
            agreed: agreed.target(name).cloned(),
            winner,
        });
    }

    /// Whether the two sides agree on the field once the step is done.
    pub fn settles(&self, name: &FieldName) -> bool {
        let stays = |clash: &Clash| clash.winner != Some(Side::Source) && clash.field == *name;
        !self.left.contains(name) && !self.clashes.iter().any(stays)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(value: &Value) -> Fields {
        [(FieldName::from("F"), value.clone())].into_iter().collect()
    }

    fn shared(rule: Rule) -> Policy {
        let owners = [(FieldName::from("F"), Ownership::Shared)].into_iter().collect();
        Policy { owners, rule, ..Policy::default() }
    }

    /// What happens when both agreed on `before`, and now show `wanted` and `found`.
    fn of(before: &str, wanted: &str, found: &str, rule: Rule) -> Verdict {
        let (before, wanted, found) = (Value::text(before), Value::text(wanted), Value::text(found));
        let target = one(&before);
        let agreed = Agreed { drawn: one(&before), target: Some(&target), ..Agreed::default() };
        merge((&"E".into(), &"F".into()), (&wanted, &found), &agreed, &shared(rule))
    }

    #[test]
    fn the_side_that_moved_wins() {
        assert_eq!(of("a", "a", "a", Rule::Manual), Verdict::Agree);
        assert_eq!(of("a", "b", "a", Rule::Manual), Verdict::Write(Cause::Source));
        assert_eq!(of("a", "a", "b", Rule::Manual), Verdict::Leave);
        assert_eq!(of("a", "b", "b", Rule::Manual), Verdict::Agree, "a false conflict is none");
    }

    #[test]
    fn both_apart_is_for_the_rule() {
        assert_eq!(of("a", "b", "c", Rule::Manual), Verdict::Clash);
        assert_eq!(of("a", "b", "c", Rule::PreferSource), Verdict::Write(Cause::Both));
        assert_eq!(of("a", "b", "c", Rule::PreferTarget), Verdict::Yield);
        assert_eq!(of("a", "b", "c", Rule::Newest), Verdict::Clash, "nobody can tell who was last");
    }

    #[test]
    fn what_was_never_agreed_on_loses_nothing() {
        let nothing = Agreed::default();
        let verdict = |wanted: Value, found: Value| {
            merge((&"E".into(), &"F".into()), (&wanted, &found), &nothing, &shared(Rule::Manual))
        };
        assert_eq!(verdict(Value::text("a"), Value::Null), Verdict::Write(Cause::Source));
        assert_eq!(verdict(Value::Null, Value::text("a")), Verdict::Leave);
        assert_eq!(verdict(Value::text("a"), Value::text("b")), Verdict::Clash);
    }

    #[test]
    fn a_decision_holds_only_for_the_value_it_was_made_about() {
        let (before, wanted, found) = (Value::text("a"), Value::text("b"), Value::text("c"));
        let target = one(&before);
        let verdict = |loser: &Value| {
            let ruling = Ruling { field: "F".into(), winner: Side::Source, loser: loser.clone() };
            let rulings = [ruling];
            let agreed =
                Agreed { drawn: one(&before), target: Some(&target), rulings: &rulings, ..Agreed::default() };
            merge((&"E".into(), &"F".into()), (&wanted, &found), &agreed, &shared(Rule::PreferTarget))
        };
        assert_eq!(verdict(&found), Verdict::Write(Cause::Both));
        assert_eq!(verdict(&Value::text("older")), Verdict::Clash, "people have changed it since");
    }

    #[test]
    fn known_rewrites_are_not_put_back_and_careful_plans_overwrite_nothing() {
        let (sent, stored) = (Value::text("abc"), Value::text("ABC"));
        let rewrite = Rewrite { field: "F".into(), sent: sent.clone(), stored: stored.clone(), known: true };
        let rewrites = [rewrite];
        let agreed = Agreed { rewrites: &rewrites, ..Agreed::default() };
        let policy = Policy::default();
        assert_eq!(merge((&"E".into(), &"F".into()), (&sent, &stored), &agreed, &policy), Verdict::Agree);
        let other = Value::text("other");
        let written = merge((&"E".into(), &"F".into()), (&sent, &other), &agreed, &policy);
        assert_eq!(written, Verdict::Write(Cause::Source));
        let careful = Policy { careful: true, ..policy };
        assert_eq!(merge((&"E".into(), &"F".into()), (&sent, &other), &agreed, &careful), Verdict::Clash);
    }

    proptest! {
        /// Whatever people do, and whichever flow comes first: after each has run twice both sides
        /// show the same, or the field is in conflict; and no value is lost that nobody replaced.
        #[test]
        fn both_directions_come_to_rest(
            base in proptest::option::of(0u8..4), a in 0u8..4, b in 0u8..4, back_first in any::<bool>(),
        ) {
            let value = |n: u8| if n == 0 { Value::Null } else { Value::text(n.to_string()) };
            let mut sides = [value(a), value(b)];
            let mut images = base.map(|base| [value(base), value(base)]);
            let policy = shared(Rule::Manual);
            let mut last = Verdict::Agree;
            for turn in 0..4 {
                let from = usize::from((turn % 2 == 0) == back_first);
                let (wanted, found) = (sides[from].clone(), sides[1 - from].clone());
                let target = images.as_ref().map(|images| one(&images[1 - from]));
                let drawn = images.as_ref().map(|images| one(&images[from])).unwrap_or_default();
                let agreed = Agreed { drawn, target: target.as_ref(), ..Agreed::default() };
                last = merge((&"E".into(), &"F".into()), (&wanted, &found), &agreed, &policy);
                match last {
                    Verdict::Write(_) => {
                        let kept = base.is_none_or(|base| found == value(base)) || found.is_null();
                        prop_assert!(kept, "{found:?} was overwritten");
                        sides[1 - from] = wanted.clone();
                        images = Some([wanted.clone(), wanted]);
                    }
                    Verdict::Agree => images = Some(sides.clone()),
                    _ => {}
                }
            }
            prop_assert!(sides[0] == sides[1] || last == Verdict::Clash, "{sides:?} {last:?}");
        }
    }
}
