//! Cuts a list of keys into questions that fit into an address.

use mapping::Key;
use odata_client::Filter;
use odata_client::encode::query_value_len;

use crate::key::KeyShape;

/// How long the filter of one question may be, percent-encoded: gateways and servers begin to refuse
/// whole addresses at 2,000 to 8,000 bytes.
const BUDGET: usize = 2_000;
/// ` or `, percent-encoded.
const JOINT: usize = 8;

/// The filters that together ask for `keys`, each with its keys. Keys that cannot be asked for (not
/// of this shape) are left out: there is no such row.
pub(crate) fn chunks(shape: &KeyShape, keys: &[Key]) -> Vec<(Filter, Vec<String>)> {
    let mut chunks = Vec::new();
    let mut open: (Vec<Filter>, Vec<String>) = Default::default();
    let mut length = 0;
    for key in keys {
        let Some(filter) = shape.is(key) else { continue };
        let cost = query_value_len(&filter.to_string()) + JOINT;
        if length + cost > BUDGET && !open.0.is_empty() {
            let (filters, names) = std::mem::take(&mut open);
            chunks.push((Filter::Any(filters), names));
            length = 0;
        }
        length += cost;
        open.0.push(filter);
        open.1.push(key.as_str().to_owned());
    }
    if !open.0.is_empty() {
        chunks.push((Filter::Any(open.0), open.1));
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyField, KeyKind, KeyOrder};

    #[test]
    fn every_key_is_asked_for_once_and_no_question_is_too_long() {
        let field = KeyField { name: "SupplierId".into(), kind: KeyKind::Text };
        let shape = KeyShape { fields: vec![field], order: KeyOrder::Binary };
        let keys: Vec<Key> = (0..500).map(|n| Key::from(format!("S'é{n}"))).collect();
        let chunks = chunks(&shape, &keys);
        let asked: Vec<&String> = chunks.iter().flat_map(|(_, names)| names).collect();
        assert_eq!(asked.len(), 500);
        assert!(chunks.len() > 5);
        for (filter, _) in &chunks {
            assert!(query_value_len(&filter.to_string()) <= BUDGET);
        }
        assert!(super::chunks(&shape, &[]).is_empty());
    }
}
