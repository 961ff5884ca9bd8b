//! The query options of a collection request.

use std::collections::BTreeSet;

use super::cell::{SUPPLIER, place};
use super::expression::Expression;
use super::parser::parse;
use super::problem::Problem;

/// What a request asks of a collection.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) filter: Option<Expression>,
    /// Columns and whether they descend.
    pub(crate) order: Vec<(usize, bool)>,
    /// Columns to show; all, if none are named.
    pub(crate) select: Option<Vec<usize>>,
    pub(crate) top: Option<usize>,
    pub(crate) skip: usize,
    pub(crate) count: bool,
    /// How many rows a server-driven walk has shown already.
    pub(crate) skip_token: usize,
    /// The raw query without its skip token, for nextLinks.
    pub(crate) raw: String,
}

impl Options {
    pub(crate) fn parse(query: &str, namespace: &str, hidden: Option<&str>) -> Result<Self, Problem> {
        let mut options = Self::default();
        let mut raw = Vec::new();
        let mut seen = BTreeSet::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if name != "$skiptoken" {
                raw.push(pair);
            }
            options.set(&name, &value, namespace, hidden)?;
            if name.starts_with('$') && !seen.insert(name.clone()) {
                return Err(Problem::bad(format!("the query option {name} stands there twice")));
            }
        }
        options.raw = raw.join("&");
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str, namespace: &str, hidden: Option<&str>) -> Result<(), Problem> {
        match name {
            "$filter" => self.filter = Some(parse(value, namespace, hidden)?),
            "$orderby" => self.order = order(value, hidden)?,
            "$select" => {
                self.select = select(value, hidden)?;
            }
            "$top" => self.top = Some(number(name, value)?),
            "$skip" => self.skip = number(name, value)?,
            "$skiptoken" => self.skip_token = number(name, value)?,
            "$count" => {
                self.count = match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err(Problem::bad("$count is true or false")),
                };
            }
            "$format" if value == "json" || value.starts_with("application/json") => {}
            "$format" => return Err(Problem::unsupported(format!("the format {value} is not supported"))),
            "$expand" => return Err(Problem::unsupported("$expand works for one-to-one associations only")),
            "$search" | "$compute" | "$deltatoken" | "$apply" => {
                return Err(Problem::unsupported(format!("{name} is not supported")));
            }
            _ if name.starts_with('$') => return Err(Problem::bad(format!("unknown query option {name}"))),
            _ => {}
        }
        Ok(())
    }
}

/// The columns of `$select`; the members that every row carries may be named too.
fn select(value: &str, hidden: Option<&str>) -> Result<Option<Vec<usize>>, Problem> {
    let names = value.split(',').map(str::trim);
    if names.clone().any(|name| name == "*") {
        return Ok(None);
    }
    names
        .filter(|name| !matches!(*name, "luname" | "keyref"))
        .map(|name| column(name, hidden))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn column(name: &str, hidden: Option<&str>) -> Result<usize, Problem> {
    place(name)
        .filter(|place| hidden != Some(name) && SUPPLIER.get(*place).is_some())
        .ok_or_else(|| Problem::bad(format!("the property {name} does not exist")))
}

fn order(value: &str, hidden: Option<&str>) -> Result<Vec<(usize, bool)>, Problem> {
    let item = |item: &str| {
        let mut words = item.split_whitespace();
        let place = column(words.next().unwrap_or_default(), hidden)?;
        match words.next() {
            None | Some("asc") => Ok((place, false)),
            Some("desc") => Ok((place, true)),
            Some(other) => Err(Problem::bad(format!("{other} is no direction"))),
        }
    };
    value.split(',').map(item).collect()
}

fn number(name: &str, value: &str) -> Result<usize, Problem> {
    value.parse().map_err(|_| Problem::bad(format!("{name} is no number: {value}")))
}

/// Percent-decoding. A `+` is a plus sign and never a blank (RFC 3986), so that a filter written by
/// a form encoder does not parse: real servers stumble over it too.
pub(crate) fn decode(text: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut letters = text.bytes();
    while let Some(letter) = letters.next() {
        if letter != b'%' {
            bytes.push(letter);
            continue;
        }
        let mut digit = || {
            let digit = letters.next().and_then(|letter| char::from(letter).to_digit(16));
            digit.and_then(|digit| u8::try_from(digit).ok())
        };
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push(high * 16 + low),
            _ => return Err(Problem::bad("a broken percent sign in the address")),
        }
    }
    String::from_utf8(bytes).map_err(|_| Problem::bad("the address is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_is_strict_and_leaves_plus_alone() {
        for (text, decoded) in [
            ("a%20b%27%27c", Some("a b''c")),
            ("a+b", Some("a+b")),
            ("%E6%9D%B1", Some("東")),
            ("%", None),
            ("%4", None),
            ("%+5", None),
            ("%zz", None),
            ("%FF", None),
        ] {
            assert_eq!(decode(text).ok().as_deref(), decoded, "{text}");
        }
    }

    #[test]
    fn options_that_are_not_understood_are_refused() {
        let parse = |query: &str| Options::parse(query, "N", None).map_err(|problem| problem.status.as_u16());
        for (query, expected) in [
            ("$expand=SupplierInfoAddresses", 501),
            ("$search=x", 501),
            ("$apply=aggregate($count%20as%20N)", 501),
            ("$deltatoken=1", 501),
            ("$format=xml", 501),
            ("$nonsense=1", 400),
            ("$top=-1", 400),
            ("$top=ten", 400),
            ("$top=1&$top=2", 400),
            ("$count=yes", 400),
            ("$orderby=Name+desc", 400),
            ("$orderby=Name%20down", 400),
            ("$orderby=Nam", 400),
            ("$select=Nam", 400),
        ] {
            assert_eq!(parse(query), Err(expected), "{query}");
        }
        let options =
            parse("%24select=Name,luname&odata-debug=json&$skiptoken=7&$top=9").expect("understood");
        assert_eq!(options.raw, "%24select=Name,luname&odata-debug=json&$top=9");
        assert_eq!((options.skip_token, options.top), (7, Some(9)));
        assert_eq!(options.select.map(|select| select.len()), Some(1));
        assert_eq!(parse("$select=*").expect("understood").select, None);
    }
}
