//! Where a subscriber stands in a topic.

use std::fmt;

/// A place in the stream of one topic: bytes that only the org understands.
///
/// They have no order, are not consecutive, and mean something else in another topic or after the
/// org has moved. Store them when the events up to them are durable, and give them back as they are
/// (Pub/Sub API, "Event Message Durability").
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReplayId(Vec<u8>);

impl ReplayId {
    /// The place that these bytes name.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ReplayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_went() {
        let id = ReplayId::new([0, 255, 16]);
        assert_eq!((id.as_bytes(), format!("{id:?}")), (&[0, 255, 16][..], "ReplayId(00ff10)".to_owned()));
    }
}
