//! Supplier invoices as posting proposals, delivered by the purchase order that they refer to.

use crate::entity_settings::{EntitySettings, GroupSettings};
use crate::field::{FieldKind, specs};
use crate::key::KeyField;
use crate::place::Place;

/// The name of the entity in flows and mappings.
pub const ENTITY: &str = "PostingProposalHeadSet";

/// The field that holds the invoices of an order.
pub const INVOICES: &str = "Invoices";

/// The fields of an invoice, with its key first and the modified attribute last.
const FIELDS: [(&str, FieldKind); 18] = [
    ("Company", FieldKind::Text),
    ("InvoiceId", FieldKind::Decimal),
    ("ProposalId", FieldKind::Decimal),
    ("SeriesId", FieldKind::Text),
    ("InvoiceNo", FieldKind::Text),
    ("Identity", FieldKind::Text),
    ("PoRefNumber", FieldKind::Text),
    ("NetCurrAmount", FieldKind::Decimal),
    ("VatCurrAmount", FieldKind::Decimal),
    ("GrossCurrAmount", FieldKind::Decimal),
    ("Currency", FieldKind::Text),
    ("CurrRate", FieldKind::Decimal),
    ("InvoiceDate", FieldKind::Date),
    ("ArrivalDate", FieldKind::Date),
    ("DueDate", FieldKind::Date),
    ("PayTermBaseDate", FieldKind::Date),
    ("Objstate", FieldKind::Enum),
    ("ModifiedDate", FieldKind::Timestamp),
];

/// The settings that hold where the configuration says nothing.
///
/// One record for each order that invoices refer to, under the order's number; withdrawn invoices
/// (`Objstate`) are among them, so that whoever sums them up can leave them out. The projection's
/// name is a guess: `doctor` tells what the tenant has.
pub fn settings() -> EntitySettings {
    EntitySettings {
        key: vec![KeyField::text("Company"), KeyField::decimal("InvoiceId"), KeyField::decimal("ProposalId")],
        modified: Some("ModifiedDate".to_owned()),
        fields: specs(&FIELDS),
        group: Some(GroupSettings {
            by: KeyField::text("PoRefNumber"),
            field: INVOICES.to_owned(),
            member: "PostingProposalHead".to_owned(),
        }),
        ..EntitySettings::new(ENTITY, Place::projection("PostingProposalHandling", "PostingProposalHeadSet"))
    }
}

/// The same through the entity service, which an administrator has to activate.
pub fn entity_service() -> EntitySettings {
    let place = Place::entity("PostingProposalHeadEntity", "PostingProposalHeadSet");
    EntitySettings { place, ..settings() }
}
