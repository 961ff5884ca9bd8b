//! Contacts: where customers go that are people, and the contact persons of others.
//!
//! The parent is named by its external id (`AccountId` as a reference); without one it is a private
//! contact.

use crate::ObjectSettings;

/// The object's API name.
pub const ENTITY: &str = "Contact";

/// Contacts as the shipped mappings write them.
pub fn settings() -> ObjectSettings {
    ObjectSettings::shipped(ENTITY)
}
