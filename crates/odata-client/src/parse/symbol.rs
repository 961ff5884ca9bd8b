//! The characters of a text with their places, percent-encoding undone but remembered.

use super::ParseError;

/// How the text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As a person writes it.
    Plain,
    /// As it stands in a URL.
    Percent,
}

/// One character.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Symbol {
    pub(crate) character: char,
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    /// Whether it was percent-encoded: then it is no delimiter of the URL.
    pub(crate) encoded: bool,
}

pub(crate) fn decode(text: &str, encoding: Encoding) -> Result<Vec<Symbol>, ParseError> {
    let mut symbols = Vec::with_capacity(text.len());
    let mut rest = text.char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        if encoding == Encoding::Plain || character != '%' {
            symbols.push(Symbol { character, at, encoded: false });
            continue;
        }
        let encoded = text.as_bytes().get(at..).unwrap_or_default();
        let (character, length) = decode_one(encoded).ok_or(ParseError::new(at, "percent-encoded UTF-8"))?;
        symbols.push(Symbol { character, at, encoded: true });
        while rest.next_if(|(next, _)| *next < at + length).is_some() {}
    }
    Ok(symbols)
}

/// The character at the beginning of `encoded`, and how many bytes it takes there.
fn decode_one(encoded: &[u8]) -> Option<(char, usize)> {
    let mut bytes = [0; 4];
    for (index, triple) in encoded.chunks(3).take(4).enumerate() {
        let [b'%', high, low] = triple else { return None };
        let value = char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?;
        *bytes.get_mut(index)? = u8::try_from(value).ok()?;
        if let Ok(text) = std::str::from_utf8(bytes.get(..=index)?) {
            return text.chars().next().map(|character| (character, (index + 1) * 3));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(encoded: &str) -> Result<String, usize> {
        match decode(encoded, Encoding::Percent) {
            Ok(symbols) => Ok(symbols.iter().map(|symbol| symbol.character).collect()),
            Err(error) => Err(error.at()),
        }
    }

    #[test]
    fn characters_of_several_bytes_are_put_together() {
        assert_eq!(text("a%20%C3%A9%E2%82%AC%F0%9F%98%80z+"), Ok("a é€😀z+".to_owned()));
        for (bad, at) in [("a%", 1), ("%2", 0), ("%zz", 0), ("ab%C3", 2), ("%C3%28", 0), ("%+1", 0)] {
            assert_eq!(text(bad), Err(at), "{bad}");
        }
    }
}
