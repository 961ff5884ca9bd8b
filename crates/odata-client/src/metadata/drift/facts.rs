//! A model as a flat list of things and what is said about each: two such lists can be compared
//! line by line.

use std::collections::BTreeMap;

use super::Kind;
use crate::metadata::{
    Annotations, Container, Metadata, Navigation, Operation, Property, StructuredType, TypeUse, Value,
};

/// A thing: its name and kind.
pub(super) type Place = (String, Kind);
/// What is said about a thing, by aspect.
pub(super) type Aspects = BTreeMap<String, String>;
/// All things of a model.
pub(super) type Facts = BTreeMap<Place, Fact>;

/// What is said about one thing.
#[derive(Debug, Default)]
pub(super) struct Fact {
    /// The thing it is a part of.
    pub(super) within: Option<Place>,
    pub(super) aspects: Aspects,
}

/// All things of `metadata`.
pub(super) fn of(metadata: &Metadata) -> Facts {
    let mut facts = Facts::new();
    for (name, one) in &metadata.entity_types {
        structure(&mut facts, (name.clone(), Kind::EntityType), one);
    }
    for (name, one) in &metadata.complex_types {
        structure(&mut facts, (name.clone(), Kind::ComplexType), one);
    }
    for (name, one) in &metadata.enums {
        let outer = (name.clone(), Kind::EnumType);
        for member in &one.members {
            let said = [("value", member.value.to_string())];
            add(&mut facts, &outer, (&member.name, Kind::EnumMember), said, &member.annotations);
        }
        let said = [("type", one.underlying.clone()), ("is_flags", one.is_flags.to_string())];
        put(&mut facts, outer, None, said, &one.annotations);
    }
    for (name, one) in &metadata.type_definitions {
        put(&mut facts, (name.clone(), Kind::TypeDefinition), None, type_use(&one.of), &one.annotations);
    }
    for (name, overloads) in &metadata.operations {
        for one in overloads {
            operation(&mut facts, name, one);
        }
    }
    for (name, one) in &metadata.containers {
        container(&mut facts, name, one);
    }
    for (target, annotations) in &metadata.external {
        external(&mut facts, target, annotations);
    }
    facts
}

type Said = (&'static str, String);

fn put(
    facts: &mut Facts,
    place: Place,
    within: Option<Place>,
    said: impl IntoIterator<Item = Said>,
    annotations: &Annotations,
) {
    let mut aspects: Aspects = said.into_iter().map(|(aspect, value)| (aspect.to_owned(), value)).collect();
    annotated(&mut aspects, annotations);
    facts.insert(place, Fact { within, aspects });
}

/// A part of `outer`.
fn add(
    facts: &mut Facts,
    outer: &Place,
    (name, kind): (&str, Kind),
    said: impl IntoIterator<Item = Said>,
    annotations: &Annotations,
) {
    put(facts, (format!("{}/{name}", outer.0), kind), Some(outer.clone()), said, annotations);
}

/// Each annotation is an aspect of its own, and so is each member of a record in one.
fn annotated(aspects: &mut Aspects, annotations: &Annotations) {
    for (term, annotation) in annotations.iter() {
        match &annotation.value {
            Value::Record(record) if !record.members.is_empty() => {
                for (name, member) in &record.members {
                    aspects.insert(format!("@{term}/{name}"), member.value.to_string());
                }
            }
            value => {
                aspects.insert(format!("@{term}"), value.to_string());
            }
        }
    }
}

/// Annotations that stand apart belong to the thing that they are about.
fn external(facts: &mut Facts, target: &str, annotations: &Annotations) {
    let first = (target.to_owned(), Kind::Container);
    let about = facts.range_mut(first..).next().filter(|((name, _), _)| name == target);
    match about {
        Some((_, fact)) => annotated(&mut fact.aspects, annotations),
        None => put(facts, (target.to_owned(), Kind::Target), None, [], annotations),
    }
}

fn structure(facts: &mut Facts, outer: Place, one: &StructuredType) {
    for Property { name, of, default_value, annotations } in &one.properties {
        let default = default_value.clone().map(|value| ("default_value", value));
        let said = type_use(of).into_iter().chain(default);
        add(facts, &outer, (name, Kind::Property), said, annotations);
    }
    for navigation in &one.navigations {
        let said = leads(navigation);
        add(facts, &outer, (&navigation.name, Kind::Navigation), said, &navigation.annotations);
    }
    let keys: Vec<&str> = one.keys.iter().map(|key| key.path.as_str()).collect();
    let mut said = vec![("is_abstract", one.is_abstract.to_string()), ("open", one.open.to_string())];
    said.push(("has_stream", one.has_stream.to_string()));
    said.extend(one.base.clone().map(|base| ("base", base)));
    said.extend((!keys.is_empty()).then(|| ("key", keys.join(", "))));
    put(facts, outer, None, said, &one.annotations);
}

fn leads(one: &Navigation) -> Vec<Said> {
    let target = if one.collection { format!("Collection({})", one.target) } else { one.target.clone() };
    let mut said = vec![("type", target), ("nullable", one.nullable.to_string())];
    said.push(("contains_target", one.contains_target.to_string()));
    said.extend(one.partner.clone().map(|partner| ("partner", partner)));
    let constraints: Vec<String> =
        one.constraints.iter().map(|one| format!("{} = {}", one.property, one.referenced)).collect();
    said.extend((!constraints.is_empty()).then(|| ("constraint", constraints.join(", "))));
    said.extend(one.on_delete.as_ref().map(|on_delete| ("on_delete", on_delete.action.clone())));
    said
}

fn type_use(of: &TypeUse) -> Vec<Said> {
    let mut said = vec![("type", of.spelled()), ("nullable", of.nullable.to_string())];
    said.extend(of.max_length.map(|length| ("max_length", length.to_string())));
    said.extend(of.precision.map(|digits| ("precision", digits.to_string())));
    said.extend(of.scale.map(|scale| ("scale", scale.to_string())));
    said.extend(of.srid.clone().map(|srid| ("srid", srid)));
    said.extend((!of.unicode).then(|| ("unicode", "false".to_owned())));
    said
}

fn operation(facts: &mut Facts, name: &str, one: &Operation) {
    let kind = if one.is_function { Kind::Function } else { Kind::Action };
    let outer = (format!("{name}{}", one.signature()), kind);
    for parameter in &one.parameters {
        let said = type_use(&parameter.of);
        add(facts, &outer, (&parameter.name, Kind::Parameter), said, &parameter.annotations);
    }
    let mut said =
        vec![("is_bound", one.is_bound.to_string()), ("is_composable", one.is_composable.to_string())];
    said.extend(one.returns.as_ref().map(|returned| ("returns", returned.of.spelled())));
    let order: Vec<&str> = one.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    said.push(("parameters", order.join(", ")));
    put(facts, outer, None, said, &one.annotations);
}

fn container(facts: &mut Facts, name: &str, one: &Container) {
    let outer = (name.to_owned(), Kind::Container);
    for (name, set) in &one.sets {
        let said = bound("type", &set.entity_type, &set.bindings);
        add(facts, &outer, (name, Kind::EntitySet), said, &set.annotations);
    }
    for (name, singleton) in &one.singletons {
        let said = bound("type", &singleton.entity_type, &singleton.bindings);
        add(facts, &outer, (name, Kind::Singleton), said, &singleton.annotations);
    }
    for (name, import) in one.action_imports.iter().chain(&one.function_imports) {
        let set = import.entity_set.clone().map(|set| ("entity_set", set));
        let said = [("operation", import.operation.clone())].into_iter().chain(set);
        add(facts, &outer, (name, Kind::Import), said, &import.annotations);
    }
    let extends = one.extends.clone().map(|extends| ("extends", extends));
    put(facts, outer, None, extends, &one.annotations);
}

fn bound(aspect: &'static str, value: &str, bindings: &BTreeMap<String, String>) -> Vec<Said> {
    let bindings: Vec<String> = bindings.iter().map(|(path, target)| format!("{path} to {target}")).collect();
    let bindings = (!bindings.is_empty()).then(|| ("bindings", bindings.join(", ")));
    [(aspect, value.to_owned())].into_iter().chain(bindings).collect()
}
