//! The backports of Debian 12 as a package source, made from the source that the machine uses.
//!
//! Backports are one more suite at the same address, signed with the same keys. So the address,
//! the components and the options are taken over, and whatever makes the machine's own source
//! work there (a mirror, a proxy, a snapshot) makes this one work.

use crate::apt::sources::Source;
use crate::apt::sources::debian;

/// The version of Debian whose own Mesa is too old and whose backports have a newer one.
pub(crate) const CODENAME: &str = "bookworm";

/// The suite that has it.
pub(crate) const SUITE: &str = "bookworm-backports";

/// Our own file, beside those of the machine.
pub(crate) const FILE: &str = "/etc/apt/sources.list.d/dmashare-backports.sources";

/// Options that say how to reach a source and whom to trust. Others, like those which choose
/// single packages, are about the suite that they were written for.
const KEPT_OPTIONS: [&str; 15] = [
    "Architectures",
    "Languages",
    "Targets",
    "PDiffs",
    "By-Hash",
    "Allow-Insecure",
    "Allow-Weak",
    "Allow-Downgrade-To-Insecure",
    "Trusted",
    "Signed-By",
    "Check-Valid-Until",
    "Valid-Until-Min",
    "Valid-Until-Max",
    "Check-Date",
    "Date-Max-Future",
];

/// Whether one of `sources` has the backports already.
pub(crate) fn are_configured(sources: &[Source]) -> bool {
    sources.iter().any(|source| source.has_suite(SUITE) && source.has_main())
}

/// The backports, reached in the way in which `sources` reach Debian itself; `None` when none of
/// them does.
pub(crate) fn derive(sources: &[Source]) -> Option<Source> {
    debian::archive(sources, CODENAME).map(|base| beside(base, SUITE))
}

/// Another suite of the archive that `base` is in.
pub(crate) fn beside(base: &Source, suite: &str) -> Source {
    Source {
        uris: base.network_uris().cloned().collect(),
        suites: vec![suite.to_owned()],
        components: base.components.clone(),
        options: base.options.iter().filter(|(name, _)| is_kept(name)).cloned().collect(),
    }
}

/// The source in the paragraph form, with a comment that says where it comes from.
pub(crate) fn file_text(source: &Source) -> String {
    let mut lines = vec![
        "# Added by `cargo xtask setup` of dmashare; `cargo xtask setup --undo` removes it."
            .to_owned(),
    ];
    lines.extend(fields(source));
    lines.join("\n") + "\n"
}

/// The fields of the paragraph form, a line each unless a value has several.
pub(crate) fn fields(source: &Source) -> Vec<String> {
    let own = [
        ("URIs", source.uris.join(" ")),
        ("Suites", source.suites.join(" ")),
        ("Components", source.components.join(" ")),
    ];
    let own = own.iter().map(|(name, value)| format!("{name}: {value}"));
    let options = source.options.iter().map(|(name, value)| {
        // A value that begins on the next line needs no space before it.
        if value.starts_with('\n') { format!("{name}:{value}") } else { format!("{name}: {value}") }
    });
    std::iter::once("Types: deb".to_owned()).chain(own).chain(options).collect()
}

fn is_kept(option: &str) -> bool {
    let name = option.trim_end_matches("-Add").trim_end_matches("-Remove");
    KEPT_OPTIONS.iter().any(|kept| kept.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
