//! One target field, ready to run.

use std::borrow::Cow;

use crate::canonical::canonical;
use crate::conflict_rule::OnConflict;
use crate::file::{WhenAbsent, WhenNull};
use crate::origin::Chosen;
use crate::scope::Scope;
use crate::step::{Bench, Lent, Op};
use crate::{FieldName, MapError, Note, Ownership, Value};

/// One target field, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) name: FieldName,
    pub(crate) choices: Vec<Chosen>,
    pub(crate) steps: Vec<Op>,
    /// The line of each step.
    pub(crate) step_lines: Vec<usize>,
    pub(crate) null: WhenNull,
    pub(crate) absent: WhenAbsent,
    pub(crate) owned: Owned,
    /// The line of the file that it stands in.
    pub(crate) line: usize,
}

/// Who decides a field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owned {
    pub(crate) owner: Ownership,
    /// Whether the file says so, or it is the default.
    pub(crate) stated: bool,
    pub(crate) on_conflict: Option<OnConflict>,
}

impl Target {
    /// The value for the draft; `None` when the field is to be left out of it.
    pub(crate) fn value(&self, scope: Scope<'_>, notes: &mut Vec<Note>) -> Result<Option<Value>, MapError> {
        let mut bench = Bench { field: &self.name, notes };
        let holds = |chosen: &&Chosen| chosen.when.as_ref().is_none_or(|when| when.holds(scope));
        let given = match self.choices.iter().find(holds) {
            None => Some(Cow::Owned(Value::Null)),
            Some(chosen) => chosen.origin.value(scope, &mut bench)?,
        };
        let delivered = given.is_some();
        let mut value = given.unwrap_or(Cow::Owned(Value::Null));
        for step in &self.steps {
            value = step.apply(value, &mut bench)?;
        }
        let value = settle(value, &mut bench);
        if !value.is_null() {
            return Ok(Some(value));
        }
        self.nothing(delivered, &mut bench)
    }

    /// What stands for nothing.
    fn nothing(&self, delivered: bool, bench: &mut Bench<'_>) -> Result<Option<Value>, MapError> {
        if !delivered {
            match self.absent {
                WhenAbsent::Null => {}
                WhenAbsent::Keep => {
                    bench.note("the source did not deliver it: left as it is");
                    return Ok(None);
                }
                WhenAbsent::Error => {
                    let hint =
                        "see that the source reads the field, or say `absent = \"null\"` in the mapping";
                    let error = MapError::new(self.name.clone(), "the source did not deliver it");
                    return Err(error.hint(hint));
                }
            }
        }
        match self.null {
            WhenNull::Write => Ok(Some(Value::Null)),
            WhenNull::Keep => Ok(None),
            WhenNull::Error => {
                let hint = "fill it in the source, or say `null = \"write\"` or \"keep\" in the mapping";
                let error = MapError::new(self.name.clone(), "there is no value, and the mapping needs one");
                Err(error.hint(hint))
            }
        }
    }

    /// The most UTF-16 units that it lets pass, if it limits them.
    pub(crate) fn max_length(&self) -> Option<usize> {
        let limit = |op: &Op| if let Op::Limit { units, .. } = op { Some(*units) } else { None };
        self.steps.iter().rev().find_map(limit)
    }
}

/// The value in canonical form.
fn settle(value: Lent<'_>, bench: &mut Bench<'_>) -> Value {
    if let Value::Text(text) = &*value
        && is_settled(text)
    {
        return value.into_owned();
    }
    let (value, cleaned) = canonical(value.into_owned());
    if cleaned {
        bench.note("control characters were removed");
    }
    value
}

/// Whether [`canonical`] would leave the text as it is; most are, and need to be copied only once.
fn is_settled(text: &str) -> bool {
    let ends = |letter: Option<char>| letter.is_some_and(|letter| !letter.is_whitespace());
    ends(text.chars().next())
        && ends(text.chars().next_back())
        && !text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t'))
}
