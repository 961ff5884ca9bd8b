//! The token that a caller over a port has to show.

use std::io::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use wire::{Entropy, Secret};

use crate::config::{ConfigError, SecretRef};
use crate::view::entry::hex;

/// The token: only its digest is kept, so that comparing takes the same time whatever is shown.
#[derive(Debug)]
pub(crate) struct Token([u8; 32]);

impl Token {
    /// The token in `file`, which is made if it is not there.
    pub(crate) fn load_or_make(file: &Path, entropy: &dyn Entropy) -> Result<Self, ConfigError> {
        if !file.exists() {
            let wrong = |error: std::io::Error| ConfigError::new(file, format!("cannot be written: {error}"));
            make(file, entropy).map_err(wrong)?;
        }
        let folder = file.parent().unwrap_or(Path::new("."));
        let secret = SecretRef::File(file.to_owned()).fetch(folder, file)?;
        Ok(Self::of(&secret))
    }

    fn of(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.expose().as_bytes()).into())
    }

    /// Whether a caller that shows this header may come in.
    pub(crate) fn admits(&self, shown: Option<&http::HeaderValue>) -> bool {
        let shown = shown.and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer "));
        shown.is_some_and(|token| {
            let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
            digest == self.0
        })
    }
}

fn make(file: &Path, entropy: &dyn Entropy) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(32);
    for _ in 0..4 {
        bytes.extend(entropy.next_u64().to_le_bytes());
    }
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(file)?.write_all(format!("{}\n", hex(&bytes)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_for_our_own_eyes_and_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let token = Token::load_or_make(&file, &wire::SystemEntropy).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let header = |text: &str| http::HeaderValue::from_str(text).unwrap();
        assert!(token.admits(Some(&header(&format!("Bearer {}", text.trim())))));
        assert!(!token.admits(Some(&header("Bearer no"))));
        assert!(!token.admits(Some(&header(text.trim()))));
        assert!(!token.admits(None));
        Token::load_or_make(&file, &wire::SystemEntropy).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}
