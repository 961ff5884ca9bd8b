//! The header of a change event, as it came.

use crate::events::avro_schema::Field;
use crate::events::{AvroValue, EventError};

/// The members of a header, found by name: a later API may add some.
pub(crate) struct EventHeader<'a> {
    fields: &'a [Field],
    values: &'a [AvroValue],
}

impl<'a> EventHeader<'a> {
    pub(crate) fn new(fields: &'a [Field], values: &'a [AvroValue]) -> Self {
        Self { fields, values }
    }

    fn member(&self, name: &'static str) -> Result<&'a AvroValue, EventError> {
        let place = self.fields.iter().position(|field| field.name == name);
        place.and_then(|place| self.values.get(place)).ok_or(EventError::Header(name))
    }

    /// A text; none is an empty one.
    pub(crate) fn text(&self, name: &'static str) -> Result<&'a str, EventError> {
        match self.member(name)? {
            AvroValue::Text(text) => Ok(text),
            AvroValue::Null => Ok(""),
            _ => Err(EventError::Header(name)),
        }
    }

    /// A number.
    pub(crate) fn long(&self, name: &'static str) -> Result<i64, EventError> {
        match self.member(name)? {
            AvroValue::Long(long) => Ok(*long),
            _ => Err(EventError::Header(name)),
        }
    }

    /// A list of texts. `nulledFields` and its like came with API 47: a header without them has none.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<&'a str>, EventError> {
        let items = match self.member(name) {
            Ok(AvroValue::List(items)) => items.as_slice(),
            Ok(AvroValue::Null) | Err(_) => &[],
            Ok(_) => return Err(EventError::Header(name)),
        };
        let text = |item: &'a AvroValue| match item {
            AvroValue::Text(text) => Ok(text.as_str()),
            _ => Err(EventError::Header(name)),
        };
        items.iter().map(text).collect()
    }
}
