//! Deliberately broken two-way products, and other people's strategies.

use std::sync::Arc;

use async_trait::async_trait;
use audit::{AuditLog, Entry, Event};
use jiff::Timestamp;
use mapping::image::overlaid;
use mapping::{Base, ExternalId, Ownership, Rule};
use sync_engine::{Commit, ConflictState, Fence, FlowSettings, Intent, Link, StateError, StateStore, Taken};

use crate::forgetful_log::ForgetfulLog;
use crate::simulation::variant::early_link;
use crate::through::desk_through;

/// Which rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// None: the product as it is.
    None,
    /// Whoever is synchronised last wins: no bases, no guards, no conflicts.
    LastWriter,
    /// Bases and owners, but writes without any precondition, and a lost answer counts as a failure.
    Blind,
    /// Preconditions, but no intents: after a crash nobody knows what was sent.
    NoIntents,
    /// A date is taken for a validator even within its second.
    NaiveDate,
    /// Writes go out without a guard.
    Unguarded,
    /// A create overwrites what is there.
    UpsertCreate,
    /// A refusal because the record moved counts as done.
    MovedIsDone,
    /// A lost answer counts as success.
    LostIsDone,
    /// Waiting records are forgotten.
    ForgetsParked,
    /// Conflicts are not kept.
    ForgetsConflicts,
    /// A base is kept for one side only.
    OneSidedBase,
    /// The base moves past fields in conflict.
    BasePastConflict,
    /// The base is the state of the last attempt, whether it landed or not.
    BaseFromLastAttempt,
    /// The links are not turned round for the flow that leads back.
    UnturnedLinks,
    /// Links are kept when writing begins.
    EarlyLinks,
    /// Missing rights are taken for deletions.
    ShutIsGone,
    /// The last row of a page that is not the last page is dropped.
    DropsPageEdge,
    /// The flow that leads back writes a field that is not its own.
    WritesForeign,
    /// A field that nobody mapped is written.
    WritesMore,
    /// Both sides' people edit, but the source is taken for the owner.
    SharedIsOwned,
    /// A conflict is decided for the source, and nobody is told.
    SilentRule,
    /// What changed soon after our own write is taken for its echo.
    EchoByTime,
}

impl Variant {
    /// All broken ones.
    pub const BROKEN: [Self; 22] = [
        Self::LastWriter,
        Self::Blind,
        Self::NoIntents,
        Self::NaiveDate,
        Self::Unguarded,
        Self::UpsertCreate,
        Self::MovedIsDone,
        Self::LostIsDone,
        Self::ForgetsParked,
        Self::ForgetsConflicts,
        Self::OneSidedBase,
        Self::BasePastConflict,
        Self::BaseFromLastAttempt,
        Self::UnturnedLinks,
        Self::EarlyLinks,
        Self::ShutIsGone,
        Self::DropsPageEdge,
        Self::WritesForeign,
        Self::WritesMore,
        Self::SharedIsOwned,
        Self::SilentRule,
        Self::EchoByTime,
    ];

    /// Whether writes carry a guard that means something.
    pub fn guards(self) -> bool {
        !matches!(self, Self::LastWriter | Self::Blind | Self::Unguarded)
    }

    /// Whether a lost answer is taken for a failure.
    pub fn assumes_failure(self) -> bool {
        matches!(self, Self::LastWriter | Self::Blind | Self::NoIntents)
    }

    /// The settings, perhaps broken.
    pub fn settings(self, mut settings: FlowSettings) -> FlowSettings {
        if matches!(self, Self::SharedIsOwned | Self::LastWriter) {
            settings.policy.owners.retain(|_, owner| *owner != Ownership::Shared);
        }
        if matches!(self, Self::SilentRule) {
            settings.policy.rule = Rule::PreferSource;
        }
        settings
    }

    /// The log, perhaps broken.
    pub fn log(self, inner: Arc<dyn AuditLog>) -> Arc<dyn AuditLog> {
        if self == Self::SilentRule { Arc::new(ForgetfulLog::new(inner, discreet)) } else { inner }
    }

    /// The store, perhaps broken.
    pub fn store(self, inner: Arc<dyn StateStore>) -> Arc<dyn StateStore> {
        Arc::new(Broken { inner, variant: self })
    }
}

/// A store that breaks one rule.
#[derive(Debug)]
struct Broken {
    inner: Arc<dyn StateStore>,
    variant: Variant,
}

impl Broken {
    fn seen(&self, links: Vec<Option<Link>>) -> Vec<Option<Link>> {
        let spoil = |mut link: Link| {
            match self.variant {
                Variant::OneSidedBase => link.base.target = link.base.source.clone(),
                Variant::UnturnedLinks => std::mem::swap(&mut link.base.source, &mut link.base.target),
                _ => {}
            }
            link
        };
        links.into_iter().map(|link| link.map(spoil)).collect()
    }

    fn past_conflicts(commit: &mut Commit) {
        for conflict in commit.conflicts.iter().filter(|one| one.state == ConflictState::Open) {
            for link in commit.links.iter_mut().filter(|link| link.key == conflict.key) {
                link.base.source = overlaid(&link.base.source, &conflict.source.now);
                link.base.target = overlaid(&link.base.target, &conflict.claim.now);
            }
        }
    }

    fn forgets_intents(&self) -> bool {
        matches!(self.variant, Variant::LastWriter | Variant::Blind | Variant::NoIntents)
    }

    fn link(intent: &Intent) -> Link {
        let target = intent.target.clone().unwrap_or_default();
        early_link(intent, intent.draft.id.as_str(), Base { source: intent.source.clone(), target })
    }
}

#[async_trait]
impl StateStore for Broken {
    async fn take(&self, flow: &str, now: Timestamp) -> Result<Taken, StateError> {
        let mut taken = self.inner.take(flow, now).await?;
        if self.forgets_intents() {
            taken.intents.clear();
        }
        Ok(taken)
    }

    async fn links(&self, book: &str, ids: &[ExternalId]) -> Result<Vec<Option<Link>>, StateError> {
        Ok(self.seen(self.inner.links(book, ids).await?))
    }

    async fn all_links(
        &self,
        book: &str,
        after: Option<&ExternalId>,
        limit: usize,
    ) -> Result<Vec<Link>, StateError> {
        self.inner.all_links(book, after, limit).await
    }

    async fn count_links(&self, book: &str) -> Result<u64, StateError> {
        self.inner.count_links(book).await
    }

    async fn intents(&self, flow: &str) -> Result<Vec<Intent>, StateError> {
        if self.forgets_intents() {
            return Ok(Vec::new());
        }
        self.inner.intents(flow).await
    }

    async fn intend(&self, flow: &str, fence: Fence, intents: Vec<Intent>) -> Result<(), StateError> {
        let links = match self.variant {
            Variant::EarlyLinks | Variant::BaseFromLastAttempt => intents.iter().map(Self::link).collect(),
            _ => Vec::new(),
        };
        self.inner.intend(flow, fence, intents).await?;
        if links.is_empty() || flow != super::FORWARD {
            return Ok(());
        }
        let book = Some(super::BOOK.to_owned());
        self.inner.commit(flow, fence, Commit { book, links, ..Commit::default() }).await
    }

    async fn commit(&self, flow: &str, fence: Fence, mut commit: Commit) -> Result<(), StateError> {
        match self.variant {
            Variant::ForgetsParked => commit.parked.clear(),
            Variant::ForgetsConflicts | Variant::SilentRule | Variant::LastWriter => commit.conflicts.clear(),
            Variant::BasePastConflict => Self::past_conflicts(&mut commit),
            _ => {}
        }
        self.inner.commit(flow, fence, commit).await
    }

    async fn release(&self, flow: &str, fence: Fence) -> Result<(), StateError> {
        self.inner.release(flow, fence).await
    }
}

desk_through!([] Broken, Broken::seen);

/// Keeps conflicts to itself.
fn discreet(entries: &mut Vec<Entry>) {
    for entry in entries {
        if let Event::Decided { decisions } = &mut entry.event {
            decisions.retain(|decision| decision.action != "conflict");
        }
    }
}
