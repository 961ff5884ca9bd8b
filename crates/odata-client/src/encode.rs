//! Percent-encoding of query options and key segments, byte by byte over UTF-8.
//!
//! A blank is always `%20`: OData servers refuse the `+` of form encoding, or read it as an operator.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `text`, an OData expression, to `out` so that it may stand in the value of a query
/// option. The apostrophe is `%27`. What has a meaning in the grammar of OData stays as it is
/// (`( ) , : / $ @ = ; *`), but for the inside of texts, where only `( ) , :` do.
pub fn push_query_value(out: &mut String, text: &str) {
    let mut quote = Quote::default();
    push(out, text, |byte| quote.plain(byte));
}

/// Appends `text`, which has no structure of its own, to `out` so that it may stand in the value of
/// a query option.
pub fn push_custom_value(out: &mut String, text: &str) {
    push(out, text, |_| false);
}

/// Appends `text` to `out` so that it may stand inside one path segment, such as a key: a slash
/// becomes `%2F`, a percent sign `%25`.
pub fn push_segment(out: &mut String, text: &str) {
    push(out, text, |_| false);
}

/// How long `text` is after [`push_query_value`], in bytes.
pub fn query_value_len(text: &str) -> usize {
    let mut quote = Quote::default();
    text.bytes().map(|byte| if quote.plain(byte) || unreserved(byte) { 1 } else { 3 }).sum()
}

/// Whether a walk through an expression is inside of a text: `'…'`, where a doubled quote leaves it
/// and enters it again, or `"…"` of JSON, where a backslash hides the quote.
#[derive(Clone, Copy, Default)]
enum Quote {
    #[default]
    Outside,
    Single,
    Double,
    Escaped,
}

impl Quote {
    /// Steps over `byte` and says whether it stays as it is though it is reserved.
    fn plain(&mut self, byte: u8) -> bool {
        *self = match (*self, byte) {
            (Self::Outside, b'\'') => Self::Single,
            (Self::Outside, b'"') | (Self::Escaped, _) => Self::Double,
            (Self::Single, b'\'') | (Self::Double, b'"') => Self::Outside,
            (Self::Double, b'\\') => Self::Escaped,
            (same, _) => same,
        };
        let structure = matches!(byte, b'/' | b'$' | b'@' | b'=' | b';' | b'*');
        matches!(byte, b'(' | b')' | b',' | b':') || (structure && matches!(self, Self::Outside))
    }
}

/// Whether `name` may stand as a property, set or type name: OData's simple identifier, by dots and
/// slashes joined to qualified names and paths, at most 128 characters each (OData ABNF
/// `odataIdentifier`).
pub fn is_identifier_path(name: &str) -> bool {
    name.split(['.', '/']).all(is_identifier)
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|first| first == '_' || first.is_alphabetic());
    starts && name.chars().count() <= 128 && chars.all(|other| other == '_' || other.is_alphanumeric())
}

fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn push(out: &mut String, text: &str, mut plain: impl FnMut(u8) -> bool) {
    for byte in text.bytes() {
        if plain(byte) || unreserved(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(HEX.get(usize::from(nibble)).copied().map_or('0', char::from));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(text: &str) -> String {
        let mut out = String::new();
        push_query_value(&mut out, text);
        out
    }

    #[test]
    fn a_blank_is_never_a_plus() {
        assert_eq!(query("a b+c"), "a%20b%2Bc");
    }

    #[test]
    fn structure_stays_and_texts_are_sealed() {
        assert_eq!(query("$it/A eq 'a/b''=;$'"), "$it/A%20eq%20%27a%2Fb%27%27%3D%3B%24%27");
        assert_eq!(query(r#"@p/x in ["a\"/'"]/x"#), "@p/x%20in%20%5B%22a%5C%22%2F%27%22%5D/x");
    }

    #[test]
    fn keys_keep_to_one_segment() {
        let mut out = String::new();
        push_segment(&mut out, "a/b%c?d#e'é");
        assert_eq!(out, "a%2Fb%25c%3Fd%23e%27%C3%A9");
    }

    #[test]
    fn names_with_anything_else_are_not_identifiers() {
        assert!(is_identifier_path("SupplierId"));
        assert!(is_identifier_path("IfsApp.SupplierHandling/Name"));
        for bad in ["", "1a", "a b", "a'b", "a,b", "a..b", "$it", "a&b"] {
            assert!(!is_identifier_path(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text in ".*") {
            let encoded = query(&text);
            prop_assert_eq!(encoded.len(), query_value_len(&text));
            let url = url::Url::parse(&format!("http://h/?x={encoded}")).unwrap();
            let pairs: Vec<_> = url.query_pairs().collect();
            prop_assert_eq!(pairs.len(), 1);
            prop_assert_eq!(&*pairs[0].1, text.as_str());
        }
    }
}
