//! What a mapping looks at.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::Condition;
use crate::external_id::IdRule;
use crate::origin::{Chosen, Origin};
use crate::scope::of_parent;
use crate::target::Target;
use crate::{DeclaredMapper, Entity};

/// What a mapping looks at.
#[derive(Debug, Default)]
pub(crate) struct LookedAt {
    /// Fields of the record, lists among them.
    pub(crate) own: BTreeSet<String>,
    /// Fields of child records, by the list that they are in.
    pub(crate) lists: BTreeMap<String, BTreeSet<String>>,
}

impl DeclaredMapper {
    /// Kinds of target records that its drafts point to.
    pub(crate) fn parents(&self) -> BTreeSet<Entity> {
        let lists = self.lists.iter().flat_map(|list| &list.targets);
        let choices = self.targets.iter().chain(lists).flat_map(|target| &target.choices);
        let parent = |chosen: &Chosen| match &chosen.origin {
            Origin::Reference { entity, .. } => Some(entity.clone()),
            _ => None,
        };
        choices.filter_map(parent).collect()
    }

    pub(crate) fn looked_at(&self) -> LookedAt {
        let mut seen = LookedAt::default();
        if let Some(each) = &self.each {
            seen.field(None, each);
        }
        let each = self.each.as_deref();
        seen.id(each, &self.id);
        seen.conditions(each, &self.conditions);
        seen.targets(each, &self.targets);
        for list in &self.lists {
            seen.field(None, &list.from);
            let within = Some(list.from.as_str());
            seen.id(within, &list.id);
            seen.conditions(within, &list.conditions);
            seen.targets(within, &list.targets);
        }
        seen
    }
}

impl DeclaredMapper {
    /// The lines that have to do with a field of a kind of record, or with any of its fields; child
    /// records are called by the record and the list that they are in: `PurchaseOrderSet.Lines`.
    pub(crate) fn lines_about(&self, entity: &str, field: Option<&str>) -> Vec<usize> {
        let mut lines = BTreeSet::new();
        let alike =
            |target: &&Target| field.is_none_or(|name| target.name.as_str().eq_ignore_ascii_case(name));
        let writes =
            |targets: &[Target]| targets.iter().filter(alike).map(|target| target.line).collect::<Vec<_>>();
        if entity == self.entity.as_str() {
            lines.extend(writes(&self.targets));
        }
        for list in self.lists.iter().filter(|list| list.entity.as_str() == entity) {
            lines.extend(writes(&list.targets));
        }
        let list = match entity.strip_prefix(self.source.as_str()) {
            Some("") => None,
            Some(rest) if rest.starts_with('.') => rest.strip_prefix('.'),
            _ => return lines.into_iter().collect(),
        };
        let mut note = |line: usize, look: &dyn Fn(&mut LookedAt)| {
            let mut seen = LookedAt::default();
            look(&mut seen);
            if seen.has(list, field) {
                lines.insert(line);
            }
        };
        let all = [(self.each.as_deref(), &self.id, &self.conditions, &self.targets)];
        let lists = self
            .lists
            .iter()
            .map(|list| (Some(list.from.as_str()), &list.id, &list.conditions, &list.targets));
        for (within, id, conditions, targets) in all.into_iter().chain(lists) {
            note(id.line, &|seen| seen.id(within, id));
            for condition in conditions {
                note(condition.line, &|seen| seen.conditions(within, std::slice::from_ref(condition)));
            }
            for target in targets {
                note(target.line, &|seen| seen.targets(within, std::slice::from_ref(target)));
            }
        }
        lines.into_iter().collect()
    }
}

impl LookedAt {
    /// Whether it is looked at, or anything beside it is.
    fn has(&self, list: Option<&str>, field: Option<&str>) -> bool {
        let fields = match list {
            None => Some(&self.own),
            Some(list) => self.lists.get(list),
        };
        fields.is_some_and(|fields| field.map_or(!fields.is_empty(), |field| fields.contains(field)))
    }

    /// A field of the record itself or, within a list, of a child.
    fn field(&mut self, list: Option<&str>, name: &str) {
        match list {
            None => self.own.insert(name.to_owned()),
            Some(list) => match of_parent(name) {
                Some(name) => self.own.insert(name.to_owned()),
                None => self.lists.entry(list.to_owned()).or_default().insert(name.to_owned()),
            },
        };
    }

    fn id(&mut self, list: Option<&str>, rule: &IdRule) {
        for name in rule.fields() {
            self.field(list, name);
        }
    }

    fn conditions(&mut self, list: Option<&str>, conditions: &[Condition]) {
        for condition in conditions {
            self.field(list, &condition.field);
        }
    }

    fn targets(&mut self, list: Option<&str>, targets: &[Target]) {
        for chosen in targets.iter().flat_map(|target| &target.choices) {
            if let Some(when) = &chosen.when {
                self.field(list, &when.field);
            }
            match &chosen.origin {
                Origin::Field(field) => self.field(list, field),
                Origin::Concat(joined) | Origin::Reference { id: joined, .. } => {
                    for name in &joined.fields {
                        self.field(list, name);
                    }
                }
                Origin::Aggregate(aggregate) => {
                    self.field(list, &aggregate.list);
                    let within = Some(aggregate.list.as_str());
                    self.conditions(within, &aggregate.conditions);
                    let fields = aggregate.of.iter().chain([&aggregate.by]).chain(&aggregate.same);
                    for name in fields.filter(|name| !name.is_empty()) {
                        self.field(within, name);
                    }
                }
                Origin::Expression(formula) => {
                    for name in formula.fields() {
                        self.field(list, name);
                    }
                    for (within, name) in formula.children() {
                        self.field(Some(within), name);
                    }
                }
                Origin::Constant(_) => {}
            }
        }
    }
}
