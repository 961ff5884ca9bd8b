//! The difference of two versions of a service's metadata, as a value that can be stored and read.

mod facts;
mod severity;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Metadata;
use facts::{Aspects, Facts, Place};

/// What changed between two versions, in the order of the things' names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The changes.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// How much it matters to the properties that are used.
    pub severity: Severity,
    /// What kind of thing changed.
    pub kind: Kind,
    /// Which thing, such as `IfsApp.SupplierHandling.Supplier/Name`.
    pub at: String,
    /// What happened to it.
    pub what: Difference,
}

/// What happened to a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// It is new.
    Added,
    /// It is gone, with everything inside it.
    Removed,
    /// It is not what it was.
    Changed {
        /// In what respect: a facet such as `max_length`, or `@` and a term.
        aspect: String,
        /// What it was; `None` if nothing was said.
        before: Option<String>,
        /// What it is; `None` if nothing is said.
        after: Option<String>,
    },
}

/// The kinds of things that a model declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// An entity container.
    Container,
    /// An entity set.
    EntitySet,
    /// A singleton.
    Singleton,
    /// An action or function that can be called without being bound.
    Import,
    /// An entity type.
    EntityType,
    /// A complex type.
    ComplexType,
    /// A property.
    Property,
    /// A navigation property.
    Navigation,
    /// An enumeration.
    EnumType,
    /// A member of an enumeration.
    EnumMember,
    /// A type definition.
    TypeDefinition,
    /// An overload of an action.
    Action,
    /// An overload of a function.
    Function,
    /// A parameter.
    Parameter,
    /// Something that annotations are about and that is none of these.
    Target,
}

/// How much a change matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It concerns nothing that is used.
    Info,
    /// It concerns what is used, and values may come or be refused that were not before.
    Warning,
    /// What is used does not work as it did.
    Breaking,
}

/// A property that somebody uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The entity set.
    pub set: String,
    /// The property, or a path to it through complex properties.
    pub property: String,
    /// Whether it is written too.
    pub written: bool,
}

impl Used {
    /// A property that is read only.
    pub fn read(set: impl Into<String>, property: impl Into<String>) -> Self {
        Self { set: set.into(), property: property.into(), written: false }
    }

    /// A property that is read and written.
    pub fn written(set: impl Into<String>, property: impl Into<String>) -> Self {
        Self { written: true, ..Self::read(set, property) }
    }
}

impl Drift {
    /// What changed from `old` to `new`, judged for the properties that are `used`.
    pub fn between(old: &Metadata, new: &Metadata, used: &[Used]) -> Self {
        let (before, after) = (facts::of(old), facts::of(new));
        let judge = severity::Judge::new(old, used);
        let mut changes = Vec::new();
        let mut push = |place: &Place, what: Difference| {
            let (at, kind) = place.clone();
            let severity = judge.severity(place, &what, after.get(place));
            changes.push(Change { severity, kind, at, what });
        };
        for (place, fact) in &before {
            match after.get(place) {
                Some(now) => {
                    for what in differences(&fact.aspects, &now.aspects) {
                        push(place, what);
                    }
                }
                None if stands(fact.within.as_ref(), &after) => push(place, Difference::Removed),
                None => {}
            }
        }
        for (place, fact) in &after {
            if !before.contains_key(place) && stands(fact.within.as_ref(), &before) {
                push(place, Difference::Added);
            }
        }
        changes.sort_by(|left, right| (&left.at, left.kind).cmp(&(&right.at, right.kind)));
        Self { changes }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How much the worst change matters; `None` if nothing changed.
    pub fn worst(&self) -> Option<Severity> {
        self.changes.iter().map(|change| change.severity).max()
    }

    /// The changes that matter at least as much as `severity`.
    pub fn at_least(&self, severity: Severity) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.severity >= severity)
    }
}

/// Whether the outer thing is there: otherwise the coming or going of what is in it is told once, as
/// that of the outer thing.
fn stands(within: Option<&Place>, there: &Facts) -> bool {
    within.is_none_or(|outer| there.contains_key(outer))
}

fn differences(before: &Aspects, after: &Aspects) -> Vec<Difference> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let changed = |aspect: &&String| before.get(*aspect) != after.get(*aspect);
    let difference = |aspect: &String| Difference::Changed {
        aspect: aspect.clone(),
        before: before.get(aspect).cloned(),
        after: after.get(aspect).cloned(),
    };
    names.into_iter().filter(changed).map(difference).collect()
}

impl fmt::Display for Drift {
    /// One line for each change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.changes.iter().enumerate() {
            let joint = if index > 0 { "\n" } else { "" };
            write!(f, "{joint}{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
        write!(f, "{}: {} {} ", self.severity, self.kind, self.at)?;
        match &self.what {
            Difference::Added => f.write_str("is new"),
            Difference::Removed => f.write_str("is gone"),
            Difference::Changed { aspect, before, after } => {
                write!(f, "has {aspect} {} instead of {}", said(after), said(before))
            }
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Breaking => "breaking",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::EntitySet => "entity set",
            Self::Singleton => "singleton",
            Self::Import => "import",
            Self::EntityType => "entity type",
            Self::ComplexType => "complex type",
            Self::Property => "property",
            Self::Navigation => "navigation property",
            Self::EnumType => "enumeration",
            Self::EnumMember => "member",
            Self::TypeDefinition => "type definition",
            Self::Action => "action",
            Self::Function => "function",
            Self::Parameter => "parameter",
            Self::Target => "target",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"<Edmx Version="4.0"><Reference Uri="u"><Include Namespace="Org.OData.Core.V1" Alias="Core"/>
<Include Namespace="Org.OData.Capabilities.V1" Alias="Cap"/></Reference><DataServices><Schema Namespace="N">
<EnumType Name="E"><Member Name="A"/><Member Name="B"/></EnumType>
<EntityType Name="Base"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String" Nullable="false" MaxLength="20"/></EntityType>
<EntityType Name="T" BaseType="N.Base"><Property Name="Name" Type="Edm.String" MaxLength="100"/><Property Name="State" Type="N.E"/>
 <Property Name="Spare" Type="Edm.Int32"/></EntityType>
<ComplexType Name="Gone"><Property Name="X" Type="Edm.String"/></ComplexType>
<EntityContainer Name="C"><EntitySet Name="S" EntityType="N.T"/><EntitySet Name="Other" EntityType="N.Base"/></EntityContainer>
</Schema></DataServices></Edmx>"#;

    fn drift(changes: &[(&str, &str)]) -> Drift {
        let mut new = OLD.to_owned();
        for (from, to) in changes {
            assert!(new.contains(from), "{from}");
            new = new.replacen(from, to, 1);
        }
        let used = [Used::written("S", "Name"), Used::read("S", "Id"), Used::read("S", "State")];
        let read = |text: &str| Metadata::read(text.as_bytes()).unwrap();
        Drift::between(&read(OLD), &read(&new), &used)
    }

    fn lines(changes: &[(&str, &str)]) -> Vec<String> {
        drift(changes).changes.iter().map(Change::to_string).collect()
    }

    #[test]
    fn nothing_changed_is_no_drift() {
        assert!(drift(&[]).is_empty());
        assert_eq!(drift(&[]).worst(), None);
    }

    #[test]
    fn changes_of_what_is_used_are_told_from_others() {
        for (change, told) in [
            (("Name=\"Name\"", "Name=\"Title\""), "breaking: property N.T/Name is gone"),
            (
                ("MaxLength=\"100\"", "MaxLength=\"50\""),
                "breaking: property N.T/Name has max_length 50 instead of 100",
            ),
            (
                ("MaxLength=\"100\"", "MaxLength=\"500\""),
                "warning: property N.T/Name has max_length 500 instead of 100",
            ),
            (
                ("MaxLength=\"20\"", "MaxLength=\"10\""),
                "warning: property N.Base/Id has max_length 10 instead of 20",
            ),
            (
                ("Name=\"Name\" Type=\"Edm.String\"", "Name=\"Name\" Type=\"Edm.Int64\""),
                "breaking: property N.T/Name has type Edm.Int64 instead of Edm.String",
            ),
            (("<Member Name=\"B\"/>", ""), "breaking: member N.E/B is gone"),
            (
                ("<Member Name=\"B\"/>", "<Member Name=\"B\"/><Member Name=\"C\"/>"),
                "warning: member N.E/C is new",
            ),
            (
                ("<PropertyRef Name=\"Id\"/>", "<PropertyRef Name=\"Id\"/><PropertyRef Name=\"No\"/>"),
                "breaking: entity type N.Base has key Id, No instead of Id",
            ),
            (("Name=\"S\" EntityType", "Name=\"SNew\" EntityType"), "breaking: entity set N.C/S is gone"),
            (("<Property Name=\"Spare\" Type=\"Edm.Int32\"/>", ""), "info: property N.T/Spare is gone"),
            (("Name=\"Other\"", "Name=\"Another\""), "info: entity set N.C/Other is gone"),
            (
                (
                    "<Property Name=\"Spare\"",
                    "<Property Name=\"Must\" Type=\"Edm.String\" Nullable=\"false\"/><Property Name=\"Spare\"",
                ),
                "warning: property N.T/Must is new",
            ),
        ] {
            let found = lines(&[change]);
            assert!(found.iter().any(|line| line == told), "{told}: {found:#?}");
        }
    }

    #[test]
    fn a_type_that_is_gone_is_told_once() {
        let gone = "<ComplexType Name=\"Gone\"><Property Name=\"X\" Type=\"Edm.String\"/></ComplexType>";
        assert_eq!(lines(&[(gone, "")]), ["info: complex type N.Gone is gone"]);
    }

    #[test]
    fn capabilities_drift_wherever_they_stand() {
        let restriction = "<EntitySet Name=\"S\" EntityType=\"N.T\"><Annotation Term=\"Cap.FilterRestrictions\"><Record>\
            <PropertyValue Property=\"NonFilterableProperties\"><Collection><PropertyPath>Name</PropertyPath></Collection>\
            </PropertyValue></Record></Annotation></EntitySet>";
        let told = "warning: entity set N.C/S has @Org.OData.Capabilities.V1.FilterRestrictions/NonFilterableProperties \
            [\"Name\"] instead of nothing";
        assert_eq!(lines(&[("<EntitySet Name=\"S\" EntityType=\"N.T\"/>", restriction)]), [told]);
        let apart =
            "<Annotations Target=\"N.T/Name\"><Annotation Term=\"Core.Computed\"/></Annotations></Schema>";
        let told = "breaking: property N.T/Name has @Org.OData.Core.V1.Computed true instead of nothing";
        assert_eq!(lines(&[("</Schema>", apart)]), [told]);
        let words = "<Annotations Target=\"N.T/Name\"><Annotation Term=\"Core.Description\" String=\"d\"/></Annotations></Schema>";
        assert_eq!(drift(&[("</Schema>", words)]).worst(), Some(Severity::Info));
    }

    #[test]
    fn drift_is_stored_and_read_again() {
        let found = drift(&[("MaxLength=\"100\"", "MaxLength=\"50\""), ("Name=\"Spare\"", "Name=\"Else\"")]);
        let stored = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Drift>(&stored).unwrap(), found);
        assert!(
            stored.contains(r#"{"changed":{"aspect":"max_length","before":"100","after":"50"}}"#),
            "{stored}"
        );
        assert_eq!(found.to_string().lines().count(), 3);
        assert_eq!(found.at_least(Severity::Warning).count(), 1);
    }
}
