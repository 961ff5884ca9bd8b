//! How far a source has been read, in words.

use serde::Deserialize;
use sync_engine::Cursor;

use crate::view::entry::shorten;
use crate::view::words::{count, safe};

/// The part of our own connectors' cursors that means something to people.
#[derive(Debug, Deserialize)]
struct Shown {
    walk: Walk,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Walk {
    Snapshot {
        last: String,
        delivered: u64,
        total: Option<u64>,
    },
    Resting {
        #[serde(alias = "mark")]
        hwm: Option<String>,
    },
    Poll {
        #[serde(alias = "mark")]
        hwm: Option<String>,
    },
}

/// The cursor in words; as it is, if it is of a kind that this program does not know.
pub(crate) fn cursor_words(cursor: &Cursor) -> String {
    let Ok(shown) = serde_json::from_str::<Shown>(&cursor.0) else { return shorten(&cursor.0, 160) };
    match shown.walk {
        Walk::Snapshot { last, delivered, total } => {
            let total = total.map_or_else(String::new, |total| format!(" of {}", count(total)));
            format!("the walk of everything: {}{total} rows, up to {}", count(delivered), safe(&last))
        }
        Walk::Resting { hwm: Some(hwm) } => format!("every change up to {}", safe(&hwm)),
        Walk::Poll { hwm: Some(hwm) } => format!("in the middle of the changes since {}", safe(&hwm)),
        Walk::Resting { hwm: None } => "everything there is".into(),
        Walk::Poll { hwm: None } => "in the middle of the first changes".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_cursors_are_told_and_others_are_shown() {
        let told = |text: &str| cursor_words(&Cursor(text.into()));
        assert_eq!(
            told(r#"{"epoch":"e","walk":{"resting":{"hwm":"2026-03-01T10:00:00Z"}}}"#),
            "every change up to 2026-03-01T10:00:00Z"
        );
        assert_eq!(
            told(
                r#"{"epoch":"e","walk":{"snapshot":{"last":"S15000","hi0":"x","delivered":5000,"total":60000}}}"#
            ),
            "the walk of everything: 5,000 of 60,000 rows, up to S15000"
        );
        assert_eq!(
            told(r#"{"epoch":"e","walk":{"poll":{"mark":"2026-03-01T10:00:00Z","pages":2}},"gone":"x"}"#),
            "in the middle of the changes since 2026-03-01T10:00:00Z"
        );
        assert_eq!(told(r#"{"page":7}"#), r#"{"page":7}"#);
    }
}
