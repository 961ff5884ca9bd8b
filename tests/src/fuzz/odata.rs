//! The readers of the OData client: metadata, pages, rows, cells, errors, documents, links.

mod answer;
mod corpus;
mod several;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt as _;
use odata_client::metadata::Drift;
use odata_client::{
    Cell, Columns, Filter, Key, Literal, Metadata, ODataError, Profile, Query, RelativeUri, Row, Service,
};
use serde_json::Value;
use wire::{HttpTransport, Request, Response, TransportError};

use super::Target;
use answer::{ANSWER_WORDS, ANSWERS, answer};
use corpus::{
    CELLS, CSDL, CSDL_WORDS, DOCUMENTS, ERRORS, FILTER_WORDS, FILTERS, JSON_WORDS, LINK_WORDS, LINKS, PAGES,
    ROWS, URLS, XML, XML_WORDS,
};

/// The targets.
pub const TARGETS: &[Target] = &[
    Target { name: "odata-metadata-xml", corpus: XML, words: XML_WORDS, check: metadata },
    Target { name: "odata-metadata-json", corpus: CSDL, words: CSDL_WORDS, check: metadata },
    Target { name: "odata-page", corpus: PAGES, words: JSON_WORDS, check: page },
    Target { name: "odata-row", corpus: ROWS, words: JSON_WORDS, check: row },
    Target { name: "odata-cell", corpus: CELLS, words: JSON_WORDS, check: cell },
    Target { name: "odata-entity", corpus: ROWS, words: JSON_WORDS, check: entity },
    Target { name: "odata-error", corpus: ERRORS, words: JSON_WORDS, check: error },
    Target { name: "odata-document", corpus: DOCUMENTS, words: JSON_WORDS, check: document },
    Target { name: "odata-link", corpus: LINKS, words: LINK_WORDS, check: link },
    Target { name: "odata-answer", corpus: ANSWERS, words: ANSWER_WORDS, check: answer },
    Target {
        name: "odata-batch-multipart",
        corpus: several::MULTIPARTS,
        words: several::MULTIPART_WORDS,
        check: several::multipart,
    },
    Target {
        name: "odata-batch-json",
        corpus: several::JSON_BATCHES,
        words: several::BATCH_WORDS,
        check: several::json_batch,
    },
    Target {
        name: "odata-delta",
        corpus: several::DELTAS,
        words: several::DELTA_WORDS,
        check: several::delta,
    },
    Target { name: "odata-nested", corpus: several::NESTED, words: JSON_WORDS, check: several::nested },
    Target { name: "odata-url", corpus: URLS, words: FILTER_WORDS, check: url },
    Target { name: "odata-profile", corpus: FILTERS, words: FILTER_WORDS, check: profile },
];

const ROOT: &str = "https://acme.example/int/S.svc/";

type Checked = Result<(), String>;

fn hold(holds: bool, what: &str) -> Checked {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// Metadata that is accepted answers every question, and differs from nothing but others.
fn metadata(bytes: &[u8]) -> Checked {
    let metadata = match Metadata::read(bytes) {
        Ok(metadata) => metadata,
        Err(error) => {
            return hold(error.byte <= bytes.len() as u64, "an error stands outside of the document");
        }
    };
    hold(Metadata::read(bytes).as_ref() == Ok(&metadata), "it reads otherwise the second time")?;
    hold(Drift::between(&metadata, &metadata, &[]).is_empty(), "it differs from itself")?;
    let all = Drift::between(&metadata, &Metadata::default(), &[]);
    hold(
        Drift::between(&Metadata::default(), &metadata, &[]).changes.len() == all.changes.len(),
        "drift leans to a side",
    )?;
    for set in metadata.containers.values().flat_map(|container| container.sets.keys()) {
        let capabilities = metadata.capabilities(set).ok_or("a set has no capabilities")?;
        let of_type = metadata.entity_set(set).map(|set| set.entity_type.as_str()).unwrap_or_default();
        for property in metadata.properties(of_type).iter().take(100) {
            let found = metadata.property(set, &property.name).is_some();
            hold(found, "a property that is listed is not found")?;
            let fixed = capabilities.property_insertable(&property.name) != Some(false);
            hold(!(capabilities.computed(&property.name) && fixed), "a computed property can be inserted")?;
            let _ = (capabilities.filterable(&property.name), capabilities.sortable(&property.name));
        }
        let _ = (capabilities.alternate_keys(), metadata.keys(of_type), metadata.bound_operations(of_type));
    }
    Ok(())
}

/// Answers with one body, and keeps where it was asked.
#[derive(Debug)]
struct Fixed {
    status: u16,
    body: Bytes,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl HttpTransport for Fixed {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.asked.lock().expect("nobody panics with it").push(request.uri().to_string());
        let response =
            http::Response::builder().status(self.status).header("content-type", "application/json");
        Ok(response.body(self.body.clone()).expect("the status is one"))
    }
}

fn service(status: u16, body: &[u8]) -> (Arc<Fixed>, Service) {
    let body = Bytes::copy_from_slice(body);
    let fixed = Arc::new(Fixed { status, body, asked: Mutex::default() });
    (fixed.clone(), Service::new(fixed, ROOT.parse().expect("it is an address")))
}

/// The transport answers at once, so that no runtime is needed.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, String> {
    future.now_or_never().ok_or_else(|| "it waits for something".to_owned())
}

/// The rows of a page stand in its bytes, in order, and are what a tree of the whole has.
fn page(bytes: &[u8]) -> Checked {
    let (_, service) = service(200, bytes);
    let query = Query::default();
    let Ok(page) = at_once(service.page("fuzz", "S", &query))? else { return Ok(()) };
    let text = std::str::from_utf8(bytes).map_err(|_| "a page that is not UTF-8 was accepted")?;
    let mut rest = text;
    for row in page.rows() {
        let at = rest.find(row).ok_or("a row does not stand in the body")?;
        rest = rest.get(at + row.len()..).ok_or("a row ends inside of a character")?;
    }
    let Ok(tree) = serde_json::from_str::<Value>(text) else { return Ok(()) };
    let rows = tree.get("value").and_then(Value::as_array).ok_or("a page without rows was accepted")?;
    hold(rows.len() == page.len(), "rows are missing or too many")?;
    for (tree, row) in rows.iter().zip(page.rows()) {
        hold(
            serde_json::from_str::<Value>(row).ok().as_ref() == Some(tree),
            "a row is not what the page says",
        )?;
    }
    Ok(())
}

/// The cells of a row are what a tree of the row has.
fn row(bytes: &[u8]) -> Checked {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(()) };
    let columns = Columns::new(["A", "B", "C"]);
    let mut reader = columns.reader();
    let mut row = Row::default();
    // The reader must not be misled by what it has read before.
    let _ = reader.read(r#"{"B":1,"A":2}"#, &mut row);
    let read = reader.read(text, &mut row);
    let tree = serde_json::from_str::<serde_json::Map<String, Value>>(text);
    let (Ok(()), Ok(tree)) = (read, tree) else { return Ok(()) };
    for (slot, name) in columns.names().iter().enumerate() {
        let cell = row.cell(slot).map(|cell| serde_json::from_str::<Value>(cell.raw()));
        let cell = cell.transpose().map_err(|_| "a cell is not JSON")?;
        hold(cell.as_ref() == tree.get(name), "a cell is not what the row says")?;
        if let Some(cell) = row.cell(slot) {
            cell_agrees(&cell)?;
        }
    }
    Ok(())
}

fn cell(bytes: &[u8]) -> Checked {
    let text = format!("{{\"A\":{}}}", String::from_utf8_lossy(bytes));
    let columns = Columns::new(["A"]);
    let mut row = Row::default();
    let read = columns.reader().read(&text, &mut row);
    read.map_or(Ok(()), |()| row.cell(0).as_ref().map_or(Ok(()), cell_agrees))
}

/// Whatever reading a cell allows, the readings do not contradict each other.
fn cell_agrees(cell: &Cell<'_>) -> Checked {
    let (decimal, int) = (cell.decimal(), cell.int64());
    if let (Ok(Some(decimal)), Ok(Some(int))) = (&decimal, &int) {
        hold(*decimal == rust_decimal::Decimal::from(*int), "a number is two numbers")?;
    }
    if let (Ok(Some(text)), Ok(tree)) = (cell.text(), serde_json::from_str::<Value>(cell.raw())) {
        hold(tree.as_str().is_none_or(|tree| tree == text), "a text is another text")?;
    }
    if cell.is_null() {
        let nothing =
            matches!(decimal, Ok(None)) && matches!(int, Ok(None)) && matches!(cell.text(), Ok(None));
        hold(nothing, "null is something")?;
    }
    let _ = (cell.date(), cell.timestamp(), cell.wall_time());
    Ok(())
}

/// A single row comes back as it was sent, but for blanks around it.
fn entity(bytes: &[u8]) -> Checked {
    let (_, service) = service(200, bytes);
    let key = Key::text("x");
    match at_once(service.entity("fuzz", "S", &key, &[]))? {
        Ok(Some(found)) => {
            let sent = String::from_utf8_lossy(bytes);
            hold(sent.trim() == found.text, "the row is not what was sent")
        }
        _ => Ok(()),
    }
}

/// Whatever a server says, what is kept of it is short and printable.
fn error(bytes: &[u8]) -> Checked {
    let (_, service) = service(400, bytes);
    let query = Query::default();
    let Err(ODataError::Status { error, .. }) = at_once(service.page("fuzz", "S", &query))? else {
        return Err("a refusal is no refusal".to_owned());
    };
    let short = |text: &str| text.chars().count() <= 1_001 && !text.chars().any(char::is_control);
    let details = error
        .details
        .iter()
        .flat_map(|one| [one.code.as_deref(), Some(&*one.message), one.target.as_deref()]);
    let own =
        [error.code.as_deref(), Some(&*error.message), error.target.as_deref(), error.excerpt.as_deref()];
    hold(error.details.len() <= 100, "an error has too many details")?;
    hold(own.into_iter().chain(details).flatten().all(short), "an error is too long, or not printable")
}

fn document(bytes: &[u8]) -> Checked {
    let (_, service) = service(200, bytes);
    match at_once(service.service_document("fuzz"))? {
        Ok(document) => hold(document.entity_sets.len() <= bytes.len(), "there are more sets than bytes"),
        Err(error) => hold(matches!(error, ODataError::Malformed { .. }), "damage is called something else"),
    }
}

/// No link makes the client leave the service.
fn link(bytes: &[u8]) -> Checked {
    let link = String::from_utf8_lossy(bytes);
    let body = serde_json::json!({ "value": [], "@odata.nextLink": link }).to_string();
    let (fixed, service) = service(200, body.as_bytes());
    let query = Query::default();
    let mut page = at_once(service.page("fuzz", "S", &query))?.map_err(|error| error.to_string())?;
    for _ in 0..3 {
        match at_once(service.next(&page))? {
            Ok(Some(next)) => page = next,
            _ => break,
        }
    }
    let asked = fixed.asked.lock().map_err(|_| "the transport panicked")?;
    // The root itself may come without its slash.
    let bare = ROOT.trim_end_matches('/');
    let inside = |url: &String| url.starts_with(ROOT) || url.split('?').next() == Some(bare);
    hold(asked.iter().all(inside), "a link led away from the service")
}

/// A text in quotes needs nothing of a server, whatever it holds.
fn profile(bytes: &[u8]) -> Checked {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let quoted = Literal::text(text.clone()).to_string();
    let asked = |filter: String| Query { filter: Some(Filter::Raw(filter)), ..Query::default() };
    let ifs = Profile::ifs();
    hold(ifs.check(&asked(format!("Name eq {quoted}"))).is_ok(), "words of a text are taken for operators")?;
    hold(Profile::strict().check(&asked(text.clone())).is_ok(), "a server of 4.01 is refused something")?;
    let again = ifs.check(&asked(format!("{quoted} eq Name and Lines/any(x:x eq {quoted})")));
    hold(again.is_err(), "an operator behind a text is not seen")
}

/// An address that is accepted is printed as one that says the same.
fn url(bytes: &[u8]) -> Checked {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(()) };
    let Ok(uri) = RelativeUri::parse(text) else { return Ok(()) };
    let printed = uri.encoded();
    match RelativeUri::parse(&printed) {
        Ok(again) if again == uri => Ok(()),
        // Two values can be one text: a word with marks in it and a phrase, a key and a call.
        Ok(again) if again.encoded() == printed => Ok(()),
        Ok(again) => Err(format!("it is printed as something else: {printed}: {uri:?} became {again:?}")),
        Err(error) => Err(format!("it is printed as what cannot be read: {printed}: {error}")),
    }
}
