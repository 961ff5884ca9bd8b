//! A package of metadata: judged as a whole, then applied as a whole.

use super::channel::{self, judge_channel, judge_member};
use super::component::{Component, Refused};
use super::custom_field::{self, located};
use super::element::Element;
use super::permission_set;
use crate::salesforce::rules::grant;
use crate::salesforce::schema::{CHANNEL, CHANNEL_MEMBER, PERMISSION_SET};
use crate::salesforce::store::{Author, Store, Table};

/// Folders of a package: what stands in them, and how files end.
const FOLDERS: &[(&str, &str, &str)] = &[
    ("objects/", ".object", "CustomField"),
    ("permissionsets/", ".permissionset", "PermissionSet"),
    ("platformEventChannels/", ".platformEventChannel", "PlatformEventChannel"),
    ("platformEventChannelMembers/", ".platformEventChannelMember", "PlatformEventChannelMember"),
];

/// Components with their metadata, in the order in which they are applied.
#[derive(Debug, Default)]
pub(super) struct Package(Vec<(Component, Element)>);

impl Package {
    /// Reads the files of a package.
    ///
    /// # Errors
    /// What is wrong with the whole of it.
    pub(super) fn read(store: &Store, files: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let root = files.iter().find_map(|(path, _)| path.strip_suffix("package.xml"));
        let root = root.ok_or("No package.xml found")?;
        let mut package = Self::default();
        for (folder, ending, kind) in FOLDERS {
            for (path, content) in files {
                let name = path.strip_prefix(root).and_then(|path| path.strip_prefix(folder));
                let Some(name) = name.and_then(|name| name.strip_suffix(ending)) else { continue };
                let text = String::from_utf8_lossy(content);
                let element = Element::from_xml(&text).map_err(|error| format!("{path}: {error}"))?;
                package.add(store, kind, (name, path), element);
            }
        }
        Ok(package)
    }

    fn add(&mut self, store: &Store, kind: &'static str, (name, file): (&str, &str), element: Element) {
        if kind != "CustomField" {
            let known = known(store, kind, name);
            self.0.push((Component { kind, name: name.to_owned(), file: file.to_owned(), known }, element));
            return;
        }
        for field in element.all("fields") {
            let full = format!("{name}.{}", field.text("fullName").unwrap_or_default());
            let known = known(store, kind, &full);
            self.0.push((Component { kind, name: full, file: file.to_owned(), known }, field.clone()));
        }
    }

    /// What the org says of each component.
    pub(super) fn judge(&self, store: &Store) -> Vec<(&Component, Result<(), Refused>)> {
        let named = |kind: &str| -> Vec<String> {
            let components = self.0.iter().map(|(component, _)| component);
            components.filter(|component| component.kind == kind).map(|one| one.name.clone()).collect()
        };
        let (fields, channels) = (named("CustomField"), named("PlatformEventChannel"));
        let judge = |(component, metadata): &(Component, Element)| match component.kind {
            "CustomField" => {
                let (table, name) = located(store, &component.name)?;
                custom_field::field(store, table, name, metadata).map(drop)
            }
            "PermissionSet" => permission_set::judge(store, &component.name, metadata, &fields),
            "PlatformEventChannel" => judge_channel(&component.name, metadata),
            _ => judge_member(store, &component.name, metadata, &channels),
        };
        self.0.iter().map(|entry| (&entry.0, judge(entry))).collect()
    }

    /// Applies everything; whoever calls has judged it.
    pub(super) fn apply(&self, store: &mut Store, author: &Author) {
        for (component, metadata) in &self.0 {
            match component.kind {
                "CustomField" => {
                    let Ok((table, name)) = located(store, &component.name) else { continue };
                    if let Ok(field) = custom_field::field(store, table, name, metadata) {
                        custom_field::apply(store, table, field, author);
                    }
                }
                "PermissionSet" => drop(permission_set::apply(store, &component.name, metadata, author)),
                "PlatformEventChannel" => {
                    channel::apply(store, CHANNEL, &component.name, metadata, author);
                }
                _ => drop(channel::apply(store, CHANNEL_MEMBER, &component.name, metadata, author)),
            }
        }
        grant(store, author.now);
    }
}

fn known(store: &Store, kind: &str, name: &str) -> bool {
    let full = |table: usize, field: &str| {
        store.table(table).is_some_and(|table: &Table| table.one(field, name).is_some())
    };
    match kind {
        "CustomField" => located(store, name).is_ok_and(|(table, field)| {
            store.object(table).is_some_and(|object| object.place(field).is_some())
        }),
        "PermissionSet" => full(PERMISSION_SET, "Name"),
        "PlatformEventChannel" => full(CHANNEL, "FullName"),
        _ => full(CHANNEL_MEMBER, "FullName"),
    }
}
