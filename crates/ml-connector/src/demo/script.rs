//! Which script a name is written in, roughly: enough to show one of each.

/// A script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Script {
    /// Plain Latin.
    Latin,
    /// Latin with marks (Łódź, Åkesson).
    Accented,
    /// Greek.
    Greek,
    /// Cyrillic.
    Cyrillic,
    /// Hebrew or Arabic.
    RightToLeft,
    /// Devanagari and its neighbours.
    Indic,
    /// Thai and its neighbours.
    SouthEastAsian,
    /// Chinese and Japanese.
    Han,
    /// Korean.
    Hangul,
    /// Anything else beyond the first plane.
    Beyond,
}

impl Script {
    /// The script of the most foreign letter.
    pub(crate) fn of(text: &str) -> Self {
        text.chars().map(Self::of_letter).max().unwrap_or(Self::Latin)
    }

    fn of_letter(letter: char) -> Self {
        match u32::from(letter) {
            0x00c0..=0x024f | 0x1e00..=0x1eff => Self::Accented,
            0x0370..=0x03ff | 0x1f00..=0x1fff => Self::Greek,
            0x0400..=0x052f => Self::Cyrillic,
            0x0590..=0x08ff => Self::RightToLeft,
            0x0900..=0x0dff => Self::Indic,
            0x0e00..=0x109f | 0x1780..=0x17ff => Self::SouthEastAsian,
            0x2e80..=0x312f | 0x3190..=0x9fff | 0xf900..=0xfaff | 0xff00..=0xffef => Self::Han,
            0x1100..=0x11ff | 0x3130..=0x318f | 0xac00..=0xd7af => Self::Hangul,
            0x1_0000.. => Self::Beyond,
            _ => Self::Latin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for (name, script) in [
            ("Smith & Sons", Script::Latin),
            ("Łódź Sp. z o.o.", Script::Accented),
            ("Ελλάς", Script::Greek),
            ("Завод", Script::Cyrillic),
            ("شركة", Script::RightToLeft),
            ("株式会社", Script::Han),
            ("한국", Script::Hangul),
            ("", Script::Latin),
        ] {
            assert_eq!(Script::of(name), script, "{name}");
        }
    }
}
