//! Metadata as a tree of named elements, whether it came as XML or as JSON.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// Deepest nesting that is read.
const DEEPEST: usize = 32;

/// One element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Reads XML; attributes do not matter.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn from_xml(xml: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(xml);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => {
                    if open.len() > DEEPEST {
                        return Err("elements are nested too deeply".to_owned());
                    }
                    open.push(Self::named(start.local_name().as_ref()));
                }
                Event::Empty(start) => attach(&mut open, Self::named(start.local_name().as_ref())),
                Event::End(_) => {
                    if let Some(closed) = open.pop() {
                        attach(&mut open, closed);
                    }
                }
                Event::Text(text) => add(&mut open, &text),
                Event::CData(text) => add(&mut open, &text),
                Event::GeneralRef(name) => {
                    add(&mut open, &entity(&name).ok_or_else(|| format!("unknown entity &{};", &*name))?);
                }
                Event::DocType(_) => return Err("document types are not read".to_owned()),
                Event::Eof => break,
                _ => {}
            }
        }
        if open.len() > 1 {
            return Err("an element is not closed".to_owned());
        }
        let root = open.into_iter().next().and_then(|root| root.children.into_iter().next());
        root.ok_or_else(|| "there is no element".to_owned())
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Reads JSON: lists are repeated elements.
    pub(crate) fn from_json(name: &str, value: &Value) -> Self {
        let mut element = Self { name: name.to_owned(), ..Self::default() };
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::Null => {}
                        Value::Array(list) => {
                            element.children.extend(list.iter().map(|one| Self::from_json(name, one)));
                        }
                        one => element.children.push(Self::from_json(name, one)),
                    }
                }
            }
            Value::String(text) => element.text.clone_from(text),
            other => element.text = other.to_string(),
        }
        element
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(crate) fn one(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child; `None` if there is none, or nothing in it.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let text = self.one(name)?.text.trim();
        (!text.is_empty()).then_some(text)
    }

    pub(crate) fn truth(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.text(name)?.parse().ok()
    }
}

fn attach(open: &mut [Element], closed: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(closed);
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn entity(name: &str) -> Option<String> {
    if let Some(code) = name.strip_prefix('#') {
        let code = match code.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => code.parse().ok()?,
        };
        return char::from_u32(code).map(String::from);
    }
    let named = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'")];
    named.iter().find(|(known, _)| *known == name).map(|(_, letter)| (*letter).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn xml_and_json_say_the_same() {
        let xml = "<?xml version=\"1.0\"?>\n<CustomObject xmlns=\"x\"><!-- c --><fields><label>A &amp; B&#x41;</label>\
                   <unique>true</unique></fields><fields/></CustomObject>";
        let from_xml = Element::from_xml(xml).expect("reads");
        let from_json = Element::from_json(
            "CustomObject",
            &json!({ "fields": [{ "label": "A & BA", "unique": true }, {}], "gone": null }),
        );
        assert_eq!(from_xml, from_json);
        let field = from_xml.all("fields").next().expect("a field");
        assert_eq!(
            (field.text("label"), field.truth("unique"), field.number("length")),
            (Some("A & BA"), true, None)
        );
    }

    #[test]
    fn what_is_no_xml_is_refused() {
        for xml in ["", "<a>", "<a></b>", "<a>&nope;</a>", "<!DOCTYPE a><a/>", &"<a>".repeat(100)] {
            assert!(Element::from_xml(xml).is_err(), "{xml}");
        }
    }
}
