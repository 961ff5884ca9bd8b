//! The files of the links: looked at from time to time, read anew when they have changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keeper::{Keeper, Message};
use super::link_state::{self, LinkState};
use super::names::{FlowId, LinkId};
use super::stamp::{self, Stamp};

impl Keeper {
    /// Looks at the files from time to time, without keeping the clockwork waiting.
    pub(super) fn look_again(&mut self) {
        let elapsed = self.clock.elapsed();
        if elapsed.saturating_sub(self.looked) < self.settings.look.0 {
            return;
        }
        self.looked = elapsed;
        self.worker.close_idle(elapsed.saturating_sub(self.settings.close_after.0));
        let (root, sender, shared) = (self.root.clone(), self.sender.clone(), self.shared_calendars());
        tokio::task::spawn_blocking(move || match look(&root, &shared) {
            // A clockwork that is busy looks again later.
            Ok(looks) => drop(sender.try_send(Message::Looked(looks))),
            Err(error) => tracing::warn!(folder = %root.display(), %error, "the links cannot be looked at"),
        });
    }

    /// Reads anew what has changed.
    pub(crate) fn looked(&mut self, looks: Vec<(PathBuf, Stamp)>) {
        let now = self.clock.now();
        let mut there = Vec::new();
        for (folder, stamp) in looks {
            let id = LinkId::of(&folder);
            there.push(id.clone());
            let link =
                self.links.entry(id.clone()).or_insert_with(|| LinkState::new(folder, Stamp::default()));
            link.gone = false;
            if !link.is_outdated(&stamp, now) {
                continue;
            }
            link.stamp = stamp;
            link.read = now;
            link.take(link_state::read(&link.folder, &self.mappers, now));
            link.tell(&id);
            let flows: Vec<Arc<str>> = link.flows.keys().cloned().collect();
            for flow in flows {
                self.plan(&FlowId { link: id.clone(), flow });
            }
        }
        self.links.retain(|id, link| {
            link.gone = !there.contains(id);
            if link.gone {
                self.worker.close(id);
            }
            // Its run ends before it is forgotten.
            !link.gone || link.busy
        });
    }

    /// Reads everything anew, changed or not.
    pub(crate) fn reload(&mut self) -> std::io::Result<()> {
        for link in self.links.values_mut() {
            link.stamp = Stamp::default();
        }
        let looks = look(&self.root, &self.shared_calendars())?;
        self.looked(looks);
        Ok(())
    }

    /// The calendars that links share, by the link's folder.
    fn shared_calendars(&self) -> BTreeMap<PathBuf, PathBuf> {
        let links = self.links.values();
        links.filter_map(|link| Some((link.folder.clone(), link.shared_calendar()?))).collect()
    }
}

fn look(root: &Path, shared: &BTreeMap<PathBuf, PathBuf>) -> std::io::Result<Vec<(PathBuf, Stamp)>> {
    let folders = stamp::folders(root)?.into_iter();
    let looks = folders.map(|folder| {
        let stamp = Stamp::of(&folder, shared.get(&folder).map(PathBuf::as_path));
        (folder, stamp)
    });
    Ok(looks.collect())
}
