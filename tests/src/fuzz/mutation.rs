//! Makes damaged inputs from good ones, piece by piece of their structure.

use wire::Entropy;

/// No input is longer, in bytes.
const LONGEST: usize = 64 * 1024;

/// Numbers and texts at which readers stumble, in whatever language.
const EDGES: &[&str] = &[
    "0",
    "-1",
    "-0",
    "1e400",
    "1E-400",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "79228162514264337593543950336",
    "0.00000000000000000000000000000001",
    "null",
    "true",
    "INF",
    "NaN",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "\\\"",
    "\u{0}",
    "\u{feff}",
    "\u{10ffff}",
    "é",
    "\r\n",
    "\t",
    "%00",
    "%C3%28",
    "%25",
    "9999-12-31T23:59:59.999999999999Z",
    "0000-00-00",
    "2026-02-30",
    "-P1DT25H",
];

/// One damaged input.
pub fn made(corpus: &[&str], words: &[&str], chance: &dyn Entropy) -> Vec<u8> {
    let mut pieces = split(pick(corpus, chance));
    for _ in 0..=below(6, chance) {
        step(&mut pieces, corpus, words, chance);
    }
    let mut bytes: Vec<u8> = pieces.concat().into_bytes();
    // Now and then the bytes themselves are hit, which need not stay UTF-8.
    if below(4, chance) == 0 && !bytes.is_empty() {
        let at = below(bytes.len(), chance);
        match below(3, chance) {
            0 => bytes[at] ^= 1 << below(8, chance),
            1 => bytes.truncate(at),
            _ => bytes.insert(at, u8::try_from(below(256, chance)).unwrap_or_default()),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

fn below(bound: usize, chance: &dyn Entropy) -> usize {
    let bound = u64::try_from(bound.max(1)).unwrap_or(1);
    usize::try_from(chance.next_u64() % bound).unwrap_or_default()
}

fn pick<'c>(from: &[&'c str], chance: &dyn Entropy) -> &'c str {
    from.get(below(from.len(), chance)).copied().unwrap_or_default()
}

/// Words and marks: each mark of structure is a piece of its own.
fn split(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut inside = false;
    for c in text.chars() {
        let mark = !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$' | '@'));
        match pieces.last_mut() {
            Some(last) if inside && !mark => last.push(c),
            _ => pieces.push(c.to_string()),
        }
        inside = !mark;
    }
    pieces
}

/// One change of the pieces.
fn step(pieces: &mut Vec<String>, corpus: &[&str], words: &[&str], chance: &dyn Entropy) {
    let (start, end) = range(pieces.len(), chance);
    match below(9, chance) {
        0 => drop(pieces.drain(start..end)),
        1 => {
            let copy = pieces[start..end].to_vec();
            pieces.splice(end..end, copy);
        }
        2 => {
            let word = pick(words, chance).to_owned();
            pieces.insert(start, word);
        }
        3 => replace(pieces, start, pick(words, chance)),
        4 => replace(pieces, start, pick(EDGES, chance)),
        5 => pieces.insert(start, pick(EDGES, chance).to_owned()),
        6 => {
            let other = split(pick(corpus, chance));
            let (from, to) = range(other.len(), chance);
            pieces.splice(start..end, other.get(from..to).unwrap_or_default().to_vec());
        }
        7 => {
            let other = below(pieces.len(), chance);
            if start < pieces.len() && other < pieces.len() {
                pieces.swap(start, other);
            }
        }
        // Deep nesting and long runs.
        _ => {
            let piece = pieces.get(start).cloned().unwrap_or_else(|| "[".to_owned());
            let times = 1 << below(12, chance);
            pieces.insert(start, piece.repeat(times.min(LONGEST / piece.len().max(1))));
        }
    }
}

fn replace(pieces: &mut [String], at: usize, with: &str) {
    if let Some(piece) = pieces.get_mut(at) {
        with.clone_into(piece);
    }
}

/// A short range within `length`.
fn range(length: usize, chance: &dyn Entropy) -> (usize, usize) {
    let start = below(length + 1, chance);
    let end = (start + below(1 << below(6, chance), chance)).min(length);
    (start, end.max(start))
}

#[cfg(test)]
mod tests {
    use wire::SeededEntropy;

    use super::*;

    #[test]
    fn inputs_are_repeatable_and_differ() {
        let corpus = ["{\"value\":[{\"a\":1}]}", "[]"];
        let damage = |seed| made(&corpus, &["null"], &SeededEntropy::new(seed));
        let made: Vec<_> = (0..200).map(damage).collect();
        assert_eq!(made, (0..200).map(damage).collect::<Vec<_>>());
        let mut distinct = made.clone();
        distinct.sort();
        distinct.dedup();
        assert!(distinct.len() > 150, "{}", distinct.len());
        assert!(made.iter().all(|one| one.len() <= LONGEST));
    }

    #[test]
    fn pieces_make_the_text_again() {
        let text = "<a b=\"é\">{\"@odata.x\": -1.5e3, 'it''s'}</a>";
        assert_eq!(split(text).concat(), text);
    }
}
