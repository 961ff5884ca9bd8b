//! What a server can do, as far as is known before it is asked, and what it was found unable to do.
//!
//! A query that needs something else is refused before it is sent, with the reason and its source. A
//! profile learns from answers of 501, and can be stored with what it learned.

mod feature;
mod guard;
mod rule;
mod scan;

use std::collections::BTreeSet;
use std::fmt;

use http::StatusCode;
use serde::{Deserialize, Serialize};

pub use feature::Feature;
pub(crate) use guard::Guard;
pub use rule::Rule;

use crate::{Metadata, Query, StatusError};

pub(crate) use scan::features as needs;

/// More refusals than any server teaches; the oldest are forgotten first.
const MOST: usize = 200;

/// What a server can do.
///
/// ```
/// use odata_client::{Filter, Profile, Query};
///
/// let query = Query { filter: Some(Filter::Raw("Lines/any(l:l/Qty gt 5)".into())), ..Query::default() };
/// let refused = Profile::ifs().check(&query).unwrap_err();
/// assert!(refused.to_string().starts_with("lambda operators (any, all) cannot be asked of ifs: "));
/// assert!(Profile::strict().check(&query).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    base: Base,
    #[serde(default)]
    learned: Vec<Learned>,
}

/// What was known before anything was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Base {
    /// IFS Cloud, by its documentation.
    #[serde(rename = "ifs")]
    Ifs,
    /// Everything of OData 4.01.
    #[serde(rename = "strict-4.01")]
    Strict,
    /// What OData 4.0 has: the safe assumption about an unknown server.
    #[serde(rename = "generic")]
    Generic,
}

/// Features that a server refused together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// Everything that the refused query needed: one of them, or their meeting, is not implemented.
    pub features: BTreeSet<Feature>,
    /// The server's code.
    pub code: Option<String>,
    /// The server's own words.
    pub message: String,
}

/// Why a query is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be asked of {base}: {why} ({source_of_rule})", names(.features))]
pub struct Unsupported {
    /// What the query needs.
    pub features: BTreeSet<Feature>,
    /// The profile that refuses.
    pub base: Base,
    /// Why it cannot be asked.
    pub why: String,
    /// Where that is known from.
    pub source_of_rule: String,
}

fn names(features: &BTreeSet<Feature>) -> String {
    features.iter().map(ToString::to_string).collect::<Vec<_>>().join(" with ")
}

impl Profile {
    /// IFS Cloud, as its documentation lists what the provider supports.
    pub fn ifs() -> Self {
        Self::of(Base::Ifs)
    }

    /// A server that does everything of OData 4.01.
    pub fn strict() -> Self {
        Self::of(Base::Strict)
    }

    /// A server of which nothing is known but that it speaks OData 4.0.
    pub fn generic() -> Self {
        Self::of(Base::Generic)
    }

    /// The profile that knows no more than `base`.
    pub fn of(base: Base) -> Self {
        Self { base, learned: Vec::new() }
    }

    /// What was known from the start.
    pub fn base(&self) -> Base {
        self.base
    }

    /// What the server taught.
    pub fn learned(&self) -> &[Learned] {
        &self.learned
    }

    /// Whether `query` can be asked. Whether an expansion leads to many needs metadata:
    /// [`check_set`](Self::check_set).
    pub fn check(&self, query: &Query) -> Result<(), Unsupported> {
        self.check_features(&scan::features(&query.encoded()))
    }

    /// Whether `query` can be asked of `set`.
    pub fn check_set(&self, query: &Query, metadata: &Metadata, set: &str) -> Result<(), Unsupported> {
        let encoded = query.encoded();
        let mut features = scan::features(&encoded);
        if scan::expanded(&encoded).iter().any(|path| leads_to_many(metadata, set, path)) {
            features.insert(Feature::ExpandCollection);
        }
        self.check_features(&features)
    }

    /// Whether a request that needs `feature` can be sent.
    pub fn check_feature(&self, feature: Feature) -> Result<(), Unsupported> {
        self.check_features(&BTreeSet::from([feature]))
    }

    /// Whether a request that needs all of `features` can be sent.
    pub fn check_features(&self, features: &BTreeSet<Feature>) -> Result<(), Unsupported> {
        for feature in features {
            if let Some(rule) = rule::of(self.base, *feature) {
                return Err(Unsupported {
                    features: BTreeSet::from([*feature]),
                    base: self.base,
                    why: rule.why.to_owned(),
                    source_of_rule: rule.source.to_owned(),
                });
            }
        }
        match self.learned.iter().find(|learned| learned.features.is_subset(features)) {
            Some(learned) => Err(Unsupported {
                features: learned.features.clone(),
                base: self.base,
                why: learned.words(),
                source_of_rule: "an earlier answer of this server with status 501".to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Learns from an error: a 501 means that something `query` needs is not implemented. Whether
    /// anything was learned.
    pub fn learn(&mut self, query: &Query, error: &StatusError) -> bool {
        self.learn_features(scan::features(&query.encoded()), error)
    }

    /// Learns that a request that needed `features` was answered with `error`. Only a server of OData
    /// teaches, not the page of a proxy; and that nothing can be filtered or ordered is never learned,
    /// because one odd answer would then end every walk.
    pub fn learn_features(&mut self, mut features: BTreeSet<Feature>, error: &StatusError) -> bool {
        features.retain(|feature| !matches!(feature, Feature::Filter | Feature::OrderBy));
        let foreign = error.code.is_none() && error.message.is_empty();
        let known = self.learned.iter().any(|learned| learned.features.is_subset(&features));
        if error.status != StatusCode::NOT_IMPLEMENTED || foreign || features.is_empty() || known {
            return false;
        }
        // The narrower knowledge makes the wider superfluous.
        self.learned.retain(|learned| !features.is_subset(&learned.features));
        if self.learned.len() >= MOST {
            self.learned.remove(0);
        }
        self.learned.push(Learned { features, code: error.code.clone(), message: error.message.clone() });
        true
    }

    /// Forgets what was learned about `feature`, after a server update for instance.
    pub fn forget(&mut self, feature: Feature) {
        self.learned.retain(|learned| !learned.features.contains(&feature));
    }
}

impl Learned {
    fn words(&self) -> String {
        match &self.code {
            Some(code) => format!("the server answered {code}: {}", self.message),
            None => format!("the server answered: {}", self.message),
        }
    }
}

/// Whether the first step of `path` is a navigation property to many.
fn leads_to_many(metadata: &Metadata, set: &str, path: &str) -> bool {
    let Some(entity_set) = metadata.entity_set(set) else { return false };
    let mut of = entity_set.entity_type.as_str();
    for step in path.split('/') {
        let mut lineage = metadata.lineage(of);
        let Some(navigation) = lineage.find_map(|(_, one)| one.navigation(step)) else { continue };
        if navigation.collection {
            return true;
        }
        of = &navigation.target;
    }
    false
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ifs => "ifs",
            Self::Strict => "strict-4.01",
            Self::Generic => "generic",
        })
    }
}

impl std::str::FromStr for Base {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Ifs, Self::Strict, Self::Generic];
        let found = all.into_iter().find(|base| base.to_string() == text);
        found.ok_or_else(|| format!("{text:?} is no profile: ifs, strict-4.01 or generic"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Filter;

    fn filter(text: &str) -> Query {
        Query { filter: Some(Filter::Raw(text.into())), ..Query::default() }
    }

    fn refusal(status: u16) -> StatusError {
        let response = http::Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(bytes::Bytes::from_static(br#"{"error":{"code":"ODP_NOT_IMPLEMENTED","message":"no"}}"#))
            .unwrap();
        crate::refusal::from_response(&response)
    }

    #[test]
    fn ifs_refuses_what_its_documentation_leaves_out() {
        let ifs = Profile::ifs();
        for (text, feature) in [
            ("Flags has N.E'A'", Feature::Has),
            ("(Qty mod 2) eq 0", Feature::Mod),
            ("Lines/any(l:l/Qty gt 5)", Feature::Lambda),
            ("Lines/$count gt 5", Feature::CountInFilter),
            ("floor(Qty) eq 5", Feature::MathFunction),
            ("Name in ('a','b')", Feature::In),
            ("geo.distance(P,Q) lt 5", Feature::GeoFunction),
            ("At add duration'PT1H' gt 2026-01-01T00:00:00Z", Feature::DateArithmetic),
            ("Took gt duration'PT1H'", Feature::DurationLiteral),
        ] {
            let refused = ifs.check(&filter(text)).unwrap_err();
            assert!(refused.features.contains(&feature), "{text}: {refused}");
            assert!(!refused.why.is_empty() && refused.source_of_rule.contains("IFS"), "{refused}");
        }
        for text in [
            "(Name eq 'a has b mod c in (d) any(x:y) /$count floor(') and (Qty add 1 gt 2)",
            "has eq 1 and in eq 2 and mod ne 3",
            "contains(tolower(Name),'x') or startswith(Name,'it''s in (') or year(At) eq 2026",
            "At gt 2026-01-01T00:00:00Z and not (Any/all eq 5)",
        ] {
            assert_eq!(ifs.check(&filter(text)), Ok(()), "{text}");
        }
        assert!(ifs.check_feature(Feature::JsonBatch).is_err());
        assert!(ifs.check_feature(Feature::MultipartBatch).is_ok());
    }

    #[test]
    fn profiles_differ_by_version() {
        let newer = filter("Name in ('a','b')");
        assert!(Profile::strict().check(&newer).is_ok());
        let refused = Profile::generic().check(&newer).unwrap_err();
        assert!(refused.to_string().contains("4.01"), "{refused}");
        assert!(Profile::generic().check(&filter("Lines/any(l:l/Qty gt 5)")).is_ok());
        for base in [Base::Ifs, Base::Strict, Base::Generic] {
            assert_eq!(base.to_string().parse(), Ok(base));
        }
    }

    #[test]
    fn a_refusal_is_learned_narrowed_stored_and_forgotten() {
        let mut profile = Profile::strict();
        let wide = Query { count: true, ..filter("year(At) eq 2026") };
        assert!(!profile.learn(&wide, &refusal(400)), "only 501 means not implemented");
        assert!(!profile.learn(&Query::default(), &refusal(501)), "nothing special was asked");
        assert!(!profile.learn(&filter("Name eq 'a'"), &refusal(501)), "every walk needs filters");
        let proxy = StatusError { code: None, message: String::new(), ..refusal(501) };
        assert!(!profile.learn(&wide, &proxy), "a proxy is not the server");
        assert!(profile.learn(&wide, &refusal(501)));
        assert!(!profile.learn(&wide, &refusal(501)), "it is known");
        let refused = profile.check(&wide).unwrap_err();
        assert!(refused.to_string().contains("ODP_NOT_IMPLEMENTED: no"), "{refused}");
        let narrow = filter("year(At) eq 2025");
        assert_eq!(profile.check(&narrow), Ok(()), "it may be the count that is missing");
        assert!(profile.learn(&narrow, &refusal(501)));
        assert_eq!(profile.learned().len(), 1);
        assert_eq!(profile.check(&Query { count: true, ..filter("Name eq 'a'") }), Ok(()));
        let stored = serde_json::to_string(&profile).unwrap();
        assert!(
            stored.starts_with(r#"{"base":"strict-4.01","learned":[{"features":["date_function""#),
            "{stored}"
        );
        let mut again: Profile = serde_json::from_str(&stored).unwrap();
        assert!(again.check(&narrow).is_err());
        again.forget(Feature::DateFunction);
        assert_eq!(again.check(&narrow), Ok(()));
    }
}
