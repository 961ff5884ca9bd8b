//! A custom field as setup makes it.

use serde_json::{Value, json};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Text of at most so many characters.
    Text(u32),
    /// The external id: text, unique, upper and lower case told apart.
    Key(u32),
    Email,
    /// Digits in all, and behind the point.
    Currency(u32, u32),
    Number(u32, u32),
    Date,
    /// One of these.
    Picklist(&'static [&'static str]),
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    pub(crate) object: String,
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
    /// What people read beside it.
    pub(crate) help: &'static str,
}

impl FieldSpec {
    pub(crate) const fn is_key(&self) -> bool {
        matches!(self.kind, FieldKind::Key(_))
    }

    /// The name with its object: `Account.IFS_Key__c`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.object, self.name)
    }

    /// What it holds, for people.
    pub(crate) fn shape(&self) -> String {
        match self.kind {
            FieldKind::Text(length) => format!("Text({length})"),
            FieldKind::Key(length) => format!("Text({length}), External ID, Unique, case-sensitive"),
            FieldKind::Email => "Email".into(),
            FieldKind::Currency(precision, scale) => format!("Currency({}, {scale})", precision - scale),
            FieldKind::Number(precision, scale) => format!("Number({}, {scale})", precision - scale),
            FieldKind::Date => "Date".into(),
            FieldKind::Picklist(values) => format!("Picklist({})", values.join(", ")),
        }
    }

    /// Longest text that it holds, if it holds text.
    pub(crate) fn length(&self) -> Option<u32> {
        match self.kind {
            FieldKind::Text(length) | FieldKind::Key(length) => Some(length),
            FieldKind::Email => Some(80),
            _ => None,
        }
    }

    /// `IFS_Credit_Limit__c` as people read it.
    fn label(&self) -> String {
        self.name.trim_end_matches("__c").replace('_', " ")
    }

    /// The metadata, without the name.
    pub(crate) fn metadata(&self) -> Value {
        let mut metadata = match self.kind {
            FieldKind::Text(length) => json!({ "type": "Text", "length": length }),
            FieldKind::Key(length) => json!({
                "type": "Text", "length": length, "externalId": true, "unique": true, "caseSensitive": true,
            }),
            FieldKind::Email => json!({ "type": "Email" }),
            FieldKind::Currency(precision, scale) => {
                json!({ "type": "Currency", "precision": precision, "scale": scale })
            }
            FieldKind::Number(precision, scale) => {
                json!({ "type": "Number", "precision": precision, "scale": scale })
            }
            FieldKind::Date => json!({ "type": "Date" }),
            FieldKind::Picklist(values) => {
                let value = |name: &&str| json!({ "fullName": name, "default": false, "label": name });
                let values: Vec<Value> = values.iter().map(value).collect();
                let definition = json!({ "sorted": false, "value": values });
                json!({ "type": "Picklist", "valueSet": { "restricted": true, "valueSetDefinition": definition } })
            }
        };
        if let Some(members) = metadata.as_object_mut() {
            members.insert("label".into(), self.label().into());
            members.insert("required".into(), false.into());
            if !self.help.is_empty() {
                members.insert("inlineHelpText".into(), self.help.into());
            }
        }
        metadata
    }
}
