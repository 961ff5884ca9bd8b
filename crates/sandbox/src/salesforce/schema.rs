//! What the org's objects look like: one description that rows, queries, describe and setup share.

mod accounts;
mod column;
mod field;
mod kind;
mod object;
mod orders;
mod people;
mod products;
mod spec;
mod tooling;

pub(crate) use column::{Column, SYSTEM};
pub(crate) use field::{Field, Users, label};
pub(crate) use kind::Kind;
pub(crate) use object::{Home, Object};
pub(crate) use spec::Flag;

use super::settings::SalesforceSettings;
use spec::{Sheet, Spec};

/// The external id that the org's objects have for IFS.
pub(crate) const KEY: &str = "IFS_Key__c";

/// Objects that parts of this org know by their place.
pub(crate) const ACCOUNT: usize = 0;
pub(crate) const CONTACT: usize = 1;
pub(crate) const ORDER: usize = 2;
pub(crate) const ORDER_ITEM: usize = 3;
pub(crate) const PRODUCT: usize = 4;
pub(crate) const PRICEBOOK: usize = 5;
pub(crate) const PRICEBOOK_ENTRY: usize = 6;
pub(crate) const USER: usize = 7;
pub(crate) const PROFILE: usize = 8;
pub(crate) const ORGANIZATION: usize = 9;
pub(crate) const RECORD_TYPE: usize = 10;
pub(crate) const PERMISSION_SET: usize = 11;
pub(crate) const ASSIGNMENT: usize = 12;
pub(crate) const FIELD_PERMISSIONS: usize = 13;
pub(crate) const OBJECT_PERMISSIONS: usize = 14;
pub(crate) const ORDER_STATUS: usize = 15;
pub(crate) const CUSTOM_FIELD: usize = 16;
pub(crate) const CHANNEL: usize = 17;
pub(crate) const CHANNEL_MEMBER: usize = 18;

/// All objects in their places.
const SHEETS: &[(Sheet, Home)] = &[
    (accounts::ACCOUNT, Home::Data),
    (accounts::CONTACT, Home::Data),
    (orders::ORDER, Home::Data),
    (orders::ORDER_ITEM, Home::Data),
    (products::PRODUCT, Home::Data),
    (products::PRICEBOOK, Home::Data),
    (products::PRICEBOOK_ENTRY, Home::Data),
    (people::USER, Home::Data),
    (people::PROFILE, Home::Data),
    (people::ORGANIZATION, Home::Data),
    (people::RECORD_TYPE, Home::Data),
    (people::PERMISSION_SET, Home::Data),
    (people::ASSIGNMENT, Home::Data),
    (people::FIELD_PERMISSIONS, Home::Data),
    (people::OBJECT_PERMISSIONS, Home::Data),
    (orders::ORDER_STATUS, Home::Data),
    (tooling::CUSTOM_FIELD, Home::Tooling),
    (tooling::CHANNEL, Home::Tooling),
    (tooling::CHANNEL_MEMBER, Home::Tooling),
];

/// What an administrator added already, unless the org is bare.
const CUSTOM: &[(usize, &[Spec])] = &[
    (ACCOUNT, accounts::ACCOUNT_CUSTOM),
    (CONTACT, accounts::CONTACT_CUSTOM),
    (ORDER, orders::ORDER_CUSTOM),
    (ORDER_ITEM, orders::ITEM_CUSTOM),
    (PRODUCT, &[accounts::KEY_FIELD]),
];

/// The objects of an org with these settings.
pub(crate) fn objects(settings: &SalesforceSettings) -> Vec<Object> {
    let keep = |flags: u32| {
        (settings.person_accounts || flags & Flag::Person as u32 == 0)
            && (settings.several_currencies || flags & Flag::Currencies as u32 == 0)
    };
    let mut objects: Vec<Object> =
        SHEETS.iter().map(|(sheet, home)| Object::new(sheet, *home, keep)).collect();
    if settings.without_orders {
        for place in [ORDER, ORDER_ITEM, ORDER_STATUS] {
            if let Some(object) = objects.get_mut(place) {
                object.home = Home::Nowhere;
            }
        }
    }
    let custom = if settings.bare { &[] } else { CUSTOM };
    for (place, specs) in custom {
        if let Some(object) = objects.get_mut(*place) {
            specs.iter().for_each(|spec| object.add(Field::from(spec)));
        }
    }
    objects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_prefixes_are_as_named() {
        let objects = objects(&SalesforceSettings::default());
        for (place, name) in [
            (ACCOUNT, "Account"),
            (CONTACT, "Contact"),
            (ORDER, "Order"),
            (ORDER_ITEM, "OrderItem"),
            (PRODUCT, "Product2"),
            (PRICEBOOK, "Pricebook2"),
            (PRICEBOOK_ENTRY, "PricebookEntry"),
            (USER, "User"),
            (PROFILE, "Profile"),
            (ORGANIZATION, "Organization"),
            (RECORD_TYPE, "RecordType"),
            (PERMISSION_SET, "PermissionSet"),
            (ASSIGNMENT, "PermissionSetAssignment"),
            (FIELD_PERMISSIONS, "FieldPermissions"),
            (OBJECT_PERMISSIONS, "ObjectPermissions"),
            (ORDER_STATUS, "OrderStatus"),
            (CUSTOM_FIELD, "CustomField"),
            (CHANNEL, "PlatformEventChannel"),
            (CHANNEL_MEMBER, "PlatformEventChannelMember"),
        ] {
            assert_eq!(objects[place].name, name);
        }
        let mut prefixes: Vec<&str> = objects.iter().map(|object| object.prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), objects.len());
    }

    #[test]
    fn features_bring_their_fields() {
        let has = |settings: &SalesforceSettings, place: usize, name: &str| {
            objects(settings)[place].place(name).is_some()
        };
        let plain = SalesforceSettings::default();
        assert!(!has(&plain, ACCOUNT, "PersonEmail") && !has(&plain, ORDER, "CurrencyIsoCode"));
        assert!(has(&plain, ACCOUNT, "ifs_key__c") && has(&plain, ORDER_ITEM, KEY));
        let rich = SalesforceSettings {
            person_accounts: true,
            several_currencies: true,
            bare: true,
            ..SalesforceSettings::default()
        };
        assert!(has(&rich, ACCOUNT, "PersonEmail") && has(&rich, ORDER, "CurrencyIsoCode"));
        assert!(!has(&rich, ACCOUNT, KEY));
    }
}
