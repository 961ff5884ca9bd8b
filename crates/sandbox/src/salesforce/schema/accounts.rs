//! Account and Contact (Object Reference; field lists and lengths as real orgs describe them).

use super::Kind;
use super::spec::{
    Flag, Sheet, Spec, address, area, check, compound, currency, date, double, email, moment, phone,
    picklist, refer, text, url, whole,
};

const SOURCES: &[&str] = &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];
const SALUTATIONS: &[&str] = &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."];
const INDUSTRIES: &[&str] = &[
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Machinery",
    "Manufacturing",
    "Media",
    "Not For Profit",
    "Recreation",
    "Retail",
    "Shipping",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
];

pub(super) const ACCOUNT: Sheet = Sheet {
    name: "Account",
    plural: "Accounts",
    prefix: "001",
    writable: true,
    undeletable: true,
    fields: &[
        &[
            refer("MasterRecordId", &["Account"], "MasterRecord", "").read_only(),
            text("Name", 255).required().with(Flag::Name),
            text("LastName", 80).person(),
            text("FirstName", 40).person(),
            picklist("Salutation", SALUTATIONS).person(),
            picklist(
                "Type",
                &[
                    "Prospect",
                    "Customer - Direct",
                    "Customer - Channel",
                    "Channel Partner / Reseller",
                    "Installation Partner",
                    "Technology Partner",
                    "Other",
                ],
            ),
            refer("RecordTypeId", &["RecordType"], "RecordType", "").person(),
            refer("ParentId", &["Account"], "Parent", "ChildAccounts"),
        ],
        address!("Billing"),
        address!("Shipping"),
        &[
            phone("Phone"),
            phone("Fax"),
            text("AccountNumber", 40),
            url("Website", 255),
            text("Sic", 20),
            picklist("Industry", INDUSTRIES),
            currency("AnnualRevenue", 0),
            whole("NumberOfEmployees", 8),
            picklist("Ownership", &["Public", "Private", "Subsidiary", "Other"]),
            text("TickerSymbol", 20),
            area("Description", 32_000),
            picklist("Rating", &["Hot", "Warm", "Cold"]),
            text("Site", 80),
            refer("OwnerId", &["User"], "Owner", "").default("$user"),
            date("LastActivityDate").read_only(),
            text("Jigsaw", 20),
            picklist("AccountSource", SOURCES),
            text("SicDesc", 80),
            picklist("CurrencyIsoCode", CURRENCIES).restricted().with(Flag::Currencies).default("EUR"),
            check("IsPersonAccount").read_only().person(),
            refer("PersonContactId", &["Contact"], "PersonContact", "").read_only().person(),
            email("PersonEmail").person(),
            phone("PersonMobilePhone").person(),
            phone("PersonHomePhone").person(),
            text("PersonTitle", 80).person(),
            text("PersonDepartment", 80).person(),
            date("PersonBirthdate").person(),
            area("PersonMailingStreet", 255).person(),
            text("PersonMailingCity", 40).person(),
            text("PersonMailingState", 80).person(),
            text("PersonMailingPostalCode", 20).person(),
            text("PersonMailingCountry", 80).person(),
        ],
    ],
};

/// Currencies of an org with several.
pub(super) const CURRENCIES: &[&str] = &["EUR", "USD", "GBP", "SEK", "NOK", "DKK", "PLN", "CHF", "JPY"];

/// What an administrator added to Account for IFS suppliers and customers.
pub(super) const ACCOUNT_CUSTOM: &[Spec] = &[
    KEY_FIELD,
    text("IFS_Association_No__c", 50),
    Spec { kind: Kind::Email(80), ..text("IFS_Email__c", 80) },
    text("IFS_Currency__c", 3),
    text("IFS_Payment_Terms__c", 20),
    text("IFS_Delivery_Terms__c", 20),
    currency("IFS_Credit_Limit__c", 2),
    date("IFS_Created__c"),
    date("IFS_Expires__c"),
    picklist("IFS_Status__c", &["Active", "Blocked", "Expired"]).restricted(),
    picklist("IFS_Category__c", &["Customer", "Prospect", "End customer"]).restricted(),
    text("IFS_Corporate_Form__c", 20),
    text("IFS_Language__c", 2),
    date("IFS_Registered__c"),
];

/// What an administrator added to Contact for IFS customers.
pub(super) const CONTACT_CUSTOM: &[Spec] =
    &[KEY_FIELD, text("IFS_Association_No__c", 50), text("IFS_Language__c", 2), date("IFS_Created__c")];

/// The external id that the connector is set up with.
pub(super) const KEY_FIELD: Spec = text(super::KEY, 100).external();

pub(super) const CONTACT: Sheet = Sheet {
    name: "Contact",
    plural: "Contacts",
    prefix: "003",
    writable: true,
    undeletable: true,
    fields: &[
        &[
            refer("MasterRecordId", &["Contact"], "MasterRecord", "").read_only(),
            refer("AccountId", &["Account"], "Account", "Contacts"),
            text("LastName", 80).required(),
            text("FirstName", 40),
            picklist("Salutation", SALUTATIONS),
            text("Name", 121).read_only().with(Flag::Name),
        ],
        address!("Other"),
        address!("Mailing"),
        &[
            phone("Phone"),
            phone("Fax"),
            phone("MobilePhone"),
            phone("HomePhone"),
            phone("OtherPhone"),
            phone("AssistantPhone"),
            refer("ReportsToId", &["Contact"], "ReportsTo", "ReportsToContacts"),
            email("Email").with(Flag::IdLookup),
            text("Title", 128),
            text("Department", 80),
            text("AssistantName", 40),
            picklist("LeadSource", SOURCES),
            date("Birthdate"),
            area("Description", 32_000),
            refer("OwnerId", &["User"], "Owner", "").default("$user"),
            date("LastActivityDate").read_only(),
            text("EmailBouncedReason", 255).read_only(),
            moment("EmailBouncedDate").read_only(),
            check("IsEmailBounced").read_only(),
            check("HasOptedOutOfEmail"),
            check("DoNotCall"),
            check("IsPersonAccount").read_only().person(),
            picklist("CurrencyIsoCode", CURRENCIES).restricted().with(Flag::Currencies).default("EUR"),
        ],
    ],
};
