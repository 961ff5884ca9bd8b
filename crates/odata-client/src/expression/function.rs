//! The functions of OData itself, with their names and numbers of arguments.

macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $least:literal..=$most:literal;)*) => {
        /// A function of OData itself (OData URL Conventions 5.1.1.5 to 5.1.1.11).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Function {
            $($(#[$doc])* $variant,)*
        }

        impl Function {
            /// Every function.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// How it is written.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// How many arguments it takes.
            pub fn arity(self) -> std::ops::RangeInclusive<usize> {
                match self {
                    $(Self::$variant => $least..=$most,)*
                }
            }
        }
    };
}

functions! {
    /// Joins two texts or collections.
    Concat = "concat", 2..=2;
    /// Whether the first contains the second.
    Contains = "contains", 2..=2;
    /// Whether the first ends with the second.
    EndsWith = "endswith", 2..=2;
    /// Where the second begins in the first, from 0; -1 if nowhere.
    IndexOf = "indexof", 2..=2;
    /// How long a text or collection is.
    Length = "length", 1..=1;
    /// Whether a text matches a regular expression of ECMAScript (4.01).
    MatchesPattern = "matchesPattern", 2..=2;
    /// Whether the first begins with the second.
    StartsWith = "startswith", 2..=2;
    /// A part, from the index of the second argument on, at most as long as the third.
    Substring = "substring", 2..=3;
    /// In lower case.
    ToLower = "tolower", 1..=1;
    /// In upper case.
    ToUpper = "toupper", 1..=1;
    /// Without white space around.
    Trim = "trim", 1..=1;
    /// Whether the second collection is contained in the first, in any order (4.01).
    HasSubset = "hassubset", 2..=2;
    /// Whether the second collection is contained in the first, in its order (4.01).
    HasSubsequence = "hassubsequence", 2..=2;
    /// The year.
    Year = "year", 1..=1;
    /// The month, 1 to 12.
    Month = "month", 1..=1;
    /// The day of the month.
    Day = "day", 1..=1;
    /// The hour.
    Hour = "hour", 1..=1;
    /// The minute.
    Minute = "minute", 1..=1;
    /// The second, whole.
    Second = "second", 1..=1;
    /// The fraction of the second.
    FractionalSeconds = "fractionalseconds", 1..=1;
    /// A duration in seconds.
    TotalSeconds = "totalseconds", 1..=1;
    /// The date of an instant.
    Date = "date", 1..=1;
    /// The time of day of an instant.
    Time = "time", 1..=1;
    /// The offset from UTC in minutes.
    TotalOffsetMinutes = "totaloffsetminutes", 1..=1;
    /// The earliest instant.
    MinDateTime = "mindatetime", 0..=0;
    /// The latest instant.
    MaxDateTime = "maxdatetime", 0..=0;
    /// This instant, on the server's clock.
    Now = "now", 0..=0;
    /// Half away from zero.
    Round = "round", 1..=1;
    /// Down.
    Floor = "floor", 1..=1;
    /// Up.
    Ceiling = "ceiling", 1..=1;
    /// The shortest distance of two points.
    GeoDistance = "geo.distance", 2..=2;
    /// The length of a line.
    GeoLength = "geo.length", 1..=1;
    /// Whether a point lies in a polygon.
    GeoIntersects = "geo.intersects", 2..=2;
    /// Whether a property is there after aggregation (OData Aggregation 3.2.1.2).
    IsDefined = "isdefined", 1..=1;
}

impl Function {
    /// The function of that name; names are case-insensitive since 4.01.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name().eq_ignore_ascii_case(name))
    }
}
