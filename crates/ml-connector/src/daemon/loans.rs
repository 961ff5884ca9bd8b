//! Links that are lent to commands: while a person works on a link, none of its runs begins, and its files are
//! closed, so that the command can use them as if there were no daemon.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::ask::Answer;
use super::keeper::Keeper;
use super::names::{FlowId, LinkId};

/// How long a link stays lent after the last word of its borrower, who may have been killed.
const LEASE: Duration = Duration::from_secs(30);

/// Who wants a link, or gives it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Borrower {
    /// The folder of the link.
    pub(crate) folder: PathBuf,
    /// Who it is, for people.
    pub(crate) who: String,
}

/// A link that is lent, or about to be.
#[derive(Debug, Clone)]
pub(crate) struct Loan {
    who: String,
    until: Duration,
    /// Whether its files are closed.
    closed: Arc<AtomicBool>,
}

impl Keeper {
    /// Lends a link, once its run has come to the end of a page and its files are closed. It is asked for until
    /// it is lent, and from time to time for as long as it is needed.
    pub(super) fn lend(&mut self, borrower: Borrower) -> Answer {
        let Some(id) = self.link_in(&borrower.folder) else {
            return Answer::Missing(format!("{} is no link of this daemon", borrower.folder.display()));
        };
        let known = self.lent(&id).cloned();
        if let Some(loan) = known.as_ref().filter(|loan| loan.who != borrower.who) {
            return Answer::Document(json!({ "lent": false, "to": loan.who }));
        }
        let until = self.clock.elapsed() + LEASE;
        let closed = known.map(|loan| loan.closed).unwrap_or_default();
        let is_closed = closed.load(Ordering::SeqCst);
        self.loans.insert(id.clone(), Loan { who: borrower.who, until, closed: closed.clone() });
        if let Some(running) = self.running.iter().find(|running| running.link == id).cloned() {
            if !self.makes_room(&running) {
                self.ask_for_room(&running);
            }
            let whole = self.running(&running).is_some_and(|run| run.sweep);
            return Answer::Document(json!({ "lent": false, "running": running.flow, "whole": whole }));
        }
        if !is_closed {
            let worker = self.worker.clone();
            tokio::spawn(async move {
                worker.release(&id).await;
                closed.store(true, Ordering::SeqCst);
            });
        }
        Answer::Document(json!({ "lent": is_closed }))
    }

    /// Takes a link back.
    pub(crate) fn take_back(&mut self, borrower: &Borrower) -> Answer {
        let id = self.link_in(&borrower.folder);
        if let Some(id) = id.filter(|id| self.loans.get(id).is_some_and(|loan| loan.who == borrower.who)) {
            self.end_loan(&id);
        }
        Answer::Document(json!({ "lent": false }))
    }

    /// Takes back what nobody says he still has.
    pub(super) fn end_old_loans(&mut self) {
        let now = self.clock.elapsed();
        let old: Vec<LinkId> =
            self.loans.iter().filter(|(_, loan)| loan.until <= now).map(|(id, _)| id.clone()).collect();
        for id in &old {
            tracing::warn!(link = %id, "whoever had the link says nothing any more; its runs go on");
            self.end_loan(id);
        }
    }

    /// The loan of a link, if it is lent.
    pub(crate) fn lent(&self, id: &LinkId) -> Option<&Loan> {
        self.loans.get(id).filter(|loan| loan.until > self.clock.elapsed())
    }

    fn end_loan(&mut self, id: &LinkId) {
        self.loans.remove(id);
        // Nobody listened in the meantime: whoever listens to events looks at once what there is.
        let Some(link) = self.links.get(id) else { return };
        let files = link.config.iter().flat_map(|config| &config.flows);
        let listen = files.filter(|(_, file)| file.enabled && file.events.enabled);
        let listen: Vec<Arc<str>> = listen.map(|(name, _)| name.as_str().into()).collect();
        for flow in listen {
            self.told(&FlowId { link: id.clone(), flow }, Vec::new());
        }
    }

    fn link_in(&self, folder: &Path) -> Option<LinkId> {
        let wanted = std::fs::canonicalize(folder).ok()?;
        let found = |link: &PathBuf| std::fs::canonicalize(link).is_ok_and(|link| link == wanted);
        self.links.iter().find(|(_, link)| found(&link.folder)).map(|(id, _)| id.clone())
    }
}

impl Loan {
    /// Who has it.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }
}
