//! What the demonstration and the tests need, how each thing is recognised, and which Debian
//! package brings it.
//!
//! Every line was needed in a clean Debian root: with it the work goes on, without it something
//! fails. The drivers need no line of their own, `libegl-mesa0` depends on them.

use std::process::Command;

use clap::ValueEnum;

use crate::apt;
use crate::machine::Libraries;
use crate::machine::linker_finds;
use crate::process::answer;
use crate::process::program_in_path;

/// What is to be run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Purpose {
    /// The demonstration: buffers, contexts, two processes, no window.
    Demo,
    /// The demonstration, and what the crate's peers link and run.
    Bench,
    /// The guests of the lab, and building their kernel.
    Lab,
    /// Every test, those with windows, under valgrind and in the lab included.
    Test,
}

impl Purpose {
    fn is_part_of(self, other: Self) -> bool {
        let is_tested = self != Self::Bench && other == Self::Test;
        self == Self::Demo || self == other || is_tested
    }
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
    /// A kind of device that QEMU can give to a guest; some are in modules of their own.
    QemuDevice(&'static str),
    /// A kind of display that QEMU can show a guest's monitor on.
    QemuDisplay(&'static str),
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
const IN_WORDS: [(Purpose, &str); 4] = [
    (Purpose::Demo, "Mesa 25.0.3 or newer with EGL, and libgbm with its development files"),
    (
        Purpose::Bench,
        "also weston 14, libxkbcommon with its development files, kmscube, modetest and strace",
    ),
    (
        Purpose::Lab,
        "also QEMU for x86-64 with SDL and OpenGL, Xvfb, and what a kernel is built with",
    ),
    (
        Purpose::Test,
        "also Xvfb, weston 14, valgrind, Python 3.11, and the client libraries of X11 and Wayland",
    ),
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

const BENCH: [Requirement; 4] = [
    // Smithay links it, whatever of Smithay is used.
    Requirement::new(Evidence::Linkable("libxkbcommon.so"), "libxkbcommon-dev"),
    // In the guest, which has the programs of this machine.
    Requirement::new(Evidence::Program("kmscube"), "kmscube"),
    // Tied to the same version of libdrm, which Mesa upgrades.
    Requirement::new(Evidence::Program("modetest"), "libdrm-tests").backported(),
    Requirement::new(Evidence::Program("strace"), "strace"),
];

/// From 14 on, the headless backend has the GL renderer and with it imports dma-bufs.
const WESTON: [Requirement; 1] =
    [Requirement::new(Evidence::Program("weston"), "weston").from("14").backported()];

const X_SERVER: [Requirement; 1] = [Requirement::new(Evidence::Program("Xvfb"), "xvfb")];

const LAB: [Requirement; 14] = [
    // The backports have one version of all of QEMU; half of it from there and half not will not
    // install.
    Requirement::new(Evidence::Program("qemu-system-x86_64"), "qemu-system-x86").backported(),
    Requirement::new(Evidence::QemuDevice("virtio-gpu-gl-pci"), "qemu-system-modules-opengl")
        .backported(),
    Requirement::new(Evidence::QemuDisplay("sdl"), "qemu-system-gui").backported(),
    // QEMU's window and the X server both draw with GL.
    Requirement::new(Evidence::Library("libGL.so.1"), "libgl1"),
    Requirement::new(Evidence::Library("libGLX_mesa.so.0"), "libglx-mesa0").backported(),
    Requirement::new(Evidence::Program("gcc"), "gcc"),
    Requirement::new(Evidence::Program("make"), "make"),
    Requirement::new(Evidence::Program("flex"), "flex"),
    Requirement::new(Evidence::Program("bison"), "bison"),
    Requirement::new(Evidence::Program("bc"), "bc"),
    Requirement::new(Evidence::Linkable("libelf.so"), "libelf-dev"),
    Requirement::new(Evidence::Program("xz"), "xz-utils"),
    Requirement::new(Evidence::Program("setpriv"), "util-linux"),
    // In the guest, which has the programs of this machine.
    Requirement::new(Evidence::Program("ip"), "iproute2"),
];

const TEST: [Requirement; 10] = [
    Requirement::new(Evidence::Program("valgrind"), "valgrind"),
    // A second client of streams, which the crate's own speaks with.
    Requirement::new(Evidence::Program("python3"), "python3").from("3.11"),
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
            Evidence::Library(name)
            | Evidence::Linkable(name)
            | Evidence::Program(name)
            | Evidence::QemuDevice(name)
            | Evidence::QemuDisplay(name) => name,
        }
    }

    fn is_present(&self, libraries: &Libraries) -> bool {
        match self.evidence {
            Evidence::Library(name) => libraries.contain(name),
            Evidence::Linkable(name) => linker_finds(name),
            Evidence::Program(name) => program_in_path(name).is_some(),
            Evidence::QemuDevice(name) => qemu_has("-device", name),
            Evidence::QemuDisplay(name) => qemu_has("-display", name),
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

/// Whether QEMU lists `name` among the kinds that an option can be.
fn qemu_has(option: &str, name: &str) -> bool {
    let listing = answer(Command::new("qemu-system-x86_64").args([option, "help"]));
    let is_name = |word: &str| word.trim_matches(['"', ',']) == name;
    listing.is_ok_and(|listing| listing.split_whitespace().any(is_name))
}

/// Everything that `purpose` needs.
pub(crate) fn all(purpose: Purpose) -> impl Iterator<Item = &'static Requirement> {
    let more: &[&[Requirement]] = match purpose {
        Purpose::Demo => &[],
        Purpose::Bench => &[&WESTON, &BENCH],
        Purpose::Lab => &[&X_SERVER, &LAB],
        Purpose::Test => &[&X_SERVER, &LAB, &WESTON, &TEST],
    };
    DEMO.iter().chain(more.iter().copied().flatten())
}

/// What the tests need that run without a guest.
pub(crate) fn without_the_lab() -> impl Iterator<Item = &'static Requirement> {
    DEMO.iter().chain(&X_SERVER).chain(&WESTON).chain(&TEST)
}

/// What `purpose` needs and this machine lacks, or has too old or not completely.
pub(crate) fn missing(purpose: Purpose) -> Vec<&'static Requirement> {
    let libraries = Libraries::read();
    all(purpose).filter(|r| !r.is_present(&libraries) || r.is_unusable()).collect()
}

/// What `purpose` needs, in one line for people.
pub(crate) fn in_words(purpose: Purpose) -> String {
    let needed = IN_WORDS.iter().filter(|(of, _)| of.is_part_of(purpose));
    needed.map(|(_, words)| *words).collect::<Vec<_>>().join("; ")
}
