//! The distribution, from `os-release`.
//!
//! Spec: os-release(5).

use std::fs;

/// The distribution that this machine runs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Release {
    /// Machine-readable name, such as `debian`.
    pub(crate) id: String,
    /// Machine-readable name of the version, such as `bookworm`; empty where there is none.
    pub(crate) codename: String,
    /// Name and version for people.
    pub(crate) pretty_name: String,
}

impl Release {
    /// Reads the file; what it does not say stays empty.
    pub(crate) fn read() -> Self {
        let text = ["/etc/os-release", "/usr/lib/os-release"]
            .iter()
            .find_map(|file| fs::read_to_string(file).ok());
        Self::parse(&text.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let value = |name: &str| {
            let assignments = text.lines().filter_map(|line| line.split_once('='));
            let mut values = assignments.filter(|(key, _)| key.trim() == name);
            values.next().map(|(_, value)| unquoted(value.trim())).unwrap_or_default()
        };
        Self {
            id: value("ID"),
            codename: value("VERSION_CODENAME"),
            pretty_name: value("PRETTY_NAME"),
        }
    }

    /// Whether this is Debian itself, in the version with this codename.
    pub(crate) fn is_debian(&self, codename: &str) -> bool {
        self.id == "debian" && self.codename == codename
    }
}

fn unquoted(value: &str) -> String {
    let inner = ['"', '\'']
        .iter()
        .find_map(|&quote| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)));
    inner.unwrap_or(value).to_owned()
}

#[cfg(test)]
mod tests {
    use super::Release;

    #[test]
    fn debian_is_recognised_by_id_and_codename() {
        let release = Release::parse(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n",
        );
        assert!(release.is_debian("bookworm"));
        assert!(!release.is_debian("trixie"));
        assert_eq!(release.pretty_name, "Debian GNU/Linux 12 (bookworm)");
    }

    #[test]
    fn derivative_with_the_same_codename_is_not_debian() {
        let release = Release::parse("ID=raspbian\nID_LIKE='debian'\nVERSION_CODENAME=bookworm\n");
        assert!(!release.is_debian("bookworm"));
    }

    #[test]
    fn missing_fields_are_empty() {
        assert_eq!(Release::parse("# nothing here\n"), Release::default());
    }
}
