//! What the demonstration and the tests need, how each thing is recognised, and which Debian
//! package brings it.
//!
//! Every line was needed in a clean Debian root: with it the work goes on, without it something
//! fails. The drivers need no line of their own, `libegl-mesa0` depends on them.

use clap::ValueEnum;

use crate::apt;
use crate::machine::Libraries;
use crate::machine::linker_finds;
use crate::process::program_in_path;

/// What is to be run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Purpose {
    /// The demonstration: buffers, contexts, two processes, no window.
    Demo,
    /// Every test, those with windows and under valgrind included.
    Test,
}

/// How a thing is recognised, on any distribution.
#[derive(Clone, Copy, Debug)]
enum Evidence {
    /// A shared library that `dlopen` finds.
    Library(&'static str),
    /// A library that the C compiler links with.
    Linkable(&'static str),
    /// A program.
    Program(&'static str),
}

/// One thing that must be there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requirement {
    evidence: Evidence,
    /// The Debian package that brings it.
    pub(crate) package: &'static str,
    /// The oldest version of the package that will do.
    pub(crate) oldest: Option<&'static str>,
    /// Whether it belongs to what Debian 12 has in a new enough version in its backports alone.
    pub(crate) is_backported: bool,
}

/// For people on systems without apt: the same list in words.
pub(crate) const IN_WORDS: [(Purpose, &str); 2] = [
    (Purpose::Demo, "Mesa 25.0.3 or newer with EGL, and libgbm with its development files"),
    (Purpose::Test, "also Xvfb, weston 14, valgrind, and the client libraries of X11 and Wayland"),
];

const DEMO: [Requirement; 3] = [
    Requirement::new(Evidence::Library("libEGL.so.1"), "libegl1"),
    // From 25.0.3 on, llvmpipe imports memory that no device made.
    Requirement::new(Evidence::Library("libEGL_mesa.so.0"), "libegl-mesa0")
        .from("25.0.3")
        .backported(),
    // Tied to the same version of Mesa.
    Requirement::new(Evidence::Linkable("libgbm.so"), "libgbm-dev").backported(),
];

const TEST: [Requirement; 11] = [
    Requirement::new(Evidence::Program("Xvfb"), "xvfb"),
    // From 14 on, the headless backend has the GL renderer and with it imports dma-bufs.
    Requirement::new(Evidence::Program("weston"), "weston").from("14").backported(),
    Requirement::new(Evidence::Program("valgrind"), "valgrind"),
    Requirement::new(Evidence::Library("libX11.so.6"), "libx11-6"),
    Requirement::new(Evidence::Library("libX11-xcb.so.1"), "libx11-xcb1"),
    Requirement::new(Evidence::Library("libXcursor.so.1"), "libxcursor1"),
    Requirement::new(Evidence::Library("libXi.so.6"), "libxi6"),
    Requirement::new(Evidence::Library("libxkbcommon.so.0"), "libxkbcommon0"),
    Requirement::new(Evidence::Library("libxkbcommon-x11.so.0"), "libxkbcommon-x11-0"),
    Requirement::new(Evidence::Library("libwayland-client.so.0"), "libwayland-client0"),
    Requirement::new(Evidence::Library("libwayland-egl.so.1"), "libwayland-egl1"),
];

impl Requirement {
    const fn new(evidence: Evidence, package: &'static str) -> Self {
        Self { evidence, package, oldest: None, is_backported: false }
    }

    const fn from(self, oldest: &'static str) -> Self {
        Self { oldest: Some(oldest), ..self }
    }

    const fn backported(self) -> Self {
        Self { is_backported: true, ..self }
    }

    /// The name of the thing itself: `libEGL.so.1`, `weston`.
    pub(crate) fn name(&self) -> &'static str {
        match self.evidence {
            Evidence::Library(name) | Evidence::Linkable(name) | Evidence::Program(name) => name,
        }
    }

    fn is_present(&self, libraries: &Libraries) -> bool {
        match self.evidence {
            Evidence::Library(name) => libraries.contain(name),
            Evidence::Linkable(name) => linker_finds(name),
            Evidence::Program(name) => program_in_path(name).is_some(),
        }
    }

    /// Whether a package brings it, but too old or not completely. A thing that no package brought
    /// was put there by somebody who knows why.
    fn is_unusable(&self) -> bool {
        let outdated = self.oldest.is_some_and(|oldest| {
            apt::installed_version(self.package).is_some_and(|version| !version.is_at_least(oldest))
        });
        outdated || apt::is_half_installed(self.package)
    }
}

/// Everything that `purpose` needs.
pub(crate) fn all(purpose: Purpose) -> impl Iterator<Item = &'static Requirement> {
    let more: &[Requirement] = if purpose == Purpose::Test { &TEST } else { &[] };
    DEMO.iter().chain(more)
}

/// What `purpose` needs and this machine lacks, or has too old or not completely.
pub(crate) fn missing(purpose: Purpose) -> Vec<&'static Requirement> {
    let libraries = Libraries::read();
    all(purpose).filter(|r| !r.is_present(&libraries) || r.is_unusable()).collect()
}

/// What `purpose` needs, in one line for people.
pub(crate) fn in_words(purpose: Purpose) -> String {
    let of_purpose = |(of, _): &&(Purpose, &str)| *of == Purpose::Demo || purpose == Purpose::Test;
    let parts = IN_WORDS.iter().filter(of_purpose).map(|(_, words)| *words);
    parts.collect::<Vec<_>>().join("; ")
}
