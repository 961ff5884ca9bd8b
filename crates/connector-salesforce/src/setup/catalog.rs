//! The custom fields that the shipped mappings write, and the standard ones beside them.

use super::field_spec::{FieldKind, FieldSpec};

const KEY: FieldKind = FieldKind::Key(100);
const AMOUNT: FieldKind = FieldKind::Currency(18, 2);
const STATES: FieldKind = FieldKind::Picklist(&[
    "Planned",
    "Released",
    "Confirmed",
    "Arrived",
    "Received",
    "Stopped",
    "Closed",
    "Cancelled",
]);

/// A field of the table: name, what it holds, what people read beside it.
type Line = (&'static str, FieldKind, &'static str);

const ACCOUNT: &[Line] = &[
    ("IFS_Key__c", KEY, "The number of the supplier or customer in IFS. Do not change it."),
    ("IFS_Association_No__c", FieldKind::Text(50), ""),
    ("IFS_Category__c", FieldKind::Picklist(&["Customer", "Prospect", "End customer"]), ""),
    ("IFS_Corporate_Form__c", FieldKind::Text(20), ""),
    ("IFS_Created__c", FieldKind::Date, ""),
    ("IFS_Credit_Limit__c", AMOUNT, ""),
    ("IFS_Currency__c", FieldKind::Text(3), ""),
    ("IFS_Delivery_Terms__c", FieldKind::Text(20), ""),
    ("IFS_Email__c", FieldKind::Email, ""),
    ("IFS_Expires__c", FieldKind::Date, ""),
    ("IFS_Language__c", FieldKind::Text(2), ""),
    ("IFS_Payment_Terms__c", FieldKind::Text(20), ""),
    ("IFS_Registered__c", FieldKind::Date, ""),
    ("IFS_Status__c", FieldKind::Picklist(&["Active", "Blocked", "Expired"]), ""),
];

const CONTACT: &[Line] = &[
    ("IFS_Key__c", KEY, "The number of the customer in IFS. Do not change it."),
    ("IFS_Association_No__c", FieldKind::Text(50), ""),
    ("IFS_Created__c", FieldKind::Date, ""),
    ("IFS_Language__c", FieldKind::Text(2), ""),
];

const ORDER: &[Line] = &[
    ("IFS_Key__c", KEY, "The number of the purchase order in IFS. Do not change it."),
    ("IFS_Buyer__c", FieldKind::Text(20), ""),
    ("IFS_Company__c", FieldKind::Text(20), ""),
    ("IFS_Currency__c", FieldKind::Text(3), ""),
    ("IFS_Delivery_Terms__c", FieldKind::Text(20), ""),
    ("IFS_Invoice_Amount__c", AMOUNT, "Gross amount of all supplier invoices of this order."),
    ("IFS_Invoice_Count__c", FieldKind::Number(6, 0), "How many supplier invoices refer to this order."),
    ("IFS_Invoice_Currency__c", FieldKind::Text(3), ""),
    ("IFS_Invoice_Date__c", FieldKind::Date, "Date of the latest supplier invoice."),
    ("IFS_Invoice_Due__c", FieldKind::Date, "Latest due date of its supplier invoices."),
    ("IFS_Invoice_Net__c", AMOUNT, "Net amount of all supplier invoices of this order."),
    ("IFS_Invoice_No__c", FieldKind::Text(50), "Number of the latest supplier invoice."),
    (
        "IFS_Invoice_Status__c",
        FieldKind::Picklist(&["Open", "Approved", "Posted"]),
        "State of the latest supplier invoice.",
    ),
    ("IFS_Invoice_Tax__c", AMOUNT, "Tax of all supplier invoices of this order."),
    ("IFS_Payment_Terms__c", FieldKind::Text(20), ""),
    ("IFS_Site__c", FieldKind::Text(5), ""),
    ("IFS_Status__c", STATES, ""),
    ("IFS_Wanted_Receipt__c", FieldKind::Date, ""),
];

const ORDER_ITEM: &[Line] = &[
    ("IFS_Key__c", KEY, "Order, line and release number in IFS. Do not change it."),
    ("IFS_Discount__c", FieldKind::Number(5, 2), ""),
    ("IFS_Net_Amount__c", AMOUNT, ""),
    ("IFS_Part_No__c", FieldKind::Text(25), ""),
    ("IFS_Status__c", STATES, ""),
    ("IFS_Unit__c", FieldKind::Text(10), ""),
];

const PRODUCT: &[Line] = &[("IFS_Key__c", KEY, "The number of the part in IFS. Do not change it.")];

/// Objects with their custom fields and the standard ones that the shipped mappings write.
const OBJECTS: &[(&str, &[Line], &[&str])] = &[
    ("Account", ACCOUNT, &["AccountNumber", "BillingCity", "Fax", "Phone", "Type", "Website"]),
    ("Contact", CONTACT, &["AccountId", "Email", "MailingCity", "MobilePhone", "Phone", "Title"]),
    ("Order", ORDER, &["Description", "Name", "PoDate", "PoNumber", "Pricebook2Id"]),
    ("OrderItem", ORDER_ITEM, &["Description", "ServiceDate"]),
    ("Product2", PRODUCT, &["ProductCode"]),
];

/// Every object of the catalog with the names of its fields, custom ones first.
pub(crate) fn objects() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    OBJECTS.iter().map(|(object, custom, standard)| {
        (*object, custom.iter().map(|(name, ..)| *name).chain(standard.iter().copied()).collect())
    })
}

/// A custom field as the catalog has it.
pub(crate) fn field(object: &str, name: &str) -> Option<FieldSpec> {
    let (_, custom, _) = OBJECTS.iter().find(|(known, ..)| *known == object)?;
    let (name, kind, help) = custom.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
    Some(FieldSpec { object: object.to_owned(), name: (*name).to_owned(), kind: *kind, help })
}
