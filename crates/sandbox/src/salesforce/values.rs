//! One value on its way in: read, checked and brought into the form it is kept in.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::identifier::full;
use super::members::Given;
use super::problem::Problem;
use super::record::Cell;
use super::schema::{Field, Flag, Kind};
use super::store::Store;
use super::switches::SalesforceSwitches;

/// A field of an object, and what it takes to judge its values.
#[derive(Clone, Copy)]
pub(crate) struct Slot<'a> {
    pub(crate) object: &'a str,
    pub(crate) field: &'a Field,
    pub(crate) store: &'a Store,
    pub(crate) switches: &'a SalesforceSwitches,
}

impl Slot<'_> {
    /// Reads a value as it came.
    pub(crate) fn read(&self, given: Given<'_>) -> Result<Cell, Problem> {
        if given.is_null() {
            return if self.field.kind == Kind::Check { Ok(Cell::Bool(false)) } else { Ok(Cell::Null) };
        }
        match given {
            Given::Cell(text) => self.keep(text),
            Given::Json(raw) => self.json(raw),
        }
    }

    /// What a text becomes in this field, whoever wrote it.
    pub(crate) fn keep(&self, text: &str) -> Result<Cell, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(if self.field.kind == Kind::Check { Cell::Bool(false) } else { Cell::Null });
        }
        match self.field.kind {
            Kind::Currency(..) | Kind::Double(..) | Kind::Percent(..) => {
                self.number(text, self.field.kind.digits())
            }
            Kind::Whole(digits) => self.whole(text, digits),
            Kind::Date => date(text).ok_or_else(|| self.mistyped(text)),
            Kind::Moment => moment(text).ok_or_else(|| self.mistyped(text)),
            Kind::Check => truth(text).ok_or_else(|| self.mistyped(text)),
            Kind::Id | Kind::Reference => self.reference(text),
            Kind::Address => Err(self.mistyped(text)),
            _ => self.text(text),
        }
    }

    fn json(&self, raw: &str) -> Result<Cell, Problem> {
        let quoted = raw.starts_with('"');
        let number_like = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        match self.field.kind {
            kind if kind.is_number() && number_like => self.keep(raw),
            Kind::Check if !quoted => truth(raw).ok_or_else(|| self.mistyped(raw)),
            _ if !quoted => Err(self.mistyped(raw)),
            kind => {
                let Plain(text) = serde_json::from_str(raw).map_err(|_| self.mistyped(raw))?;
                let read = self.keep(&text);
                // Dates are shown as they came, quotes and all.
                if matches!(kind, Kind::Date | Kind::Moment) {
                    read.map_err(|_| self.mistyped(raw))
                } else {
                    read
                }
            }
        }
    }

    fn mistyped(&self, raw: &str) -> Problem {
        let kind = match self.field.kind {
            Kind::Currency(..) => "currency",
            Kind::Double(..) | Kind::Percent(..) => "double",
            Kind::Whole(_) => "int",
            Kind::Date => "date",
            Kind::Moment => "datetime",
            Kind::Check => "boolean",
            Kind::Id | Kind::Reference => "reference",
            _ => "string",
        };
        let seen = match raw.bytes().next() {
            Some(b'{') => "START_OBJECT",
            Some(b'[') => "START_ARRAY",
            Some(b't') if raw == "true" => "VALUE_TRUE",
            Some(b'f') if raw == "false" => "VALUE_FALSE",
            Some(b'-' | b'0'..=b'9') => "VALUE_NUMBER",
            _ => "VALUE_STRING",
        };
        let shown: String = raw.trim_matches('"').chars().take(80).collect();
        let message = format!(
            "Cannot deserialize instance of {kind} from {seen} value {shown} or request may be missing a required field"
        );
        Problem::bad("JSON_PARSER_ERROR", message).about(&self.field.name)
    }

    fn text(&self, text: &str) -> Result<Cell, Problem> {
        let Field { name, kind, .. } = self.field;
        let longest = self.switches.length(self.object, name, kind.length());
        let longest = usize::try_from(longest).unwrap_or(usize::MAX);
        // A text has at most as many units as bytes.
        if text.len() > longest && text.encode_utf16().count() > longest {
            let shown: String = text.chars().take(40).collect();
            let message =
                format!("{}: data value too large: {shown} (max length={longest})", self.field.label);
            return Err(Problem::bad("STRING_TOO_LONG", message).about(name));
        }
        if matches!(kind, Kind::Email(_)) && !is_email(text) {
            let message = format!("{}: invalid email address: {text}", self.field.label);
            return Err(Problem::bad("INVALID_EMAIL_ADDRESS", message).about(name));
        }
        if self.field.is(Flag::Restricted) {
            return self.picked(text);
        }
        Ok(Cell::text(text))
    }

    fn picked(&self, text: &str) -> Result<Cell, Problem> {
        let name = &self.field.name;
        if let Some(value) = self.field.values.iter().find(|value| value.eq_ignore_ascii_case(text)) {
            return Ok(Cell::text(value));
        }
        let message = format!("{}: bad value for restricted picklist field: {text}", self.field.label);
        Err(Problem::bad("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message).about(name))
    }

    /// An id of a record that lives and is of the right object.
    fn reference(&self, text: &str) -> Result<Cell, Problem> {
        let name = &self.field.name;
        let Some(id) = full(text) else {
            let message = format!("{}: id value of incorrect type: {text}", self.field.label);
            return Err(Problem::bad("MALFORMED_ID", message).about(name));
        };
        let objects = self.field.to.iter().filter_map(|target| self.store.object(self.store.named(target)?));
        if !objects.into_iter().any(|object| id.starts_with(object.prefix)) {
            let message = format!("{}: id value of incorrect type: {id}", self.field.label);
            return Err(Problem::bad("FIELD_INTEGRITY_EXCEPTION", message).about(name));
        }
        match self.store.by_id(&id) {
            None => {
                Err(Problem::bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").about(name))
            }
            Some(record) if record.deleted => {
                Err(Problem::bad("ENTITY_IS_DELETED", "entity is deleted").about(name))
            }
            Some(record) => Ok(Cell::text(&record.id)),
        }
    }

    /// A number without a fraction.
    fn whole(&self, text: &str, digits: u32) -> Result<Cell, Problem> {
        let plain = text.strip_prefix('-').unwrap_or(text);
        if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.mistyped(text));
        }
        self.number(text, (digits, 0))
    }

    fn number(&self, text: &str, (precision, scale): (u32, u32)) -> Result<Cell, Problem> {
        let name = &self.field.name;
        // More digits than a decimal holds lie far behind the scale: reading rounds them.
        let exact = Decimal::from_str_exact(text)
            .or_else(|_| text.parse())
            .or_else(|_| Decimal::from_scientific(text));
        let outside = || {
            let message =
                format!("{}: value outside of valid range on numeric field: {text}", self.field.label);
            Problem::bad("NUMBER_OUTSIDE_VALID_RANGE", message).about(name)
        };
        let Ok(exact) = exact else {
            if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
                return Err(outside());
            }
            let message = format!("{}: value not of required type: {text}", self.field.label);
            return Err(Problem::bad("INVALID_TYPE_ON_FIELD_IN_RECORD", message).about(name));
        };
        let rounded = exact.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero).normalize();
        if rounded.abs() >= Decimal::from(10_i64.saturating_pow(precision - scale)) {
            return Err(outside());
        }
        Ok(Cell::Number(rounded))
    }
}

/// A text, borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
struct Plain<'a>(#[serde(borrow)] Cow<'a, str>);

fn date(text: &str) -> Option<Cell> {
    let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    Some(Cell::text(&date.to_string()))
}

/// A date with a time, in any of the forms that the API reads.
pub(crate) fn moment(text: &str) -> Option<Cell> {
    instant(text).map(Cell::Moment)
}

/// An instant; zones may lack their colon, and a day alone is its midnight.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    if text.len() == 10 {
        return format!("{text}T00:00:00Z").parse().ok();
    }
    let (local, zone) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let (hours, minutes) = zone.split_at_checked(3)?;
    zone.starts_with(['+', '-']).then(|| format!("{local}{hours}:{minutes}").parse().ok()).flatten()
}

fn truth(text: &str) -> Option<Cell> {
    let truths = [("true", true), ("1", true), ("false", false), ("0", false)];
    truths.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, truth)| Cell::Bool(*truth))
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace) && !domain.contains('@')
}
