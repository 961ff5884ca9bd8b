//! The query options of a collection request.

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
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if name != "$skiptoken" {
                raw.push(pair);
            }
            options.set(&name, &value, namespace, hidden)?;
        }
        options.raw = raw.join("&");
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str, namespace: &str, hidden: Option<&str>) -> Result<(), Problem> {
        match name {
            "$filter" => self.filter = Some(parse(value, namespace, hidden)?),
            "$orderby" => self.order = order(value, hidden)?,
            "$select" => {
                self.select =
                    Some(value.split(',').map(|name| column(name.trim(), hidden)).collect::<Result<_, _>>()?);
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
            "$format" | "odata-debug" => {}
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

/// Percent-decoding. A bare `+` is a plus sign, and no operator: the real server stumbles over it.
pub(crate) fn decode(text: &str) -> Result<String, Problem> {
    if text.contains('+') {
        return Err(Problem::bad("unexpected + in the query: a blank is written %20"));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut letters = text.bytes();
    while let Some(letter) = letters.next() {
        if letter != b'%' {
            bytes.push(letter);
            continue;
        }
        let pair: Vec<u8> = letters.by_ref().take(2).collect();
        let hex = std::str::from_utf8(&pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(hex.ok_or_else(|| Problem::bad("a broken percent sign in the query"))?);
    }
    String::from_utf8(bytes).map_err(|_| Problem::bad("the query is not UTF-8"))
}
