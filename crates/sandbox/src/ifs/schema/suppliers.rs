//! Suppliers with their addresses, communication methods, contacts and payment data.

use crate::ifs::column::{Column, ColumnKind, amount, choice, day, flag, instant, text, whole};
use crate::ifs::entity::{Entity, Versions};
use crate::ifs::view::{Link, View};

/// The columns of a supplier.
pub const SUPPLIER: &[Column] = &[
    Column::new("SupplierId", ColumnKind::Text(20)).key(),
    text("Name", 400).required(),
    text("AssociationNo", 50),
    text("Country", 2),
    text("Address1", 35),
    text("Address2", 35),
    text("ZipCode", 35),
    text("City", 35),
    text("State", 35),
    text("Phone", 200),
    text("Fax", 200),
    text("Email", 200),
    text("WebAddress", 200),
    text("CurrencyCode", 3),
    text("PayTermId", 20),
    text("DeliveryTerms", 5),
    amount("CreditLimit"),
    day("CreationDate").computed(),
    day("ExpireDate"),
    choice("Objstate", "SupplierState").computed(),
    instant("ModifiedDate").computed(),
];

pub(crate) static SUPPLIER_INFO: Entity = Entity {
    modified: Some("ModifiedDate"),
    ..Entity::new("SupplierInfoGeneral", SUPPLIER, &["SupplierId"])
};

/// Addresses look alike for suppliers and customers, but for whom they belong to.
macro_rules! address_columns {
    ($owner:literal) => {
        &[
            text($owner, 20).key(),
            text("AddressId", 50).key(),
            text("Name", 100),
            text("Address1", 35),
            text("Address2", 35),
            text("Address3", 100),
            text("Address4", 100),
            text("Address5", 100),
            text("Address6", 100),
            text("ZipCode", 35),
            text("City", 35),
            text("County", 35),
            text("State", 35),
            choice("Country", "Lookup_IsoCountry").required(),
            day("ValidFrom"),
            day("ValidTo"),
            // Without it the database refuses a new address.
            flag("DefaultDomain").required(),
            text("EanLocation", 100),
        ]
    };
}

macro_rules! method_columns {
    ($owner:literal) => {
        &[
            text($owner, 20).key(),
            whole("CommId").key(),
            text("AddressId", 50),
            choice("MethodId", "CommMethodCode").required(),
            text("Value", 200).required(),
            text("Description", 200),
            flag("MethodDefault").otherwise("false"),
            day("ValidFrom"),
            day("ValidTo"),
        ]
    };
}

macro_rules! contact_columns {
    ($owner:literal) => {
        &[
            text($owner, 20).key(),
            text("PersonId", 20).key(),
            text("AddressId", 50),
            text("Name", 100).required(),
            text("Role", 200),
            text("Phone", 200),
            text("Mobile", 200),
            text("Email", 200),
            instant("Created").computed().otherwise("now"),
            instant("Changed").computed(),
        ]
    };
}

pub(super) use {address_columns, contact_columns, method_columns};

static SUPPLIER_ADDRESS: Entity = Entity {
    versions: Versions::Counter,
    parent: Some(&SUPPLIER_INFO),
    ..Entity::new("SupplierInfoAddress", address_columns!("SupplierId"), &["SupplierId", "AddressId"])
};

static SUPPLIER_METHOD: Entity = Entity {
    versions: Versions::Counter,
    parent: Some(&SUPPLIER_INFO),
    ..Entity::new("SupplierInfoCommMethod", method_columns!("SupplierId"), &["SupplierId", "CommId"])
};

static SUPPLIER_CONTACT: Entity = Entity {
    modified: Some("Changed"),
    parent: Some(&SUPPLIER_INFO),
    ..Entity::new("SupplierInfoContact", contact_columns!("SupplierId"), &["SupplierId", "PersonId"])
};

static SUPPLIER_PAYMENT: Entity = Entity::new(
    "SupplierPayment",
    &[
        text("Company", 20).key(),
        text("Identity", 20).key(),
        choice("PartyType", "PartyType").key(),
        text("PaymentMethod", 20),
        text("PayTermId", 20),
        text("CurrencyCode", 3),
    ],
    &["Company", "Identity", "PartyType"],
);

pub(super) static ADDRESS_VIEW: View = View {
    links: &[Link {
        name: "AddressCommunicationMethods",
        target: &METHOD_VIEW,
        many: true,
        on: &[("SupplierId", "SupplierId"), ("AddressId", "AddressId")],
    }],
    ..View::of(&SUPPLIER_ADDRESS)
};

pub(super) static METHOD_VIEW: View = View::of(&SUPPLIER_METHOD);
pub(super) static CONTACT_VIEW: View = View::of(&SUPPLIER_CONTACT);
pub(super) static PAYMENT_VIEW: View = View::of(&SUPPLIER_PAYMENT);

const OWN: &[(&str, &str)] = &[("SupplierId", "SupplierId")];

/// A supplier, and the way to what belongs to it.
pub(crate) static SUPPLIER_VIEW: View = View {
    links: &[
        Link { name: "SupplierInfoAddresses", target: &ADDRESS_VIEW, many: true, on: OWN },
        Link { name: "CommunicationMethods", target: &METHOD_VIEW, many: true, on: OWN },
        Link { name: "SupplierInfoContacts", target: &CONTACT_VIEW, many: true, on: OWN },
        Link {
            name: "SupplierPayments",
            target: &PAYMENT_VIEW,
            many: true,
            on: &[("Identity", "SupplierId")],
        },
    ],
    ..View::of(&SUPPLIER_INFO)
};

/// The units of this file.
pub(super) static ENTITIES: [&Entity; 5] =
    [&SUPPLIER_INFO, &SUPPLIER_ADDRESS, &SUPPLIER_METHOD, &SUPPLIER_CONTACT, &SUPPLIER_PAYMENT];
