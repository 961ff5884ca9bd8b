//! The pages and schemas in `docs/` that are made from the code.

use std::path::Path;

/// Holds `docs/<name>` against what the code makes of it now.
///
/// A stale file is written anew, so that the difference can be read and committed; the test that
/// asked fails all the same.
#[track_caller]
pub(crate) fn is_current(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::fs::read_to_string(&path).is_ok_and(|shipped| shipped == made) {
        return;
    }
    std::fs::write(&path, made).unwrap();
    panic!("docs/{name} was out of date and has been written anew: read the difference and commit it");
}
