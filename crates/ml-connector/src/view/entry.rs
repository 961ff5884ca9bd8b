//! Audit entries as JSON and as lines for people.

use audit::{Event, Sealed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::view::words::{counted, safe};

/// The whole entry as JSON.
pub(crate) fn document(sealed: &Sealed) -> Value {
    let entry = &sealed.entry;
    json!({
        "number": sealed.number,
        "at": entry.at,
        "run": &*entry.scope.run,
        "flow": &*entry.scope.flow,
        "kind": entry.event.kind(),
        "records": &*entry.records,
        "event": event(&entry.event),
        "hash": hex(&sealed.hash),
    })
}

fn event(event: &Event) -> Value {
    match event {
        Event::Asked(ask) => json!({
            "operation": ask.operation, "attempt": ask.attempt, "method": ask.method, "url": ask.url,
            "headers": ask.headers, "body": body(&ask.body),
        }),
        Event::Answered { asked, status, headers, body: answer, elapsed_ms } => json!({
            "asked": asked, "status": status, "headers": headers, "body": body(answer), "elapsed_ms": elapsed_ms,
        }),
        Event::Unanswered { asked, may_have_acted, error, elapsed_ms } => json!({
            "asked": asked, "may_have_acted": may_have_acted, "error": error, "elapsed_ms": elapsed_ms,
        }),
        Event::Mapped { mapper, evidence, items } => {
            json!({ "mapper": mapper, "evidence": evidence, "items": items })
        }
        Event::Decided { decisions } => json!({ "decisions": decisions }),
        Event::Run { what, note } => json!({ "what": what, "note": parsed(note) }),
        Event::Operator { what, who, note } => json!({ "what": what, "who": who, "note": parsed(note) }),
        _ => Value::Null,
    }
}

fn parsed(note: &RawValue) -> Value {
    serde_json::from_str(note.get()).unwrap_or(Value::Null)
}

/// A body as text, or as base64 if it is none.
fn body(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({ "text": text }),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or(b'?'));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What happened, on one line.
pub(crate) fn gist(event: &Event) -> String {
    match event {
        Event::Asked(ask) => {
            let again = if ask.attempt > 1 { format!(" (attempt {})", ask.attempt) } else { String::new() };
            format!("{}{again}: {} {}", ask.operation, ask.method, shorten(&ask.url, 90))
        }
        Event::Answered { asked, status, body, elapsed_ms, .. } => {
            format!("answer to {asked}: {status}, {} in {elapsed_ms} ms", counted(body.len() as u64, "byte"))
        }
        Event::Unanswered { asked, may_have_acted, error, .. } => {
            let acted = if *may_have_acted { "the server may have acted" } else { "the server did not act" };
            format!("no answer to {asked}: {}; {acted}", safe(error))
        }
        Event::Mapped { mapper, items, .. } => {
            format!("{} by {mapper}", counted(items.len() as u64, "record"))
        }
        Event::Decided { decisions } => tally(decisions.iter().map(|one| one.action.as_str())),
        Event::Run { what, note } => format!("run {what} {}", shorten(note.get(), 90)),
        Event::Operator { what, who, note } => format!("{what} by {who} {}", shorten(note.get(), 90)),
        _ => "an entry of a newer version".into(),
    }
}

/// `2 create, 1 nothing`.
fn tally<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for name in names {
        *counts.entry(name).or_insert(0_u64) += 1;
    }
    let parts: Vec<String> = counts.into_iter().map(|(name, count)| format!("{count} {name}")).collect();
    parts.join(", ")
}

/// At most `most` characters of foreign text, safe for a terminal.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return safe(text);
    }
    let head: String = text.chars().take(most).collect();
    format!("{}…", safe(&head))
}

#[cfg(test)]
mod tests {
    use audit::{Entry, Exchange, Scope};
    use bytes::Bytes;

    use super::*;

    fn sealed(event: Event) -> Sealed {
        let scope = Scope { run: "r1".into(), flow: "suppliers".into() };
        let at = "2026-03-01T10:00:00Z".parse().unwrap();
        let entry = Entry { at, scope, records: vec!["S1".to_owned()].into(), event };
        Sealed { number: 7, entry, hash: [0xab; 32] }
    }

    fn asked() -> Event {
        Event::Asked(Exchange {
            operation: "ifs.page".into(),
            attempt: 2,
            method: "GET".into(),
            url: "http://127.0.0.1/x".into(),
            headers: vec![],
            body: Bytes::from_static(&[0xff]),
        })
    }

    #[test]
    fn bodies_that_are_no_text_are_kept_whole() {
        let document = document(&sealed(asked()));
        assert_eq!(document["event"]["body"]["base64"], "/w==");
        assert_eq!(document["kind"], "asked");
        assert_eq!(document["hash"].as_str().unwrap().len(), 64);
    }

    #[test]
    fn one_line_says_what_happened() {
        assert_eq!(gist(&asked()), "ifs.page (attempt 2): GET http://127.0.0.1/x");
        let lost = Event::Unanswered { asked: 3, may_have_acted: true, error: "reset".into(), elapsed_ms: 1 };
        assert_eq!(gist(&lost), "no answer to 3: reset; the server may have acted");
        assert_eq!(tally(["nothing", "create", "nothing"].into_iter()), "1 create, 2 nothing");
    }
}
