//! Products and price books (Object Reference).

use super::accounts::CURRENCIES;
use super::spec::{Flag, Sheet, area, check, currency, picklist, refer, text, url};

pub(super) const PRODUCT: Sheet = Sheet {
    name: "Product2",
    plural: "Products",
    prefix: "01t",
    writable: true,
    undeletable: true,
    fields: &[&[
        text("Name", 255).required().with(Flag::Name),
        text("ProductCode", 255),
        area("Description", 4_000),
        check("IsActive"),
        picklist("Family", &["None"]),
        text("ExternalId", 255),
        url("DisplayUrl", 1_000),
        picklist("QuantityUnitOfMeasure", &["Each"]),
        text("StockKeepingUnit", 180),
        check("IsArchived").read_only(),
        picklist("CurrencyIsoCode", CURRENCIES).restricted().with(Flag::Currencies).default("EUR"),
    ]],
};

pub(super) const PRICEBOOK: Sheet = Sheet {
    name: "Pricebook2",
    plural: "Price Books",
    prefix: "01s",
    writable: true,
    undeletable: true,
    fields: &[&[
        text("Name", 255).required().with(Flag::Name),
        area("Description", 255),
        check("IsActive"),
        check("IsArchived").read_only(),
        check("IsStandard").read_only(),
        picklist("CurrencyIsoCode", CURRENCIES).restricted().with(Flag::Currencies).default("EUR"),
    ]],
};

pub(super) const PRICEBOOK_ENTRY: Sheet = Sheet {
    name: "PricebookEntry",
    plural: "Price Book Entries",
    prefix: "01u",
    writable: true,
    undeletable: false,
    fields: &[&[
        text("Name", 255).read_only().with(Flag::Name),
        refer("Pricebook2Id", &["Pricebook2"], "Pricebook2", "PricebookEntries").required().create_only(),
        refer("Product2Id", &["Product2"], "Product2", "PricebookEntries").required().create_only(),
        currency("UnitPrice", 2).required(),
        check("IsActive"),
        check("UseStandardPrice"),
        text("ProductCode", 255).read_only(),
        check("IsArchived").read_only(),
        picklist("CurrencyIsoCode", CURRENCIES)
            .restricted()
            .create_only()
            .with(Flag::Currencies)
            .default("EUR"),
    ]],
};
