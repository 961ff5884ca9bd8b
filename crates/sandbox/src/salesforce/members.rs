//! The members of a record as they came.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use wire::Request;

use super::problem::Problem;
use super::schema::{KEY, OBJECT};

/// The members of one record: names and unread values, in their order.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

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
                while let Some((Name(name), raw)) = map.next_entry()? {
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl<'a> Members<'a> {
    /// The fields to write: neither the attributes nor the id.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        let fields = self.0.iter().map(|(name, raw)| (name.as_ref(), *raw));
        fields.filter(|(name, _)| *name != "attributes" && !name.eq_ignore_ascii_case("Id"))
    }

    /// Whether a member is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The text of a member; `None` if it is missing, null, empty or no text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text: String = serde_json::from_str(self.raw(name)?.get()).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The external id.
    pub(crate) fn key(&self) -> Option<String> {
        self.text(KEY)
    }

    /// The record says that it is an Account, as records of a collection have to.
    pub(crate) fn check_type(&self) -> Result<(), Problem> {
        #[derive(serde::Deserialize)]
        struct Attributes {
            r#type: String,
        }
        let attributes =
            self.raw("attributes").and_then(|raw| serde_json::from_str::<Attributes>(raw.get()).ok());
        match attributes {
            None => {
                let message = "The sobject type must be specified in the attributes of every record";
                Err(Problem::bad("INVALID_INPUT", message))
            }
            Some(Attributes { r#type }) if !r#type.eq_ignore_ascii_case(OBJECT) => {
                Err(Problem::bad("INVALID_TYPE", format!("sObject type '{type}' is not supported.")))
            }
            Some(_) => Ok(()),
        }
    }

    /// The last of that name.
    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(member, _)| member.eq_ignore_ascii_case(name)).map(|(_, raw)| *raw)
    }
}

/// The body of a request.
pub(crate) fn json_body<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Problem> {
    serde_json::from_slice(request.body())
        .map_err(|error| Problem::bad("JSON_PARSER_ERROR", error.to_string()))
}
