//! Records that moved between look and write: both sides are read again, and decided anew.

use std::collections::BTreeSet;

use mapping::{Change, Key};

use crate::halt::Halt;
use crate::session::Session;
use crate::stage::{Applied, Keep, Ordered, Pulled};
use crate::{Fault, FaultClass, Flow, FlowError, Observation, ParkedClass};

impl Flow {
    /// Reads both sides of records again that met another state than they were planned for, and
    /// decides anew. Boxed, because deciding may come back here.
    pub(crate) async fn decide_anew(
        &self,
        session: &mut Session,
        moved: Vec<Ordered>,
        applied: &mut Applied,
    ) -> Result<Vec<Ordered>, FlowError> {
        if moved.is_empty() || applied.stop.is_some() {
            return Ok(Vec::new());
        }
        let keys: BTreeSet<Key> = moved.iter().map(|ordered| ordered.record.key.clone()).collect();
        let keys: Vec<Key> = keys.into_iter().collect();
        let observed = match self.parts.source.fetch(&keys).await {
            Ok(observed) => observed,
            Err(error) => {
                self.park_moved(session, moved, &mut applied.keep);
                applied.stop = Some(error.into());
                return Ok(Vec::new());
            }
        };
        let gone = |key: &Key| {
            let entity = moved.iter().find(|ordered| ordered.record.key == *key)?.record.entity.clone();
            Some(Observation::Change(Change::Gone { entity, key: key.clone() }))
        };
        let observations =
            keys.iter().zip(observed).filter_map(|(key, seen)| seen.or_else(|| gone(key))).collect();
        let pulled = Pulled::by_key(observations, true);
        let mapped = self.transform(session, pulled).await?;
        let planned = self.decide(session, mapped).await?;
        self.intend(session, &planned.ordered).await?;
        applied.keep.absorb(planned.keep);
        applied.keep.counts.remerged += keys.len() as u64;
        Ok(planned.ordered)
    }

    /// Records that go on moving wait for a quieter moment.
    pub(crate) fn park_moved(&self, session: &Session, moved: Vec<Ordered>, keep: &mut Keep) {
        for ordered in moved {
            let fault = Fault {
                class: FaultClass::Conflict,
                code: Fault::MOVED.into(),
                message: "somebody else changed the record each time just before it was written".into(),
                fields: Vec::new(),
                hint: None,
            };
            let due = Some(self.after(self.parts.settings.retry));
            keep.park(self.parked(session, &ordered.record, Halt::new(ParkedClass::Retry, fault, due)));
        }
    }
}
