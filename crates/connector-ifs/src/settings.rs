//! How IFS Cloud is reached, and how one entity is read.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use odata_client::encode::is_identifier_path;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::field::{FieldKind, FieldSpec};
use crate::key::{KeyField, KeyOrder};
use crate::time_zone::TimeZonePolicy;

/// How one IFS Cloud is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IfsSettings {
    /// Scheme, host and port, such as `https://acme.ifs.cloud`.
    #[serde(deserialize_with = "url_from_text")]
    pub base_url: Url,
    /// The path below it that all projections share.
    #[serde(default = "IfsSettings::default_path_prefix")]
    pub path_prefix: String,
    /// The realm of the identity provider: the tenant's namespace.
    #[serde(default)]
    pub realm: Option<String>,
    /// The whole address of the token endpoint, where the realm is not enough.
    #[serde(default, deserialize_with = "optional_url_from_text")]
    pub token_url: Option<Url>,
}

impl IfsSettings {
    /// The integration endpoint: longer timeouts than `main`, and no CSRF check.
    pub const PATH_PREFIX: &str = "int/ifsapplications/projection/v1";

    fn default_path_prefix() -> String {
        Self::PATH_PREFIX.to_owned()
    }

    /// IFS Cloud at `base_url`, with the default path.
    pub fn new(base_url: Url) -> Self {
        Self { base_url, path_prefix: Self::default_path_prefix(), realm: None, token_url: None }
    }

    /// The address of the token endpoint: as configured, or the one that IFS's identity provider
    /// has for the realm; `None` if neither is known.
    pub fn token_endpoint(&self) -> Option<Url> {
        if let Some(url) = &self.token_url {
            return Some(url.clone());
        }
        let realm = self.realm.as_deref()?;
        let mut url = self.base_url.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend([
            "auth",
            "realms",
            realm,
            "protocol",
            "openid-connect",
            "token",
        ]);
        Some(url)
    }

    /// The root of a projection's service.
    pub(crate) fn service_root(&self, projection: &str) -> Result<Url, SettingsError> {
        let refuse = |why: &str| SettingsError { setting: "base_url", why: why.to_owned() };
        if self.base_url.query().is_some() || self.base_url.fragment().is_some() {
            return Err(refuse("must have no query and no fragment"));
        }
        let mut root = self.base_url.clone();
        root.path_segments_mut()
            .map_err(|()| refuse("must be an http or https address"))?
            .pop_if_empty()
            .extend(self.path_prefix.split('/').filter(|part| !part.is_empty()))
            .push(&format!("{projection}.svc"))
            .push("");
        Ok(root)
    }
}

/// How one entity is read; every setting holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitySettings {
    /// The name of the entity in flows and mappings: stays when a tenant calls its set differently.
    pub entity: String,
    /// The projection, without `.svc`.
    pub projection: String,
    /// The entity set.
    pub set: String,
    /// The key properties, in the order of the metadata.
    pub key: Vec<KeyField>,
    /// How the server sorts text keys.
    pub key_order: KeyOrder,
    /// The attribute that moves forward with every change.
    pub modified: String,
    /// How finely the server compares it.
    pub precision: Precision,
    /// What its times mean.
    pub time_zone: TimeZonePolicy,
    /// How many rows are asked for at once: 1 to 5,000.
    pub page_size: u32,
    /// How far each poll reaches back: longer than the longest transaction that changes a row.
    pub overlap: Duration,
    /// How old a change must be before it is read.
    pub lag: Duration,
    /// What is read.
    pub fields: Vec<FieldSpec>,
    /// Whether a selected field that is absent from a row is null. OData servers must write nulls;
    /// an absent field more likely means a missing right.
    pub absent_is_null: bool,
}

/// How finely a server compares a modified attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// As finely as it shows it.
    #[default]
    Exact,
    /// In whole milliseconds, whatever it shows.
    Millisecond,
    /// In whole seconds, whatever it shows.
    Second,
}

/// What a configuration says about one entity; what is left out keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EntityOverrides {
    /// The projection, without `.svc`.
    pub projection: Option<String>,
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
    #[serde(deserialize_with = "span_from_text")]
    pub overlap: Option<Duration>,
    /// How old a change must be before it is read, such as `2s`.
    #[serde(deserialize_with = "span_from_text")]
    pub lag: Option<Duration>,
    /// What is read, instead of the default fields.
    pub fields: Option<Vec<FieldSpec>>,
    /// What is read besides; a field that is there already gets this kind.
    pub extra_fields: BTreeMap<String, FieldKind>,
    /// Default fields that are not read, because the tenant does not have them.
    pub omit_fields: Vec<String>,
    /// Whether a selected field that is absent from a row is null.
    pub absent_is_null: Option<bool>,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}` {why}")]
pub struct SettingsError {
    /// Which one.
    pub setting: &'static str,
    /// What is wrong with it, and what it may be.
    pub why: String,
}

impl EntityOverrides {
    /// These over `defaults`, checked.
    pub fn over(self, defaults: EntitySettings) -> Result<EntitySettings, SettingsError> {
        let mut fields = self.fields.unwrap_or(defaults.fields);
        fields.retain(|field| !self.omit_fields.contains(&field.name));
        for (name, kind) in self.extra_fields {
            fields.retain(|field| field.name != name);
            fields.push(FieldSpec { name, kind });
        }
        let settings = EntitySettings {
            entity: defaults.entity,
            projection: self.projection.unwrap_or(defaults.projection),
            set: self.set.unwrap_or(defaults.set),
            key: self.key.unwrap_or(defaults.key),
            key_order: self.key_order.unwrap_or(defaults.key_order),
            modified: self.modified.unwrap_or(defaults.modified),
            precision: self.precision.unwrap_or(defaults.precision),
            time_zone: self.time_zone.unwrap_or(defaults.time_zone),
            page_size: self.page_size.unwrap_or(defaults.page_size),
            overlap: self.overlap.unwrap_or(defaults.overlap),
            lag: self.lag.unwrap_or(defaults.lag),
            fields,
            absent_is_null: self.absent_is_null.unwrap_or(defaults.absent_is_null),
        };
        settings.check()?;
        Ok(settings)
    }
}

impl EntitySettings {
    /// IFS answers no larger pages.
    pub const LARGEST_PAGE: u32 = 5_000;

    /// Refuses settings that cannot work.
    pub fn check(&self) -> Result<(), SettingsError> {
        let refuse = |setting, why: &str| Err(SettingsError { setting, why: why.to_owned() });
        if !(1..=Self::LARGEST_PAGE).contains(&self.page_size) {
            return refuse("page_size", "must be from 1 to 5000");
        }
        if self.key.is_empty() {
            return refuse("key", "must name at least one property");
        }
        if self.fields.is_empty() {
            return refuse("fields", "must name at least one field");
        }
        if self.overlap > Duration::from_hours(24 * 31) || self.lag > Duration::from_hours(24) {
            return refuse("overlap", "must be at most 31 days, and `lag` at most one day");
        }
        let keys = self.key.iter().map(|field| ("key", &field.name));
        let fields = self.fields.iter().map(|field| ("fields", &field.name));
        let names = [("projection", &self.projection), ("set", &self.set), ("modified", &self.modified)];
        for (setting, name) in keys.chain(fields).chain(names) {
            if !is_identifier_path(name) || (setting != "projection" && name.contains(['/', '.'])) {
                return refuse(setting, &format!("has `{name}`, which is no name of OData"));
            }
        }
        for (index, field) in self.fields.iter().enumerate() {
            if self.fields.iter().skip(index + 1).any(|other| other.name == field.name) {
                return refuse("fields", &format!("names `{}` twice", field.name));
            }
        }
        Ok(())
    }

    /// Everything that is selected: keys, the modified attribute, the fields; each once.
    pub(crate) fn selected(&self) -> Vec<String> {
        let mut names: Vec<String> = self.key.iter().map(|field| field.name.clone()).collect();
        let rest = std::iter::once(&self.modified).chain(self.fields.iter().map(|field| &field.name));
        for name in rest {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

fn url_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|error| serde::de::Error::custom(format!("`{text}` is no address: {error}")))
}

fn optional_url_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    url_from_text(deserializer).map(Some)
}

fn span_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let span = text.parse::<SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    span.map(Some)
        .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no span of time, such as \"15min\"")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supplier;

    #[test]
    fn addresses_are_joined_by_segments() {
        let mut settings = IfsSettings::new("https://acme.example:48080/x/".parse().unwrap());
        assert_eq!(settings.token_endpoint(), None);
        settings.realm = Some("acme/../prod".into());
        assert_eq!(
            settings.token_endpoint().unwrap().as_str(),
            "https://acme.example:48080/x/auth/realms/acme%2F..%2Fprod/protocol/openid-connect/token"
        );
        assert_eq!(
            settings.service_root("SupplierHandling").unwrap().as_str(),
            "https://acme.example:48080/x/int/ifsapplications/projection/v1/SupplierHandling.svc/"
        );
    }

    #[test]
    fn overrides_change_what_they_name_only() {
        let text = r#"{"set":"SupplierInfoGeneralSet","overlap":"1h","extra_fields":{"Cf_Score":"decimal"},
            "omit_fields":["Fax"],"time_zone":{"zone":"Europe/Stockholm"}}"#;
        let overrides: EntityOverrides = serde_json::from_str(text).unwrap();
        let settings = overrides.over(supplier::settings()).unwrap();
        assert_eq!(settings.entity, "SupplierSet");
        assert_eq!(settings.set, "SupplierInfoGeneralSet");
        assert_eq!(settings.overlap, Duration::from_hours(1));
        assert_eq!(settings.lag, Duration::from_secs(2));
        let names: Vec<_> = settings.fields.iter().map(|field| field.name.as_str()).collect();
        assert!(names.contains(&"Cf_Score") && !names.contains(&"Fax"));
        assert_eq!(settings.selected().first().map(String::as_str), Some("SupplierId"));
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
}
