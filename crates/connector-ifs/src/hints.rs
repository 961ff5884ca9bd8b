//! Hints from outside that a record changed: an event of IFS can call us.
//!
//! A hint says nothing but "look at this key": it is read back from IFS, so that nobody can bring in
//! data by one. It is no evidence of anything else either, and one that gets lost is made good by
//! the entity's own way to find changes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use mapping::Key;

/// Keys that somebody asked to look at, for one entity. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Hints(Arc<Mutex<BTreeSet<Key>>>);

/// More keys wait than are kept; the entity's own way to find changes has to find them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} keys wait already: let a run take them first", Hints::MOST)]
pub struct HintsFull;

impl Hints {
    /// How many keys are kept.
    pub const MOST: usize = 10_000;
    /// How many are looked at in one page.
    pub(crate) const PAGE: usize = 200;

    /// Asks for a look at the record of `key` at the next run. Asking twice is asking once.
    pub fn look_at(&self, key: Key) -> Result<(), HintsFull> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= Self::MOST && !keys.contains(&key) {
            return Err(HintsFull);
        }
        keys.insert(key);
        Ok(())
    }

    /// How many keys wait.
    pub fn waiting(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes the first keys.
    pub(crate) fn take(&self) -> Vec<Key> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<Key> = keys.iter().take(Self::PAGE).cloned().collect();
        for key in &taken {
            keys.remove(key);
        }
        taken
    }

    /// Gives keys back that could not be looked at.
    pub(crate) fn give_back(&self, keys: Vec<Key>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_wait_once_and_not_without_end() {
        let hints = Hints::default();
        for number in 0..Hints::MOST {
            hints.look_at(Key::from(format!("{number:05}"))).unwrap();
        }
        hints.look_at(Key::from("00001")).unwrap();
        assert_eq!(hints.look_at(Key::from("new")), Err(HintsFull));
        let taken = hints.clone().take();
        assert_eq!((taken.len(), hints.waiting()), (Hints::PAGE, Hints::MOST - Hints::PAGE));
        hints.give_back(taken);
        assert_eq!(hints.waiting(), Hints::MOST);
    }
}
