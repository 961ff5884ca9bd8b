//! Links in memory, found from either side.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use mapping::{ExternalId, Key, TargetId};
use sync_engine::Link;

/// The links of one flow or pair.
#[derive(Debug, Default)]
pub(crate) struct LinkBook {
    links: BTreeMap<ExternalId, Link>,
    sources: BTreeMap<Key, BTreeSet<ExternalId>>,
    targets: BTreeMap<TargetId, BTreeSet<ExternalId>>,
}

impl LinkBook {
    /// Replaces the link of the same external id.
    pub(crate) fn keep(&mut self, link: Link) {
        self.remove(&link.id);
        self.sources.entry(link.key.clone()).or_default().insert(link.id.clone());
        self.targets.entry(link.target.clone()).or_default().insert(link.id.clone());
        self.links.insert(link.id.clone(), link);
    }

    /// Forgets a link, if there is one.
    pub(crate) fn remove(&mut self, id: &ExternalId) {
        let Some(before) = self.links.remove(id) else { return };
        if let Some(ids) = self.sources.get_mut(&before.key) {
            ids.remove(id);
        }
        if let Some(ids) = self.targets.get_mut(&before.target) {
            ids.remove(id);
        }
    }

    pub(crate) fn get(&self, id: &ExternalId) -> Option<Link> {
        self.links.get(id).cloned()
    }

    pub(crate) fn len(&self) -> u64 {
        self.links.len() as u64
    }

    /// Of several links of a record the one that was confirmed last.
    pub(crate) fn of_source(&self, key: &Key) -> Option<Link> {
        self.latest(self.sources.get(key)?)
    }

    /// Of several links of a record the one that was confirmed last.
    pub(crate) fn of_target(&self, target: &TargetId) -> Option<Link> {
        self.latest(self.targets.get(target)?)
    }

    /// In order, behind `after`.
    pub(crate) fn behind(&self, after: Option<&ExternalId>, limit: usize) -> Vec<Link> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.links
            .range::<ExternalId, _>((from, Bound::Unbounded))
            .take(limit)
            .map(|(_, link)| link.clone())
            .collect()
    }

    fn latest(&self, ids: &BTreeSet<ExternalId>) -> Option<Link> {
        let links = ids.iter().filter_map(|id| self.links.get(id));
        links.max_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id))).cloned()
    }
}
