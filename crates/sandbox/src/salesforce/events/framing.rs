//! Messages of gRPC on HTTP/2: a byte that says whether they are compressed, four for their length.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// Largest message that is taken.
const LARGEST: usize = 4 << 20;

/// A message that cannot be read: compressed, or too large.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// A message with its frame.
pub(crate) fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(message);
    frame.freeze()
}

/// Takes the next message out of what has arrived, if it is whole.
pub(crate) fn unframed(arrived: &mut BytesMut) -> Result<Option<Bytes>, Unreadable> {
    let Some((head, _)) = arrived.split_first_chunk::<5>() else { return Ok(None) };
    let [flag, length @ ..] = *head;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if flag != 0 || length > LARGEST {
        return Err(Unreadable);
    }
    if arrived.len() < length + 5 {
        return Ok(None);
    }
    arrived.advance(5);
    Ok(Some(arrived.split_to(length).freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in() {
        let mut arrived =
            BytesMut::from(&[&framed(b"one")[..], &framed(b"")[..], &[0, 0, 0][..]].concat()[..]);
        assert_eq!(unframed(&mut arrived), Ok(Some(Bytes::from("one"))));
        assert_eq!(unframed(&mut arrived), Ok(Some(Bytes::new())));
        assert_eq!(unframed(&mut arrived), Ok(None));
        assert_eq!(unframed(&mut BytesMut::from(&[1, 0, 0, 0, 0][..])), Err(Unreadable));
        assert_eq!(unframed(&mut BytesMut::from(&[0, 255, 0, 0, 0][..])), Err(Unreadable));
        assert_eq!(unframed(&mut BytesMut::from(&[0, 0, 0, 0, 2, 7][..])), Ok(None));
    }
}
