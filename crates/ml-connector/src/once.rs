//! Shows each previewed record once: a walk may meet a row again, and nothing is committed between.

use std::collections::BTreeSet;

use mapping::{Action, ExternalId, Key, Version};
use sync_engine::{Preview, Report};

/// Remembers what was shown.
#[derive(Debug, Default)]
pub(crate) struct Once {
    seen: BTreeSet<(Key, Option<(ExternalId, Version)>)>,
    repeated: Report,
}

impl Once {
    /// Whether `preview` is new; one that is not is taken out of the counts.
    pub(crate) fn is_new(&mut self, preview: &Preview) -> bool {
        let (name, counter) = match preview {
            Preview::Planned(planned) => {
                let draft = (planned.step.draft.id.clone(), planned.record.version.clone());
                let counter = match planned.step.action {
                    Action::Create => &mut self.repeated.created,
                    Action::Update { .. } => &mut self.repeated.updated,
                    Action::Nothing { .. } => &mut self.repeated.equal,
                    _ => &mut self.repeated.parked,
                };
                ((planned.record.key.clone(), Some(draft)), counter)
            }
            Preview::Parked { key, .. } => ((key.clone(), None), &mut self.repeated.parked),
            _ => return true,
        };
        let new = self.seen.insert(name);
        *counter += u64::from(!new);
        new
    }

    /// The counts without repetitions.
    pub(crate) fn correct(self, report: Report) -> Report {
        let Report { created, updated, equal, parked, .. } = self.repeated;
        Report {
            read: report.read.saturating_sub(created + updated + equal + parked),
            created: report.created.saturating_sub(created),
            updated: report.updated.saturating_sub(updated),
            equal: report.equal.saturating_sub(equal),
            parked: report.parked.saturating_sub(parked),
            ..report
        }
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::{Fault, FaultClass};

    use super::*;

    fn parked(key: &str) -> Preview {
        let fault = Fault {
            class: FaultClass::Data,
            code: "X".into(),
            message: "x".into(),
            fields: vec![],
            hint: None,
        };
        Preview::Parked { key: key.into(), fault }
    }

    #[test]
    fn a_row_that_comes_twice_counts_once() {
        let mut once = Once::default();
        assert!(once.is_new(&parked("S1")));
        assert!(once.is_new(&parked("S2")));
        assert!(!once.is_new(&parked("S1")));
        let report = once.correct(Report { read: 3, parked: 3, ..Report::default() });
        assert_eq!((report.read, report.parked), (2, 2));
    }
}
