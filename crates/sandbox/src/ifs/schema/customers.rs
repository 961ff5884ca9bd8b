//! Customers with their addresses, communication methods and contacts: what clients may write.

use super::suppliers::{address_columns, contact_columns, method_columns};
use crate::ifs::column::{Column, choice, day, flag, instant, number, text, whole};
use crate::ifs::entity::{Access, Entity, Versions};
use crate::ifs::view::{Link, View};

const COLUMNS: &[Column] = &[
    text("CustomerId", 20).key(),
    text("Name", 100).required(),
    text("AssociationNo", 50),
    choice("CustomerCategory", "CustomerCategory").required().otherwise("Customer"),
    choice("Country", "Lookup_IsoCountry"),
    text("DefaultLanguage", 2),
    text("CorporateForm", 20),
    day("CreationDate").computed().otherwise("now"),
    day("DateOfRegistration"),
    flag("OneTime").otherwise("false"),
    flag("B2bCustomer").otherwise("false"),
    choice("IdentifierRefValidation", "IdentifierRefValidation").otherwise("None"),
    text("MainRepresentative", 20),
    choice("PartyType", "PartyType").computed().otherwise("Customer"),
    flag("DefaultDomain").required().otherwise("true"),
    text("Cf_Crm_Id", 18),
    choice("Cf_Segment", "CfSegment"),
    number("Cf_Credit_Score", 12, 3),
    instant("Cf_Last_Call"),
    instant("ModifiedDate").computed(),
];

pub(crate) static CUSTOMER_INFO: Entity = Entity {
    modified: Some("ModifiedDate"),
    access: Access::Write,
    numbers: Some("C"),
    ..Entity::new("CustomerInfo", COLUMNS, &["CustomerId"])
};

static CUSTOMER_ADDRESS: Entity = Entity {
    versions: Versions::Counter,
    access: Access::Write,
    parent: Some(&CUSTOMER_INFO),
    numbers: Some(""),
    ..Entity::new("CustomerInfoAddress", address_columns!("CustomerId"), &["CustomerId", "AddressId"])
};

static CUSTOMER_METHOD: Entity = Entity {
    versions: Versions::Counter,
    access: Access::Write,
    parent: Some(&CUSTOMER_INFO),
    numbers: Some(""),
    ..Entity::new("CustomerInfoCommMethod", method_columns!("CustomerId"), &["CustomerId", "CommId"])
};

static CUSTOMER_CONTACT: Entity = Entity {
    modified: Some("Changed"),
    access: Access::Write,
    parent: Some(&CUSTOMER_INFO),
    numbers: Some("P"),
    ..Entity::new("CustomerInfoContact", contact_columns!("CustomerId"), &["CustomerId", "PersonId"])
};

const OWN: &[(&str, &str)] = &[("CustomerId", "CustomerId")];

pub(super) static ADDRESS_VIEW: View = View {
    links: &[
        Link { name: "CustomerInfoRef", target: &BARE_VIEW, many: false, on: OWN },
        Link {
            name: "AddressCommunicationMethods",
            target: &METHOD_VIEW,
            many: true,
            on: &[("CustomerId", "CustomerId"), ("AddressId", "AddressId")],
        },
    ],
    ..View::of(&CUSTOMER_ADDRESS)
};

/// A customer as an address refers to it.
static BARE_VIEW: View = View { name: "Reference_CustomerInfo", ..View::of(&CUSTOMER_INFO) };
pub(super) static METHOD_VIEW: View = View::of(&CUSTOMER_METHOD);
pub(super) static CONTACT_VIEW: View = View::of(&CUSTOMER_CONTACT);

/// A customer, and the way to what belongs to it.
pub(crate) static CUSTOMER_VIEW: View = View {
    links: &[
        Link { name: "CustomerInfoAddresses", target: &ADDRESS_VIEW, many: true, on: OWN },
        Link { name: "CommunicationMethods", target: &METHOD_VIEW, many: true, on: OWN },
        Link { name: "CustomerInfoContacts", target: &CONTACT_VIEW, many: true, on: OWN },
    ],
    ..View::of(&CUSTOMER_INFO)
};

/// The units of this file.
pub(super) static ENTITIES: [&Entity; 4] =
    [&CUSTOMER_INFO, &CUSTOMER_ADDRESS, &CUSTOMER_METHOD, &CUSTOMER_CONTACT];
