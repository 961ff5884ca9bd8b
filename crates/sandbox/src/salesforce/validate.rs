//! One record on its way in: every value is read, checked and brought into the form it is kept in.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::value::RawValue;

use super::problem::Problem;
use super::record::{Account, Cell};
use super::schema::{FIELDS, Field, KEY, Kind, OBJECT, SYSTEM, place};
use super::settings::SalesforceSwitches;

/// The members of a record as they came.
pub(crate) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Writes the members into the record; the first problem ends it.
pub(crate) fn fill(
    record: &mut Account,
    members: &Members<'_>,
    switches: &SalesforceSwitches,
) -> Result<(), Problem> {
    for (name, raw) in members.iter().filter(|(name, _)| *name != "attributes") {
        let (place, field) = writable(name, switches)?;
        let cell = cell(field, raw)?;
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

fn writable(name: &str, switches: &SalesforceSwitches) -> Result<(usize, &'static Field), Problem> {
    if SYSTEM.iter().any(|(system, _)| system.eq_ignore_ascii_case(name)) {
        let message = format!(
            "Unable to create/update fields: {name}. Please check the security settings of this field"
        );
        return Err(Problem::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).about(name));
    }
    let hidden = switches.hidden.as_deref().is_some_and(|hidden| hidden.eq_ignore_ascii_case(name));
    let found = place(name).filter(|_| !hidden).and_then(|place| Some((place, FIELDS.get(place)?)));
    found.ok_or_else(|| Problem::no_column(name, OBJECT))
}

/// Rules over the whole record.
fn check(record: &Account, switches: &SalesforceSwitches) -> Result<(), Problem> {
    for field in FIELDS.iter().filter(|field| field.required) {
        if *record.get(field.name) == Cell::Null {
            let message = format!("Required fields are missing: [{}]", field.name);
            return Err(Problem::bad("REQUIRED_FIELD_MISSING", message).about(field.name));
        }
    }
    let name = record.text("Name").unwrap_or_default();
    if switches.refused_name.as_deref().is_some_and(|refused| name.contains(refused)) {
        return Err(Problem::bad("FIELD_CUSTOM_VALIDATION_EXCEPTION", "This account name is not allowed")
            .about("Name"));
    }
    Ok(())
}

fn cell(field: &Field, raw: &RawValue) -> Result<Cell, Problem> {
    let text = raw.get();
    if text == "null" {
        return Ok(Cell::Null);
    }
    let quoted = text.starts_with('"');
    let mistyped = || {
        let message = format!("Cannot deserialize instance of {:?} from VALUE value {text}", field.kind);
        Problem::bad("JSON_PARSER_ERROR", message)
    };
    let plain: String =
        if quoted { serde_json::from_str(text).map_err(|_| mistyped())? } else { text.to_owned() };
    match field.kind {
        Kind::Currency(precision, scale) => number(field, &plain, (precision, scale)),
        Kind::Date if quoted => match plain.parse::<Date>() {
            Ok(date) => Ok(Cell::Text(date.to_string().into())),
            Err(_) => Err(mistyped()),
        },
        Kind::Date => Err(mistyped()),
        _ if !quoted && (text.starts_with('{') || text.starts_with('[')) => Err(mistyped()),
        kind => texts(field, kind, plain.trim()),
    }
}

fn texts(field: &Field, kind: Kind, text: &str) -> Result<Cell, Problem> {
    if text.is_empty() {
        return Ok(Cell::Null);
    }
    let name = field.name;
    let longest = match kind {
        Kind::Text(length) | Kind::Email(length) => length as usize,
        _ => 255,
    };
    if text.encode_utf16().count() > longest {
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
    let exact = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    let Ok(exact) = exact else {
        let message = format!("{name}: value not of required type: {text}");
        return Err(Problem::bad("INVALID_TYPE_ON_FIELD_IN_RECORD", message).about(name));
    };
    let rounded = exact.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero).normalize();
    let largest = Decimal::from(10_i64.saturating_pow(precision - scale));
    if rounded.abs() >= largest {
        let message = format!("{name}: value outside of valid range on numeric field: {text}");
        return Err(Problem::bad("NUMBER_OUTSIDE_VALID_RANGE", message).about(name));
    }
    Ok(Cell::Number(rounded))
}

/// The external id among the members.
pub(crate) fn key_of(members: &Members<'_>) -> Option<String> {
    let (_, raw) = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(KEY))?;
    let text: String = serde_json::from_str(raw.get()).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
