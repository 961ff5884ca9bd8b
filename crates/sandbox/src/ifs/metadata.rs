//! `$metadata`: a service as CSDL 4.0, made from the same description that answers its requests.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::column::{Column, ColumnKind, Writes};
use super::entity::{Access, Versions};
use super::operation::{event_names, operations};
use super::schema::{Service, members};
use super::settings::IfsSwitches;
use super::view::{Drift, View};

/// Names of sets, and what they show.
type Sets = &'static [(&'static str, &'static View)];

const CORE: &str = "Org.OData.Core.V1";
const CAPABILITIES: &str = "Org.OData.Capabilities.V1";

/// The CSDL document of a service.
pub(crate) fn csdl(service: &Service, switches: &IfsSwitches) -> String {
    let sets = if switches.no_sets { &[] } else { service.sets };
    let mut views: Vec<&'static View> = Vec::new();
    for (_, view) in sets {
        collect(view, &mut views);
    }
    let mut document =
        Document { out: String::new(), namespace: service.namespace(), drift: switches.drift() };
    document.put(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<edmx:Edmx Version=\"4.0\" \
         xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices>\
         <Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"",
    );
    let namespace = document.namespace.clone();
    document.put(&namespace);
    document.put("\">");
    document.enums(&views);
    for view in &views {
        document.entity_type(view);
    }
    document.operations(service, sets, &views);
    document.container(service, sets);
    for (set, view) in sets {
        document.annotations(set, view);
    }
    document.put("</Schema></edmx:DataServices></edmx:Edmx>");
    document.out
}

/// A view, and all that it leads to.
fn collect(view: &'static View, found: &mut Vec<&'static View>) {
    if found.iter().any(|known| known.name == view.name) {
        return;
    }
    found.push(view);
    for link in view.links {
        collect(link.target, found);
    }
}

/// The sets of a service, each type once.
fn unique(sets: Sets) -> impl Iterator<Item = &'static (&'static str, &'static View)> {
    sets.iter()
        .enumerate()
        .filter(|(at, (_, view))| sets.iter().take(*at).all(|(_, before)| before.name != view.name))
        .map(|(_, set)| set)
}

struct Document<'a> {
    out: String,
    namespace: String,
    drift: Drift<'a>,
}

impl<'a> Document<'a> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn shown(&self, view: &'static View) -> Vec<(&'static Column, &'a str)> {
        let columns = view.columns().filter_map(|(place, name)| Some((place, self.drift.shown(name)?)));
        columns.filter_map(|(place, name)| Some((view.entity.columns.get(place)?, name))).collect()
    }

    fn enums(&mut self, views: &[&'static View]) {
        let kinds = views.iter().flat_map(|view| self.shown(view)).map(|(column, _)| column.kind);
        let names: BTreeSet<&str> = kinds
            .filter_map(|kind| if let ColumnKind::Enum(name) = kind { Some(name) } else { None })
            .collect();
        for name in names {
            let _ = write!(self.out, "<EnumType Name=\"{name}\">");
            for member in members(name) {
                // Writing to a String cannot fail, here and elsewhere.
                let _ = write!(self.out, "<Member Name=\"{member}\"/>");
            }
            self.put("</EnumType>");
        }
    }

    fn entity_type(&mut self, view: &'static View) {
        let _ = write!(self.out, "<EntityType Name=\"{}\"><Key>", view.name);
        for key in view.entity.keys {
            let _ = write!(self.out, "<PropertyRef Name=\"{key}\"/>");
        }
        self.put("</Key>");
        for (column, name) in self.shown(view) {
            let kind = edm(&self.namespace, column.kind);
            let needed = if column.required { " Nullable=\"false\"" } else { "" };
            let _ = write!(self.out, "<Property Name=\"{name}\" {kind}{needed}/>");
        }
        // Every row carries these beside its attributes.
        for name in ["luname", "keyref"] {
            let _ = write!(self.out, "<Property Name=\"{name}\" Type=\"Edm.String\"/>");
        }
        for link in view.links {
            let one = format!("{}.{}", self.namespace, link.target.name);
            let kind = if link.many { format!("Collection({one})") } else { one };
            let contained = if link.many { " ContainsTarget=\"true\"" } else { "" };
            let _ =
                write!(self.out, "<NavigationProperty Name=\"{}\" Type=\"{kind}\"{contained}>", link.name);
            if !link.many {
                for (column, own) in link.on {
                    let _ = write!(
                        self.out,
                        "<ReferentialConstraint Property=\"{own}\" ReferencedProperty=\"{column}\"/>"
                    );
                }
            }
            self.put("</NavigationProperty>");
        }
        self.put("</EntityType>");
    }

    /// Bound state events, and what the projection can be called for.
    fn operations(&mut self, service: &Service, sets: Sets, views: &[&'static View]) {
        for view in views {
            let kind = format!("{}.{}", self.namespace, view.name);
            for event in event_names(view) {
                let _ = write!(
                    self.out,
                    "<Action Name=\"{}_{event}\" IsBound=\"true\"><Parameter Name=\"{}\" \
                     Type=\"{kind}\"/><ReturnType Type=\"{kind}\"/></Action>",
                    view.name, view.name
                );
            }
        }
        for operation in operations(service) {
            let tag = if operation.is_action { "Action" } else { "Function" };
            let _ = write!(self.out, "<{tag} Name=\"{}\">", operation.name);
            for parameter in operation.parameters {
                let _ = write!(self.out, "<Parameter Name=\"{parameter}\" Type=\"Edm.String\"/>");
            }
            if !operation.is_action {
                self.put("<ReturnType Type=\"Edm.Untyped\"/>");
            }
            let _ = write!(self.out, "</{tag}>");
        }
        for (_, view) in unique(sets) {
            let name = view.name;
            let kind = format!("{}.{name}", self.namespace);
            let _ = write!(
                self.out,
                "<Function Name=\"{name}_Default\"><ReturnType Type=\"{kind}\"/></Function>"
            );
        }
    }

    fn imports(&mut self, service: &Service, sets: Sets) {
        let named = operations(service).iter().map(|known| (known.name.to_owned(), known.is_action));
        let defaults = unique(sets).map(|(_, view)| (format!("{}_Default", view.name), false));
        for (name, is_action) in named.chain(defaults).collect::<Vec<_>>() {
            let tag = if is_action { "Action" } else { "Function" };
            let _ = write!(self.out, "<{tag}Import Name=\"{name}\" {tag}=\"{}.{name}\"/>", self.namespace);
        }
    }

    fn container(&mut self, service: &Service, sets: Sets) {
        self.put("<EntityContainer Name=\"Container\">");
        for (set, view) in sets {
            let kind = format!("{}.{}", self.namespace, view.name);
            let _ = write!(self.out, "<EntitySet Name=\"{set}\" EntityType=\"{kind}\"/>");
        }
        self.imports(service, sets);
        self.put("</EntityContainer>");
    }

    /// What can be done with a set, in the words of the standard vocabularies.
    fn annotations(&mut self, set: &str, view: &'static View) {
        let writes = view.entity.access == Access::Write;
        let _ = write!(self.out, "<Annotations Target=\"{}.Container/{set}\">", self.namespace);
        if view.entity.versions != Versions::None {
            let _ = write!(
                self.out,
                "<Annotation Term=\"{CORE}.OptimisticConcurrency\"><Collection/></Annotation>"
            );
        }
        for (term, property) in [("Insert", "Insertable"), ("Update", "Updatable"), ("Delete", "Deletable")] {
            let _ = write!(
                self.out,
                "<Annotation Term=\"{CAPABILITIES}.{term}Restrictions\"><Record><PropertyValue \
                 Property=\"{property}\" Bool=\"{writes}\"/></Record></Annotation>"
            );
        }
        self.put("</Annotations>");
        for (column, name) in self.shown(view) {
            let term = match column.writes {
                Writes::Always => continue,
                Writes::OnCreate => "Immutable",
                Writes::Never => "Computed",
            };
            let target = format!("{}.{}/{name}", self.namespace, view.name);
            let _ = write!(
                self.out,
                "<Annotations Target=\"{target}\"><Annotation Term=\"{CORE}.{term}\" Bool=\"true\"/></Annotations>"
            );
        }
    }
}

fn edm(namespace: &str, kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Text(length) => format!("Type=\"Edm.String\" MaxLength=\"{length}\""),
        ColumnKind::Decimal(precision, scale) => {
            format!("Type=\"Edm.Decimal\" Precision=\"{precision}\" Scale=\"{scale}\"")
        }
        ColumnKind::Integer => "Type=\"Edm.Int64\"".to_owned(),
        ColumnKind::Flag => "Type=\"Edm.Boolean\"".to_owned(),
        ColumnKind::Date => "Type=\"Edm.Date\"".to_owned(),
        ColumnKind::Timestamp => "Type=\"Edm.DateTimeOffset\" Precision=\"0\"".to_owned(),
        ColumnKind::Enum(name) => format!("Type=\"{namespace}.{name}\""),
    }
}
