//! Supplier invoices as posting proposals, accounts, and journal entries: clients only read them.

use super::purchasing::ORDER_VIEW;
use crate::ifs::column::{Column, amount, choice, day, flag, instant, number, text, whole};
use crate::ifs::entity::{Access, Entity};
use crate::ifs::view::{Link, View};

const PROPOSAL: &[Column] = &[
    text("Company", 20).key(),
    whole("InvoiceId").key(),
    whole("ProposalId").key(),
    text("SeriesId", 20),
    text("InvoiceNo", 50),
    text("Identity", 20),
    text("PoRefNumber", 100),
    amount("NetCurrAmount"),
    amount("VatCurrAmount"),
    amount("GrossCurrAmount"),
    text("Currency", 3),
    number("CurrRate", 20, 10),
    day("InvoiceDate"),
    day("ArrivalDate"),
    day("DueDate"),
    day("PayTermBaseDate"),
    text("InvoiceRecipient", 20),
    flag("ProposalExist"),
    choice("Objstate", "PostingProposalHeadState"),
    instant("ModifiedDate"),
];

static POSTING_PROPOSAL: Entity = Entity {
    modified: Some("ModifiedDate"),
    access: Access::Financial,
    ..Entity::new("PostingProposalHead", PROPOSAL, &["Company", "InvoiceId", "ProposalId"])
};

static ACCOUNT: Entity = Entity {
    modified: Some("ModifiedDate"),
    access: Access::Financial,
    ..Entity::new(
        "Account",
        &[
            text("Company", 20).key(),
            text("Account", 20).key(),
            text("Description", 100),
            choice("AccountType", "AccountingPartyType"),
            text("AccountGroup", 20),
            day("ValidFrom"),
            day("ValidUntil"),
            flag("LedgerAccount"),
            instant("ModifiedDate"),
        ],
        &["Company", "Account"],
    )
};

const VOUCHER_KEY: &[&str] = &["Company", "VoucherType", "AccountingYear", "VoucherNo"];

static VOUCHER: Entity = Entity {
    modified: Some("ModifiedDate"),
    access: Access::Financial,
    ..Entity::new(
        "GenLedVoucher",
        &[
            text("Company", 20).key(),
            text("VoucherType", 3).key(),
            whole("AccountingYear").key(),
            whole("VoucherNo").key(),
            whole("AccountingPeriod"),
            day("VoucherDate"),
            text("VoucherText", 200),
            text("UserId", 30),
            choice("Objstate", "VoucherState"),
            instant("ModifiedDate"),
        ],
        VOUCHER_KEY,
    )
};

static VOUCHER_ROW: Entity = Entity {
    access: Access::Financial,
    ..Entity::new(
        "GenLedVoucherRow",
        &[
            text("Company", 20).key(),
            text("VoucherType", 3).key(),
            whole("AccountingYear").key(),
            whole("VoucherNo").key(),
            whole("RowNo").key(),
            text("Account", 20),
            text("CodeB", 20),
            amount("DebetAmount"),
            amount("CreditAmount"),
            text("CurrencyCode", 3),
            text("Text", 200),
        ],
        &["Company", "VoucherType", "AccountingYear", "VoucherNo", "RowNo"],
    )
};

/// A supplier invoice, and the order that it refers to.
pub(super) static PROPOSAL_VIEW: View = View {
    links: &[Link {
        name: "PoRefNumberRef",
        target: &ORDER_VIEW,
        many: false,
        on: &[("OrderNo", "PoRefNumber")],
    }],
    ..View::of(&POSTING_PROPOSAL)
};

pub(super) static ACCOUNT_VIEW: View = View::of(&ACCOUNT);

/// A journal entry, and its rows.
pub(super) static VOUCHER_VIEW: View = View {
    links: &[Link {
        name: "GenLedVoucherRows",
        target: &VOUCHER_ROW_VIEW,
        many: true,
        on: &[
            ("Company", "Company"),
            ("VoucherType", "VoucherType"),
            ("AccountingYear", "AccountingYear"),
            ("VoucherNo", "VoucherNo"),
        ],
    }],
    ..View::of(&VOUCHER)
};

pub(super) static VOUCHER_ROW_VIEW: View = View {
    links: &[Link {
        name: "AccountRef",
        target: &ACCOUNT_VIEW,
        many: false,
        on: &[("Company", "Company"), ("Account", "Account")],
    }],
    ..View::of(&VOUCHER_ROW)
};

/// The units of this file.
pub(super) static ENTITIES: [&Entity; 4] = [&POSTING_PROPOSAL, &ACCOUNT, &VOUCHER, &VOUCHER_ROW];
