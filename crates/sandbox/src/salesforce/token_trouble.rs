//! Why the org gives no token.

use serde::{Deserialize, Serialize};

/// Why a token request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenTrouble {
    /// The app has no Run As user.
    NoRunAsUser,
    /// The flow is not switched on.
    FlowNotEnabled,
    /// No scope of the app is good for this flow.
    NoValidScopes,
    /// The request came to a login host instead of My Domain.
    WrongDomain,
    /// The Run As user may not log in.
    AuthenticationFailure,
    /// The Run As user may not log in from this address.
    IpRestricted,
    /// The Run As user may not log in at this hour.
    LoginHours,
    /// An administrator has not approved the app for the Run As user.
    NotApproved,
    /// The Run As user was deactivated.
    InactiveUser,
    /// The org was deactivated.
    InactiveOrg,
    /// The Run As user logged in too often within the hour.
    LoginRate,
    /// The token names another org.
    ForeignInstance,
}

impl TokenTrouble {
    /// How the token endpoint says it; `None` where it says nothing.
    pub(crate) fn words(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::NoRunAsUser => ("invalid_grant", "no client credentials user enabled"),
            Self::FlowNotEnabled => ("invalid_grant", "client credentials flow not enabled"),
            Self::NoValidScopes => ("invalid_grant", "no valid scopes defined"),
            Self::WrongDomain => ("invalid_grant", "request not supported on this domain"),
            Self::AuthenticationFailure => ("invalid_grant", "authentication failure"),
            Self::IpRestricted => ("invalid_grant", "ip restricted"),
            Self::LoginHours => ("invalid_grant", "invalid login hours"),
            Self::NotApproved => ("invalid_app_access", "user is not admin approved to access this app"),
            Self::InactiveUser => ("inactive_user", "user is inactive"),
            Self::InactiveOrg => ("inactive_org", "organization is inactive"),
            Self::LoginRate => ("rate_limit_exceeded", "Login Rate Exceeded"),
            Self::ForeignInstance => return None,
        })
    }
}
