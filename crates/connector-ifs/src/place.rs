//! Where rows are: a service and one of its entity sets.

use serde::{Deserialize, Serialize};

/// An entity set of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What kind of service it is.
    #[serde(default)]
    pub service: ServiceKind,
    /// The name of the service, without `.svc`.
    #[serde(default)]
    pub projection: String,
    /// The whole path of the service below the tenant's address, where it is not made of a prefix
    /// and the name: for servers other than IFS.
    #[serde(default)]
    pub path: Option<String>,
    /// The entity set.
    pub set: String,
}

/// The two kinds of services of IFS Cloud, which are found below different paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// A projection, made for a page or a purpose.
    #[default]
    Projection,
    /// An entity service: one logical unit. An administrator has to activate it first.
    Entity,
}

impl Place {
    /// A set of a projection.
    pub fn projection(name: &str, set: &str) -> Self {
        Self {
            service: ServiceKind::Projection,
            projection: name.to_owned(),
            path: None,
            set: set.to_owned(),
        }
    }

    /// A set of an entity service.
    pub fn entity(name: &str, set: &str) -> Self {
        Self { service: ServiceKind::Entity, ..Self::projection(name, set) }
    }

    /// The service as people call it.
    pub(crate) fn service_name(&self) -> String {
        match &self.path {
            Some(path) => path.clone(),
            None => format!("{}.svc", self.projection),
        }
    }
}
