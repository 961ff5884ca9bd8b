//! Expressions as values: what `$filter`, `$orderby` and `$compute` are made of.
//!
//! They are printed with explicit parentheses around every operation: the parentheses cost nothing,
//! leave no room for two readings of precedence, and IFS guides ask for them.

mod function;
mod path;
mod print;

pub use function::Function;
pub use path::{Lambda, Path, Segment};

use crate::parse::{self, ParseError};
use crate::{Literal, Names};

/// An expression that is true or false, such as `$filter` takes.
pub type Filter = Expression;

/// An expression (OData ABNF `commonExpr`).
///
/// ```
/// use odata_client::{Expression, Function, Literal, Path, property};
///
/// let open = property("Objstate").is_in(["Released", "Confirmed"]);
/// let large = property("Net").add(property("Tax")).gt(1000);
/// let late = Path::of("Lines").any("l", property("l/Delay").gt(7));
/// let filter = open.and(large).and(late);
/// assert_eq!(
///     filter.to_string(),
///     "((Objstate in ('Released','Confirmed')) and ((Net add Tax) gt 1000) \
///      and Lines/any(l:(l/Delay gt 7)))"
/// );
/// assert_eq!(Expression::parse(&filter.to_string()), Ok(filter));
///
/// let year = Expression::call(Function::Year, [property("OrderDate")]);
/// assert_eq!(year.eq(Literal::Int(2026)).to_string(), "(year(OrderDate) eq 2026)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// A value.
    Literal(Literal),
    /// A property, or a path to one. Names come from configuration, which checks them with
    /// [`is_identifier_path`](crate::encode::is_identifier_path).
    Path(Path),
    /// `left op right`.
    Binary {
        /// The left side.
        left: Box<Expression>,
        /// How they are joined.
        op: Op,
        /// The right side.
        right: Box<Expression>,
    },
    /// All of them; of none: `true`.
    All(Vec<Expression>),
    /// Any of them; of none: `false`.
    Any(Vec<Expression>),
    /// The opposite.
    Not(Box<Expression>),
    /// The number with the other sign.
    Negate(Box<Expression>),
    /// A function of OData itself, such as `contains`.
    Call {
        /// Which.
        function: Function,
        /// Its arguments.
        arguments: Vec<Expression>,
    },
    /// `case(condition:value,…)`: the value of the first condition that is true.
    Case(Vec<(Expression, Expression)>),
    /// `cast(operand,Type)`; without an operand, of the row itself.
    Cast {
        /// What is cast.
        operand: Option<Box<Expression>>,
        /// The name of the type, with or without its namespace.
        type_name: String,
    },
    /// `isof(operand,Type)`; without an operand, of the row itself.
    IsOf {
        /// What is asked about.
        operand: Option<Box<Expression>>,
        /// The name of the type.
        type_name: String,
    },
    /// `(1,2)`: the right side of `in`.
    List(Vec<Literal>),
    /// `["a",Name]`: a collection, in JSON.
    Array(Vec<Expression>),
    /// `{"a":Name}`: an object, in JSON.
    Object(Vec<(String, Expression)>),
    /// Text of the caller, as it is: the way out for what these values cannot say. Nothing in it is
    /// escaped.
    Raw(String),
}

/// How two expressions are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `gt`
    Gt,
    /// `ge`
    Ge,
    /// `lt`
    Lt,
    /// `le`
    Le,
    /// `has`: the flags on the right are set.
    Has,
    /// `in`: one of the list on the right.
    In,
    /// `add`
    Add,
    /// `sub`
    Sub,
    /// `mul`
    Mul,
    /// `div`: of integers without rest.
    Div,
    /// `divby`: with fraction.
    DivBy,
    /// `mod`
    Mod,
}

impl Op {
    /// Every operator.
    pub const ALL: &'static [Self] = &[
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
        Self::Has,
        Self::In,
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::DivBy,
        Self::Mod,
    ];

    /// How it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Has => "has",
            Self::In => "in",
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::DivBy => "divby",
            Self::Mod => "mod",
        }
    }
}

/// The property `path`, such as `Name` or `Address/City`, to build expressions from.
pub fn property(path: impl AsRef<str>) -> Expression {
    Expression::Path(Path::of(path.as_ref()))
}

impl<T: Into<Literal>> From<T> for Expression {
    fn from(literal: T) -> Self {
        Self::Literal(literal.into())
    }
}

impl Expression {
    /// The row itself (`$it`).
    pub fn it() -> Self {
        Self::Path(Path { segments: vec![Segment::It] })
    }

    /// `@name`, whose value the query gives in its aliases.
    pub fn alias(name: impl Into<String>) -> Self {
        Self::Path(Path { segments: vec![Segment::Alias(name.into())] })
    }

    /// A function of OData itself.
    pub fn call(function: Function, arguments: impl IntoIterator<Item = Self>) -> Self {
        Self::Call { function, arguments: arguments.into_iter().collect() }
    }

    /// `self op right`
    pub fn op(self, op: Op, right: impl Into<Self>) -> Self {
        Self::Binary { left: Box::new(self), op, right: Box::new(right.into()) }
    }
    /// `self eq right`
    pub fn eq(self, right: impl Into<Self>) -> Self {
        self.op(Op::Eq, right)
    }
    /// `self ne right`
    pub fn ne(self, right: impl Into<Self>) -> Self {
        self.op(Op::Ne, right)
    }
    /// `self gt right`
    pub fn gt(self, right: impl Into<Self>) -> Self {
        self.op(Op::Gt, right)
    }
    /// `self ge right`
    pub fn ge(self, right: impl Into<Self>) -> Self {
        self.op(Op::Ge, right)
    }
    /// `self lt right`
    pub fn lt(self, right: impl Into<Self>) -> Self {
        self.op(Op::Lt, right)
    }
    /// `self le right`
    pub fn le(self, right: impl Into<Self>) -> Self {
        self.op(Op::Le, right)
    }
    /// `self in (values)`
    pub fn is_in<T: Into<Literal>>(self, values: impl IntoIterator<Item = T>) -> Self {
        self.op(Op::In, Self::List(values.into_iter().map(Into::into).collect()))
    }
    /// `self has flags`
    pub fn has(self, flags: impl Into<Literal>) -> Self {
        self.op(Op::Has, flags.into())
    }
    /// `self add right`
    #[expect(clippy::should_implement_trait, reason = "it is the operator of the query, not a sum")]
    pub fn add(self, right: impl Into<Self>) -> Self {
        self.op(Op::Add, right)
    }
    /// `contains(self,part)`
    pub fn contains(self, part: impl Into<Self>) -> Self {
        Self::call(Function::Contains, [self, part.into()])
    }
    /// `startswith(self,part)`
    pub fn starts_with(self, part: impl Into<Self>) -> Self {
        Self::call(Function::StartsWith, [self, part.into()])
    }
    /// `endswith(self,part)`
    pub fn ends_with(self, part: impl Into<Self>) -> Self {
        Self::call(Function::EndsWith, [self, part.into()])
    }
    /// `tolower(self)`
    pub fn to_lower(self) -> Self {
        Self::call(Function::ToLower, [self])
    }
    /// `toupper(self)`
    pub fn to_upper(self) -> Self {
        Self::call(Function::ToUpper, [self])
    }
    /// `trim(self)`
    pub fn trim(self) -> Self {
        Self::call(Function::Trim, [self])
    }
    /// `length(self)`
    pub fn length(self) -> Self {
        Self::call(Function::Length, [self])
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut parts) => {
                parts.push(other);
                Self::All(parts)
            }
            first => Self::All(vec![first, other]),
        }
    }

    /// Either.
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut parts) => {
                parts.push(other);
                Self::Any(parts)
            }
            first => Self::Any(vec![first, other]),
        }
    }

    /// The opposite.
    pub fn negate(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Reads an expression as a person writes it, not percent-encoded.
    ///
    /// ```
    /// use odata_client::Expression;
    ///
    /// let parsed = Expression::parse("Price mul 2 gt 5 and not contains(Name,'x')").unwrap();
    /// assert_eq!(parsed.to_string(), "(((Price mul 2) gt 5) and (not contains(Name,'x')))");
    /// let error = Expression::parse("Price gt").unwrap_err();
    /// assert_eq!(error.at(), 8);
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::expression(text)
    }

    /// Reads an expression as it stands in a URL, with names that `names` allows.
    pub fn parse_with(encoded: &str, names: &dyn Names) -> Result<Self, ParseError> {
        parse::encoded_expression(encoded, names)
    }
}
