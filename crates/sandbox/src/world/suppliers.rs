//! Seeded suppliers: realistic, and awkward where real data is.

use super::dice::Dice;
use super::row_seed::RowSeed;
use super::words::{ADJECTIVES, CURRENCIES, DELIVERY_TERMS, FORMS, NOUNS, PAY_TERMS, PLACES, STREETS};

/// One invented supplier, in plain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierSeed {
    /// `S10001` and on.
    pub id: String,
    /// Column by name; `None` is null.
    pub values: Vec<(&'static str, Option<String>)>,
    /// When it was last modified, in seconds since the epoch; `None` for a few that never were.
    pub modified: Option<i64>,
}

impl From<SupplierSeed> for RowSeed {
    fn from(seed: SupplierSeed) -> Self {
        let mut values = vec![("SupplierId", Some(seed.id))];
        values.extend(seed.values);
        Self { values, modified: seed.modified }
    }
}

/// The first `count` suppliers of `seed`.
pub fn suppliers(seed: u64, count: usize) -> impl Iterator<Item = SupplierSeed> {
    (0..count).map(move |number| supplier(seed, number))
}

fn supplier(seed: u64, number: usize) -> SupplierSeed {
    let dice = Dice::of(seed, number);
    let id = format!("S{}", 10_001 + number);
    let (city, country, state, zip) = dice.pick(PLACES, ("Hamburg", "DE", None, "20095"));
    let street = format!("{} {}", dice.pick(STREETS, "Main Street"), 1 + dice.below(200));
    let slug = format!("s{}", 10_001 + number);
    let modified = dice.modified();
    let values = vec![
        ("Name", Some(name(&dice, number))),
        ("AssociationNo", dice.sometimes(5, format!("{}-{:07}", country, dice.below(10_000_000)))),
        ("Country", Some(country.to_owned())),
        ("Address1", Some(street)),
        ("Address2", (!dice.one_in(3)).then(|| second_line(&dice))),
        ("ZipCode", Some(zip.to_owned())),
        ("City", Some(if dice.one_in(40) { format!(" {city} ") } else { city.to_owned() })),
        ("State", state.map(str::to_owned)),
        (
            "Phone",
            dice.sometimes(
                8,
                format!("+{} {} {}", 1 + dice.below(98), dice.below(999), dice.below(9_999_999)),
            ),
        ),
        ("Fax", (dice.one_in(4)).then(|| format!("+{} {}", 1 + dice.below(98), dice.below(9_999_999)))),
        ("Email", dice.sometimes(6, format!("Info@{slug}.example"))),
        ("WebAddress", dice.sometimes(4, format!("https://www.{slug}.example/?q=a%20b&x=1"))),
        ("CurrencyCode", Some(dice.pick(CURRENCIES, "EUR").to_owned())),
        ("PayTermId", Some(dice.pick(PAY_TERMS, "30").to_owned())),
        ("DeliveryTerms", dice.sometimes(7, dice.pick(DELIVERY_TERMS, "DAP").to_owned())),
        ("CreditLimit", credit_limit(&dice)),
        ("CreationDate", Some(dice.date(2001, 24))),
        ("ExpireDate", dice.one_in(9).then(|| dice.date(2027, 8))),
        ("Objstate", Some(state_of(&dice).to_owned())),
    ];
    let modified = (!dice.one_in(997)).then_some(modified);
    SupplierSeed { id, values, modified }
}

pub(super) fn name(dice: &Dice, number: usize) -> String {
    let words = format!(
        "{} {} {}",
        dice.pick(ADJECTIVES, "Northern"),
        dice.pick(NOUNS, "Steel"),
        dice.pick(FORMS, "Ltd")
    );
    match number % 1_000 {
        // Longer than an Account's name may be, with letters of four bytes at the cut.
        500 => format!("{words} {}", "長い名前🚚".repeat(60)),
        501 => format!("  {words}  "),
        502 => format!("{words}\tand\u{1}Sons"),
        _ => words,
    }
}

fn second_line(dice: &Dice) -> String {
    match dice.below(4) {
        0 => String::new(),
        1 => "Gebäude B, 3. OG".to_owned(),
        2 => "c/o \"Warehouse\" \\ Dock 4".to_owned(),
        _ => format!("PO Box {}", dice.below(9_999)),
    }
}

fn credit_limit(dice: &Dice) -> Option<String> {
    match dice.below(10) {
        0 => None,
        1 => Some("0".to_owned()),
        2 => Some("0.10".to_owned()),
        3 => Some("1234567890123456.78".to_owned()),
        4 => Some(format!("{}.005", dice.below(1_000))),
        _ => Some(format!("{}.{:02}", dice.below(1_000_000), dice.below(100))),
    }
}

fn state_of(dice: &Dice) -> &'static str {
    match dice.below(20) {
        0 => "Blocked",
        1 => "Expired",
        _ => "Active",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::dice::IMPORT;

    #[test]
    fn the_same_seed_gives_the_same_suppliers_and_ties_are_many() {
        let all: Vec<SupplierSeed> = suppliers(7, 12_500).collect();
        assert!(all.iter().eq(&suppliers(7, 12_500).collect::<Vec<_>>()));
        assert_ne!(all.first(), suppliers(8, 1).collect::<Vec<_>>().first());
        let ties = all.iter().filter(|supplier| supplier.modified == Some(IMPORT)).count();
        assert!(ties > 3_000, "{ties}");
        assert!(all.iter().any(|supplier| supplier.modified.is_none()));
    }
}
