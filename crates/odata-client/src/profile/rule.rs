//! What is known about servers before they are asked.

use super::{Base, Feature};

/// Why something cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The reason.
    pub why: &'static str,
    /// Where it is known from.
    pub source: &'static str,
}

const IFS: &str = "IFS Cloud documentation 21R2 and 23R2, OData provider, supported functionalities";
const IFS_BATCH: &str = "IFS Cloud documentation 24R2, batch requests";
const IFS_UPSERT: &str = "IFS Cloud documentation 25R1, entity upserts";
const NEW: &str = "OData 4.01, new features";

const NOT_LISTED: Rule = Rule { why: "it is not among the options that IFS supports", source: IFS };
const LATER: Rule = Rule { why: "it came with OData 4.01, and the server may be of 4.0", source: NEW };

/// What forbids `feature` to a server of `base`; `None` if nothing does.
pub(super) fn of(base: Base, feature: Feature) -> Option<Rule> {
    match base {
        Base::Strict => None,
        Base::Generic => is_later(feature).then_some(LATER),
        Base::Ifs => ifs(feature),
    }
}

fn is_later(feature: Feature) -> bool {
    matches!(
        feature,
        Feature::In
            | Feature::DivBy
            | Feature::Case
            | Feature::MatchesPattern
            | Feature::CollectionFunction
            | Feature::Compute
            | Feature::QueryInBody
            | Feature::JsonBatch
            | Feature::KeyAsSegment
    )
}

fn ifs(feature: Feature) -> Option<Rule> {
    let listed = |why| Some(Rule { why, source: IFS });
    match feature {
        Feature::Has => listed("comparison operators are supported except has"),
        Feature::Mod => listed("arithmetic operators are supported except mod"),
        Feature::Lambda => listed("lambda operators are not supported"),
        Feature::CollectionFunction => listed("functions of collections are not supported"),
        Feature::MathFunction => listed("mathematical functions are not supported"),
        Feature::GeoFunction => listed("geographic functions are not supported"),
        Feature::CountInFilter => listed("$count inside a filter is not supported"),
        Feature::DateArithmetic => listed("arithmetic on dates is not supported"),
        Feature::DurationLiteral => listed("duration literals are not supported"),
        Feature::ExpandCollection => {
            listed("only associations to one can be expanded; others answer ODP_NOT_IMPLEMENTED")
        }
        Feature::JsonBatch => {
            Some(Rule { why: "batches are documented as multipart/mixed only", source: IFS_BATCH })
        }
        Feature::ReadInChangeSet => Some(Rule { why: "a change set may not hold a GET", source: IFS_BATCH }),
        Feature::IfNoneMatch => Some(Rule { why: "If-None-Match is not supported", source: IFS_UPSERT }),
        Feature::In
        | Feature::DivBy
        | Feature::Case
        | Feature::MatchesPattern
        | Feature::Search
        | Feature::Compute
        | Feature::DeltaLink
        | Feature::QueryInBody
        | Feature::KeyAsSegment => Some(NOT_LISTED),
        _ => None,
    }
}
