//! Seeded accounts and journal entries.

use rust_decimal::Decimal;

use super::dice::Dice;
use super::row_seed::{RowSeed, some};
use super::words::NOUNS;

const SALT: u64 = 0x1ED6_0000;
const KINDS: &[&str] = &["Assets", "Liabilities", "Revenues", "Costs"];

/// The number of account `number`: in tens from 1000.
fn account_no(number: usize) -> String {
    (1_000 + number * 10).to_string()
}

/// The first `count` accounts of `seed`.
pub(crate) fn accounts(seed: u64, count: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).map(move |number| {
        let dice = Dice::of(seed ^ SALT, number);
        let kind = KINDS.get(number * KINDS.len() / count.max(1)).copied().unwrap_or("Costs");
        let values = vec![
            ("Company", some("10")),
            ("Account", some(account_no(number))),
            ("Description", some(format!("{} {number}", dice.pick(NOUNS, "Steel")))),
            ("AccountType", some(kind)),
            ("AccountGroup", some(kind.chars().take(1).collect::<String>())),
            ("ValidFrom", some("2000-01-01")),
            ("ValidUntil", dice.one_in(20).then(|| "2049-12-31".to_owned())),
            ("LedgerAccount", some(dice.one_in(10).to_string())),
        ];
        RowSeed { values, modified: Some(dice.modified()) }
    })
}

/// What names journal entry `number`.
fn key(number: usize) -> Vec<(&'static str, Option<String>)> {
    vec![
        ("Company", some("10")),
        ("VoucherType", some(if number.is_multiple_of(3) { "I" } else { "M" })),
        ("AccountingYear", some((2_022 + number % 3).to_string())),
        ("VoucherNo", some((1_000_000 + number).to_string())),
    ]
}

/// The first `count` journal entries of `seed`.
pub(crate) fn vouchers(seed: u64, count: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).map(move |number| {
        let dice = Dice::of(seed ^ SALT ^ 0xB0, number);
        let mut values = key(number);
        let month = 1 + dice.below(12);
        values.extend([
            ("AccountingPeriod", some(month.to_string())),
            ("VoucherDate", some(format!("{}-{month:02}-{:02}", 2_022 + number % 3, 1 + dice.below(28)))),
            ("VoucherText", dice.sometimes(4, format!("Beleg {} – “{number}”", dice.below(100)))),
            ("UserId", some("IFSAPP")),
            ("Objstate", some("Approved")),
        ]);
        RowSeed { values, modified: Some(dice.modified()) }
    })
}

/// Two rows for each of the first `count` journal entries: debit equals credit.
pub(crate) fn voucher_rows(seed: u64, count: usize, accounts: usize) -> impl Iterator<Item = RowSeed> {
    (0..count).flat_map(move |number| {
        let dice = Dice::of(seed ^ SALT ^ 0xB1, number);
        let amount = Decimal::new(i64::try_from(dice.below(100_000_000)).unwrap_or(0), 2);
        let rows = [("DebetAmount", 1), ("CreditAmount", 2)].map(|(side, row)| {
            let account = usize::try_from(dice.below(accounts as u64)).unwrap_or(0);
            let mut values = key(number);
            values.extend([
                ("RowNo", some(row.to_string())),
                ("Account", some(account_no(account))),
                (side, some(amount.to_string())),
                ("CurrencyCode", some("EUR")),
                ("Text", dice.one_in(5).then(|| "Umbuchung".to_owned())),
            ]);
            RowSeed { values, modified: None }
        });
        rows.into_iter()
    })
}
