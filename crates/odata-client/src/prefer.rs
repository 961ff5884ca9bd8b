//! Preferences: what a client would like, and what the server says it did.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue};

/// What shall come back after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Nothing but the headers.
    Minimal,
    /// The row as it is now.
    Representation,
}

/// The `Prefer` header (OData Protocol 8.2.8, RFC 7240). A server may ignore all of it: believe
/// [`Applied`] only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each of them is preferred or not")]
pub struct Prefer {
    /// `return=…`.
    pub returning: Option<Return>,
    /// `maxpagesize`: rows a page.
    pub max_page_size: Option<u32>,
    /// `continue-on-error`: whether a batch goes on after a failed part.
    pub continue_on_error: Option<bool>,
    /// `track-changes`: asks for a delta link.
    pub track_changes: bool,
    /// `respond-async`: the server may answer `202` and go on working.
    pub respond_async: bool,
    /// `wait`, in seconds: how long the server may take.
    pub wait: Option<u32>,
    /// `include-annotations`: which annotations come along, such as `*` or `-Ns.*`.
    pub include_annotations: Option<String>,
    /// `allow-entityreferences`: a row that was there already may come as a reference.
    pub allow_entity_references: bool,
    /// `omit-values=nulls` (4.01): properties that are null are left out.
    pub omit_nulls: bool,
}

impl Prefer {
    /// The header; `None` if nothing is preferred. The OData names have the prefix `odata.`, which
    /// servers of every version know.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let mut out = String::new();
        let mut add = |name: &str, value: Option<&str>| {
            let joint = if out.is_empty() { "" } else { ", " };
            let equals = if value.is_some() { "=" } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(out, "{joint}{name}{equals}{}", value.unwrap_or_default());
        };
        match self.returning {
            Some(Return::Minimal) => add("return", Some("minimal")),
            Some(Return::Representation) => add("return", Some("representation")),
            None => {}
        }
        if let Some(rows) = self.max_page_size {
            add("odata.maxpagesize", Some(&rows.to_string()));
        }
        match self.continue_on_error {
            // The bare name means true, and the older servers know no value.
            Some(true) => add("odata.continue-on-error", None),
            Some(false) => add("odata.continue-on-error", Some("false")),
            None => {}
        }
        if self.track_changes {
            add("odata.track-changes", None);
        }
        if self.respond_async {
            add("respond-async", None);
        }
        if let Some(seconds) = self.wait {
            add("wait", Some(&seconds.to_string()));
        }
        if let Some(list) = &self.include_annotations {
            // A header that cannot be written would lose the other preferences too.
            let list: String = list.chars().filter(|c| c.is_ascii_graphic() && *c != '"').collect();
            add("odata.include-annotations", Some(&format!("\"{list}\"")));
        }
        if self.allow_entity_references {
            add("odata.allow-entityreferences", None);
        }
        if self.omit_nulls {
            add("omit-values", Some("nulls"));
        }
        if out.is_empty() { None } else { HeaderValue::from_str(&out).ok() }
    }
}

/// What `Preference-Applied` says: the only proof that a preference was followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied(Vec<(String, String)>);

impl Applied {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let values = headers.get_all("preference-applied").iter().filter_map(|value| value.to_str().ok());
        Self(values.flat_map(|value| value.split([',', ';'])).filter_map(preference).collect())
    }

    /// What the server says that it returns.
    pub fn returning(&self) -> Option<Return> {
        match self.value("return")? {
            "minimal" => Some(Return::Minimal),
            "representation" => Some(Return::Representation),
            _ => None,
        }
    }

    /// How many rows it puts on a page.
    pub fn max_page_size(&self) -> Option<u32> {
        self.value("maxpagesize")?.parse().ok()
    }

    /// Whether it goes on after a failed part.
    pub fn continues_on_error(&self) -> bool {
        self.flag("continue-on-error")
    }

    /// Whether it gives a delta link.
    pub fn tracks_changes(&self) -> bool {
        self.flag("track-changes")
    }

    /// Whether it leaves out what is null: then a missing property means null.
    pub fn omits_nulls(&self) -> bool {
        self.value("omit-values") == Some("nulls")
    }

    /// Whether it answers later.
    pub fn responds_async(&self) -> bool {
        self.flag("respond-async")
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.is_empty() || value.eq_ignore_ascii_case("true"))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The name without `odata.` in small letters, and the value without quotes.
fn preference(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let name = name.trim().to_ascii_lowercase();
    let name = name.strip_prefix("odata.").unwrap_or(&name).to_owned();
    (!name.is_empty()).then(|| (name, value.trim().trim_matches('"').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_one_header() {
        assert_eq!(Prefer::default().header(), None);
        let all = Prefer {
            returning: Some(Return::Minimal),
            max_page_size: Some(500),
            continue_on_error: Some(true),
            track_changes: true,
            respond_async: true,
            wait: Some(30),
            include_annotations: Some("*".into()),
            allow_entity_references: true,
            omit_nulls: true,
        };
        let text = "return=minimal, odata.maxpagesize=500, odata.continue-on-error, \
                    odata.track-changes, respond-async, wait=30, odata.include-annotations=\"*\", \
                    odata.allow-entityreferences, omit-values=nulls";
        assert_eq!(all.header().unwrap(), text);
        let stop = Prefer { continue_on_error: Some(false), ..Prefer::default() };
        assert_eq!(stop.header().unwrap(), "odata.continue-on-error=false");
    }

    #[test]
    fn only_what_is_applied_is_believed_in_both_spellings() {
        let mut headers = HeaderMap::new();
        headers.append("preference-applied", "odata.MaxPageSize=\"50\", return=minimal".parse().unwrap());
        headers.append("preference-applied", "track-changes".parse().unwrap());
        let applied = Applied::read(&headers);
        assert_eq!((applied.max_page_size(), applied.returning()), (Some(50), Some(Return::Minimal)));
        assert!(applied.tracks_changes() && !applied.responds_async() && !applied.continues_on_error());
        assert_eq!(Applied::read(&HeaderMap::new()), Applied::default());
    }
}
