//! The names that an expression uses, and how large it is.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

/// What is seen in an expression without evaluating it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Fields of the record, `parent.` before those of the record that a child belongs to.
    pub(super) fields: BTreeSet<String>,
    /// Fields of child records, each behind the name of its list.
    pub(super) children: BTreeSet<(String, String)>,
    /// Functions by name.
    pub(super) functions: BTreeSet<String>,
    /// How many parts it has.
    pub(super) parts: usize,
    /// How deep loops are nested.
    pub(super) depth: usize,
}

/// A loop's variable, and the list that it runs over if that is a field.
type Bound = (String, Option<String>);

/// What is seen in `expression`.
pub(super) fn seen(expression: &IdedExpr) -> Seen {
    let mut seen = Seen::default();
    seen.walk(expression, &mut Vec::new(), 0);
    seen
}

impl Seen {
    fn walk(&mut self, expression: &IdedExpr, bound: &mut Vec<Bound>, depth: usize) {
        self.parts += 1;
        match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.name(name, bound),
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(name) if name == "parent" && !is_bound(name, bound) => {
                    self.fields.insert(format!("parent.{}", select.field));
                }
                Expr::Ident(name) if is_bound(name, bound) => {
                    let list = bound.iter().rev().find(|(known, _)| known == name);
                    if let Some((_, Some(list))) = list {
                        self.children.insert((list.clone(), select.field.clone()));
                    }
                }
                _ => self.walk(&select.operand, bound, depth),
            },
            Expr::Call(call) => {
                self.functions.insert(call.func_name.clone());
                for part in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
                    self.walk(part, bound, depth);
                }
            }
            Expr::List(list) => list.elements.iter().for_each(|part| self.walk(part, bound, depth)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr, bound, depth)),
            Expr::Struct(made) => made.entries.iter().for_each(|entry| self.entry(&entry.expr, bound, depth)),
            Expr::Comprehension(comprehension) => {
                let over = &comprehension.iter_range;
                self.walk(over, bound, depth);
                self.depth = self.depth.max(depth + 1);
                let list = match &over.expr {
                    Expr::Ident(name) if !is_bound(name, bound) => Some(name.clone()),
                    _ => None,
                };
                let mut inner =
                    vec![(comprehension.iter_var.clone(), list), (comprehension.accu_var.clone(), None)];
                inner.extend(comprehension.iter_var2.clone().map(|name| (name, None)));
                let added = inner.len();
                bound.extend(inner);
                for part in [
                    &comprehension.accu_init,
                    &comprehension.loop_cond,
                    &comprehension.loop_step,
                    &comprehension.result,
                ] {
                    self.walk(part, bound, depth + 1);
                }
                bound.truncate(bound.len() - added);
            }
        }
    }

    fn entry(&mut self, entry: &EntryExpr, bound: &mut Vec<Bound>, depth: usize) {
        match entry {
            EntryExpr::StructField(field) => self.walk(&field.value, bound, depth),
            EntryExpr::MapEntry(entry) => {
                self.walk(&entry.key, bound, depth);
                self.walk(&entry.value, bound, depth);
            }
        }
    }

    fn name(&mut self, name: &str, bound: &[Bound]) {
        if !name.starts_with('@') && !is_bound(name, bound) {
            self.fields.insert(name.to_owned());
        }
    }
}

fn is_bound(name: &str, bound: &[Bound]) -> bool {
    bound.iter().any(|(known, _)| known == name)
}
