//! The members of an object that are wanted, as raw JSON.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::RowError;

/// The members of the object `text` whose name `wanted` gives a place; an unwanted one is passed
/// over, one that comes twice is an error.
pub(crate) fn members<const N: usize>(
    text: &str,
    wanted: impl Fn(&str) -> Option<usize>,
) -> Result<[Option<&str>; N], RowError> {
    let mut found = [None; N];
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Members { wanted, found: &mut found })
        .and_then(|()| json.end())
        .map_err(|error| RowError(error.to_string()))?;
    Ok(found)
}

/// The text of a member; `None` if it is null or none at all.
pub(crate) fn text_of(member: Option<&str>) -> Option<String> {
    serde_json::from_str(member?).ok()?
}

/// The name of control information, with or without its prefix: `id` of `@odata.id` and `@id`.
pub(crate) fn control(name: &str) -> Option<&str> {
    let name = name.strip_prefix('@')?;
    Some(name.strip_prefix("odata.").unwrap_or(name))
}

struct Members<'f, 'a, W, const N: usize> {
    wanted: W,
    found: &'f mut [Option<&'a str>; N],
}

impl<'a, W: Fn(&str) -> Option<usize>, const N: usize> Visitor<'a> for Members<'_, 'a, W, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<std::borrow::Cow<'a, str>>()? {
            let place = (self.wanted)(&name).and_then(|place| self.found.get_mut(place));
            let Some(place) = place else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if place.replace(map.next_value::<&'a RawValue>()?.get()).is_some() {
                return Err(serde::de::Error::custom(format!("`{name}` occurs twice")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_members_are_found_once() {
        let wanted = |name: &str| match control(name) {
            Some("id") => Some(0),
            _ if name == "A" => Some(1),
            _ => None,
        };
        let read = |text| members::<2>(text, wanted);
        let [id, other] = read(r#"{"x":[{"A":2}],"A":null,"@odata.id":"S('\u0041')"}"#).unwrap();
        assert_eq!((text_of(id).as_deref(), other, text_of(other)), (Some("S('A')"), Some("null"), None));
        for bad in [r#"{"A":1,"A":2}"#, r#"{"@id":"a","@odata.id":"b"}"#, "[]", "1", r#"{"A":1"#, r"{} {}"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
