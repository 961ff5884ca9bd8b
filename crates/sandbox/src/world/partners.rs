//! Addresses, communication methods, contacts and payment data of suppliers and customers.

use super::dice::Dice;
use super::row_seed::{RowSeed, some};
use super::words::{CURRENCIES, NOUNS, PAY_TERMS, PLACES, STREETS};

/// Whose children are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Partner {
    Supplier,
    Customer,
}

impl Partner {
    fn column(self) -> &'static str {
        match self {
            Self::Supplier => "SupplierId",
            Self::Customer => "CustomerId",
        }
    }

    fn key(self, number: usize) -> String {
        match self {
            Self::Supplier => format!("S{}", 10_001 + number),
            Self::Customer => format!("C{}", 10_001 + number),
        }
    }

    fn salt(self) -> u64 {
        match self {
            Self::Supplier => 0x5A1D_0000,
            Self::Customer => 0xC51D_0000,
        }
    }

    /// The dice of child `child` of partner `number`.
    fn dice(self, seed: u64, number: usize, child: u64) -> Dice {
        Dice::of(seed ^ self.salt() ^ (child << 48), number)
    }

    /// How many children of some sort a partner has.
    fn children(self, seed: u64, number: usize, sort: u64, most: u64) -> u64 {
        1 + self.dice(seed, number, 100 + sort).below(most)
    }
}

/// One to three addresses for each of `count` partners.
pub(crate) fn addresses(partner: Partner, seed: u64, count: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).flat_map(move |number| {
        let children = partner.children(seed, number, 0, 3);
        (0..children).map(move |child| address(partner, seed, number, child))
    })
}

fn address(partner: Partner, seed: u64, number: usize, child: u64) -> RowSeed {
    let dice = partner.dice(seed, number, child);
    let (city, country, state, zip) = dice.pick(PLACES, ("Hamburg", "DE", None, "20095"));
    let values = vec![
        (partner.column(), some(partner.key(number))),
        ("AddressId", some((child + 1).to_string())),
        ("Address1", some(format!("{} {}", dice.pick(STREETS, "Main Street"), 1 + dice.below(200)))),
        ("Address2", dice.one_in(4).then(|| "Dock 4".to_owned())),
        ("ZipCode", some(zip)),
        ("City", some(city)),
        ("State", state.map(str::to_owned)),
        ("Country", some(country)),
        ("ValidFrom", dice.one_in(3).then(|| dice.date(2010, 10))),
        ("DefaultDomain", some("true")),
    ];
    RowSeed { values, modified: Some(dice.modified()) }
}

/// Up to three ways to reach each of `count` partners.
pub(crate) fn methods(partner: Partner, seed: u64, count: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).flat_map(move |number| {
        let children = partner.children(seed, number, 1, 3);
        (0..children).map(move |child| method(partner, seed, number, child))
    })
}

fn method(partner: Partner, seed: u64, number: usize, child: u64) -> RowSeed {
    let dice = partner.dice(seed, number, 10 + child);
    let (kind, value) = match child {
        0 => ("Phone", format!("+{} {}", 1 + dice.below(98), dice.below(9_999_999))),
        1 => ("EMail", format!("office@{}.example", partner.key(number).to_lowercase())),
        _ => ("Www", format!("https://www.{}.example", partner.key(number).to_lowercase())),
    };
    let values = vec![
        (partner.column(), some(partner.key(number))),
        ("CommId", some((child + 1).to_string())),
        ("AddressId", dice.one_in(2).then(|| "1".to_owned())),
        ("MethodId", some(kind)),
        ("Value", some(value)),
        ("MethodDefault", some((child == 0).to_string())),
    ];
    RowSeed { values, modified: Some(dice.modified()) }
}

/// One or two people at each of `count` partners.
pub(crate) fn contacts(partner: Partner, seed: u64, count: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).flat_map(move |number| {
        let children = partner.children(seed, number, 2, 2);
        (0..children).map(move |child| contact(partner, seed, number, child))
    })
}

fn contact(partner: Partner, seed: u64, number: usize, child: u64) -> RowSeed {
    let dice = partner.dice(seed, number, 20 + child);
    let key = partner.key(number);
    let modified = dice.modified();
    let created = jiff::Timestamp::from_second(modified - 86_400).map(|stamp| stamp.to_string()).ok();
    let values = vec![
        (partner.column(), some(key.clone())),
        ("PersonId", some(format!("{key}-{}", child + 1))),
        ("AddressId", some("1")),
        ("Name", some(format!("Contact {} {}", child + 1, dice.pick(NOUNS, "Steel")))),
        ("Role", dice.sometimes(4, dice.pick(&["Buyer", "Sales", "Einkauf"], "Buyer").to_owned())),
        ("Phone", dice.sometimes(3, format!("+{} {}", 1 + dice.below(98), dice.below(9_999_999)))),
        ("Email", dice.sometimes(3, format!("p{}@{}.example", child + 1, key.to_lowercase()))),
        ("Created", created),
    ];
    RowSeed { values, modified: Some(modified) }
}

/// Payment data of each of `count` suppliers.
pub(crate) fn payments(seed: u64, count: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).map(move |number| {
        let dice = Partner::Supplier.dice(seed, number, 30);
        let values = vec![
            ("Company", some("10")),
            ("Identity", some(Partner::Supplier.key(number))),
            ("PartyType", some("Supplier")),
            ("PaymentMethod", some(dice.pick(&["SEPA", "CHECK", "SWIFT"], "SEPA"))),
            ("PayTermId", some(dice.pick(PAY_TERMS, "30"))),
            ("CurrencyCode", some(dice.pick(CURRENCIES, "EUR"))),
        ];
        RowSeed { values, modified: Some(dice.modified()) }
    })
}
