//! Which audit entries a command is about.

use audit::{Kind, Query};
use jiff::{SignedDuration, Timestamp};

use crate::failure::Failure;

/// Which audit entries
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct AuditFilter {
    /// Only about this record, by its key at the source
    #[arg(long, value_name = "KEY")]
    pub(crate) record: Option<String>,
    /// Only of this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Only of this flow
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: Option<String>,
    /// Only of this kind (may be repeated)
    #[arg(long, value_enum)]
    pub(crate) kind: Vec<KindName>,
    /// Only from this time on: 2026-03-01T10:00:00Z, or so long ago: 2h
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

/// Kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KindName {
    /// Requests
    Asked,
    /// Responses
    Answered,
    /// Requests without response
    Unanswered,
    /// Transformations
    Mapped,
    /// Decisions
    Decided,
    /// Beginnings and ends of runs
    Run,
    /// What people did
    Operator,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Asked => Self::Asked,
            KindName::Answered => Self::Answered,
            KindName::Unanswered => Self::Unanswered,
            KindName::Mapped => Self::Mapped,
            KindName::Decided => Self::Decided,
            KindName::Run => Self::Run,
            KindName::Operator => Self::Operator,
        }
    }
}

impl AuditFilter {
    /// As a question to the log.
    pub(crate) fn query(&self, now: Timestamp) -> Result<Query, Failure> {
        let kinds: Vec<Kind> = self.kind.iter().map(|kind| Kind::from(*kind)).collect();
        Ok(Query {
            record: self.record.clone(),
            run: self.run.clone(),
            flow: self.flow.clone(),
            kinds: (!kinds.is_empty()).then_some(kinds),
            since: self.since.as_deref().map(|text| time(text, now)).transpose()?,
            until: self.until.as_deref().map(|text| time(text, now)).transpose()?,
            ..Query::default()
        })
    }
}

/// A moment, or a span before now.
fn time(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let ago = text.parse::<SignedDuration>().ok().and_then(|span| now.checked_sub(span.abs()).ok());
    ago.ok_or_else(|| Failure::Usage {
        what: format!("`{text}` is no time"),
        hint: "write 2026-03-01T10:00:00Z, or how long ago: 2h, 3d 4h".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_moments_or_spans_before_now() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        assert_eq!(time("2026-01-01T00:00:00Z", now).unwrap(), "2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(time("2h", now).unwrap(), "2026-03-01T08:00:00Z".parse().unwrap());
        assert!(matches!(time("yesterday", now), Err(Failure::Usage { .. })));
    }
}
