//! The query options of one read.

mod aggregation;
mod apply;
mod expand;
mod print;
mod search;

pub use aggregation::{Aggregation, From, Method};
pub use apply::{Grouping, Hierarchy, Join, Nested, Rank, Transformation, Traversal};
pub use expand::{Expand, Expanded, Levels, Select};
pub use search::Search;

use crate::parse::{self, ParseError};
use crate::{Expression, Filter, Names, property};

/// What is asked of an entity set. Options that are not set are not sent. The same options stand
/// in parentheses behind what is expanded or selected.
///
/// ```
/// use odata_client::{Expand, Order, Query, property};
///
/// let query = Query {
///     filter: Some(property("Country").eq("SE")),
///     select: vec!["SupplierId".into(), "Name".into()],
///     expand: vec![Expand::of("Addresses").with(Query { top: Some(3), ..Query::default() })],
///     order_by: vec![Order::ascending("SupplierId")],
///     top: Some(500),
///     ..Query::default()
/// };
/// let text = query.encoded();
/// assert_eq!(
///     text,
///     "$filter=(Country%20eq%20%27SE%27)&$select=SupplierId,Name&$expand=Addresses($top=3)\
///      &$orderby=SupplierId%20asc&$top=500"
/// );
/// assert_eq!(Query::parse(&text), Ok(query));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Which transformations come first (`$apply`, OData Aggregation), in their order.
    pub apply: Vec<Transformation>,
    /// Which properties are computed (`$compute`, 4.01).
    pub compute: Vec<Compute>,
    /// Which rows (`$filter`).
    pub filter: Option<Filter>,
    /// Which rows, in free text (`$search`).
    pub search: Option<Search>,
    /// Which properties (`$select`).
    pub select: Vec<Select>,
    /// What comes along (`$expand`).
    pub expand: Vec<Expand>,
    /// In which order (`$orderby`).
    pub order_by: Vec<Order>,
    /// How many rows at most, over all pages (`$top`).
    pub top: Option<u64>,
    /// How many rows are left out first (`$skip`); rows move while one walks this way, so a walk
    /// that must not lose any does not use it.
    pub skip: Option<u64>,
    /// Whether the server shall count all matching rows (`$count=true`).
    pub count: bool,
    /// Where an inserted member stands in an ordered collection (`$index`); negative numbers count
    /// from its end.
    pub index: Option<i64>,
    /// In which format (`$format`); the `Accept` header says it better.
    pub format: Option<String>,
    /// The reference that is meant (`$id`).
    pub id: Option<String>,
    /// Which version of the schema (`$schemaversion`).
    pub schema_version: Option<String>,
    /// Where the page begins (`$skiptoken`): only the server can make one.
    pub skip_token: Option<String>,
    /// Since when changes are asked (`$deltatoken`): only the server can make one.
    pub delta_token: Option<String>,
    /// The values of parameter aliases (`@name=…`), by name without the `@`.
    pub aliases: Vec<(String, Expression)>,
    /// Options of this service alone, as they are; a parameter of a function may stand here too.
    pub custom: Vec<(String, String)>,
}

/// One part of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By what, mostly a property.
    pub by: Expression,
    /// Largest first.
    pub descending: bool,
}

impl Order {
    /// By a property, smallest first.
    pub fn ascending(path: impl AsRef<str>) -> Self {
        Self { by: property(path), descending: false }
    }

    /// By a property, largest first.
    pub fn descending(path: impl AsRef<str>) -> Self {
        Self { by: property(path), descending: true }
    }
}

/// `expression as alias`: a property that the server computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compute {
    /// What is computed.
    pub expression: Expression,
    /// Its name.
    pub alias: String,
}

impl Query {
    /// The query string, percent-encoded, without the question mark; empty if nothing is set.
    pub fn encoded(&self) -> String {
        let mut out = String::new();
        print::push_encoded(self, &mut out);
        out
    }

    /// Reads a query string as it stands in a URL, without the question mark.
    pub fn parse(encoded: &str) -> Result<Self, ParseError> {
        Self::parse_with(encoded, &crate::AnyName)
    }

    /// As [`parse`](Self::parse), with names that `names` allows.
    pub fn parse_with(encoded: &str, names: &dyn Names) -> Result<Self, ParseError> {
        parse::query(encoded, names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_encoded_once() {
        let query = Query {
            filter: Some(property("Name").eq("A & B's 50%")),
            select: vec!["Name".into(), "City".into()],
            order_by: vec![Order::ascending("Name"), Order::descending("City")],
            top: Some(5000),
            skip: Some(1),
            count: true,
            ..Query::default()
        };
        assert_eq!(
            query.encoded(),
            "$filter=(Name%20eq%20%27A%20%26%20B%27%27s%2050%25%27)&$select=Name,City\
             &$orderby=Name%20asc,City%20desc&$top=5000&$skip=1&$count=true"
        );
        assert_eq!(Query::default().encoded(), "");
    }

    #[test]
    fn custom_options_and_aliases_stand_at_the_end() {
        let query = Query {
            aliases: vec![("p".into(), Expression::from(3))],
            custom: vec![("odata-debug".into(), "json&x=1".into())],
            ..Query::default()
        };
        assert_eq!(query.encoded(), "@p=3&odata-debug=json%26x%3D1");
        assert_eq!(Query::parse(&query.encoded()), Ok(query));
    }
}
