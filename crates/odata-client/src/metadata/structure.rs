//! Types that a model declares: entities, complex types, enumerations, type definitions.

use std::collections::BTreeSet;

use super::{Annotations, TypeUse};

/// An entity type or a complex type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StructuredType {
    /// The qualified name of the type it extends.
    pub base: Option<String>,
    /// Whether nothing has exactly this type.
    pub is_abstract: bool,
    /// Whether instances may have properties that are not declared.
    pub open: bool,
    /// Whether it is a media entity.
    pub has_stream: bool,
    /// Its own key; a type without one has the key of its base.
    pub keys: Vec<KeyRef>,
    /// Its own properties, without those of its base.
    pub properties: Vec<Property>,
    /// Its own navigation properties, without those of its base.
    pub navigations: Vec<Navigation>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// One part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRef {
    /// The property, or the path to it through complex properties.
    pub path: String,
    /// The name that stands for the path in key predicates.
    pub alias: Option<String>,
}

/// One property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Its type and facets.
    pub of: TypeUse,
    /// What it is when nothing is said at creation, as text.
    pub default_value: Option<String>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// A navigation property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Navigation {
    /// Its name.
    pub name: String,
    /// The qualified name of the entity type it leads to.
    pub target: String,
    /// Whether it leads to many.
    pub collection: bool,
    /// Whether it may lead nowhere.
    pub nullable: bool,
    /// The navigation property that leads back.
    pub partner: Option<String>,
    /// Whether what it leads to lives and dies with the entity.
    pub contains_target: bool,
    /// Which own properties equal which of the target.
    pub constraints: Vec<Constraint>,
    /// What deleting the entity does to what it leads to.
    pub on_delete: Option<OnDelete>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// A referential constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constraint {
    /// The own property.
    pub property: String,
    /// The property of the target that has the same value.
    pub referenced: String,
    /// What is said about it.
    pub annotations: Annotations,
}

/// What deleting an entity does to related ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnDelete {
    /// `Cascade`, `None`, `SetNull` or `SetDefault`.
    pub action: String,
    /// What is said about it.
    pub annotations: Annotations,
}

/// An enumeration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnumType {
    /// The integer type below it, such as `Edm.Int32`.
    pub underlying: String,
    /// Whether members may be combined.
    pub is_flags: bool,
    /// The members in order.
    pub members: Vec<EnumMember>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// A member of an enumeration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnumMember {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: i64,
    /// What is said about it.
    pub annotations: Annotations,
}

/// Another name for a primitive type, with facets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeDefinition {
    /// The primitive type below it.
    pub of: TypeUse,
    /// What is said about it.
    pub annotations: Annotations,
}

impl KeyRef {
    /// The name of this part in a key predicate.
    pub fn name(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.path)
    }
}

impl StructuredType {
    /// Its own property `name`.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Its own navigation property `name`.
    pub fn navigation(&self, name: &str) -> Option<&Navigation> {
        self.navigations.iter().find(|navigation| navigation.name == name)
    }

    /// Whether each of its members has a name of its own.
    pub(super) fn check(&self, name: &str) -> Result<(), String> {
        let properties = self.properties.iter().map(|property| &property.name);
        let mut names = BTreeSet::new();
        for member in properties.chain(self.navigations.iter().map(|navigation| &navigation.name)) {
            speakable(member)?;
            if !names.insert(member) {
                return Err(format!("{name} declares {member} twice"));
            }
        }
        Ok(())
    }
}

/// Refuses names that could not be told from the paths in which they stand. Which letters an
/// identifier may have is left to the server.
pub(super) fn speakable(name: &str) -> Result<(), String> {
    let stray = |c: char| c.is_whitespace() || c.is_control() || "/()[]{}<>'\"@#$,;:?&=%+*".contains(c);
    if name.is_empty() || name.contains(stray) {
        return Err(format!("{name:?} is no name"));
    }
    Ok(())
}

impl Navigation {
    /// Whether it leads to an entity (CSDL 4.01, 8.1).
    pub(super) fn check(&self) -> Result<(), String> {
        if self.target.starts_with("Edm.") && self.target != "Edm.EntityType" {
            return Err(format!(
                "the navigation property {} leads to {}, which is no entity",
                self.name, self.target
            ));
        }
        Ok(())
    }
}

impl EnumType {
    /// The names of the members in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }
}
