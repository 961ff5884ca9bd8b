//! What a service offers: sets, singletons, imports of operations.

use std::collections::BTreeMap;

use super::Annotations;

/// An entity container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// The qualified name of the container that it extends.
    pub extends: Option<String>,
    /// The entity sets.
    pub sets: BTreeMap<String, EntitySet>,
    /// The singletons.
    pub singletons: BTreeMap<String, Singleton>,
    /// Actions that can be called without being bound.
    pub action_imports: BTreeMap<String, OperationImport>,
    /// Functions that can be called without being bound.
    pub function_imports: BTreeMap<String, OperationImport>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// An entity set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntitySet {
    /// The qualified name of the type of its entities.
    pub entity_type: String,
    /// Whether the service document shows it.
    pub advertised: bool,
    /// To which set a navigation path leads.
    pub bindings: BTreeMap<String, String>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// A single entity with a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Singleton {
    /// The qualified name of its type.
    pub entity_type: String,
    /// Whether it may be missing.
    pub nullable: bool,
    /// To which set a navigation path leads.
    pub bindings: BTreeMap<String, String>,
    /// What is said about it.
    pub annotations: Annotations,
}

/// An action or function that can be called without being bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationImport {
    /// The qualified name of the operation.
    pub operation: String,
    /// From which set the result is.
    pub entity_set: Option<String>,
    /// Whether the service document shows it; functions only.
    pub advertised: bool,
    /// What is said about it.
    pub annotations: Annotations,
}
