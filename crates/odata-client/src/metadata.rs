//! Metadata documents: what a service declares, read from CSDL XML or CSDL JSON, 4.0 or 4.01.
//!
//! Names are qualified by namespaces throughout, whatever aliases a document uses. Documents over
//! 64 MiB, values nested deeper than 64 and document types are refused; unknown elements are passed
//! over.
//!
//! ```
//! use odata_client::metadata::{Severity, Used};
//! use odata_client::{Drift, Metadata};
//!
//! let csdl = |name: &str| {
//!     let text = format!(
//!         r#"<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
//!         <Schema Namespace="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">
//!         <EntityType Name="Customer"><Key><PropertyRef Name="Id"/></Key>
//!         <Property Name="Id" Type="Edm.String"/><Property Name="{name}" Type="Edm.String" MaxLength="100"/></EntityType>
//!         <EntityContainer Name="C"><EntitySet Name="CustomerSet" EntityType="S.Customer"/></EntityContainer>
//!         </Schema></edmx:DataServices></edmx:Edmx>"#
//!     );
//!     Metadata::read(text.as_bytes())
//! };
//! let (before, now) = (csdl("Name")?, csdl("Title")?);
//! assert_eq!(before.property("CustomerSet", "Name").and_then(|name| name.of.max_length), Some(100));
//!
//! let drift = Drift::between(&before, &now, &[Used::read("CustomerSet", "Name")]);
//! assert_eq!(drift.worst(), Some(Severity::Breaking));
//! # Ok::<(), odata_client::MetadataError>(())
//! ```

mod alias;
mod annotation;
mod capability;
mod container;
mod drift;
mod json;
mod number;
mod operation;
mod reference;
mod structure;
mod type_use;
mod version;
mod xml;

#[cfg(test)]
mod pair_tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

pub use annotation::{Annotation, Annotations, Expression, Record, Value};
pub use capability::Capabilities;
pub use container::{Container, EntitySet, OperationImport, Singleton};
pub use drift::{Change, Difference, Drift, Kind, Severity, Used};
pub use operation::{Operation, Parameter, Returned, Term};
pub use reference::{Include, IncludeAnnotations, Reference, Schema};
pub use structure::{
    Constraint, EnumMember, EnumType, KeyRef, Navigation, OnDelete, Property, StructuredType, TypeDefinition,
};
pub use type_use::{Scale, TypeUse};
pub use version::MetadataVersion;

use crate::ODataError;

/// Metadata of large IFS projections has a few MiB, of all of them together some tens.
const LARGEST: usize = 64 * 1024 * 1024;
const DEEPEST: usize = 64;

/// What a metadata document says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The version of CSDL, such as `4.0`.
    pub version: String,
    /// The documents it builds on.
    pub references: Vec<Reference>,
    /// Its schemas by namespace.
    pub schemas: BTreeMap<String, Schema>,
    /// Entity types by qualified name.
    pub entity_types: BTreeMap<String, StructuredType>,
    /// Complex types by qualified name.
    pub complex_types: BTreeMap<String, StructuredType>,
    /// Enumerations by qualified name.
    pub enums: BTreeMap<String, EnumType>,
    /// Type definitions by qualified name.
    pub type_definitions: BTreeMap<String, TypeDefinition>,
    /// Actions and functions by qualified name, with their overloads.
    pub operations: BTreeMap<String, Vec<Operation>>,
    /// Terms by qualified name.
    pub terms: BTreeMap<String, Term>,
    /// Entity containers by qualified name.
    pub containers: BTreeMap<String, Container>,
    /// Annotations that stand apart from what they are about, by their target.
    pub external: BTreeMap<String, Annotations>,
    aliases: alias::Aliases,
}

/// A metadata document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {byte}: {why}")]
pub struct MetadataError {
    /// Where.
    pub byte: u64,
    /// What is wrong there.
    pub why: String,
}

impl MetadataError {
    /// As the error of a call.
    pub(crate) fn of(self, operation: &'static str) -> ODataError {
        ODataError::Malformed {
            operation,
            what: "metadata",
            place: format!("byte {}", self.byte),
            why: self.why,
        }
    }
}

impl Metadata {
    /// Reads a document in either format: JSON begins with a brace.
    pub fn read(raw: &[u8]) -> Result<Self, MetadataError> {
        let refuse = |byte: u64, why: &str| MetadataError { byte, why: why.to_owned() };
        if raw.len() > LARGEST {
            return Err(refuse(0, "it is larger than 64 MiB"));
        }
        let text = std::str::from_utf8(raw)
            .map_err(|error| refuse(error.valid_up_to() as u64, "it is not UTF-8"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_json = text.trim_start().starts_with('{');
        let mut metadata = if is_json { json::read(text)? } else { xml::read(text)? };
        alias::settle(&mut metadata);
        Ok(metadata)
    }

    /// The entity set `name`, in any container.
    pub fn entity_set(&self, name: &str) -> Option<&EntitySet> {
        self.containers.values().find_map(|container| container.sets.get(name))
    }

    /// The type of `set`.
    pub fn type_of_set(&self, set: &str) -> Option<&StructuredType> {
        self.entity_types.get(&self.entity_set(set)?.entity_type)
    }

    /// An entity type or complex type.
    pub fn structured(&self, name: &str) -> Option<&StructuredType> {
        self.entity_types.get(name).or_else(|| self.complex_types.get(name))
    }

    /// The type `name` and its bases, the most derived first. Bases that go in circles end.
    pub fn lineage(&self, name: &str) -> impl Iterator<Item = (&str, &StructuredType)> {
        let mut next = self.entry(name);
        let lineage = std::iter::from_fn(move || {
            let (name, found) = next?;
            next = found.base.as_deref().and_then(|base| self.entry(base));
            Some((name, found))
        });
        lineage.take(DEEPEST)
    }

    fn entry(&self, name: &str) -> Option<(&str, &StructuredType)> {
        let entity_type = self.entity_types.get_key_value(name);
        let (name, found) = entity_type.or_else(|| self.complex_types.get_key_value(name))?;
        Some((name, found))
    }

    /// The properties of the type `name`, inherited ones first.
    pub fn properties(&self, name: &str) -> Vec<&Property> {
        let mut lineage: Vec<_> = self.lineage(name).collect();
        lineage.reverse();
        lineage.into_iter().flat_map(|(_, one)| &one.properties).collect()
    }

    /// The navigation properties of the type `name`, inherited ones first.
    pub fn navigations(&self, name: &str) -> Vec<&Navigation> {
        let mut lineage: Vec<_> = self.lineage(name).collect();
        lineage.reverse();
        lineage.into_iter().flat_map(|(_, one)| &one.navigations).collect()
    }

    /// The key of the type `name`, its own or that of a base.
    pub fn keys(&self, name: &str) -> &[KeyRef] {
        let own = self.lineage(name).find(|(_, one)| !one.keys.is_empty());
        own.map_or(&[], |(_, one)| one.keys.as_slice())
    }

    /// A property of `set`, its own or of a base of its type, or a path through complex properties
    /// such as `Address/City`.
    pub fn property(&self, set: &str, path: &str) -> Option<&Property> {
        self.property_of_type(&self.entity_set(set)?.entity_type, path)
    }

    /// A property of the type `name`, by its name or a path through complex properties.
    pub fn property_of_type(&self, name: &str, path: &str) -> Option<&Property> {
        self.declared(name, path).map(|(_, property)| property)
    }

    /// A property with the type that declares it.
    pub(crate) fn declared(&self, name: &str, path: &str) -> Option<(&str, &Property)> {
        let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let (owner, found) =
            self.lineage(name).find_map(|(owner, one)| Some((owner, one.property(first)?)))?;
        match rest {
            Some(rest) => self.declared(&found.of.name, rest),
            None => Some((owner, found)),
        }
    }

    /// The enumeration `name`.
    pub fn enumeration(&self, name: &str) -> Option<&EnumType> {
        self.enums.get(&self.qualified(name))
    }

    /// The primitive type below `name`, through type definitions and enumerations; `name` itself if
    /// it is neither.
    pub fn underlying<'m>(&'m self, name: &'m str) -> &'m str {
        if let Some(definition) = self.type_definitions.get(name) {
            return &definition.of.name;
        }
        self.enums.get(name).map_or(name, |one| &one.underlying)
    }

    /// The overloads of `name` that are bound to `type_name`, or to a base of it, or to a collection.
    pub fn bound_operations(&self, type_name: &str) -> Vec<(&str, &Operation)> {
        let lineage: Vec<&str> = self.lineage(type_name).map(|(name, _)| name).collect();
        let fits = |one: &Operation| one.bound_to().is_some_and(|of| lineage.contains(&of.name.as_str()));
        let all =
            self.operations.iter().flat_map(|(name, all)| all.iter().map(move |one| (name.as_str(), one)));
        all.filter(|(_, one)| fits(one)).collect()
    }

    /// `name` with an alias replaced by its namespace.
    pub fn qualified(&self, name: &str) -> String {
        self.aliases.name(name)
    }

    /// `path` with every alias in it replaced.
    pub fn qualified_path(&self, path: &str) -> String {
        self.aliases.path(path)
    }
}

type Added = Result<(), String>;

/// Adds what a reader found; a name may be declared once.
impl Metadata {
    fn add_reference(&mut self, reference: Reference) {
        for include in &reference.includes {
            if let Some(alias) = &include.alias {
                self.aliases.add(alias, &include.namespace);
            }
        }
        self.references.push(reference);
    }

    fn add_schema(&mut self, namespace: String, schema: Schema) -> Added {
        if let Some(alias) = &schema.alias {
            self.aliases.add(alias, &namespace);
        }
        once(&mut self.schemas, namespace, schema)
    }

    fn add_entity_type(&mut self, name: String, one: StructuredType) -> Added {
        one.check(&name)?;
        once(&mut self.entity_types, name, one)
    }

    fn add_complex_type(&mut self, name: String, one: StructuredType) -> Added {
        one.check(&name)?;
        once(&mut self.complex_types, name, one)
    }

    fn add_enum(&mut self, name: String, one: EnumType) -> Added {
        once(&mut self.enums, name, one)
    }

    fn add_type_definition(&mut self, name: String, one: TypeDefinition) -> Added {
        once(&mut self.type_definitions, name, one)
    }

    fn add_term(&mut self, name: String, one: Term) -> Added {
        once(&mut self.terms, name, one)
    }

    fn add_container(&mut self, name: String, one: Container) -> Added {
        once(&mut self.containers, name, one)
    }

    fn add_external(&mut self, target: &str, annotations: Annotations) -> Added {
        if ["(,", ",,", ",)"].iter().any(|gap| target.contains(gap)) {
            return Err(format!("the target {target} lacks the type of a parameter"));
        }
        self.external.entry(target.to_owned()).or_default().merge(annotations);
        Ok(())
    }
}

fn once<T>(map: &mut BTreeMap<String, T>, name: String, one: T) -> Added {
    structure::speakable(&name)?;
    match map.entry(name) {
        Entry::Vacant(place) => {
            place.insert(one);
            Ok(())
        }
        Entry::Occupied(place) => Err(format!("{} is declared twice", place.key())),
    }
}
