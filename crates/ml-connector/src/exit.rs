//! How a command ended, as a number for scripts: declared here once, documented from here.

/// How a command ended. The numbers are part of the product's interface and never change meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Exit {
    /// Everything that was asked for was done.
    Ok,
    /// Something that was not foreseen: please report it.
    Internal,
    /// The command line was not understood.
    Usage,
    /// The configuration, a mapping or a secret reference is wrong.
    Config,
    /// A system is unreachable, too busy or out of quota.
    Unreachable,
    /// A system refused our credentials or rights.
    Refused,
    /// The run finished, but records wait (quarantine, orphans, retries).
    Waiting,
    /// State or audit log could not be read or written.
    Storage,
    /// Another process uses the data folder or has taken the flow over.
    InUse,
    /// The audit log is damaged.
    Damaged,
    /// A saved plan no longer holds.
    Moved,
    /// `doctor` found something red.
    Red,
    /// A system answered something that trying again will not mend.
    Answer,
    /// What was named does not exist.
    Missing,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::Ok,
        Self::Internal,
        Self::Usage,
        Self::Config,
        Self::Unreachable,
        Self::Refused,
        Self::Waiting,
        Self::Storage,
        Self::InUse,
        Self::Damaged,
        Self::Moved,
        Self::Red,
        Self::Answer,
        Self::Missing,
        Self::Interrupted,
    ];

    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Unreachable => 4,
            Self::Refused => 5,
            Self::Waiting => 6,
            Self::Storage => 7,
            Self::InUse => 8,
            Self::Damaged => 9,
            Self::Moved => 10,
            Self::Red => 11,
            Self::Answer => 12,
            Self::Missing => 13,
            Self::Interrupted => 130,
        }
    }

    /// What it means, in one line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Internal => "something unforeseen went wrong",
            Self::Usage => "the command line was not understood",
            Self::Config => "the configuration, a mapping or a secret reference is wrong",
            Self::Unreachable => "a system is unreachable, too busy or out of quota",
            Self::Refused => "a system refused our credentials or rights",
            Self::Waiting => "finished, but records wait (quarantine, orphans, retries)",
            Self::Storage => "state or audit log could not be read or written (disk full?)",
            Self::InUse => "another process uses the data folder",
            Self::Damaged => "the audit log is damaged",
            Self::Moved => "the saved plan no longer holds",
            Self::Red => "doctor found something red",
            Self::Answer => "a system answered something that trying again will not mend",
            Self::Missing => "what was named does not exist",
            Self::Interrupted => "stopped by Ctrl-C; what was done is kept",
        }
    }

    /// What to do about it, in one line.
    pub fn way_out(self) -> &'static str {
        match self {
            Self::Ok => "nothing",
            Self::Internal => "run again with `--verbose` and report what it says",
            Self::Usage => "look at `--help` of the command",
            Self::Config => "mend the named file at the named line, then `ml-connector doctor`",
            Self::Unreachable => "run again later: nothing is lost, the next run goes on from there",
            Self::Refused => "`ml-connector doctor` names the credential or the right that is missing",
            Self::Waiting => "`ml-connector quarantine list`",
            Self::Storage => {
                "look at the free space, and whether this user may use what is named; then run again"
            }
            Self::InUse => {
                "wait for the other process, or end it; a daemon runs flows at once with `ml-connector daemon run` and ends with `daemon drain`"
            }
            Self::Damaged => "keep the data folder as it is and compare it with a backup",
            Self::Moved => "make a new plan",
            Self::Red => "each red line says what to do",
            Self::Answer => {
                "the message names the call; `ml-connector audit search` shows the whole exchange"
            }
            Self::Missing => "look at the name; most names are shown by `status` and `list`",
            Self::Interrupted => "run again: it goes on from there",
        }
    }

    /// The table for `--help`.
    pub fn help() -> String {
        let rows: Vec<String> =
            Self::ALL.iter().map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning())).collect();
        format!("Exit codes:\n{}", rows.join("\n"))
    }

    /// The page `docs/errors/exit-codes.md`.
    pub fn page() -> String {
        let mut page = String::from(
            "# Exit codes\n\nEvery command of `ml-connector` ends with one of these numbers. They never \
             change meaning.\nThis page is made from `crates/ml-connector/src/exit.rs`; a test keeps both \
             in step.\n\n| code | meaning | what to do |\n|---:|---|---|\n",
        );
        for exit in Self::ALL {
            let row = [&exit.code().to_string(), exit.meaning(), exit.way_out()].join(" | ");
            page.extend(["| ", &row, " |\n"]);
        }
        page
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_program_does() {
        crate::shipped::is_current("errors/exit-codes.md", &Exit::page());
    }

    #[test]
    fn numbers_are_unique() {
        let mut codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Exit::ALL.len());
    }
}
