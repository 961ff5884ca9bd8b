//! Where a walk along columns stands.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::{Cell, Columns, Expression, Literal, Metadata, ODataError, Order, Page, Row, property};

/// A column that a walk goes along, smallest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    name: String,
    type_name: String,
}

impl KeyColumn {
    /// A property `name` of the type `type_name`, such as `Edm.DateTimeOffset` or the qualified name
    /// of an enumeration.
    pub fn new(name: impl Into<String>, type_name: impl Into<String>) -> Self {
        Self { name: name.into(), type_name: type_name.into() }
    }

    /// A property of text.
    pub fn text(name: impl Into<String>) -> Self {
        Self::new(name, "Edm.String")
    }

    /// `first` and the key of `set` behind it, with their types, as `metadata` tells; `None` if it
    /// does not know one of them. Whether `first` is ever null, nobody but the data tells.
    pub fn of_set(metadata: &Metadata, set: &str, first: &[&str]) -> Option<Vec<Self>> {
        let entity_type = &metadata.entity_set(set)?.entity_type;
        let key = metadata.keys(entity_type).iter().map(|key| key.path.as_str());
        let mut names: Vec<&str> = first.to_vec();
        names.extend(key.filter(|name| !first.contains(name)));
        let column = |name: &str| {
            let property = metadata.property(set, name)?;
            let type_name = &property.of.name;
            let defined = metadata.type_definitions.get(type_name).map(|definition| &definition.of.name);
            Some(Self::new(name, defined.unwrap_or(type_name)))
        };
        names.into_iter().map(column).collect()
    }

    pub(super) fn order(&self) -> Order {
        Order::ascending(&self.name)
    }
}

/// The row behind which a walk goes on: its values along the columns, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(Vec<Value>);

/// A value as it stands in bodies, with its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    #[serde(rename = "type")]
    type_name: String,
    value: String,
}

/// The first and the last row of a page.
pub(super) struct Ends {
    pub(super) first: Position,
    pub(super) last: Position,
}

impl Position {
    /// The first and the last row of `page`, which is not empty.
    pub(super) fn ends(columns: &[KeyColumn], page: &Page) -> Result<Ends, ODataError> {
        let wanted = Columns::new(columns.iter().map(|column| column.name.as_str()));
        let mut reader = wanted.reader();
        let mut row = Row::default();
        let mut read = |number: usize| {
            let malformed = |why: String| ODataError::Malformed {
                operation: page.operation,
                what: "page",
                place: format!("row {number}"),
                why,
            };
            let text = page.row(number).unwrap_or_default();
            reader.read(text, &mut row).map_err(|error| malformed(error.to_string()))?;
            let values = columns.iter().enumerate().map(|(slot, column)| value(column, row.cell(slot)));
            values.collect::<Result<_, _>>().map(Position).map_err(malformed)
        };
        Ok(Ends { first: read(0)?, last: read(page.len().saturating_sub(1))? })
    }

    /// What is true of the rows behind it.
    pub(super) fn behind(&self, columns: &[KeyColumn]) -> Expression {
        let pairs: Vec<(&str, Literal)> = columns
            .iter()
            .map(|column| column.name.as_str())
            .zip(self.0.iter().map(Value::literal))
            .collect();
        let mut ways = Vec::new();
        for (place, (name, literal)) in pairs.iter().enumerate() {
            let equal = pairs.iter().take(place).map(|(name, literal)| property(name).eq(literal.clone()));
            let mut all: Vec<Expression> = equal.collect();
            all.push(property(name).gt(literal.clone()));
            ways.push(Expression::All(all));
        }
        Expression::Any(ways)
    }

    /// Whether it can stand behind `other`, as far as one can tell without the server's order of
    /// texts.
    pub(super) fn follows(&self, other: &Self) -> bool {
        for (own, other) in self.0.iter().zip(&other.0) {
            if own == other {
                continue;
            }
            match own.literal().order(&other.literal()) {
                Some(Ordering::Equal) => {}
                Some(order) => return order == Ordering::Greater,
                None => return true,
            }
        }
        false
    }
}

impl Value {
    // It was checked when it was read from a row; one from a store that is no such value compares
    // and prints as the text that it is.
    fn literal(&self) -> Literal {
        Literal::of_type(&self.type_name, &self.value).unwrap_or_else(|_| Literal::text(self.value.clone()))
    }
}

fn value(column: &KeyColumn, cell: Option<Cell<'_>>) -> Result<Value, String> {
    let KeyColumn { name, type_name } = column;
    let cell = cell.ok_or_else(|| format!("`{name}` is missing, and the walk goes along it: select it"))?;
    if cell.is_null() {
        return Err(format!("`{name}` is null, and no walk along it gets past that row"));
    }
    let value = match cell.text() {
        Ok(Some(text)) => text.into_owned(),
        _ => cell.raw().to_owned(),
    };
    match Literal::of_type(type_name, &value) {
        Ok(_) => Ok(Value { type_name: type_name.clone(), value }),
        Err(error) => Err(format!("`{name}` is no {type_name}: {error}")),
    }
}

impl Literal {
    /// How it compares with another of its kind; `None` for texts and what else only the server can
    /// order.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(one), Self::Int(two)) => Some(one.cmp(two)),
            (Self::Decimal(one), Self::Decimal(two)) => Some(one.cmp(two)),
            (Self::Int(one), Self::Decimal(two)) => Some(rust_decimal::Decimal::from(*one).cmp(two)),
            (Self::Decimal(one), Self::Int(two)) => Some(one.cmp(&rust_decimal::Decimal::from(*two))),
            (Self::Date(one), Self::Date(two)) => Some(one.cmp(two)),
            (Self::Time(one), Self::Time(two)) => Some(one.cmp(two)),
            (Self::Timestamp(one), Self::Timestamp(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }
}
