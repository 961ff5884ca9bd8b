//! What is wrong with a mapping file, where, and what to do about it.

use std::ops::Range;

/// A mapping file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {reason}")]
#[non_exhaustive]
pub struct MappingFileError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
}

impl MappingFileError {
    /// An error at a place of `text`.
    pub(crate) fn at(file: &str, text: &str, span: Option<Range<usize>>, reason: impl Into<String>) -> Self {
        let start = span.map_or(0, |span| span.start).min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            reason: reason.into(),
            hint: None,
        }
    }

    /// Adds advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The name among `known` that is most like `name`, if any is.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|candidate| (distance(name, candidate), candidate));
    scored.filter(|(distance, _)| *distance * 2 <= name.chars().count()).min().map(|(_, candidate)| candidate)
}

/// How many letters must be added, removed or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (to, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let changed = corner + usize::from(from != *to);
            corner = *above;
            left = changed.min(left + 1).min(*above + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "a\nbü x";
        let error = MappingFileError::at("f.toml", text, Some(text.len() - 1..text.len()), "bad");
        assert_eq!((error.line, error.column), (2, 4));
        assert_eq!(error.to_string(), "f.toml:2:4: bad");
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["countries", "statuses"];
        assert_eq!(nearest("country", known.into_iter()), Some("countries"));
        assert_eq!(nearest("xyz", known.into_iter()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
