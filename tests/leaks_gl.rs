//! Importing, binding, drawing and destroying leaves no file descriptor and no mapping behind, ten
//! thousand times over; and neither does anything that fails.
//!
//! The counts are those of a child process, which does nothing else.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

mod common;

use common::buffer;
use common::child;
use common::leaks::Open;
use common::memfd;
use common::renderer::Renderer;
use common::renderer::on_software_device;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Refusal;
use dmashare::egl::ErrorCode;
use dmashare::egl::Image;
use dmashare::egl::ImportError;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::gl::BindError;
use dmashare::gl::External;
use dmashare::gl::GlError;
use dmashare::gl::PixelType;
use dmashare::gl::Policy;
use dmashare::gl::Program;
use dmashare::gl::ProgramError;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::TargetError;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::gl::YuvTarget;

const AR24: Fourcc = Fourcc::ARGB8888;

/// Drivers open, map and compile what they need when it is first used, and llvmpipe keeps the
/// buffers that its last 64 scenes were drawn with.
const WARM_UP: u32 = 200;

/// Runs something often, and compares what is open before and after.
fn assert_steady(rounds: u32, run: impl Fn()) {
    for _round in 0..WARM_UP {
        run();
    }
    let before = Open::now();
    for _round in 0..rounds {
        run();
    }
    before.assert_unchanged();
}

const ROUNDS: &[child::Case] = &[
    ("sampled", || {
        let renderer = Renderer::new();
        let memory = memfd::image(AR24, [16, 16]);
        let screen = Texture::<TwoD>::new(&renderer.gl, [16, 16], PixelType::Rgba8).unwrap();
        let screen = RenderTarget::new(&screen).unwrap();
        assert_steady(10_000, || {
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
            screen.draw(&renderer.blit, &texture).unwrap();
            drop((image, texture));
            renderer.gl.finish().unwrap();
        });
    }),
    ("sampled_as_external", || {
        let renderer = Renderer::new();
        let memory = memfd::image(Fourcc::AYUV, [16, 16]);
        let screen = Texture::<TwoD>::new(&renderer.gl, [16, 16], PixelType::Rgba8).unwrap();
        let screen = RenderTarget::new(&screen).unwrap();
        assert_steady(10_000, || {
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<External>::from_image(&renderer.gl, &image).unwrap();
            screen.draw(&renderer.blit_external, &texture).unwrap();
            drop((image, texture));
            renderer.gl.finish().unwrap();
        });
    }),
    ("drawn", || {
        let renderer = Renderer::new();
        let pattern = Program::xor_pattern(&renderer.gl).unwrap();
        assert_steady(10_000, || {
            let memory = memfd::image(AR24, [16, 16]);
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
            let target = RenderTarget::new(&texture).unwrap();
            target.fill(&pattern).unwrap();
            renderer.gl.finish().unwrap();
        });
    }),
    ("seen_as_colours_and_drawn_from_them", || {
        let renderer = Renderer::new();
        let colorimetry = Colorimetry::JPEG;
        let images = [Fourcc::AYUV, Fourcc::NV12, Fourcc::YUV420, Fourcc::P010];
        let images = images.map(|fourcc| memfd::image(fourcc, [16, 16]));
        for _round in 0..1_000 {
            let target = YuvTarget::new(&renderer.gl, &images[3], colorimetry).unwrap();
            for image in &images[..3] {
                let policy = Policy::PreferDirect;
                let view = RgbView::new(&renderer.gl, image, colorimetry, policy).unwrap();
                target.draw(&view).unwrap();
            }
            drop(target);
            renderer.gl.finish().unwrap();
        }
        // How many of its last scenes llvmpipe keeps textures of depends on how fast it draws.
        drop(renderer);
        let open = Open::now().matching("dmashare-test");
        assert_eq!(open.len(), images.len(), "{open:?}");
    }),
    ("dropped_without_a_current_context", || {
        let renderer = Renderer::new();
        assert_steady(1_000, || {
            let memory = memfd::image(AR24, [16, 16]);
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
            let target = RenderTarget::new(&texture).unwrap();
            renderer.context.release_current().unwrap();
            drop((image, texture, target));
            renderer.context.make_current().unwrap();
            renderer.gl.flush().unwrap();
        });
    }),
];

#[test]
fn rounds_leave_nothing_open() {
    child::run_once("rounds_leave_nothing_open", ROUNDS);
}

/// What goes wrong when an image is imported.
const IMPORTS: &[child::Case] = &[
    ("format_that_is_not_listed", || {
        let (renderer, memory) = (Renderer::new(), memfd::image(Fourcc::BGR888, [16, 16]));
        assert_steady(1_000, || {
            let error = Image::import(&renderer.display, &memory).unwrap_err();
            assert!(matches!(error, ImportError::Format { fourcc: Fourcc::BGR888, .. }));
        });
    }),
    ("buffer_that_the_driver_must_not_see", || {
        let renderer = Renderer::new();
        let fd = buffer::read_only(&buffer::sealed_memfd(16384));
        let memory = Dmabuf::new(Descriptor::packed([64, 64], AR24, fd, 256)).unwrap();
        assert_steady(1_000, || {
            let error = Image::import(&renderer.display, &memory).unwrap_err();
            assert!(matches!(error, ImportError::Refused(Refusal::ReadOnly { .. })));
        });
    }),
    ("last_row_that_is_too_short", || {
        // Mesa 26.2.6 refuses these, and loses a file descriptor and a mapping each time.
        let renderer = Renderer::new();
        let fd = buffer::sealed_memfd(15 * 256 + 64);
        let memory = Dmabuf::new(Descriptor::packed([16, 16], AR24, fd, 256)).unwrap();
        assert_steady(1_000, || {
            let error = Image::import(&renderer.display, &memory).unwrap_err();
            assert!(matches!(error, ImportError::Refused(Refusal::ShortLastRow { plane: 0, .. })));
        });
    }),
    ("planes_that_the_driver_refuses", || {
        let (renderer, memory) = (Renderer::new(), memfd::image(Fourcc::NV12, [16, 16]));
        assert_steady(1_000, || match Image::import(&renderer.display, &memory) {
            Ok(_image) => assert!(renderer.mesa() >= 26),
            Err(ImportError::Driver { source, .. }) => {
                assert_eq!(source.code, ErrorCode::BAD_ALLOC);
            }
            Err(error) => panic!("{error}"),
        });
    }),
];

#[test]
fn failed_imports_leave_nothing_open() {
    child::run_once("failed_imports_leave_nothing_open", IMPORTS);
}

/// What goes wrong when an image is used.
const USES: &[child::Case] = &[
    ("image_of_another_display", || {
        let (here, there) = (Renderer::new(), Renderer::on(on_software_device()));
        let memory = memfd::image(AR24, [16, 16]);
        assert_steady(1_000, || {
            let image = Image::import(&here.display, &memory).unwrap();
            let error = Texture::<TwoD>::from_image(&there.gl, &image).unwrap_err();
            assert_eq!(error, BindError::OtherDisplay);
        });
    }),
    ("external_only_image_as_2d", || {
        let (renderer, memory) = (Renderer::new(), memfd::image(Fourcc::AYUV, [16, 16]));
        assert_steady(1_000, || {
            let image = Image::import(&renderer.display, &memory).unwrap();
            let error = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap_err();
            assert!(matches!(error, BindError::ExternalOnly { .. }));
        });
    }),
    ("target_without_room", || {
        let renderer = Renderer::new();
        let fd = buffer::sealed_memfd(8192);
        let memory = Dmabuf::new(Descriptor::packed([1024, 1], Fourcc::R8, fd, 8192)).unwrap();
        assert_steady(1_000, || {
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
            let error = RenderTarget::new(&texture).unwrap_err();
            assert!(matches!(error, TargetError::Refused(Refusal::NoRoomForBlocks { .. })));
        });
    }),
    ("target_that_the_driver_refuses", || {
        let (renderer, memory) = (Renderer::new(), memfd::image(Fourcc::XRGB2101010, [16, 16]));
        assert_steady(1_000, || {
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
            let error = RenderTarget::new(&texture).unwrap_err();
            assert!(matches!(error, TargetError::Gl(GlError::Incomplete { .. })), "{error}");
        });
    }),
    ("context_that_is_not_current", || {
        let (renderer, memory) = (Renderer::new(), memfd::image(AR24, [16, 16]));
        renderer.context.release_current().unwrap();
        assert_steady(1_000, || {
            let image = Image::import(&renderer.display, &memory).unwrap();
            assert!(Texture::<TwoD>::from_image(&renderer.gl, &image).is_err());
        });
        renderer.context.make_current().unwrap();
    }),
    ("shader_that_is_rejected", || {
        let renderer = Renderer::new();
        assert_steady(300, || {
            let error = Program::<TwoD>::new(&renderer.gl, "not a shader").unwrap_err();
            assert!(matches!(error, ProgramError::Rejected { .. }));
        });
    }),
];

#[test]
fn failed_uses_leave_nothing_open() {
    child::run_once("failed_uses_leave_nothing_open", USES);
}

/// Displays and contexts come and go as a whole.
const DISPLAYS: &[child::Case] = &[("opened_and_terminated", || {
    for _round in 0..5 {
        drop(Renderer::new());
    }
    let before = Open::now();
    for _round in 0..50 {
        drop(Renderer::new());
    }
    before.assert_same_fds();
})];

#[test]
fn displays_leave_no_file_descriptor_open() {
    child::run_once("displays_leave_no_file_descriptor_open", DISPLAYS);
}
