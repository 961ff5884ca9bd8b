//! How much of the daily API allowance is used: the `Sforce-Limit-Info` header.

use http::HeaderMap;

/// API calls of the org in the last 24 hours (REST API Developer Guide, "Limit Info Header").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// How many were made, by everybody.
    pub used: u64,
    /// How many are allowed.
    pub allowed: u64,
    /// Made by our app and allowed to it, where the org limits single apps.
    pub app: Option<(u64, u64)>,
}

impl Usage {
    /// What the header says: `api-usage=17/15000; per-app-api-usage=3/250(appName=x)`.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("sforce-limit-info")?.to_str().ok()?;
        let member = |name: &str| {
            let value = text.split([',', ';']).find_map(|part| part.trim().strip_prefix(name))?;
            let (used, allowed) = value.split('(').next()?.split_once('/')?;
            Some((used.trim().parse().ok()?, allowed.trim().parse().ok()?))
        };
        let (used, allowed) = member("api-usage=")?;
        Some(Self { used, allowed, app: member("per-app-api-usage=") })
    }

    /// How many calls are left, to the org and to our app.
    pub fn left(&self) -> u64 {
        let org = self.allowed.saturating_sub(self.used);
        let app = self.app.map(|(used, allowed)| allowed.saturating_sub(used));
        org.min(app.unwrap_or(org))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_whatever_stands_beside_it() {
        let usage = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("Sforce-Limit-Info", text.parse().expect("a header"));
            Usage::of(&headers)
        };
        let plain = |used, allowed| Some(Usage { used, allowed, app: None });
        assert_eq!(usage("api-usage=18/5000"), plain(18, 5000));
        let both = Usage { used: 25, allowed: 5000, app: Some((17, 250)) };
        assert_eq!(usage("api-usage=25/5000; per-app-api-usage=17/250(appName=a b)"), Some(both));
        assert_eq!((both.left(), plain(18, 5000).map(|usage| usage.left())), (233, Some(4982)));
        assert_eq!(usage("per-app-api-usage=17/250(appName=x)"), None);
        assert_eq!(usage("api-usage=x/5000"), None);
    }
}
