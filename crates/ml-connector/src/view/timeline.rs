//! What happened to one record, in the order of time, one line each.

use std::collections::BTreeMap;

use audit::{Decision, Event, MappedItem, Sealed};
use mapping::Difference;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::terminal::paint::Paint;
use crate::view::entry::shorten;
use crate::view::words::{counted, moment, safe, value};

/// How much of a detail is shown.
const DETAIL: usize = 160;

/// The entries that led to a record's transformations: numbers of responses.
pub(crate) fn evidence(entries: &[Sealed]) -> Vec<u64> {
    let numbers = entries.iter().filter_map(|sealed| match &sealed.entry.event {
        Event::Mapped { evidence, .. } => *evidence,
        _ => None,
    });
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// One line of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The audit entry.
    pub(crate) number: u64,
    /// When.
    pub(crate) at: String,
    /// In which run.
    pub(crate) run: String,
    /// One word: `poll`, `mapped`, `look-up`, `decided`, `write`, `answer` …
    pub(crate) what: String,
    /// The rest.
    pub(crate) detail: String,
}

/// The story of `key`, told from `entries` (each once, in any order).
pub(crate) fn story(key: &str, entries: Vec<Sealed>) -> Vec<Line> {
    let sorted: BTreeMap<u64, Sealed> = entries.into_iter().map(|sealed| (sealed.number, sealed)).collect();
    sorted.values().map(|sealed| line(key, sealed, &sorted)).collect()
}

fn line(key: &str, sealed: &Sealed, all: &BTreeMap<u64, Sealed>) -> Line {
    let entry = &sealed.entry;
    let index = entry.records.iter().position(|record| record == key);
    let others = entry.records.len().saturating_sub(1);
    let (what, detail) = tell(&entry.event, index, others, all);
    Line { number: sealed.number, at: moment(entry.at), run: entry.scope.run.to_string(), what, detail }
}

fn tell(event: &Event, index: Option<usize>, others: usize, all: &BTreeMap<u64, Sealed>) -> (String, String) {
    let with =
        if others > 0 { format!(" (with {})", counted(others as u64, "other")) } else { String::new() };
    match event {
        Event::Asked(ask) => {
            let again = if ask.attempt > 1 { format!(", attempt {}", ask.attempt) } else { String::new() };
            (
                kind(&ask.operation).into(),
                format!("{} {}{again}{with}", ask.method, shorten(&ask.url, DETAIL)),
            )
        }
        Event::Answered { asked, status, body, elapsed_ms, .. } => {
            let own = index.and_then(|index| own_result(body, index, others + 1));
            let own = own.map_or_else(String::new, |own| format!(": {}", shorten(&own, DETAIL)));
            let to = all.get(asked).map_or_else(|| format!("to {asked}"), |ask| operation(ask).to_owned());
            ("answer".into(), format!("{to}: {status} in {elapsed_ms} ms{own}"))
        }
        Event::Unanswered { asked, may_have_acted, error, .. } => {
            let acted = if *may_have_acted { "may have acted" } else { "did not act" };
            ("lost".into(), format!("no answer to {asked}; the server {acted}: {}", shorten(error, DETAIL)))
        }
        Event::Mapped { mapper, evidence, items } => {
            let from = evidence.map_or_else(String::new, |number| format!(", read from {number}"));
            let output = index.and_then(|index| items.get(index)).map(mapped).unwrap_or_default();
            ("mapped".into(), format!("by {mapper}{from}{output}"))
        }
        Event::Decided { decisions } => {
            let own = index.and_then(|index| decisions.get(index)).map(decided);
            ("decided".into(), own.unwrap_or_else(|| "nothing for this record".into()))
        }
        Event::Run { what, note } => (safe(what), shorten(note.get(), DETAIL)),
        Event::Operator { what, who, note } => {
            (safe(what), format!("by {}: {}", safe(who), shorten(note.get(), DETAIL)))
        }
        _ => ("unknown".into(), "an entry of a newer version".into()),
    }
}

/// A word for an operation.
fn kind(operation: &str) -> &str {
    match operation.rsplit('.').next().unwrap_or(operation) {
        "page" => "poll",
        "fetch" => "read",
        "find" | "lookup" | "look_up" | "query" => "look-up",
        "upsert" | "update" | "create" | "apply" => "write",
        other => other,
    }
}

fn operation(sealed: &Sealed) -> &str {
    match &sealed.entry.event {
        Event::Asked(ask) => &ask.operation,
        _ => "",
    }
}

/// This record's part of an answer that has one element for each record: a collection's, or that of
/// several collections in a composite call.
fn own_result(body: &[u8], index: usize, count: usize) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Composite<'a> {
        #[serde(borrow)]
        composite_response: Vec<Part<'a>>,
    }
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow)]
        body: Vec<&'a RawValue>,
    }
    let parts: Vec<&RawValue> = serde_json::from_slice(body).ok().or_else(|| {
        let composite: Composite<'_> = serde_json::from_slice(body).ok()?;
        Some(composite.composite_response.into_iter().flat_map(|part| part.body).collect())
    })?;
    if parts.len() != count {
        return None;
    }
    parts.get(index).map(|part| part.get().to_owned())
}

/// What a mapper made: the drafts' targets, or its error.
fn mapped(item: &MappedItem) -> String {
    #[derive(Deserialize)]
    struct Output<'a> {
        #[serde(default)]
        error: Option<String>,
        #[serde(default, borrow)]
        drafts: Vec<Draft<'a>>,
    }
    #[derive(Deserialize)]
    struct Draft<'a> {
        entity: std::borrow::Cow<'a, str>,
        id: std::borrow::Cow<'a, str>,
    }
    let Ok(output) = serde_json::from_str::<Output<'_>>(item.output.get()) else { return String::new() };
    if let Some(error) = output.error {
        return format!(": {}", shorten(&error, DETAIL));
    }
    if output.drafts.is_empty() {
        return ": filtered out".into();
    }
    let drafts: Vec<String> =
        output.drafts.iter().map(|draft| format!("{} {}", safe(&draft.entity), safe(&draft.id))).collect();
    format!(" to {}", drafts.join(", "))
}

fn decided(decision: &Decision) -> String {
    let attempt = decision.attempt.as_ref().map(|attempt| format!(", attempt {}", safe(attempt)));
    let detail =
        decision.detail.as_ref().map(|detail| format!(": {}", shorten(&moves(detail.get()), DETAIL)));
    let (action, id) = (safe(&decision.action), safe(&decision.id));
    format!("{action} {id}{}{}", attempt.unwrap_or_default(), detail.unwrap_or_default())
}

/// Fields that differ as `Name: a -> b`; other details as they are.
fn moves(detail: &str) -> String {
    let Ok(changes) = serde_json::from_str::<Vec<Difference>>(detail) else { return detail.to_owned() };
    let told = changes
        .iter()
        .map(|change| format!("{}: {} -> {}", change.field, value(&change.before), value(&change.after)));
    told.collect::<Vec<_>>().join(", ")
}

/// The story for people.
pub(crate) fn page(lines: &[Line], paint: Paint) -> String {
    let mut text = Vec::new();
    let mut run = "";
    for line in lines {
        if line.run != run {
            run = &line.run;
            let title = if run.is_empty() { "outside of a run".to_owned() } else { format!("run {run}") };
            text.push(paint.strong(&title));
        }
        let place = paint.faint(&format!("{} {:>7}", line.at, line.number));
        text.push(format!("  {place}  {:<8} {}", line.what, line.detail));
    }
    text.join("\n")
}

/// One line as JSON.
pub(crate) fn document(line: &Line) -> Value {
    json!({ "number": line.number, "at": line.at, "run": line.run, "what": line.what, "detail": line.detail })
}

#[cfg(test)]
mod tests {
    use audit::{Entry, Exchange, Scope};
    use bytes::Bytes;

    use super::*;

    fn sealed(number: u64, records: &[&str], event: Event) -> Sealed {
        let scope = Scope { run: "r1".into(), flow: "suppliers".into() };
        let records: Vec<String> = records.iter().map(|record| (*record).to_owned()).collect();
        let at = "2026-03-01T10:00:00Z".parse().unwrap();
        Sealed { number, entry: Entry { at, scope, records: records.into(), event }, hash: [0; 32] }
    }

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.into()).unwrap()
    }

    fn ask(operation: &str, method: &str) -> Event {
        Event::Asked(Exchange {
            operation: operation.into(),
            attempt: 1,
            method: method.into(),
            url: "http://127.0.0.1/x".into(),
            headers: vec![],
            body: Bytes::new(),
        })
    }

    fn answer(asked: u64, body: &'static str) -> Event {
        Event::Answered {
            asked,
            status: 200,
            headers: vec![],
            body: Bytes::from_static(body.as_bytes()),
            elapsed_ms: 4,
        }
    }

    #[test]
    fn each_record_has_its_own_part_of_an_answer() {
        let composite = br#"{"compositeResponse":[{"body":[1,2],"referenceId":"a"},{"body":[3]}]}"#;
        assert_eq!(own_result(composite, 2, 3).as_deref(), Some("3"));
        assert_eq!(own_result(b"[1,2,3]", 0, 3).as_deref(), Some("1"));
        for (body, count) in [(&composite[..], 2), (b"[1]", 2), (br#"{"records":[1,2]}"#, 2)] {
            assert_eq!(own_result(body, 0, count), None);
        }
    }

    #[test]
    fn a_record_has_a_story() {
        let items = ["S1", "S2"].map(|id| MappedItem {
            input: raw("{}"),
            output: raw(&format!(r#"{{"drafts":[{{"entity":"Account","id":"{id}","fields":{{}}}}]}}"#)),
        });
        let decisions = ["S1", "S2"].map(|id| Decision {
            action: "update".into(),
            id: id.into(),
            attempt: Some(format!("r1/{id}")),
            detail: Some(raw(r#"[{"field":"Name","before":null,"after":"Ann","cause":"source"}]"#)),
        });
        let both = ["S1", "S2"];
        let entries = vec![
            sealed(1, &[], ask("ifs.page", "GET")),
            sealed(2, &[], answer(1, r#"{"value":[]}"#)),
            sealed(3, &both, Event::Mapped { mapper: "m@1".into(), evidence: Some(2), items: items.into() }),
            sealed(4, &both, Event::Decided { decisions: decisions.into() }),
            sealed(5, &both, ask("salesforce.upsert", "PATCH")),
            sealed(6, &both, answer(5, r#"[{"id":"001A"},{"id":"001B","success":true}]"#)),
        ];
        assert_eq!(evidence(&entries), [2]);
        insta::assert_snapshot!(page(&story("S2", entries), Paint::PLAIN), @r#"
        run r1
          2026-03-01 10:00:00       1  poll     GET http://127.0.0.1/x
          2026-03-01 10:00:00       2  answer   ifs.page: 200 in 4 ms
          2026-03-01 10:00:00       3  mapped   by m@1, read from 2 to Account S2
          2026-03-01 10:00:00       4  decided  update S2, attempt r1/S2: Name: (empty) -> "Ann"
          2026-03-01 10:00:00       5  write    PATCH http://127.0.0.1/x (with 1 other)
          2026-03-01 10:00:00       6  answer   salesforce.upsert: 200 in 4 ms: {"id":"001B","success":true}
        "#);
    }
}
