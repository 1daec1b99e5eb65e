//! What is going to be done, before it is done.

use std::path::Path;

use anyhow::Result;
use anyhow::bail;

use crate::apt;
use crate::apt::Installation;
use crate::apt::backports;
use crate::apt::sources;
use crate::apt::sources::APT_FOLDER;
use crate::machine::Release;
use crate::process::command_line;
use crate::process::quoted;
use crate::requirements::Requirement;

/// The steps of a set-up: a source perhaps, then the packages.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    missing: &'a [&'a Requirement],
    release: Release,
    /// What will be in our own source file; `None` when no source is needed.
    pub(super) source_text: Option<String>,
    pub(super) installation: Installation,
}

impl<'a> Plan<'a> {
    /// The plan that brings what is `missing`.
    ///
    /// # Errors
    /// When the sources cannot be read, or none of them is Debian's although this is Debian 12.
    pub(super) fn new(missing: &'a [&'a Requirement]) -> Result<Self> {
        let release = Release::read();
        // On anything but Debian 12 the system's own packages are new enough, or nothing is.
        let needs_backports = release.is_debian(backports::CODENAME)
            && missing.iter().any(|requirement| requirement.is_backported);
        let source_text =
            if needs_backports { missing_source(Path::new(APT_FOLDER))? } else { None };
        let mut packages: Vec<_> = missing.iter().map(|requirement| requirement.package).collect();
        packages.sort_unstable();
        let suite = needs_backports.then(|| backports::SUITE.to_owned());
        let installation = Installation { packages, release: suite };
        Ok(Self { missing, release, source_text, installation })
    }

    /// Says what is missing and what will be done about it.
    pub(super) fn description(&self) -> String {
        let mut lines = vec!["missing, too old or half installed:".to_owned()];
        lines.extend(self.missing.iter().map(|requirement| format!("  {}", wanted(requirement))));
        if let Some(text) = &self.source_text {
            lines.push(format!("adding the package source {}:", backports::FILE));
            lines.extend(without_key(text).map(|line| format!("  | {line}")));
            lines.push("  (`cargo xtask setup --undo` removes it)".to_owned());
        }
        lines.push(format!("running: {}", self.command_lines().join(" && ")));
        lines.join("\n")
    }

    /// The one line that tells somebody who is not root what to do.
    ///
    /// # Errors
    /// When the packages that apt knows of are too old, so that no command would help.
    pub(super) fn for_the_user(&self) -> Result<String> {
        if self.source_text.is_none()
            && let Some(explanation) = self.too_old()
        {
            bail!("{explanation}");
        }
        let mut commands = Vec::new();
        if let Some(text) = &self.source_text {
            let lines: Vec<_> = text.lines().map(quoted).collect();
            let file = backports::FILE;
            commands.push(format!("printf '%s\\n' {} | sudo tee {file}", lines.join(" ")));
        }
        commands.extend(self.command_lines().iter().map(|line| format!("sudo {line}")));
        let missing: Vec<_> = self.missing.iter().map(|r| r.name()).collect();
        Ok(format!("not found: {}; run: {}", missing.join(", "), commands.join(" && ")))
    }

    /// Why the packages on offer will not do, if apt knows of any that is too old.
    pub(super) fn too_old(&self) -> Option<String> {
        let target = self.installation.release.as_deref();
        let outdated = |requirement: &&&Requirement| {
            let Some(oldest) = requirement.oldest else {
                return false;
            };
            // A release that apt does not know leaves the ordinary candidate to judge by.
            let candidate = apt::candidate(requirement.package, target)
                .or_else(|| apt::candidate(requirement.package, None));
            candidate.is_some_and(|version| !version.is_at_least(oldest))
        };
        let requirement = self.missing.iter().find(outdated)?;
        let system = &self.release.pretty_name;
        let wanted = wanted(requirement);
        Some(format!("the packages of {system} are too old; needed: {wanted}"))
    }

    fn command_lines(&self) -> [String; 2] {
        ["apt-get update".to_owned(), command_line(&self.installation.command())]
    }
}

/// The lines of a source file, but of a key in it only that it is there.
fn without_key(text: &str) -> impl Iterator<Item = &str> {
    let is_key = |line: &&str| line.starts_with(' ') && !line.contains("BEGIN");
    text.lines().filter(move |line| !is_key(line))
}

/// `libEGL.so.1 (package libegl1)`, with the oldest version where one is asked for.
fn wanted(requirement: &Requirement) -> String {
    let version = requirement.oldest.map(|oldest| format!(" {oldest} or newer"));
    let version = version.unwrap_or_default();
    format!("{} (package {}{version})", requirement.name(), requirement.package)
}

/// The text of our source file, unless apt reads the backports from some file already.
fn missing_source(folder: &Path) -> Result<Option<String>> {
    let sources = sources::read(folder)?;
    if backports::are_configured(&sources) {
        return Ok(None);
    }
    let Some(source) = backports::derive(&sources) else {
        bail!(
            "no package source of Debian in {}; add one for {} and try again",
            folder.display(),
            backports::SUITE
        );
    };
    Ok(Some(backports::file_text(&source)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::missing_source;
    use super::without_key;

    #[test]
    fn key_in_the_source_file_is_shown_as_one_line() {
        let text = "Types: deb\nSigned-By:\n -----BEGIN KEY-----\n .\n mQI\n -----END KEY-----\n";
        let lines: Vec<_> = without_key(text).collect();
        assert_eq!(lines, ["Types: deb", "Signed-By:", " -----BEGIN KEY-----"]);
    }

    #[test]
    fn source_is_missing_only_while_no_file_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("sources.list");
        assert!(missing_source(folder.path()).is_err());

        fs::write(&list, "deb http://m.example/debian bookworm main\n").unwrap();
        let text = missing_source(folder.path()).unwrap().unwrap();
        assert!(text.contains("Suites: bookworm-backports\n"), "{text}");

        fs::create_dir(folder.path().join("sources.list.d")).unwrap();
        fs::write(folder.path().join("sources.list.d/ours.sources"), text).unwrap();
        assert_eq!(missing_source(folder.path()).unwrap(), None);
    }
}
