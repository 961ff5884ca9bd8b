//! Key predicates: `('S1')`, `(OrderNo='1',LineNo='2',ReleaseNo='1')`,
//! `(Company='10',Identity='S1',PartyType=IfsApp.SupplierHandling.PartyType'Supplier')`.

use super::apply::split;
use super::cell::Cell;
use super::column::{Column, ColumnKind};
use super::problem::Problem;
use super::row::join;
use super::tokens::{Token, tokens};
use super::view::Sight;

/// The key that `predicate` names. `given` are columns that navigation has fixed already; they may be
/// named again.
pub(crate) fn key(predicate: &str, sight: Sight<'_>, given: &[(usize, Cell)]) -> Result<String, Problem> {
    let entity = sight.view.entity;
    let bad = || Problem::bad(format!("({predicate}) is no key of {}", sight.view.name));
    let mut values = given.to_vec();
    let parts = split(predicate, ',');
    let open: Vec<usize> =
        entity.key_places().filter(|place| given.iter().all(|(known, _)| known != place)).collect();
    for part in &parts {
        let (place, literal) = match (named(part), open.as_slice()) {
            (Some((name, literal)), _) => (sight.column(name)?, literal),
            (None, [only]) if parts.len() == 1 => (*only, *part),
            _ => return Err(bad()),
        };
        let column = entity.columns.get(place).filter(|_| entity.key_places().any(|known| known == place));
        let cell = value(literal, column.ok_or_else(bad)?, sight.namespace).ok_or_else(bad)?;
        match values.iter().find(|(known, _)| *known == place) {
            Some((_, known)) if *known != cell => return Err(bad()),
            Some(_) if given.iter().all(|(known, _)| *known != place) => return Err(bad()),
            Some(_) => {}
            None => values.push((place, cell)),
        }
    }
    let parts = entity
        .key_places()
        .map(|place| values.iter().find(|(known, _)| *known == place).map(|(_, cell)| cell.key_part()));
    Ok(join(&parts.collect::<Option<Vec<_>>>().ok_or_else(bad)?))
}

/// `Name=literal`, where the name comes before any quote.
fn named(part: &str) -> Option<(&str, &str)> {
    let (name, literal) = part.trim().split_once('=')?;
    (!name.contains('\'')).then_some((name.trim(), literal.trim()))
}

/// The value of a literal, which must be of the column's kind.
pub(crate) fn value(literal: &str, column: &Column, namespace: &str) -> Option<Cell> {
    let tokens = tokens(literal).ok()?;
    match (column.kind, tokens.as_slice()) {
        (ColumnKind::Text(_), [Token::Text(text)]) => Some(Cell::Text(text.as_str().into())),
        (ColumnKind::Enum(name), [Token::Enum(kind, member)]) if *kind == format!("{namespace}.{name}") => {
            Cell::parse(column.kind, Some(member)).filter(|cell| *cell != Cell::Null)
        }
        (ColumnKind::Text(_) | ColumnKind::Enum(_), _) => None,
        (kind, [Token::Word(word)]) => Cell::parse(kind, Some(word)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ifs::schema::{ServiceKind, service};
    use crate::ifs::view::{Drift, View};

    fn sight(projection: &str, set: &str) -> (String, &'static View) {
        let service = service(ServiceKind::Projection, projection).expect(projection);
        let (_, view) = service.sets.iter().find(|(name, _)| *name == set).expect(set);
        (service.namespace(), view)
    }

    fn read(predicate: &str, (namespace, view): &(String, &'static View)) -> Option<String> {
        key(predicate, Sight { view, namespace, drift: Drift::NONE }, &[]).ok()
    }

    #[test]
    fn single_keys_may_stand_alone() {
        let supplier = sight("SupplierHandling", "SupplierSet");
        for (predicate, expected) in [
            ("'S1'", Some("S1")),
            ("SupplierId='A/B'' C+,='", Some("A/B' C+,=")),
            ("''", Some("")),
            ("'A'B'", None),
            ("Company='1',SupplierId='S1'", None),
            ("1", None),
            ("Name='x'", None),
            ("SupplierId='a',SupplierId='a'", None),
            ("", None),
        ] {
            assert_eq!(read(predicate, &supplier).as_deref(), expected, "{predicate}");
        }
        let history = sight("HistoryLogHandling", "HistoryLogDetailsSet");
        assert_eq!(read("LogId=7", &history).as_deref(), Some("0000000000000000007"));
        assert_eq!(read("'7'", &history), None);
    }

    #[test]
    fn composite_keys_are_named_in_any_order_and_enums_qualified() {
        let (namespace, supplier) = sight("SupplierHandling", "SupplierSet");
        let payments = supplier.link("SupplierPayments").expect("a link").target;
        let payments = (namespace, payments);
        let enumerated = "PartyType=IfsApp.SupplierHandling.PartyType'Supplier'";
        let full = format!("Identity='S1',{enumerated},Company='10'");
        assert_eq!(read(&full, &payments).as_deref(), Some("10\0S1\0Supplier"));
        assert_eq!(read("Identity='S1',PartyType='Supplier',Company='10'", &payments), None);
        assert_eq!(read(&format!("Identity='S1',{enumerated}"), &payments), None);
        assert_eq!(read("'10','S1'", &payments), None);
        let sight = Sight { view: payments.1, namespace: &payments.0, drift: Drift::NONE };
        let given = [(1, Cell::Text("S1".into()))];
        assert!(key(&format!("Company='10',{enumerated}"), sight, &given).is_ok());
        assert!(key(&format!("Company='10',Identity='S2',{enumerated}"), sight, &given).is_err());
    }
}
