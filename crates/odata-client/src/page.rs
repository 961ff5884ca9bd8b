//! One page of a collection: rows as slices of the body, and the control information around them.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use url::Url;
use wire::{Evidence, Response};

use crate::refusal::{date, excerpt, from_member, in_stream, is_json};
use crate::{Applied, ODataError, Prefer};

/// One page of rows.
#[derive(Debug, Clone)]
pub struct Page {
    text: String,
    rows: Vec<Range<usize>>,
    control: Control,
    /// Where it was asked for; relative links start from here.
    pub(crate) url: Url,
    pub(crate) operation: &'static str,
    pub(crate) trail: Trail,
    /// What was preferred; it is preferred of the pages behind this one too.
    pub(crate) prefer: Prefer,
    /// Which preferences were followed.
    pub applied: Applied,
    /// The server's clock when it answered (the `Date` header), in whole seconds.
    pub date: Option<Timestamp>,
    /// The audit entry that holds the answer.
    pub evidence: Option<Evidence>,
}

/// What the server says about a page, with and without the prefix `odata.`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Control {
    /// What the rows are (`@odata.context`).
    pub context: Option<String>,
    /// How many rows match, over all pages (`@odata.count`).
    pub count: Option<u64>,
    /// Where the next page is (`@odata.nextLink`), as it came.
    pub next_link: Option<String>,
    /// Where later changes are (`@odata.deltaLink`), as it came.
    pub delta_link: Option<String>,
}

impl Page {
    /// The rows as raw JSON, in the server's order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rows.iter().map(|range| self.text.get(range.clone()).unwrap_or_default())
    }

    /// The row with this number, from 0 on, as raw JSON.
    pub fn row(&self, number: usize) -> Option<&str> {
        self.text.get(self.rows.get(number)?.clone())
    }

    /// The page without its rows, from which the next one can be asked for.
    pub(crate) fn without_rows(&self) -> Self {
        Self {
            text: String::new(),
            rows: Vec::new(),
            control: self.control.clone(),
            url: self.url.clone(),
            operation: self.operation,
            trail: self.trail,
            prefer: self.prefer.clone(),
            applied: self.applied.clone(),
            date: self.date,
            evidence: self.evidence,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The control information.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Rows that came inside of `row`, which is a row of a page of `like` or itself.
    pub(crate) fn within(
        text: String,
        like: &Origin<'_>,
        control: Control,
    ) -> Result<Self, serde_json::Error> {
        let mut rows = Vec::new();
        let mut json = serde_json::Deserializer::from_str(&text);
        Rows { base: text.as_ptr().addr(), rows: &mut rows }.deserialize(&mut json)?;
        json.end()?;
        Ok(Self {
            rows,
            control,
            url: like.url.clone(),
            operation: like.operation,
            trail: Trail::start(like.url),
            prefer: Prefer::default(),
            applied: Applied::default(),
            date: like.date,
            evidence: like.evidence,
            text,
        })
    }

    /// Reads the answer of a page request.
    pub(crate) fn read(
        operation: &'static str,
        url: Url,
        trail: Trail,
        response: &Response,
    ) -> Result<Self, ODataError> {
        let malformed =
            |place: String, why: String| ODataError::Malformed { operation, what: "page", place, why };
        let text = String::from_utf8(response.body().to_vec()).map_err(|error| {
            malformed(format!("byte {}", error.utf8_error().valid_up_to()), "it is not UTF-8".into())
        })?;
        if !is_json(response.headers(), &text) {
            return Err(malformed("byte 0".into(), format!("it is not JSON: {}", excerpt(&text, 80))));
        }
        let mut envelope = Envelope::new(&text);
        if let Err(error) = envelope.parse(&text) {
            if let Some(error) = in_stream(operation, response, &text) {
                return Err(error);
            }
            let byte = byte_offset(&text, &error);
            return Err(malformed(format!("row {}, byte {byte}", envelope.rows.len()), error.to_string()));
        }
        if let Some(member) = envelope.error {
            let error = Box::new(from_member(response, &member));
            return Err(ODataError::Status { operation, error });
        }
        if !envelope.has_value {
            return Err(malformed("byte 0".into(), "the member `value` is missing".into()));
        }
        let (rows, control) = (envelope.rows, envelope.control);
        Ok(Self {
            rows,
            control,
            url,
            operation,
            trail,
            prefer: Prefer::default(),
            applied: Applied::read(response.headers()),
            date: date(response.headers()),
            evidence: response.extensions().get::<Evidence>().copied(),
            text,
        })
    }
}

/// The answer that rows came in.
pub(crate) struct Origin<'a> {
    pub(crate) url: &'a Url,
    pub(crate) operation: &'static str,
    pub(crate) date: Option<Timestamp>,
    pub(crate) evidence: Option<Evidence>,
}

/// Finds loops of links in constant space (Brent): it remembers one link, and a later one each time
/// twice as many links have been followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trail {
    mark: u64,
    steps: u32,
    power: u32,
}

impl Trail {
    pub(crate) fn start(url: &Url) -> Self {
        Self { mark: digest(url), steps: 0, power: 1 }
    }

    /// The trail one link further; `None` if it came back to where it was.
    pub(crate) fn step(self, url: &Url) -> Option<Self> {
        let here = digest(url);
        if here == self.mark {
            return None;
        }
        if self.steps + 1 < self.power {
            return Some(Self { steps: self.steps + 1, ..self });
        }
        Some(Self { mark: here, steps: 0, power: self.power.saturating_mul(2) })
    }
}

// `DefaultHasher::new` has fixed keys: the same link has the same digest in every run.
fn digest(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}

/// Where in `text` the JSON reader stopped, in bytes.
pub(crate) fn byte_offset(text: &str, error: &serde_json::Error) -> usize {
    let line = error.line().saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    (start + error.column()).min(text.len())
}

/// The members of a page, as far as they were read.
struct Envelope {
    base: usize,
    rows: Vec<Range<usize>>,
    control: Control,
    seen: Vec<&'static str>,
    has_value: bool,
    error: Option<String>,
}

impl Envelope {
    fn new(text: &str) -> Self {
        Self {
            base: text.as_ptr().addr(),
            // An educated guess of a short row saves most of the growing.
            rows: Vec::with_capacity(text.len() / 512),
            control: Control::default(),
            seen: Vec::new(),
            has_value: false,
            error: None,
        }
    }

    fn parse(&mut self, text: &str) -> Result<(), serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        (&mut json).deserialize_map(EnvelopeVisitor(self))?;
        json.end()
    }

    fn once<E: serde::de::Error>(&mut self, name: &'static str) -> Result<(), E> {
        if self.seen.contains(&name) {
            return Err(E::custom(format!("`{name}` occurs twice")));
        }
        self.seen.push(name);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Member {
    Value,
    Error,
    Context,
    Count,
    NextLink,
    DeltaLink,
    Other,
}

struct MemberSeed;

impl<'de> DeserializeSeed<'de> for MemberSeed {
    type Value = Member;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberSeed {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Member, E> {
        let control = name.strip_prefix('@').map(|rest| rest.strip_prefix("odata.").unwrap_or(rest));
        Ok(match (control, name) {
            (Some("context"), _) => Member::Context,
            (Some("count"), _) => Member::Count,
            (Some("nextLink"), _) => Member::NextLink,
            (Some("deltaLink"), _) => Member::DeltaLink,
            (Some("error"), _) | (_, "error") => Member::Error,
            (_, "value") => Member::Value,
            _ => Member::Other,
        })
    }
}

struct EnvelopeVisitor<'e>(&'e mut Envelope);

impl<'de> Visitor<'de> for EnvelopeVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let envelope = self.0;
        while let Some(member) = map.next_key_seed(MemberSeed)? {
            match member {
                Member::Value => {
                    envelope.once("value")?;
                    map.next_value_seed(Rows { base: envelope.base, rows: &mut envelope.rows })?;
                    envelope.has_value = true;
                }
                Member::Error => {
                    envelope.once("error")?;
                    envelope.error = Some(map.next_value::<&RawValue>()?.get().to_owned());
                }
                Member::Context => {
                    envelope.once("context")?;
                    envelope.control.context = map.next_value()?;
                }
                Member::Count => {
                    envelope.once("count")?;
                    envelope.control.count = Some(count(map.next_value::<&RawValue>()?)?);
                }
                Member::NextLink => {
                    envelope.once("nextLink")?;
                    envelope.control.next_link = map.next_value()?;
                }
                Member::DeltaLink => {
                    envelope.once("deltaLink")?;
                    envelope.control.delta_link = map.next_value()?;
                }
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Counts come as numbers, or as text when `IEEE754Compatible=true` was asked.
fn count<E: serde::de::Error>(raw: &RawValue) -> Result<u64, E> {
    raw.get()
        .trim_matches('"')
        .parse()
        .map_err(|_| E::custom(format!("the count {} is not a number", excerpt(raw.get(), 40))))
}

struct Rows<'e> {
    base: usize,
    rows: &'e mut Vec<Range<usize>>,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(raw) = seq.next_element::<&'de RawValue>()? {
            // The slice lies in the text that is read: its place there is what is kept, so that the
            // page owns text and rows together.
            let start = raw
                .get()
                .as_ptr()
                .addr()
                .checked_sub(self.base)
                .ok_or_else(|| A::Error::custom("a row outside of its page"))?;
            self.rows.push(start..start + raw.get().len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read_as(kind: &str, body: &str) -> Result<Page, ODataError> {
        let url: Url = "http://h/s/Set".parse().unwrap();
        let trail = Trail::start(&url);
        let response = http::Response::builder()
            .header("content-type", kind)
            .header("date", "Sun, 01 Mar 2026 10:00:00 GMT")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        Page::read("test.page", url, trail, &response)
    }

    fn read(body: &str) -> Result<Page, ODataError> {
        read_as("application/json;odata.metadata=minimal", body)
    }

    #[test]
    fn control_information_in_any_order_and_both_spellings() {
        let early =
            r#"{"@odata.nextLink":"n","@odata.count":"2","value":[{"a":1}, {"b":[2]}],"@odata.context":"c"}"#;
        let late = "{\"value\" : [ {\"a\":1},{\"b\":[2]} ],\n\"@context\":\"c\",\"@count\":2,\"@Ns.Term\":{},\"@nextLink\":\"n\"}";
        for body in [early, late] {
            let page = read(body).unwrap();
            assert_eq!(page.rows().collect::<Vec<_>>(), [r#"{"a":1}"#, r#"{"b":[2]}"#]);
            let control = page.control();
            assert_eq!((control.count, control.next_link.as_deref()), (Some(2), Some("n")));
            assert_eq!(control.context.as_deref(), Some("c"));
            assert_eq!(page.date.unwrap().to_string(), "2026-03-01T10:00:00Z");
        }
        assert!(read(r#"{"value":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn another_shape_is_never_no_rows() {
        for bad in [
            "{}",
            "",
            "[]",
            "null",
            r#"{"value":null}"#,
            r#"{"value":{}}"#,
            r#"{"value":[],"value":[]}"#,
            r#"{"value":[],"@odata.count":1,"@count":1}"#,
            r#"{"value":[],"@odata.count":"x"}"#,
            r#"{"value":[{"a":1},{"b""#,
            r#"{"value":[]} trailing"#,
            "\u{feff}{\"value\":[]}",
        ] {
            assert!(matches!(read(bad), Err(ODataError::Malformed { .. })), "{bad}");
        }
        let html = read_as("text/html", "<html>sign in</html>").unwrap_err();
        assert!(matches!(html, ODataError::Malformed { .. }));
    }

    #[test]
    fn an_error_inside_a_successful_answer_is_an_error() {
        for body in [
            r#"{"error":{"code":"X","message":"m"}}"#,
            r#"{"value":[{"a":1}],"error":{"code":"X","message":"m"}}"#,
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(error.status().unwrap().code(), "X");
        }
    }

    #[test]
    fn damage_is_placed() {
        let ODataError::Malformed { place, .. } = read("{\"value\":[{\"a\":1},\n{\"a\":tru}]}").unwrap_err()
        else {
            panic!("malformed")
        };
        assert_eq!(place, "row 1, byte 28");
    }

    #[test]
    fn any_loop_of_links_is_found_and_no_straight_walk_is() {
        let url = |n: usize| Url::parse(&format!("http://h/{n}")).unwrap();
        for length in [1, 2, 3, 7, 50] {
            let mut trail = Some(Trail::start(&url(1000)));
            let mut steps = 0;
            while let Some(here) = trail {
                trail = here.step(&url(steps % length));
                steps += 1;
                assert!(steps < 10 * length + 10, "a loop of {length} was not found");
            }
        }
        let mut trail = Trail::start(&url(0));
        for n in 1..10_000 {
            trail = trail.step(&url(n)).unwrap();
        }
    }
}
