//! `audit verify`: checks every byte of the log.

use serde_json::json;

use super::{Session, audit_show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holding::Holding;
use crate::view::entry::hex;
use crate::view::words::counted;

/// Check every byte of the audit log against its hash chain
///
/// The last line names the newest entry and its hash. Keep it elsewhere: `audit verify --noted NUMBER:HASH`
/// later also finds a log that was cut short or written anew.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What an earlier verification said
    #[arg(long, value_name = "NUMBER:HASH")]
    noted: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let noted = args.noted.as_deref().map(note).transpose()?;
    let holding = Holding::look(&session.config()?)?;
    let verdict = holding.log.verify().await?;
    if let Some((number, detail)) = verdict.broken {
        return Err(Failure::Damaged { number, detail });
    }
    if let Some((number, hash)) = noted {
        let found = audit_show::entry(&holding, number).await?.map(|sealed| hex(&sealed.hash));
        if found.as_deref() != Some(hash.as_str()) {
            let detail = match found {
                Some(other) => format!("its hash is {other}, not the noted {hash}"),
                None => "it was noted, and is not there any more".into(),
            };
            return Err(Failure::Damaged { number, detail });
        }
    }
    let head = hex(&verdict.head);
    if session.terminal.json {
        session.terminal.print_json(&json!({ "intact": true, "entries": verdict.entries, "head": head }))?;
    } else {
        let intact = session.terminal.data.good("intact");
        session.terminal.print(&format!(
            "{intact}: {} checked\nnote: {}:{head}",
            if verdict.entries == 1 { "1 entry".to_owned() } else { counted(verdict.entries, "entrie") },
            verdict.entries
        ))?;
    }
    Ok(Exit::Ok)
}

/// `NUMBER:HASH`.
fn note(text: &str) -> Result<(u64, String), Failure> {
    let parts = text.split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash)));
    match parts {
        Some((number, hash)) if hash.len() == 64 => Ok((number, hash.to_lowercase())),
        _ => Err(Failure::Usage {
            what: format!("`{text}` is not what a verification notes"),
            hint: "write it as it was printed: NUMBER:HASH, the hash with 64 digits".into(),
        }),
    }
}
