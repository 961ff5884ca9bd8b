//! The attacks, faults and invariants that both clients and the readers of a source must stand: each has a
//! test that bears its number (`attack_16_…`, `f48_…` or `fault_48_…`, `x11_…`).

use std::collections::BTreeSet;

use super::complaints::{functions, root};

/// Attacks by URLs, tokens, bodies, keys, queries, cells and events.
const ATTACKS: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 35];
/// Throttling, lost and late answers, broken pages, tokens; quotas, locks, batches, jobs, events; links,
/// order, time, late commits, filters, schemas, rights, merges, deletions, parents, closed orders.
const FAULTS: &[u32] = &[
    1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
    48, 49, 50, 51, 52, 53, 54, 55, 56,
];
/// What holds of the extraction, whatever happens.
const INVARIANTS: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

/// What the name of a function says that it is about: letters and numbers.
fn numbers(name: &str) -> BTreeSet<(char, u32)> {
    let mut found = BTreeSet::new();
    let mut kind = None;
    for word in name.split('_') {
        let (letter, number) = match word {
            "attack" | "attacks" => (Some('a'), None),
            "fault" => (Some('f'), None),
            "and" if kind.is_some() => (kind, None),
            _ => {
                let letter = word.chars().next().filter(|letter| matches!(letter, 'f' | 'x'));
                let digits = letter.map_or(word, |letter| word.trim_start_matches(letter));
                match digits.parse().ok() {
                    Some(number) => (letter.or(kind), Some(number)),
                    None => break,
                }
            }
        };
        kind = letter;
        found.extend(kind.zip(number));
    }
    found
}

#[test]
fn every_attack_fault_and_invariant_has_a_test_of_its_number() {
    let mut names = BTreeSet::new();
    for folder in ["crates", "tests"] {
        functions(&root().join(folder), &mut names);
    }
    let found: BTreeSet<_> = names.iter().flat_map(|name| numbers(name)).collect();
    for (kind, wanted) in [('a', ATTACKS), ('f', FAULTS), ('x', INVARIANTS)] {
        let missing: Vec<_> = wanted.iter().filter(|number| !found.contains(&(kind, **number))).collect();
        assert!(missing.is_empty(), "{kind}: no test bears the numbers {missing:?}");
    }
}

#[test]
fn names_say_their_numbers() {
    for (name, said) in [
        ("fault_09_and_10_a_page_of_3_rows", vec![('f', 9), ('f', 10)]),
        ("attacks_16_17_keys", vec![('a', 16), ('a', 17)]),
        ("f46_x2_a_commit", vec![('f', 46), ('x', 2)]),
        ("pages_of_5_rows", vec![]),
        ("x_marks", vec![]),
    ] {
        assert_eq!(numbers(name).into_iter().collect::<Vec<_>>(), said, "{name}");
    }
}
