//! Versions of packages, asked of dpkg and apt themselves.
//!
//! Spec: deb-version(7), apt-cache(8).

use std::fmt;
use std::process::Command;

use crate::process::answer;
use crate::process::succeeds;

/// A version as dpkg writes it: `1:2.3.4-5~bpo12+1`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Version(String);

impl Version {
    /// Whether this is `oldest` or newer, by dpkg's own rules.
    pub(crate) fn is_at_least(&self, oldest: &str) -> bool {
        succeeds(Command::new("dpkg").args(["--compare-versions", &self.0, "ge", oldest]))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The installed version of `package`; `None` as well where there is no dpkg.
pub(crate) fn installed_version(package: &str) -> Option<Version> {
    let (status, version) = status_and_version(package)?;
    (status == "installed").then_some(Version(version))
}

/// Whether an installation of `package` was begun and not finished: its files may be there.
pub(crate) fn is_half_installed(package: &str) -> bool {
    let settled = ["installed", "not-installed", "config-files"];
    status_and_version(package).is_some_and(|(status, _)| !settled.contains(&&*status))
}

fn status_and_version(package: &str) -> Option<(String, String)> {
    let format = "${db:Status-Status} ${Version}\n";
    let listing = answer(Command::new("dpkg-query").args(["-W", "-f", format, package])).ok()?;
    // One line for each architecture; dpkg keeps the versions of such packages equal.
    let (status, version) = listing.lines().next()?.split_once(' ')?;
    Some((status.to_owned(), version.to_owned()))
}

/// The version of `package` that apt would install, with the target release `release` if given.
///
/// `None` when apt knows no such package, or no such release: its lists may be empty.
pub(crate) fn candidate(package: &str, release: Option<&str>) -> Option<Version> {
    let mut command = Command::new("apt-cache");
    if let Some(release) = release {
        command.arg("-o").arg(format!("APT::Default-Release={release}"));
    }
    let policy = answer(command.args(["policy", package]).env("LC_ALL", "C")).ok()?;
    candidate_in(&policy)
}

/// The value of apt's own setting `name`, if it is set.
pub(crate) fn setting(name: &str) -> Option<String> {
    let listing =
        answer(Command::new("apt-config").args(["dump", "--format", "%v%n", name])).ok()?;
    listing.lines().next().filter(|value| !value.is_empty()).map(str::to_owned)
}

fn candidate_in(policy: &str) -> Option<Version> {
    let version = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then(|| Version(version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Version;
    use super::candidate_in;
    use crate::machine::has_apt;

    #[test]
    fn candidate_is_read_from_the_policy() {
        let policy = "libegl-mesa0:\n  Installed: (none)\n  Candidate: 25.0.7-2~bpo12+1\n";
        assert_eq!(candidate_in(policy), Some(Version("25.0.7-2~bpo12+1".to_owned())));
        assert_eq!(candidate_in("x:\n  Installed: (none)\n  Candidate: (none)\n"), None);
        assert_eq!(candidate_in(""), None);
    }

    #[test]
    fn versions_compare_by_the_rules_of_dpkg() {
        if !has_apt() {
            eprintln!("SKIP versions_compare_by_the_rules_of_dpkg: no dpkg on this machine");
            return;
        }
        let cases = [
            ("25.0.7-2~bpo12+1", "25.0.3", true),
            ("22.3.6-1+deb12u2", "25.0.3", false),
            ("25.0.3~rc1-1", "25.0.3", false),
            ("26.2.6-1", "25.0.3", true),
            ("14.0.2-1~bpo12+1", "14", true),
            ("10.0.1-1+b1", "14", false),
        ];
        for (version, oldest, expected) in cases {
            let version = Version(version.to_owned());
            assert_eq!(version.is_at_least(oldest), expected, "{version} against {oldest}");
        }
    }
}
