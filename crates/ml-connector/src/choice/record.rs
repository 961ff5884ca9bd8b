//! Which record a command is about.

/// A record
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RecordChoice {
    /// The record, by its key at the source
    pub(crate) key: String,
    /// The flow; may be left out if there is only one
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: Option<String>,
}
