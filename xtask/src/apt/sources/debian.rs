//! Which of the machine's sources is Debian itself.
//!
//! Vendors name their suites after Debian's, so that the suite alone does not tell.

use crate::apt::sources::Source;

/// Names that the suite of a version goes by in turn, as newer versions come out.
const ALIASES: [&str; 3] = ["stable", "oldstable", "oldoldstable"];

/// The source of Debian's own archive for the version `codename`; `None` if there is none.
///
/// Debian's archive has the updates too, and `debian` at the end of its path; of sources that are
/// equally like it, it is the first, as for apt.
pub(crate) fn archive<'a>(sources: &'a [Source], codename: &str) -> Option<&'a Source> {
    let has_version = |source: &&Source| {
        let mut names = std::iter::once(&codename).chain(&ALIASES);
        source.has_main()
            && source.network_uris().next().is_some()
            && names.any(|name| source.has_suite(name))
    };
    let likeness = |source: &&Source| {
        let ends_with_debian = |uri: &String| uri.trim_end_matches('/').ends_with("/debian");
        let has_updates = sources.iter().any(|other| is_updates_of(other, source));
        (has_updates, source.uris.iter().any(ends_with_debian))
    };
    // Of equals, `max_by_key` takes the last.
    sources.iter().filter(has_version).rev().max_by_key(likeness)
}

fn is_updates_of(updates: &Source, source: &Source) -> bool {
    updates.uris.iter().any(|uri| source.uris.contains(uri))
        && updates.suites.iter().any(|suite| suite.ends_with("-updates"))
}
