//! The package sources that this machine's apt is configured with.
//!
//! They come in two forms, which say the same: one line each (`sources.list`, `*.list`), and
//! paragraphs of fields (`*.sources`). Spec: sources.list(5).

mod deb822;
pub(crate) mod debian;
mod one_line;

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;

/// Where apt keeps its configuration.
pub(crate) const APT_FOLDER: &str = "/etc/apt";

/// One enabled source of binary packages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Source {
    /// Base addresses, each of which has all suites.
    pub(crate) uris: Vec<String>,
    /// Suites or codenames, such as `bookworm-updates`.
    pub(crate) suites: Vec<String>,
    /// Parts of the suites, such as `main`.
    pub(crate) components: Vec<String>,
    /// Options, as fields of the paragraph form: name and value, lines folded as in the file.
    pub(crate) options: Vec<(String, String)>,
}

impl Source {
    /// Whether it has the suite of this name.
    pub(crate) fn has_suite(&self, suite: &str) -> bool {
        self.suites.iter().any(|name| name == suite)
    }

    /// Whether it has the component `main`.
    pub(crate) fn has_main(&self) -> bool {
        self.components.iter().any(|component| component == "main")
    }

    /// Its addresses without discs, which have nothing newer than themselves.
    pub(crate) fn network_uris(&self) -> impl Iterator<Item = &String> {
        self.uris.iter().filter(|uri| !uri.starts_with("cdrom:"))
    }
}

/// Reads every source below `folder`, in apt's order: `sources.list`, then the others by name.
///
/// # Errors
/// When a file cannot be read; lines that apt would not understand are left to apt.
pub(crate) fn read(folder: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for file in files(folder)? {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let paragraphs = file.extension().is_some_and(|extension| extension == "sources");
        sources.extend(if paragraphs { deb822::parse(&text) } else { one_line::parse(&text) });
    }
    Ok(sources)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let main = folder.join("sources.list");
    let parts = folder.join("sources.list.d");
    let mut files = Vec::new();
    if parts.is_dir() {
        for entry in fs::read_dir(&parts).with_context(|| parts.display().to_string())? {
            let file = entry?.path();
            if file.extension().is_some_and(|e| e == "list" || e == "sources") {
                files.push(file);
            }
        }
    }
    files.sort();
    if main.is_file() {
        files.insert(0, main);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::read;

    #[test]
    fn both_forms_are_read_in_apts_order() {
        let folder = tempfile::tempdir().unwrap();
        let parts = folder.path().join("sources.list.d");
        fs::create_dir(&parts).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("sources.list", "deb http://first.example/debian bookworm main\n");
        write("sources.list.d/b.list", "deb http://third.example/debian bookworm main\n");
        write(
            "sources.list.d/a.sources",
            "Types: deb\nURIs: http://second.example/debian\nSuites: bookworm\nComponents: main\n",
        );
        write("sources.list.d/c.list.disabled", "deb http://never.example/debian bookworm main\n");

        let sources = read(folder.path()).unwrap();
        let uris: Vec<_> = sources.iter().flat_map(|source| &source.uris).collect();
        assert_eq!(
            uris,
            [
                "http://first.example/debian",
                "http://second.example/debian",
                "http://third.example/debian"
            ]
        );
    }

    #[test]
    fn folder_without_sources_gives_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
    }
}
