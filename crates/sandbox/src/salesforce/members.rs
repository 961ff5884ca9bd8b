//! The members of a record as they came: from JSON, or from a line of a CSV file.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use wire::Request;

use super::problem::Problem;

/// A value as it came, not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given<'a> {
    /// JSON text.
    Json(&'a str),
    /// A cell of a CSV file that is not empty; `#N/A` is null.
    Cell(&'a str),
}

impl<'a> Given<'a> {
    pub(crate) fn is_null(self) -> bool {
        matches!(self, Self::Json("null") | Self::Cell("#N/A"))
    }

    /// The text, if it is one; `None` for null and for JSON that is no text.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            _ if self.is_null() => None,
            Self::Cell(text) => Some(Cow::Borrowed(text)),
            Self::Json(raw) => serde_json::from_str(raw).ok().map(|Name(text)| text),
        }
    }

    /// A record within the record.
    pub(crate) fn record(self) -> Option<Members<'a>> {
        match self {
            Self::Json(raw) if raw.starts_with('{') => serde_json::from_str(raw).ok(),
            _ => None,
        }
    }
}

/// The members of one record: names and unread values, in their order.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, Given<'a>)>);

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a record")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::with_capacity(32);
                while let Some((Name(name), raw)) = map.next_entry::<_, &'de RawValue>()? {
                    members.push((name, Given::Json(raw.get())));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl<'a> Members<'a> {
    /// The members of a line: names and cells, without the empty ones.
    pub(crate) fn of_line(cells: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let given = cells.filter(|(_, cell)| !cell.is_empty());
        Self(given.map(|(name, cell)| (Cow::Borrowed(name), Given::Cell(cell))).collect())
    }

    /// The members but for those of these names.
    pub(crate) fn without(&self, names: &[String]) -> Self {
        let is_out = |member: &str| names.iter().any(|name| name.eq_ignore_ascii_case(member));
        Self(self.0.iter().filter(|(member, _)| !is_out(member)).cloned().collect())
    }

    /// The members and one more.
    pub(crate) fn and<'b>(self, name: &'b str, given: Given<'b>) -> Members<'b>
    where
        'a: 'b,
    {
        let mut members = self.0;
        members.push((Cow::Borrowed(name), given));
        Members(members)
    }

    /// Everything but the attributes and the id.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Given<'a>)> {
        let fields = self.0.iter().map(|(name, given)| (name.as_ref(), *given));
        fields.filter(|(name, _)| *name != "attributes" && !name.eq_ignore_ascii_case("Id"))
    }

    /// Whether a member is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// The text of a member; `None` if it is missing, null, empty or no text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = self.given(name)?.text()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The object that the record says it is of, as records of a collection have to.
    pub(crate) fn object(&self) -> Result<String, Problem> {
        let attributes = self.given("attributes").and_then(Given::record);
        let object = attributes.and_then(|attributes| attributes.text("type"));
        object.ok_or_else(|| {
            let message = "The sobject type must be specified in the attributes of every record";
            Problem::bad("INVALID_INPUT", message)
        })
    }

    /// What the record is called within its request.
    pub(crate) fn reference(&self) -> Option<String> {
        self.given("attributes").and_then(Given::record)?.text("referenceId")
    }

    /// The last of that name.
    pub(crate) fn given(&self, name: &str) -> Option<Given<'a>> {
        self.0.iter().rev().find(|(member, _)| member.eq_ignore_ascii_case(name)).map(|(_, given)| *given)
    }
}

/// The body of a request.
pub(crate) fn json_body<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Problem> {
    from_json(request.body())
}

/// A value from JSON text, with the org's own complaint.
pub(crate) fn from_json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|error| Problem::bad("JSON_PARSER_ERROR", error.to_string()))
}
