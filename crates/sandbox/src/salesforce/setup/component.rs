//! One thing that an administrator adds, and why the org does not take it.

use serde_json::{Value, json};

/// Why a component is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// One component of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    /// Such as `CustomField`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// The file that it stands in.
    pub(super) file: String,
    /// Whether the org had it already.
    pub(super) known: bool,
}

impl Component {
    /// What the result of a deployment says of it.
    pub(super) fn shown(&self, refused: Option<&Refused>) -> Value {
        let mut shown = json!({
            "componentType": self.kind, "fullName": self.name, "fileName": self.file, "changed": refused.is_none(),
            "created": refused.is_none() && !self.known, "deleted": false, "success": refused.is_none(),
            "warning": false,
        });
        if let (Some(shown), Some(refused)) = (shown.as_object_mut(), refused) {
            shown.insert("problem".to_owned(), json!(refused.message));
            shown.insert("problemType".to_owned(), json!("Error"));
        }
        shown
    }
}
