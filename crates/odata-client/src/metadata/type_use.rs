//! The use of a type: by a property, a parameter, a result, a term.

use super::number;

/// A type with its facets (CSDL 4.01, 7.2 and 9).
///
/// Both formats have their own defaults; what stands here is what they mean, so that the same model
/// reads equal from XML and from JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeUse {
    /// The qualified name of the type, such as `Edm.String`; of the items, if it is a collection.
    pub name: String,
    /// Whether it is a collection.
    pub collection: bool,
    /// Whether it, or an item of the collection, may be null.
    pub nullable: bool,
    /// The longest value, in characters or bytes; `None` if nothing is said, or `max`.
    pub max_length: Option<u64>,
    /// Significant digits of a decimal, or digits of fractional seconds. `None` is any number of
    /// digits for the former, none for the latter.
    pub precision: Option<u32>,
    /// Digits behind the point of a decimal; `None` for other types, or where a type definition says
    /// it.
    pub scale: Option<Scale>,
    /// The spatial reference system: a number, or `variable`.
    pub srid: Option<String>,
    /// Whether characters outside of ASCII may occur.
    pub unicode: bool,
}

/// Digits behind the point of a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// At most so many.
    Digits(u32),
    /// Any number, within the precision.
    Variable,
    /// A floating decimal point.
    Floating,
}

/// The facets as a document gives them, `None` where it gives none.
#[derive(Debug, Default)]
pub(super) struct Facets<'a> {
    pub(super) nullable: Option<bool>,
    pub(super) max_length: Option<&'a str>,
    pub(super) precision: Option<&'a str>,
    pub(super) scale: Option<&'a str>,
    pub(super) srid: Option<&'a str>,
    pub(super) unicode: Option<bool>,
}

/// What the format means when it says nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) nullable: bool,
    pub(super) scale: Scale,
}

impl Default for TypeUse {
    fn default() -> Self {
        Self {
            name: "Edm.String".into(),
            collection: false,
            nullable: false,
            max_length: None,
            precision: None,
            scale: None,
            srid: None,
            unicode: true,
        }
    }
}

impl TypeUse {
    /// Reads the facets.
    pub(super) fn new(
        name: &str,
        collection: bool,
        facets: &Facets<'_>,
        defaults: Defaults,
    ) -> Result<Self, String> {
        let decimal = name == "Edm.Decimal";
        let precision = facets.precision.map(|text| whole(text, "Precision")).transpose()?;
        Ok(Self {
            name: name.to_owned(),
            collection,
            nullable: facets.nullable.unwrap_or(defaults.nullable),
            max_length: match facets.max_length {
                None | Some("max") => None,
                Some(text) => Some(whole(text, "MaxLength")?),
            },
            precision: precision.filter(|digits| decimal || *digits > 0),
            scale: match facets.scale {
                Some(text) => Some(Scale::read(text)?),
                None => decimal.then_some(defaults.scale),
            },
            srid: facets.srid.map(|text| number::canonical(text).unwrap_or_else(|| text.to_owned())),
            unicode: facets.unicode.unwrap_or(true),
        })
    }

    /// The type as XML writes it, such as `Collection(Edm.String)`.
    pub fn spelled(&self) -> String {
        if self.collection { format!("Collection({})", self.name) } else { self.name.clone() }
    }
}

impl Scale {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "variable" | "Variable" => Ok(Self::Variable),
            "floating" => Ok(Self::Floating),
            digits => whole(digits, "Scale").map(Self::Digits),
        }
    }
}

impl std::fmt::Display for Scale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Digits(digits) => write!(f, "{digits}"),
            Self::Variable => f.write_str("variable"),
            Self::Floating => f.write_str("floating"),
        }
    }
}

/// The name inside `Collection(…)`, and whether there was one.
pub(super) fn uncollected(spelled: &str) -> (&str, bool) {
    match spelled.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (spelled, false),
    }
}

fn whole<N: std::str::FromStr>(text: &str, what: &str) -> Result<N, String> {
    text.trim().parse().map_err(|_| format!("{what} is {text:?}, which is no such number"))
}
