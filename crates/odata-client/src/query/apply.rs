//! Transformations: what the server does to a collection before it answers (`$apply`).

use super::{Aggregation, Compute, Order, Search};
use crate::Expression;
use crate::expression::{Path, Segment};

/// One step of `$apply` (OData Aggregation 3).
///
/// ```
/// use odata_client::{Aggregation, Grouping, Method, Path, Query, Transformation};
///
/// let totals = Transformation::GroupBy {
///     by: vec![Grouping::Property(Path::of("Customer/Country"))],
///     then: vec![Transformation::Aggregate(vec![Aggregation::of("Amount", Method::Sum, "Total")])],
/// };
/// let query = Query { apply: vec![totals], ..Query::default() };
/// assert_eq!(
///     query.encoded(),
///     "$apply=groupby((Customer/Country),aggregate(Amount%20with%20sum%20as%20Total))"
/// );
/// assert_eq!(Query::parse(&query.encoded()), Ok(query));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transformation {
    /// One row of aggregates.
    Aggregate(Vec<Aggregation>),
    /// More properties.
    Compute(Vec<Compute>),
    /// The results of several sequences, one behind the other.
    Concat(Vec<Vec<Transformation>>),
    /// One result for each group.
    GroupBy {
        /// What makes a group.
        by: Vec<Grouping>,
        /// What is done to each; nothing: the distinct values.
        then: Vec<Transformation>,
    },
    /// Rows beside related rows.
    Join(Join),
    /// Results as new properties.
    Nest {
        /// The relation that the results are made of (`addnested`); none: the collection itself
        /// (`nest`).
        path: Option<Path>,
        /// The results and their names.
        results: Vec<Nested>,
    },
    /// The first or last rows by a value.
    Ranked {
        /// Which.
        rank: Rank,
        /// How many, how much.
        amount: Expression,
        /// The value.
        by: Expression,
    },
    /// The rows that match.
    Filter(Expression),
    /// The rows that match, in free text.
    Search(Search),
    /// All rows.
    Identity,
    /// The rows in an order.
    OrderBy(Vec<Order>),
    /// Without so many rows at the beginning.
    Skip(u64),
    /// So many rows at most.
    Top(u64),
    /// The rows above those of the start.
    Ancestors(Box<Traversal>),
    /// The rows below those of the start.
    Descendants(Box<Traversal>),
    /// The rows of a hierarchy in its order.
    Traverse {
        /// Which hierarchy.
        hierarchy: Hierarchy,
        /// Parents first.
        preorder: bool,
        /// Which rows.
        start: Vec<Transformation>,
        /// In which order among siblings.
        order_by: Vec<Order>,
    },
    /// A function of the service; always a [`Segment::Call`].
    Function(Segment),
}

/// What makes a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grouping {
    /// The same value.
    Property(Path),
    /// The same values, with subtotals from right to left.
    Rollup(Vec<Path>),
    /// The nodes of a hierarchy, with all below them.
    RollupRecursive {
        /// Which hierarchy.
        hierarchy: Hierarchy,
        /// Which nodes.
        start: Vec<Transformation>,
    },
}

/// A recursive hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// Its nodes, from `$root` on.
    pub nodes: Path,
    /// The qualifier of its annotation.
    pub qualifier: String,
    /// Where the rows have the value of the node.
    pub property: Path,
}

/// A walk up or down a [`Hierarchy`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traversal {
    /// Which hierarchy.
    pub hierarchy: Hierarchy,
    /// Where it starts.
    pub start: Vec<Transformation>,
    /// How far, in levels.
    pub distance: Option<u64>,
    /// Whether the start is part of the result.
    pub keep_start: bool,
}

/// Rows beside related rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Whether rows without related rows stay (`outerjoin`).
    pub outer: bool,
    /// The relation.
    pub path: Path,
    /// The name of the related row.
    pub alias: String,
    /// What is done to the related rows first.
    pub then: Vec<Transformation>,
}

/// A result with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nested {
    /// How it is made.
    pub sequence: Vec<Transformation>,
    /// Its name.
    pub alias: String,
}

/// Which rows by a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// So many of the smallest.
    BottomCount,
    /// The smallest that make so many percent.
    BottomPercent,
    /// The smallest that make so much.
    BottomSum,
    /// So many of the largest.
    TopCount,
    /// The largest that make so many percent.
    TopPercent,
    /// The largest that make so much.
    TopSum,
}

impl Rank {
    /// Every rank.
    pub const ALL: &'static [Self] = &[
        Self::BottomCount,
        Self::BottomPercent,
        Self::BottomSum,
        Self::TopCount,
        Self::TopPercent,
        Self::TopSum,
    ];

    /// How it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::BottomCount => "bottomcount",
            Self::BottomPercent => "bottompercent",
            Self::BottomSum => "bottomsum",
            Self::TopCount => "topcount",
            Self::TopPercent => "toppercent",
            Self::TopSum => "topsum",
        }
    }
}
