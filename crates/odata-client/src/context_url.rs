//! Context URLs: what an answer says of itself.

use std::fmt;

use crate::encode::push_query_value;
use crate::expression::Path;
use crate::names::{AnyName, Names};
use crate::parse::{self, ParseError};

/// The fragment of a context URL (OData Protocol, section 10).
///
/// ```
/// use odata_client::context_url::{ContextUrl, Described, Form};
///
/// let url = "https://host/S.svc/$metadata#Orders(OrderNo,Lines(LineNo))/$entity";
/// let context = ContextUrl::parse(url).unwrap();
/// assert_eq!(context.form, Form::Entity);
/// assert!(matches!(&context.what, Described::Resource(path) if path.to_string() == "Orders"));
/// assert_eq!(context.items.as_ref().map(Vec::len), Some(2));
/// assert_eq!(context.to_string(), "#Orders(OrderNo,Lines(LineNo))/$entity");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextUrl {
    /// What the answer is made of.
    pub what: Described,
    /// Which properties are there, if not all.
    pub items: Option<Vec<Item>>,
    /// In which form.
    pub form: Form,
}

/// What an answer is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Described {
    /// A reference.
    Reference,
    /// References.
    References,
    /// A value or values of a type, by its name.
    Type(String),
    /// An entity set, a singleton, or something contained in them.
    Resource(Path),
}

/// In which form the rows of a resource come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As the resource is: many rows of a set, a value of a property.
    Whole,
    /// One row of the set (`$entity`).
    Entity,
    /// Changes (`$delta`).
    Delta,
    /// A row that is gone (`$deletedEntity`).
    DeletedEntity,
    /// A link (`$link`).
    Link,
    /// A link that is gone (`$deletedLink`).
    DeletedLink,
}

impl Form {
    pub(crate) const SUFFIXES: &'static [(&'static str, Self)] = &[
        ("/$entity", Self::Entity),
        ("/$deletedEntity", Self::DeletedEntity),
        ("/$deletedLink", Self::DeletedLink),
        ("/$delta", Self::Delta),
        ("/$link", Self::Link),
    ];
}

/// A property that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The path to it.
    pub path: Path,
    /// Whether a relation is followed from row to row.
    pub recursive: bool,
    /// Which properties of the related rows are there, or the names of a function's parameters.
    pub items: Option<Vec<Item>>,
}

impl ContextUrl {
    /// Reads a context URL: the part from the number sign on.
    pub fn parse(url: &str) -> Result<Self, ParseError> {
        Self::parse_with(url, &AnyName)
    }

    /// As [`parse`](Self::parse), with names that `names` allows.
    pub fn parse_with(url: &str, names: &dyn Names) -> Result<Self, ParseError> {
        let start = url.find('#').ok_or(ParseError::new(url.len(), "a number sign"))?;
        let fragment = url.get(start..).unwrap_or_default();
        parse::context_url(fragment, names)
            .map_err(|error| ParseError::new(error.at() + start, error.expected()))
    }

    /// The fragment with its number sign, percent-encoded.
    pub(crate) fn encoded(&self) -> String {
        let text = self.to_string();
        let mut out = String::from("#");
        push_query_value(&mut out, text.trim_start_matches('#'));
        // What a relation followed from row to row is marked with is itself in a fragment.
        out.replace("%2B", "+").replace("%23", "#")
    }
}

impl fmt::Display for ContextUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Described::Reference => f.write_str("#$ref")?,
            Described::References => f.write_str("#Collection($ref)")?,
            Described::Type(name) => write!(f, "#{name}")?,
            Described::Resource(path) => write!(f, "#{path}")?,
        }
        write_items(f, self.items.as_deref())?;
        let suffix = Form::SUFFIXES.iter().find(|(_, form)| *form == self.form);
        f.write_str(suffix.map_or("", |(suffix, _)| suffix))
    }
}

fn write_items(f: &mut fmt::Formatter<'_>, items: Option<&[Item]>) -> fmt::Result {
    let Some(items) = items else { return Ok(()) };
    f.write_str("(")?;
    for (index, item) in items.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(f, "{comma}{}{}", item.path, if item.recursive { "+" } else { "" })?;
        write_items(f, item.items.as_deref())?;
    }
    f.write_str(")")
}
