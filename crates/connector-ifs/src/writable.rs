//! What can be written to IFS: customer master data, and nothing else by type.
//!
//! Invoices, accounts, vouchers and payments have no name here, and settings that lead a customer's
//! name to one of their sets are refused.

use std::collections::BTreeMap;

use mapping::Value;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::entity_settings::EntitySettings;
use crate::field::FieldKind;
use crate::key::KeyField;
use crate::overrides::EntityOverrides;
use crate::settings::SettingsError;
use crate::{customer, entities, partner};

/// What can be written to IFS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writable {
    /// A customer.
    Customer,
    /// An address of a customer.
    CustomerAddress,
    /// A way to reach a customer: phone, mail, web.
    CustomerCommMethod,
    /// A person at a customer.
    CustomerContact,
}

/// Words in the names of services and sets that belong to the books.
const BOOKS: [&str; 12] = [
    "account", "voucher", "ledger", "journal", "invoice", "payment", "posting", "proposal", "tax", "bank",
    "cash", "budget",
];

impl Writable {
    /// Everything that can be written, parents first.
    pub const ALL: [Self; 4] =
        [Self::Customer, Self::CustomerAddress, Self::CustomerCommMethod, Self::CustomerContact];

    /// What flows and mappings call it.
    pub fn entity(self) -> &'static str {
        match self {
            Self::Customer => customer::ENTITY,
            Self::CustomerAddress => partner::CUSTOMER_ADDRESS,
            Self::CustomerCommMethod => partner::CUSTOMER_METHOD,
            Self::CustomerContact => partner::CUSTOMER_CONTACT,
        }
    }

    /// What is called `entity`, if it can be written.
    pub fn of(entity: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.entity() == entity)
    }
}

/// How one kind of record is written.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteSettings {
    what: Writable,
    entity: EntitySettings,
    carrier: Option<KeyField>,
    create: Vec<(String, Value)>,
}

/// What a configuration says about writing; what is left out keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WriteOverrides {
    /// The attribute that carries the external id, where IFS numbers the records itself: they are
    /// looked up by it. Without one the external id is the key.
    pub carrier: Option<String>,
    /// Values of a new record where the mapping says nothing.
    pub create: BTreeMap<String, Plain>,
}

/// A value as configurations write it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(untagged))]
pub enum Plain {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text, the member of an enumeration, or a number with a fraction.
    Text(String),
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Plain;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, false, a whole number or a text")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Plain, E> {
                Ok(Plain::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Plain, E> {
                Ok(Plain::Int(value))
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Plain, E> {
                i64::try_from(value).map(Plain::Int).map_err(E::custom)
            }
            fn visit_str<E>(self, value: &str) -> Result<Plain, E> {
                Ok(Plain::Text(value.to_owned()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Plain {
    fn value(self, kind: FieldKind) -> Value {
        match (self, kind) {
            (Self::Bool(value), _) => Value::Bool(value),
            (Self::Int(value), _) => Value::Decimal(Decimal::from(value)),
            (Self::Text(text), FieldKind::Decimal) => {
                text.parse().map_or_else(|_| Value::Text(text), Value::Decimal)
            }
            (Self::Text(text), _) => Value::Text(text),
        }
    }
}

impl WriteSettings {
    /// `what`, as the configuration changes it.
    pub fn new(what: Writable, overrides: EntityOverrides) -> Result<Self, SettingsError> {
        let write = overrides.write.clone().unwrap_or_default();
        let defaults = entities::settings(what.entity(), overrides.preset.as_deref())?;
        let entity = overrides.over(defaults)?;
        let text = format!("{} {}", entity.place.projection, entity.place.set).to_lowercase();
        let path = entity.place.path.as_deref().unwrap_or_default().to_lowercase();
        if let Some(word) = BOOKS.iter().find(|word| text.contains(*word) || path.contains(*word)) {
            let why = format!("leads to `{word}`: nothing of the books is written, whatever it is called");
            return Err(SettingsError { setting: "set", why });
        }
        let mut create: Vec<(String, Value)> = match what {
            // IFS refuses a new address that says nothing about it.
            Writable::CustomerAddress => vec![("DefaultDomain".to_owned(), Value::Bool(true))],
            _ => Vec::new(),
        };
        for (name, value) in write.create {
            let Some(kind) = kind(&entity, &name) else {
                let why = format!("names `{name}`, which is none of the fields");
                return Err(SettingsError { setting: "write.create", why });
            };
            create.retain(|(known, _)| *known != name);
            create.push((name, value.value(kind)));
        }
        Ok(Self { what, entity, carrier: write.carrier.as_deref().map(KeyField::text), create })
    }

    /// What it is.
    pub fn what(&self) -> Writable {
        self.what
    }

    /// How it is read.
    pub fn entity(&self) -> &EntitySettings {
        &self.entity
    }

    /// The attribute that carries the external id, where that is not the key.
    pub(crate) fn carrier(&self) -> Option<&KeyField> {
        self.carrier.as_ref()
    }

    /// Values of a new record where the draft says nothing.
    pub(crate) fn create(&self) -> &[(String, Value)] {
        &self.create
    }

    /// How a field is written.
    pub(crate) fn kind(&self, name: &str) -> Option<FieldKind> {
        kind(&self.entity, name)
    }
}

fn kind(entity: &EntitySettings, name: &str) -> Option<FieldKind> {
    entity.fields.iter().find(|field| field.name == name).map(|field| field.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(what: Writable, overrides: &str) -> Result<WriteSettings, SettingsError> {
        WriteSettings::new(what, serde_json::from_str(overrides).unwrap())
    }

    #[test]
    fn nothing_of_the_books_can_be_expressed() {
        for name in ["AccountSet", "GenLedVoucherSet", "PostingProposalHeadSet", "SupplierSet", "Invoice"] {
            assert_eq!(Writable::of(name), None, "{name}");
        }
        for what in Writable::ALL {
            assert_eq!(Writable::of(what.entity()), Some(what));
            of(what, "{}").unwrap();
            for bad in [
                r#"{"projection":"AccountHandling","set":"AccountSet"}"#,
                r#"{"set":"GenLedVoucherSet"}"#,
                r#"{"projection":"PostingProposalHandling"}"#,
                r#"{"path":"odata/v4/Invoices","set":"X"}"#,
            ] {
                assert!(of(what, bad).is_err(), "{what:?} {bad}");
            }
        }
    }

    #[test]
    fn defaults_of_new_records_are_typed_by_the_fields() {
        let settings = of(
            Writable::CustomerAddress,
            r#"{"write":{"create":{"DefaultDomain":false,"Country":"SE"},"carrier":"Cf_Crm_Id"}}"#,
        )
        .unwrap();
        assert_eq!(settings.create().len(), 2);
        assert!(settings.create().contains(&("DefaultDomain".into(), Value::Bool(false))));
        assert_eq!(settings.carrier().map(|field| field.name.as_str()), Some("Cf_Crm_Id"));
        assert!(of(Writable::Customer, r#"{"write":{"create":{"Nothing":1}}}"#).is_err());
    }
}
