//! Which two systems a flow has joined, as far as they can be told from others of their kind: pure.

/// Stands between source and target.
const JOIN: &str = " -> ";
/// Stands for a system that does not say which one it is.
const UNTOLD: &str = "?";

/// How the systems of now stand to those of the state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// They are the same.
    Same,
    /// More is known of them than before; to be kept.
    Learned(String),
    /// One of them is another one.
    Other {
        /// Those of the state.
        known: String,
        /// Those of now.
        found: String,
    },
}

impl Joined {
    /// Compares source and target with what was `known`. A system that does not say which one it is
    /// stays what it was.
    pub(crate) fn of(known: Option<&str>, found: [Option<String>; 2]) -> Self {
        let parts = known.and_then(|known| known.split_once(JOIN)).unwrap_or((UNTOLD, UNTOLD));
        let [source, target] = found;
        let now =
            [source.unwrap_or_else(|| parts.0.to_owned()), target.unwrap_or_else(|| parts.1.to_owned())];
        let differs = |(known, now): (&str, &String)| known != UNTOLD && known != now;
        let other = [parts.0, parts.1].into_iter().zip(&now).any(differs);
        let (known, found) = ([parts.0, parts.1].join(JOIN), now.join(JOIN));
        match (other, known == found) {
            (true, _) => Self::Other { known, found },
            (false, true) => Self::Same,
            (false, false) => Self::Learned(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_system_is_refused_and_one_that_says_nothing_is_not() {
        let of = |known: Option<&str>, source: &str, target: &str| {
            let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Joined::of(known, [told(source), told(target)])
        };
        let learned = |text: &str| Joined::Learned(text.into());
        let other = |known: &str, found: &str| Joined::Other { known: known.into(), found: found.into() };
        assert_eq!(of(None, "", ""), Joined::Same);
        assert_eq!(of(None, "", "org 1"), learned("? -> org 1"));
        assert_eq!(of(Some("? -> org 1"), "", "org 1"), Joined::Same);
        assert_eq!(of(Some("? -> org 1"), "", ""), Joined::Same);
        assert_eq!(of(Some("? -> org 1"), "", "org 2"), other("? -> org 1", "? -> org 2"));
        assert_eq!(of(Some("? -> org 1"), "tenant", "org 1"), learned("tenant -> org 1"));
        assert_eq!(of(Some("tenant -> org 1"), "other", "org 1"), other("tenant -> org 1", "other -> org 1"));
    }
}
