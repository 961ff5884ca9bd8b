//! A walk from page to page that never goes in a circle.

use crate::bulk::error::Disagreement;

/// A walk along locators or links.
#[derive(Default)]
pub(crate) struct Walk {
    next: Place,
    seen: Vec<String>,
}

/// Where a walk stands.
#[derive(Default)]
pub(crate) enum Place {
    #[default]
    Start,
    At(String),
    End,
}

impl Place {
    pub(crate) fn link(&self) -> Option<&str> {
        match self {
            Self::At(link) => Some(link),
            Self::Start | Self::End => None,
        }
    }
}

impl Walk {
    /// The next place, unless the walk is at its end.
    pub(crate) fn step(&mut self) -> Option<Place> {
        match std::mem::replace(&mut self.next, Place::End) {
            Place::End => None,
            place => Some(place),
        }
    }

    /// Goes on to `next`, unless it was there before.
    pub(crate) fn follow(&mut self, next: Result<Option<String>, String>) -> Result<(), Disagreement> {
        let page = self.seen.len() + 1;
        let Some(next) = next.map_err(|detail| Disagreement::Pages { page, detail })? else { return Ok(()) };
        if self.seen.contains(&next) {
            let detail = "it leads to a page that was read already".to_owned();
            return Err(Disagreement::Pages { page, detail });
        }
        self.seen.push(next.clone());
        self.next = Place::At(next);
        Ok(())
    }
}
