//! The exit codes, as `docs/errors/exit-codes.md` promises them.

/// All done.
pub(crate) const DONE: i32 = 0;
/// The command line makes no sense.
pub(crate) const USAGE: i32 = 2;
/// The configuration is wrong.
pub(crate) const CONFIG: i32 = 3;
/// A system does not answer.
pub(crate) const UNREACHABLE: i32 = 4;
/// A system refuses us.
pub(crate) const REFUSED: i32 = 5;
/// Some records wait for a person.
pub(crate) const WAITING: i32 = 6;
/// A file cannot be read or written.
pub(crate) const STORAGE: i32 = 7;
/// Another process has the data folder.
pub(crate) const IN_USE: i32 = 8;
/// The audit log is not what was written.
pub(crate) const DAMAGED: i32 = 9;
/// A plan no longer holds.
pub(crate) const MOVED: i32 = 10;
/// The examination found something red.
pub(crate) const RED: i32 = 11;
/// An answer makes no sense.
pub(crate) const ANSWER: i32 = 12;
/// What was named does not exist.
pub(crate) const MISSING: i32 = 13;
/// Cut off on request.
pub(crate) const INTERRUPTED: i32 = 130;
