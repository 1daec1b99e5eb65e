#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The promise: the allocator that is picked for a display of this machine makes images that the
//! display takes, for each use, and where nothing is picked nothing would have worked.

mod common;

use dmashare::allocator::ChooseError;
use dmashare::allocator::Gbm;
use dmashare::allocator::Request;
use dmashare::allocator::choose;
use dmashare::dmabuf::Access;
use dmashare::dmabuf::ImporterClass;
use dmashare::egl::Context;
use dmashare::egl::Device;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

const USAGES: [Usage; 4] = [Usage::Sample, Usage::Render, Usage::ScanOut, Usage::Cpu];

/// Picks, allocates a large image and uses it. Says what was picked.
fn used(display: &Display, usage: Usage) -> Result<String, ChooseError> {
    let formats = match usage {
        Usage::Sample | Usage::Cpu => display.formats().sample(),
        _ => display.formats().render(),
    };
    // What a newcomer asks for: a linear image.
    let request = Request::new(640, 480, Fourcc::XRGB8888).usage(usage);
    let choice = choose(display.importer(), formats, &request)?;
    let image = choice.allocator.allocate(&choice.request).unwrap();
    assert_eq!(image.modifier(), Modifier::LINEAR);
    let imported = Image::import(display, &image).unwrap();
    let context = Context::new(display).unwrap();
    context.make_current().unwrap();
    let gl = Gl::new(&context).unwrap();
    let texture = Texture::<TwoD>::from_image(&gl, &imported).unwrap();
    if usage == Usage::Render {
        let target = RenderTarget::new(&texture).unwrap();
        target.clear([0.0, 1.0, 0.0, 1.0]).unwrap();
        let found = target.read_rgba8().unwrap();
        assert!(found.chunks(4).all(|pixel| pixel == [0, 255, 0, 255]));
    }
    if usage == Usage::Cpu {
        let mut mapping = image.map(Access::ReadWrite).unwrap();
        let mut access = mapping.begin(Access::Write).unwrap();
        access.write_plane(0, &vec![0x55; 640 * 480 * 4]).unwrap();
        access.finish().unwrap();
    }
    Ok(choice.allocator.kind().to_string())
}

fn check(name: &str, display: &Display) {
    let (driver, class) = (display.importer().to_string(), display.importer().class());
    for usage in USAGES {
        let picked = used(display, usage);
        eprintln!("{name} ({driver}), {usage:?}: {picked:?}");
        // No node that can be mapped, or no memory that the CPU and the device have in common.
        let is_on_render_node =
            class == ImporterClass::KmsSoftware && driver.contains("/dev/dri/render");
        let is_elsewhere = usage == Usage::Cpu && display.importer().driver() == "virtio_gpu";
        match picked {
            Ok(kind) => assert!(!is_on_render_node && !is_elsewhere, "{kind} on {driver}"),
            Err(ChooseError::NoAllocator { reasons, .. }) => {
                assert!(is_on_render_node || is_elsewhere, "{driver}: {reasons:?}");
            }
            Err(error) => panic!("{driver}: {error}"),
        }
    }
}

#[test]
fn choose_for_the_software_renderer_works() {
    check("software", &common::renderer::display());
}

#[test]
#[ignore = "lab: needs vkms and vgem"]
fn choose_for_every_display_works() {
    check("surfaceless", &Display::surfaceless().unwrap());
    for device in Device::all().unwrap() {
        check("device", &Display::on_device(&device).unwrap());
    }
    for node in Gbm::nodes() {
        check(&node.display().to_string(), &Display::gbm(&node).unwrap());
    }
}
