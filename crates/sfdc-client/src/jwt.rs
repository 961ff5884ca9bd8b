//! Logging in with a certificate instead of a secret: signed assertions (JWT bearer).
//!
//! Rules: Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration": RS256, the
//! certificate stands in the app, the user is approved beforehand, and the assertion expires within
//! minutes. The org answers without a refresh token: the next session takes the next assertion.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use wire::{Assertion, Secret};
use zeroize::Zeroizing;

use crate::record_body::push_json;

/// How long an assertion lives: the org allows three to five minutes, clocks apart included.
const LIFETIME: SignedDuration = SignedDuration::from_secs(3 * 60);

/// A private key that cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no key in the text.
    #[error(
        "no private key in PEM form (`-----BEGIN PRIVATE KEY-----` or `-----BEGIN RSA PRIVATE KEY-----`)"
    )]
    Missing,
    /// The key is encrypted.
    #[error(
        "the private key is encrypted: decrypt it with `openssl pkcs8 -topk8 -nocrypt`, and protect the file"
    )]
    Encrypted,
    /// The key is damaged, or not one of RSA with 2048 bits or more.
    #[error("the private key is not one of RSA with 2048 to 4096 bits, or damaged")]
    Unusable,
}

/// Whom the org shall take us for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtClaims {
    /// The consumer key of the app.
    pub consumer_key: String,
    /// The name of the integration user.
    pub username: String,
    /// The login host: `https://login.salesforce.com`, `https://test.salesforce.com` for sandboxes,
    /// or My Domain.
    pub audience: String,
}

/// Makes assertions. Holds the private key; shows nothing of it.
///
/// ```
/// # fn secret() -> wire::Secret { wire::Secret::new("") }
/// # fn example(credentials: wire::Credentials) -> Result<(), sfdc_client::KeyError> {
/// use sfdc_client::{JwtBearer, JwtClaims};
/// let claims = JwtClaims {
///     consumer_key: "3MVG9…".to_owned(),
///     username: "integration@acme.example".to_owned(),
///     audience: "https://login.salesforce.com".to_owned(),
/// };
/// let mut config = wire::TokenConfig::new(credentials);
/// config.assertion = Some(JwtBearer::new(&secret(), claims)?.assertion());
/// # Ok(()) }
/// ```
pub struct JwtBearer {
    key: RsaKeyPair,
    claims: JwtClaims,
}

impl fmt::Debug for JwtBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBearer").field("claims", &self.claims).finish_non_exhaustive()
    }
}

impl JwtBearer {
    /// Reads a private key in PEM form: PKCS#8, or PKCS#1 as older tools write it.
    pub fn new(pem: &Secret, claims: JwtClaims) -> Result<Self, KeyError> {
        let (label, der) = decode(pem.expose())?;
        let key = match label {
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            _ => return Err(KeyError::Missing),
        };
        // Why a key is rejected could say something about it.
        Ok(Self { key: key.map_err(|_| KeyError::Unusable)?, claims })
    }

    /// For [`wire::TokenConfig`].
    pub fn assertion(self) -> Assertion {
        let this = Arc::new(self);
        Arc::new(move |now| this.sign(now))
    }

    /// The assertion for a token call at `now`.
    fn sign(&self, now: Timestamp) -> Result<Secret, String> {
        let expires = now.saturating_add(LIFETIME).map_err(|error| error.to_string())?;
        let mut claims = String::from("{\"iss\":");
        push_json(&mut claims, &self.claims.consumer_key);
        claims.push_str(",\"sub\":");
        push_json(&mut claims, &self.claims.username);
        claims.push_str(",\"aud\":");
        push_json(&mut claims, &self.claims.audience);
        // Writing to a String cannot fail.
        let _ = write!(claims, ",\"exp\":{}}}", expires.as_second());
        let mut token = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        // Chance only hides the key from whoever measures the time: the signature is the same with
        // any, so that it does not come through `wire::Entropy`.
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| "the private key does not sign".to_owned())?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(Secret::new(token))
    }
}

/// The label and the bytes of the first block of a PEM text (RFC 7468).
fn decode(pem: &str) -> Result<(&str, Zeroizing<Vec<u8>>), KeyError> {
    let mut lines = pem.lines().map(str::trim);
    let label = lines
        .find_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
        .ok_or(KeyError::Missing)?;
    let mut text = Zeroizing::new(String::with_capacity(pem.len()));
    for line in lines {
        if line.starts_with("-----END ") {
            let der = STANDARD.decode(text.as_bytes()).map_err(|_| KeyError::Unusable)?;
            return Ok((label, Zeroizing::new(der)));
        }
        if line.starts_with("Proc-Type:") && line.contains("ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        text.push_str(line);
    }
    Err(KeyError::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PKCS8: &str = include_str!("../tests/keys/pkcs8.pem");
    const PKCS1: &str = include_str!("../tests/keys/pkcs1.pem");
    /// Signed by OpenSSL.
    const EXPECTED: &str = include_str!("../tests/keys/expected.jwt");

    fn claims() -> JwtClaims {
        JwtClaims {
            consumer_key: "3MVG9.key".into(),
            username: "me@acme.example".into(),
            audience: "https://login.salesforce.com".into(),
        }
    }

    #[test]
    fn both_forms_of_the_key_sign_as_openssl_does() {
        for pem in [PKCS8.to_owned(), PKCS1.to_owned(), PKCS8.replace('\n', "\r\n")] {
            let jwt = JwtBearer::new(&Secret::new(pem), claims()).expect("a key");
            assert!(!format!("{jwt:?}").contains("MII"));
            let now = "2025-03-01T12:00:00.9Z".parse().expect("a stamp");
            let token = jwt.assertion()(now).expect("an assertion");
            assert_eq!(token.expose(), EXPECTED.trim());
        }
    }

    #[test]
    fn a_key_that_cannot_sign_says_why_and_nothing_else() {
        let cut = PKCS8.replace("MII", "MIJ");
        let endless = PKCS8.split("-----END").next().expect("a beginning").to_owned();
        let ec = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----";
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMHcCAQEE\n-----END ENCRYPTED PRIVATE KEY-----";
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMHcCAQEE\n-----END RSA PRIVATE KEY-----";
        let noise = "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----";
        for (pem, error) in [
            ("", KeyError::Missing),
            (&endless, KeyError::Missing),
            (ec, KeyError::Missing),
            (locked, KeyError::Encrypted),
            (old, KeyError::Encrypted),
            (noise, KeyError::Unusable),
            (&cut, KeyError::Unusable),
        ] {
            assert_eq!(JwtBearer::new(&Secret::new(pem), claims()).expect_err("no key"), error, "{pem:.40}");
        }
    }
}
