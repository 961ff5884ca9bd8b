//! How IFS Cloud is reached.

use serde::{Deserialize, Deserializer};
use url::Url;

use crate::place::{Place, ServiceKind};

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
    /// The path below it that all entity services share.
    #[serde(default = "IfsSettings::default_entity_prefix")]
    pub entity_prefix: String,
    /// Whether changes need the double-submit cookie of the web entrances.
    #[serde(default)]
    pub csrf: bool,
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

    /// Where entity services are: the integration endpoint has them only.
    pub const ENTITY_PREFIX: &str = "int/ifsapplications/entity/v1";

    fn default_path_prefix() -> String {
        Self::PATH_PREFIX.to_owned()
    }

    fn default_entity_prefix() -> String {
        Self::ENTITY_PREFIX.to_owned()
    }

    /// IFS Cloud at `base_url`, with the default path.
    pub fn new(base_url: Url) -> Self {
        Self {
            base_url,
            path_prefix: Self::default_path_prefix(),
            entity_prefix: Self::default_entity_prefix(),
            csrf: false,
            realm: None,
            token_url: None,
        }
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

    /// The root of the service that `place` names.
    pub(crate) fn service_root(&self, place: &Place) -> Result<Url, SettingsError> {
        let refuse = |why: &str| SettingsError { setting: "base_url", why: why.to_owned() };
        if self.base_url.query().is_some() || self.base_url.fragment().is_some() {
            return Err(refuse("must have no query and no fragment"));
        }
        let prefix = match (&place.path, place.service) {
            (Some(path), _) => path,
            (None, ServiceKind::Projection) => &self.path_prefix,
            (None, ServiceKind::Entity) => &self.entity_prefix,
        };
        let mut root = self.base_url.clone();
        let mut segments =
            root.path_segments_mut().map_err(|()| refuse("must be an http or https address"))?;
        segments.pop_if_empty().extend(prefix.split('/').filter(|part| !part.is_empty()));
        if place.path.is_none() {
            segments.push(&format!("{}.svc", place.projection));
        }
        segments.push("");
        drop(segments);
        Ok(root)
    }
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

fn url_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|error| serde::de::Error::custom(format!("`{text}` is no address: {error}")))
}

fn optional_url_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    url_from_text(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            settings.service_root(&Place::projection("SupplierHandling", "X")).unwrap().as_str(),
            "https://acme.example:48080/x/int/ifsapplications/projection/v1/SupplierHandling.svc/"
        );
        assert_eq!(
            settings.service_root(&Place::entity("PurchaseOrderLineEntity", "X")).unwrap().as_str(),
            "https://acme.example:48080/x/int/ifsapplications/entity/v1/PurchaseOrderLineEntity.svc/"
        );
        let elsewhere = Place { path: Some("odata/v4/catalog".into()), ..Place::projection("Any", "X") };
        assert_eq!(
            settings.service_root(&elsewhere).unwrap().as_str(),
            "https://acme.example:48080/x/odata/v4/catalog/"
        );
    }
}
