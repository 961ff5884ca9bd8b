//! Writing Avro data (Apache Avro specification, "Binary Encoding").

/// A datum on its way out.
#[derive(Debug, Default)]
pub(crate) struct Datum(pub(crate) Vec<u8>);

impl Datum {
    pub(crate) fn long(&mut self, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while rest >= 0x80 {
            self.0.push(low(rest) | 0x80);
            rest >>= 7;
        }
        self.0.push(low(rest));
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.long(i64::try_from(text.len()).unwrap_or(0));
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn double(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn truth(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    pub(crate) fn texts<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) {
        if texts.len() > 0 {
            self.long(i64::try_from(texts.len()).unwrap_or(0));
            texts.for_each(|text| self.text(text));
        }
        self.long(0);
    }
}

fn low(value: u64) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification.
    #[test]
    fn numbers_are_zigzag_of_variable_length() {
        for (value, bytes) in [
            (0, &[0][..]),
            (-1, &[1]),
            (1, &[2]),
            (-64, &[0x7f]),
            (64, &[0x80, 1]),
            (i64::MIN, &[255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
        ] {
            let mut datum = Datum::default();
            datum.long(value);
            assert_eq!(datum.0, bytes, "{value}");
        }
    }
}
