//! Deriving the backports from sources as they are found on real machines.

use std::fs;

use super::SUITE;
use super::are_configured;
use super::derive;
use super::file_text;
use crate::apt::sources::Source;
use crate::apt::sources::read;

/// What apt would read from `/etc/apt` with these files in it.
fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sources.list.d")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    read(folder.path()).unwrap()
}

/// The fields that would be written, without the comment.
fn derived(files: &[(&str, &str)]) -> String {
    let text = file_text(&derive(&sources(files)).unwrap());
    text.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn one_line_form_gives_the_same_address_and_components() {
    let list = "deb http://m.example/debian bookworm main contrib\n\
                deb http://m.example/debian-security bookworm-security main\n";
    assert_eq!(
        derived(&[("sources.list", list)]),
        "Types: deb\nURIs: http://m.example/debian\nSuites: bookworm-backports\n\
         Components: main contrib\n"
    );
}

#[test]
fn one_line_options_are_taken_over() {
    let list = "deb [trusted=yes arch=amd64 check-valid-until=no] file:/srv/debian bookworm main\n";
    assert_eq!(
        derived(&[("sources.list", list)]),
        "Types: deb\nURIs: file:/srv/debian\nSuites: bookworm-backports\nComponents: main\n\
         Trusted: yes\nArchitectures: amd64\nCheck-Valid-Until: no\n"
    );
}

#[test]
fn paragraph_form_gives_the_same_address_and_keys() {
    let text = "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm bookworm-updates\n\
                Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
                Types: deb\nURIs: http://deb.example/debian-security\nSuites: bookworm-security\n\
                Components: main\n";
    assert_eq!(
        derived(&[("sources.list.d/debian.sources", text)]),
        "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm-backports\n\
         Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    );
}

#[test]
fn key_in_the_file_is_read_back_unchanged() {
    let text = "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n\
                Signed-By:\n -----BEGIN-----\n .\n mQINBF\n -----END-----\n";
    let base = sources(&[("sources.list.d/debian.sources", text)]).remove(0);
    let written = file_text(&derive(std::slice::from_ref(&base)).unwrap());
    let read_back = sources(&[("sources.list.d/ours.sources", &written)]).remove(0);
    assert_eq!(read_back.options, base.options);
    assert_eq!(read_back.suites, [SUITE]);
}

#[test]
fn options_about_single_packages_are_not_taken_over() {
    let text = "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\nComponents: main\n\
                Include: linux-image-amd64\nX-Repolib-Name: Debian\nTrusted: yes\n";
    let fields = derived(&[("sources.list.d/debian.sources", text)]);
    assert!(fields.ends_with("Components: main\nTrusted: yes\n"), "{fields}");
}

#[test]
fn vendor_with_debians_suite_names_is_not_taken_for_debian() {
    let vendors = "deb http://vendor.example/debian/12/prod bookworm main\n\
                   deb http://other.example/linux/debian bookworm stable\n";
    let debian = "deb http://m.example/debian bookworm main\n";
    let files = [("sources.list.d/a.list", vendors), ("sources.list.d/z.list", debian)];
    assert!(derived(&files).contains("URIs: http://m.example/debian\n"));
}

#[test]
fn archive_with_updates_is_debian_whatever_its_path() {
    let vendor = "deb http://vendor.example/debian bookworm main\n";
    let debian = "deb http://mirror.example/pub/os bookworm main\n\
                  deb http://mirror.example/pub/os bookworm-updates main\n";
    let files = [("sources.list.d/a.list", vendor), ("sources.list.d/b.list", debian)];
    assert!(derived(&files).contains("URIs: http://mirror.example/pub/os\n"));
}

#[test]
fn suite_may_go_by_its_alias_and_discs_are_passed_over() {
    let list = "deb cdrom:[Debian 12]/ bookworm main\ndeb http://m.example/debian oldstable main\n";
    let fields = derived(&[("sources.list", list)]);
    assert!(fields.contains("URIs: http://m.example/debian\nSuites: bookworm-backports\n"));
}

#[test]
fn nothing_is_derived_where_debian_is_not() {
    for list in ["", "deb http://m.example/ubuntu noble main\n", "deb cdrom:[x]/ bookworm main\n"] {
        assert!(derive(&sources(&[("sources.list", list)])).is_none(), "{list}");
    }
}

#[test]
fn backports_that_are_configured_are_recognised() {
    let with = "deb http://m.example/debian bookworm-backports main\n";
    let without = "deb http://m.example/debian bookworm main\n\
                   # deb http://m.example/debian bookworm-backports main\n";
    assert!(are_configured(&sources(&[("sources.list", with)])));
    assert!(!are_configured(&sources(&[("sources.list", without)])));
}
