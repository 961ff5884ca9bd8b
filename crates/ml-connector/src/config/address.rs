//! Addresses of systems, checked while the file is read so that errors name the line.

use serde::{Deserialize, Deserializer};
use url::{Host, Url};
use wire::Origin;

/// An absolute `https` address; `http` is only taken for this machine itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Address(#[cfg_attr(test, schemars(with = "String"))] Url);

impl Address {
    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.split_once("://").is_some_and(|(_, rest)| rest.contains('@')) {
            return Err("an address holds no user and no password, and no `@`".into());
        }
        let url = Url::parse(text).map_err(|error| format!("`{text}` is no address: {error}"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("`{text}` must end before `?` and `#`"));
        }
        Origin::of(&url).map_err(|error| error.to_string())?;
        Ok(Self(url))
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        assert!(Address::parse("http://127.0.0.1:8080").is_ok());
        assert!(Address::parse("http://localhost:1").unwrap().is_loopback());
        assert!(Address::parse("http://acme.example").is_err());
        assert!(!Address::parse("https://acme.example").unwrap().is_loopback());
    }

    #[test]
    fn secrets_and_queries_do_not_belong_into_addresses() {
        assert!(Address::parse("https://a:b@acme.example").is_err());
        assert!(Address::parse("https://acme.example/?x=1").is_err());
        assert!(Address::parse("ftp://acme.example").is_err());
        assert!(Address::parse("acme").is_err());
    }
}
