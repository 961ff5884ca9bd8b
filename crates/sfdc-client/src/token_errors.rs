//! What a refused token request means, and what helps.
//!
//! Sources: Salesforce Help, "OAuth Authorization Flows Errors" and "OAuth 2.0 Client Credentials
//! Flow", and descriptions that orgs were seen to send.

/// What can be done about a refused token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTrouble {
    /// Somebody has to change the configuration or the app: asking again does not help.
    Configuration,
    /// Somebody has to change the org or the user: asking again does not help.
    Administrator,
    /// It passes in an hour or so: ask again, seldom.
    Later,
}

/// What a refused token request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenAdvice {
    /// What can be done.
    pub trouble: TokenTrouble,
    /// What the reader can do.
    pub remedy: &'static str,
}

use TokenTrouble::{Administrator, Configuration, Later};

/// Error, text in the description (case does not matter), what it means. The first line that fits is
/// taken.
const TABLE: &[(&str, &str, TokenTrouble, &str)] = &[
    ("invalid_client_id", "", Configuration, "the consumer key is wrong, or the app is not in this org"),
    (
        "invalid_client",
        "",
        Configuration,
        "the consumer secret is wrong: copy it again from the app's settings",
    ),
    (
        "invalid_grant",
        "no client credentials user",
        Configuration,
        "name a Run As user in the app's client credentials policy",
    ),
    (
        "invalid_grant",
        "not enabled",
        Configuration,
        "switch the client credentials flow on in the app's settings",
    ),
    ("invalid_grant", "scope", Configuration, "give the app the scope `api`"),
    (
        "invalid_grant",
        "domain",
        Configuration,
        "use the org's My Domain address, not login or test.salesforce.com",
    ),
    (
        "invalid_grant",
        "audience",
        Configuration,
        "the audience of the assertion is the login host: https://login.salesforce.com, https://test.salesforce.com or My Domain",
    ),
    (
        "invalid_grant",
        "approved",
        Administrator,
        "let an administrator approve the app for the user: Admin approved users, and a permission set or profile",
    ),
    (
        "invalid_grant",
        "ip restricted",
        Administrator,
        "add this machine's address to the app's or user's IP ranges, or relax them",
    ),
    (
        "invalid_grant",
        "login hours",
        Administrator,
        "widen the login hours of the integration user's profile",
    ),
    (
        "invalid_grant",
        "inactive",
        Administrator,
        "the integration user is inactive: an administrator has to activate it",
    ),
    (
        "invalid_grant",
        "expired",
        Configuration,
        "the assertion had expired when it came: let this machine's clock be set by NTP",
    ),
    (
        "invalid_grant",
        "assertion",
        Configuration,
        "the key does not belong to the certificate of the app, or the consumer key or user name in the assertion is wrong",
    ),
    (
        "invalid_grant",
        "",
        Configuration,
        "look at the app's policies: Run As user, IP ranges, login hours, the user's state",
    ),
    (
        "invalid_app_access",
        "",
        Administrator,
        "let an administrator approve the app for the integration user",
    ),
    (
        "inactive_user",
        "",
        Administrator,
        "the integration user is inactive: an administrator has to activate it",
    ),
    ("inactive_org", "", Administrator, "the org is locked or expired"),
    ("org_locked", "", Administrator, "the org is locked or expired"),
    (
        "unsupported_grant_type",
        "",
        Configuration,
        "switch the flow on in the app's settings, and look at the token URL",
    ),
    (
        "invalid_request",
        "",
        Configuration,
        "the token request is incomplete: look at the token URL and the app's settings",
    ),
    ("invalid_scope", "", Configuration, "ask only for scopes that the app has, or for none"),
    (
        "rate_limit_exceeded",
        "",
        Later,
        "too many logins in the last hour: wait, and look for other users of this app",
    ),
    ("http 403", "", Administrator, "look at IP ranges and login hours of the integration user"),
    ("http 404", "", Configuration, "look at the token URL: it ends in /services/oauth2/token"),
];

/// What the refusal `error` with `description` means; `None` if we do not know it.
///
/// ```
/// let advice = sfdc_client::token_advice("invalid_grant", "no client credentials user enabled");
/// assert!(advice.expect("a known error").remedy.contains("Run As user"));
/// ```
pub fn token_advice(error: &str, description: &str) -> Option<TokenAdvice> {
    let description = description.to_ascii_lowercase();
    let limited = description.contains("login rate exceeded");
    let error = if limited { "rate_limit_exceeded" } else { error };
    let fits = |row: &&(&str, &str, TokenTrouble, &str)| row.0 == error && description.contains(row.1);
    TABLE.iter().find(fits).map(|(_, _, trouble, remedy)| TokenAdvice { trouble: *trouble, remedy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_remedy() {
        for (error, description, trouble, part) in [
            ("invalid_client_id", "client identifier invalid", Configuration, "consumer key"),
            ("invalid_client", "invalid client credentials", Configuration, "consumer secret"),
            ("invalid_grant", "no client credentials user enabled", Configuration, "Run As"),
            ("invalid_grant", "client credentials flow not enabled", Configuration, "switch"),
            ("invalid_grant", "no valid scopes defined", Configuration, "scope `api`"),
            ("invalid_grant", "request not supported on this domain", Configuration, "My Domain"),
            ("invalid_grant", "authentication failure", Configuration, "policies"),
            ("invalid_grant", "user hasn't approved this consumer", Administrator, "approve"),
            ("invalid_grant", "Audience validation failed", Configuration, "login host"),
            ("invalid_grant", "expired access/refresh token", Configuration, "clock"),
            ("invalid_grant", "invalid assertion", Configuration, "certificate"),
            ("invalid_grant", "inactive user", Administrator, "activate"),
            ("invalid_grant", "ip restricted", Administrator, "IP ranges"),
            ("invalid_app_access", "user is not admin approved to access this app", Administrator, "approve"),
            ("inactive_user", "user is inactive", Administrator, "activate"),
            ("inactive_org", "organization is inactive", Administrator, "locked"),
            ("unsupported_grant_type", "grant type not supported", Configuration, "flow"),
            ("invalid_request", "", Configuration, "token URL"),
            ("invalid_scope", "", Configuration, "scopes"),
            ("rate_limit_exceeded", "", Later, "wait"),
            ("invalid_grant", "Login Rate Exceeded", Later, "wait"),
        ] {
            let advice = token_advice(error, description).expect(error);
            assert_eq!(advice.trouble, trouble, "{error}: {description}");
            assert!(advice.remedy.contains(part), "{error}: {description}: {}", advice.remedy);
        }
        assert_eq!(token_advice("something_new", "x"), None);
    }

    #[test]
    fn every_line_is_reached() {
        for (place, (error, says, ..)) in TABLE.iter().enumerate() {
            let hidden = TABLE.iter().take(place).any(|row| row.0 == *error && says.contains(row.1));
            assert!(!hidden, "line {place} ({error}, {says:?}) is never reached");
        }
    }
}
