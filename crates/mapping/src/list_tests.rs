//! What lists of child records become: children, single values, records of their own.

use crate::bench_record::{change, line, mapper, mistake, one, x};
use crate::{Mapper as _, Record, Value};

const LINES: &str = r#"
[lists.Items]
from = "Lines"
entity = "Item"
external_id = { from = ["parent.Id", "No"] }
where = [{ field = "State", is = { none_of = ["Cancelled"] } }]
[lists.Items.fields.Quantity]
from = "Qty"
steps = [{ to_number = { scale = 0 } }]
[lists.Items.fields.Currency]
from = "parent.Currency"
"#;

fn items(value: Option<&Value>) -> Vec<String> {
    let Some(Value::List(children)) = value else { panic!("a list was expected: {value:?}") };
    let show = |child: &Record| {
        let fields = serde_json::to_string(&child.fields).expect("fields have a JSON form");
        format!("{} {} {fields}", child.entity, child.key)
    };
    children.iter().map(show).collect()
}

#[test]
fn children_are_mapped_like_records_and_see_their_parent() {
    let lines = vec![
        line("b", r#"{"No":"2","Qty":"7","State":"Released"}"#),
        line("a", r#"{"No":"1","Qty":"5","State":"Released"}"#),
        line("c", r#"{"No":"3","Qty":"1","State":"Cancelled"}"#),
    ];
    let (draft, _) =
        one(&mapper(LINES), &change(r#"{"Currency":"EUR"}"#, &[("Lines", lines)])).expect("maps");
    assert_eq!(
        items(draft.fields.get("Items")),
        [
            r#"Item 1-1 {"Currency":"EUR","Quantity":{"decimal":"5"}}"#,
            r#"Item 1-2 {"Currency":"EUR","Quantity":{"decimal":"7"}}"#
        ]
    );
}

#[test]
fn an_empty_list_empties_and_no_list_changes_nothing() {
    let mapper = mapper(LINES);
    let made = |lists: &[(&str, Vec<Record>)]| {
        one(&mapper, &change("{}", lists)).expect("maps").0.fields.get("Items").cloned()
    };
    assert_eq!(made(&[("Lines", vec![])]), Some(Value::List(vec![])));
    assert_eq!(made(&[]), None);
    let (draft, notes) = one(&mapper, &change(r#"{"Lines":null}"#, &[])).expect("maps");
    assert_eq!((draft.fields.get("Items"), notes.len()), (None, 1), "null is no empty list");
}

#[test]
fn faults_of_children_name_the_child() {
    let wrong = vec![line("a", r#"{"No":"1","Qty":"x","State":"Released"}"#)];
    let error = one(&mapper(LINES), &change(r#"{"Currency":"EUR"}"#, &[("Lines", wrong)])).expect_err("bad");
    assert!(error.to_string().starts_with("field Items: a: field Quantity: no number"), "{error}");
    let absent = vec![line("a", r#"{"No":"1","State":"Released"}"#)];
    let error = one(&mapper(LINES), &change(r#"{"Currency":"EUR"}"#, &[("Lines", absent)])).expect_err("bad");
    assert!(error.to_string().contains("did not deliver"), "{error}");
    let twins = vec![
        line("a", r#"{"No":"1","Qty":"1","State":"R"}"#),
        line("b", r#"{"No":" 1","Qty":"1","State":"R"}"#),
    ];
    let error = one(&mapper(LINES), &change(r#"{"Currency":"EUR"}"#, &[("Lines", twins)])).expect_err("bad");
    assert!(error.to_string().contains("two of Lines have the external id 1-1"), "{error}");
}

#[test]
fn fields_of_lists_are_whole_or_an_error() {
    let field = |keys: &str| {
        mistake(&format!(
            "[lists.L]\nfrom = \"Lines\"\nentity = \"I\"\nexternal_id = {{ from = \"No\" }}\n[lists.L.fields.A]\nfrom = \"A\"\n{keys}\n"
        ))
    };
    assert!(field("null = \"keep\"").contains("compared and written whole"));
    assert!(field("owner = \"target\"").contains("no owner of its own"));
}

/// The field `X` made by this aggregate of these invoices.
fn taken(aggregate: &str, invoices: &[(&str, &str)]) -> String {
    let mapper = mapper(&format!("[fields.X]\naggregate = {{ list = \"Invoices\", {aggregate} }}\n"));
    let invoices = invoices.iter().map(|(key, json)| line(key, json)).collect();
    x(&mapper, &change("{}", &[("Invoices", invoices)]))
}

const TWO: &[(&str, &str)] = &[
    ("2", r#"{"Net":{"decimal":"10.50"},"Cur":"EUR","On":{"date":"2026-03-01"},"No":"B","State":"Posted"}"#),
    ("1", r#"{"Net":{"decimal":"1.5"},"Cur":"EUR","On":{"date":"2026-01-01"},"No":"A","State":"Cancelled"}"#),
];

#[test]
fn many_values_become_one() {
    for (aggregate, of_two, of_none) in [
        (r#"take = "count""#, r#"{"decimal":"2"}"#, r#"{"decimal":"0"}"#),
        (r#"take = "sum", of = "Net""#, r#"{"decimal":"12"}"#, r#"{"decimal":"0"}"#),
        (r#"take = "min", of = "Net""#, r#"{"decimal":"1.5"}"#, "null"),
        (r#"take = "max", of = "On""#, r#"{"date":"2026-03-01"}"#, "null"),
        (r#"take = "latest", of = "No", by = "On""#, r#""B""#, "null"),
        (r#"take = "earliest", of = "No", by = "On""#, r#""A""#, "null"),
        (r#"take = "first", of = "No""#, r#""A""#, "null"),
        (r#"take = "latest", of = ["No", "Cur"], by = "On""#, r#""B EUR""#, "null"),
        (r#"take = "distinct", of = "Cur""#, r#""EUR""#, "null"),
        (r#"take = "join", of = "No""#, r#""A, B""#, "null"),
        (r#"take = "join", of = "Cur", separator = "/""#, r#""EUR""#, "null"),
    ] {
        assert_eq!(taken(aggregate, TWO), of_two, "{aggregate}");
        assert_eq!(taken(aggregate, &[]), of_none, "{aggregate}");
    }
}

#[test]
fn withdrawn_children_go_out_again() {
    let live = r#"take = "sum", of = "Net", where = [{ field = "State", is = { unequal = "Cancelled" } }]"#;
    assert_eq!(taken(live, TWO), r#"{"decimal":"10.5"}"#);
}

#[test]
fn what_differs_is_never_added_up() {
    let mixed: Vec<(&str, &str)> =
        vec![TWO[0], ("3", r#"{"Net":{"decimal":"5"},"Cur":"USD","On":{"date":"2026-02-01"}}"#)];
    let refused = taken(r#"take = "sum", of = "Net", same = "Cur""#, &mixed);
    assert_eq!(refused, r#"error: field X: Cur is not the same in all of Invoices: "EUR", "USD""#);
    assert_eq!(taken(r#"take = "sum", of = "Net", same = "Cur", differ = "null""#, &mixed), "null");
    assert_eq!(taken(r#"take = "distinct", of = "Cur", differ = "first""#, &mixed), r#""EUR""#);
    assert!(taken(r#"take = "sum", of = "No""#, TWO).contains("is a text, not a number"));
}

#[test]
fn a_list_that_was_not_delivered_has_no_sum() {
    let sum = mapper("[fields.X]\naggregate = { list = \"Invoices\", take = \"count\" }\n");
    assert_eq!(x(&sum, &change("{}", &[])), "left out");
}

#[test]
fn aggregates_need_what_they_need() {
    for (keys, reason) in [
        (r#"take = "count", of = "A""#, "take `of` out"),
        (r#"take = "sum""#, "`of` is missing"),
        (r#"take = "latest", of = "A""#, "`by` goes with"),
        (r#"take = "sum", of = "A", by = "B""#, "`by` goes with"),
        (r#"take = "sum", of = ["A", "B"]"#, "one child only"),
        (r#"take = "sum", of = "A", same = "B", differ = "first""#, "cannot be met"),
        (r#"take = "total", of = "A""#, "unknown variant `total`"),
    ] {
        let error = mistake(&format!("[fields.X]\naggregate = {{ list = \"L\", {keys} }}\n"));
        assert!(error.contains(reason), "{keys}: {error}");
    }
}

#[test]
fn children_can_be_records_of_their_own() {
    let text = "each = \"Contacts\"\n[[where]]\nfield = \"parent.Kind\"\nis = { equal = \"firm\" }\n\
                [fields.X]\nfrom = \"Name\"\n[fields.Of]\nreference = { entity = \"A\", field = \"K\", from = \"parent.Id\" }\n";
    let each = mapper(text);
    let contacts = || vec![line("p", r#"{"Id":"P","Name":"Ada"}"#), line("q", r#"{"Id":"Q","Name":"Bob"}"#)];
    let mapped = each.map(&change(r#"{"Kind":"firm"}"#, &[("Contacts", contacts())])).expect("maps");
    let ids: Vec<&str> = mapped.drafts.iter().map(|draft| draft.id.as_str()).collect();
    assert_eq!(ids, ["P", "Q"]);
    assert!(
        matches!(mapped.drafts[0].fields.get("Of"), Some(Value::Reference(parent)) if parent.id.as_str() == "1")
    );
    let other = each.map(&change(r#"{"Kind":"man"}"#, &[("Contacts", contacts())])).expect("maps");
    assert_eq!((other.drafts.len(), other.notes.len()), (0, 2));
    let twins = vec![line("p", r#"{"Id":"P"}"#), line("q", r#"{"Id":"P"}"#)];
    assert!(each.map(&change(r#"{"Kind":"firm"}"#, &[("Contacts", twins)])).is_err());
    assert_eq!(each.reads().into_iter().collect::<Vec<_>>(), ["Contacts", "Id", "Kind"]);
    assert_eq!(each.reads_of_lists()["Contacts"].iter().collect::<Vec<_>>(), ["Id", "Name"]);
}
