//! One record on its way in: every value is read, checked and brought into the form it is kept in.

use std::borrow::Cow;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::value::RawValue;

use super::members::Members;
use super::problem::Problem;
use super::record::{Account, Cell};
use super::schema::{FIELDS, Field, Kind, OBJECT, SYSTEM, place};
use super::settings::{Matching, SalesforceSwitches};

/// Writes the members into the record; the first problem ends it.
pub(crate) fn fill(
    record: &mut Account,
    members: &Members<'_>,
    switches: &SalesforceSwitches,
) -> Result<(), Problem> {
    for (name, raw) in members.fields() {
        let (place, field) = writable(name, switches)?;
        let cell = cell(field, raw, switches)?;
        if let Some(slot) = record.cells.get_mut(place) {
            *slot = cell;
        }
    }
    if switches.rewrites_phones
        && let Some(phone) = record.text("Phone")
    {
        record.set("Phone", Cell::Text(phone.replace(' ', "").into()));
    }
    check(record, switches)
}

/// What a text becomes in a field, whoever wrote it.
pub(crate) fn keep(name: &str, text: &str, switches: &SalesforceSwitches) -> Result<Cell, Problem> {
    let field = place(name).and_then(|place| FIELDS.get(place));
    let field = field.ok_or_else(|| Problem::no_column(name, OBJECT))?;
    match field.kind {
        Kind::Currency(precision, scale) => number(field, text, (precision, scale)),
        Kind::Date => date(text).ok_or_else(|| mistyped(field, text)),
        kind => texts(field, kind, text.trim(), switches),
    }
}

fn writable(name: &str, switches: &SalesforceSwitches) -> Result<(usize, &'static Field), Problem> {
    let system = SYSTEM.iter().any(|(_, system, _)| system.eq_ignore_ascii_case(name));
    let found =
        place(name).filter(|_| !switches.hides(name)).and_then(|place| Some((place, FIELDS.get(place)?)));
    match found {
        _ if system || found.is_some() && switches.locks(name) => {
            let message = format!(
                "Unable to create/update fields: {name}. Please check the security settings of this field and \
                 verify that it is read/write for your profile or permission set."
            );
            Err(Problem::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).about(name))
        }
        Some(found) => Ok(found),
        None => Err(Problem::no_column(name, OBJECT)),
    }
}

/// Rules over the whole record.
fn check(record: &Account, switches: &SalesforceSwitches) -> Result<(), Problem> {
    for field in FIELDS.iter().filter(|field| field.required) {
        if *record.get(field.name) == Cell::Null {
            let message = format!("Required fields are missing: [{}]", field.name);
            return Err(Problem::bad("REQUIRED_FIELD_MISSING", message).about(field.name));
        }
    }
    match &switches.refused {
        Some(rule) if matching(record, rule) => {
            let message = format!("This value of {} is not allowed", rule.field);
            Err(Problem::bad("FIELD_CUSTOM_VALIDATION_EXCEPTION", message).about(&rule.field))
        }
        _ => Ok(()),
    }
}

/// Whether the record has the text in the field.
pub(crate) fn matching(record: &Account, rule: &Matching) -> bool {
    record.text(&rule.field).is_some_and(|text| text.contains(&rule.contains))
}

fn mistyped(field: &Field, raw: &str) -> Problem {
    let (kind, name) = match field.kind {
        Kind::Currency(..) => ("currency", field.name),
        Kind::Date => ("date", field.name),
        _ => ("string", field.name),
    };
    let seen = match raw.bytes().next() {
        Some(b'"') => "VALUE_STRING",
        Some(b'{') => "START_OBJECT",
        Some(b'[') => "START_ARRAY",
        Some(b't') => "VALUE_TRUE",
        Some(b'f') => "VALUE_FALSE",
        _ => "VALUE_NUMBER",
    };
    let shown: String = raw.trim_matches('"').chars().take(80).collect();
    let message = format!(
        "Cannot deserialize instance of {kind} from {seen} value {shown} or request may be missing a required field"
    );
    Problem::bad("JSON_PARSER_ERROR", message).about(name)
}

fn date(text: &str) -> Option<Cell> {
    let text = text.trim();
    let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    Some(Cell::Text(date.to_string().into()))
}

/// A text, borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
struct Plain<'a>(#[serde(borrow)] Cow<'a, str>);

fn cell(field: &Field, raw: &RawValue, switches: &SalesforceSwitches) -> Result<Cell, Problem> {
    let raw = raw.get();
    if raw == "null" {
        return Ok(Cell::Null);
    }
    let quoted = raw.starts_with('"');
    let number_like = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    match field.kind {
        Kind::Currency(precision, scale) if number_like => number(field, raw, (precision, scale)),
        _ if !quoted => Err(mistyped(field, raw)),
        kind => {
            let Plain(text) = serde_json::from_str(raw).map_err(|_| mistyped(field, raw))?;
            match kind {
                Kind::Currency(..) | Kind::Date if text.trim().is_empty() => Ok(Cell::Null),
                Kind::Currency(precision, scale) => number(field, text.trim(), (precision, scale)),
                Kind::Date => date(&text).ok_or_else(|| mistyped(field, raw)),
                kind => texts(field, kind, text.trim(), switches),
            }
        }
    }
}

fn texts(field: &Field, kind: Kind, text: &str, switches: &SalesforceSwitches) -> Result<Cell, Problem> {
    if text.is_empty() {
        return Ok(Cell::Null);
    }
    let name = field.name;
    let longest = match kind {
        Kind::Text(length) | Kind::Email(length) => switches.length(name, length),
        _ => 255,
    };
    let longest = usize::try_from(longest).unwrap_or(usize::MAX);
    // A text has at most as many units as bytes.
    if text.len() > longest && text.encode_utf16().count() > longest {
        let shown: String = text.chars().take(40).collect();
        let message = format!("{name}: data value too large: {shown} (max length={longest})");
        return Err(Problem::bad("STRING_TOO_LONG", message).about(name));
    }
    if matches!(kind, Kind::Email(_)) && !is_email(text) {
        let message = format!("{name}: invalid email address: {text}");
        return Err(Problem::bad("INVALID_EMAIL_ADDRESS", message).about(name));
    }
    if let Kind::Picklist(values) = kind
        && !values.contains(&text)
    {
        let message = format!("{name}: bad value for restricted picklist field: {text}");
        return Err(Problem::bad("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message).about(name));
    }
    Ok(Cell::Text(text.into()))
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace) && !domain.contains('@')
}

fn number(field: &Field, text: &str, (precision, scale): (u32, u32)) -> Result<Cell, Problem> {
    let name = field.name;
    // More digits than a decimal holds lie far behind the scale: reading rounds them.
    let exact =
        Decimal::from_str_exact(text).or_else(|_| text.parse()).or_else(|_| Decimal::from_scientific(text));
    let outside = || {
        let message = format!("{name}: value outside of valid range on numeric field: {text}");
        Problem::bad("NUMBER_OUTSIDE_VALID_RANGE", message).about(name)
    };
    let Ok(exact) = exact else {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
            return Err(outside());
        }
        let message = format!("{name}: value not of required type: {text}");
        return Err(Problem::bad("INVALID_TYPE_ON_FIELD_IN_RECORD", message).about(name));
    };
    let rounded = exact.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero).normalize();
    let largest = Decimal::from(10_i64.saturating_pow(precision - scale));
    if rounded.abs() >= largest {
        return Err(outside());
    }
    Ok(Cell::Number(rounded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(body: &str, switches: &SalesforceSwitches) -> Result<Account, (&'static str, String)> {
        let members: Members<'_> = serde_json::from_str(body).expect("JSON");
        let mut record = Account::new(1, jiff::Timestamp::UNIX_EPOCH);
        record.set("Name", Cell::Text("Steel".into()));
        record.set("Phone", Cell::Text("1".into()));
        let shown = |problem: Problem| (problem.code, problem.fields.join(","));
        fill(&mut record, &members, switches).map_err(shown).map(|()| record)
    }

    fn kept(field: &str, raw: &str) -> Result<Option<String>, &'static str> {
        let body = format!(r#"{{"{field}":{raw}}}"#);
        let record = filled(&body, &SalesforceSwitches::default()).map_err(|(code, _)| code)?;
        Ok(record.text(field))
    }

    #[test]
    fn values_are_kept_in_their_own_form() {
        for (field, raw, wanted) in [
            ("Name", r#"" Steel \u00e9 ""#, Some("Steel é")),
            ("Phone", r#""""#, None),
            ("Phone", r#""  ""#, None),
            ("Phone", "null", None),
            ("phone", r#""2""#, Some("2")),
            ("IFS_Credit_Limit__c", "1234567890123456.785", Some("1234567890123456.79")),
            ("IFS_Credit_Limit__c", r#""-0.10""#, Some("-0.1")),
            ("IFS_Credit_Limit__c", "1e3", Some("1000")),
            ("IFS_Created__c", r#""2026-02-28""#, Some("2026-02-28")),
            ("IFS_Status__c", r#""Blocked""#, Some("Blocked")),
        ] {
            assert_eq!(kept(field, raw), Ok(wanted.map(str::to_owned)), "{field} {raw}");
        }
    }

    #[test]
    fn bad_values_have_their_codes() {
        let long = format!("\"{}\"", "é".repeat(41));
        let astral = format!("\"{}\"", "😀".repeat(21));
        for (field, raw, code) in [
            ("Name", "null", "REQUIRED_FIELD_MISSING"),
            ("Name", "5", "JSON_PARSER_ERROR"),
            ("Name", "{}", "JSON_PARSER_ERROR"),
            ("Phone", long.as_str(), "STRING_TOO_LONG"),
            ("Phone", astral.as_str(), "STRING_TOO_LONG"),
            ("IFS_Email__c", r#""a@b""#, "INVALID_EMAIL_ADDRESS"),
            ("IFS_Credit_Limit__c", "10000000000000000", "NUMBER_OUTSIDE_VALID_RANGE"),
            ("IFS_Credit_Limit__c", r#""much""#, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
            ("IFS_Created__c", r#""2026-02-30""#, "JSON_PARSER_ERROR"),
            ("IFS_Created__c", r#""28.02.2026""#, "JSON_PARSER_ERROR"),
            ("IFS_Status__c", r#""Sleeping""#, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
            ("Nope__c", "1", "INVALID_FIELD"),
            ("CreatedDate", r#""2026-01-01T00:00:00Z""#, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ] {
            assert_eq!(kept(field, raw), Err(code), "{field} {raw}");
        }
        assert_eq!(kept("Phone", &format!("\"{}\"", "😀".repeat(20))), Ok(Some("😀".repeat(20))));
    }

    #[test]
    fn switches_alter_the_fields() {
        let body = r#"{"Phone":"123","Website":"x"}"#;
        let switches =
            SalesforceSwitches { hidden: ["Website".into()].into(), ..SalesforceSwitches::default() };
        assert_eq!(filled(body, &switches).map(|_| ()), Err(("INVALID_FIELD", String::new())));
        let switches =
            SalesforceSwitches { read_only: ["website".into()].into(), ..SalesforceSwitches::default() };
        let refused = ("INVALID_FIELD_FOR_INSERT_UPDATE", "Website".to_owned());
        assert_eq!(filled(body, &switches).map(|_| ()), Err(refused));
        let switches =
            SalesforceSwitches { lengths: [("Phone".into(), 2)].into(), ..SalesforceSwitches::default() };
        assert_eq!(filled(body, &switches).map(|_| ()), Err(("STRING_TOO_LONG", "Phone".to_owned())));
        let rule = Matching::new("Phone", "23");
        let switches = SalesforceSwitches { refused: Some(rule), ..SalesforceSwitches::default() };
        let refused = ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone".to_owned());
        assert_eq!(filled(body, &switches).map(|_| ()), Err(refused));
    }
}
