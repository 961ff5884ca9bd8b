//! Records that wait for others: they go on as soon as all of those are there.

use std::collections::{BTreeMap, BTreeSet};

use mapping::{Entity, ExternalId, Key};

use crate::session::Session;
use crate::{Flow, Lookup};

impl Flow {
    /// Waiting records whose parents have all arrived. A look-up that fails releases nobody: they
    /// are tried again in their own time.
    pub(crate) async fn released_orphans(&self, session: &Session) -> Vec<Key> {
        let waiting: Vec<_> =
            session.waiting.iter().filter(|(_, waiting)| !waiting.waits_for.is_empty()).collect();
        let mut wanted: BTreeMap<Entity, BTreeSet<ExternalId>> = BTreeMap::new();
        for reference in waiting.iter().flat_map(|(_, waiting)| &waiting.waits_for) {
            wanted.entry(reference.entity.clone()).or_default().insert(reference.id.clone());
        }
        let mut there: BTreeSet<(Entity, ExternalId)> = BTreeSet::new();
        for (entity, ids) in wanted {
            let ids: Vec<ExternalId> = ids.into_iter().collect();
            let Ok(lookups) = self.parts.sink.find(&entity, &ids, &[]).await else { continue };
            let found = ids.into_iter().zip(lookups).filter(|(_, lookup)| matches!(lookup, Lookup::One(_)));
            there.extend(found.map(|(id, _)| (entity.clone(), id)));
        }
        let complete = waiting.into_iter().filter(|(_, waiting)| {
            waiting.waits_for.iter().all(|parent| there.contains(&(parent.entity.clone(), parent.id.clone())))
        });
        complete.map(|(key, _)| key.clone()).collect()
    }
}
