//! Follows links only within the service root, so that a token never leaves it.

use url::Url;

/// Longer links are refused.
const LONGEST: usize = 8 * 1024;

/// Where `link`, found on a page at `base`, leads; an explanation if that is not below `root`.
pub(crate) fn resolve(root: &Url, base: &Url, link: &str) -> Result<Url, String> {
    if link.is_empty() {
        return Err("the link is empty".into());
    }
    if link.len() > LONGEST {
        return Err(format!("the link is {} bytes long", link.len()));
    }
    // A URL parser drops or turns these, so that what is checked is not what was written.
    if link.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("the link has blanks, control characters or backslashes".into());
    }
    let mut target = base.join(link).map_err(|error| format!("the link is no URL: {error}"))?;
    target.set_fragment(None);
    if target.origin() != root.origin() || !target.username().is_empty() || target.password().is_some() {
        return Err(format!("the link leads to {}", target.origin().ascii_serialization()));
    }
    let path = target.path().to_ascii_lowercase();
    // Some gateways decode these and then walk up.
    if !target.path().starts_with(root.path())
        || ["..%2f", "%2f..", "%2e", "%5c"].iter().any(|hidden| path.contains(hidden))
    {
        return Err("the link leads out of the service root".into());
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(link: &str) -> Result<String, String> {
        let root: Url = "https://acme.example/int/S.svc/".parse().unwrap();
        let base: Url = "https://acme.example/int/S.svc/Set?$top=5".parse().unwrap();
        resolve(&root, &base, link).map(Into::into)
    }

    #[test]
    fn links_within_the_service() {
        let next = "https://acme.example/int/S.svc/Set?%24skiptoken=5";
        for link in [
            "Set?%24skiptoken=5",
            "/int/S.svc/Set?%24skiptoken=5",
            "//acme.example/int/S.svc/Set?%24skiptoken=5",
            "https://acme.example/int/S.svc/Set?%24skiptoken=5",
            "https://ACME.example:443/int/S.svc/Set?%24skiptoken=5#part",
        ] {
            assert_eq!(follow(link).as_deref(), Ok(next), "{link}");
        }
    }

    #[test]
    fn links_that_lead_away() {
        for link in [
            "",
            "https://evil.example/int/S.svc/Set",
            "https://acme.example.evil/int/S.svc/Set",
            "https://acme.example@evil/int/S.svc/Set",
            "https://user@acme.example/int/S.svc/Set",
            "//evil/x",
            "\\\\evil",
            "https:\\\\acme.example/int/S.svc/Set",
            "http://acme.example/int/S.svc/Set",
            "https://acme.example:8443/int/S.svc/Set",
            "https://acme.example./int/S.svc/Set",
            "/auth/realms",
            "../../auth",
            "%2e%2e/%2e%2e/auth",
            "..%2fauth",
            "Set\n?x",
            " Set",
            "javascript:1",
            &"x".repeat(9_000),
        ] {
            assert!(follow(link).is_err(), "{link}");
        }
    }
}
