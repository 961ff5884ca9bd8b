//! SOQL by values: identifiers are checked, literals escaped, and the length of the URL is known to
//! the byte.
//!
//! Rules: SOQL and SOSL Reference, "Quoted String Escape Sequences" and "Date Formats"; the request
//! line and headers together may have 16,384 bytes (REST API errors 414 and 431).

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use wire::percent;

/// Longest percent-encoded query that is sent: leaves room for the path and all headers.
pub const URL_BUDGET: usize = 12_000;
/// Longest text literal that SOQL takes, in characters.
const LITERAL: usize = 4_000;
/// Percent-encoding keeps these too: they mean nothing in a query value.
const PLAIN: fn(u8) -> bool = |byte| matches!(byte, b'(' | b')' | b',' | b':' | b'*' | b'!');

/// A query that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoqlError {
    /// Not the API name of an object or field.
    #[error("{0:?} is no API name: letters, digits, _ and . only")]
    Identifier(String),
    /// A text that SOQL does not take.
    #[error("a text of {0} characters is longer than SOQL takes ({LITERAL})")]
    TooLong(usize),
}

/// A value in a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// An exact number.
    Number(Decimal),
    /// A truth value.
    Bool(bool),
    /// A day.
    Date(Date),
    /// An instant.
    DateTime(Timestamp),
    /// No value.
    Null,
}

impl Literal {
    fn push(&self, out: &mut String) -> Result<(), SoqlError> {
        match self {
            Self::Text(text) => return push_text(out, text),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Date(date) => out.push_str(&date.to_string()),
            Self::DateTime(instant) => out.push_str(&instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()),
            Self::Null => out.push_str("null"),
        }
        Ok(())
    }
}

/// The name, if it is one: letters, digits and underscores, joined by dots.
pub fn identifier(name: &str) -> Result<&str, SoqlError> {
    let good = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if name.split('.').all(good) { Ok(name) } else { Err(SoqlError::Identifier(name.to_owned())) }
}

/// A text literal, quoted and escaped.
fn push_text(out: &mut String, text: &str) -> Result<(), SoqlError> {
    let length = text.chars().count();
    if length > LITERAL {
        return Err(SoqlError::TooLong(length));
    }
    out.push('\'');
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            other => out.push(other),
        }
    }
    out.push('\'');
    Ok(())
}

/// A `SELECT`.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    object: String,
    fields: Vec<String>,
    conditions: Vec<String>,
    order: Vec<String>,
    limit: Option<u32>,
}

impl Select {
    /// Selects `fields` of an object.
    pub fn from<'a>(object: &str, fields: impl IntoIterator<Item = &'a str>) -> Result<Self, SoqlError> {
        let fields =
            fields.into_iter().map(|field| identifier(field).map(str::to_owned)).collect::<Result<_, _>>()?;
        let object = identifier(object)?.to_owned();
        Ok(Self { object, fields, conditions: Vec::new(), order: Vec::new(), limit: None })
    }

    /// Only rows whose field has one of these values.
    pub fn where_in(mut self, field: &str, values: &[Literal]) -> Result<Self, SoqlError> {
        let mut condition = format!("{} IN (", identifier(field)?);
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                condition.push(',');
            }
            value.push(&mut condition)?;
        }
        condition.push(')');
        self.conditions.push(condition);
        Ok(self)
    }

    /// Only rows for which `field operator value` holds; operators are `=`, `!=`, `<`, `<=`, `>`,
    /// `>=`.
    pub fn where_is(mut self, field: &str, operator: Operator, value: &Literal) -> Result<Self, SoqlError> {
        let mut condition = format!("{} {} ", identifier(field)?, operator.text());
        value.push(&mut condition)?;
        self.conditions.push(condition);
        Ok(self)
    }

    /// Ordered by these fields, ascending.
    pub fn order_by<'a>(mut self, fields: impl IntoIterator<Item = &'a str>) -> Result<Self, SoqlError> {
        for field in fields {
            self.order.push(identifier(field)?.to_owned());
        }
        Ok(self)
    }

    /// At most so many rows.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// The query's text.
    pub fn text(&self) -> String {
        let mut out = format!("SELECT {} FROM {}", self.fields.join(","), self.object);
        for (place, condition) in self.conditions.iter().enumerate() {
            out.push_str(if place == 0 { " WHERE " } else { " AND " });
            out.push_str(condition);
        }
        if !self.order.is_empty() {
            out.push_str(" ORDER BY ");
            out.push_str(&self.order.join(","));
        }
        if let Some(limit) = self.limit {
            out.push_str(" LIMIT ");
            out.push_str(&limit.to_string());
        }
        out
    }

    /// The query as it stands in a URL.
    pub fn encoded(&self) -> String {
        let text = self.text();
        let mut out = String::with_capacity(text.len() * 2);
        percent::push(&mut out, &text, PLAIN);
        out
    }

    /// How many of `values`, from the first on, can stand in one `IN` list of this query on `field`;
    /// at least one, if there are any.
    pub fn fitting(&self, field: &str, values: &[Literal]) -> Result<usize, SoqlError> {
        let mut left = URL_BUDGET.saturating_sub(self.clone().where_in(field, &[])?.encoded().len());
        let mut text = String::new();
        for (place, value) in values.iter().enumerate() {
            text.clear();
            value.push(&mut text)?;
            let needed = percent::length(&text, PLAIN) + 1;
            if needed > left && place > 0 {
                return Ok(place);
            }
            left = left.saturating_sub(needed);
        }
        Ok(values.len())
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Operator {
    fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn select() -> Select {
        Select::from("Account", ["Id", "IFS_Key__c"]).expect("names")
    }

    /// The literals of a text, read by the rules of the SOQL reference, independently of the writer.
    fn literals(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter != '\'' {
                continue;
            }
            let mut literal = String::new();
            loop {
                match letters.next().expect("the literal ends") {
                    '\'' => break,
                    '\\' => literal.push(match letters.next().expect("an escape ends") {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'b' => '\u{8}',
                        'f' => '\u{c}',
                        other => other,
                    }),
                    other => literal.push(other),
                }
            }
            found.push(literal);
        }
        found
    }

    #[test]
    fn queries_are_written_in_order() {
        let query = select()
            .where_is(
                "SystemModstamp",
                Operator::AtLeast,
                &Literal::DateTime("2026-01-02T03:04:05.6Z".parse().expect("a stamp")),
            )
            .and_then(|query| query.where_in("IFS_Key__c", &[Literal::Text("a".into()), Literal::Null]))
            .and_then(|query| query.order_by(["SystemModstamp", "Id"]))
            .expect("names")
            .limit(5);
        assert_eq!(
            query.text(),
            "SELECT Id,IFS_Key__c FROM Account WHERE SystemModstamp >= 2026-01-02T03:04:05.600Z \
             AND IFS_Key__c IN ('a',null) ORDER BY SystemModstamp,Id LIMIT 5"
        );
    }

    #[test]
    fn names_from_a_configuration_cannot_carry_a_query() {
        for name in ["Name, (SELECT Id FROM Users)", "", "a b", "1a", "a..b", "Naïve", "x'"] {
            assert_eq!(identifier(name), Err(SoqlError::Identifier(name.to_owned())));
        }
        assert!(identifier("Owner.Name").is_ok() && identifier("IFS_Key__c").is_ok());
    }

    #[test]
    fn attacks_stay_one_literal() {
        for attack in ["' OR Name != '", "\\'", "\\", "%27", "%", "_", "a\nb", "\u{2019}", "'; DELETE"] {
            let query = select().where_in("IFS_Key__c", &[Literal::Text(attack.into())]).expect("names");
            assert_eq!(literals(&query.text()), [attack]);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_literal_and_reads_back(texts in proptest::collection::vec("\\PC{0,40}|[\\x00-\\x7f]{0,20}", 1..5)) {
            let values: Vec<Literal> = texts.iter().cloned().map(Literal::Text).collect();
            let query = select().where_in("IFS_Key__c", &values).expect("names");
            prop_assert_eq!(literals(&query.text()), texts);
            prop_assert!(query.encoded().bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+' && byte != b'#'));
        }

        #[test]
        fn lists_fit_the_budget_to_the_byte(texts in proptest::collection::vec("\\PC{0,60}", 1..700)) {
            let values: Vec<Literal> = texts.into_iter().map(Literal::Text).collect();
            let fitting = select().fitting("IFS_Key__c", &values).expect("names");
            prop_assert!(fitting > 0);
            let length = |count: usize| {
                select().where_in("IFS_Key__c", &values[..count]).expect("names").encoded().len()
            };
            prop_assert!(length(fitting) <= URL_BUDGET);
            if fitting < values.len() {
                // The separator of the last value is counted although it is not written.
                prop_assert!(length(fitting + 1) + 1 > URL_BUDGET);
            }
        }
    }
}
