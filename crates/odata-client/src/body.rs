//! The JSON that a change sends: only the given fields, numbers exact.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::Resource;
use crate::encode::is_identifier_path;
use crate::resource::PartId;

/// The fields of one row or the parameters of one action, in the order in which they were given.
///
/// ```
/// use odata_client::{Body, Resource, Key};
/// let body = Body::new()
///     .set("Name", "Ann")
///     .set("Credit", rust_decimal::Decimal::new(1250, 2))
///     .null("Note")
///     .bind("Country", &Resource::set("CountrySet").key(&Key::text("SE")));
/// assert_eq!(
///     body.encoded().unwrap(),
///     r#"{"Name":"Ann","Credit":12.50,"Note":null,"Country@odata.bind":"CountrySet(%27SE%27)"}"#,
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    fields: Vec<(String, Value)>,
    numbers_as_text: bool,
    /// The parts of a batch that are bound in it.
    parts: Vec<PartId>,
}

/// One value of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// `null`: empties the field.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Text, and the bare member name of an enumeration.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A decimal number with all its digits.
    Decimal(Decimal),
    /// A nested row or complex value.
    Row(Body),
    /// A list, such as the rows of a deep insert.
    List(Vec<Value>),
}

/// A body that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the field `{field}` {why}")]
pub struct BodyError {
    /// The name of the field.
    pub field: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Body {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `name` a value.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Empties `name`, which is not the same as leaving it out.
    pub fn null(self, name: impl Into<String>) -> Self {
        self.set(name, Value::Null)
    }

    /// Makes the navigation `name` lead to the row `to` (`name@odata.bind`).
    pub fn bind(mut self, name: impl Into<String>, to: &Resource) -> Self {
        let name = format!("{}@odata.bind", name.into());
        self.parts.extend(to.part());
        self.fields.push((name, Value::Text(to.path().to_owned())));
        self
    }

    /// The body of a reference (`@odata.id`).
    pub(crate) fn reference(to: &Resource) -> Self {
        let fields = vec![("@odata.id".to_owned(), Value::Text(to.path().to_owned()))];
        Self { fields, numbers_as_text: false, parts: to.part().into_iter().collect() }
    }

    /// Creates rows together with this one (deep insert, OData Protocol 11.4.2.2).
    pub fn rows(self, name: impl Into<String>, rows: impl IntoIterator<Item = Body>) -> Self {
        self.set(name, Value::List(rows.into_iter().map(Value::Row).collect()))
    }

    /// Writes numbers as text (`IEEE754Compatible=true`), for servers that read numbers as doubles.
    pub fn numbers_as_text(mut self) -> Self {
        self.numbers_as_text = true;
        self
    }

    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The JSON text. A name that is no identifier, or is given twice, is an error.
    pub fn encoded(&self) -> Result<String, BodyError> {
        let mut out = String::new();
        push_row(&mut out, self, self.numbers_as_text)?;
        Ok(out)
    }

    /// The parts of a batch that are bound in it or in what is nested.
    pub(crate) fn parts(&self) -> Vec<PartId> {
        let mut parts = self.parts.clone();
        for (_, value) in &self.fields {
            parts_of(value, &mut parts);
        }
        parts
    }

    pub(crate) fn content_type(&self) -> &'static str {
        if self.numbers_as_text { "application/json;IEEE754Compatible=true" } else { "application/json" }
    }
}

fn parts_of(value: &Value, parts: &mut Vec<PartId>) {
    match value {
        Value::Row(row) => parts.extend(row.parts()),
        Value::List(values) => values.iter().for_each(|value| parts_of(value, parts)),
        _ => {}
    }
}

fn push_row(out: &mut String, body: &Body, quoted: bool) -> Result<(), BodyError> {
    out.push('{');
    for (index, (name, value)) in body.fields.iter().enumerate() {
        check_name(body, index, name)?;
        if index > 0 {
            out.push(',');
        }
        push_text(out, name);
        out.push(':');
        push_value(out, value, quoted)?;
    }
    out.push('}');
    Ok(())
}

fn check_name(body: &Body, index: usize, name: &str) -> Result<(), BodyError> {
    let plain = name.strip_suffix("@odata.bind").unwrap_or(name);
    let error = |why| Err(BodyError { field: name.to_owned(), why });
    if name != "@odata.id" && (plain.contains(['/', '.']) || !is_identifier_path(plain)) {
        return error("is no property name");
    }
    if body.fields.iter().take(index).any(|(earlier, _)| earlier == name) {
        return error("is given twice");
    }
    Ok(())
}

fn push_value(out: &mut String, value: &Value, quoted: bool) -> Result<(), BodyError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Text(text) => push_text(out, text),
        Value::Int(number) => push_number(out, &number.to_string(), quoted),
        Value::Decimal(number) => push_number(out, &number.to_string(), quoted),
        Value::Row(row) => push_row(out, row, quoted)?,
        Value::List(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_value(out, value, quoted)?;
            }
            out.push(']');
        }
    }
    Ok(())
}

fn push_number(out: &mut String, digits: &str, quoted: bool) {
    let quote = if quoted { "\"" } else { "" };
    out.extend([quote, digits, quote]);
}

fn push_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number)
    }
}

impl From<Date> for Value {
    fn from(date: Date) -> Self {
        Self::Text(date.to_string())
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Self::Text(instant.to_string())
    }
}

impl From<Body> for Value {
    fn from(body: Body) -> Self {
        Self::Row(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_in_both_forms() {
        let digits = "79228162514264337593543950.10";
        let body = Body::new().set("A", digits.parse::<Decimal>().unwrap()).set("B", i64::MAX);
        assert_eq!(body.encoded().unwrap(), format!("{{\"A\":{digits},\"B\":9223372036854775807}}"));
        let text = body.numbers_as_text();
        assert_eq!(text.encoded().unwrap(), format!("{{\"A\":\"{digits}\",\"B\":\"9223372036854775807\"}}"));
        assert_eq!(text.content_type(), "application/json;IEEE754Compatible=true");
    }

    #[test]
    fn deep_inserts_nest_and_text_is_escaped() {
        let line = Body::new().set("No", 1).set("Text", "a\"\n\u{1}b");
        let body = Body::new().rows("Lines", [line]).set("Day", jiff::civil::date(2026, 2, 28));
        let text = "{\"Lines\":[{\"No\":1,\"Text\":\"a\\\"\\n\\u0001b\"}],\"Day\":\"2026-02-28\"}";
        assert_eq!(body.encoded().unwrap(), text);
    }

    #[test]
    fn a_name_given_twice_or_made_up_is_refused() {
        assert!(Body::new().set("A", 1).null("A").encoded().is_err());
        assert!(Body::new().rows("L", [Body::new().set("a b", 1)]).encoded().is_err());
        assert!(Body::new().set("A@odata.etag", "x").encoded().is_err());
    }
}
