//! Which records an event is about.

use crate::{IdError, RecordId};

/// The records of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedIds {
    /// These. They are several when the same change came to several records in one transaction.
    These(Vec<RecordId>),
    /// Perhaps all of the object: the org does not list them (`001*`), as after a field's type was
    /// changed.
    All,
}

impl ChangedIds {
    /// Reads the `recordIds` of a header.
    pub fn read<'t>(ids: impl IntoIterator<Item = &'t str>) -> Result<Self, IdError> {
        let mut these = Vec::new();
        let mut all = false;
        for id in ids {
            match id.strip_suffix('*') {
                Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) => all = true,
                _ => these.push(RecordId::parse(id)?),
            }
        }
        // Of nothing is known what it was.
        Ok(if all || these.is_empty() { Self::All } else { Self::These(these) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_listed_or_all_are_meant() {
        let (one, other) = ("001A0000006Vm9rIAC", "001A0000006Vm9s");
        let parsed = |id| RecordId::parse(id).expect("an id");
        for (ids, expected) in [
            (&[one][..], ChangedIds::These(vec![parsed(one)])),
            (&[one, other], ChangedIds::These(vec![parsed(one), parsed(other)])),
            (&["001*"], ChangedIds::All),
            (&["*"], ChangedIds::All),
            (&[one, "001*"], ChangedIds::All),
            (&[], ChangedIds::All),
        ] {
            assert_eq!(ChangedIds::read(ids.iter().copied()), Ok(expected), "{ids:?}");
        }
        for bad in ["", "001", "../*", "001A0000006Vm9r/"] {
            assert!(ChangedIds::read([bad]).is_err(), "{bad}");
        }
    }
}
