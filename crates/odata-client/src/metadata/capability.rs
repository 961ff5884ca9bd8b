//! What the vocabularies Core and Capabilities say about a set: what may be filtered, written,
//! expanded, and what a write must bring along.
//!
//! An answer of `None` means that the document does not say. The vocabularies then presume that a
//! thing is possible; whether one relies on that is for the caller to decide.

use super::{Annotations, EntitySet, KeyRef, Metadata, Property, Value};

const CORE: &str = "Org.OData.Core.V1";
const CAPABILITIES: &str = "Org.OData.Capabilities.V1";

/// What is said about one entity set.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities<'m> {
    metadata: &'m Metadata,
    container: &'m str,
    name: &'m str,
    set: &'m EntitySet,
}

impl Metadata {
    /// What is said about `set`.
    pub fn capabilities(&self, set: &str) -> Option<Capabilities<'_>> {
        self.containers.iter().find_map(|(container, one)| {
            let (name, set) = one.sets.get_key_value(set)?;
            Some(Capabilities { metadata: self, container, name, set })
        })
    }

    /// Whether the service takes batches (`Capabilities.BatchSupported`, `BatchSupport`).
    pub fn batch_supported(&self) -> Option<bool> {
        let record = self.of_containers("BatchSupport").and_then(|value| value.member("Supported"));
        self.of_containers("BatchSupported").or(record).and_then(Value::as_bool)
    }

    /// Whether keys may stand as path segments (`Capabilities.KeyAsSegmentSupported`).
    pub fn key_as_segment(&self) -> Option<bool> {
        self.of_containers("KeyAsSegmentSupported").and_then(Value::as_bool)
    }

    /// The functions that filters may use (`Capabilities.FilterFunctions`); empty if nothing is said.
    pub fn filter_functions(&self) -> Vec<&str> {
        self.of_containers("FilterFunctions").map(|value| value.texts().collect()).unwrap_or_default()
    }

    fn of_containers(&self, term: &str) -> Option<&Value> {
        let term = format!("{CAPABILITIES}.{term}");
        self.containers.iter().find_map(|(name, one)| self.said(&one.annotations, name, &term))
    }

    /// What is said beside a thing, or else apart from it.
    fn said<'m>(&'m self, beside: &'m Annotations, target: &str, term: &str) -> Option<&'m Value> {
        beside.value(term).or_else(|| self.external.get(target)?.value(term))
    }
}

impl<'m> Capabilities<'m> {
    /// Whether filters may use `property`.
    pub fn filterable(&self, property: &str) -> Option<bool> {
        self.allowed("FilterRestrictions", "Filterable", "NonFilterableProperties", property)
    }

    /// Whether every read needs a filter.
    pub fn requires_filter(&self) -> Option<bool> {
        self.member("FilterRestrictions", "RequiresFilter").and_then(Value::as_bool)
    }

    /// The properties that every filter must use.
    pub fn required_in_filter(&self) -> Vec<&'m str> {
        self.paths("FilterRestrictions", "RequiredProperties")
    }

    /// Which expressions filters may use on `property`, such as `SingleValue` or
    /// `SearchExpression` (`FilterExpressionRestrictions`).
    pub fn filter_expressions(&self, property: &str) -> Vec<&'m str> {
        let restrictions = self.member("FilterRestrictions", "FilterExpressionRestrictions");
        let about = |one: &&Value| one.member("Property").and_then(Value::as_text) == Some(property);
        let found = restrictions.map_or(&[][..], Value::items).iter().filter(about);
        found.filter_map(|one| one.member("AllowedExpressions")?.as_text()).collect()
    }

    /// Whether rows may be ordered by `property`.
    pub fn sortable(&self, property: &str) -> Option<bool> {
        self.allowed("SortRestrictions", "Sortable", "NonSortableProperties", property)
    }

    /// Whether rows can be ordered by `property`, smallest first and largest first.
    pub fn sort_directions(&self, property: &str) -> (bool, bool) {
        let only = |list| self.paths("SortRestrictions", list).contains(&property);
        (!only("DescendingOnlyProperties"), !only("AscendingOnlyProperties"))
    }

    /// Whether rows may be created.
    pub fn insertable(&self) -> Option<bool> {
        self.member("InsertRestrictions", "Insertable").and_then(Value::as_bool)
    }

    /// Whether rows may be changed.
    pub fn updatable(&self) -> Option<bool> {
        self.member("UpdateRestrictions", "Updatable").and_then(Value::as_bool)
    }

    /// Whether rows may be deleted.
    pub fn deletable(&self) -> Option<bool> {
        self.member("DeleteRestrictions", "Deletable").and_then(Value::as_bool)
    }

    /// Whether `property` may be given when a row is created.
    pub fn property_insertable(&self, property: &str) -> Option<bool> {
        if self.computed(property) || self.permission(property) == Some(false) {
            return Some(false);
        }
        let listed = self.paths("InsertRestrictions", "NonInsertableProperties").contains(&property);
        if listed { Some(false) } else { self.insertable() }
    }

    /// Whether `property` may be given when a row is changed.
    pub fn property_updatable(&self, property: &str) -> Option<bool> {
        let fixed = self.computed(property) || self.immutable(property) || self.is_key(property);
        if fixed || self.permission(property) == Some(false) {
            return Some(false);
        }
        let listed = self.paths("UpdateRestrictions", "NonUpdatableProperties").contains(&property);
        if listed { Some(false) } else { self.updatable() }
    }

    /// The properties that a new row must have, besides those that metadata calls not nullable.
    pub fn required_at_insert(&self) -> Vec<&'m str> {
        self.paths("InsertRestrictions", "RequiredProperties")
    }

    /// Whether the server computes `property` and takes no value for it (`Core.Computed`).
    pub fn computed(&self, property: &str) -> bool {
        self.marked(property, "Computed")
    }

    /// Whether the server gives `property` a value when none is sent (`Core.ComputedDefaultValue`).
    pub fn computed_default(&self, property: &str) -> bool {
        self.marked(property, "ComputedDefaultValue")
    }

    /// Whether `property` keeps the value that it was created with (`Core.Immutable`).
    pub fn immutable(&self, property: &str) -> bool {
        self.marked(property, "Immutable")
    }

    /// The description of `property` (`Core.Description`).
    pub fn description(&self, property: &str) -> Option<&'m str> {
        self.of_property(property, &format!("{CORE}.Description")).and_then(Value::as_text)
    }

    /// The properties from which ETags are made (`Core.OptimisticConcurrency`). If anything is said,
    /// even an empty list, writes need the ETag of the row.
    pub fn etag_properties(&self) -> Option<Vec<&'m str>> {
        let term = format!("{CORE}.OptimisticConcurrency");
        self.of_set(&term).or_else(|| self.of_type(&term)).map(|value| value.texts().collect())
    }

    /// Whether writes need the ETag of the row.
    pub fn requires_etag(&self) -> bool {
        self.etag_properties().is_some()
    }

    /// Other keys by which a row can be addressed (`Core.AlternateKeys`).
    pub fn alternate_keys(&self) -> Vec<Vec<KeyRef>> {
        let term = format!("{CORE}.AlternateKeys");
        let keys = self.of_set(&term).or_else(|| self.of_type(&term)).map_or(&[][..], Value::items);
        let part = |part: &Value| {
            let path = part.member("Name")?.as_text()?.to_owned();
            Some(KeyRef { path, alias: part.member("Alias").and_then(Value::as_text).map(str::to_owned) })
        };
        let parts = |key: &Value| Some(key.member("Key")?.items().iter().filter_map(part).collect());
        keys.iter().filter_map(parts).collect()
    }

    /// Whether `navigation` may be expanded.
    pub fn expandable(&self, navigation: &str) -> Option<bool> {
        self.allowed("ExpandRestrictions", "Expandable", "NonExpandableProperties", navigation)
    }

    /// Whether `$count` may be asked.
    pub fn countable(&self) -> Option<bool> {
        self.member("CountRestrictions", "Countable").and_then(Value::as_bool)
    }

    /// Whether `$search` may be asked.
    pub fn searchable(&self) -> Option<bool> {
        self.member("SearchRestrictions", "Searchable").and_then(Value::as_bool)
    }

    /// Whether `$top` may be asked.
    pub fn top_supported(&self) -> Option<bool> {
        self.common("TopSupported").and_then(Value::as_bool)
    }

    /// Whether `$skip` may be asked.
    pub fn skip_supported(&self) -> Option<bool> {
        self.common("SkipSupported").and_then(Value::as_bool)
    }

    /// Whether `$select` may be asked.
    pub fn select_supported(&self) -> Option<bool> {
        self.member("SelectSupport", "Supported").and_then(Value::as_bool)
    }

    /// Whether a delta link may be asked (`Capabilities.ChangeTracking`).
    pub fn change_tracking(&self) -> Option<bool> {
        self.member("ChangeTracking", "Supported").and_then(Value::as_bool)
    }

    /// Whether rows can be read one by one, by their keys.
    pub fn readable_by_key(&self) -> Option<bool> {
        let by_key = self.member("ReadRestrictions", "ReadByKeyRestrictions");
        let record = by_key.and_then(|value| value.member("Readable"));
        record.or_else(|| self.common("IndexableByKey")).and_then(Value::as_bool)
    }

    fn allowed(&self, term: &str, flag: &str, list: &str, property: &str) -> Option<bool> {
        let whole = self.member(term, flag).and_then(Value::as_bool);
        if whole == Some(false) {
            return whole;
        }
        match self.member(term, list) {
            Some(except) => Some(!except.texts().any(|path| path == property)),
            None => whole,
        }
    }

    fn member(&self, term: &str, name: &str) -> Option<&'m Value> {
        self.common(term)?.member(name)
    }

    fn paths(&self, term: &str, name: &str) -> Vec<&'m str> {
        self.member(term, name).map(|value| value.texts().collect()).unwrap_or_default()
    }

    /// A capability of the set, or else of the whole service.
    fn common(&self, term: &str) -> Option<&'m Value> {
        self.of_set(&format!("{CAPABILITIES}.{term}")).or_else(|| self.metadata.of_containers(term))
    }

    fn of_set(&self, term: &str) -> Option<&'m Value> {
        self.metadata.said(&self.set.annotations, &format!("{}/{}", self.container, self.name), term)
    }

    fn of_type(&self, term: &str) -> Option<&'m Value> {
        let mut lineage = self.metadata.lineage(&self.set.entity_type);
        lineage.find_map(|(name, one)| self.metadata.said(&one.annotations, name, term))
    }

    /// What is said about a property, in this set or in its type.
    fn of_property(&self, path: &str, term: &str) -> Option<&'m Value> {
        let external = &self.metadata.external;
        let here = external.get(&format!("{}/{}/{path}", self.container, self.name));
        here.and_then(|annotations| annotations.value(term)).or_else(|| {
            let (owner, property): (&str, &'m Property) =
                self.metadata.declared(&self.set.entity_type, path)?;
            self.metadata.said(&property.annotations, &format!("{owner}/{}", property.name), term)
        })
    }

    fn marked(&self, property: &str, term: &str) -> bool {
        self.of_property(property, &format!("{CORE}.{term}")).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether `Core.Permissions` lets the property be written; `None` if it does not say.
    fn permission(&self, property: &str) -> Option<bool> {
        let names = self.of_property(property, &format!("{CORE}.Permissions"))?.as_text()?;
        // Members may come with their values: ReadWrite is 3, Write 2.
        Some(names.split(',').any(|name| matches!(name.trim(), "Write" | "ReadWrite" | "2" | "3")))
    }

    fn is_key(&self, property: &str) -> bool {
        self.metadata.keys(&self.set.entity_type).iter().any(|key| key.path == property)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Metadata {
        let document = r#"<edmx:Edmx xmlns:edmx="e" Version="4.0">
<edmx:Reference Uri="u"><edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/><edmx:Include Namespace="Org.OData.Capabilities.V1" Alias="Cap"/></edmx:Reference>
<edmx:DataServices><Schema Namespace="N"><EntityType Name="B"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String"/>
<Property Name="Stamp" Type="Edm.DateTimeOffset"><Annotation Term="Core.Computed"/></Property></EntityType>
<EntityType Name="T" BaseType="N.B"><Property Name="Free" Type="Edm.String"/><Property Name="Fixed" Type="Edm.String"/>
<Property Name="Seen" Type="Edm.String"><Annotation Term="Core.Permissions" EnumMember="Core.Permission/Read"/></Property>
<Property Name="Plain" Type="Edm.String"><Annotation Term="Core.Computed" Bool="false"/></Property>
<NavigationProperty Name="Up" Type="N.T"/><NavigationProperty Name="Down" Type="Collection(N.T)"/></EntityType>
<EntityContainer Name="C"><Annotation Term="Cap.BatchSupported" Bool="false"/><Annotation Term="Cap.SkipSupported" Bool="false"/>
<EntitySet Name="S" EntityType="N.T">
 <Annotation Term="Cap.FilterRestrictions"><Record><PropertyValue Property="RequiresFilter" Bool="true"/><PropertyValue Property="NonFilterableProperties"><Collection><PropertyPath>Free</PropertyPath></Collection></PropertyValue>
  <PropertyValue Property="FilterExpressionRestrictions"><Collection><Record><PropertyValue Property="Property" PropertyPath="Id"/><PropertyValue Property="AllowedExpressions" String="SingleValue"/></Record></Collection></PropertyValue></Record></Annotation>
 <Annotation Term="Cap.SortRestrictions"><Record><PropertyValue Property="Sortable" Bool="false"/></Record></Annotation>
 <Annotation Term="Cap.ExpandRestrictions"><Record><PropertyValue Property="NonExpandableProperties"><Collection><NavigationPropertyPath>Down</NavigationPropertyPath></Collection></PropertyValue></Record></Annotation>
 <Annotation Term="Core.OptimisticConcurrency"><Collection/></Annotation>
 <Annotation Term="Core.AlternateKeys"><Collection><Record><PropertyValue Property="Key"><Collection><Record><PropertyValue Property="Name" PropertyPath="Free"/><PropertyValue Property="Alias" String="F"/></Record></Collection></PropertyValue></Record></Collection></Annotation>
</EntitySet><EntitySet Name="Quiet" EntityType="N.T"/></EntityContainer>
<Annotations Target="N.T/Fixed"><Annotation Term="Core.Immutable" Bool="true"/><Annotation Term="Core.Description" String="stays"/></Annotations>
<Annotations Target="N.C/Quiet"><Annotation Term="Cap.UpdateRestrictions"><Record><PropertyValue Property="Updatable" Bool="false"/></Record></Annotation></Annotations>
<Annotations Target="N.C/Quiet/Free"><Annotation Term="Core.Computed" Bool="true"/></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>"#;
        Metadata::read(document.as_bytes()).unwrap()
    }

    #[test]
    fn a_set_says_what_may_be_read() {
        let metadata = metadata();
        let set = metadata.capabilities("S").unwrap();
        assert_eq!((set.filterable("Free"), set.filterable("Id")), (Some(false), Some(true)));
        assert_eq!(set.filter_expressions("Id"), ["SingleValue"]);
        assert_eq!(set.requires_filter(), Some(true));
        assert_eq!(set.sortable("Id"), Some(false));
        assert_eq!((set.expandable("Up"), set.expandable("Down")), (Some(true), Some(false)));
        assert_eq!((set.skip_supported(), set.top_supported()), (Some(false), None));
        assert_eq!(metadata.batch_supported(), Some(false));
        assert_eq!(metadata.key_as_segment(), None);
        assert!(metadata.capabilities("Nothing").is_none());
    }

    #[test]
    fn a_set_says_what_may_be_written() {
        let metadata = metadata();
        let set = metadata.capabilities("S").unwrap();
        assert!(set.computed("Stamp") && !set.computed("Plain") && !set.computed("Free"));
        assert_eq!(set.property_insertable("Stamp"), Some(false));
        assert_eq!(set.property_updatable("Fixed"), Some(false));
        assert_eq!(set.property_insertable("Fixed"), None);
        assert_eq!(set.property_updatable("Seen"), Some(false));
        assert_eq!(set.property_updatable("Id"), Some(false));
        assert_eq!(set.property_updatable("Plain"), None);
        assert_eq!(set.description("Fixed"), Some("stays"));
        assert!(set.requires_etag());
        assert_eq!(set.etag_properties(), Some(vec![]));
        assert_eq!(set.alternate_keys(), [[KeyRef { path: "Free".into(), alias: Some("F".into()) }]]);
    }

    #[test]
    fn what_is_said_apart_holds_for_its_target_alone() {
        let metadata = metadata();
        let quiet = metadata.capabilities("Quiet").unwrap();
        assert!(!quiet.requires_etag());
        assert_eq!(quiet.filterable("Free"), None);
        assert!(quiet.computed("Free"));
        assert_eq!((quiet.updatable(), quiet.property_updatable("Plain")), (Some(false), Some(false)));
    }
}
