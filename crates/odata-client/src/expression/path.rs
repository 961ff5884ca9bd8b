//! Paths: to a property within an expression, and to a resource below the service root.

use super::Expression;
use crate::Key;
use crate::query::{Aggregation, Search};

/// A path, segment by segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path {
    /// Its segments; a key belongs to the segment before it, though it is a segment here.
    pub segments: Vec<Segment>,
}

/// One step of a [`Path`].
///
/// `Name(Part=1)` reads as a key or as a call, which only a model can tell apart: without one, a
/// name with a namespace is called and any other is given a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Segment {
    /// A property, an entity set, a type to cast to, an operation without parentheses; with its
    /// namespace, if any.
    Name(String),
    /// `(1)` behind the segment before.
    Key(Key),
    /// A function of the service with its parameters.
    Call {
        /// Its name, with its namespace, if any.
        name: String,
        /// The parameters by name.
        parameters: Vec<(String, Expression)>,
    },
    /// `@Namespace.Term#Qualifier`.
    Annotation {
        /// The term.
        term: String,
        /// The qualifier.
        qualifier: Option<String>,
    },
    /// `@name`: a parameter alias.
    Alias(String),
    /// `$it`: the row that the resource path found.
    It,
    /// `$this`: the row that the option works on.
    This,
    /// `$these`: the collection that a transformation works on.
    These,
    /// `$root`: the service root.
    Root,
    /// `$count`, of the members that match.
    Count {
        /// Which members are counted.
        filter: Option<Box<Expression>>,
        /// Which members are counted.
        search: Option<Search>,
    },
    /// `$filter(condition)`.
    Filter(Box<Expression>),
    /// `any(x:condition)`; without a condition, whether there is any member.
    Any(Option<Lambda>),
    /// `all(x:condition)`.
    All(Lambda),
    /// `aggregate(…)`.
    Aggregate(Box<Aggregation>),
    /// A member of an ordered collection; negative numbers count from its end.
    Index(i64),
    /// A key value that is a segment of its own and cannot be a name, such as `A-1`.
    KeySegment(String),
    /// `$ref`: the reference instead of the row.
    Ref,
    /// `$value`: the bare value.
    Value,
    /// `$each`: each member, for an action or an update.
    Each,
    /// `$query`: the options come in the body.
    Query,
    /// `$all`: every entity of the service.
    Everything,
    /// `$crossjoin(A,B)`.
    CrossJoin(Vec<String>),
    /// `*`: every property that the option can mean.
    Star,
    /// `Namespace.*`: every operation of the namespace.
    Operations(String),
}

/// A condition on each member of a collection, which has a name in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lambda {
    /// The name of the member.
    pub variable: String,
    /// The condition, whose paths begin with the variable.
    pub condition: Box<Expression>,
}

impl Path {
    /// The path of the names between the slashes of `text`.
    pub fn of(text: &str) -> Self {
        Self { segments: text.split('/').map(Segment::named).collect() }
    }

    /// `self/any(variable:condition)`: at least one member of the collection meets the condition.
    pub fn any(self, variable: impl Into<String>, condition: Expression) -> Expression {
        let lambda = Lambda { variable: variable.into(), condition: Box::new(condition) };
        Expression::Path(self.then(Segment::Any(Some(lambda))))
    }

    /// `self/all(variable:condition)`: every member meets the condition.
    pub fn all(self, variable: impl Into<String>, condition: Expression) -> Expression {
        let lambda = Lambda { variable: variable.into(), condition: Box::new(condition) };
        Expression::Path(self.then(Segment::All(lambda)))
    }

    /// `self/$count`: how many members the collection has.
    pub fn count(self) -> Expression {
        Expression::Path(self.then(Segment::Count { filter: None, search: None }))
    }

    /// The path with one more segment.
    pub fn then(mut self, segment: Segment) -> Self {
        self.segments.push(segment);
        self
    }
}

impl Segment {
    fn named(text: &str) -> Self {
        match text {
            "$it" => Self::It,
            "$this" => Self::This,
            "$these" => Self::These,
            "$root" => Self::Root,
            "$count" => Self::Count { filter: None, search: None },
            "*" => Self::Star,
            name => Self::Name(name.to_owned()),
        }
    }
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        Self::of(text)
    }
}
