//! The query options of one read.

use std::fmt::Write as _;

use crate::Filter;
use crate::encode::push_query_value;

/// What is asked of an entity set. Options that are not set are not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Which rows (`$filter`).
    pub filter: Option<Filter>,
    /// Which properties (`$select`).
    pub select: Vec<String>,
    /// In which order (`$orderby`).
    pub order_by: Vec<Order>,
    /// How many rows at most, over all pages (`$top`).
    pub top: Option<u64>,
    /// How many rows are left out first (`$skip`); rows move while one walks this way, so a walk
    /// that must not lose any does not use it.
    pub skip: Option<u64>,
    /// Whether the server shall count all matching rows (`$count=true`).
    pub count: bool,
}

/// One part of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The property.
    pub property: String,
    /// Largest first.
    pub descending: bool,
}

impl Order {
    /// Smallest first.
    pub fn ascending(property: impl Into<String>) -> Self {
        Self { property: property.into(), descending: false }
    }
}

impl Query {
    /// The query string, percent-encoded, without the question mark; empty if nothing is set.
    pub fn encoded(&self) -> String {
        let mut out = String::new();
        if let Some(filter) = &self.filter {
            option(&mut out, "$filter", &filter.to_string());
        }
        if !self.select.is_empty() {
            option(&mut out, "$select", &self.select.join(","));
        }
        if !self.order_by.is_empty() {
            let parts: Vec<String> = self.order_by.iter().map(order_text).collect();
            option(&mut out, "$orderby", &parts.join(","));
        }
        for (name, number) in [("$top", self.top), ("$skip", self.skip)] {
            if let Some(number) = number {
                name_of(&mut out, name);
                // Writing to a string cannot fail.
                let _ = write!(out, "{number}");
            }
        }
        if self.count {
            option(&mut out, "$count", "true");
        }
        out
    }
}

fn order_text(order: &Order) -> String {
    let direction = if order.descending { "desc" } else { "asc" };
    format!("{} {direction}", order.property)
}

fn name_of(out: &mut String, name: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
}

fn option(out: &mut String, name: &str, value: &str) {
    name_of(out, name);
    push_query_value(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::property;

    #[test]
    fn options_are_encoded_once() {
        let query = Query {
            filter: Some(property("Name").eq("A & B's 50%")),
            select: vec!["Name".into(), "City".into()],
            order_by: vec![Order::ascending("Name"), Order { property: "City".into(), descending: true }],
            top: Some(5000),
            skip: Some(1),
            count: true,
        };
        assert_eq!(
            query.encoded(),
            "$filter=(Name%20eq%20%27A%20%26%20B%27%27s%2050%25%27)&$select=Name,City\
             &$orderby=Name%20asc,City%20desc&$top=5000&$skip=1&$count=true"
        );
        assert_eq!(Query::default().encoded(), "");
    }
}
