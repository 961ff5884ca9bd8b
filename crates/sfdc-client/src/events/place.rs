//! How far a subscriber has come, for keeping.

use jiff::Timestamp;

use crate::events::ReplayId;

/// How far the events of a topic are durable with us: what to begin with after a restart.
///
/// Besides the org's own mark it names an instant: everything that was committed before was told.
/// When the mark is lost (it lives three days, and not through a move of the org), that instant
/// bounds what has to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The org's mark.
    pub replay: ReplayId,
    /// Everything committed before was told.
    pub told: Timestamp,
}

impl Place {
    /// The place as bytes for a store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.told.as_millisecond().to_be_bytes().to_vec();
        bytes.extend_from_slice(self.replay.as_bytes());
        bytes
    }

    /// The place that was kept as bytes; `None` if they are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (stamp, replay) = bytes.split_first_chunk::<8>()?;
        let told = Timestamp::from_millisecond(i64::from_be_bytes(*stamp)).ok()?;
        if replay.is_empty() { None } else { Some(Self { replay: ReplayId::new(replay), told }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_a_store() {
        let told = Timestamp::from_millisecond(1_740_830_400_005).expect("an instant");
        let place = Place { replay: ReplayId::new([0, 255]), told };
        assert_eq!(Place::from_bytes(&place.to_bytes()), Some(place));
        for bad in [&[][..], &[0; 7], &[0; 8], &[0x7f; 9]] {
            assert_eq!(Place::from_bytes(bad), None);
        }
    }
}
