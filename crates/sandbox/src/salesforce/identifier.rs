//! Ids of records: a prefix for the object, a number, and a suffix that keeps case where it is lost.

/// The instance part of every id of this org.
const INSTANCE: &str = "SBX";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The id of the record with this number: 18 characters.
pub(crate) fn id_of(prefix: &str, number: u64) -> String {
    let mut rest = number;
    let mut tail = [b'0'; 9];
    for slot in tail.iter_mut().rev() {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        *slot = DIGITS.get(digit).copied().unwrap_or(b'0');
        rest /= 62;
    }
    let id = format!("{prefix}{INSTANCE}{}", String::from_utf8_lossy(&tail));
    format!("{id}{}", suffix(&id))
}

/// The number in an id of 15 or 18 characters, if this org could have given it for the prefix.
pub(crate) fn number_of(prefix: &str, id: &str) -> Option<u64> {
    let (short, rest) = id.split_at_checked(15)?;
    let tail = short.strip_prefix(prefix)?.strip_prefix(INSTANCE)?;
    if !rest.is_empty() && rest != suffix(short) {
        return None;
    }
    tail.bytes().try_fold(0_u64, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        Some(number * 62 + u64::from(digit))
    })
}

/// Whether a text could be an id of any org.
pub(crate) fn well_formed(id: &str) -> bool {
    matches!(id.len(), 15 | 18) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An id of 18 characters; `None` if the text is no id.
pub(crate) fn full(id: &str) -> Option<String> {
    match id.len() {
        _ if !well_formed(id) => None,
        15 => Some(format!("{id}{}", suffix(id))),
        _ => Some(id.to_owned()),
    }
}

/// Each of the three characters says which of five are upper case.
pub(crate) fn suffix(id: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let letter = |chunk: &[u8]| {
        let bits = chunk
            .iter()
            .enumerate()
            .map(|(place, byte)| usize::from(byte.is_ascii_uppercase()) << place)
            .sum::<usize>();
        LETTERS.get(bits).copied().map_or('A', char::from)
    };
    id.as_bytes().chunks(5).take(3).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_case_in_the_suffix() {
        assert_eq!(suffix("001D000000IqhSL"), "IAZ");
        let id = id_of("001", 12_345);
        assert_eq!((id.len(), id.starts_with("001SBX")), (18, true));
        assert_ne!(id_of("001", 1), id_of("001", 2));
    }

    #[test]
    fn ids_give_their_number_back() {
        for number in [0, 1, 61, 62, 12_345, 987_654_321] {
            let id = id_of("801", number);
            assert_eq!(number_of("801", &id), Some(number));
            assert_eq!(number_of("801", &id[..15]), Some(number));
            assert_eq!(number_of("001", &id), None);
        }
        assert_eq!(number_of("001", "001SBX000000001AAA"), None, "the suffix is wrong");
        assert_eq!(number_of("001", "001SBX0000000é"), None);
        assert_eq!(full("x"), None);
    }
}
