//! Annotations: terms of vocabularies applied to the model, with their values.

use std::collections::BTreeMap;
use std::fmt;

/// The annotations of one thing, by term and qualifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations(
    // Boxed, because maps reserve room for many entries and most things have one.
    pub(super) BTreeMap<String, Box<Annotation>>,
);

/// One annotation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotation {
    /// What it says.
    pub value: Value,
    /// The annotations of this annotation.
    pub annotations: Annotations,
}

/// The value of an annotation.
///
/// Constants other than truth values and numbers are text, as in CSDL JSON; members of enumerations
/// are their bare names, joined by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number in a spelling that equal numbers share.
    Number(String),
    /// Text, and every other constant.
    Text(String),
    /// Values in order.
    Collection(Vec<Value>),
    /// Named values.
    Record(Record),
    /// The value that an instance has at a path.
    Path(String),
    /// A dynamic expression (CSDL 4.01, 14.4).
    Expression(Box<Expression>),
}

/// Named values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The type, if it is said.
    pub type_name: Option<String>,
    /// The values by name.
    pub members: BTreeMap<String, Annotation>,
    /// The annotations of the record.
    pub annotations: Annotations,
}

/// An expression that is not evaluated here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expression {
    /// What is done, such as `And`, `Apply` or `If`.
    pub operator: String,
    /// What it is done with besides operands, such as the `Function` of an `Apply`.
    pub parameters: BTreeMap<String, String>,
    /// What it is done to.
    pub operands: Vec<Value>,
    /// The annotations of the expression.
    pub annotations: Annotations,
}

impl Default for Value {
    /// What an annotation without a value means: the default of its term, which for terms that only
    /// mark something is true.
    fn default() -> Self {
        Self::Bool(true)
    }
}

impl Annotations {
    /// The value of `term`, such as `Org.OData.Core.V1.Computed`, without a qualifier.
    pub fn value(&self, term: &str) -> Option<&Value> {
        self.get(term).map(|annotation| &annotation.value)
    }

    /// The annotation by `term`; with a qualifier, `Term#Qualifier`.
    pub fn get(&self, term: &str) -> Option<&Annotation> {
        self.0.get(term).map(AsRef::as_ref)
    }

    /// All of them, by term and qualifier.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Annotation)> {
        self.0.iter().map(|(term, annotation)| (term.as_str(), annotation.as_ref()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds `value` at `path`: a term, or terms joined by `@`, the annotation of an annotation.
    /// `false` if that place has a value already.
    pub(super) fn insert(&mut self, path: &str, value: Value) -> bool {
        let mut annotations = self;
        let mut steps = path.split('@').peekable();
        while let Some(step) = steps.next() {
            let fresh = !annotations.0.contains_key(step);
            let annotation = annotations.0.entry(step.to_owned()).or_default();
            if steps.peek().is_none() {
                // An annotation of an annotation may stand before the annotation itself.
                let untouched = annotation.value == Value::default() && !annotation.annotations.is_empty();
                if !fresh && !untouched {
                    return false;
                }
                annotation.value = value;
                return true;
            }
            annotations = &mut annotation.annotations;
        }
        false
    }

    /// Takes over what `other` has and this has not.
    pub(super) fn merge(&mut self, other: Self) {
        for (term, annotation) in other.0 {
            self.0.entry(term).or_insert(annotation);
        }
    }
}

impl Value {
    /// A truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Text, if it is that.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A member of the record, if it is a record.
    pub fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Record(record) => record.members.get(name).map(|member| &member.value),
            _ => None,
        }
    }

    /// The items, if it is a collection.
    pub fn items(&self) -> &[Value] {
        match self {
            Self::Collection(items) => items,
            _ => &[],
        }
    }

    /// The texts among the items, such as the paths of a list of properties.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.items().iter().filter_map(Self::as_text)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Path(path) => write!(f, "${path}"),
            Self::Collection(items) => list(f, '[', items.iter(), ']'),
            Self::Record(record) => write!(f, "{record}"),
            Self::Expression(expression) => write!(f, "{expression}"),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members.iter().map(|(name, member)| format!("{name}: {}", member.value));
        list(f, '{', members, '}')
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operator)?;
        if !self.parameters.is_empty() {
            list(f, '<', self.parameters.iter().map(|(name, value)| format!("{name}={value}")), '>')?;
        }
        list(f, '(', self.operands.iter(), ')')
    }
}

fn list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    open: char,
    items: impl Iterator<Item = T>,
    close: char,
) -> fmt::Result {
    write!(f, "{open}")?;
    for (index, item) in items.enumerate() {
        let joint = if index > 0 { ", " } else { "" };
        write!(f, "{joint}{item}")?;
    }
    write!(f, "{close}")
}
