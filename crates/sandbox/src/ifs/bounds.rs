//! What a filter says about keys and stamps, so that a keyset page need not read the whole table.

use std::collections::BTreeSet;

use super::column::ColumnKind;
use super::entity::Entity;
use super::expression::{Comparison, Expression, Value};

/// Where rows that pass a filter can lie. Everything here may be wider than the truth, never
/// narrower: each row is still asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Low<'a> {
    /// Rows lie behind this pair of second and key, in the order of modification and key.
    pub(crate) behind: (i64, &'a str),
    /// Rows have a key behind this one.
    pub(crate) key: &'a str,
}

impl Low<'_> {
    const NONE: Self = Self { behind: (i64::MIN, ""), key: "" };

    fn and(self, other: Self) -> Self {
        let key = self.key.max(other.key);
        let (second, after) = self.behind.max(other.behind);
        // Within the first second the key's own bound holds as well.
        Self { behind: (second, after.max(key)), key }
    }

    fn or(self, other: Self) -> Self {
        Self { behind: self.behind.min(other.behind), key: self.key.min(other.key) }
    }

    /// Whether the filter says that a row was modified at all.
    pub(crate) fn is_stamped(&self) -> bool {
        self.behind.0 > i64::MIN
    }
}

/// The lower bounds of `filter`.
pub(crate) fn low<'a>(filter: &'a Expression, entity: &Entity) -> Low<'a> {
    match filter {
        Expression::Compare(comparison, left, right) => lower(*comparison, (left, right), entity),
        Expression::And(parts) => parts.iter().map(|part| low(part, entity)).fold(Low::NONE, Low::and),
        Expression::Or(parts) => {
            parts.iter().map(|part| low(part, entity)).reduce(Low::or).unwrap_or(Low::NONE)
        }
        _ => Low::NONE,
    }
}

fn lower<'a>(
    comparison: Comparison,
    (left, right): (&Expression, &'a Expression),
    entity: &Entity,
) -> Low<'a> {
    use Comparison::{Eq, Ge, Gt};
    let (Expression::Column(column), Expression::Literal(value)) = (left, right) else { return Low::NONE };
    match (comparison, value) {
        (Gt, Value::Text(text)) if is_key(*column, entity) => Low { behind: (i64::MIN, text), key: text },
        // Stamps are whole seconds.
        (Gt, Value::Timestamp(stamp)) if is_stamp(*column, entity) => {
            Low { behind: (stamp.as_second().saturating_add(1), ""), key: "" }
        }
        (Ge | Eq, Value::Timestamp(stamp)) if is_stamp(*column, entity) => {
            Low { behind: (stamp.as_second(), ""), key: "" }
        }
        _ => Low::NONE,
    }
}

/// The last second in which a row that passes can have been modified.
pub(crate) fn latest(filter: &Expression, entity: &Entity) -> Option<i64> {
    match filter {
        Expression::Compare(Comparison::Lt | Comparison::Le | Comparison::Eq, left, right) => {
            match (&**left, &**right) {
                (Expression::Column(column), Expression::Literal(Value::Timestamp(stamp)))
                    if is_stamp(*column, entity) =>
                {
                    Some(stamp.as_second())
                }
                _ => None,
            }
        }
        Expression::And(parts) => parts.iter().filter_map(|part| latest(part, entity)).min(),
        Expression::Or(parts) => {
            let each: Option<Vec<i64>> = parts.iter().map(|part| latest(part, entity)).collect();
            each?.into_iter().max()
        }
        _ => None,
    }
}

/// The keys that a row that passes can have, or the first parts of them, if the filter names them.
pub(crate) fn keys<'a>(filter: &'a Expression, entity: &Entity) -> Option<BTreeSet<&'a str>> {
    match filter {
        Expression::Compare(Comparison::Eq, left, right) => match (&**left, &**right) {
            (Expression::Column(column), Expression::Literal(Value::Text(text)))
                if is_key(*column, entity) =>
            {
                Some(BTreeSet::from([text.as_ref()]))
            }
            _ => None,
        },
        Expression::And(parts) => parts.iter().find_map(|part| keys(part, entity)),
        Expression::Or(parts) => {
            let each: Option<Vec<BTreeSet<&str>>> = parts.iter().map(|part| keys(part, entity)).collect();
            Some(each?.into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// Whether a column is the key, or the first part of it, in the order of which rows stand.
fn is_key(column: usize, entity: &Entity) -> bool {
    let text = |place: &usize| {
        matches!(entity.columns.get(*place).map(|column| column.kind), Some(ColumnKind::Text(_)))
    };
    entity.key_places().next().filter(text) == Some(column)
}

fn is_stamp(column: usize, entity: &Entity) -> bool {
    entity.modified_place() == Some(column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ifs::parser::parse;
    use crate::ifs::schema::{SUPPLIER_INFO, SUPPLIER_VIEW};
    use crate::ifs::view::{Drift, Sight};

    fn parsed(filter: &str) -> Expression {
        let sight = Sight { view: &SUPPLIER_VIEW, namespace: "IfsApp.SupplierHandling", drift: Drift::NONE };
        parse(filter, sight).expect(filter)
    }

    #[test]
    fn a_keyset_filter_is_bounded_by_its_pair() {
        let filter = parsed(
            "(ModifiedDate gt 1970-01-01T00:01:00Z or (ModifiedDate eq 1970-01-01T00:01:00Z and \
             SupplierId gt 'S5')) and ModifiedDate le 1970-01-01T00:02:00Z",
        );
        assert_eq!(low(&filter, &SUPPLIER_INFO).behind, (60, "S5"));
        assert_eq!((low(&filter, &SUPPLIER_INFO).key, latest(&filter, &SUPPLIER_INFO)), ("", Some(120)));
    }

    #[test]
    fn bounds_never_exclude_what_passes() {
        for (text, behind, key, last) in [
            ("SupplierId gt 'S5'", (i64::MIN, "S5"), "S5", None),
            ("SupplierId gt 'S5' and SupplierId gt 'S7'", (i64::MIN, "S7"), "S7", None),
            ("SupplierId gt 'S5' or SupplierId gt 'S7'", (i64::MIN, "S5"), "S5", None),
            ("ModifiedDate ge 1970-01-01T00:01:00Z and SupplierId gt 'S5'", (60, "S5"), "S5", None),
            ("ModifiedDate gt 1970-01-01T00:01:00Z or Name eq 'x'", (i64::MIN, ""), "", None),
            ("not (ModifiedDate lt 1970-01-01T00:01:00Z)", (i64::MIN, ""), "", None),
            ("ModifiedDate lt 1970-01-01T00:01:00Z or ModifiedDate eq null", (i64::MIN, ""), "", None),
            ("ModifiedDate eq 1970-01-01T00:01:00Z", (60, ""), "", Some(60)),
        ] {
            let filter = parsed(text);
            let found = low(&filter, &SUPPLIER_INFO);
            assert_eq!(
                (found.behind, found.key, latest(&filter, &SUPPLIER_INFO)),
                (behind, key, last),
                "{text}"
            );
        }
    }

    #[test]
    fn named_keys_are_found() {
        let filter = parsed("(SupplierId eq 'B' or SupplierId eq 'A') and Name ne null");
        assert_eq!(keys(&filter, &SUPPLIER_INFO), Some(BTreeSet::from(["A", "B"])));
        assert_eq!(keys(&parsed("SupplierId eq 'B' or Name eq 'A'"), &SUPPLIER_INFO), None);
    }
}
