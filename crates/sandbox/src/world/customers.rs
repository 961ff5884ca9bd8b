//! Seeded customers.

use super::dice::Dice;
use super::row_seed::{RowSeed, some};
use super::suppliers::name;
use super::words::PLACES;

/// Keeps customers apart from suppliers of the same number.
const SALT: u64 = 0xC057_0000;
const CATEGORIES: &[&str] = &["Customer", "Customer", "Customer", "Prospect", "EndCustomer"];
const SEGMENTS: &[&str] = &["CfEnum_HIGH", "CfEnum_MEDIUM", "CfEnum_LOW"];

/// The first `count` customers of `seed`: `C10001` and on.
pub(crate) fn customers(seed: u64, count: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).map(move |number| customer(seed ^ SALT, number))
}

fn customer(seed: u64, number: usize) -> RowSeed {
    let dice = Dice::of(seed, number);
    let (_, country, _, _) = dice.pick(PLACES, ("Hamburg", "DE", None, "20095"));
    let short: String = name(&dice, number).chars().take(100).collect();
    let values = vec![
        ("CustomerId", some(format!("C{}", 10_001 + number))),
        ("Name", some(short)),
        ("AssociationNo", dice.sometimes(5, format!("{country}-{:07}", dice.below(10_000_000)))),
        ("CustomerCategory", some(dice.pick(CATEGORIES, "Customer"))),
        ("Country", some(country)),
        ("DefaultLanguage", some(dice.pick(&["en", "de", "sv", "ja"], "en"))),
        ("CorporateForm", dice.one_in(4).then(|| "GMBH".to_owned())),
        ("CreationDate", some(dice.date(2001, 24))),
        ("DateOfRegistration", dice.one_in(3).then(|| dice.date(1990, 30))),
        ("OneTime", some(dice.one_in(50).to_string())),
        ("B2bCustomer", some(dice.one_in(8).to_string())),
        ("IdentifierRefValidation", some("None")),
        ("PartyType", some("Customer")),
        ("DefaultDomain", some("true")),
        ("Cf_Segment", dice.one_in(2).then(|| dice.pick(SEGMENTS, "CfEnum_LOW").to_owned())),
        ("Cf_Credit_Score", dice.sometimes(3, format!("{}.{:03}", dice.below(1_000), dice.below(1_000)))),
    ];
    let modified = dice.modified();
    RowSeed { values, modified: (!dice.one_in(499)).then_some(modified) }
}
