//! A small reader of metadata documents (CSDL XML): entity sets, their keys and properties, and
//! enumerations.
//!
//! It refuses document types (and with them entities), nesting deeper than 64 and documents over
//! 32 MiB; unknown elements are passed over.

use std::collections::BTreeMap;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Metadata of large IFS projections has a few MiB.
const LARGEST: usize = 32 * 1024 * 1024;
const DEEPEST: usize = 64;

/// What a metadata document says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Entity sets, and the qualified names of their types.
    pub entity_sets: BTreeMap<String, String>,
    /// Entity types by qualified name.
    pub entity_types: BTreeMap<String, EntityType>,
    /// Enumerations by qualified name, with their members in order.
    pub enums: BTreeMap<String, Vec<String>>,
    aliases: BTreeMap<String, String>,
}

/// One entity type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntityType {
    /// The qualified name of the type it extends.
    pub base: Option<String>,
    /// The names of its own key properties.
    pub keys: Vec<String>,
    /// Its own properties, without those of its base.
    pub properties: Vec<Property>,
}

/// One property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Its type, such as `Edm.String` or `IfsApp.SupplierHandling.PartyType`.
    pub type_name: String,
}

/// A metadata document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {byte}: {why}")]
pub struct MetadataError {
    /// Where.
    pub byte: u64,
    /// What is wrong there.
    pub why: String,
}

impl Metadata {
    /// Reads a document.
    pub fn read(raw: &[u8]) -> Result<Self, MetadataError> {
        let refuse = |byte: u64, why: &str| MetadataError { byte, why: why.to_owned() };
        if raw.len() > LARGEST {
            return Err(refuse(0, "it is larger than 32 MiB"));
        }
        let text = std::str::from_utf8(raw)
            .map_err(|error| refuse(error.valid_up_to() as u64, "it is not UTF-8"))?;
        let mut scanner = Scanner::default();
        let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        loop {
            let at = reader.buffer_position();
            let event =
                reader.read_event().map_err(|error| refuse(reader.error_position(), &error.to_string()))?;
            let outcome = match event {
                Event::Start(element) => scanner.open(&element),
                Event::Empty(element) => scanner.open(&element).map(|()| scanner.close()),
                Event::End(_) => {
                    scanner.close();
                    Ok(())
                }
                Event::DocType(_) => Err("it has a document type".to_owned()),
                Event::Eof => break,
                _ => Ok(()),
            };
            outcome.map_err(|why| MetadataError { byte: at, why })?;
        }
        scanner.finish().map_err(|why| refuse(raw.len() as u64, why))
    }

    /// The type of `set`.
    pub fn type_of_set(&self, set: &str) -> Option<&EntityType> {
        self.entity_type(self.entity_sets.get(set)?)
    }

    /// A property of `set`, its own or of a base of its type.
    pub fn property(&self, set: &str, name: &str) -> Option<&Property> {
        let mut current = self.type_of_set(set);
        // Bases that go in circles end here too.
        for _ in 0..DEEPEST {
            let entity_type = current?;
            if let Some(found) = entity_type.properties.iter().find(|property| property.name == name) {
                return Some(found);
            }
            current = entity_type.base.as_deref().and_then(|base| self.entity_type(base));
        }
        None
    }

    /// The members of the enumeration `type_name`.
    pub fn enum_members(&self, type_name: &str) -> Option<&[String]> {
        self.enums.get(&self.full_name(type_name)).map(Vec::as_slice)
    }

    fn entity_type(&self, name: &str) -> Option<&EntityType> {
        self.entity_types.get(&self.full_name(name))
    }

    /// `name` with the alias of its schema replaced by the namespace.
    fn full_name(&self, name: &str) -> String {
        let Some((prefix, simple)) = name.rsplit_once('.') else { return name.to_owned() };
        match self.aliases.get(prefix) {
            Some(namespace) => format!("{namespace}.{simple}"),
            None => name.to_owned(),
        }
    }
}

#[derive(Default)]
struct Scanner {
    metadata: Metadata,
    /// What the open elements are.
    open: Vec<Element>,
    seen_schema: bool,
}

enum Element {
    Schema(String),
    EntityType(String),
    EnumType(String),
    Key,
    EntityContainer,
    Other,
}

impl Scanner {
    fn close(&mut self) {
        self.open.pop();
    }

    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        if self.open.len() >= DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST}"));
        }
        let name = element.local_name();
        let kind = match name.as_ref() {
            "Schema" => self.schema(element)?,
            "EntityType" => self.entity_type(element)?,
            "EnumType" => self.enum_type(element)?,
            "Key" => Element::Key,
            "EntityContainer" => Element::EntityContainer,
            "PropertyRef" => self.property_ref(element)?,
            "Property" => self.property(element)?,
            "Member" => self.member(element)?,
            "EntitySet" => self.entity_set(element)?,
            _ => Element::Other,
        };
        self.open.push(kind);
        Ok(())
    }

    fn schema(&mut self, element: &BytesStart<'_>) -> Result<Element, String> {
        let namespace = required(element, "Namespace")?;
        if let Some(alias) = attribute(element, "Alias")? {
            self.metadata.aliases.insert(alias, namespace.clone());
        }
        self.seen_schema = true;
        Ok(Element::Schema(namespace))
    }

    fn qualified(&self, element: &BytesStart<'_>) -> Result<String, String> {
        let name = required(element, "Name")?;
        Ok(match self.open.last() {
            Some(Element::Schema(namespace)) => format!("{namespace}.{name}"),
            _ => name,
        })
    }

    fn entity_type(&mut self, element: &BytesStart<'_>) -> Result<Element, String> {
        let name = self.qualified(element)?;
        let entity_type = EntityType { base: attribute(element, "BaseType")?, ..EntityType::default() };
        self.metadata.entity_types.insert(name.clone(), entity_type);
        Ok(Element::EntityType(name))
    }

    fn enum_type(&mut self, element: &BytesStart<'_>) -> Result<Element, String> {
        let name = self.qualified(element)?;
        self.metadata.enums.insert(name.clone(), Vec::new());
        Ok(Element::EnumType(name))
    }

    fn property(&mut self, element: &BytesStart<'_>) -> Result<Element, String> {
        if let Some(Element::EntityType(owner)) = self.open.last()
            && let Some(owner) = self.metadata.entity_types.get_mut(owner)
        {
            let name = required(element, "Name")?;
            owner.properties.push(Property { name, type_name: required(element, "Type")? });
        }
        Ok(Element::Other)
    }

    fn property_ref(&mut self, element: &BytesStart<'_>) -> Result<Element, String> {
        if let [.., Element::EntityType(owner), Element::Key] = self.open.as_slice()
            && let Some(owner) = self.metadata.entity_types.get_mut(owner)
        {
            owner.keys.push(required(element, "Name")?);
        }
        Ok(Element::Other)
    }

    fn member(&mut self, element: &BytesStart<'_>) -> Result<Element, String> {
        if let Some(Element::EnumType(owner)) = self.open.last()
            && let Some(members) = self.metadata.enums.get_mut(owner)
        {
            members.push(required(element, "Name")?);
        }
        Ok(Element::Other)
    }

    fn entity_set(&mut self, element: &BytesStart<'_>) -> Result<Element, String> {
        if let Some(Element::EntityContainer) = self.open.last() {
            let type_name = required(element, "EntityType")?;
            self.metadata.entity_sets.insert(required(element, "Name")?, type_name);
        }
        Ok(Element::Other)
    }

    fn finish(self) -> Result<Metadata, &'static str> {
        if !self.open.is_empty() {
            return Err("it ends before its elements are closed");
        }
        if !self.seen_schema {
            return Err("it has no schema");
        }
        Ok(self.metadata)
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(found) = element.try_get_attribute(name).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let value = found.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
    Ok(Some(value.into_owned()))
}

fn required(element: &BytesStart<'_>, name: &str) -> Result<String, String> {
    attribute(element, name)?.ok_or_else(|| format!("an element lacks the attribute {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>
 <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="IfsApp.S" Alias="Self">
  <EnumType Name="State"><Member Name="Active" Value="0"/><Member Name="Blocked" Value="1"/></EnumType>
  <EntityType Name="Base"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String" Nullable="false"/></EntityType>
  <EntityType Name="Supplier" BaseType="Self.Base">
   <Property Name="Name" Type="Edm.String" MaxLength="100"><Annotation Term="X"/></Property>
   <Property Name="Objstate" Type="Self.State"/>
  </EntityType>
  <ComplexType Name="Other"><Property Name="Hidden" Type="Edm.String"/></ComplexType>
  <EntityContainer Name="C"><EntitySet Name="SupplierSet" EntityType="Self.Supplier"/></EntityContainer>
 </Schema></edmx:DataServices></edmx:Edmx>"#;

    #[test]
    fn sets_properties_bases_aliases_and_members() {
        let metadata = Metadata::read(DOCUMENT.as_bytes()).unwrap();
        assert_eq!(metadata.property("SupplierSet", "Name").unwrap().type_name, "Edm.String");
        assert_eq!(metadata.property("SupplierSet", "Id").unwrap().type_name, "Edm.String");
        let state = metadata.property("SupplierSet", "Objstate").unwrap();
        assert_eq!(metadata.enum_members(&state.type_name).unwrap(), ["Active", "Blocked"]);
        assert!(metadata.property("SupplierSet", "Hidden").is_none());
        assert!(metadata.property("Nothing", "Id").is_none());
        assert_eq!(metadata.entity_types["IfsApp.S.Base"].keys, ["Id"]);
    }

    #[test]
    fn attacks_and_damage_are_refused() {
        let doctype =
            DOCUMENT.replacen("<edmx:Edmx", "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///x\">]><edmx:Edmx", 1);
        let deep = format!("<Schema Namespace=\"a\">{}", "<a>".repeat(1_000_000));
        let truncated = &DOCUMENT[..DOCUMENT.len() - 30];
        let entity = DOCUMENT.replacen("Alias=\"Self\"", "Alias=\"&bomb;\"", 1);
        for bad in [doctype.as_str(), deep.as_str(), truncated, entity.as_str(), "", "<html></html>", "{}"] {
            assert!(Metadata::read(bad.as_bytes()).is_err(), "{}", bad.get(..60).unwrap_or(bad));
        }
        assert!(Metadata::read(b"\xff\xfe<\0").is_err());
    }

    #[test]
    fn bases_in_circles_end() {
        let circle = DOCUMENT.replacen("Name=\"Base\"", "Name=\"Base\" BaseType=\"Self.Supplier\"", 1);
        let metadata = Metadata::read(circle.as_bytes()).unwrap();
        assert!(metadata.property("SupplierSet", "Nothing").is_none());
    }
}
