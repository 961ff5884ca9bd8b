//! Seeded purchase orders and their lines.

use rust_decimal::Decimal;

use super::dice::Dice;
use super::row_seed::{RowSeed, some};
use super::words::{CURRENCIES, DELIVERY_TERMS, NOUNS, PAY_TERMS};

const SALT: u64 = 0x0DE2_0000;
const LINE_SALT: u64 = 0x117E_0000;
const SITES: &[&str] = &["S01", "S02", "HH1"];
const STATES: &[&str] =
    &["Planned", "Released", "Released", "Confirmed", "Arrived", "Received", "Closed", "Closed", "Cancelled"];
/// So many lines an order has at most; the last tenth of the orders has no more than one.
const MOST_LINES: u64 = 5;

/// The number of order `number`: `100001` and on.
pub(super) fn order_no(number: usize) -> String {
    (100_001 + number).to_string()
}

/// The first `count` orders of `seed`, placed with `suppliers`; the first `orphans` with suppliers
/// that do not exist.
pub(crate) fn orders(
    seed: u64,
    count: usize,
    suppliers: usize,
    orphans: usize,
) -> impl Iterator<Item = RowSeed> {
    (0..count).map(move |number| order(seed, number, suppliers, number < orphans))
}

fn vendor(dice: &Dice, number: usize, suppliers: usize, orphan: bool) -> String {
    let place = dice.below(suppliers as u64);
    if orphan || suppliers == 0 { format!("GONE{number}") } else { format!("S{}", 10_001 + place) }
}

fn order(seed: u64, number: usize, suppliers: usize, orphan: bool) -> RowSeed {
    let dice = Dice::of(seed ^ SALT, number);
    let vendor = vendor(&dice, number, suppliers, orphan);
    let modified = dice.modified();
    let entered = jiff::Timestamp::from_second(modified - 3 * 86_400).map(|stamp| stamp.to_string()).ok();
    let values = vec![
        ("OrderNo", some(order_no(number))),
        ("VendorNo", some(vendor)),
        ("OrderDate", some(dice.date(2018, 6))),
        ("Contract", some(dice.pick(SITES, "S01"))),
        ("BuyerCode", some(dice.pick(&["ANNA", "BEN", "CHLOÉ"], "ANNA"))),
        ("AuthorizeCode", dice.sometimes(3, "BOSS".to_owned())),
        ("CurrencyCode", some(currency(seed, number))),
        ("Company", some("10")),
        ("WantedReceiptDate", dice.sometimes(6, dice.date(2024, 3))),
        ("PayTermId", some(dice.pick(PAY_TERMS, "30"))),
        ("DeliveryTerms", dice.sometimes(7, dice.pick(DELIVERY_TERMS, "DAP").to_owned())),
        ("NoteText", note(&dice)),
        ("DateEntered", entered),
        ("Objstate", some(dice.pick(STATES, "Released"))),
        ("Cf_Priority", dice.one_in(3).then(|| "CfEnum_HIGH".to_owned())),
    ];
    RowSeed { values, modified: (!dice.one_in(997)).then_some(modified) }
}

fn note(dice: &Dice) -> Option<String> {
    match dice.below(12) {
        0 => some("Deliver to \"Gate 3\"; don't ring\nbefore 7:00"),
        1 => some("至急 — bitte prüfen"),
        2 => some(" "),
        _ => None,
    }
}

/// The currency of an order, of its lines, and of its invoices.
pub(super) fn currency(seed: u64, number: usize) -> &'static str {
    Dice::of(seed ^ SALT ^ 0xCC, number).pick(CURRENCIES, "EUR")
}

/// How many lines an order has.
fn line_count(seed: u64, number: usize) -> u64 {
    1 + Dice::of(seed ^ LINE_SALT ^ 0xFF, number).below(MOST_LINES)
}

/// The lines of the first `count` orders of `seed`.
pub(crate) fn lines(seed: u64, count: usize) -> impl Iterator<Item = RowSeed> {
    (0..count)
        .flat_map(move |number| (0..line_count(seed, number)).map(move |place| line(seed, number, place)))
}

/// What is ordered in a line, in the order's currency.
struct Amounts {
    quantity: Decimal,
    price: Decimal,
    discount: Decimal,
    net: Decimal,
    tax: Decimal,
}

fn amounts(dice: &Dice) -> Amounts {
    let quantity = Decimal::new(i64::try_from(1 + dice.below(500)).unwrap_or(1), 0);
    let price = Decimal::new(i64::try_from(1 + dice.below(2_000_000)).unwrap_or(1), 3);
    let discount = if dice.one_in(5) { Decimal::new(125, 1) } else { Decimal::ZERO };
    let share = Decimal::ONE - discount / Decimal::ONE_HUNDRED;
    let net = (quantity * price * share).round_dp(2);
    let tax = (net * Decimal::new(19, 2)).round_dp(2);
    Amounts { quantity, price, discount, net, tax }
}

/// Net amount and tax of an order.
pub(super) fn totals(seed: u64, number: usize) -> (Decimal, Decimal) {
    let all = (0..line_count(seed, number)).map(|place| amounts(&line_dice(seed, number, place)));
    all.fold((Decimal::ZERO, Decimal::ZERO), |(net, tax), line| (net + line.net, tax + line.tax))
}

fn line_dice(seed: u64, number: usize, place: u64) -> Dice {
    Dice::of(seed ^ LINE_SALT ^ (place << 40), number)
}

fn line(seed: u64, number: usize, place: u64) -> RowSeed {
    let dice = line_dice(seed, number, place);
    let sums = amounts(&dice);
    let modified = dice.modified();
    let entered = jiff::Timestamp::from_second(modified - 86_400).map(|stamp| stamp.to_string()).ok();
    let part = format!("P-{:05}", dice.below(40_000));
    let kind = dice.below(10);
    let values = vec![
        ("OrderNo", some(order_no(number))),
        ("LineNo", some((place + 1).to_string())),
        ("ReleaseNo", some("1")),
        ("PartNo", (kind > 2).then_some(part)),
        ("Description", some(format!("{} {}", dice.pick(NOUNS, "Steel"), dice.below(900)))),
        ("BuyQtyDue", some(sums.quantity.to_string())),
        ("BuyUnitMeas", some(dice.pick(&["PCS", "KG", "M", "H"], "PCS"))),
        ("BuyUnitPrice", some(sums.price.to_string())),
        ("NetAmtCurr", some(sums.net.to_string())),
        ("GrossAmtCurr", some((sums.net + sums.tax).to_string())),
        ("NetAmountBase", some(sums.net.to_string())),
        ("TaxAmount", some(sums.tax.to_string())),
        ("Discount", some(sums.discount.to_string())),
        ("CurrencyCode", some(currency(seed, number))),
        ("WantedDeliveryDate", dice.sometimes(5, dice.date(2024, 3))),
        ("PlannedReceiptDate", dice.sometimes(4, dice.date(2024, 3))),
        ("PlannedDeliveryDate", dice.sometimes(4, dice.date(2024, 3))),
        ("PromisedDeliveryDate", dice.sometimes(2, dice.date(2024, 3))),
        ("DateEntered", entered),
        ("ProjectId", dice.one_in(6).then(|| format!("PR{}", dice.below(90)))),
        ("Rental", some((kind == 0).to_string())),
        ("Objstate", some(dice.pick(STATES, "Released"))),
    ];
    RowSeed { values, modified: Some(modified) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_three_kinds_and_sum_up() {
        let all: Vec<RowSeed> = lines(1, 300).collect();
        let value = |row: &RowSeed, name: &str| {
            row.values.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.clone())
        };
        let rented = all.iter().filter(|row| value(row, "Rental").as_deref() == Some("true")).count();
        let parts = all.iter().filter(|row| value(row, "PartNo").is_some()).count();
        assert!(rented > 20 && parts > 200 && all.len() > rented + parts, "{rented} {parts} {}", all.len());
        let net: Decimal = all
            .iter()
            .filter(|row| value(row, "OrderNo").as_deref() == Some("100001"))
            .filter_map(|row| value(row, "NetAmtCurr")?.parse::<Decimal>().ok())
            .sum();
        assert_eq!(net, totals(1, 0).0);
    }

    #[test]
    fn orphans_name_suppliers_that_do_not_exist() {
        let vendors: Vec<_> = orders(1, 50, 10, 2).filter_map(|row| row.values.get(1)?.1.clone()).collect();
        assert_eq!(vendors.iter().filter(|vendor| vendor.starts_with("GONE")).count(), 2);
        assert!(vendors.iter().skip(2).all(|vendor| vendor.starts_with("S100")));
    }
}
