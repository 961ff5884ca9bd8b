//! What a request may need of a server beyond the plainest reading.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// Something that not every server can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Feature {
            $($(#[$doc])* $variant,)*
        }

        impl Feature {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }

        impl fmt::Display for Feature {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name,)* })
            }
        }
    };
}

features! {
    /// The operator `has`.
    Has = "the operator has";
    /// The operator `in` (4.01).
    In = "the operator in";
    /// The operator `mod`.
    Mod = "the operator mod";
    /// The operator `divby` (4.01).
    DivBy = "the operator divby";
    /// `add`, `sub`, `mul`, `div`.
    Arithmetic = "arithmetic";
    /// `add` and `sub` with a date, an instant or a duration, as far as literals show it.
    DateArithmetic = "arithmetic on dates";
    /// A duration as a literal.
    DurationLiteral = "a duration literal";
    /// `any` and `all`.
    Lambda = "lambda operators (any, all)";
    /// `/$count` inside an expression.
    CountInFilter = "/$count in an expression";
    /// `round`, `floor`, `ceiling`.
    MathFunction = "mathematical functions";
    /// `geo.distance` and its like, and geographic literals.
    GeoFunction = "geographic functions";
    /// `hassubset`, `hassubsequence` (4.01).
    CollectionFunction = "collection functions";
    /// `matchesPattern` (4.01).
    MatchesPattern = "matchesPattern";
    /// `contains`, `tolower` and other functions of text.
    StringFunction = "functions of text";
    /// `year`, `now` and other functions of time.
    DateFunction = "functions of time";
    /// `cast` and `isof`.
    TypeFunction = "cast and isof";
    /// `case` (4.01).
    Case = "case";
    /// A value that the expression names and the query gives (`@name`).
    ParameterAlias = "parameter aliases";
    /// `$filter` at all.
    Filter = "$filter";
    /// `$orderby`.
    OrderBy = "$orderby";
    /// `$skip`.
    Skip = "$skip";
    /// `$count=true`.
    Count = "$count";
    /// `$search`.
    Search = "$search";
    /// `$compute` (4.01).
    Compute = "$compute";
    /// `$apply`.
    Apply = "$apply";
    /// `$expand`.
    Expand = "$expand";
    /// `$expand` of a navigation property to many.
    ExpandCollection = "$expand of a collection";
    /// `$levels` in an expansion.
    Levels = "$levels";
    /// Delta links, and the preference that asks for them.
    DeltaLink = "delta links";
    /// `POST …/$query` with the options in the body.
    QueryInBody = "/$query";
    /// `$batch` as `multipart/mixed`.
    MultipartBatch = "multipart batches";
    /// `$batch` as JSON (4.01).
    JsonBatch = "JSON batches";
    /// A read inside an atomic group of a batch.
    ReadInChangeSet = "a read in a change set";
    /// `If-None-Match`.
    IfNoneMatch = "If-None-Match";
    /// An answer that comes later (`respond-async`).
    Async = "asynchronous answers";
    /// Keys as path segments (4.01).
    KeyAsSegment = "keys as path segments";
}
