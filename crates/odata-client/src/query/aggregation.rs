//! What is aggregated, and how (OData Aggregation 3.2.1).

use std::fmt;

use crate::Expression;
use crate::expression::Path;

/// One item of `aggregate`, such as `Amount with sum as Total`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregation {
    /// What: a property, an expression, `$count`, or a custom aggregate.
    pub what: Expression,
    /// How; `$count` and custom aggregates know it themselves.
    pub method: Option<Method>,
    /// Along which properties it is aggregated first.
    pub from: Vec<From>,
    /// The name of the result.
    pub alias: Option<String>,
}

/// How values become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// `sum`
    Sum,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `average`
    Average,
    /// `countdistinct`
    CountDistinct,
    /// A method of the service, with its namespace.
    Custom(String),
}

/// A step of an aggregation: `from Time with average`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// The properties.
    pub properties: Vec<Path>,
    /// How.
    pub method: Option<Method>,
}

impl Aggregation {
    /// `path with method as alias`
    pub fn of(path: impl AsRef<str>, method: Method, alias: impl Into<String>) -> Self {
        Self {
            what: crate::property(path),
            method: Some(method),
            from: Vec::new(),
            alias: Some(alias.into()),
        }
    }

    /// `$count as alias`
    pub fn count(alias: impl Into<String>) -> Self {
        Self { what: crate::property("$count"), method: None, from: Vec::new(), alias: Some(alias.into()) }
    }
}

impl fmt::Display for Aggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        write_method(f, self.method.as_ref())?;
        for from in &self.from {
            super::print::write_separated(f, " from ", &from.properties, ",")?;
            write_method(f, from.method.as_ref())?;
        }
        match &self.alias {
            Some(alias) => write!(f, " as {alias}"),
            None => Ok(()),
        }
    }
}

fn write_method(f: &mut fmt::Formatter<'_>, method: Option<&Method>) -> fmt::Result {
    match method {
        Some(method) => write!(f, " with {method}"),
        None => Ok(()),
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Average => "average",
            Self::CountDistinct => "countdistinct",
            Self::Custom(name) => name,
        })
    }
}
