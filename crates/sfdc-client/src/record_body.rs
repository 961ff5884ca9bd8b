//! The JSON members of one record, written as they are added.

use std::fmt::Write as _;

/// What an expression of a composite request begins with: the server replaces `@{reference.member}`
/// wherever it finds it in a sub-request, in the values of records too.
pub(crate) const MARKER: &str = "@{";

/// The bytes of a record, as they usually are: thousands of them are in memory at once.
const USUAL: usize = 768;

/// The JSON members of one record, written as they are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordBody {
    /// `{"attributes":{"type":"X"},"A":1`, without the last brace.
    text: String,
    /// Where the attributes end.
    head: usize,
    /// Whether some value contains [`MARKER`] although nothing is meant to be replaced.
    marked: bool,
}

impl RecordBody {
    /// A record of this object type.
    pub fn new(object: &str) -> Self {
        let mut text = String::with_capacity(USUAL);
        text.push_str("{\"attributes\":{\"type\":");
        push_json(&mut text, object);
        text.push('}');
        Self { head: text.len(), text, marked: false }
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.marked |= value.contains(MARKER);
        self.name(name);
        push_json(&mut self.text, value);
    }

    /// Anything whose text is its JSON: a number, `true`, `false`, `null`.
    pub fn plain(&mut self, name: &str, value: impl std::fmt::Display) {
        self.name(name);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
    }

    /// Another record by external id.
    pub fn reference(&mut self, relationship: &str, field: &str, id: &str) {
        self.marked |= id.contains(MARKER);
        self.name(relationship);
        self.text.push('{');
        push_json(&mut self.text, field);
        self.text.push(':');
        push_json(&mut self.text, id);
        self.text.push('}');
    }

    /// The id that an earlier part of the same composite or graph request gets: `@{order.id}`.
    ///
    /// `part` must be a reference of that request; the server puts the id in its place.
    pub fn id_of(&mut self, name: &str, part: &str) {
        self.name(name);
        push_json(&mut self.text, &format!("@{{{part}.id}}"));
    }

    /// How long its JSON is, in bytes.
    pub fn size(&self) -> usize {
        self.text.len() + 1
    }

    /// Whether a value contains what a composite request would take for an expression, so that the
    /// record must travel in a call of another kind.
    pub(crate) fn is_marked(&self) -> bool {
        self.marked
    }

    /// The `"attributes"` member, which tells the object: `{"attributes":{"type":"X"}`.
    pub(crate) fn attributes(&self) -> &str {
        self.text.get(..self.head).unwrap_or_default()
    }

    /// Writes the record with its attributes; the closing brace is left to the caller, who may add
    /// members.
    pub(crate) fn push_open(&self, out: &mut String) {
        out.push_str(&self.text);
    }

    /// Writes the record with a reference among its attributes; the closing brace is left to the
    /// caller.
    pub(crate) fn push_named(&self, out: &mut String, reference: &str) {
        out.push_str(self.text.get(..self.head.saturating_sub(1)).unwrap_or_default());
        out.push_str(",\"referenceId\":");
        push_json(out, reference);
        out.push('}');
        out.push_str(self.text.get(self.head..).unwrap_or_default());
    }

    /// Writes the record without attributes, for a URL that names the object.
    pub(crate) fn push_bare(&self, out: &mut String) {
        out.push('{');
        // The first comma separates the attributes from the members.
        out.push_str(self.text.get(self.head + 1..).unwrap_or_default());
        out.push('}');
    }

    fn name(&mut self, name: &str) {
        self.text.push(',');
        push_json(&mut self.text, name);
        self.text.push(':');
    }
}

/// A text as JSON.
pub(crate) fn push_json(out: &mut String, text: &str) {
    // Almost all names and values have nothing to escape: they need no text of their own.
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    match serde_json::to_string(text) {
        Ok(quoted) => out.push_str(&quoted),
        // Unreachable: every text has a JSON form.
        Err(_) => out.push_str("null"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bodies_are_exact_json() {
        let mut record = RecordBody::new("Account");
        assert_eq!(bare(&record), "{}");
        record.text("Name", "O'Neil \"x\"\n\u{1}");
        record.plain("Limit", "12345678901234567890.10");
        record.plain("Gone", "null");
        record.reference("Parent", "IFS_Key__c", "S1");
        record.id_of("OwnerId", "who");
        let members = r#""Name":"O'Neil \"x\"\n\u0001","Limit":12345678901234567890.10,"Gone":null,"Parent":{"IFS_Key__c":"S1"},"OwnerId":"@{who.id}""#;
        let mut open = String::new();
        record.push_open(&mut open);
        assert_eq!(open, format!(r#"{{"attributes":{{"type":"Account"}},{members}"#));
        assert_eq!(bare(&record), format!("{{{members}}}"));
        assert_eq!(record.size(), open.len() + 1);
        assert!(!record.is_marked());
    }

    fn bare(record: &RecordBody) -> String {
        let mut bare = String::new();
        record.push_bare(&mut bare);
        bare
    }

    #[test]
    fn values_that_look_like_expressions_are_noticed() {
        for (value, marked) in [("@{x.id}", true), ("a @{", true), ("@ {", false), ("me@x.example", false)] {
            let mut record = RecordBody::new("Account");
            record.text("Name", value);
            assert_eq!(record.is_marked(), marked, "{value}");
            let mut record = RecordBody::new("Account");
            record.reference("Parent", "IFS_Key__c", value);
            assert_eq!(record.is_marked(), marked, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back(name in "\\PC{1,10}", value in ".{0,40}") {
            let mut record = RecordBody::new("Account");
            record.text(&name, &value);
            let read: std::collections::BTreeMap<String, String> = serde_json::from_str(&bare(&record)).expect("JSON");
            prop_assert_eq!(read.get(&name), Some(&value));
        }
    }
}
