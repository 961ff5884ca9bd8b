//! The id of a job.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a bulk job: 15 or 18 letters and digits. It goes into URLs, so nothing else passes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

/// Not the id of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no job id: 15 or 18 letters and digits")]
pub struct JobIdError(pub String);

impl JobId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for JobId {
    type Error = JobIdError;

    fn try_from(text: String) -> Result<Self, JobIdError> {
        let good = matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if good { Ok(Self(text)) } else { Err(JobIdError(text)) }
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_else_gets_into_a_url() {
        for good in ["7505e00000AbCdE", "7505e00000AbCdEAAB"] {
            assert_eq!(JobId::try_from(good.to_owned()).expect("an id").to_string(), good);
        }
        for bad in ["", "7505e00000AbCd/", "../../../Account", "7505e00000AbCdEA", "7505e00000AbCdÉ"] {
            assert!(JobId::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
