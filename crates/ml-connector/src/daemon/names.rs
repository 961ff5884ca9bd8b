//! Names of what the daemon runs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A link: the name of its folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LinkId(pub(crate) Arc<str>);

impl LinkId {
    /// The link in `folder`.
    pub(crate) fn of(folder: &Path) -> Self {
        // `.` has no name of its own.
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let name =
            whole.file_name().map_or_else(|| "link".into(), |name| name.to_string_lossy().into_owned());
        Self(name.into())
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A flow of a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FlowId {
    /// The link.
    pub(crate) link: LinkId,
    /// The flow.
    pub(crate) flow: Arc<str>,
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.link, self.flow)
    }
}
