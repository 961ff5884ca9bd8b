//! Short names of schemas, replaced by their namespaces once the whole document is read.

use std::collections::BTreeMap;

use super::{
    Annotation, Annotations, Container, EnumType, Expression, Metadata, Operation, Record, StructuredType,
    Term, TypeUse, Value,
};

/// The namespaces by alias.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Aliases(BTreeMap<String, String>);

impl Aliases {
    /// The first meaning of an alias holds.
    pub(super) fn add(&mut self, alias: &str, namespace: &str) {
        self.0.entry(alias.to_owned()).or_insert_with(|| namespace.to_owned());
    }

    /// The namespace by which `name` is to be qualified, and the rest of the name.
    fn split<'n>(&self, name: &'n str) -> Option<(&str, &'n str)> {
        let (alias, rest) = name.rsplit_once('.')?;
        Some((self.0.get(alias)?, rest))
    }

    /// `name` with the alias of its schema replaced by the namespace.
    pub(super) fn name(&self, name: &str) -> String {
        match self.split(name) {
            Some((namespace, rest)) => format!("{namespace}.{rest}"),
            None => name.to_owned(),
        }
    }

    /// `path` with every alias in it replaced; what stands in quotes is left alone.
    pub(super) fn path(&self, path: &str) -> String {
        let mut out = String::with_capacity(path.len());
        for (index, part) in path.split('\'').enumerate() {
            if index > 0 {
                out.push('\'');
            }
            if index % 2 == 1 {
                out.push_str(part);
                continue;
            }
            let is_end = |c: char| !(c.is_alphanumeric() || c == '_' || c == '.');
            for piece in part.split_inclusive(is_end) {
                let end = piece.char_indices().next_back().filter(|(_, c)| is_end(*c));
                let (name, end) = piece.split_at(end.map_or(piece.len(), |(at, _)| at));
                out.push_str(&self.name(name));
                out.push_str(end);
            }
        }
        out
    }

    fn fix(&self, name: &mut String) {
        if self.split(name).is_some() {
            *name = self.name(name);
        }
    }

    fn fix_all<'n>(&self, names: impl IntoIterator<Item = &'n mut String>) {
        names.into_iter().for_each(|name| self.fix(name));
    }

    fn fix_path(&self, path: &mut String) {
        if path.contains('.') {
            *path = self.path(path);
        }
    }
}

/// Replaces every alias in `metadata` by its namespace.
pub(super) fn settle(metadata: &mut Metadata) {
    let aliases = std::mem::take(&mut metadata.aliases);
    let types = metadata.entity_types.values_mut().chain(metadata.complex_types.values_mut());
    types.for_each(|one| aliases.structure(one));
    metadata.enums.values_mut().for_each(|one| aliases.enumeration(one));
    for one in metadata.type_definitions.values_mut() {
        aliases.type_use(&mut one.of);
        aliases.annotations(&mut one.annotations);
    }
    metadata.operations.values_mut().flatten().for_each(|one| aliases.operation(one));
    metadata.terms.values_mut().for_each(|one| aliases.term(one));
    metadata.containers.iter_mut().for_each(|(name, one)| aliases.container(name, one));
    metadata.schemas.values_mut().for_each(|one| aliases.annotations(&mut one.annotations));
    for reference in &mut metadata.references {
        aliases.annotations(&mut reference.annotations);
        reference.includes.iter_mut().for_each(|one| aliases.annotations(&mut one.annotations));
    }
    for (target, mut annotations) in std::mem::take(&mut metadata.external) {
        aliases.annotations(&mut annotations);
        metadata.external.entry(aliases.path(&target)).or_default().merge(annotations);
    }
    metadata.aliases = aliases;
}

impl Aliases {
    fn type_use(&self, of: &mut TypeUse) {
        self.fix(&mut of.name);
    }

    fn structure(&self, one: &mut StructuredType) {
        self.fix_all(&mut one.base);
        self.annotations(&mut one.annotations);
        for property in &mut one.properties {
            self.type_use(&mut property.of);
            self.annotations(&mut property.annotations);
        }
        for navigation in &mut one.navigations {
            self.fix(&mut navigation.target);
            navigation.partner.iter_mut().for_each(|path| self.fix_path(path));
            self.annotations(&mut navigation.annotations);
            for constraint in &mut navigation.constraints {
                self.annotations(&mut constraint.annotations);
            }
            if let Some(on_delete) = &mut navigation.on_delete {
                self.annotations(&mut on_delete.annotations);
            }
        }
    }

    fn enumeration(&self, one: &mut EnumType) {
        self.annotations(&mut one.annotations);
        one.members.iter_mut().for_each(|member| self.annotations(&mut member.annotations));
    }

    fn operation(&self, one: &mut Operation) {
        self.annotations(&mut one.annotations);
        one.entity_set_path.iter_mut().for_each(|path| self.fix_path(path));
        for parameter in &mut one.parameters {
            self.type_use(&mut parameter.of);
            self.annotations(&mut parameter.annotations);
        }
        if let Some(returned) = &mut one.returns {
            self.type_use(&mut returned.of);
            self.annotations(&mut returned.annotations);
        }
    }

    fn term(&self, one: &mut Term) {
        self.type_use(&mut one.of);
        self.fix_all(&mut one.base);
        self.annotations(&mut one.annotations);
    }

    fn container(&self, name: &str, one: &mut Container) {
        self.fix_all(&mut one.extends);
        self.annotations(&mut one.annotations);
        for set in one.sets.values_mut() {
            self.fix(&mut set.entity_type);
            self.bindings(name, &mut set.bindings);
            self.annotations(&mut set.annotations);
        }
        for singleton in one.singletons.values_mut() {
            self.fix(&mut singleton.entity_type);
            self.bindings(name, &mut singleton.bindings);
            self.annotations(&mut singleton.annotations);
        }
        for import in one.action_imports.values_mut().chain(one.function_imports.values_mut()) {
            self.fix(&mut import.operation);
            import.entity_set.iter_mut().for_each(|set| *set = self.target(name, set));
            self.annotations(&mut import.annotations);
        }
    }

    fn bindings(&self, container: &str, bindings: &mut BTreeMap<String, String>) {
        for (path, target) in std::mem::take(bindings) {
            bindings.insert(self.path(&path), self.target(container, &target));
        }
    }

    /// A set by its name alone if it is in the same container.
    fn target(&self, container: &str, target: &str) -> String {
        let full = self.path(target);
        let own = full.strip_prefix(container).and_then(|rest| rest.strip_prefix('/'));
        own.map(str::to_owned).unwrap_or(full)
    }

    fn annotations(&self, annotations: &mut Annotations) {
        for (term, mut annotation) in std::mem::take(&mut annotations.0) {
            self.annotation(&mut annotation);
            let full = match term.split_once('#') {
                Some((term, qualifier)) => format!("{}#{qualifier}", self.name(term)),
                None => self.name(&term),
            };
            annotations.0.entry(full).or_insert(annotation);
        }
    }

    fn annotation(&self, annotation: &mut Annotation) {
        self.value(&mut annotation.value);
        self.annotations(&mut annotation.annotations);
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::Path(path) => self.fix_path(path),
            Value::Collection(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Record(record) => self.record(record),
            Value::Expression(expression) => self.expression(expression),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }

    fn record(&self, record: &mut Record) {
        self.fix_all(&mut record.type_name);
        self.annotations(&mut record.annotations);
        record.members.values_mut().for_each(|member| self.annotation(member));
    }

    fn expression(&self, expression: &mut Expression) {
        expression.operands.iter_mut().for_each(|operand| self.value(operand));
        self.annotations(&mut expression.annotations);
        self.fix_all(expression.parameters.get_mut("Type"));
        if expression.operator == "LabeledElementReference" {
            for operand in &mut expression.operands {
                if let Value::Text(name) = operand {
                    self.fix(name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_inside_paths_are_replaced_and_quoted_text_is_not() {
        let mut aliases = Aliases::default();
        aliases.add("self", "a.b");
        aliases.add("self", "never");
        for (given, wanted) in [
            ("self.T", "a.b.T"),
            ("other.T", "other.T"),
            ("self", "self"),
            ("/self.C/Set/self.T/P", "/a.b.C/Set/a.b.T/P"),
            (
                "self.F(Collection(self.T),Edm.String)/$ReturnType",
                "a.b.F(Collection(a.b.T),Edm.String)/$ReturnType",
            ),
            ("@self.Term#q/Name", "@a.b.Term#q/Name"),
            ("S('self.T')/self.T", "S('self.T')/a.b.T"),
            ("Größe/self.Maß", "Größe/a.b.Maß"),
        ] {
            assert_eq!(aliases.path(given), wanted);
        }
    }
}
