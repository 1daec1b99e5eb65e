//! Valgrind finds nothing wrong with the memory that this crate uses, on its own and with a driver.
//!
//! Each case runs in a child under memcheck: what reads or writes memory that is not there, decides
//! on numbers that were never set, or loses memory for good, ends with an error. What the driver and
//! its compiler keep until the process ends is left out by `xtask/valgrind.supp`.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

mod common;

use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::process::ExitStatus;
use std::sync::Arc;

use common::buffer;
use common::child;
use common::memfd;
use common::pixels::PlaneBytes;
use common::renderer::Renderer;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::egl::Image;
use dmashare::egl::ImportClaim;
use dmashare::format::Fourcc;
use dmashare::format::Layout;
use dmashare::format::Modifier;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

/// What memcheck ends with when it has found an error.
const FOUND: i32 = 9;

const MEMCHECK: [&str; 7] = [
    "--quiet",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    "--num-callers=60",
    "--keep-debuginfo=yes",
];

/// The command of a child, with valgrind in front of it.
fn under_memcheck(test: &str, case: &str) -> Command {
    let child = child::command(test, case);
    let suppressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("xtask/valgrind.supp");
    let mut command = Command::new("valgrind");
    command.args(MEMCHECK).arg(format!("--suppressions={}", suppressions.display()));
    command.arg(child.get_program()).args(child.get_args());
    for (name, value) in child.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    // Memcheck runs one thread at a time; without helpers there is less to wait for.
    command.env("LP_NUM_THREADS", "0");
    command
}

/// Runs a case of a test under memcheck: how it ended, and what it printed.
fn run(test: &str, case: &str) -> (ExitStatus, String) {
    let output = under_memcheck(test, case).output();
    let output = output.expect("this test needs valgrind: run `cargo xtask setup`");
    let printed = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8_lossy(&printed).into_owned())
}

const CASES: &[child::Case] = &[
    ("right_and_wrong_descriptors", || {
        for layout in Layout::all().iter().filter(|layout| layout.has_linear()) {
            let claim = memfd::descriptor(layout.fourcc(), [37, 23]);
            let mut wrong = claim.clone();
            wrong.planes[0].offset_bytes = 1 << 20;
            assert!(Dmabuf::new(claim).is_ok());
            assert_eq!(Dmabuf::new(wrong).unwrap_err().into_descriptor().width, 37);
        }
    }),
    ("attributes", || {
        let fd = buffer::sealed_memfd(65536);
        let list = |pitch| {
            vec![0x3057, 64, 0x3056, 64, 0x3271, 0x3432_5241, 0x3272, 7, 0x3273, 0, 0x3274, pitch]
        };
        for (pitch, is_image) in [(256, true), (4, false)] {
            let claim = ImportClaim::from_attributes(&list(pitch), |_| Some(fd.as_fd())).unwrap();
            assert_eq!(Dmabuf::new(claim.descriptor).is_ok(), is_image);
        }
    }),
    ("mapped_rows", || {
        for (offset_bytes, stride_bytes, width) in [(0, 64, 13), (1, 37, 37), (4095, 101, 99)] {
            let fd = Arc::new(buffer::sealed_memfd(16384));
            let planes = vec![PlaneDescriptor { fd, offset_bytes, stride_bytes }];
            let (fourcc, modifier, height) = (Fourcc::R8, Modifier::LINEAR, 23);
            let image =
                Dmabuf::new(Descriptor { width, height, fourcc, modifier, planes }).unwrap();
            let row = usize::try_from(width).unwrap();
            let bytes: Vec<u8> = (0..=255).cycle().take(row * 23).collect();
            memfd::write(&image, &[PlaneBytes { row_bytes: row, rows: 23, bytes: bytes.clone() }]);
            let mut mapping = image.map(Access::ReadWrite).unwrap();
            let copy = image.duplicate().unwrap();
            drop(image);
            assert_eq!(mapping.begin(Access::Read).unwrap().read_plane(0).unwrap(), bytes);
            drop(mapping);
            assert_eq!(memfd::read(&copy)[0].bytes, bytes);
        }
    }),
    ("imported_and_drawn", || {
        let renderer = Renderer::new();
        assert!(!renderer.display.formats().sample().is_empty());
        let pattern = Program::xor_pattern(&renderer.gl).unwrap();
        let memory = memfd::image(Fourcc::ARGB8888, [8, 8]);
        let image = Image::import(&renderer.display, &memory).unwrap();
        let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        target.fill(&pattern).unwrap();
        assert_eq!(target.read_rgba8().unwrap().len(), 8 * 8 * 4);
        assert_eq!(renderer.sample(&image).len(), 8 * 8);
        assert!(Program::<TwoD>::new(&renderer.gl, "not a shader").is_err());
        renderer.context.release_current().unwrap();
        drop((target, texture, pattern));
        renderer.context.make_current().unwrap();
        renderer.gl.finish().unwrap();
        drop(image);
        assert_eq!(memfd::read(&memory)[0].bytes[..8], [0, 0, 0, 255, 2, 1, 1, 255]);
    }),
];

#[test]
fn memcheck_finds_nothing() {
    if let Some(name) = child::case() {
        let (_, run) = CASES.iter().find(|(known, _)| *known == name).expect("a case of this test");
        run();
        return child::done();
    }
    for (name, _) in CASES {
        let (status, printed) = run("memcheck_finds_nothing", name);
        assert!(
            status.success() && printed.contains("the end of case"),
            "{name}: {status}\n{printed}"
        );
    }
}

/// A harness that misses something would make everything above a success.
#[test]
fn memcheck_finds_what_is_lost() {
    if child::case().is_some() {
        for size_bytes in [1000, 2000] {
            let lost = vec![0_u8; size_bytes].into_boxed_slice();
            assert!(!std::hint::black_box(Box::into_raw(lost)).is_null());
        }
        return child::done();
    }
    let (status, printed) = run("memcheck_finds_what_is_lost", "lost");
    assert!(printed.contains("the end of case"), "{printed}");
    assert_eq!(status.code(), Some(FOUND), "{printed}");
    assert!(printed.contains("definitely lost"), "{printed}");
}
