//! The compiler's check: a mapping against what both systems have, before anything is written.

mod dry_run;
mod finding;
mod shape;
mod source_side;
mod steps;
mod target_side;

use std::collections::BTreeSet;

use crate::file_error::nearest;
use crate::target::Target;
use crate::{DeclaredMapper, EntitySchema, Schema};

pub use finding::{Finding, Severity};
use source_side::View;

/// What a flow may do with the drafts of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose {
    /// Whether records may be created.
    pub create: bool,
    /// Whether records may be updated.
    pub update: bool,
}

impl Default for Purpose {
    fn default() -> Self {
        Self { create: true, update: true }
    }
}

/// Holds a mapping against the schemas of both systems. What it finds is what would otherwise be met
/// record by record: fields that are not there or must not be written, types that do not fit, texts
/// too long, digits too many, codes without a meaning on the other side, keys that tell too little.
///
/// Pure; the findings come in the order of their lines.
pub fn check(mapping: &DeclaredMapper, source: &Schema, target: &Schema, purpose: Purpose) -> Vec<Finding> {
    let mut checker = Checker { mapping, source, target, purpose, findings: Vec::new() };
    checker.run();
    let mut findings = checker.findings;
    findings.sort_by(|left, right| (left.line, &left.field).cmp(&(right.line, &right.field)));
    findings
}

struct Checker<'a> {
    mapping: &'a DeclaredMapper,
    source: &'a Schema,
    target: &'a Schema,
    purpose: Purpose,
    findings: Vec<Finding>,
}

/// Where in the file something is wrong.
#[derive(Debug, Clone, Copy)]
struct At<'a> {
    line: usize,
    field: &'a str,
}

impl<'a> Checker<'a> {
    fn run(&mut self) {
        let mapping = self.mapping;
        let record = self.entity(self.source, mapping.source.as_str(), "source");
        let view = record.map(|schema| View::of(mapping.source.as_str(), schema));
        let view = match (&mapping.each, view) {
            (Some(each), Some(view)) => self.below(view, each, At { line: 1, field: "each" }),
            (_, view) => view,
        };
        let entity = self.entity(self.target, mapping.entity.as_str(), "target");
        self.conditions(view, &mapping.conditions, "where");
        if let Some(entity) = entity {
            self.rights(mapping.entity.as_str(), entity, mapping.id.line);
            self.external_id(view, entity, At { line: mapping.id.line, field: "external_id" }, &mapping.id);
        }
        self.targets(view, entity, &mapping.targets, mapping.entity.as_str());
        for list in &mapping.lists {
            let at = At { line: list.line, field: list.name.as_str() };
            let below = view.and_then(|view| self.below(view, &list.from, at));
            self.conditions(below, &list.conditions, list.name.as_str());
            let child = self.entity(self.target, list.entity.as_str(), "target");
            if let Some(child) = child {
                self.external_id(below, child, at, &list.id);
            }
            self.targets(below, child, &list.targets, list.entity.as_str());
        }
        for (name, line) in mapping.unowned() {
            let reason = "nothing says who decides the field";
            let remedy = "give it an `owner`, or the whole file: owner = \"source\"";
            self.error(At { line, field: name.as_str() }, reason, remedy);
        }
    }

    /// Target fields of one kind of record.
    fn targets(
        &mut self,
        view: Option<View<'a>>,
        entity: Option<&'a EntitySchema>,
        targets: &'a [Target],
        name: &str,
    ) {
        let mut written: BTreeSet<String> = BTreeSet::new();
        for target in targets {
            let at = At { line: target.line, field: target.name.as_str() };
            let shape = self.shape(view, target);
            let Some(entity) = entity else { continue };
            let Some((spelled, field)) = entity.entry(target.name.as_str()) else {
                let remedy = match entity.nearest(target.name.as_str()) {
                    Some(near) => {
                        format!("did you mean {near}? Or give the integration user the right to see it")
                    }
                    None => "make the field, give the integration user rights on it, or take it out".into(),
                };
                self.error(at, format!("{name} has no such field"), remedy);
                continue;
            };
            if !written.insert(spelled.to_owned()) {
                self.error(at, format!("{spelled} is written twice"), "take one of them out");
            }
            self.fits(at, target, &shape, field);
        }
        if let Some(entity) = entity {
            self.covers(entity, &written, name);
        }
    }

    /// A kind of record, or a finding that it is not there.
    fn entity(&mut self, schema: &'a Schema, name: &str, side: &str) -> Option<&'a EntitySchema> {
        let found = schema.entity(name);
        if found.is_none() {
            let remedy = match nearest(name, schema.entities.keys().map(String::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None => "correct the name, or give the integration user the right to see it".into(),
            };
            let at = At { line: self.mapping.head_line(side), field: "" };
            self.error(at, format!("the {side} has no {name}"), remedy);
        }
        found
    }

    fn error(&mut self, at: At<'_>, reason: impl Into<String>, remedy: impl Into<String>) {
        self.tell(Severity::Error, at, reason.into(), remedy.into());
    }

    fn warn(&mut self, at: At<'_>, reason: impl Into<String>, remedy: impl Into<String>) {
        self.tell(Severity::Warning, at, reason.into(), remedy.into());
    }

    fn tell(&mut self, severity: Severity, at: At<'_>, reason: String, remedy: String) {
        let (file, field) = (self.mapping.file.clone(), at.field.to_owned());
        let finding = Finding { severity, file, line: at.line, field, reason, remedy };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}
