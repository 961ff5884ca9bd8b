//! A field of an object as the org has it.

use super::Kind;
use super::spec::{Flag, Spec};

/// Which of the org's two API users may do something: a bit for each.
pub(crate) type Users = u8;

/// Every user.
pub(crate) const EVERYBODY: Users = Users::MAX;

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) flags: u32,
    pub(crate) values: Vec<String>,
    pub(crate) to: Vec<String>,
    pub(crate) relationship: String,
    pub(crate) children: String,
    /// The text of the value that it has if none is given.
    pub(crate) default: String,
    pub(crate) help: String,
    pub(crate) readers: Users,
    pub(crate) editors: Users,
}

impl Field {
    pub(crate) fn is(&self, flag: Flag) -> bool {
        self.flags & flag as u32 != 0
    }

    pub(crate) fn with(mut self, flag: Flag, on: bool) -> Self {
        if on {
            self.flags |= flag as u32;
        }
        self
    }

    /// Whether an administrator added it.
    pub(crate) fn is_custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// Whether records can be addressed by it.
    pub(crate) fn is_key(&self) -> bool {
        self.is(Flag::ExternalId) || self.is(Flag::IdLookup)
    }

    /// Whether its values have an index: keys, unique fields and references.
    pub(crate) fn is_indexed(&self) -> bool {
        self.is_key() || self.is(Flag::Unique) || self.kind == Kind::Reference
    }
}

impl From<&Spec> for Field {
    fn from(spec: &Spec) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            name: spec.name.to_owned(),
            label: label(spec.name),
            kind: spec.kind,
            flags: spec.flags,
            values: owned(spec.values),
            to: owned(spec.to),
            relationship: spec.relationship.to_owned(),
            children: spec.children.to_owned(),
            default: spec.default.to_owned(),
            help: String::new(),
            readers: EVERYBODY,
            editors: EVERYBODY,
        }
    }
}

/// `BillingPostalCode` as people read it: `Billing Postal Code`.
pub(crate) fn label(name: &str) -> String {
    let plain = name.strip_suffix("__c").unwrap_or(name);
    let mut label = String::with_capacity(plain.len() + 4);
    let mut before = ' ';
    for letter in plain.chars() {
        if letter == '_' {
            label.push(' ');
        } else {
            if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
                label.push(' ');
            }
            label.push(letter);
        }
        before = letter;
    }
    match label.strip_suffix(" Id") {
        Some(rest) => format!("{rest} ID"),
        None => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_words() {
        for (name, wanted) in [
            ("BillingPostalCode", "Billing Postal Code"),
            ("OwnerId", "Owner ID"),
            ("IFS_Credit_Limit__c", "IFS Credit Limit"),
            ("Name", "Name"),
        ] {
            assert_eq!(label(name), wanted);
        }
    }
}
