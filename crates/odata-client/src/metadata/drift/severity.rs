//! How much a change matters to the properties that are used.

use std::collections::BTreeMap;

use super::facts::{Fact, Place};
use super::{Difference, Kind, Severity, Used};
use crate::metadata::Metadata;

/// What is used, by the names of the things that changes are about; `true` if it is written.
pub(super) struct Judge {
    used: BTreeMap<String, bool>,
    /// Types of which rows are written.
    written_types: Vec<String>,
}

impl Judge {
    /// Knows all things that the `used` properties of `metadata` depend on.
    pub(super) fn new(metadata: &Metadata, used: &[Used]) -> Self {
        let mut judge = Self { used: BTreeMap::new(), written_types: Vec::new() };
        for one in used {
            judge.uses(metadata, one);
        }
        judge
    }

    fn uses(&mut self, metadata: &Metadata, one: &Used) {
        for (container, offered) in &metadata.containers {
            if let Some(set) = offered.sets.get(&one.set) {
                self.add(container.clone(), one.written);
                self.add(format!("{container}/{}", one.set), one.written);
                self.add(format!("{container}/{}/{}", one.set, one.property), one.written);
                self.uses_type(metadata, &set.entity_type, one);
            }
        }
    }

    fn uses_type(&mut self, metadata: &Metadata, type_name: &str, one: &Used) {
        for (name, _) in metadata.lineage(type_name) {
            self.add(name.to_owned(), one.written);
            if one.written {
                self.written_types.push(name.to_owned());
            }
        }
        let mut type_name = type_name;
        for step in one.property.split('/') {
            let Some((owner, property)) = metadata.declared(type_name, step) else { return };
            self.add(owner.to_owned(), one.written);
            self.add(format!("{owner}/{step}"), one.written);
            type_name = &property.of.name;
            self.add(type_name.to_owned(), one.written);
        }
        for member in metadata.enums.get(type_name).into_iter().flat_map(|one| &one.members) {
            self.add(format!("{type_name}/{}", member.name), one.written);
        }
    }

    fn add(&mut self, name: String, written: bool) {
        *self.used.entry(name).or_default() |= written;
    }

    /// How much `what` matters at `place`, of which `now` is said after it.
    pub(super) fn severity(&self, place: &Place, what: &Difference, now: Option<&Fact>) -> Severity {
        match (self.used.get(&place.0), what) {
            (Some(_), Difference::Removed) => Severity::Breaking,
            (Some(written), Difference::Changed { aspect, before, after }) => {
                changed(aspect, before.as_deref(), after.as_deref(), *written)
            }
            (_, Difference::Added) => self.added(place, now),
            (None, _) => Severity::Info,
        }
    }

    /// A new member of a used enumeration may come in rows; a new property without which rows cannot
    /// be created stops creating them.
    fn added(&self, (name, kind): &Place, now: Option<&Fact>) -> Severity {
        let Some((outer, _)) = name.rsplit_once('/') else { return Severity::Info };
        let demanded = || {
            let aspects = now.map(|fact| &fact.aspects);
            aspects.is_some_and(|said| {
                said.get("nullable").is_some_and(|nullable| nullable == "false")
                    && !said.contains_key("default_value")
                    && !said.keys().any(|aspect| aspect.starts_with("@Org.OData.Core.V1.Computed"))
            })
        };
        let matters = match kind {
            Kind::EnumMember => self.used.contains_key(outer),
            Kind::Property => self.written_types.iter().any(|one| one == outer) && demanded(),
            _ => false,
        };
        if matters { Severity::Warning } else { Severity::Info }
    }
}

fn changed(aspect: &str, before: Option<&str>, after: Option<&str>, written: bool) -> Severity {
    let for_writers = if written { Severity::Breaking } else { Severity::Warning };
    match aspect {
        "type" | "key" | "value" => Severity::Breaking,
        "nullable" if after == Some("true") => Severity::Warning,
        "nullable" | "unicode" => for_writers,
        "max_length" | "precision" | "scale" if narrower(before, after) => for_writers,
        "max_length" | "precision" | "scale" | "base" | "is_abstract" | "default_value" => Severity::Warning,
        _ => said(aspect, for_writers),
    }
}

/// What a change of an annotation means.
fn said(aspect: &str, for_writers: Severity) -> Severity {
    let Some(term) = aspect.strip_prefix('@') else { return Severity::Info };
    let writing = [
        "Core.V1.Computed",
        "Core.V1.Immutable",
        "Core.V1.Permissions",
        "Core.V1.OptimisticConcurrency",
        "Capabilities.V1.InsertRestrictions",
        "Capabilities.V1.UpdateRestrictions",
    ];
    let Some(term) = term.strip_prefix("Org.OData.") else { return Severity::Info };
    if writing.iter().any(|one| term.starts_with(one)) {
        return for_writers;
    }
    if term.starts_with("Capabilities.") { Severity::Warning } else { Severity::Info }
}

/// Whether fewer values fit; nothing said means that all do.
fn narrower(before: Option<&str>, after: Option<&str>) -> bool {
    let size = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok()).unwrap_or(u64::MAX);
    size(after) < size(before)
}
