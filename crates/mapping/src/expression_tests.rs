//! What expressions come to, and how far they may go.

use crate::Record;
use crate::bench_record::{change, line, mapper, mistake, x};

fn field(expression: &str) -> String {
    format!("[fields.X]\nexpression = '''{expression}'''\n")
}

fn made(expression: &str, json: &str) -> String {
    let lines = vec![
        line("1", r#"{"State":"Posted","Net":{"decimal":"1.50"}}"#),
        line("2", r#"{"State":"Open","Net":{"decimal":"2"}}"#),
    ];
    x(&mapper(&field(expression)), &change(json, &[("Lines", lines)]))
}

const RECORD: &str = r#"{"A":" ab ","N":{"decimal":"10.10"},"D":{"date":"2026-02-01"},"E":null,"B":true}"#;

#[test]
fn expressions_say_what_steps_cannot() {
    for (expression, due) in [
        ("A.trim().upper() + '-' + text(N)", r#""AB-10.1""#),
        ("N * 3 - number('0.3')", r#"{"decimal":"30"}"#),
        ("N > 10 && B ? 'big' : 'small'", r#""big""#),
        ("empty(E) ? 'none' : E", r#""none""#),
        ("D < date('2026-03-01')", "true"),
        ("D", r#"{"date":"2026-02-01"}"#),
        ("E", "null"),
        ("Lines.all(l, l.State == 'Posted') ? 'Posted' : 'Open'", r#""Open""#),
        ("size(Lines.filter(l, l.Net > 1)) == 2", "true"),
        ("A.replace('b', 'xyz').trim()", r#""axyz""#),
        (r"A.matches('^\\s*a')", "true"),
        ("-N", r#"{"decimal":"-10.1"}"#),
        ("1 + 2", r#"{"decimal":"3"}"#),
    ] {
        assert_eq!(made(expression, RECORD), due, "{expression}");
    }
    assert_eq!(made("Missing", "{}"), "left out");
}

#[test]
fn expressions_without_a_value_send_the_record_to_quarantine() {
    for (expression, reason) in [
        ("N / 0", "division by zero"),
        ("N * A", "the expression has no value"),
        ("1.5", "not exact"),
        ("Lines", "no field can hold"),
        ("number(A)", "number"),
    ] {
        let error = made(expression, RECORD);
        assert!(error.starts_with("error: field X") && error.contains(reason), "{expression}: {error}");
    }
}

#[test]
fn expressions_have_limits() {
    for (expression, reason) in [
        ("A +".to_owned(), "not an expression"),
        ("nobody(A)".to_owned(), "there is no function nobody"),
        (format!("'{}'", "x".repeat(2_000)), "at most 2000 bytes"),
        (["A"; 300].join("+"), "parts"),
        ("L.map(a, L.map(b, L.map(c, c)))".to_owned(), "nested 2 deep"),
    ] {
        let error = mistake(&field(&expression));
        assert!(error.contains(reason), "{reason}: {error}");
    }
    let squared = mapper(&field("L.exists(a, L.exists(b, a.A == b.B))"));
    let lines = |count: usize| -> Vec<Record> {
        (0..count).map(|n| line(&n.to_string(), r#"{"A":"1","B":"2"}"#)).collect()
    };
    assert_eq!(x(&squared, &change("{}", &[("L", lines(20))])), "false");
    let error = x(&squared, &change("{}", &[("L", lines(2_000))]));
    assert!(error.contains("too long"), "{error}");
    let growing = made("A.replace('b', A).replace('b', A)", RECORD);
    assert!(growing.starts_with('"'), "small texts may grow: {growing}");
}
