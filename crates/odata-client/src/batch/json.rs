//! Batches as JSON (OData JSON Format 4.01, section on batches).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use wire::Response;

use super::{Batch, Item};
use crate::members::{members, text_of};
use crate::resource::PartId;
use crate::service::{JSON, PREFER};
use crate::{Change, ODataError, Read};

/// The body.
pub(super) fn written(operation: &'static str, batch: &Batch) -> Result<String, ODataError> {
    let mut requests = Vec::new();
    for item in &batch.items {
        match item {
            Item::Read(part, read) => requests.push(of_read(*part, read).to_string()),
            Item::Change(..) | Item::Group(_) => {
                for (part, change) in item.changes() {
                    requests.push(of_change(operation, batch, item, (part, change))?);
                }
            }
        }
    }
    Ok(format!("{{\"requests\":[{}]}}", requests.join(",")))
}

fn of_read(part: PartId, read: &Read) -> Value {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(JSON));
    headers.extend(read.prefer.header().map(|value| (PREFER, value)));
    let url = read.encoded();
    json!({ "id": part.0.to_string(), "method": "get", "url": url, "headers": object(&headers) })
}

fn of_change(
    operation: &'static str,
    batch: &Batch,
    item: &Item,
    (part, change): (PartId, &Change),
) -> Result<String, ODataError> {
    let mut request = json!({
        "id": part.0.to_string(),
        "method": change.method.as_str().to_ascii_lowercase(),
        "url": change.encoded(),
        "headers": object(&change.part_headers()),
    });
    if let Some(name) = group(item) {
        request["atomicityGroup"] = name.into();
    }
    let mut needed: Vec<String> =
        change.references().into_iter().map(|other| dependency(batch, item, other)).collect();
    needed.dedup();
    if !needed.is_empty() {
        request["dependsOn"] = needed.into();
    }
    let mut text = request.to_string();
    let body = change.bytes(operation)?;
    if !body.is_empty() {
        // As it is: a tree would lose digits of numbers.
        text.pop();
        text.extend([",\"body\":", &String::from_utf8_lossy(&body), "}"]);
    }
    Ok(text)
}

/// A part of another group is waited for as its group.
fn dependency(batch: &Batch, own: &Item, other: PartId) -> String {
    let holder = batch.items.iter().find(|item| item.parts().any(|part| part == other));
    match holder.filter(|holder| !std::ptr::eq(*holder, own)).and_then(group) {
        Some(name) => name,
        None => other.0.to_string(),
    }
}

fn group(item: &Item) -> Option<String> {
    match item {
        Item::Group(changes) => changes.first().map(|(part, _)| format!("g{}", part.0)),
        _ => None,
    }
}

fn object(headers: &HeaderMap) -> Map<String, Value> {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned()))
    };
    headers.iter().map(pair).collect()
}

/// What was read of an answer.
#[derive(Default)]
pub(super) struct Answers {
    /// Whether it had the member `responses`.
    pub(super) found: bool,
    /// The answers that came whole; `None` for one that is none.
    pub(super) responses: Vec<Option<(PartId, Response)>>,
    /// The error that stands in place of them.
    pub(super) error: Option<String>,
    /// Why it could not be read to its end.
    pub(super) broken: Option<serde_json::Error>,
}

/// Reads as far as it is whole: what came before it broke off is still true.
pub(super) fn read(text: &str) -> Answers {
    let mut answers = Answers::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_map(Envelope(&mut answers)).and_then(|()| json.end());
    answers.broken = read.err();
    answers
}

struct Envelope<'e>(&'e mut Answers);

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with `responses`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match &*name {
                "responses" if !self.0.found => {
                    self.0.found = true;
                    map.next_value_seed(List(self.0))?;
                }
                "responses" => return Err(serde::de::Error::custom("`responses` occurs twice")),
                "error" => self.0.error = Some(map.next_value::<&RawValue>()?.get().to_owned()),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct List<'e>(&'e mut Answers);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of answers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(raw) = seq.next_element::<&'de RawValue>()? {
            self.0.responses.push(response(raw.get()));
        }
        Ok(())
    }
}

fn response(text: &str) -> Option<(PartId, Response)> {
    let names = ["id", "status", "headers", "body"];
    let wanted = |name: &str| names.iter().position(|known| *known == name);
    let [id, status, headers, body] = members::<4>(text, wanted).ok()?;
    let id = text_of(id).or_else(|| id.map(str::to_owned))?;
    let part = PartId(id.parse().ok()?);
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_bytes(status?.trim_matches('"').as_bytes()).ok()?;
    let pairs: Map<String, Value> =
        headers.and_then(|headers| serde_json::from_str(headers).ok()).unwrap_or_default();
    for (name, value) in &pairs {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Some(Ok(value))) = (name, value.as_str().map(HeaderValue::from_str)) {
            response.headers_mut().append(name, value);
        }
    }
    if let Some(body) = body.filter(|body| *body != "null") {
        fill(&mut response, body);
    }
    Some((part, response))
}

/// A body is JSON as it is, a text for a type of text, or base64url for any other type.
fn fill(response: &mut Response, body: &str) {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("application/json").to_ascii_lowercase();
    let media = kind.split(';').next().unwrap_or_default().trim();
    let is_json = media == "application/json" || media.ends_with("+json");
    let decoded = text_of(Some(body)).filter(|_| !is_json).map(|text| {
        let binary = !media.starts_with("text/");
        let bytes = URL_SAFE.decode(&text).or_else(|_| URL_SAFE_NO_PAD.decode(&text));
        bytes.ok().filter(|_| binary).map_or_else(|| Bytes::from(text), Bytes::from)
    });
    if is_json {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().entry(CONTENT_TYPE).or_insert(json);
    }
    *response.body_mut() = decoded.unwrap_or_else(|| Bytes::copy_from_slice(body.as_bytes()));
}
