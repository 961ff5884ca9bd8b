//! Reads CSDL XML event by event: nothing of the document is kept but what the model keeps.
//!
//! Document types are refused, and with them all entities but the five of XML itself, so that
//! nothing can expand.

mod annotation;
mod schema;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::{DEEPEST, Metadata, MetadataError};

/// More attributes than any element of CSDL has.
const ATTRIBUTES: usize = 64;

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Metadata, MetadataError> {
    let mut cursor = Cursor { reader: Reader::from_str(text), depth: 0, at: 0 };
    let mut metadata = Metadata::default();
    let outcome = match cursor.root() {
        Ok(mut root) => schema::document(&mut cursor, &mut root, &mut metadata),
        Err(why) => Err(why),
    };
    match outcome {
        Ok(()) => Ok(metadata),
        Err(why) => Err(MetadataError { byte: cursor.at, why }),
    }
}

/// Walks through the elements of a document.
struct Cursor<'t> {
    reader: Reader<&'t [u8]>,
    /// How many elements are open.
    depth: usize,
    /// Where the last event began, in bytes.
    at: u64,
}

/// An element whose children have not been read yet.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    /// How many elements were open with it; 0 if it has no content.
    depth: usize,
}

type Outcome<T> = Result<T, String>;

impl Cursor<'_> {
    /// The outermost element.
    fn root(&mut self) -> Outcome<Element> {
        loop {
            match self.event()? {
                Event::Start(start) => return self.open(&start),
                Event::Empty(start) => return Element::new(&start, 0),
                Event::Eof => return Err("it has no element".into()),
                _ => {}
            }
        }
    }

    /// The next child of `parent`; `None` at its end. What the last child still holds is passed over.
    fn child(&mut self, parent: &Element) -> Outcome<Option<Element>> {
        if parent.depth == 0 {
            return Ok(None);
        }
        loop {
            match self.event()? {
                Event::Start(start) => {
                    let child = self.open(&start)?;
                    if child.depth == parent.depth + 1 {
                        return Ok(Some(child));
                    }
                }
                Event::Empty(start) if self.depth == parent.depth => {
                    return Element::new(&start, 0).map(Some);
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth < parent.depth {
                        return Ok(None);
                    }
                }
                Event::Eof => return Err("it ends before its elements are closed".into()),
                _ => {}
            }
        }
    }

    /// The text of `element`, to its end.
    fn text(&mut self, element: &Element) -> Outcome<String> {
        let mut text = String::new();
        if element.depth == 0 {
            return Ok(text);
        }
        loop {
            let own = self.depth == element.depth;
            match self.event()? {
                Event::Text(part) if own => text.push_str(&part.xml10_content()),
                Event::CData(part) if own => text.push_str(&part.xml10_content()),
                Event::GeneralRef(reference) if own => text.push(character(&reference)?),
                Event::Start(start) => {
                    self.open(&start)?;
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth < element.depth {
                        return Ok(text);
                    }
                }
                Event::Eof => return Err("it ends before its elements are closed".into()),
                _ => {}
            }
        }
    }

    /// Whether nothing but blanks follows the outermost element.
    fn finish(&mut self) -> Outcome<()> {
        loop {
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Start(_) | Event::Empty(_) => return Err("something follows its end".into()),
                _ => {}
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Outcome<Element> {
        if self.depth >= DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST}"));
        }
        self.depth += 1;
        Element::new(start, self.depth)
    }
}

impl<'t> Cursor<'t> {
    fn event(&mut self) -> Outcome<Event<'t>> {
        self.at = self.reader.buffer_position();
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err("it has a document type".into()),
            Ok(event) => Ok(event),
            Err(error) => {
                self.at = self.reader.error_position();
                Err(error.to_string())
            }
        }
    }
}

impl Element {
    fn new(start: &BytesStart<'_>, depth: usize) -> Outcome<Self> {
        let mut attributes: Vec<(String, String)> = Vec::new();
        // The library compares each attribute with all others: that is done here, for few.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let name = attribute.key.as_ref().to_owned();
            if attributes.iter().any(|(known, _)| *known == name) {
                return Err(format!("the attribute {name} stands twice"));
            }
            if attributes.len() >= ATTRIBUTES {
                return Err(format!("an element has more than {ATTRIBUTES} attributes"));
            }
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            attributes.push((name, value.into_owned()));
        }
        Ok(Self { name: start.local_name().as_ref().to_owned(), attributes, depth })
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.attribute(name).map(str::to_owned)
    }

    fn required(&self, name: &str) -> Outcome<&str> {
        self.attribute(name).ok_or_else(|| format!("an element {} lacks the attribute {name}", self.name))
    }

    fn flag(&self, name: &str) -> Outcome<Option<bool>> {
        self.attribute(name).map(|text| truth(text, name)).transpose()
    }
}

/// A truth value of XML.
fn truth(text: &str, what: &str) -> Outcome<bool> {
    match text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(format!("{what} is {other:?}, neither true nor false")),
    }
}

fn character(reference: &BytesRef<'_>) -> Outcome<char> {
    if let Some(found) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(found);
    }
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        other => Err(format!("it has an entity {other:?}")),
    }
}
