//! Places in the stream of a topic: bytes that only this org understands.

/// The place after the change with this number: eight bytes, in no order that means anything to
/// others, and small enough for clients that take them for a number of JavaScript's.
pub(crate) fn replay_id(number: u64, topic: &str, generation: u16) -> Vec<u8> {
    let mark = check(topic) ^ generation.wrapping_mul(0x9e37);
    ((number << 16) | u64::from(mark)).to_be_bytes().to_vec()
}

/// The number in a place of this topic and org; `None` if it is of another one, or damaged.
pub(crate) fn number(id: &[u8], topic: &str, generation: u16) -> Option<u64> {
    let number = u64::from_be_bytes(id.try_into().ok()?) >> 16;
    (replay_id(number, topic, generation) == id).then_some(number)
}

fn check(topic: &str) -> u16 {
    topic.bytes().fold(7_u16, |sum, byte| sum.rotate_left(5) ^ u16::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_of_one_topic_and_org() {
        let id = replay_id(7, "/data/ChangeEvents", 0);
        assert_eq!(number(&id, "/data/ChangeEvents", 0), Some(7));
        assert_eq!(number(&id, "/data/AccountChangeEvent", 0), None);
        assert_eq!(number(&id, "/data/ChangeEvents", 1), None);
        assert_eq!(number(&id[1..], "/data/ChangeEvents", 0), None);
    }
}
