//! The source fields of an entity, and how one raw value becomes a value of the mapping.

use std::borrow::Cow;
use std::collections::BTreeMap;

use mapping::Value;
use odata_client::{Cell, CellError};
use serde::{Deserialize, Serialize};

use crate::time_zone::TimeZonePolicy;

/// One field of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Its name in IFS.
    pub name: String,
    /// How it is read.
    pub kind: FieldKind,
}

/// How a field is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Text; empty text and blanks alone are null, as Oracle has it.
    Text,
    /// An exact number.
    Decimal,
    /// A calendar day.
    Date,
    /// An instant.
    Timestamp,
    /// A truth value.
    Boolean,
    /// The member name of an enumeration.
    Enum,
}

impl FieldSpec {
    /// A field called `name`.
    pub fn new(name: &str, kind: FieldKind) -> Self {
        Self { name: name.to_owned(), kind }
    }
}

/// `fields` without what is left out and with what is read besides.
pub(crate) fn altered(
    mut fields: Vec<FieldSpec>,
    extra: BTreeMap<String, FieldKind>,
    omitted: &[String],
) -> Vec<FieldSpec> {
    fields.retain(|field| !omitted.contains(&field.name));
    for (name, kind) in extra {
        fields.retain(|field| field.name != name);
        fields.push(FieldSpec { name, kind });
    }
    fields
}

/// Fields from a table.
pub(crate) fn specs(table: &[(&str, FieldKind)]) -> Vec<FieldSpec> {
    table.iter().map(|(name, kind)| FieldSpec::new(name, *kind)).collect()
}

impl FieldKind {
    /// The value that `cell` holds.
    pub(crate) fn read(self, cell: Cell<'_>, zone: &TimeZonePolicy) -> Result<Value, CellError> {
        if cell.is_null() {
            return Ok(Value::Null);
        }
        let value = match self {
            Self::Text | Self::Enum => cell.text()?.and_then(text),
            Self::Decimal => cell.decimal()?.map(Value::Decimal),
            Self::Date => cell.date()?.map(Value::Date),
            Self::Timestamp => zone.instant(cell)?.map(Value::Timestamp),
            Self::Boolean => cell.boolean()?.map(Value::Bool),
        };
        Ok(value.unwrap_or(Value::Null))
    }

    /// Whether a property of the metadata type `edm` can be read as this.
    pub(crate) fn fits(self, edm: &str) -> bool {
        match self {
            Self::Text => {
                matches!(edm, "Edm.String" | "Edm.Guid" | "Edm.TimeOfDay" | "Edm.Duration" | "Edm.Binary")
            }
            Self::Decimal => {
                matches!(
                    edm,
                    "Edm.Decimal" | "Edm.Int16" | "Edm.Int32" | "Edm.Int64" | "Edm.Byte" | "Edm.SByte"
                ) || matches!(edm, "Edm.Double" | "Edm.Single")
            }
            Self::Date => matches!(edm, "Edm.Date" | "Edm.DateTimeOffset"),
            Self::Timestamp => edm == "Edm.DateTimeOffset",
            Self::Boolean => edm == "Edm.Boolean",
            Self::Enum => edm == "Edm.String" || !edm.starts_with("Edm."),
        }
    }
}

/// Oracle has no empty text: what comes back as nothing but blanks is null, so that it does not look
/// like a change.
fn text(text: Cow<'_, str>) -> Option<Value> {
    if text.trim().is_empty() {
        return None;
    }
    Some(Value::Text(text.into_owned()))
}

/// Appends `value` to `out` so that different contents have different bytes, and equal contents the
/// same, whatever form the server chose for them (`1.50` and `1.5` are one number).
pub(crate) fn push_canonical(out: &mut Vec<u8>, value: &Value) {
    let mut tagged = |tag: u8, bytes: &[u8]| {
        out.push(tag);
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    match value {
        Value::Null => tagged(b'n', b""),
        Value::Bool(value) => tagged(b'b', &[u8::from(*value)]),
        Value::Text(text) => tagged(b't', text.as_bytes()),
        Value::Decimal(number) => tagged(b'd', &number.normalize().serialize()),
        Value::Date(date) => {
            let [high, low] = date.year().to_le_bytes();
            let (month, day) = (date.month().to_le_bytes(), date.day().to_le_bytes());
            tagged(b'y', &[high, low, month[0], day[0]]);
        }
        Value::Timestamp(stamp) => tagged(b's', &stamp.as_nanosecond().to_le_bytes()),
        // Not read from IFS by any field kind; kept distinct by its printed form all the same.
        Value::Reference(reference) => tagged(b'r', format!("{reference:?}").as_bytes()),
        Value::List(records) => {
            tagged(b'l', &(records.len() as u64).to_le_bytes());
            for record in records {
                tagged(b'k', record.key.as_str().as_bytes());
                tagged(b'v', record.version.as_str().as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns_read(raw: &str, kind: FieldKind) -> Result<Value, CellError> {
        let text = format!("{{\"A\":{raw}}}");
        let columns = odata_client::Columns::new(["A"]);
        let mut row = odata_client::Row::default();
        columns.reader().read(&text, &mut row).unwrap();
        kind.read(row.cell(0).unwrap(), &TimeZonePolicy::Utc)
    }

    #[test]
    fn empty_and_blank_text_is_null_and_other_text_is_kept() {
        for blank in ["null", "\"\"", "\"  \"", "\" \\t\""] {
            assert_eq!(columns_read(blank, FieldKind::Text), Ok(Value::Null), "{blank}");
        }
        assert_eq!(columns_read("\" a \"", FieldKind::Text), Ok(Value::text(" a ")));
        assert!(columns_read("5", FieldKind::Text).is_err());
    }

    #[test]
    fn equal_contents_have_equal_bytes() {
        let bytes = |raw: &str| {
            let mut out = Vec::new();
            push_canonical(&mut out, &columns_read(raw, FieldKind::Decimal).unwrap());
            out
        };
        assert_eq!(bytes("1.50"), bytes("\"1.5\""));
        assert_ne!(bytes("1.5"), bytes("15"));
        assert_ne!(bytes("null"), bytes("0"));
    }
}
