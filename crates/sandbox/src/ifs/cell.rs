//! Values of columns, as the database keeps them.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::column::ColumnKind;
use super::schema::members;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// Text.
    Text(Arc<str>),
    /// An exact number.
    Decimal(Decimal),
    /// True or false.
    Flag(bool),
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
            ColumnKind::Text(_) => Self::Text(text.into()),
            ColumnKind::Decimal(..) => Self::Decimal(text.parse().ok()?),
            ColumnKind::Integer => Self::Decimal(text.parse::<i64>().ok()?.into()),
            ColumnKind::Flag => Self::Flag(text.parse().ok()?),
            ColumnKind::Date => Self::Date(text.parse().ok()?),
            ColumnKind::Timestamp => Self::Timestamp(whole_seconds(text.parse().ok()?)),
            ColumnKind::Enum(name) => {
                Self::Enum((*members(name).iter().find(|member| **member == text)?).into())
            }
        })
    }

    /// The value as text; `None` for null.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Enum(text) => Some(text.to_string()),
            Self::Decimal(number) => Some(number.to_string()),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Date(date) => Some(date.to_string()),
            Self::Timestamp(instant) => Some(instant.to_string()),
        }
    }

    /// The value as part of a key that sorts as the value does.
    pub(crate) fn key_part(&self) -> String {
        match self {
            Self::Decimal(number) => format!("{number:0>19}"),
            other => other.text().unwrap_or_default(),
        }
    }

    /// The order of the database: nulls come last when ascending.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Greater,
            (_, Self::Null) => Ordering::Less,
            (Self::Text(a), Self::Text(b)) | (Self::Enum(a), Self::Enum(b)) => a.cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => a.cmp(b),
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Timestamp(a), Self::Timestamp(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }
}

/// Stamps of the provider have no fraction (IFS Foundation1, "Date, time, timestamp usage").
pub(crate) fn whole_seconds(stamp: Timestamp) -> Timestamp {
    Timestamp::from_second(stamp.as_second()).unwrap_or(stamp)
}
