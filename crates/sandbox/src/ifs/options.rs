//! The query options of a collection request.

use std::collections::BTreeSet;

use super::apply::{Apply, split};
use super::expression::Expression;
use super::parser::parse;
use super::problem::Problem;
use super::view::{Link, Sight};

/// What a request asks of a collection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) filter: Option<Expression>,
    /// Columns and whether they descend.
    pub(crate) order: Vec<(usize, bool)>,
    /// Columns to show; all, if none are named.
    pub(crate) select: Option<Vec<usize>>,
    pub(crate) top: Option<usize>,
    pub(crate) skip: usize,
    pub(crate) count: bool,
    /// Rows to show along with each.
    pub(crate) expand: Vec<Expansion>,
    pub(crate) apply: Option<Apply>,
    /// How many rows a server-driven walk has shown already.
    pub(crate) skip_token: usize,
    /// The raw query without its skip token, for nextLinks.
    pub(crate) raw: String,
}

/// A navigation to one row that is shown along.
#[derive(Debug, Clone)]
pub(crate) struct Expansion {
    pub(crate) link: &'static Link,
    pub(crate) select: Option<Vec<usize>>,
}

impl Options {
    pub(crate) fn parse(query: &str, sight: Sight<'_>) -> Result<Self, Problem> {
        let mut options = Self::default();
        let mut raw = Vec::new();
        let mut seen = BTreeSet::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if name != "$skiptoken" {
                raw.push(pair);
            }
            options.set(&name, &value, sight)?;
            if name.starts_with('$') && !seen.insert(name.clone()) {
                return Err(Problem::bad(format!("the query option {name} stands there twice")));
            }
        }
        options.raw = raw.join("&");
        let alone = options.filter.is_none() && options.order.is_empty() && options.select.is_none();
        if options.apply.is_some() && !(alone && options.expand.is_empty()) {
            return Err(Problem::unsupported("$apply together with other options is not supported"));
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str, sight: Sight<'_>) -> Result<(), Problem> {
        match name {
            "$filter" => self.filter = Some(parse(value, sight)?),
            "$orderby" => self.order = order(value, sight)?,
            "$select" => {
                self.select = select(value, sight)?;
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
            "$expand" => self.expand = expand(value, sight)?,
            "$apply" => self.apply = Some(Apply::parse(value, sight)?),
            "$search" | "$compute" | "$deltatoken" => {
                return Err(Problem::unsupported(format!("{name} is not supported")));
            }
            _ if name.starts_with('$') => return Err(Problem::bad(format!("unknown query option {name}"))),
            _ => {}
        }
        Ok(())
    }
}

/// The columns of `$select`; the members that every row carries may be named too.
fn select(value: &str, sight: Sight<'_>) -> Result<Option<Vec<usize>>, Problem> {
    let names = value.split(',').map(str::trim);
    if names.clone().any(|name| name == "*") {
        return Ok(None);
    }
    names
        .filter(|name| !matches!(*name, "luname" | "keyref"))
        .map(|name| sight.column(name))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// `VendorNoRef($select=Name),ContractRef`: to one row each.
fn expand(value: &str, sight: Sight<'_>) -> Result<Vec<Expansion>, Problem> {
    let item = |item: &str| {
        let item = item.trim();
        let (name, nested) = item.split_once('(').map_or((item, None), |(name, rest)| (name, Some(rest)));
        let link = sight.view.link(name);
        let link = link.ok_or_else(|| Problem::bad(format!("there is no navigation {name}")))?;
        if link.many {
            let words = format!("$expand works for one-to-one associations only, and {name} is a collection");
            return Err(Problem::unsupported(words));
        }
        let mut select = None;
        for option in
            nested.map(|rest| rest.strip_suffix(')').unwrap_or(rest)).into_iter().flat_map(nested_options)
        {
            match option.split_once('=') {
                Some(("$select", names)) => {
                    select = self::select(names, Sight { view: link.target, ..sight })?;
                }
                _ => return Err(Problem::unsupported(format!("{option} within $expand is not supported"))),
            }
        }
        Ok(Expansion { link, select })
    };
    split(value, ',').into_iter().map(item).collect()
}

fn nested_options(text: &str) -> Vec<&str> {
    split(text, ';')
}

fn order(value: &str, sight: Sight<'_>) -> Result<Vec<(usize, bool)>, Problem> {
    let item = |item: &str| {
        let mut words = item.split_whitespace();
        let place = sight.column(words.next().unwrap_or_default())?;
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
    use crate::ifs::schema::SUPPLIER_VIEW;
    use crate::ifs::view::Drift;

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
        let sight = Sight { view: &SUPPLIER_VIEW, namespace: "N", drift: Drift::NONE };
        let parse = |query: &str| Options::parse(query, sight).map_err(|problem| problem.status.as_u16());
        for (query, expected) in [
            ("$expand=SupplierInfoAddresses", 501),
            ("$search=x", 501),
            ("$apply=concat(x)", 501),
            ("$apply=aggregate(Nam%20with%20sum%20as%20N)", 400),
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
            assert_eq!(parse(query).err(), Some(expected), "{query}");
        }
        let options =
            parse("%24select=Name,luname&odata-debug=json&$skiptoken=7&$top=9").expect("understood");
        assert_eq!(options.raw, "%24select=Name,luname&odata-debug=json&$top=9");
        assert_eq!((options.skip_token, options.top), (7, Some(9)));
        assert_eq!(options.select.map(|select| select.len()), Some(1));
        assert_eq!(parse("$select=*").expect("understood").select, None);
    }
}
