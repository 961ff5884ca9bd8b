//! Seeded suppliers: realistic, and awkward where real data is.

use wire::{Entropy, SeededEntropy};

use super::words::{ADJECTIVES, CURRENCIES, DELIVERY_TERMS, FORMS, NOUNS, PAY_TERMS, PLACES, STREETS};

/// 2019-01-01T00:00:00Z: the oldest modification.
const OLDEST: i64 = 1_546_300_800;
/// Modifications spread over five years from there.
const SPREAD: u64 = 5 * 365 * 86_400;
/// A nightly import gave every third supplier this one stamp: 2022-06-30T23:30:00Z.
const IMPORT: i64 = 1_656_631_800;

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

/// The first `count` suppliers of `seed`.
pub fn suppliers(seed: u64, count: usize) -> impl Iterator<Item = SupplierSeed> {
    (0..count).map(move |number| supplier(seed, number))
}

struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, bound: u64) -> u64 {
        self.0.next_u64() % bound.max(1)
    }

    fn pick<T: Copy>(&self, items: &[T], default: T) -> T {
        let place = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        items.get(place).copied().unwrap_or(default)
    }

    fn one_in(&self, odds: u64) -> bool {
        self.below(odds) == 0
    }

    fn sometimes(&self, odds: u64, text: String) -> Option<String> {
        if self.one_in(odds) { None } else { Some(text) }
    }
}

fn supplier(seed: u64, number: usize) -> SupplierSeed {
    let dice = Dice(SeededEntropy::new(seed ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    let id = format!("S{}", 10_001 + number);
    let (city, country, state, zip) = dice.pick(PLACES, ("Hamburg", "DE", None, "20095"));
    let street = format!("{} {}", dice.pick(STREETS, "Main Street"), 1 + dice.below(200));
    let slug = format!("s{}", 10_001 + number);
    let modified = match dice.below(3) {
        0 => IMPORT,
        _ => OLDEST + i64::try_from(dice.below(SPREAD)).unwrap_or(0),
    };
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
        ("CreationDate", Some(date(&dice, 2001, 24))),
        ("ExpireDate", dice.one_in(9).then(|| date(&dice, 2027, 8))),
        ("Objstate", Some(state_of(&dice).to_owned())),
    ];
    let modified = (!dice.one_in(997)).then_some(modified);
    SupplierSeed { id, values, modified }
}

fn name(dice: &Dice, number: usize) -> String {
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

fn date(dice: &Dice, year: u64, years: u64) -> String {
    format!("{:04}-{:02}-{:02}", year + dice.below(years), 1 + dice.below(12), 1 + dice.below(28))
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
