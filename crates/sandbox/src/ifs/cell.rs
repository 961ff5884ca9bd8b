//! Values of columns, as the database keeps them.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// A column of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The attribute's name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text of at most so many characters.
    Text(u32),
    /// A number with so many digits, and so many of them behind the point.
    Decimal(u32, u32),
    /// A day.
    Date,
    /// An instant in whole seconds.
    Timestamp,
    /// A member of the enum `<Name>`.
    Enum(&'static str),
}

use ColumnKind::{Decimal as Number, Enum, Text, Timestamp as Stamp};

/// The columns of a supplier.
pub const SUPPLIER: &[Column] = &[
    Column { name: "SupplierId", kind: Text(20) },
    Column { name: "Name", kind: Text(400) },
    Column { name: "AssociationNo", kind: Text(50) },
    Column { name: "Country", kind: Text(2) },
    Column { name: "Address1", kind: Text(35) },
    Column { name: "Address2", kind: Text(35) },
    Column { name: "ZipCode", kind: Text(35) },
    Column { name: "City", kind: Text(35) },
    Column { name: "State", kind: Text(35) },
    Column { name: "Phone", kind: Text(200) },
    Column { name: "Fax", kind: Text(200) },
    Column { name: "Email", kind: Text(200) },
    Column { name: "WebAddress", kind: Text(200) },
    Column { name: "CurrencyCode", kind: Text(3) },
    Column { name: "PayTermId", kind: Text(20) },
    Column { name: "DeliveryTerms", kind: Text(5) },
    Column { name: "CreditLimit", kind: Number(28, 4) },
    Column { name: "CreationDate", kind: ColumnKind::Date },
    Column { name: "ExpireDate", kind: ColumnKind::Date },
    Column { name: "Objstate", kind: Enum("SupplierState") },
    Column { name: "ModifiedDate", kind: Stamp },
];

/// The members of an enum.
pub(crate) fn members(name: &str) -> &'static [&'static str] {
    match name {
        "SupplierState" => &["Active", "Blocked", "Expired"],
        _ => &[],
    }
}

/// The place of a column.
pub(crate) fn place(name: &str) -> Option<usize> {
    SUPPLIER.iter().position(|column| column.name == name)
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// Text.
    Text(Arc<str>),
    /// An exact number.
    Decimal(Decimal),
    /// A day.
    Date(Date),
    /// An instant in whole seconds.
    Timestamp(Timestamp),
    /// A member of the column's enum.
    Enum(Arc<str>),
}

impl Cell {
    /// Reads a value of this kind; an empty text is null, as in the database behind.
    pub fn parse(kind: ColumnKind, text: Option<&str>) -> Option<Self> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Some(Self::Null) };
        Some(match kind {
            Text(_) => Self::Text(text.into()),
            Number(..) => Self::Decimal(text.parse().ok()?),
            ColumnKind::Date => Self::Date(text.parse().ok()?),
            Stamp => Self::Timestamp(text.parse().ok()?),
            Enum(name) => Self::Enum((*members(name).iter().find(|member| **member == text)?).into()),
        })
    }

    /// The value as text; `None` for null.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Enum(text) => Some(text.to_string()),
            Self::Decimal(number) => Some(number.to_string()),
            Self::Date(date) => Some(date.to_string()),
            Self::Timestamp(instant) => Some(instant.to_string()),
        }
    }
}
