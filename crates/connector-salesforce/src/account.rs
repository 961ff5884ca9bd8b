//! Accounts: where suppliers go.

use crate::ObjectSettings;

/// The object's API name.
pub const ENTITY: &str = "Account";

/// Accounts as the shipped mapping writes them.
pub fn settings() -> ObjectSettings {
    ObjectSettings { object: ENTITY.to_owned(), external_id: "IFS_Key__c".to_owned() }
}
