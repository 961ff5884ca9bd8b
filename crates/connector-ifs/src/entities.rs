//! The entities that are known by name, and the names that tenants have for them.

use crate::entity_settings::EntitySettings;
use crate::place::Place;
use crate::settings::SettingsError;
use crate::{customer, gl_account, journal_entry, partner, posting_proposal, purchase_order, supplier};

/// The names of the known entities.
pub const NAMES: [&str; 9] = [
    supplier::ENTITY,
    customer::ENTITY,
    purchase_order::ENTITY,
    posting_proposal::ENTITY,
    gl_account::ENTITY,
    journal_entry::ENTITY,
    partner::CUSTOMER_ADDRESS,
    partner::CUSTOMER_METHOD,
    partner::CUSTOMER_CONTACT,
];

/// A shipped set of names for an entity.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// What a configuration calls it.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// Its settings.
    pub settings: fn() -> EntitySettings,
}

const fn preset(name: &'static str, about: &'static str, settings: fn() -> EntitySettings) -> Preset {
    Preset { name, about, settings }
}

const SUPPLIERS: &[Preset] = &[
    preset("default", "SupplierHandling/SupplierSet", supplier::settings),
    preset(
        "general_info",
        "SupplierHandling/SupplierInfoGeneralSet, with addresses and contacts",
        supplier::general_info,
    ),
];

const CUSTOMERS: &[Preset] = &[
    preset("default", "CustomerHandling/CustomerSet", customer::settings),
    preset("info", "CustomerHandling/CustomerInfoSet", customer::info),
];

const ORDERS: &[Preset] = &[
    preset("default", "lines through PurchaseOrderLineEntity", purchase_order::settings),
    preset("line_arrays", "lines through the three arrays of each order", purchase_order::line_arrays),
];

const PROPOSALS: &[Preset] = &[
    preset("default", "PostingProposalHandling/PostingProposalHeadSet", posting_proposal::settings),
    preset("entity_service", "PostingProposalHeadEntity", posting_proposal::entity_service),
];

const ACCOUNTS: &[Preset] = &[preset("default", "AccountHandling/AccountSet", gl_account::settings)];

const VOUCHERS: &[Preset] =
    &[preset("default", "GenLedVoucherHandling/GenLedVoucherSet", journal_entry::settings)];

const ADDRESSES: &[Preset] = &[preset("default", "CustomerInfoAddressEntity", partner::customer_address)];
const METHODS: &[Preset] = &[preset("default", "CustomerInfoCommMethodEntity", partner::customer_method)];
const CONTACTS: &[Preset] = &[preset("default", "CustomerInfoContactEntity", partner::customer_contact)];

/// The presets of an entity, its default first; none if it is not known.
pub fn presets(entity: &str) -> &'static [Preset] {
    match entity {
        supplier::ENTITY => SUPPLIERS,
        customer::ENTITY => CUSTOMERS,
        purchase_order::ENTITY => ORDERS,
        posting_proposal::ENTITY => PROPOSALS,
        gl_account::ENTITY => ACCOUNTS,
        journal_entry::ENTITY => VOUCHERS,
        partner::CUSTOMER_ADDRESS => ADDRESSES,
        partner::CUSTOMER_METHOD => METHODS,
        partner::CUSTOMER_CONTACT => CONTACTS,
        _ => &[],
    }
}

/// The settings of an entity before a configuration changes them. An entity that is not known has
/// nothing but its name: place, key and fields are to be configured.
pub fn settings(entity: &str, wanted: Option<&str>) -> Result<EntitySettings, SettingsError> {
    let known = presets(entity);
    let chosen = match wanted {
        None => known.first(),
        Some(name) => Some(known.iter().find(|preset| preset.name == name).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|preset| preset.name).collect();
            SettingsError {
                setting: "preset",
                why: format!("is `{name}`, but {entity} has: {}", names.join(", ")),
            }
        })?),
    };
    let blank = || EntitySettings::new(entity, Place::projection("", entity));
    Ok(chosen.map_or_else(blank, |preset| (preset.settings)()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_works_as_it_is() {
        for entity in NAMES {
            assert_eq!(presets(entity).first().map(|preset| preset.name), Some("default"));
            for preset in presets(entity) {
                let settings = settings(entity, Some(preset.name)).unwrap();
                settings.check().unwrap_or_else(|error| panic!("{entity} {}: {error}", preset.name));
                assert_eq!(settings.entity, entity);
            }
        }
        let error = settings("CustomerSet", Some("infos")).unwrap_err().to_string();
        assert_eq!(error, "`preset` is `infos`, but CustomerSet has: default, info");
        assert!(settings("Products", None).unwrap().check().is_err(), "key and fields are to be said");
    }
}
