//! Logging in by a signed assertion instead of a secret (RFC 7523, as Salesforce Help tells of it in
//! "OAuth 2.0 JWT Bearer Flow").

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::session::{API_USERS, User};
use super::settings::SalesforceSettings;

/// How far ahead an assertion may expire, in seconds; clocks may be apart.
const LONGEST: i64 = 300;
/// Whom an assertion may be for, besides the org's own address.
const AUDIENCES: [&str; 2] = ["https://login.salesforce.com", "https://test.salesforce.com"];

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
}

/// An error and its description, as token endpoints say them.
type Refused = (&'static str, &'static str);

/// The user that an assertion logs in.
///
/// # Errors
/// Why it does not.
pub(crate) fn user(
    assertion: &str,
    settings: &SalesforceSettings,
    own: &str,
    now: Timestamp,
) -> Result<User, Refused> {
    const INVALID: Refused = ("invalid_grant", "invalid assertion");
    let (signed, signature) = assertion.rsplit_once('.').ok_or(INVALID)?;
    let (header, claims) = signed.split_once('.').ok_or(INVALID)?;
    let header: Header = part(header).ok_or(INVALID)?;
    let claims: Claims = part(claims).ok_or(INVALID)?;
    if claims.iss != settings.client_id {
        return Err(("invalid_client_id", "client identifier invalid"));
    }
    let key = settings.app_key.as_deref().ok_or(("invalid_grant", "no certificate is set for this app"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| INVALID)?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    if header.alg != "RS256" || key.verify(signed.as_bytes(), &signature).is_err() {
        return Err(INVALID);
    }
    if claims.aud != own && !AUDIENCES.contains(&claims.aud.as_str()) {
        return Err(("invalid_grant", "Audience validation failed"));
    }
    let left = claims.exp - now.as_second();
    if left <= 0 || left > LONGEST {
        return Err(("invalid_grant", "assertion has expired or expires too late"));
    }
    let user = API_USERS.into_iter().find(|user| user.username() == claims.sub);
    user.ok_or(("invalid_grant", "user hasn't approved this consumer"))
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
    use serde_json::{Value, json};

    use super::*;

    /// Made for tests alone.
    const KEY: &str = include_str!("../../../sfdc-client/tests/keys/pkcs8.pem");

    fn key() -> RsaKeyPair {
        let lines = KEY.lines().skip_while(|line| !line.starts_with('-')).skip(1);
        let text: String = lines.take_while(|line| !line.starts_with('-')).collect();
        let der = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
        RsaKeyPair::from_pkcs8(&der).expect("a key")
    }

    fn signed(header: &Value, claims: &Value) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = format!("{header}.{claims}");
        let key = key();
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("signs");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn a_good_assertion_logs_in_and_others_say_why_not() {
        let settings = SalesforceSettings {
            app_key: Some(key().public_key().as_ref().to_vec()),
            ..SalesforceSettings::default()
        };
        let now = Timestamp::from_second(1_000_000).expect("a stamp");
        let log_in = |name: &str, value: Value| {
            let mut claims = json!({
                "iss": "ml-connector", "sub": "integration@sandbox.example", "aud": "https://login.salesforce.com",
                "exp": 1_000_180,
            });
            claims[name] = value;
            let assertion = signed(&json!({ "alg": "RS256" }), &claims);
            user(&assertion, &settings, "http://own", now).map_err(|(_, words)| words)
        };
        assert_eq!(log_in("aud", json!("http://own")), Ok(User::Integration));
        assert_eq!(log_in("sub", json!("admin@sandbox.example")), Ok(User::Administrator));
        for (name, value, words) in [
            ("iss", json!("x"), "client identifier invalid"),
            ("sub", json!("x"), "user hasn't approved this consumer"),
            ("aud", json!("x"), "Audience validation failed"),
            ("exp", json!(1_000_000), "assertion has expired or expires too late"),
            ("exp", json!(1_000_301), "assertion has expired or expires too late"),
            ("exp", json!("soon"), "invalid assertion"),
        ] {
            assert_eq!(log_in(name, value.clone()), Err(words), "{name} {value}");
        }
    }

    #[test]
    fn what_was_not_signed_by_the_app_is_refused() {
        let settings = SalesforceSettings {
            app_key: Some(key().public_key().as_ref().to_vec()),
            ..SalesforceSettings::default()
        };
        let claims = json!({ "iss": "ml-connector", "sub": "integration@sandbox.example", "aud": "http://own", "exp": 60 });
        let good = signed(&json!({ "alg": "RS256" }), &claims);
        let log_in = |assertion: &str, settings: &SalesforceSettings| {
            user(assertion, settings, "http://own", Timestamp::UNIX_EPOCH)
        };
        assert!(log_in(&good, &settings).is_ok());
        let (text, signature) = good.rsplit_once('.').expect("parts");
        let forged = URL_SAFE_NO_PAD.encode(
            json!({ "iss": "ml-connector", "sub": "admin@sandbox.example", "aud": "http://own", "exp": 60 })
                .to_string(),
        );
        let (header, _) = text.split_once('.').expect("parts");
        for bad in [
            "",
            "a.b",
            &format!("{text}."),
            &format!("{header}.{forged}.{signature}"),
            &signed(&json!({ "alg": "none" }), &claims),
        ] {
            assert_eq!(log_in(bad, &settings), Err(("invalid_grant", "invalid assertion")), "{bad}");
        }
        assert!(log_in(&good, &SalesforceSettings::default()).is_err(), "no key is set");
    }
}
