//! Suppliers arrive whole, stay as they are, and follow their edits.

use std::collections::BTreeSet;

use ml_connector_tests::playground::{Playground, ask, differences};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use crate::outcome::{cycle, number, pass_seconds, written};

const SUPPLIERS: usize = 1_500;

fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_default()
}

/// Each supplier beside its Account.
fn pairs<'a>(suppliers: &'a [Value], accounts: &'a [Value]) -> Vec<(&'a Value, &'a Value)> {
    let partner = |supplier: &Value| {
        let key = text(supplier, "SupplierId");
        accounts.iter().find(|account| text(account, "IFS_Key__c") == key).expect(key)
    };
    suppliers.iter().map(|supplier| (supplier, partner(supplier))).collect()
}

fn decimal(text: &str) -> Option<Decimal> {
    (!text.is_empty()).then(|| text.parse().expect(text))
}

#[test]
fn suppliers_arrive_once_and_follow_their_edits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let playground = Playground::start(folder.path(), SUPPLIERS);
    let count = SUPPLIERS as u64;

    let first = cycle(&playground, 0);
    assert_eq!(number(&first["report"]["created"]), count);
    assert_eq!(written(&playground), [count, 0, 0]);
    let (suppliers, accounts) = (playground.suppliers(), playground.accounts());
    assert_eq!((suppliers.len(), accounts.len()), (SUPPLIERS, SUPPLIERS));
    assert_eq!(differences(&suppliers, &accounts), Vec::<String>::new());
    names_are_right(&pairs(&suppliers, &accounts));
    decimals_are_right(&pairs(&suppliers, &accounts));

    nothing_is_written_twice(&playground);
    edits_are_followed(&playground);
}

/// The ranges of the scripts that the sandbox' people write in.
const SCRIPTS: [(&str, char, char); 6] = [
    ("Latin", 'A', 'z'),
    ("Latin with accents", 'À', 'ž'),
    ("Greek", 'Α', 'ω'),
    ("Cyrillic", 'А', 'я'),
    ("Arabic", '\u{0620}', '\u{064a}'),
    ("Han", '\u{4e00}', '\u{9fff}'),
];

/// As many whole characters of `text` as fit a field of `units` UTF-16 units, as Salesforce counts.
fn fitting(text: &str, units: usize) -> &str {
    let mut used = 0;
    let over = text.char_indices().find(|(_, letter)| {
        used += letter.len_utf16();
        used > units
    });
    &text[..over.map_or(text.len(), |(place, _)| place)]
}

fn names_are_right(pairs: &[(&Value, &Value)]) {
    for (supplier, account) in pairs {
        // docs/mapping.md: control characters are removed, texts are trimmed.
        let controlled = |letter: &char| letter.is_control() && !matches!(letter, '\n' | '\t');
        let kept: String = text(supplier, "Name").chars().filter(|letter| !controlled(letter)).collect();
        let wanted = fitting(kept.trim(), 255).trim();
        assert_eq!(wanted, text(account, "Name"), "{}", supplier["SupplierId"]);
    }
    for (script, from, to) in SCRIPTS {
        let written = |(_, account): &&(&Value, &Value)| {
            text(account, "Name").chars().any(|letter| (from..=to).contains(&letter))
        };
        assert!(pairs.iter().filter(written).count() > 10, "hardly a name in {script}");
    }
    assert!(pairs.iter().any(|(_, account)| text(account, "Name").contains('\'')), "no name has a quote");
}

fn decimals_are_right(pairs: &[(&Value, &Value)]) {
    let mut beyond_floats = 0;
    for (supplier, account) in pairs {
        let wanted = decimal(text(supplier, "CreditLimit"))
            .map(|limit| limit.round_dp_with_strategy(2, RoundingStrategy::MidpointNearestEven));
        let there = decimal(text(account, "IFS_Credit_Limit__c"));
        assert_eq!(there, wanted, "{}", supplier["SupplierId"]);
        // Seventeen digits and more are where a float would give itself away.
        beyond_floats += usize::from(there.is_some_and(|limit| limit.mantissa() > 10_i128.pow(16)));
    }
    assert!(beyond_floats > 0, "no limit is long enough to tell decimals from floats");
}

fn nothing_is_written_twice(playground: &Playground) {
    let before = playground.salesforce_stats();
    let again = cycle(playground, 0);
    for outcome in ["created", "updated", "restored", "parked", "settled"] {
        assert_eq!(number(&again["report"][outcome]), 0, "{outcome}");
    }
    assert!(number(&again["report"]["unchanged"]) > 0, "the newest row is read again");
    assert_eq!(again["calls"]["salesforce.upsert"], Value::Null);
    assert_eq!(playground.salesforce_stats()["writes"], before["writes"]);

    // Compared one by one, both sides still agree.
    let full = crate::outcome::Outcome::of(playground, &["run", "--full", "--json"]).ends_with(0).json();
    let report = &full["flows"][0]["report"];
    assert!(number(&report["equal"]) >= SUPPLIERS as u64, "{report}");
    assert_eq!(playground.salesforce_stats()["writes"], before["writes"]);
}

fn edits_are_followed(playground: &Playground) {
    let [created, updated, unchanged] = written(playground);
    let calls_before = playground.salesforce_stats();
    let pages_before = pages(playground);
    let answer = ask(&playground.ifs, "POST", "/sandbox/edit?count=20", "");
    let edited: BTreeSet<&str> =
        answer["edited"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!((15..=20).contains(&edited.len()), "{answer}");
    pass_seconds(playground, 5);

    let run = cycle(playground, 0);
    let followed = number(&run["report"]["updated"]);
    assert!((1..=edited.len() as u64).contains(&followed), "{run}");
    assert_eq!(number(&run["report"]["created"]), 0);
    assert_eq!(written(playground), [created, updated + followed, unchanged]);
    assert_eq!(differences(&playground.suppliers(), &playground.accounts()), Vec::<String>::new());

    // The calls are counted, and counted right.
    assert_eq!(number(&run["calls"]["salesforce.upsert"]), 1, "{run}");
    let calls = run["calls"].as_object().expect("calls by kind");
    assert_eq!(number(&run["calls_total"]), calls.values().map(number).sum::<u64>());
    let to_salesforce: u64 = calls
        .iter()
        .filter(|(kind, _)| kind.starts_with("salesforce."))
        .map(|(_, count)| number(count))
        .sum();
    let served = number(&playground.salesforce_stats()["calls"]) - number(&calls_before["calls"]);
    assert_eq!(to_salesforce, served, "{run}");
    assert_eq!(number(&run["calls"]["ifs.page"]), pages(playground) - pages_before, "{run}");
}

/// How many pages IFS has served.
fn pages(playground: &Playground) -> u64 {
    number(&ask(&playground.ifs, "GET", "/sandbox/stats", "")["by_kind"]["page"])
}
