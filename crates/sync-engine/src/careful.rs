//! State that was lost or brought back from a backup: it must not be trusted with other people's data.

use audit::{Event, Kind, Query};
use futures::TryStreamExt as _;
use serde::Deserialize;
use serde_json::json;

use crate::flow::raw;
use crate::session::Session;
use crate::systems::Joined;
use crate::{Commit, Flow, FlowError, Taken};

/// So many of a flow's last run entries are looked at.
const LAST: u64 = 8;

/// What a run tells when it begins.
#[derive(Debug, Deserialize)]
struct Started {
    fence: Option<u64>,
}

impl Flow {
    /// Whether the log knows of runs that the state has never heard of: then the state was lost or
    /// brought back, and what it says about agreement may be wrong.
    pub(crate) async fn doubts_state(&self, taken: &Taken) -> Result<bool, FlowError> {
        let query = Query {
            flow: Some(self.parts.name.clone()),
            kinds: Some(vec![Kind::Run]),
            limit: Some(LAST),
            newest: true,
            ..Query::default()
        };
        let last: Vec<_> = self.parts.log.read(query).try_collect().await?;
        let fence = |event: &Event| match event {
            Event::Run { what, note } if what == "started" => {
                serde_json::from_str::<Started>(note.get()).ok()?.fence
            }
            _ => None,
        };
        let newest = last.iter().filter_map(|sealed| fence(&sealed.entry.event)).max();
        Ok(newest.is_some_and(|fence| fence >= taken.fence.0))
    }

    /// Puts the run into the careful mode, until everything was compared.
    pub(crate) async fn be_careful(&self, session: &mut Session) -> Result<(), FlowError> {
        self.tell("careful", raw(&json!({ "reason": "the state is older than the audit log" }))).await?;
        session.policy.careful = true;
        session.report.careful = true;
        let commit = Commit { careful: Some(true), ..Commit::default() };
        self.parts.store.commit(&self.parts.name, session.fence, commit).await?;
        Ok(())
    }

    /// Refuses to go on with other systems than those of the state.
    pub(crate) async fn check_systems(
        &self,
        session: &Session,
        known: Option<&str>,
    ) -> Result<(), FlowError> {
        let source = self.parts.source.fingerprint().await?;
        let sink = self.parts.sink.fingerprint().await?;
        match Joined::of(known, [source, sink]) {
            Joined::Same => Ok(()),
            Joined::Other { known, found } => Err(FlowError::OtherSystems { known, found }),
            Joined::Learned(found) => {
                let commit = Commit { fingerprint: Some(found), ..Commit::default() };
                Ok(self.parts.store.commit(&self.parts.name, session.fence, commit).await?)
            }
        }
    }
}
