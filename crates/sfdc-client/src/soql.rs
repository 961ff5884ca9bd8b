//! SOQL by values: identifiers are checked, literals escaped, and the length of the URL is known to
//! the byte.
//!
//! Rules: SOQL and SOSL Reference, "SOQL SELECT Syntax" (at most 100,000 characters); the request
//! line and headers together may have 16,384 bytes (REST API errors 414 and 431).

use std::fmt::Write as _;

use wire::percent;

use crate::filter::{Filter, Operator};
use crate::literal::{LITERAL, Literal};

/// Longest percent-encoded query that is sent in a URL: leaves room for the path and all headers,
/// tokens of an ordinary size among them.
pub const URL_BUDGET: usize = 12_000;
/// Longest query that SOQL takes, in characters.
pub const QUERY_BUDGET: usize = 100_000;
/// The most values in the `IN` list of a query inside a composite call: as many rows as a page has.
pub const PART_ROWS: usize = 2_000;
/// The largest `OFFSET`.
pub const MAX_OFFSET: u16 = 2_000;
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
    /// A condition made of no conditions.
    #[error("a condition made of no conditions")]
    Empty,
    /// Longer than a URL may be.
    #[error("a query of {0} bytes does not fit into a URL ({URL_BUDGET}): ask for less at once")]
    Url(usize),
    /// Longer than SOQL takes.
    #[error("a query of {0} characters is longer than SOQL takes ({QUERY_BUDGET})")]
    Query(usize),
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

/// A function over many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// `COUNT`: rows whose field has a value.
    Count,
    /// `COUNT_DISTINCT`
    CountDistinct,
    /// `SUM`
    Sum,
    /// `AVG`
    Average,
    /// `MIN`
    Min,
    /// `MAX`
    Max,
}

impl Aggregate {
    fn text(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::CountDistinct => "COUNT_DISTINCT",
            Self::Sum => "SUM",
            Self::Average => "AVG",
            Self::Min => "MIN",
            Self::Max => "MAX",
        }
    }
}

/// By what rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort<'a> {
    field: &'a str,
    descending: bool,
    nulls_last: bool,
}

impl<'a> Sort<'a> {
    /// Smallest first, rows without a value before all others.
    pub fn ascending(field: &'a str) -> Self {
        Self { field, descending: false, nulls_last: false }
    }

    /// Largest first, rows without a value before all others.
    pub fn descending(field: &'a str) -> Self {
        Self { descending: true, ..Self::ascending(field) }
    }

    /// Rows without a value after all others.
    pub fn nulls_last(self) -> Self {
        Self { nulls_last: true, ..self }
    }
}

/// A `SELECT`.
///
/// ```
/// use sfdc_client::{Literal, Select};
/// let keys = ["S1", "O'Neil"].map(|key| Literal::Text(key.to_owned()));
/// let select = Select::from("Account", ["Id", "Name"])?.where_in("IFS_Key__c", &keys)?;
/// assert_eq!(select.text(), r"SELECT Id,Name FROM Account WHERE IFS_Key__c IN ('S1','O\'Neil')");
/// # Ok::<(), sfdc_client::SoqlError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    object: String,
    columns: Vec<String>,
    filters: Vec<Filter>,
    groups: Vec<String>,
    order: Vec<String>,
    limit: Option<u32>,
    offset: Option<u16>,
}

impl Select {
    /// Selects `fields` of an object; `Owner.Name` reads a field of a related record.
    pub fn from<'a>(object: &str, fields: impl IntoIterator<Item = &'a str>) -> Result<Self, SoqlError> {
        let columns =
            fields.into_iter().map(|field| identifier(field).map(str::to_owned)).collect::<Result<_, _>>()?;
        Ok(Self {
            object: identifier(object)?.to_owned(),
            columns,
            filters: Vec::new(),
            groups: Vec::new(),
            order: Vec::new(),
            limit: None,
            offset: None,
        })
    }

    /// Only counts the rows: the answer has their number and no rows.
    pub fn count(object: &str) -> Result<Self, SoqlError> {
        Ok(Self { columns: vec!["COUNT()".to_owned()], ..Self::from(object, [])? })
    }

    /// One more field.
    pub fn also(mut self, field: &str) -> Result<Self, SoqlError> {
        self.columns.push(identifier(field)?.to_owned());
        Ok(self)
    }

    /// A function over many rows, under a name of its own.
    pub fn aggregate(mut self, function: Aggregate, field: &str, name: &str) -> Result<Self, SoqlError> {
        self.columns.push(format!("{}({}) {}", function.text(), identifier(field)?, identifier(name)?));
        Ok(self)
    }

    /// The child records of each row, by the name of the relationship, which `select` is `from`.
    /// Their rows come in pages of their own.
    pub fn children(mut self, select: &Self) -> Result<Self, SoqlError> {
        self.columns.push(format!("({})", select.text()));
        Ok(self)
    }

    /// One row for all rows that are alike in these fields.
    pub fn group_by<'a>(mut self, fields: impl IntoIterator<Item = &'a str>) -> Result<Self, SoqlError> {
        for field in fields {
            self.groups.push(identifier(field)?.to_owned());
        }
        Ok(self)
    }

    /// Only rows for which this holds, and everything that was asked for before.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Only rows whose field has one of these values.
    pub fn where_in(self, field: &str, values: &[Literal]) -> Result<Self, SoqlError> {
        Ok(self.filter(Filter::one_of(field, values)?))
    }

    /// Only rows for which `field operator value` holds.
    pub fn where_is(self, field: &str, operator: Operator, value: &Literal) -> Result<Self, SoqlError> {
        Ok(self.filter(Filter::is(field, operator, value)?))
    }

    /// Sorted by these fields, smallest first, after what was asked for before.
    pub fn order_by<'a>(self, fields: impl IntoIterator<Item = &'a str>) -> Result<Self, SoqlError> {
        fields.into_iter().try_fold(self, |select, field| select.order(&Sort::ascending(field)))
    }

    /// Sorted by this, after what was asked for before.
    pub fn order(mut self, sort: &Sort<'_>) -> Result<Self, SoqlError> {
        let mut text = identifier(sort.field)?.to_owned();
        text.push_str(if sort.descending { " DESC" } else { "" });
        text.push_str(if sort.nulls_last { " NULLS LAST" } else { "" });
        self.order.push(text);
        Ok(self)
    }

    /// At most so many rows.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Without so many rows at the beginning, at most [`MAX_OFFSET`].
    pub fn offset(mut self, rows: u16) -> Self {
        self.offset = Some(rows.min(MAX_OFFSET));
        self
    }

    /// The query's text.
    pub fn text(&self) -> String {
        let mut out = format!("SELECT {} FROM {}", self.columns.join(","), self.object);
        for (place, filter) in self.filters.iter().enumerate() {
            out.push_str(if place == 0 { " WHERE " } else { " AND " });
            out.push_str(filter.text());
        }
        for (word, names) in [(" GROUP BY ", &self.groups), (" ORDER BY ", &self.order)] {
            if !names.is_empty() {
                out.push_str(word);
                out.push_str(&names.join(","));
            }
        }
        if let Some(limit) = self.limit {
            // Writing to a String cannot fail.
            let _ = write!(out, " LIMIT {limit}");
        }
        if let Some(offset) = self.offset {
            let _ = write!(out, " OFFSET {offset}");
        }
        out
    }

    /// The query as it stands in a URL.
    pub fn encoded(&self) -> String {
        encoded(&self.text())
    }

    /// The same, if a URL of its own can hold it.
    pub fn for_url(&self) -> Result<String, SoqlError> {
        let encoded = self.encoded();
        if encoded.len() > URL_BUDGET { Err(SoqlError::Url(encoded.len())) } else { Ok(encoded) }
    }

    /// The same, if SOQL takes it at all: for a part of a composite call, whose URLs stand in the
    /// body.
    pub fn for_part(&self) -> Result<String, SoqlError> {
        let text = self.text();
        let characters = text.chars().count();
        if characters > QUERY_BUDGET { Err(SoqlError::Query(characters)) } else { Ok(encoded(&text)) }
    }

    /// How many of `values`, from the first on, can stand in one `IN` list of this query on `field`
    /// in a URL; at least one, if there are any.
    pub fn fitting(&self, field: &str, values: &[Literal]) -> Result<usize, SoqlError> {
        let empty = self.clone().where_in(field, &[])?.encoded().len();
        fitting(URL_BUDGET.saturating_sub(empty), values, |text| percent::length(text, PLAIN))
    }

    /// The same for a query inside a composite call, at most [`PART_ROWS`].
    pub fn fitting_part(&self, field: &str, values: &[Literal]) -> Result<usize, SoqlError> {
        let empty = self.clone().where_in(field, &[])?.text().chars().count();
        let values = values.get(..values.len().min(PART_ROWS)).unwrap_or_default();
        fitting(QUERY_BUDGET.saturating_sub(empty), values, |text| text.chars().count())
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    percent::push(&mut out, text, PLAIN);
    out
}

/// How many values and their separators fit.
fn fitting(mut left: usize, values: &[Literal], length: impl Fn(&str) -> usize) -> Result<usize, SoqlError> {
    let mut text = String::new();
    for (place, value) in values.iter().enumerate() {
        text.clear();
        value.push(&mut text)?;
        // The first needs no separator.
        let needed = length(&text) + usize::from(place > 0);
        if needed > left && place > 0 {
            return Ok(place);
        }
        left = left.saturating_sub(needed);
    }
    Ok(values.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::filter::Pattern;

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
    fn every_clause_is_written() {
        let contacts = Select::from("Contacts", ["Id", "Email"]).expect("names").limit(3);
        let query = select()
            .also("Owner.Name")
            .and_then(|query| query.children(&contacts))
            .and_then(|query| query.order(&Sort::descending("AnnualRevenue").nulls_last()))
            .expect("names")
            .filter(Filter::none_of("Type", &[Literal::Text("x".into())]).expect("a filter"))
            .limit(10)
            .offset(20);
        assert_eq!(
            query.text(),
            "SELECT Id,IFS_Key__c,Owner.Name,(SELECT Id,Email FROM Contacts LIMIT 3) FROM Account \
             WHERE Type NOT IN ('x') ORDER BY AnnualRevenue DESC NULLS LAST LIMIT 10 OFFSET 20"
        );
        assert_eq!(Select::count("Account").expect("a name").text(), "SELECT COUNT() FROM Account");
        let totals = Select::from("Order", ["Status"])
            .and_then(|query| query.aggregate(Aggregate::Sum, "TotalAmount", "total"))
            .and_then(|query| query.aggregate(Aggregate::CountDistinct, "AccountId", "customers"))
            .and_then(|query| query.group_by(["Status"]))
            .expect("names");
        assert_eq!(
            totals.text(),
            "SELECT Status,SUM(TotalAmount) total,COUNT_DISTINCT(AccountId) customers FROM Order GROUP BY Status"
        );
        let orders = Select::from("Order", ["AccountId"]).expect("names");
        let semi = select().filter(Filter::found_by("Id", &orders).expect("a filter"));
        assert!(semi.text().ends_with("WHERE Id IN (SELECT AccountId FROM Order)"));
        assert_eq!(select().aggregate(Aggregate::Max, "X", "a b"), Err(SoqlError::Identifier("a b".into())));
        assert_eq!(Filter::any([]), Err(SoqlError::Empty));
    }

    #[test]
    fn a_query_that_no_url_holds_is_not_sent() {
        let values = vec![Literal::Text("x".repeat(3_000)); 4];
        let query = select().where_in("IFS_Key__c", &values).expect("a query");
        assert!(matches!(query.for_url(), Err(SoqlError::Url(bytes)) if bytes > URL_BUDGET));
        assert!(select().for_url().is_ok());
        let values = vec![Literal::Text("x".repeat(3_000)); 40];
        let query = select().where_in("IFS_Key__c", &values).expect("a query");
        assert!(matches!(query.for_part(), Err(SoqlError::Query(characters)) if characters > 100_000));
        let fitting = select().fitting_part("IFS_Key__c", &values).expect("names");
        let length = |count: usize| {
            select().where_in("IFS_Key__c", &values[..count]).expect("a query").text().chars().count()
        };
        assert!(length(fitting) <= 100_000 && length(fitting + 1) > 100_000, "{fitting}");
        let short = vec![Literal::Text("x".into()); 5_000];
        assert_eq!(select().fitting_part("IFS_Key__c", &short), Ok(PART_ROWS));
    }

    #[test]
    fn patterns_stand_for_themselves() {
        for (pattern, text) in [
            (Pattern::StartsWith("50%"), r"X LIKE '50\%%'"),
            (Pattern::EndsWith("a_b"), r"X LIKE '%a\_b'"),
            (Pattern::Contains("O'Neil\\"), r"X LIKE '%O\'Neil\\%'"),
        ] {
            assert_eq!(Filter::like("X", pattern).expect("a filter").text(), text);
        }
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
                prop_assert!(length(fitting + 1) > URL_BUDGET);
            }
        }
    }
}
