//! Orders and their products (Object Reference).

use super::accounts::CURRENCIES;
use super::spec::{
    Flag, Sheet, Spec, address, area, check, compound, currency, date, double, moment, picklist, refer, text,
};

pub(super) const ORDER: Sheet = Sheet {
    name: "Order",
    plural: "Orders",
    prefix: "801",
    writable: true,
    undeletable: true,
    fields: &[
        &[
            refer("AccountId", &["Account"], "Account", "Orders").required(),
            refer("OwnerId", &["User"], "Owner", "").default("$user"),
            refer("Pricebook2Id", &["Pricebook2"], "Pricebook2", "Orders"),
            refer("OriginalOrderId", &["Order"], "OriginalOrder", "Orders").create_only(),
            date("EffectiveDate").required(),
            date("EndDate"),
            check("IsReductionOrder").create_only(),
            picklist("Status", &["Draft", "Activated"]).required().restricted(),
            area("Description", 32_000),
            refer("CustomerAuthorizedById", &["Contact"], "CustomerAuthorizedBy", ""),
            date("CustomerAuthorizedDate"),
            refer("CompanyAuthorizedById", &["User"], "CompanyAuthorizedBy", ""),
            date("CompanyAuthorizedDate"),
            picklist("Type", &["Standard", "Rush"]),
        ],
        address!("Billing"),
        address!("Shipping"),
        &[
            text("Name", 80),
            date("PoDate"),
            text("PoNumber", 80),
            text("OrderReferenceNumber", 80),
            refer("BillToContactId", &["Contact"], "BillToContact", ""),
            refer("ShipToContactId", &["Contact"], "ShipToContact", ""),
            moment("ActivatedDate").read_only(),
            refer("ActivatedById", &["User"], "ActivatedBy", "").read_only(),
            picklist("StatusCode", &["Draft", "Activated"]).read_only().restricted(),
            text("OrderNumber", 30).read_only().with(Flag::AutoNumber).with(Flag::Name),
            currency("TotalAmount", 2).read_only().with(Flag::Calculated),
            picklist("CurrencyIsoCode", CURRENCIES)
                .restricted()
                .create_only()
                .with(Flag::Currencies)
                .default("EUR"),
        ],
    ],
};

pub(super) const ORDER_ITEM: Sheet = Sheet {
    name: "OrderItem",
    plural: "Order Products",
    prefix: "802",
    writable: true,
    undeletable: false,
    fields: &[&[
        refer("Product2Id", &["Product2"], "Product2", "OrderItems").create_only(),
        refer("OrderId", &["Order"], "Order", "OrderItems").required().create_only(),
        refer("PricebookEntryId", &["PricebookEntry"], "PricebookEntry", "OrderItems")
            .required()
            .create_only(),
        refer("OriginalOrderItemId", &["OrderItem"], "OriginalOrderItem", "").create_only(),
        double("AvailableQuantity", 18, 2).read_only().with(Flag::Calculated),
        double("Quantity", 18, 2).required(),
        currency("UnitPrice", 2),
        currency("ListPrice", 2).read_only(),
        currency("TotalPrice", 2).read_only().with(Flag::Calculated),
        date("ServiceDate"),
        date("EndDate"),
        text("Description", 255),
        text("OrderItemNumber", 30).read_only().with(Flag::AutoNumber).with(Flag::Name),
        picklist("CurrencyIsoCode", CURRENCIES).restricted().read_only().with(Flag::Currencies),
    ]],
};

/// What an administrator added to Order for IFS purchase orders and invoices.
pub(super) const ORDER_CUSTOM: &[Spec] = &[
    super::accounts::KEY_FIELD,
    text("IFS_Company__c", 20),
    text("IFS_Site__c", 5),
    text("IFS_Buyer__c", 20),
    date("IFS_Wanted_Receipt__c"),
    picklist("IFS_Status__c", STATES).restricted(),
    text("IFS_Currency__c", 3),
    text("IFS_Payment_Terms__c", 20),
    text("IFS_Delivery_Terms__c", 20),
    double("IFS_Invoice_Count__c", 6, 0),
    currency("IFS_Invoice_Net__c", 2),
    currency("IFS_Invoice_Tax__c", 2),
    currency("IFS_Invoice_Amount__c", 2),
    text("IFS_Invoice_Currency__c", 3),
    text("IFS_Invoice_No__c", 50),
    date("IFS_Invoice_Date__c"),
    date("IFS_Invoice_Due__c"),
    picklist("IFS_Invoice_Status__c", &["Open", "Approved", "Posted"]).restricted(),
];

/// What an administrator added to order products for lines of IFS purchase orders.
pub(super) const ITEM_CUSTOM: &[Spec] = &[
    super::accounts::KEY_FIELD,
    text("IFS_Part_No__c", 25),
    text("IFS_Unit__c", 10),
    currency("IFS_Net_Amount__c", 2),
    double("IFS_Discount__c", 5, 2),
    picklist("IFS_Status__c", STATES).restricted(),
];

/// The states of orders and lines in IFS.
const STATES: &[&str] =
    &["Planned", "Released", "Confirmed", "Arrived", "Received", "Stopped", "Closed", "Cancelled"];

/// Which statuses an order may have.
pub(super) const ORDER_STATUS: Sheet = Sheet {
    name: "OrderStatus",
    plural: "Order Status Values",
    prefix: "01J",
    writable: false,
    undeletable: false,
    fields: &[&[
        text("MasterLabel", 255).with(Flag::Name),
        text("ApiName", 255),
        picklist("StatusCode", &["Draft", "Activated"]),
        check("IsDefault"),
    ]],
};
