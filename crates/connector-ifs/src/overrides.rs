//! What a configuration says about one entity.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::child::{ChildOverrides, ChildSettings};
use crate::detection::{Detection, HistoryOverrides, SweepOverrides, SweepSettings};
use crate::entity_settings::{EntitySettings, Precision};
use crate::field::{FieldKind, FieldSpec, altered};
use crate::key::{KeyField, KeyOrder};
use crate::place::{Place, ServiceKind};
use crate::settings::SettingsError;
use crate::span::optional_span;
use crate::time_zone::TimeZonePolicy;
use crate::writable::WriteOverrides;

/// What a configuration says about one entity; what is left out keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EntityOverrides {
    /// Which of the shipped sets of names holds: see [`presets`](crate::entities::presets).
    pub preset: Option<String>,
    /// Whether it is a projection or an entity service: `projection` or `entity`.
    pub service: Option<ServiceKind>,
    /// The name of the service, without `.svc`.
    pub projection: Option<String>,
    /// The whole path of the service below the tenant's address: for servers other than IFS.
    pub path: Option<String>,
    /// The entity set.
    pub set: Option<String>,
    /// The key properties.
    pub key: Option<Vec<KeyField>>,
    /// How the server sorts text keys: `binary` or `server`.
    pub key_order: Option<KeyOrder>,
    /// The attribute that moves forward with every change.
    pub modified: Option<String>,
    /// How finely the server compares it: `exact`, `millisecond` or `second`.
    pub precision: Option<Precision>,
    /// What its times mean: `utc`, `utc_aware` or `{ zone = "Europe/Stockholm" }`.
    pub time_zone: Option<TimeZonePolicy>,
    /// How many rows are asked for at once.
    pub page_size: Option<u32>,
    /// How far each poll reaches back, such as `15min`.
    #[serde(deserialize_with = "optional_span")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub overlap: Option<Duration>,
    /// How old a change must be before it is read, such as `2s`.
    #[serde(deserialize_with = "optional_span")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub lag: Option<Duration>,
    /// What is read, instead of the default fields.
    pub fields: Option<Vec<FieldSpec>>,
    /// What is read besides; a field that is there already gets this kind.
    pub extra_fields: BTreeMap<String, FieldKind>,
    /// Default fields that are not read, because the tenant does not have them.
    pub omit_fields: Vec<String>,
    /// Whether a selected field that is absent from a row is null.
    pub absent_is_null: Option<bool>,
    /// What belongs to each record, by the field that holds it.
    pub children: BTreeMap<String, ChildOverrides>,
    /// Default children that are not read.
    pub omit_children: Vec<String>,
    /// How changes are found: `modified`, `history`, `sweep` or `hints`.
    pub detect: Option<Detection>,
    /// The history log.
    pub history: Option<HistoryOverrides>,
    /// Compares all rows from time to time.
    pub sweep: Option<SweepOverrides>,
    /// How it is written, where it can be.
    pub write: Option<WriteOverrides>,
}

impl EntityOverrides {
    /// These over `defaults`, checked.
    pub fn over(self, defaults: EntitySettings) -> Result<EntitySettings, SettingsError> {
        let detection = self.detect.unwrap_or(defaults.detection);
        let sweep = match (self.sweep, defaults.sweep, detection) {
            (Some(sweep), known, _) => Some(sweep.over(&known.unwrap_or_else(|| often(detection)))),
            (None, None, Detection::Sweep) => Some(often(detection)),
            (None, known, _) => known,
        };
        let settings = EntitySettings {
            entity: defaults.entity,
            place: Place {
                service: self.service.unwrap_or(defaults.place.service),
                projection: self.projection.unwrap_or(defaults.place.projection),
                path: self.path.or(defaults.place.path),
                set: self.set.unwrap_or(defaults.place.set),
            },
            key: self.key.unwrap_or(defaults.key),
            key_order: self.key_order.unwrap_or(defaults.key_order),
            modified: self.modified.or(defaults.modified),
            precision: self.precision.unwrap_or(defaults.precision),
            time_zone: self.time_zone.unwrap_or(defaults.time_zone),
            page_size: self.page_size.unwrap_or(defaults.page_size),
            overlap: self.overlap.unwrap_or(defaults.overlap),
            lag: self.lag.unwrap_or(defaults.lag),
            fields: altered(self.fields.unwrap_or(defaults.fields), self.extra_fields, &self.omit_fields),
            absent_is_null: self.absent_is_null.unwrap_or(defaults.absent_is_null),
            children: children(defaults.children, self.children, &self.omit_children),
            group: defaults.group,
            detection,
            history: self.history.unwrap_or_default().over(defaults.history),
            sweep,
        };
        settings.check()?;
        Ok(settings)
    }
}

/// Where changes are found by sweeps only, each run makes one.
fn often(detection: Detection) -> SweepSettings {
    match detection {
        Detection::Sweep => SweepSettings { every: Duration::ZERO, ..SweepSettings::default() },
        _ => SweepSettings::default(),
    }
}

fn children(
    defaults: Vec<ChildSettings>,
    mut overrides: BTreeMap<String, ChildOverrides>,
    omitted: &[String],
) -> Vec<ChildSettings> {
    let mut children: Vec<ChildSettings> = defaults
        .into_iter()
        .filter(|child| !omitted.contains(&child.field))
        .map(|child| match overrides.remove(&child.field) {
            Some(said) => said.over(child),
            None => child,
        })
        .collect();
    children.extend(overrides.into_iter().map(|(field, said)| said.alone(&field)));
    children
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{purchase_order, supplier};

    #[test]
    fn overrides_change_what_they_name_only() {
        let text = r#"{"set":"SupplierInfoGeneralSet","overlap":"1h","extra_fields":{"Cf_Score":"decimal"},
            "omit_fields":["Fax"],"time_zone":{"zone":"Europe/Stockholm"}}"#;
        let overrides: EntityOverrides = serde_json::from_str(text).unwrap();
        let settings = overrides.over(supplier::settings()).unwrap();
        assert_eq!(settings.entity, "SupplierSet");
        assert_eq!(settings.place.set, "SupplierInfoGeneralSet");
        assert_eq!(settings.overlap, Duration::from_hours(1));
        assert_eq!(settings.lag, Duration::from_secs(2));
        let names: Vec<_> = settings.fields.iter().map(|field| field.name.as_str()).collect();
        assert!(names.contains(&"Cf_Score") && !names.contains(&"Fax"));
        let selected = crate::own_set::reading(&settings, true).selected();
        assert_eq!(selected.first().map(String::as_str), Some("SupplierId"));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for bad in [
            r#"{"page_size":5001}"#,
            r#"{"page_size":0}"#,
            r#"{"set":"A?x"}"#,
            r#"{"modified":"a b"}"#,
            r#"{"key":[]}"#,
            r#"{"set":"A/B"}"#,
            r#"{"fields":[{"name":"A","kind":"text"},{"name":"A","kind":"date"}]}"#,
        ] {
            let overrides: EntityOverrides = serde_json::from_str(bad).unwrap();
            assert!(overrides.over(supplier::settings()).is_err(), "{bad}");
        }
        for bad in [r#"{"overlap":"soon"}"#, r#"{"overlap":"-5s"}"#, r#"{"pagesize":1}"#] {
            assert!(serde_json::from_str::<EntityOverrides>(bad).is_err(), "{bad}");
        }
        supplier::settings().check().unwrap();
    }

    #[test]
    fn children_are_changed_left_out_and_added() {
        let text = r#"{"children":{
            "Lines":{"modified":"","omit_fields":["PartNo"],"extra_fields":{"ProjectId":"text"},
                "parts":[{"read":{"navigation":"LinePartArray"}}]},
            "Notes":{"entity":"Note","parts":[{"read":{"set":{"projection":"N","set":"NoteSet"}}}],
                "parent":[{"name":"OrderNo"}],"key":[{"name":"NoteId","kind":"decimal"}],
                "fields":[{"name":"Text","kind":"text"}]}}}"#;
        let overrides: EntityOverrides = serde_json::from_str(text).unwrap();
        let settings = overrides.over(purchase_order::settings()).unwrap();
        let [lines, notes] = settings.children.as_slice() else { panic!("two") };
        assert_eq!((lines.modified.as_deref(), lines.parts.len()), (None, 1));
        let names: Vec<&str> = lines.fields.iter().map(|field| field.name.as_str()).collect();
        assert!(names.contains(&"ProjectId") && !names.contains(&"PartNo"));
        assert_eq!((notes.field.as_str(), notes.entity.as_str()), ("Notes", "Note"));
        assert!(settings.field_names().contains(&"Notes"));
        let none: EntityOverrides = serde_json::from_str(r#"{"omit_children":["Lines"]}"#).unwrap();
        assert!(none.over(purchase_order::settings()).unwrap().children.is_empty());
        for bad in [
            r#"{"children":{"Notes":{"entity":"Note"}}}"#,
            r#"{"children":{"Lines":{"parent":[]}}}"#,
            r#"{"children":{"Lines":{"parts":[{"read":{"navigation":"a/b"}}]}}}"#,
        ] {
            let overrides: EntityOverrides = serde_json::from_str(bad).unwrap();
            assert!(overrides.over(purchase_order::settings()).is_err(), "{bad}");
        }
    }

    #[test]
    fn changes_are_found_as_configured() {
        let of = |text: &str| {
            let overrides: EntityOverrides = serde_json::from_str(text).unwrap();
            overrides.over(supplier::settings())
        };
        let swept = of(r#"{"detect":"sweep"}"#).unwrap();
        assert_eq!(swept.sweep.unwrap().every, Duration::ZERO);
        let beside = of(r#"{"sweep":{"by":"etag","every":"6h","most_gone":7}}"#).unwrap();
        assert_eq!(beside.detection, Detection::Modified);
        let sweep = beside.sweep.unwrap();
        assert_eq!((sweep.every, sweep.most_gone, sweep.allowed(1_000)), (Duration::from_hours(6), 7, 20));
        assert!(of(r#"{"detect":"history","history":{"units":[]}}"#).is_err());
        assert!(of(r#"{"detect":"history"}"#).is_ok());
        let bare = EntitySettings { modified: None, ..supplier::settings() };
        assert!(EntityOverrides::default().over(bare).is_err());
    }
}
