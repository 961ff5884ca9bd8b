//! Stretches of time of one kind, in order.

use std::sync::Arc;

use jiff::Timestamp;

/// A stretch of time: from its first moment to the first one after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Its name, for people.
    pub name: Arc<str>,
}

impl Span {
    /// Whether `moment` lies in it.
    pub fn holds(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.to
    }
}

/// Spans in order, none overlapping another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// `spans`, sorted; those that overlap or touch become one, which keeps the name of the first.
    pub(crate) fn of(mut spans: Vec<Span>) -> Self {
        spans.sort();
        let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
                _ => merged.push(span),
            }
        }
        merged.shrink_to_fit();
        Self(merged)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one that holds `moment`, or else the next one.
    pub(crate) fn at_or_after(&self, moment: Timestamp) -> Option<&Span> {
        self.0.get(self.0.partition_point(|span| span.to <= moment))
    }

    /// The one that holds `moment`.
    pub(crate) fn at(&self, moment: Timestamp) -> Option<&Span> {
        self.at_or_after(moment).filter(|span| span.holds(moment))
    }

    /// The next beginning or end after `moment`.
    pub(crate) fn edge_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let span = self.at_or_after(moment)?;
        Some(if span.from > moment { span.from } else { span.to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: i64) -> Timestamp {
        Timestamp::from_second(number).unwrap()
    }

    fn span(from: i64, to: i64) -> Span {
        Span { from: second(from), to: second(to), name: format!("{from}").into() }
    }

    #[test]
    fn overlapping_spans_become_one_and_are_found() {
        let spans = Spans::of(vec![span(50, 60), span(10, 20), span(15, 30), span(30, 40)]);
        assert_eq!(spans.0, [Span { to: second(40), ..span(10, 20) }, span(50, 60)]);
        assert!(spans.at(second(9)).is_none());
        assert_eq!(spans.at(second(10)).unwrap().name.as_ref(), "10");
        assert!(spans.at(second(40)).is_none());
        let edges: Vec<i64> =
            [0, 10, 40, 50, 59].map(|moment| spans.edge_after(second(moment)).unwrap().as_second()).to_vec();
        assert_eq!(edges, [10, 40, 50, 60, 60]);
        assert_eq!(spans.edge_after(second(60)), None);
    }
}
