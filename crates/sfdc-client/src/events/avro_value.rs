//! A decoded Avro datum.

/// A value, without the names that its schema knows.
#[derive(Debug, Clone, PartialEq)]
pub enum AvroValue {
    /// `null`.
    Null,
    /// A truth value.
    Boolean(bool),
    /// An `int` or a `long`.
    Long(i64),
    /// A `float` or a `double`.
    Double(f64),
    /// `bytes` or a `fixed`.
    Bytes(Vec<u8>),
    /// A `string`, or the symbol of an `enum`.
    Text(String),
    /// An `array`.
    List(Vec<Self>),
    /// A `map`, in the order of the datum.
    Map(Vec<(String, Self)>),
    /// A `record`: one value a field, in the order of the schema.
    Record(Vec<Self>),
}
