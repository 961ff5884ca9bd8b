//! Expressions: what steps cannot say, in the Common Expression Language (CEL).
//!
//! This file and those below it alone name the library; the rest of the mapping knows [`Formula`].
//! A record is lent to it field by field, never converted as a whole. Numbers stay exact: they are a
//! type of our own ([`values`]), and a floating-point result is refused.

mod functions;
mod names;
mod values;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, Env, Program, Value as Outcome};

use crate::Value;
use crate::scope::Scope;

/// The longest expression, in bytes.
const LONGEST: usize = 2_000;
/// The most parts of an expression.
const MOST_PARTS: usize = 400;
/// How deep loops over lists may be nested.
const DEEPEST_LOOP: usize = 2;
/// The most steps of one evaluation.
const MOST_STEPS: usize = 1_000_000;
/// The longest text that comes out, in bytes.
const LONGEST_TEXT: usize = 128 * 1024;

static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(functions::language()));

/// A compiled expression.
pub(crate) trait Formula: Debug + Send + Sync {
    /// Its value for a record; what is wrong, if it has none.
    fn value(&self, scope: Scope<'_>) -> Result<Value, String>;
    /// The names it looks at, `parent.` before those of the record that a child belongs to.
    fn fields(&self) -> &BTreeSet<String>;
    /// The fields of child records it looks at, each behind the name of its list.
    fn children(&self) -> &BTreeSet<(String, String)>;
}

/// Compiles an expression; what is wrong with it, if it cannot be.
pub(crate) fn compile(source: &str) -> Result<Arc<dyn Formula>, String> {
    if source.len() > LONGEST {
        return Err(format!("an expression has at most {LONGEST} bytes: write a mapper in Rust for more"));
    }
    let program = LANGUAGE.compile(source).map_err(|error| error.to_string())?;
    let seen = names::seen(program.expression());
    if seen.parts > MOST_PARTS {
        return Err(format!("it has {} parts, {MOST_PARTS} are allowed", seen.parts));
    }
    if seen.depth > DEEPEST_LOOP {
        return Err(format!("loops over lists may be nested {DEEPEST_LOOP} deep"));
    }
    if let Some(unknown) = seen.functions.iter().find(|name| !functions::known(name)) {
        return Err(format!("there is no function {unknown}"));
    }
    Ok(Arc::new(Compiled { program, seen }))
}

/// An expression of CEL, ready to run.
struct Compiled {
    program: Program,
    seen: names::Seen,
}

impl Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("fields", &self.seen.fields).finish_non_exhaustive()
    }
}

/// Lends the fields of a record.
struct Lender<'a> {
    scope: Scope<'a>,
    fields: &'a BTreeSet<String>,
}

impl VariableResolver for Lender<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        match self.scope.get(name) {
            Some(value) => Some(values::lend(value)),
            // A field that was not delivered is null; a name that means nothing is an error.
            None => self.fields.contains(name).then(|| values::lend(&Value::Null)),
        }
    }
}

impl Compiled {
    /// Whether it could take more steps than one evaluation may.
    fn affordable(&self, scope: Scope<'_>) -> bool {
        let length = |name: &String| match scope.get(name) {
            Some(Value::List(records)) => records.len(),
            _ => 0,
        };
        let longest = self.seen.fields.iter().map(length).max().unwrap_or(0).max(1);
        let rounds = longest.saturating_pow(u32::try_from(self.seen.depth).unwrap_or(u32::MAX));
        rounds.saturating_mul(self.seen.parts) <= MOST_STEPS
    }
}

impl Formula for Compiled {
    fn value(&self, scope: Scope<'_>) -> Result<Value, String> {
        if !self.affordable(scope) {
            return Err(format!("the lists are too long: more than {MOST_STEPS} steps would be needed"));
        }
        let lender = Lender { scope, fields: &self.seen.fields };
        let mut context = Context::with_env(LANGUAGE.clone());
        context.set_variable_resolver(&lender);
        let outcome = Outcome::resolve_val(self.program.expression(), &context);
        let value = values::returned(&*outcome.map_err(|error| error.to_string())?)?;
        match &value {
            Value::Text(text) if text.len() > LONGEST_TEXT => {
                Err(format!("a text of {} bytes comes out, {LONGEST_TEXT} are allowed", text.len()))
            }
            _ => Ok(value),
        }
    }

    fn fields(&self) -> &BTreeSet<String> {
        &self.seen.fields
    }

    fn children(&self) -> &BTreeSet<(String, String)> {
        &self.seen.children
    }
}
