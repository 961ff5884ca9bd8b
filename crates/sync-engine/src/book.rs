//! Links as this flow sees them: under the pair's name, and with their ends swapped if it is the flow
//! that leads back.

use mapping::{ExternalId, Key, TargetId};

use crate::flow::Pair;
use crate::stage::Work;
use crate::{Commit, Conflict, Flow, FlowError, Link};

impl Flow {
    /// Where the flow's links are kept.
    pub(crate) fn book(&self) -> &str {
        self.pair().map_or(&self.parts.name, |pair| &pair.name)
    }

    pub(crate) fn pair(&self) -> Option<&Pair> {
        self.parts.settings.pair.as_ref()
    }

    pub(crate) fn swapped(&self) -> bool {
        self.pair().is_some_and(|pair| pair.swapped)
    }

    /// The links of drafts: by their external id, and in a pair also by the record itself.
    pub(crate) async fn links_for(&self, work: &[Work]) -> Result<Vec<Option<Link>>, FlowError> {
        let ids: Vec<ExternalId> = work.iter().map(|work| work.draft.id.clone()).collect();
        let mut links = self.links_by_id(&ids).await?;
        if self.pair().is_none() {
            return Ok(links);
        }
        let open: Vec<usize> = (0..links.len()).filter(|place| links.get(*place) == Some(&None)).collect();
        let keys: Vec<Key> =
            open.iter().filter_map(|place| work.get(*place)).map(|work| work.record.key.clone()).collect();
        for (place, link) in open.into_iter().zip(self.links_of(&keys).await?) {
            if let Some(slot) = links.get_mut(place) {
                *slot = link;
            }
        }
        Ok(links)
    }

    async fn links_by_id(&self, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, FlowError> {
        let store = &self.parts.store;
        if !self.swapped() {
            return Ok(store.links(self.book(), ids).await?);
        }
        let keys: Vec<Key> = ids.iter().map(|id| Key::from(id.as_str())).collect();
        Ok(turned(store.links_by_source(self.book(), &keys).await?))
    }

    /// The links of records of the source.
    pub(crate) async fn links_of(&self, keys: &[Key]) -> Result<Vec<Option<Link>>, FlowError> {
        let store = &self.parts.store;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if !self.swapped() {
            return Ok(store.links_by_source(self.book(), keys).await?);
        }
        let targets: Vec<TargetId> = keys.iter().map(|key| TargetId::from(key.as_str())).collect();
        Ok(turned(store.links_by_target(self.book(), &targets).await?))
    }

    /// What this flow commits, as the store keeps it.
    pub(crate) fn booked(&self, mut commit: Commit) -> Commit {
        let Some(pair) = self.pair() else { return commit };
        commit.book = Some(pair.name.clone());
        if pair.swapped {
            commit.links = commit.links.into_iter().map(Link::swapped).collect();
        }
        commit
    }

    /// A conflict between the form in which it is kept and the one in which this flow sees it.
    pub(crate) fn facing(&self, conflict: Conflict) -> Conflict {
        if self.swapped() { conflict.swapped() } else { conflict }
    }
}

fn turned(links: Vec<Option<Link>>) -> Vec<Option<Link>> {
    links.into_iter().map(|link| link.map(Link::swapped)).collect()
}
