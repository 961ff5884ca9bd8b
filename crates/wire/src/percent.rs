//! Percent-encoding, byte by byte over UTF-8 (RFC 3986 section 2.1).
//!
//! A blank is always `%20`, never the `+` of form encoding, which servers read as a plus sign.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `text` to `out`; unreserved characters and those that `plain` admits stay as they are.
pub fn push(out: &mut String, text: &str, plain: impl Fn(u8) -> bool) {
    for byte in text.bytes() {
        if unreserved(byte) || plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(HEX.get(usize::from(nibble)).copied().map_or('0', char::from));
            }
        }
    }
}

/// How many bytes [`push`] would append.
pub fn length(text: &str, plain: impl Fn(u8) -> bool) -> usize {
    text.bytes().map(|byte| if unreserved(byte) || plain(byte) { 1 } else { 3 }).sum()
}

/// Letters, digits and `-._~` (RFC 3986 section 2.3).
pub fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_unreserved_is_encoded() {
        let mut out = String::new();
        push(&mut out, "a b+c/ü'(", |byte| byte == b'(');
        assert_eq!(out, "a%20b%2Bc%2F%C3%BC%27(");
        assert_eq!(length("a b+c/ü'(", |byte| byte == b'('), out.len());
    }
}
