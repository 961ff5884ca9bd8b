//! Merged records. In the source of a pair: what was agreed on goes on with the winner, and nothing is
//! removed. In the target: references lead to the winner as long as there is no other.

use std::collections::BTreeSet;

use mapping::{Entity, ExternalId, Key, Rewrite, Value, Version};
use serde_json::json;

use crate::flow::raw;
use crate::stage::Keep;
use crate::{Flow, FlowError, Link, Lookup};

impl Flow {
    /// Passes the links of records that are gone on to the records that they were merged into, unless
    /// these stand for somebody else already. What is left are the links of records that are gone for good.
    pub(crate) async fn passed_on(
        &self,
        keys: &[Key],
        mut links: Vec<Option<Link>>,
        there: &[bool],
        keep: &mut Keep,
    ) -> Result<Vec<Option<Link>>, FlowError> {
        if self.pair().is_none() {
            return Ok(links);
        }
        let lost = |place: &usize| {
            let linked = links.get(*place).and_then(Option::as_ref).is_some_and(|link| link.gone.is_none());
            linked && !there.get(*place).copied().unwrap_or(false)
        };
        let places: Vec<usize> = (0..keys.len()).filter(lost).collect();
        if places.is_empty() {
            return Ok(links);
        }
        let lost: Vec<Key> = places.iter().filter_map(|place| keys.get(*place)).cloned().collect();
        let winners = self.parts.source.successors(&lost).await?;
        let known: Vec<Key> = winners.iter().flatten().cloned().collect();
        let mut of_winners = self.links_of(&known).await?.into_iter();
        let mut taken = BTreeSet::new();
        for (place, winner) in places.into_iter().zip(winners) {
            let Some(winner) = winner else { continue };
            let standing = of_winners.next().flatten().is_some_and(|link| link.gone.is_none());
            if standing || !taken.insert(winner.clone()) {
                continue;
            }
            if let Some(link) = links.get_mut(place).and_then(Option::take) {
                let note = json!({ "record": link.key, "into": winner, "id": link.id });
                self.tell("merged", raw(&note)).await?;
                // The winner shows other values: it is looked at whatever its version is.
                keep.commit.links.push(Link { key: winner, version: Version::from(""), ..link });
            }
        }
        Ok(links)
    }
}

impl Flow {
    /// Where a reference was seen to lead to another record than it names, that one had been merged away.
    /// If the record is there again, this holds no longer, and the reference is put right.
    pub(crate) async fn forget_old_merges(&self, links: &mut [Option<Link>]) -> Result<(), FlowError> {
        let parents: BTreeSet<(Entity, ExternalId)> =
            links.iter().flatten().flat_map(|link| &link.rewrites).filter_map(led_elsewhere).collect();
        let mut back = BTreeSet::new();
        for (entity, id) in parents {
            let found = self.parts.sink.find(&entity, std::slice::from_ref(&id), &[]).await?;
            if matches!(found.as_slice(), [Lookup::One(found)] if found.id == id) {
                back.insert((entity, id));
            }
        }
        for link in links.iter_mut().flatten().filter(|_| !back.is_empty()) {
            link.rewrites
                .retain(|rewrite| led_elsewhere(rewrite).is_none_or(|parent| !back.contains(&parent)));
        }
        Ok(())
    }
}

/// The parent that a reference names, if it is known to lead to another one.
fn led_elsewhere(rewrite: &Rewrite) -> Option<(Entity, ExternalId)> {
    match &rewrite.sent {
        Value::Reference(parent) if rewrite.known => Some((parent.entity.clone(), parent.id.clone())),
        _ => None,
    }
}
