//! Record ids: 15 characters that tell upper and lower case apart, or 18 that do not need to.

use std::fmt;

/// Length of an id whose case matters.
const SHORT: usize = 15;
/// Length with the three letters that tell the case of the others.
const LONG: usize = 18;

/// The id of a record, always of 18 characters.
///
/// Two spellings of one id are equal: answers have 18 characters, messages and links of people
/// often 15 (Object Reference, "ID Field Type").
///
/// ```
/// use sfdc_client::RecordId;
/// let short = RecordId::parse("001D000000IqhSL")?;
/// assert_eq!(short.as_str(), "001D000000IqhSLIAZ");
/// assert_eq!(short, RecordId::parse("001D000000IqhSLIAZ")?);
/// assert!(RecordId::parse("../Account/001").is_err());
/// # Ok::<(), sfdc_client::IdError>(())
/// ```
#[derive(Debug, Clone, Eq)]
pub struct RecordId(String);

/// Not the id of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no record id: 15 or 18 letters and digits")]
pub struct IdError(pub String);

impl RecordId {
    /// Reads an id of either length.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(IdError(text.to_owned()));
        }
        match text.len() {
            SHORT => Ok(Self(format!("{text}{}", suffix(text)))),
            LONG => Ok(Self(text.to_owned())),
            _ => Err(IdError(text.to_owned())),
        }
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first three characters, which tell the object (`001` is an account).
    pub fn prefix(&self) -> &str {
        self.0.get(..3).unwrap_or_default()
    }

    /// The part that identifies.
    fn short(&self) -> &str {
        self.0.get(..SHORT).unwrap_or_default()
    }
}

impl PartialEq for RecordId {
    fn eq(&self, other: &Self) -> bool {
        self.short() == other.short()
    }
}

impl std::hash::Hash for RecordId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.short().hash(state);
    }
}

impl PartialOrd for RecordId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RecordId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.short().cmp(other.short())
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether two texts are the same id, whatever their lengths.
pub(crate) fn same(one: &str, other: &str) -> bool {
    match (RecordId::parse(one), RecordId::parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Each letter tells which of five characters are capitals.
fn suffix(short: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let letter = |five: &[u8]| {
        let capitals =
            |sum: usize, (place, byte): (usize, &u8)| sum | usize::from(byte.is_ascii_uppercase()) << place;
        let place = five.iter().enumerate().fold(0, capitals);
        LETTERS.get(place).copied().map_or('A', char::from)
    };
    short.as_bytes().chunks(5).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_are_one_id_and_case_tells_two_apart() {
        for (short, long) in [
            ("001D000000IqhSL", "001D000000IqhSLIAZ"),
            ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
            ("006A000000H1Iat", "006A000000H1IatIAF"),
        ] {
            let id = RecordId::parse(short).expect("an id");
            assert_eq!(id.as_str(), long);
            assert!(same(short, long));
        }
        assert!(!same("001A0000006Vm9r", "001A0000006Vm9R"));
        assert_eq!(RecordId::parse("001A0000006Vm9r").expect("an id").prefix(), "001");
        for bad in ["", "001", "001A0000006Vm9/", "001A0000006Vm9rIACx", "001A0000006Vm9é"] {
            assert_eq!(RecordId::parse(bad), Err(IdError(bad.to_owned())));
        }
    }
}
