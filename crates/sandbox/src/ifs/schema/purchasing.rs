//! Purchase orders and their lines of three kinds: of parts, without a part, rented.

use super::suppliers::SUPPLIER_VIEW;
use crate::ifs::cell::Cell;
use crate::ifs::column::{Column, amount, choice, day, flag, instant, number, text};
use crate::ifs::entity::Entity;
use crate::ifs::row::Row;
use crate::ifs::view::{Link, View};

const ORDER: &[Column] = &[
    text("OrderNo", 12).key(),
    text("VendorNo", 20).required(),
    day("OrderDate"),
    text("Contract", 5).required(),
    text("BuyerCode", 20),
    text("AuthorizeCode", 20),
    text("CurrencyCode", 3).required(),
    text("Company", 20),
    day("WantedReceiptDate"),
    text("PayTermId", 20),
    text("DeliveryTerms", 5),
    text("NoteText", 2000),
    instant("DateEntered").computed(),
    choice("Objstate", "PurchaseOrderState").computed(),
    choice("Cf_Priority", "CfSegment"),
    instant("ModifiedDate").computed(),
];

pub(super) static PURCHASE_ORDER: Entity =
    Entity { modified: Some("ModifiedDate"), ..Entity::new("PurchaseOrder", ORDER, &["OrderNo"]) };

const LINE: &[Column] = &[
    text("OrderNo", 12).key(),
    text("LineNo", 4).key(),
    text("ReleaseNo", 4).key(),
    text("PartNo", 25),
    text("Description", 2000),
    number("BuyQtyDue", 28, 10).required(),
    text("BuyUnitMeas", 10),
    number("BuyUnitPrice", 28, 10),
    amount("NetAmtCurr"),
    amount("GrossAmtCurr"),
    amount("NetAmountBase"),
    amount("TaxAmount"),
    number("Discount", 5, 2),
    text("CurrencyCode", 3),
    text("Contract", 5),
    text("VendorNo", 20),
    day("WantedDeliveryDate"),
    day("PlannedReceiptDate"),
    day("PlannedDeliveryDate"),
    day("PromisedDeliveryDate"),
    instant("DateEntered").computed(),
    text("ProjectId", 10),
    text("InvoicingSupplier", 20),
    flag("Rental"),
    choice("Objstate", "PurchaseOrderLineState").computed(),
    instant("ModifiedDate").computed(),
];

pub(crate) static PURCHASE_ORDER_LINE: Entity = Entity {
    modified: Some("ModifiedDate"),
    parent: Some(&PURCHASE_ORDER),
    ..Entity::new("PurchaseOrderLine", LINE, &["OrderNo", "LineNo", "ReleaseNo"])
};

fn is_rental(row: &Row) -> bool {
    *row.get("Rental") == Cell::Flag(true)
}

fn is_part(row: &Row) -> bool {
    !is_rental(row) && *row.get("PartNo") != Cell::Null
}

fn is_nopart(row: &Row) -> bool {
    !is_rental(row) && *row.get("PartNo") == Cell::Null
}

/// Every line, whatever its kind.
pub(super) static LINE_VIEW: View = View {
    links: &[Link { name: "OrderNoRef", target: &BARE_VIEW, many: false, on: OWN }],
    ..View::of(&PURCHASE_ORDER_LINE)
};

/// Lines of parts; their amount in base currency is `NetAmountBase`.
pub(super) static PART_VIEW: View = View {
    name: "PurchaseOrderLinePart",
    without: &["Rental"],
    only: Some(is_part),
    ..View::of(&PURCHASE_ORDER_LINE)
};

/// Lines without a part; the same amount is called `NetAmtBase` here.
pub(super) static NOPART_VIEW: View = View {
    name: "PurchaseOrderLineNopart",
    without: &["PartNo", "Rental"],
    renamed: &[("NetAmtBase", "NetAmountBase")],
    only: Some(is_nopart),
    ..View::of(&PURCHASE_ORDER_LINE)
};

pub(super) static RENTAL_VIEW: View =
    View { name: "PurchaseOrderLineRentalPart", only: Some(is_rental), ..View::of(&PURCHASE_ORDER_LINE) };

/// An order as a line refers to it.
static BARE_VIEW: View = View { name: "Reference_PurchaseOrder", ..View::of(&PURCHASE_ORDER) };

const OWN: &[(&str, &str)] = &[("OrderNo", "OrderNo")];

/// An order, the way to its lines, and to the supplier that it is placed with.
pub(super) static ORDER_VIEW: View = View {
    links: &[
        Link { name: "LinePartArray", target: &PART_VIEW, many: true, on: OWN },
        Link { name: "LineNopartArray", target: &NOPART_VIEW, many: true, on: OWN },
        Link { name: "LineRentalPartArray", target: &RENTAL_VIEW, many: true, on: OWN },
        Link { name: "VendorNoRef", target: &SUPPLIER_VIEW, many: false, on: &[("SupplierId", "VendorNo")] },
    ],
    ..View::of(&PURCHASE_ORDER)
};

/// The units of this file.
pub(super) static ENTITIES: [&Entity; 2] = [&PURCHASE_ORDER, &PURCHASE_ORDER_LINE];
