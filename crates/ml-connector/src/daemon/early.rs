//! Early runs: an event of a system, or whoever can call the control API, says that something has changed.
//!
//! Nobody can bring in data this way: a run reads what it is told to look at from its source. What is said is
//! no evidence of anything else either; a word that gets lost is made good by the flow's own way to find changes.

use mapping::Key;

use super::keeper::Keeper;
use super::names::FlowId;

/// How many keys are kept for one flow.
const MOST: usize = 10_000;

impl Keeper {
    /// The flow runs as soon as it may, and looks at `keys`. Returns whether all of them were kept: more than
    /// [`MOST`] are left to the flow's own way to find changes.
    pub(crate) fn told(&mut self, id: &FlowId, keys: Vec<Key>) -> bool {
        let now = self.clock.now();
        let Some(flow) = self.links.get_mut(&id.link).and_then(|link| link.flows.get_mut(&id.flow)) else {
            return true;
        };
        flow.told.get_or_insert(now);
        let mut whole = true;
        for key in keys {
            if flow.keys.len() < MOST || flow.keys.contains(&key) {
                flow.keys.insert(key);
            } else {
                whole = false;
            }
        }
        self.plan(id);
        whole
    }
}
