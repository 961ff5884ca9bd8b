//! Spans: their names, declared here once, and what is known of each.

use std::time::Duration;

use jiff::Timestamp;

/// The names of all spans, from the outermost one to the innermost.
pub(crate) const NAMES: [&str; 5] = ["run", "flow", "page", "batch", "call"];

/// A span, under way or finished.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    /// What it belongs to.
    pub(crate) trace: u128,
    /// Its own number.
    pub(crate) id: u64,
    /// The span that it is a part of.
    pub(crate) parent: Option<u64>,
    /// Its name.
    pub(crate) name: &'static str,
    /// When it began.
    pub(crate) began: Timestamp,
    /// When it began, by the clock that nobody moves.
    pub(crate) since: Duration,
    /// How long it took.
    pub(crate) took: Duration,
    /// What it tells.
    pub(crate) attributes: Vec<(&'static str, Value)>,
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any number.
    Number(f64),
    /// True or false.
    Truth(bool),
}

impl Span {
    /// What went wrong in it, if it says so.
    pub(crate) fn error(&self) -> Option<&str> {
        self.attributes.iter().find_map(|(name, value)| match value {
            Value::Text(text) if *name == "error" => Some(text.as_str()),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// What spans tell, and what they are about.
    const TOLD: [(&str, &[&str], &str); 5] = [
        ("run", &["link", "flow", "why", "error"], "One run of a flow, with opening its link."),
        (
            "flow",
            &["flow", "mode"],
            "One cycle: taking the flow over, settling what was open, walking, giving it back.",
        ),
        ("page", &["flow"], "Reading one page of the source."),
        ("batch", &["flow", "records"], "Mapping, deciding, writing and keeping the records of one page."),
        (
            "call",
            &[
                "system",
                "operation",
                "http.request.method",
                "server.address",
                "http.response.status_code",
                "error",
            ],
            "One attempt of one call to a system.",
        ),
    ];

    /// The page `docs/reference/spans.md`.
    fn page() -> String {
        let mut page = String::from(
            "# Spans\n\nThe daemon sends these to the collector named in `[telemetry]`. This page is made from\n\
             `crates/ml-connector/src/telemetry/span.rs`; a test keeps both in step.\n\n\
             | name | attributes | what it is |\n|---|---|---|\n",
        );
        for (name, attributes, help) in TOLD {
            let attributes: Vec<String> = attributes.iter().map(|name| format!("`{name}`")).collect();
            page.extend(["| `", name, "` | ", &attributes.join(", "), " | ", help, " |\n"]);
        }
        page
    }

    #[test]
    fn the_guide_tells_which_spans_there_are() {
        crate::shipped::is_current("reference/spans.md", &page());
    }

    /// Names that stand in the code below `folder`, where spans are made.
    fn named(folder: &Path, found: &mut BTreeSet<String>) {
        let made = "_span".to_owned() + "!(";
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                named(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let spans = text.split(&made).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                found.extend(spans.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }

    #[test]
    fn every_span_in_the_code_is_declared_and_told() {
        let mut found = BTreeSet::new();
        for room in ["ml-connector", "sync-engine", "connector-ifs", "connector-salesforce"] {
            named(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(room).join("src"), &mut found);
        }
        assert_eq!(found, NAMES.map(str::to_owned).into());
        assert_eq!(TOLD.map(|(name, ..)| name), NAMES);
    }
}
