//! Accounts: where suppliers and corporate customers go.

use crate::ObjectSettings;

/// The object's API name.
pub const ENTITY: &str = "Account";

/// Accounts as the shipped mappings write them.
pub fn settings() -> ObjectSettings {
    ObjectSettings::shipped(ENTITY)
}
