//! `init`: writes a configuration, and has `doctor` look at it.

use std::path::PathBuf;

use inquire::Text;
use inquire::validator::Validation;

use super::{Session, doctor};
use crate::config::{Address, Config};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::template::{self, Answers, SecretPlace};

/// Write a commented configuration; asks on a terminal for what is not given
///
/// Secrets are never asked for and never written: the configuration says where they stand. If they are there
/// and no place was left to fill in, it ends with what `doctor` says.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to write into, instead of --link
    folder: Option<PathBuf>,
    /// A name for the link
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Address of IFS Cloud, such as `https://acme.ifs.cloud`
    #[arg(long, value_name = "URL")]
    ifs_url: Option<String>,
    /// Realm of IFS's identity provider
    #[arg(long)]
    realm: Option<String>,
    /// Client of IFS's identity provider
    #[arg(long, value_name = "ID")]
    ifs_client_id: Option<String>,
    /// Address of Salesforce, such as `https://acme.my.salesforce.com`
    #[arg(long, value_name = "URL")]
    salesforce_url: Option<String>,
    /// Consumer key of the connected app
    #[arg(long, value_name = "ID")]
    salesforce_client_id: Option<String>,
    /// Where the secrets stand
    #[arg(long, value_name = "WHERE", default_value = "env")]
    secrets: Secrets,
    /// Ask nothing: what is not given gets a place to fill in
    #[arg(long, short)]
    yes: bool,
}

/// Where secrets stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Secrets {
    /// In the environment variables `IFS_CLIENT_SECRET` and `SALESFORCE_CLIENT_SECRET`
    Env,
    /// In the files secrets/ifs and secrets/salesforce
    File,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let folder = args.folder.clone().unwrap_or_else(|| session.link.clone());
    let ask = Asker {
        asks: session.terminal.live && std::io::IsTerminal::is_terminal(&std::io::stdin()) && !args.yes,
    };
    let whole = ask.asks || args.leaves_nothing_open();
    let answers = answers(args, ask)?;
    let written = template::write(&folder, &answers)?;
    for path in &written {
        session.terminal.print(&path.display().to_string())?;
    }
    let terminal = session.terminal;
    for (system, place) in [("IFS", &answers.ifs_secret), ("Salesforce", &answers.salesforce_secret)] {
        terminal.say(&match place {
            SecretPlace::Env(name) => {
                format!("the {system} secret is expected in the environment variable {name}")
            }
            SecretPlace::File(path) => {
                format!("the {system} secret is expected in {}, mode 600", folder.join(path).display())
            }
        });
    }
    let config = Config::load(&folder)?;
    if whole && config.ifs_secret().is_ok() && config.salesforce_secret().is_ok() {
        return doctor::run(doctor::Args {}, &Session { link: folder, ..session.clone() }).await;
    }
    let link = if folder == *"." { String::new() } else { format!(" -C {}", folder.display()) };
    terminal.say(&format!("next: {}{link} doctor", session.program));
    Ok(Exit::Ok)
}

impl Args {
    /// Whether everything was said that has no right default.
    fn leaves_nothing_open(&self) -> bool {
        let said = [&self.ifs_url, &self.realm, &self.ifs_client_id, &self.salesforce_url];
        said.into_iter().chain([&self.salesforce_client_id]).all(Option::is_some)
    }
}

fn answers(args: Args, ask: Asker) -> Result<Answers, Failure> {
    let (ifs_secret, salesforce_secret) = match args.secrets {
        Secrets::Env => (
            SecretPlace::Env("IFS_CLIENT_SECRET".into()),
            SecretPlace::Env("SALESFORCE_CLIENT_SECRET".into()),
        ),
        Secrets::File => {
            (SecretPlace::File("secrets/ifs".into()), SecretPlace::File("secrets/salesforce".into()))
        }
    };
    Ok(Answers {
        name: ask.text("A name for this link:", args.name, "my-link")?,
        ifs_url: ask.address("Address of IFS Cloud:", args.ifs_url, "https://tenant.ifs.cloud")?,
        realm: ask.text("Realm (shown in IFS API Explorer):", args.realm, "tenant")?,
        ifs_client: ask.text("IFS client id:", args.ifs_client_id, "ML_CONNECTOR")?,
        ifs_secret,
        salesforce_url: ask.address(
            "Address of Salesforce (My Domain):",
            args.salesforce_url,
            "https://domain.my.salesforce.com",
        )?,
        salesforce_client: ask.text("Salesforce consumer key:", args.salesforce_client_id, "CONSUMER_KEY")?,
        salesforce_secret,
        rest: String::new(),
    })
}

/// Asks, or takes what is there.
#[derive(Debug, Clone, Copy)]
struct Asker {
    asks: bool,
}

impl Asker {
    fn text(self, question: &str, given: Option<String>, example: &str) -> Result<String, Failure> {
        match given {
            Some(given) => Ok(given),
            None if self.asks => answered(Text::new(question).with_default(example).prompt()),
            None => Ok(example.to_owned()),
        }
    }

    fn address(self, question: &str, given: Option<String>, example: &str) -> Result<String, Failure> {
        let text = match given {
            Some(given) => given,
            None if self.asks => {
                let check = |text: &str| {
                    Ok(Address::parse(text)
                        .map_or_else(|why| Validation::Invalid(why.into()), |_| Validation::Valid))
                };
                answered(Text::new(question).with_default(example).with_validator(check).prompt())?
            }
            None => example.to_owned(),
        };
        let address = Address::parse(&text)
            .map_err(|what| Failure::Usage { what, hint: format!("write it like {example}") })?;
        Ok(address.to_string())
    }
}

fn answered(answer: inquire::error::InquireResult<String>) -> Result<String, Failure> {
    answer.map_err(|error| match error {
        inquire::InquireError::OperationCanceled | inquire::InquireError::OperationInterrupted => {
            Failure::Interrupted
        }
        other => Failure::Internal { what: format!("asking: {other}") },
    })
}
