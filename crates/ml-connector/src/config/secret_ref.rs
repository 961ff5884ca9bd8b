//! References to secrets. Secrets themselves never stand in the configuration.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use wire::Secret;

use super::{ConfigError, VaultRef, environment};

/// Where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretRef {
    /// In the environment variable of this name.
    Env(String),
    /// In this file (relative to the link's folder), readable by its owner only.
    File(PathBuf),
    /// In the systemd credential of this name (`LoadCredential=` in the unit).
    Credential(String),
    /// In the keyring of the operating system, under the service `ml-connector` and this account: the kernel's
    /// on Linux, the Keychain on macOS, the Credential Manager on Windows.
    Keyring(String),
    /// In a Vault server.
    Vault(VaultRef),
}

impl SecretRef {
    /// Fetches the secret. `folder` is the link's folder, `of` the file that holds this reference.
    pub fn fetch(&self, folder: &Path, of: &Path) -> Result<Secret, ConfigError> {
        let text = match self {
            Self::Env(name) => from_environment(name, of)?,
            Self::File(path) => from_file(&folder.join(path), of)?,
            Self::Credential(name) => {
                let folder = environment::variable(environment::CREDENTIALS).map(PathBuf::from);
                from_credential(folder.as_deref(), name, of)?
            }
            Self::Keyring(account) => from_keyring(account, of)?,
            Self::Vault(vault) => vault.fetch(folder, of)?,
        };
        let secret = Secret::trimmed(&text);
        if secret.is_empty() {
            return Err(ConfigError::new(of, format!("the secret in {self} is empty")));
        }
        Ok(secret)
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Credential(name) => write!(f, "the systemd credential {name}"),
            Self::Keyring(account) => write!(f, "the keyring, account {account} of {SERVICE}"),
            Self::Vault(vault) => vault.fmt(f),
        }
    }
}

/// The service under which secrets stand in keyrings.
const SERVICE: &str = "ml-connector";

fn from_keyring(account: &str, of: &Path) -> Result<String, ConfigError> {
    let keep = if cfg!(target_os = "linux") {
        format!(
            "`keyctl padd user keyring-rs:{account}@{SERVICE} @u < FILE` (and again after a restart of the machine)"
        )
    } else if cfg!(target_os = "macos") {
        format!("`security add-generic-password -s {SERVICE} -a {account} -w`")
    } else {
        format!("`cmdkey /generic:{account}.{SERVICE} /user:{account} /pass`")
    };
    let found = keyring::Entry::new(SERVICE, account).and_then(|entry| entry.get_password());
    // What the keyring says may quote what it holds, if that is no text.
    found.map_err(|error| match error {
        keyring::Error::NoEntry => {
            let reason = format!("the keyring has no account {account} of {SERVICE}");
            ConfigError::new(of, reason).hint(format!("keep the secret there: {keep}"))
        }
        keyring::Error::BadEncoding(_) => {
            ConfigError::new(of, format!("the keyring's account {account} of {SERVICE} is not UTF-8"))
        }
        other => ConfigError::new(of, format!("the keyring cannot be read: {other}"))
            .hint("where there is none, such as in most containers, name a file or a systemd credential"),
    })
}

fn from_environment(name: &str, of: &Path) -> Result<String, ConfigError> {
    let value = environment::variable(name).ok_or_else(|| {
        ConfigError::new(
            of,
            format!("the secret is to be found in the environment variable {name}, which is not set"),
        )
        .hint(format!("set it for this program, for example `read -rs {name}; export {name}`"))
    })?;
    value
        .into_string()
        .map_err(|_| ConfigError::new(of, format!("the environment variable {name} is not UTF-8")))
}

fn from_file(path: &Path, of: &Path) -> Result<String, ConfigError> {
    let failed = |error: std::io::Error| {
        ConfigError::new(of, format!("the secret file {} cannot be read: {error}", path.display()))
            .hint("write the secret alone into that file, or correct the path")
    };
    let meta = std::fs::metadata(path).map_err(failed)?;
    private(path, &meta)?;
    std::fs::read_to_string(path).map_err(failed)
}

/// systemd has seen to it that nobody else can read these.
fn from_credential(folder: Option<&Path>, name: &str, of: &Path) -> Result<String, ConfigError> {
    let wrong = |reason: String| {
        ConfigError::new(of, reason)
            .hint(format!("add `LoadCredential={name}:/path/to/the/secret` to the unit"))
    };
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(wrong(format!("`{name}` is no name of a credential")));
    }
    let folder = folder.ok_or_else(|| {
        wrong(format!(
            "the secret is to be found in the systemd credential {name}, but systemd passed none on"
        ))
    })?;
    std::fs::read_to_string(folder.join(name))
        .map_err(|error| wrong(format!("the systemd credential {name} cannot be read: {error}")))
}

#[cfg(unix)]
fn private(path: &Path, meta: &std::fs::Metadata) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = meta.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(ConfigError::new(path, format!("others than its owner may use this secret file (mode {mode:03o})"))
        .hint(format!("chmod 600 {}", path.display())))
}

#[cfg(not(unix))]
fn private(_: &Path, _: &std::fs::Metadata) -> Result<(), ConfigError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(mode: u32, text: &str) -> (tempfile::TempDir, SecretRef) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, SecretRef::File("s".into()))
    }

    #[test]
    fn private_files_are_read_without_their_line_end() {
        let (folder, secret) = file(0o600, "k3y\n");
        assert_eq!(secret.fetch(folder.path(), Path::new("link.toml")).unwrap().expose(), "k3y");
    }

    #[test]
    fn files_that_others_may_read_are_refused_with_the_fix() {
        let (folder, secret) = file(0o640, "k3y\n");
        let error = secret.fetch(folder.path(), Path::new("link.toml")).unwrap_err();
        assert!(error.hint.unwrap().starts_with("chmod 600 "));
        assert!(!error.reason.contains("k3y"));
    }

    #[test]
    fn missing_variables_are_named() {
        let secret = SecretRef::Env("ML_CONNECTOR_TEST_NOT_SET".into());
        let error = secret.fetch(Path::new("."), Path::new("link.toml")).unwrap_err();
        assert!(error.reason.contains("ML_CONNECTOR_TEST_NOT_SET"));
    }

    #[test]
    fn credentials_are_read_from_where_systemd_puts_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ifs"), "k3y\n").unwrap();
        let read = |name: &str| from_credential(Some(folder.path()), name, Path::new("link.toml"));
        assert_eq!(read("ifs").unwrap(), "k3y\n");
        for wrong in ["sf", "../ifs", "", ".hidden"] {
            assert!(read(wrong).unwrap_err().hint.unwrap().contains("LoadCredential"), "{wrong}");
        }
        assert!(from_credential(None, "ifs", Path::new("link.toml")).is_err());
    }

    #[test]
    fn the_keyring_is_read_anew_each_time_and_says_what_it_lacks() {
        let account = format!("test-{}", std::process::id());
        let fetch = || SecretRef::Keyring(account.clone()).fetch(Path::new("."), Path::new("link.toml"));
        let entry = keyring::Entry::new(SERVICE, &account).unwrap();
        for secret in ["k3y", "n3w"] {
            match entry.set_password(secret) {
                Ok(()) => assert_eq!(fetch().unwrap().expose(), secret),
                // A kernel that lets nobody at its keyring, as in many containers.
                Err(_) => assert!(fetch().unwrap_err().reason.contains("keyring")),
            }
        }
        // Gone already where nothing could be kept.
        entry.delete_credential().ok();
        let error = fetch().unwrap_err();
        assert!(error.reason.contains("keyring") && error.hint.is_some(), "{error}");
        assert!(!format!("{error:?}").contains("k3y"), "{error:?}");
    }

    #[test]
    fn empty_secrets_are_refused() {
        let (folder, secret) = file(0o600, "\n");
        assert!(secret.fetch(folder.path(), Path::new("link.toml")).is_err());
    }
}
