//! What single fields become: policies, dates, numbers, tables, references.

use crate::bench_record::{change, mapper, mistake, one, x};
use crate::{Ownership, Rule};

/// The field `X` made of `A` by these keys, for each of the inputs.
fn made(keys: &str, inputs: &[&str]) -> Vec<String> {
    let mapper = mapper(&format!("[fields.X]\nfrom = \"A\"\n{keys}\n"));
    inputs.iter().map(|json| x(&mapper, &change(json, &[]))).collect()
}

#[test]
fn nothing_and_not_delivered_are_told_apart() {
    let inputs = [r#"{"A":"a"}"#, r#"{"A":null}"#, r#"{"A":"  "}"#, "{}"];
    assert_eq!(made("", &inputs), ["\"a\"", "null", "null", "left out"]);
    assert_eq!(made("null = \"keep\"", &inputs), ["\"a\"", "left out", "left out", "left out"]);
    assert_eq!(made("absent = \"null\"", &inputs), ["\"a\"", "null", "null", "null"]);
    let strict = made("null = \"error\"\nabsent = \"error\"", &inputs);
    assert!(strict[1].contains("there is no value") && strict[3].contains("did not deliver"), "{strict:?}");
    assert_eq!(made("steps = [{ default = \"d\" }]", &inputs), ["\"a\"", "\"d\"", "\"d\"", "\"d\""]);
}

#[test]
fn what_is_left_out_is_noted() {
    let mapper = mapper("[fields.X]\nfrom = \"A\"\n");
    let (_, notes) = one(&mapper, &change("{}", &[])).expect("maps");
    assert_eq!(notes[0].text, "the source did not deliver it: left as it is");
}

#[test]
fn dates_at_the_edge_never_shift_in_silence() {
    let inputs = [
        r#"{"A":{"date":"0001-01-01"}}"#,
        r#"{"A":{"date":"9999-12-31"}}"#,
        r#"{"A":{"date":"2024-02-29"}}"#,
    ];
    let day = "{\"date\":\"2024-02-29\"}";
    assert_eq!(made("steps = [{ date_range = { outside = \"null\" } }]", &inputs), ["null", "null", day]);
    assert_eq!(
        made("steps = [{ date_range = { outside = \"clamp\" } }]", &inputs),
        ["{\"date\":\"1700-01-01\"}", "{\"date\":\"4000-12-31\"}", day]
    );
    let refused = made("steps = [{ date_range = {} }]", &inputs);
    assert_eq!(refused[0], "error: field X: 0001-01-01 is not from 1700-01-01 to 4000-12-31");
    assert_eq!(refused[2], day);
    let late = [r#"{"A":{"timestamp":"9999-12-30T12:00:00Z"}}"#];
    assert_eq!(
        made("steps = [{ date_range = { outside = \"clamp\" } }]", &late),
        ["{\"timestamp\":\"4000-12-31T00:00:00Z\"}"]
    );
}

#[test]
fn days_and_instants_meet_in_a_named_zone() {
    let late = [r#"{"A":{"timestamp":"2026-06-30T22:30:00Z"}}"#, r#"{"A":{"date":"2026-07-01"}}"#];
    assert_eq!(
        made("steps = [{ day_in = \"Europe/Berlin\" }]", &late),
        ["{\"date\":\"2026-07-01\"}", "{\"date\":\"2026-07-01\"}"]
    );
    assert_eq!(made("steps = [{ day_in = \"UTC\" }]", &late)[0], "{\"date\":\"2026-06-30\"}");
    let step = |fold: &str| {
        format!(
            "steps = [{{ to_timestamp = {{ zone = \"Europe/Berlin\", format = \"%Y-%m-%d %H:%M\"{fold} }} }}]"
        )
    };
    let twice =
        [r#"{"A":"2026-10-25 02:30"}"#, r#"{"A":{"date":"2026-01-01"}}"#, r#"{"A":"2026-01-01 24:00"}"#];
    let strict = made(&step(""), &twice);
    assert!(strict[0].starts_with("error: field X: no point in time"), "{strict:?}");
    assert_eq!(strict[1], "{\"timestamp\":\"2025-12-31T23:00:00Z\"}");
    assert!(strict[2].starts_with("error"), "{strict:?}");
    assert_eq!(made(&step(", fold = \"earlier\""), &twice)[0], "{\"timestamp\":\"2026-10-25T00:30:00Z\"}");
    assert_eq!(made(&step(", fold = \"later\""), &twice)[0], "{\"timestamp\":\"2026-10-25T01:30:00Z\"}");
    assert!(mistake("[fields.X]\nfrom = \"A\"\nsteps = [{ day_in = \"Mars\" }]\n").contains("no time zone"));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let number = |text: &str| format!("{{\"A\":{{\"decimal\":\"{text}\"}}}}");
    let inputs = [number("999.994"), number("-1000"), number("-0.00"), number("999.999")];
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let made =
        made("steps = [{ to_number = { scale = 2, precision = 5, rounding = \"half_even\" } }]", &inputs);
    assert_eq!(made[0], "{\"decimal\":\"999.99\"}");
    assert_eq!(made[1], "error: field X: more than 3 digits before the point");
    assert_eq!(made[2], "{\"decimal\":\"0\"}");
    assert_eq!(made[3], "error: field X: more than 3 digits before the point", "rounding made it larger");
}

#[test]
fn texts_that_are_too_long_are_cut_only_where_it_is_said() {
    let inputs = [r#"{"A":"abc"}"#, r#"{"A":"abcd"}"#];
    assert_eq!(made("steps = [{ truncate = 3 }]", &inputs), ["\"abc\"", "\"abc\""]);
    assert_eq!(
        made("steps = [{ limit = { length = 3, too_long = \"null\" } }]", &inputs),
        ["\"abc\"", "null"]
    );
    let refused = made("steps = [{ limit = { length = 3 } }]", &inputs);
    assert_eq!(refused[1], "error: field X: 4 UTF-16 units are more than the 3 that fit");
}

#[test]
fn tables_can_be_used_both_ways_if_they_are_clear() {
    let table = "[tables.c]\nDE = \"Germany\"\nFR = \"France\"\n";
    let field = |step: &str| format!("[fields.X]\nfrom = \"A\"\nsteps = [{{ table = {step} }}]\n");
    let there = mapper(&format!("{}{table}", field("{ name = \"c\" }")));
    assert_eq!(x(&there, &change(r#"{"A":"DE"}"#, &[])), "\"Germany\"");
    let back = mapper(&format!("{}{table}", field("{ name = \"c\", inverse = true, otherwise = \"??\" }")));
    assert_eq!(x(&back, &change(r#"{"A":" Germany"}"#, &[])), "\"DE\"");
    assert_eq!(x(&back, &change(r#"{"A":"Spain"}"#, &[])), "\"??\"");
    let unclear =
        mistake(&format!("{}{table}GER = \"Germany\"\n", field("{ name = \"c\", inverse = true }")));
    assert!(unclear.contains("ambiguous in this direction") && unclear.contains("GER"), "{unclear}");
}

#[test]
fn truth_values_have_texts() {
    let step = "steps = [{ truth = { yes = [\"Y\", \"TRUE\"], no = [\"N\"] } }]";
    let inputs = [r#"{"A":"TRUE"}"#, r#"{"A":"N"}"#, r#"{"A":""}"#, r#"{"A":true}"#];
    assert_eq!(made(step, &inputs), ["true", "false", "null", "true"]);
    assert!(made(step, &[r#"{"A":"maybe"}"#])[0].contains("neither for yes nor for no"));
    let back = "steps = [{ truth_text = { yes = [\"Y\", \"TRUE\"], no = [\"N\"] } }]";
    assert_eq!(made(back, &[r#"{"A":true}"#, r#"{"A":false}"#]), ["\"Y\"", "\"N\""]);
}

#[test]
fn names_of_people_are_taken_apart() {
    let inputs = [r#"{"A":"Ada  King Lovelace "}"#, r#"{"A":"Cher"}"#];
    assert_eq!(made("steps = [{ part = \"last_word\" }]", &inputs), ["\"Lovelace\"", "\"Cher\""]);
    assert_eq!(made("steps = [{ part = \"before_last_word\" }]", &inputs), ["\"Ada  King\"", "null"]);
    assert_eq!(made("steps = [{ part = \"first_word\" }]", &inputs), ["\"Ada\"", "\"Cher\""]);
    assert_eq!(made("steps = [{ part = \"after_first_word\" }]", &inputs), ["\"King Lovelace\"", "null"]);
}

#[test]
fn parents_are_named_by_their_external_id() {
    let mapper = mapper(
        "[fields.X]\nreference = { entity = \"Account\", field = \"Key__c\", from = [\"A\", \"B\"], prefix = \"p\" }\n",
    );
    assert_eq!(
        x(&mapper, &change(r#"{"A":"1","B":"2"}"#, &[])),
        r#"{"reference":{"entity":"Account","field":"Key__c","id":"p1-2"}}"#
    );
    assert_eq!(x(&mapper, &change(r#"{"A":"1","B":" "}"#, &[])), "null", "half a name is none");
    assert_eq!(x(&mapper, &change("{}", &[])), "left out");
}

#[test]
fn ownership_is_stated_for_all_or_for_each() {
    let text =
        "[fields.X]\nfrom = \"A\"\n[fields.Y]\nfrom = \"B\"\nowner = \"shared\"\non_conflict = \"newest\"\n";
    let each = mapper(text);
    assert_eq!(each.unowned(), [("X".into(), 6)]);
    assert_eq!(each.owners().into_iter().collect::<Vec<_>>(), [("Y".into(), Ownership::Shared)]);
    assert_eq!(each.rules().into_iter().collect::<Vec<_>>(), [("Y".into(), Rule::Newest)]);
    let all = mapper(&format!("owner = \"target\"\n{text}"));
    assert!(all.unowned().is_empty());
    assert_eq!(all.owners().get("X"), Some(&Ownership::Target));
    let wrong = mistake("[fields.X]\nfrom = \"A\"\non_conflict = \"source\"\n");
    assert!(wrong.contains(":6:") && wrong.contains("goes with `owner = \"shared\"`"), "{wrong}");
}

#[test]
fn a_second_field_can_stand_in_for_an_empty_key() {
    let text = "name = \"m\"\nrevision = 1\nsource = \"S\"\ntarget = \"T\"\n\
                external_id = { from = \"Key\", fallback = \"Id\" }\n[fields.X]\nfrom = \"A\"\n";
    let mapper = crate::DeclaredMapper::from_toml(text, "m.toml").expect("compiles");
    let id = |json: &str| one(&mapper, &change(json, &[])).expect("maps").0.id.to_string();
    assert_eq!((id(r#"{"Key":"k"}"#), id(r#"{"Key":" "}"#)), ("k".into(), "1".into()));
}
