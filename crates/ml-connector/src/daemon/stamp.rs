//! Which links there are, and whether their files have changed: by name, length and time of the last
//! change, so that looking costs next to nothing.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::{FLOWS, LINK_FILE};

/// How the files of a link looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stamp(Vec<(PathBuf, u64, Option<SystemTime>)>);

/// Folders of a link whose files count, besides the link's own.
const FOLDERS: [&str; 5] = [FLOWS, "mappings", "tables", "calendar", SECRETS];
/// Secrets have names of all kinds.
const SECRETS: &str = "secrets";
/// Ends of names of files that count.
const ENDS: [&str; 4] = ["toml", "csv", "ics", "pem"];

impl Stamp {
    /// How the files of the link in `folder` look now, and the calendar that it shares with others.
    pub(crate) fn of(folder: &Path, shared: Option<&Path>) -> Self {
        let mut files = Vec::new();
        if let Some((file, meta)) = shared.and_then(|file| Some((file, std::fs::metadata(file).ok()?))) {
            files.push((file.to_owned(), meta.len(), meta.modified().ok()));
        }
        let own = std::iter::once(folder.to_owned()).chain(FOLDERS.map(|name| folder.join(name)));
        for folder in own.chain(shared.map(Path::to_owned)) {
            // What cannot be read is reported when the configuration is loaded.
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            let all = folder.ends_with(SECRETS);
            for entry in entries.flatten() {
                let path = entry.path();
                let counts =
                    all || path.extension().is_some_and(|end| ENDS.iter().any(|known| end == *known));
                let Some(meta) = counts.then(|| std::fs::metadata(&path).ok()).flatten() else { continue };
                files.push((path, meta.len(), meta.modified().ok()));
            }
        }
        files.sort();
        Self(files)
    }
}

/// The link folders that `root` stands for: itself, or the folders in it that hold a `link.toml`.
pub(crate) fn folders(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    if root.join(LINK_FILE).is_file() {
        return Ok(vec![root.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if path.join(LINK_FILE).is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_link_or_holds_links() {
        let root = tempfile::tempdir().unwrap();
        for name in ["b", "a", "c"] {
            std::fs::create_dir(root.path().join(name)).unwrap();
        }
        for name in ["b", "a"] {
            std::fs::write(root.path().join(name).join(LINK_FILE), "").unwrap();
        }
        assert_eq!(folders(root.path()).unwrap(), [root.path().join("a"), root.path().join("b")]);
        assert_eq!(folders(&root.path().join("a")).unwrap(), [root.path().join("a")]);
        assert!(folders(&root.path().join("nowhere")).is_err());
    }

    #[test]
    fn a_changed_file_changes_the_stamp_and_data_does_not() {
        let link = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(link.path().join("flows")).unwrap();
        std::fs::create_dir_all(link.path().join("data")).unwrap();
        std::fs::write(link.path().join(LINK_FILE), "x").unwrap();
        let before = Stamp::of(link.path(), None);
        std::fs::write(link.path().join("data/state.db"), "x").unwrap();
        assert_eq!(Stamp::of(link.path(), None), before);
        std::fs::write(link.path().join("flows/a.toml"), "xy").unwrap();
        assert_ne!(Stamp::of(link.path(), None), before);
    }

    #[test]
    fn a_calendar_that_links_share_counts_for_each() {
        let (link, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = elsewhere.path().join("company.ics");
        for shared in [elsewhere.path(), &file] {
            std::fs::write(&file, "x").unwrap();
            let before = Stamp::of(link.path(), Some(shared));
            std::fs::write(&file, "xy").unwrap();
            assert_ne!(Stamp::of(link.path(), Some(shared)), before);
        }
    }
}
