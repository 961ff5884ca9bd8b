//! The bytes of an entry: a small readable header and a compressed payload.
//!
//! The header is one JSON object that always comes out the same for the same entry; the payload
//! holds what is large (bodies, transformations, decisions, notes), byte for byte. A header that
//! names many records is compressed as well.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wire::Timestamp;
use zstd::bulk::{Compressor, Decompressor};

use crate::{Decision, Entry, Event, Exchange, Scope, columns};

/// The version of the layout. The second one has transformations by columns, and long headers
/// compressed.
const VERSION: u8 = 2;
/// First byte of a payload that is kept as it is.
const STORED: u8 = 0;
/// First byte of a payload that is one zstd frame.
const ZSTD: u8 = 1;
/// Fast, and within a few percent of the default level on pages of JSON.
const LEVEL: i32 = 1;
/// Shorter payloads do not shrink.
const WORTH_COMPRESSING: usize = 64;
/// Longer headers name many records, and are compressed.
const LONG_HEADER: usize = 512;
/// No body comes near this (the transport caps them at 64 MiB): a larger one is damage.
const MAX_PAYLOAD: usize = 1 << 30;

/// The bytes that a log keeps of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// One JSON object: version, time, run, flow, records and what is small about the event;
    /// compressed like a payload if it is long.
    pub header: Vec<u8>,
    /// Compressed; its first byte says how.
    pub payload: Vec<u8>,
}

/// Bytes that are no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The header cannot be read.
    #[error("header: {0}")]
    Header(String),
    /// A newer program wrote it.
    #[error("written in layout {found}, this program reads up to {VERSION}: use a newer ml-connector")]
    Newer {
        /// The layout that was found.
        found: u8,
    },
    /// The payload cannot be read.
    #[error("payload: {0}")]
    Payload(String),
}

/// The bytes of `entry`.
pub fn encode(entry: &Entry) -> Encoded {
    let header = Header {
        v: VERSION,
        at: entry.at,
        run: Cow::Borrowed(&entry.scope.run),
        flow: Cow::Borrowed(&entry.scope.flow),
        records: Cow::Borrowed(&entry.records),
        event: Detail::of(&entry.event),
    };
    let header = json(&header);
    let header = if header.len() > LONG_HEADER { pack(&header) } else { header };
    Encoded { header, payload: pack(&body(&entry.event)) }
}

/// The entry that `header` and `payload` hold.
pub fn decode(header: &[u8], payload: &[u8]) -> Result<Entry, CodecError> {
    let header = header_text(header)?;
    let Version { v } =
        serde_json::from_slice(&header).map_err(|error| CodecError::Header(error.to_string()))?;
    if v > VERSION {
        return Err(CodecError::Newer { found: v });
    }
    let header: Header<'_> =
        serde_json::from_slice(&header).map_err(|error| CodecError::Header(error.to_string()))?;
    Ok(Entry {
        at: header.at,
        scope: Scope { run: Arc::from(header.run), flow: Arc::from(header.flow) },
        records: Arc::from(header.records.into_owned()),
        event: header.event.join(unpack(payload, CodecError::Payload)?)?,
    })
}

/// The JSON object that `header` is, compressed or not.
pub fn header_text(header: &[u8]) -> Result<Cow<'_, [u8]>, CodecError> {
    match header.first() {
        Some(&(STORED | ZSTD)) => unpack(header, CodecError::Header).map(Cow::Owned),
        _ => Ok(Cow::Borrowed(header)),
    }
}

#[derive(Deserialize)]
struct Version {
    v: u8,
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    v: u8,
    at: Timestamp,
    run: Cow<'a, str>,
    flow: Cow<'a, str>,
    records: Cow<'a, [String]>,
    event: Detail<'a>,
}

/// What is small about an event; the variant names are those of [`crate::Kind`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Detail<'a> {
    Asked {
        operation: Cow<'a, str>,
        attempt: u32,
        method: Cow<'a, str>,
        url: Cow<'a, str>,
        headers: Cow<'a, [(String, String)]>,
    },
    Answered {
        asked: u64,
        status: u16,
        headers: Cow<'a, [(String, String)]>,
        elapsed_ms: u64,
    },
    Unanswered {
        asked: u64,
        may_have_acted: bool,
        error: Cow<'a, str>,
        elapsed_ms: u64,
    },
    Mapped {
        mapper: Cow<'a, str>,
        evidence: Option<u64>,
    },
    Decided {},
    Run {
        what: Cow<'a, str>,
    },
    Operator {
        what: Cow<'a, str>,
        who: Cow<'a, str>,
    },
}

impl<'a> Detail<'a> {
    fn of(event: &'a Event) -> Self {
        match event {
            Event::Asked(exchange) => Self::Asked {
                operation: Cow::Borrowed(&exchange.operation),
                attempt: exchange.attempt,
                method: Cow::Borrowed(&exchange.method),
                url: Cow::Borrowed(&exchange.url),
                headers: Cow::Borrowed(&exchange.headers),
            },
            Event::Answered { asked, status, headers, elapsed_ms, .. } => Self::Answered {
                asked: *asked,
                status: *status,
                headers: Cow::Borrowed(headers),
                elapsed_ms: *elapsed_ms,
            },
            Event::Unanswered { asked, may_have_acted, error, elapsed_ms } => Self::Unanswered {
                asked: *asked,
                may_have_acted: *may_have_acted,
                error: Cow::Borrowed(error),
                elapsed_ms: *elapsed_ms,
            },
            Event::Mapped { mapper, evidence, .. } => {
                Self::Mapped { mapper: Cow::Borrowed(mapper), evidence: *evidence }
            }
            Event::Decided { .. } => Self::Decided {},
            Event::Run { what, .. } => Self::Run { what: Cow::Borrowed(what) },
            Event::Operator { what, who, .. } => {
                Self::Operator { what: Cow::Borrowed(what), who: Cow::Borrowed(who) }
            }
        }
    }

    /// The event that this and its payload were made from.
    fn join(self, payload: Vec<u8>) -> Result<Event, CodecError> {
        Ok(match self {
            Self::Asked { operation, attempt, method, url, headers } => Event::Asked(Exchange {
                operation: operation.into_owned(),
                attempt,
                method: method.into_owned(),
                url: url.into_owned(),
                headers: headers.into_owned(),
                body: Bytes::from(payload),
            }),
            Self::Answered { asked, status, headers, elapsed_ms } => Event::Answered {
                asked,
                status,
                headers: headers.into_owned(),
                body: Bytes::from(payload),
                elapsed_ms,
            },
            Self::Unanswered { asked, may_have_acted, error, elapsed_ms } => {
                Event::Unanswered { asked, may_have_acted, error: error.into_owned(), elapsed_ms }
            }
            Self::Mapped { mapper, evidence } => Event::Mapped {
                mapper: mapper.into_owned(),
                evidence,
                items: columns::read(&payload).map_err(CodecError::Payload)?,
            },
            Self::Decided {} => Event::Decided { decisions: parse::<Vec<Decision>>(&payload)? },
            Self::Run { what } => Event::Run { what: what.into_owned(), note: parse(&payload)? },
            Self::Operator { what, who } => {
                Event::Operator { what: what.into_owned(), who: who.into_owned(), note: parse(&payload)? }
            }
        })
    }
}

/// What is large about an event.
fn body(event: &Event) -> Cow<'_, [u8]> {
    match event {
        Event::Asked(exchange) => Cow::Borrowed(&exchange.body),
        Event::Answered { body, .. } => Cow::Borrowed(body),
        Event::Unanswered { .. } => Cow::Borrowed(&[]),
        Event::Mapped { items, .. } => Cow::Owned(columns::write(items)),
        Event::Decided { decisions } => Cow::Owned(json(decisions)),
        Event::Run { note, .. } | Event::Operator { note, .. } => Cow::Borrowed(note.get().as_bytes()),
    }
}

/// The JSON of our own plain structures. These hold text, whole numbers and finished JSON, which
/// always serialise; should that ever change, the empty text is found as damage by `decode`.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn parse<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<T, CodecError> {
    serde_json::from_slice(payload).map_err(|error| CodecError::Payload(error.to_string()))
}

thread_local! {
    /// A context costs more than compressing a small body with it.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = RefCell::new(Decompressor::new().ok());
}

fn pack(raw: &[u8]) -> Vec<u8> {
    if raw.len() >= WORTH_COMPRESSING
        && let Some(packed) = compress(raw)
        && packed.len() <= raw.len()
    {
        return packed;
    }
    let mut stored = Vec::with_capacity(raw.len() + 1);
    stored.push(STORED);
    stored.extend_from_slice(raw);
    stored
}

/// One zstd frame behind its mark, written straight into the buffer that is kept.
fn compress(raw: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        let frame = compressor.as_mut()?.compress(raw).ok()?;
        let mut packed = Vec::with_capacity(frame.len() + 1);
        packed.push(ZSTD);
        packed.extend_from_slice(&frame);
        Some(packed)
    })
}

fn unpack(packed: &[u8], damaged: fn(String) -> CodecError) -> Result<Vec<u8>, CodecError> {
    match packed.split_first() {
        Some((&STORED, raw)) => Ok(raw.to_vec()),
        Some((&ZSTD, frame)) => DECOMPRESSOR.with_borrow_mut(|decompressor| {
            let decompressor =
                decompressor.as_mut().ok_or_else(|| damaged("zstd could not be set up".to_owned()))?;
            let size = zstd::zstd_safe::get_frame_content_size(frame)
                .ok()
                .flatten()
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| *size <= MAX_PAYLOAD)
                .ok_or_else(|| damaged("the compressed frame does not tell a possible size".to_owned()))?;
            decompressor.decompress(frame, size).map_err(|error| damaged(error.to_string()))
        }),
        Some((mark, _)) => Err(damaged(format!("unknown compression {mark}"))),
        None => Err(damaged("empty".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;
    use crate::MappedItem;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    fn entry(event: Event) -> Entry {
        Entry {
            at: "2025-03-01T12:00:00.123456789Z".parse().expect("a timestamp"),
            scope: Scope { run: "run 7".into(), flow: "suppliers \u{2028}\"\u{1f600}".into() },
            records: Arc::from(vec!["S'1\n".to_owned(), String::new()]),
            event,
        }
    }

    fn asked(body: Vec<u8>) -> Event {
        Event::Asked(Exchange {
            operation: "ifs.page".into(),
            attempt: 3,
            method: "GET".into(),
            url: "https://h.example/a%20b?x='y'".into(),
            headers: vec![("b".into(), "2".into()), ("a".into(), "\"".into()), ("b".into(), String::new())],
            body: body.into(),
        })
    }

    fn events() -> Vec<Event> {
        let item = || MappedItem { input: raw("{\"n\": 1.50e0, \"n\":2 }"), output: raw("[ 1,2 ]") };
        let decision = |attempt: Option<&str>, detail| Decision {
            action: "update".into(),
            id: "IFS:1".into(),
            attempt: attempt.map(Into::into),
            detail,
        };
        vec![
            asked(Vec::new()),
            asked((0..=255).collect()),
            Event::Answered {
                asked: u64::MAX,
                status: 299,
                headers: Vec::new(),
                body: Bytes::from_static(b"{}"),
                elapsed_ms: 7,
            },
            Event::Unanswered { asked: 1, may_have_acted: true, error: "lost\u{0}".into(), elapsed_ms: 0 },
            Event::Mapped { mapper: "m@3".into(), evidence: Some(9), items: vec![item(), item()] },
            Event::Mapped { mapper: String::new(), evidence: None, items: Vec::new() },
            Event::Decided { decisions: vec![decision(None, None), decision(Some("a1"), Some(raw("{ }")))] },
            Event::Run { what: "started".into(), note: raw("{\"a\" : 1e400}") },
            Event::Operator { what: "quarantine.discard".into(), who: "me".into(), note: raw("{}") },
        ]
    }

    #[test]
    fn every_kind_comes_back_and_encodes_the_same() {
        for event in events() {
            let entry = entry(event);
            let encoded = encode(&entry);
            let decoded = decode(&encoded.header, &encoded.payload).expect("our own bytes");
            // Finished JSON has no equality: its text is all there is to it.
            assert_eq!(format!("{decoded:?}"), format!("{entry:?}"));
            assert_eq!(encode(&decoded), encoded);
        }
    }

    #[test]
    fn the_header_is_readable_and_fixed() {
        let mut entry = entry(Event::Decided { decisions: Vec::new() });
        entry.scope.flow = "suppliers".into();
        entry.records = Arc::from(vec!["S1".to_owned()]);
        let encoded = encode(&entry);
        assert_eq!(
            String::from_utf8(encoded.header).expect("text"),
            r#"{"v":2,"at":"2025-03-01T12:00:00.123456789Z","run":"run 7","flow":"suppliers","records":["S1"],"event":{"decided":{}}}"#
        );
        assert_eq!(encoded.payload, b"\0[]");
    }

    #[test]
    fn pages_shrink_and_noise_hardly_grows() {
        let page = "{\"SupplierId\":\"S1\",\"Name\":\"Acme\"},".repeat(3_000);
        assert!(encode(&entry(asked(page.into_bytes()))).payload.len() < 1_000);
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        let noise: Vec<u8> = std::iter::repeat_with(&mut noise).take(10_000).collect();
        assert_eq!(encode(&entry(asked(noise))).payload.len(), 10_001);
    }

    #[test]
    fn a_long_header_is_compressed() {
        let mut entry = entry(Event::Decided { decisions: Vec::new() });
        entry.records = (0..200).map(|number| format!("S{number}")).collect();
        let encoded = encode(&entry);
        assert!(encoded.header.len() < 900, "{}", encoded.header.len());
        let decoded = decode(&encoded.header, &encoded.payload).expect("our own bytes");
        assert_eq!(decoded.records, entry.records);
    }

    #[test]
    fn damage_is_an_error() {
        let good = encode(&entry(asked(vec![b'x'; 1_000])));
        let newer = String::from_utf8_lossy(&good.header).replace("\"v\":2", "\"v\":3").into_bytes();
        assert_eq!(decode(&newer, &good.payload).expect_err("newer"), CodecError::Newer { found: 3 });
        for header in [&b""[..], b"{}", b"[1]", b"{\"v\":1}", &good.header[1..]] {
            assert!(matches!(decode(header, &good.payload), Err(CodecError::Header(_))));
        }
        for payload in [&b""[..], b"\x07abc", b"\x01", b"\x01abc", &good.payload[..good.payload.len() - 1]] {
            assert!(matches!(decode(&good.header, payload), Err(CodecError::Payload(_))), "{payload:?}");
        }
        // A frame that claims a terabyte is not believed.
        let huge =
            [&[ZSTD, 0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &(1_u64 << 40).to_le_bytes(), &[1, 0, 0]].concat();
        assert!(matches!(decode(&good.header, &huge), Err(CodecError::Payload(_))));
        let note = encode(&entry(Event::Run { what: "x".into(), note: raw("{}") }));
        assert!(matches!(decode(&note.header, b"\0{"), Err(CodecError::Payload(_))));
    }

    proptest! {
        #[test]
        fn bodies_and_texts_come_back_byte_for_byte(
            body in proptest::collection::vec(any::<u8>(), 0..3_000),
            repeat in 1_usize..20,
            url in any::<String>(),
            records in proptest::collection::vec(any::<String>(), 0..5),
            header in any::<(String, String)>(),
        ) {
            let body = body.repeat(repeat);
            let mut entry = entry(Event::Asked(Exchange {
                operation: String::new(), attempt: 0, method: String::new(), url, headers: vec![header], body: body.into(),
            }));
            entry.records = Arc::from(records);
            let encoded = encode(&entry);
            let decoded = decode(&encoded.header, &encoded.payload).expect("our own bytes");
            let (Event::Asked(before), Event::Asked(after)) = (&entry.event, &decoded.event) else { panic!("kind") };
            prop_assert_eq!(before, after);
            prop_assert_eq!((&entry.records, entry.at, &entry.scope), (&decoded.records, decoded.at, &decoded.scope));
        }

        #[test]
        fn no_bytes_make_it_panic(header in proptest::collection::vec(any::<u8>(), 0..200), payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&header, &payload).is_err());
        }
    }
}
