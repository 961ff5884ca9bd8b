//! Purchase orders with their lines.

use crate::child::{ChildPart, ChildSettings};
use crate::detection::HistorySettings;
use crate::entity_settings::EntitySettings;
use crate::field::{FieldKind, specs};
use crate::key::KeyField;
use crate::place::Place;

/// The name of the entity in flows and mappings.
pub const ENTITY: &str = "PurchaseOrderSet";

/// The field that holds the lines of an order.
pub const LINES: &str = "Lines";

/// The fields of an order, with `OrderNo` first and the modified attribute last.
const FIELDS: [(&str, FieldKind); 15] = [
    ("OrderNo", FieldKind::Text),
    ("VendorNo", FieldKind::Text),
    ("OrderDate", FieldKind::Date),
    ("Contract", FieldKind::Text),
    ("BuyerCode", FieldKind::Text),
    ("AuthorizeCode", FieldKind::Text),
    ("CurrencyCode", FieldKind::Text),
    ("Company", FieldKind::Text),
    ("WantedReceiptDate", FieldKind::Date),
    ("PayTermId", FieldKind::Text),
    ("DeliveryTerms", FieldKind::Text),
    ("NoteText", FieldKind::Text),
    ("DateEntered", FieldKind::Timestamp),
    ("Objstate", FieldKind::Enum),
    ("ModifiedDate", FieldKind::Timestamp),
];

/// The fields of a line, with its key first.
const LINE: [(&str, FieldKind); 19] = [
    ("OrderNo", FieldKind::Text),
    ("LineNo", FieldKind::Text),
    ("ReleaseNo", FieldKind::Text),
    ("PartNo", FieldKind::Text),
    ("Description", FieldKind::Text),
    ("BuyQtyDue", FieldKind::Decimal),
    ("BuyUnitMeas", FieldKind::Text),
    ("BuyUnitPrice", FieldKind::Decimal),
    ("NetAmtCurr", FieldKind::Decimal),
    ("GrossAmtCurr", FieldKind::Decimal),
    ("NetAmountBase", FieldKind::Decimal),
    ("TaxAmount", FieldKind::Decimal),
    ("Discount", FieldKind::Decimal),
    ("CurrencyCode", FieldKind::Text),
    ("Contract", FieldKind::Text),
    ("WantedDeliveryDate", FieldKind::Date),
    ("PlannedReceiptDate", FieldKind::Date),
    ("PromisedDeliveryDate", FieldKind::Date),
    ("Objstate", FieldKind::Enum),
];

/// The settings that hold where the configuration says nothing: all lines through the entity
/// service, which an administrator has to activate.
///
/// A changed line makes its order come again: lines are walked by their own modified attribute.
pub fn settings() -> EntitySettings {
    let place = Place::entity("PurchaseOrderLineEntity", "PurchaseOrderLineSet");
    EntitySettings {
        key: vec![KeyField::text("OrderNo")],
        modified: Some("ModifiedDate".to_owned()),
        fields: specs(&FIELDS),
        history: HistorySettings::of(&[
            "PurchaseOrder",
            "PurchaseOrderLine",
            "PurchaseOrderLinePart",
            "PurchaseOrderLineNopart",
        ]),
        children: vec![lines(vec![ChildPart::set(place)])],
        ..EntitySettings::new(ENTITY, Place::projection("PurchaseOrderHandling", "PurchaseOrderSet"))
    }
}

/// Lines through the three arrays of the projection: nothing has to be activated, at three calls for
/// each order. No array can be asked what changed, so a changed line shows with its order only: let
/// IFS move the order's modified attribute, or add the history log or a sweep.
pub fn line_arrays() -> EntitySettings {
    let part = ChildPart::navigation("LinePartArray");
    let mut nopart = ChildPart::navigation("LineNopartArray");
    // The same amount in base currency has another name where there is no part.
    nopart.rename.insert("NetAmountBase".to_owned(), "NetAmtBase".to_owned());
    nopart.lacks.push("PartNo".to_owned());
    let rental = ChildPart::navigation("LineRentalPartArray");
    let lines = ChildSettings { modified: None, ..lines(vec![part, nopart, rental]) };
    EntitySettings { children: vec![lines], ..settings() }
}

fn lines(parts: Vec<ChildPart>) -> ChildSettings {
    ChildSettings {
        field: LINES.to_owned(),
        entity: "PurchaseOrderLine".to_owned(),
        parts,
        parent: vec![KeyField::text("OrderNo")],
        key: vec![KeyField::text("OrderNo"), KeyField::text("LineNo"), KeyField::text("ReleaseNo")],
        modified: Some("ModifiedDate".to_owned()),
        fields: specs(&LINE),
    }
}
