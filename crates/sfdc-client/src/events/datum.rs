//! The binary form of Avro, read without trust (Avro specification, "Binary Encoding").

use crate::events::AvroValue;
use crate::events::avro_schema::{AvroSchema, Node, NodeId};

/// Deepest nesting of values: a schema may name itself.
const MAX_DEPTH: u32 = 32;
/// Values a datum may have beyond its bytes: those that take none, such as `null`.
const FREE_VALUES: usize = 100_000;

/// A datum that is not of its schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event is not of its schema: at byte {at}: {what}")]
pub struct DatumError {
    /// How many bytes had been read.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// Reads `bytes`, all of them, as one datum of `schema`.
pub fn decode(schema: &AvroSchema, bytes: &[u8]) -> Result<AvroValue, DatumError> {
    let mut reader = Reader { schema, bytes, at: 0, left: bytes.len().saturating_add(FREE_VALUES) };
    let value = reader.value(schema.root(), 0)?;
    if reader.at < bytes.len() { reader.fail("there are bytes behind its end") } else { Ok(value) }
}

struct Reader<'a> {
    schema: &'a AvroSchema,
    bytes: &'a [u8],
    at: usize,
    /// Values that may still come: a few bytes must not become a heap of values.
    left: usize,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, what: &'static str) -> Result<T, DatumError> {
        Err(DatumError { at: self.at, what })
    }

    fn value(&mut self, id: NodeId, depth: u32) -> Result<AvroValue, DatumError> {
        self.left = self.left.saturating_sub(1);
        if depth > MAX_DEPTH || self.left == 0 {
            return self.fail("there are too many values, or they are nested too deeply");
        }
        let schema = self.schema;
        Ok(match schema.node(id) {
            Node::Null => AvroValue::Null,
            Node::Boolean => AvroValue::Boolean(self.boolean()?),
            Node::Long => AvroValue::Long(self.long()?),
            Node::Int => match i32::try_from(self.long()?) {
                Ok(int) => AvroValue::Long(i64::from(int)),
                Err(_) => return self.fail("an int is too large"),
            },
            Node::Float => AvroValue::Double(f64::from(f32::from_le_bytes(self.array()?))),
            Node::Double => AvroValue::Double(f64::from_le_bytes(self.array()?)),
            Node::Bytes => AvroValue::Bytes(self.counted()?.to_vec()),
            Node::Text => AvroValue::Text(self.text()?),
            Node::Fixed(size) => AvroValue::Bytes(self.take(*size)?.to_vec()),
            Node::Enum(symbols) => match self.index()?.and_then(|place| symbols.get(place)) {
                Some(symbol) => AvroValue::Text(symbol.clone()),
                None => return self.fail("an enum has no such symbol"),
            },
            Node::Array(items) => AvroValue::List(self.blocks(|reader| reader.value(*items, depth + 1))?),
            Node::Map(values) => {
                AvroValue::Map(self.blocks(|reader| Ok((reader.text()?, reader.value(*values, depth + 1)?)))?)
            }
            Node::Union(branches) => match self.index()?.and_then(|place| branches.get(place)) {
                Some(branch) => self.value(*branch, depth + 1)?,
                None => return self.fail("a union has no such branch"),
            },
            Node::Record(fields) => {
                let values = fields.iter().map(|field| self.value(field.node, depth + 1));
                AvroValue::Record(values.collect::<Result<_, _>>()?)
            }
        })
    }

    /// Items in blocks: a count, the items, and so on up to a block of none. A negative count is
    /// followed by the block's length, for those who skip it.
    fn blocks<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, DatumError>,
    ) -> Result<Vec<T>, DatumError> {
        let mut items = Vec::new();
        loop {
            let count = self.long()?;
            if count == 0 {
                return Ok(items);
            }
            if count < 0 && self.long()? < 0 {
                return self.fail("a block has a negative length");
            }
            let count = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
            if count > self.left {
                return self.fail("a block has more items than the event can hold");
            }
            for _ in 0..count {
                items.push(item(self)?);
            }
        }
    }

    fn boolean(&mut self) -> Result<bool, DatumError> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => self.fail("a truth value is neither 0 nor 1"),
        }
    }

    /// A number in zig-zag form: seven bits a byte, the lowest first, the sign in the lowest bit.
    fn long(&mut self) -> Result<i64, DatumError> {
        let mut raw = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            raw |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed());
            }
        }
        self.fail("a number does not end")
    }

    fn index(&mut self) -> Result<Option<usize>, DatumError> {
        Ok(usize::try_from(self.long()?).ok())
    }

    fn counted(&mut self) -> Result<&'a [u8], DatumError> {
        match usize::try_from(self.long()?) {
            Ok(length) => self.take(length),
            Err(_) => self.fail("a text has a negative length"),
        }
    }

    fn text(&mut self) -> Result<String, DatumError> {
        let bytes = self.counted()?;
        std::str::from_utf8(bytes).map(str::to_owned).or_else(|_| self.fail("a text is not UTF-8"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DatumError> {
        let taken = self.take(N)?;
        <[u8; N]>::try_from(taken).or_else(|_| self.fail("the event breaks off"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DatumError> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..length));
        match taken {
            Some(taken) => {
                self.at += length;
                Ok(taken)
            }
            None => self.fail("the event breaks off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use AvroValue::{Boolean, Bytes, Double, List, Long, Map, Null, Record, Text};

    fn schema(json: &str) -> AvroSchema {
        AvroSchema::parse(json).expect("a schema")
    }

    fn text(text: &str) -> AvroValue {
        Text(text.to_owned())
    }

    const PAIR: &str = r#"{"type":"record","name":"test","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}"#;

    /// The examples of the specification, and the edges of numbers.
    #[test]
    fn data_are_read_as_the_specification_writes_them() {
        for (json, bytes, value) in [
            ("\"long\"", &b"\x00"[..], Long(0)),
            ("\"long\"", b"\x01", Long(-1)),
            ("\"long\"", b"\x02", Long(1)),
            ("\"long\"", b"\x7f", Long(-64)),
            ("\"long\"", b"\x80\x01", Long(64)),
            ("\"long\"", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", Long(i64::MAX)),
            ("\"long\"", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", Long(i64::MIN)),
            ("\"int\"", b"\xff\xff\xff\xff\x0f", Long(i64::from(i32::MIN))),
            ("\"boolean\"", b"\x01", Boolean(true)),
            ("\"string\"", b"\x06foo", text("foo")),
            ("\"bytes\"", b"\x04\x00\xff", Bytes(vec![0, 255])),
            ("\"float\"", &1.5_f32.to_le_bytes(), Double(1.5)),
            ("\"double\"", &(-0.1_f64).to_le_bytes(), Double(-0.1)),
            (PAIR, b"\x36\x06foo", Record(vec![Long(27), text("foo")])),
            (r#"{"type":"array","items":"long"}"#, b"\x04\x06\x36\x00", List(vec![Long(3), Long(27)])),
            (r#"{"type":"array","items":"long"}"#, b"\x03\x04\x06\x36\x00", List(vec![Long(3), Long(27)])),
            (r#"{"type":"map","values":"long"}"#, b"\x02\x02k\x08\x00", Map(vec![("k".into(), Long(4))])),
            (r#"["null","string"]"#, b"\x00", Null),
            (r#"["null","string"]"#, b"\x02\x02a", text("a")),
            (r#"{"type":"enum","name":"E","symbols":["A","B","C","D"]}"#, b"\x06", text("D")),
            (r#"{"type":"fixed","name":"F","size":2}"#, b"ab", Bytes(b"ab".to_vec())),
        ] {
            assert_eq!(decode(&schema(json), bytes), Ok(value), "{json}");
        }
    }

    #[test]
    fn hostile_data_end_in_errors() {
        let list_of_nothing = r#"{"type":"array","items":"null"}"#;
        let itself = r#"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#;
        for (json, bytes, part) in [
            ("\"long\"", &b""[..], "breaks off"),
            ("\"long\"", b"\x80", "breaks off"),
            ("\"long\"", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "does not end"),
            ("\"long\"", b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "does not end"),
            ("\"long\"", b"\x00\x00", "behind its end"),
            ("\"int\"", b"\xfe\xff\xff\xff\xff\x01", "too large"),
            ("\"string\"", b"\x01", "negative length"),
            ("\"string\"", b"\x08foo", "breaks off"),
            ("\"string\"", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "breaks off"),
            ("\"string\"", b"\x02\xff", "not UTF-8"),
            ("\"boolean\"", b"\x02", "neither 0 nor 1"),
            (r#"["null","string"]"#, b"\x04", "no such branch"),
            (r#"["null","string"]"#, b"\x01", "no such branch"),
            (r#"{"type":"enum","name":"E","symbols":["A"]}"#, b"\x02", "no such symbol"),
            // Two thousand million nulls in six bytes.
            (list_of_nothing, b"\xfe\xff\xff\xff\x0f\x00", "more items"),
            (list_of_nothing, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", "more items"),
            (list_of_nothing, b"\x01\x01\x00", "negative length"),
            (itself, b"", "too deeply"),
        ] {
            let error = decode(&schema(json), bytes).expect_err(json).to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
        // Many blocks, each of them allowed.
        let many = [&b"\xfe\xff\x05".repeat(20)[..], b"\x00"].concat();
        assert!(decode(&schema(list_of_nothing), &many).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let json = format!(r#"{{"type":"array","items":["null","double",{PAIR},{{"type":"map","values":"bytes"}}]}}"#);
            let _ = decode(&schema(&json), &bytes);
        }
    }
}
