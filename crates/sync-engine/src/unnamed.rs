//! Records that belong to an external id which they do not carry: found by the target's own id, so that
//! none is made a second time.

use std::collections::BTreeMap;

use mapping::{Draft, Entity, ExternalId, TargetId};

use crate::decide::fields_of;
use crate::{Flow, FlowError, Link, Lookup};

/// An external id, and the target record that is known to belong to it.
type Known = (ExternalId, TargetId);

impl Flow {
    /// Looks once more for what was not found under its external id although the link of its pair knows
    /// a target record: people made that one, and the source's record was made from it, or somebody has
    /// cleared the field.
    pub(crate) async fn look_for_unnamed(
        &self,
        drafts: &[&Draft],
        links: &[Option<Link>],
        lookups: &mut [Lookup],
    ) -> Result<(), FlowError> {
        if self.pair().is_none() || self.swapped() {
            return Ok(());
        }
        let mut by_entity: BTreeMap<&Entity, Vec<(usize, Known)>> = BTreeMap::new();
        for (place, (draft, link)) in drafts.iter().zip(links).enumerate() {
            let known = link.as_ref().filter(|link| link.gone.is_none() && !link.target.as_str().is_empty());
            if let (Some(link), Some(Lookup::Absent)) = (known, lookups.get(place)) {
                let pair = (draft.id.clone(), link.target.clone());
                by_entity.entry(&draft.entity).or_default().push((place, pair));
            }
        }
        for (entity, asked) in by_entity {
            let alike: Vec<&Draft> =
                asked.iter().filter_map(|(place, _)| drafts.get(*place).copied()).collect();
            let (places, pairs): (Vec<usize>, Vec<_>) = asked.into_iter().unzip();
            let found = self.parts.sink.find_unnamed(entity, &pairs, &fields_of(&alike)).await?;
            for (place, lookup) in places.into_iter().zip(found) {
                if let Some(slot) = lookups.get_mut(place) {
                    *slot = lookup;
                }
            }
        }
        Ok(())
    }
}
