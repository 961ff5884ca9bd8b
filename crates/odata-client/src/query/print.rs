//! How query options are written.

use std::fmt::{self, Display, Formatter, Write as _};

use super::{Compute, Grouping, Hierarchy, Join, Levels, Nested, Order, Query, Transformation, Traversal};
use crate::encode::{push_custom_value, push_query_value};

/// Appends the options, percent-encoded, with `&` between them.
pub(super) fn push_encoded(query: &Query, out: &mut String) {
    let mut option = |name: &str, value: &str, push: fn(&mut String, &str)| {
        if !out.is_empty() {
            out.push('&');
        }
        push(out, name);
        out.push('=');
        push(out, value);
    };
    for (name, value) in typed(query) {
        option(&name, &value, push_query_value);
    }
    let texts = [("$format", &query.format), ("$id", &query.id), ("$schemaversion", &query.schema_version)];
    let tokens = [("$skiptoken", &query.skip_token), ("$deltatoken", &query.delta_token)];
    for (name, value) in texts.into_iter().chain(tokens) {
        if let Some(value) = value {
            option(name, value, push_option_text);
        }
    }
    for (name, value) in &query.aliases {
        option(&format!("@{name}"), &value.to_string(), push_query_value);
    }
    for (name, value) in &query.custom {
        option(name, value, push_custom_value);
    }
}

// The name of such an option begins with a dollar sign, which stays as it is; its value has no
// structure.
fn push_option_text(out: &mut String, text: &str) {
    match text.strip_prefix('$') {
        Some(rest) => {
            out.push('$');
            push_custom_value(out, rest);
        }
        None => push_custom_value(out, text),
    }
}

/// The options that have a place inside of others too, as a person writes them.
fn typed(query: &Query) -> Vec<(String, String)> {
    let mut options = Vec::new();
    let mut option = |name: &str, value: String| options.push((name.to_owned(), value));
    if !query.apply.is_empty() {
        option("$apply", separated(&query.apply, "/"));
    }
    if !query.compute.is_empty() {
        option("$compute", separated(&query.compute, ","));
    }
    if let Some(filter) = &query.filter {
        option("$filter", filter.to_string());
    }
    if let Some(search) = &query.search {
        option("$search", search.to_string());
    }
    if !query.select.is_empty() {
        option("$select", separated(&query.select, ","));
    }
    if !query.expand.is_empty() {
        option("$expand", separated(&query.expand, ","));
    }
    if !query.order_by.is_empty() {
        option("$orderby", separated(&query.order_by, ","));
    }
    for (name, number) in [("$top", query.top), ("$skip", query.skip)] {
        if let Some(number) = number {
            option(name, number.to_string());
        }
    }
    if query.count {
        option("$count", "true".to_owned());
    }
    if let Some(index) = query.index {
        option("$index", index.to_string());
    }
    options
}

/// The options in parentheses behind what they belong to; nothing if there are none.
pub(super) fn write_nested(f: &mut Formatter<'_>, query: &Query, levels: Option<Levels>) -> fmt::Result {
    let mut options = typed(query);
    options.extend(levels.map(|levels| ("$levels".to_owned(), levels.to_string())));
    options.extend(query.aliases.iter().map(|(name, value)| (format!("@{name}"), value.to_string())));
    for (index, (name, value)) in options.iter().enumerate() {
        write!(f, "{}{name}={value}", if index == 0 { '(' } else { ';' })?;
    }
    if options.is_empty() { Ok(()) } else { f.write_str(")") }
}

fn separated(items: &[impl Display], separator: &str) -> String {
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        let before = if index == 0 { "" } else { separator };
        // Writing to a string cannot fail.
        let _ = write!(out, "{before}{item}");
    }
    out
}

/// `first` before the first item, `separator` between the items.
pub(super) fn write_separated(
    f: &mut Formatter<'_>,
    first: &str,
    items: &[impl Display],
    separator: &str,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if index == 0 { first } else { separator })?;
    }
    Ok(())
}

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.by, if self.descending { "desc" } else { "asc" })
    }
}

impl Display for Compute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}", self.expression, self.alias)
    }
}

impl Display for Transformation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate(items) => write!(f, "aggregate({})", separated(items, ",")),
            Self::Compute(items) => write!(f, "compute({})", separated(items, ",")),
            Self::Concat(sequences) => {
                let sequences: Vec<String> = sequences.iter().map(|steps| separated(steps, "/")).collect();
                write!(f, "concat({})", sequences.join(","))
            }
            Self::GroupBy { by, then } => {
                write!(f, "groupby(({})", separated(by, ","))?;
                write_sequence(f, then)?;
                f.write_str(")")
            }
            Self::Join(join) => join.fmt(f),
            Self::Nest { path: None, results } => write!(f, "nest({})", separated(results, ",")),
            Self::Nest { path: Some(path), results } => {
                write!(f, "addnested({path},{})", separated(results, ","))
            }
            Self::Ranked { rank, amount, by } => write!(f, "{}({amount},{by})", rank.name()),
            Self::Filter(condition) => write!(f, "filter({condition})"),
            Self::Search(search) => write!(f, "search({search})"),
            Self::Identity => f.write_str("identity"),
            Self::OrderBy(orders) => write!(f, "orderby({})", separated(orders, ",")),
            Self::Skip(rows) => write!(f, "skip({rows})"),
            Self::Top(rows) => write!(f, "top({rows})"),
            Self::Ancestors(traversal) => write!(f, "ancestors({traversal})"),
            Self::Descendants(traversal) => write!(f, "descendants({traversal})"),
            Self::Traverse { hierarchy, preorder, start, order_by } => {
                write!(f, "traverse({hierarchy},{}", if *preorder { "preorder" } else { "postorder" })?;
                write_sequence(f, start)?;
                write_separated(f, ",", order_by, ",")?;
                f.write_str(")")
            }
            Self::Function(call) => write!(f, "{call}"),
        }
    }
}

// A comma and the steps; nothing without steps.
fn write_sequence(f: &mut Formatter<'_>, steps: &[Transformation]) -> fmt::Result {
    write_separated(f, ",", steps, "/")
}

impl Display for Grouping {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(path) => write!(f, "{path}"),
            Self::Rollup(paths) => write!(f, "rollup({})", separated(paths, ",")),
            Self::RollupRecursive { hierarchy, start } => {
                write!(f, "rolluprecursive({hierarchy}")?;
                write_sequence(f, start)?;
                f.write_str(")")
            }
        }
    }
}

impl Display for Hierarchy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.nodes, self.qualifier, self.property)
    }
}

impl Display for Traversal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.hierarchy)?;
        write_sequence(f, &self.start)?;
        if let Some(distance) = self.distance {
            write!(f, ",{distance}")?;
        }
        f.write_str(if self.keep_start { ",keep start" } else { "" })
    }
}

impl Display for Join {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = if self.outer { "outerjoin" } else { "join" };
        write!(f, "{name}({} as {}", self.path, self.alias)?;
        write_sequence(f, &self.then)?;
        f.write_str(")")
    }
}

impl Display for Nested {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}", separated(&self.sequence, "/"), self.alias)
    }
}
