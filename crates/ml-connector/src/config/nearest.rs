//! Finds the name that somebody probably meant.

/// The one of `known` that is nearest to `given`, if it is near enough to be a slip.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (given.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|name| (distance(&given.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Levenshtein distance: how many letters have to be put in, taken out or replaced.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((b, diagonal), above) in right.iter().zip(&row).zip(row.iter().skip(1)) {
            let replace = diagonal + usize::from(a != *b);
            let before = next.last().copied().unwrap_or(i + 1);
            next.push(replace.min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["realm", "client_id", "secret", "token_url"];
        assert_eq!(nearest("relm", known), Some("realm"));
        assert_eq!(nearest("clientid", known), Some("client_id"));
        assert_eq!(nearest("Secret", known), Some("secret"));
        assert_eq!(nearest("elephant", known), None);
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
