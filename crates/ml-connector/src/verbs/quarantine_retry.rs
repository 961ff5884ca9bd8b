//! `quarantine retry`: takes records up again.

use super::Session;
use crate::desk_action::{Decision, Deed, decide};
use crate::exit::Exit;
use crate::failure::Failure;

/// Take waiting records up again with the next run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    decision: Decision,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    decide(&args.decision, Deed::Retry, &args.reason, session).await
}
