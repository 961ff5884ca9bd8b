//! How much of the daily API allowance is used: the `Sforce-Limit-Info` header.

use http::HeaderMap;

/// API calls of the org in the last 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// How many were made, by everybody.
    pub used: u64,
    /// How many are allowed.
    pub allowed: u64,
}

impl Usage {
    /// What the header says: `api-usage=17/15000`, other members beside it.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("sforce-limit-info")?.to_str().ok()?;
        let member = text.split([',', ';']).find_map(|part| part.trim().strip_prefix("api-usage="))?;
        let (used, allowed) = member.split_once('/')?;
        Some(Self { used: used.trim().parse().ok()?, allowed: allowed.trim().parse().ok()? })
    }

    /// How many calls are left.
    pub fn left(&self) -> u64 {
        self.allowed.saturating_sub(self.used)
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
            Usage::of(&headers).map(|usage| (usage.used, usage.allowed))
        };
        assert_eq!(usage("api-usage=18/5000"), Some((18, 5000)));
        assert_eq!(usage("api-usage=25/5000; per-app-api-usage=17/250(appName=x)"), Some((25, 5000)));
        assert_eq!(usage("per-app-api-usage=17/250(appName=x)"), None);
        assert_eq!(usage("api-usage=x/5000"), None);
    }
}
