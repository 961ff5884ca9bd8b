//! Seeded supplier invoices, as posting proposals that refer to purchase orders.

use rust_decimal::Decimal;

use super::dice::Dice;
use super::orders::{currency, order_no, totals};
use super::row_seed::{RowSeed, some};

const SALT: u64 = 0x1F0C_0000;
const STATES: &[&str] = &["Created", "Proposed", "Approved", "Posted", "Posted", "Posted", "Cancelled"];

/// The first `count` invoices of `seed`; one in nine refers to no order, all others to one of
/// `orders`, so that an order may have several.
pub(crate) fn invoices(seed: u64, count: usize, orders: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).map(move |number| invoice(seed, number, orders))
}

fn invoice(seed: u64, number: usize, orders: usize) -> RowSeed {
    let dice = Dice::of(seed ^ SALT, number);
    let order = usize::try_from(dice.below(orders as u64)).unwrap_or(0);
    let refers = orders > 0 && !dice.one_in(9);
    let (net, tax) = if refers { totals(seed, order) } else { (Decimal::new(119_000, 2), Decimal::ZERO) };
    // Some orders are invoiced in two halves.
    let parts = if dice.one_in(3) { Decimal::TWO } else { Decimal::ONE };
    let (net, tax) = ((net / parts).round_dp(2), (tax / parts).round_dp(2));
    let values = vec![
        ("Company", some(dice.pick(&["10", "10", "20"], "10"))),
        ("InvoiceId", some((50_001 + number).to_string())),
        ("ProposalId", some("1")),
        ("SeriesId", some("SI")),
        ("InvoiceNo", some(format!("RE/{}-{:06}", 2_019 + dice.below(6), dice.below(1_000_000)))),
        ("Identity", some(format!("S{}", 10_001 + dice.below(1_000)))),
        ("PoRefNumber", refers.then(|| order_no(order))),
        ("NetCurrAmount", some(net.to_string())),
        ("VatCurrAmount", some(tax.to_string())),
        ("GrossCurrAmount", some((net + tax).to_string())),
        ("Currency", some(if refers { currency(seed, order) } else { "EUR" })),
        ("CurrRate", some("1.0000012345")),
        ("InvoiceDate", some(dice.date(2019, 6))),
        ("ArrivalDate", dice.sometimes(8, dice.date(2019, 6))),
        ("DueDate", some(dice.date(2025, 2))),
        ("PayTermBaseDate", dice.sometimes(3, dice.date(2019, 6))),
        ("InvoiceRecipient", dice.sometimes(2, "ANNA".to_owned())),
        ("ProposalExist", some("true")),
        ("Objstate", some(dice.pick(STATES, "Posted"))),
    ];
    let modified = dice.modified();
    RowSeed { values, modified: Some(modified) }
}
