//! Points around every durable change, where a test makes the store fail.

use std::fmt::Debug;
use std::sync::Arc;

use sync_engine::StateError;

/// Asked before and after every durable change of a store.
///
/// An error `before` a change prevents it, as a full disk would; an error `after` it leaves it done
/// and lets the caller believe that it failed, as a crash between the two would.
pub trait PersistPoints: Debug + Send + Sync + 'static {
    /// Passes the point (one of [`POINTS`]), or fails there.
    fn at(&self, point: &'static str) -> Option<StateError>;
}

/// All points.
pub const POINTS: [&str; 16] = [
    "before take",
    "after take",
    "before intend",
    "after intend",
    "before commit",
    "after commit",
    "before release",
    "after release",
    "before release_parked",
    "after release_parked",
    "before annotate_parked",
    "after annotate_parked",
    "before keep_conflicts",
    "after keep_conflicts",
    "before discard_parked",
    "after discard_parked",
];

/// A change with a point before and one after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    before: &'static str,
    after: &'static str,
}

pub(crate) const TAKE: Span = Span { before: POINTS[0], after: POINTS[1] };
pub(crate) const INTEND: Span = Span { before: POINTS[2], after: POINTS[3] };
pub(crate) const COMMIT: Span = Span { before: POINTS[4], after: POINTS[5] };
pub(crate) const RELEASE: Span = Span { before: POINTS[6], after: POINTS[7] };
pub(crate) const RELEASE_PARKED: Span = Span { before: POINTS[8], after: POINTS[9] };
pub(crate) const ANNOTATE: Span = Span { before: POINTS[10], after: POINTS[11] };
pub(crate) const CONFLICTS: Span = Span { before: POINTS[12], after: POINTS[13] };
pub(crate) const DISCARD_PARKED: Span = Span { before: POINTS[14], after: POINTS[15] };

/// The points of a store, if somebody wants to be asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Points(pub(crate) Option<Arc<dyn PersistPoints>>);

impl Points {
    pub(crate) fn before(&self, span: Span) -> Result<(), StateError> {
        self.pass(span.before)
    }

    pub(crate) fn after(&self, span: Span) -> Result<(), StateError> {
        self.pass(span.after)
    }

    fn pass(&self, point: &'static str) -> Result<(), StateError> {
        self.0.as_ref().and_then(|points| points.at(point)).map_or(Ok(()), Err)
    }
}
