//! Secrets in a Vault server: its key-value store, version 1 or 2, with a token that stands elsewhere.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use wire::{Call, Clock, Effect, HttpTransport, Limits, Request, ReqwestTransport, Response, SystemClock};

use super::{Address, ConfigError, SecretRef};

/// Where a secret stands in Vault.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VaultRef {
    /// The server, such as `https://vault.acme.example:8200`.
    pub address: Address,
    /// The path behind `/v1/`, such as `secret/data/ml-connector`.
    pub path: String,
    /// The name of the value there.
    pub field: String,
    /// Where the token stands that Vault asks for.
    pub token: Box<SecretRef>,
    /// The namespace, where there are some.
    #[serde(default)]
    pub namespace: Option<String>,
}

impl VaultRef {
    /// Asks Vault. `folder` is the link's folder, `of` the file that holds this reference.
    pub(super) fn fetch(&self, folder: &Path, of: &Path) -> Result<String, ConfigError> {
        if matches!(*self.token, SecretRef::Vault(_)) {
            let reason = "the token for Vault cannot stand in Vault";
            return Err(ConfigError::new(of, reason).hint("name a file, a variable or a credential"));
        }
        let token = self.token.fetch(folder, of)?;
        let wrong = |(reason, hint): (String, &str)| {
            ConfigError::new(of, format!("the secret in {self} cannot be fetched: {reason}")).hint(hint)
        };
        let mut url = self.address.url().clone();
        let segments = std::iter::once("v1").chain(self.path.split('/').filter(|part| !part.is_empty()));
        url.path_segments_mut()
            .map_err(|()| wrong(("no path can be added to the address".into(), "correct the address")))?
            .pop_if_empty()
            .extend(segments);
        let mut request = http::Request::get(url.as_str()).header("x-vault-token", token.expose());
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        let mut request: Request = request
            .body(Bytes::new())
            .map_err(|_| wrong(("the token or the namespace cannot be sent".into(), "look at both")))?;
        request.extensions_mut().insert(Call::new("vault.read", Effect::Read));
        let answer = ask(request).map_err(|reason| wrong((reason, "look at the address and the network")))?;
        self.value(&answer).map_err(wrong)
    }

    /// The value in Vault's answer; what it holds besides is never repeated.
    fn value(&self, answer: &Response) -> Result<String, (String, &'static str)> {
        match answer.status().as_u16() {
            200 => {}
            403 => {
                return Err(("Vault refuses the token".into(), "renew it, and let its policy read the path"));
            }
            404 => {
                return Err((
                    "there is nothing at this path".into(),
                    "version 2 of the store wants `…/data/…`",
                ));
            }
            other => return Err((format!("Vault answered {other}"), "look at Vault's own log")),
        }
        let body: Value = serde_json::from_slice(answer.body())
            .map_err(|_| ("the answer is no JSON".to_owned(), "is this the address of Vault?"))?;
        let outer = body.get("data");
        // Version 2 wraps the values once more, beside their metadata.
        let inner = outer.filter(|data| data.get("metadata").is_some()).and_then(|data| data.get("data"));
        let value = inner.or(outer).and_then(|data| data.get(&self.field)).and_then(Value::as_str);
        value
            .map(str::to_owned)
            .ok_or_else(|| ("it has no value of this name".to_owned(), "look at `field` and at the path"))
    }
}

impl std::fmt::Display for VaultRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault at {}, {} of {}", self.address, self.field, self.path)
    }
}

/// One call, whether or not the caller already runs in an async runtime: on a thread of its own.
fn ask(request: Request) -> Result<Response, String> {
    let call = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let network =
            ReqwestTransport::new(Limits::default(), None, clock).map_err(|error| error.to_string())?;
        runtime.block_on(network.send(request)).map_err(|error| error.to_string())
    };
    std::thread::spawn(call).join().unwrap_or_else(|_| Err("the call broke down".into()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A Vault that answers one call, and tells what it was asked.
    fn vault(status: &'static str, body: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = [0_u8; 2048];
            let length = socket.read(&mut request).unwrap();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            socket.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (address, asked)
    }

    fn fetch(address: &str) -> Result<String, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "t0ken\n").unwrap();
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
        let text = format!(
            "vault = {{ address = \"{address}\", path = \"secret/data/mlc\", field = \"ifs\", token = {{ file = \"token\" }} }}"
        );
        let reference: SecretRef = toml::from_str(&text).unwrap();
        reference.fetch(folder.path(), Path::new("link.toml")).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn both_versions_of_the_store_are_read() {
        let second = r#"{"data":{"data":{"ifs":"k3y"},"metadata":{"version":4}}}"#;
        let (address, asked) = vault("200 OK", second);
        assert_eq!(fetch(&address).unwrap(), "k3y");
        let asked = asked.join().unwrap().to_lowercase();
        assert!(
            asked.starts_with("get /v1/secret/data/mlc ") && asked.contains("x-vault-token: t0ken"),
            "{asked}"
        );
        let (address, _) = vault("200 OK", r#"{"data":{"ifs":"k3y"}}"#);
        assert_eq!(fetch(&address).unwrap(), "k3y");
    }

    #[test]
    fn what_goes_wrong_is_said_without_secrets() {
        for (status, body, words) in [
            ("403 Forbidden", "{}", "refuses the token"),
            ("404 Not Found", "{}", "nothing at this path"),
            ("200 OK", r#"{"data":{"other":"c4nary"}}"#, "no value of this name"),
            ("200 OK", "<html>", "no JSON"),
        ] {
            let (address, _) = vault(status, body);
            let error = fetch(&address).unwrap_err();
            assert!(error.reason.contains(words) && error.hint.is_some(), "{error}");
            assert!(
                !format!("{error:?}").contains("c4nary") && !format!("{error:?}").contains("t0ken"),
                "{error}"
            );
        }
    }
}
