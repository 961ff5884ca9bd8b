//! `quarantine discard`: gives records up.

use super::Session;
use crate::desk_action::{Decision, Deed, decide};
use crate::exit::Exit;
use crate::failure::Failure;

/// Give waiting records up until their source record changes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    decision: Decision,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    decide(&args.decision, Deed::Discard, &args.reason, session).await
}
