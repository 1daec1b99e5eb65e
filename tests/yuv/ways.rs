//! Which way is taken, and what is said where there is none.

use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneAsImageError;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::egl::ImportError;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::gl::DirectQuirk;
use dmashare::gl::PixelType;
use dmashare::gl::Policy;
use dmashare::gl::Program;
use dmashare::gl::Reason;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::RgbViewError;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::gl::Way;

use crate::common::memfd;
use crate::common::renderer::Renderer;
use crate::image_of;
use crate::meaning;
use crate::scattered;
use crate::seen;
use crate::worst;

fn preferred(renderer: &Renderer, fourcc: Fourcc, size: [u32; 2], it: Colorimetry) -> RgbView {
    RgbView::new(&renderer.gl, &memfd::image(fourcc, size), it, Policy::PreferDirect).unwrap()
}

#[test]
fn colours_are_sampled_as_they_are() {
    let renderer = Renderer::new();
    for fourcc in [Fourcc::ARGB8888, Fourcc::RGB565, Fourcc::GR88, Fourcc::ABGR16161616F] {
        for policy in [Policy::PreferDirect, Policy::RequireDirect, Policy::RequireExact] {
            let (image, _) = image_of(fourcc, [37, 23], meaning::of(Colorimetry::JPEG), &scattered);
            let view = RgbView::new(&renderer.gl, &image, Colorimetry::JPEG, policy).unwrap();
            assert_eq!((view.way(), view.reason()), (Way::Plain, &Reason::Colours), "{fourcc}");
            let imported = dmashare::egl::Image::import(&renderer.display, &image).unwrap();
            assert!(seen(&renderer, &view) == renderer.sample(&imported), "{fourcc}");
        }
    }
}

#[test]
fn direct_way_is_taken_where_the_driver_is_right() {
    let renderer = Renderer::new();
    for fourcc in [Fourcc::AYUV, Fourcc::XYUV8888] {
        let view = preferred(&renderer, fourcc, [37, 23], Colorimetry::HD_VIDEO);
        assert_eq!((view.way(), view.reason()), (Way::Direct, &Reason::Accepted), "{fourcc}");
    }
}

#[test]
fn quirk_that_keeps_an_image_from_the_driver_is_told() {
    let renderer = Renderer::new();
    for (fourcc, size, colorimetry, quirk) in [
        (Fourcc::YUYV, [64, 64], Colorimetry::HD_VIDEO, DirectQuirk::SitingIgnored),
        (Fourcc::YUYV, [37, 64], Colorimetry::JPEG, DirectQuirk::ChromaStretched),
        (Fourcc::YUYV, [64, 64], Colorimetry::JPEG, DirectQuirk::CoarseFilter),
        (Fourcc::NV12, [64, 63], Colorimetry::JPEG, DirectQuirk::ChromaStretched),
        (Fourcc::P010, [64, 64], Colorimetry::JPEG, DirectQuirk::MoreThan8Bits),
        (Fourcc::Y412, [64, 64], Colorimetry::JPEG, DirectQuirk::MoreThan8Bits),
    ] {
        let view = preferred(&renderer, fourcc, size, colorimetry);
        assert_eq!((view.way(), view.reason()), (Way::ByPlane, &Reason::Quirk(quirk)), "{fourcc}");
    }
}

/// Mesa 25 lists YU24 and refuses it; Mesa 26 takes it, and pixels that share no chroma are right.
#[test]
fn image_that_the_driver_refuses_goes_by_plane() {
    let renderer = Renderer::new();
    let view = preferred(&renderer, Fourcc::YUV444, [64, 64], Colorimetry::HD_VIDEO);
    if renderer.mesa() < 26 {
        let Reason::Refused(error) = view.reason() else { panic!("{:?}", view.reason()) };
        assert!(matches!(**error, RgbViewError::Import(ImportError::Driver { .. })), "{error:?}");
        assert_eq!(view.way(), Way::ByPlane);
    } else {
        assert_eq!((view.way(), view.reason()), (Way::Direct, &Reason::Accepted));
    }
    // Which no version lists.
    let view = preferred(&renderer, Fourcc::Q410, [64, 64], Colorimetry::HD_VIDEO);
    assert_eq!(view.way(), Way::ByPlane);
    let view = preferred(&renderer, Fourcc::VUY888, [64, 64], Colorimetry::HD_VIDEO);
    let Reason::Refused(error) = view.reason() else { panic!("{:?}", view.reason()) };
    assert!(matches!(**error, RgbViewError::Import(ImportError::Format { .. })), "{error:?}");
}

#[test]
fn policies_that_require_a_way_take_no_other() {
    let renderer = Renderer::new();
    let image = memfd::image(Fourcc::VUY888, [64, 64]);
    let refused =
        RgbView::new(&renderer.gl, &image, Colorimetry::JPEG, Policy::RequireDirect).unwrap_err();
    let expected = ImportError::Format { fourcc: Fourcc::VUY888, modifier: Modifier::LINEAR };
    assert_eq!(refused, RgbViewError::Import(expected));
    let image = memfd::image(Fourcc::YUYV, [64, 64]);
    for (policy, way) in
        [(Policy::RequireDirect, Way::Direct), (Policy::RequireExact, Way::ByPlane)]
    {
        let view = RgbView::new(&renderer.gl, &image, Colorimetry::JPEG, policy).unwrap();
        assert_eq!((view.way(), view.reason()), (way, &Reason::Required));
    }
}

fn with_modifier(fourcc: Fourcc, modifier: Modifier) -> Dmabuf {
    let image = memfd::image(Fourcc::YUYV, [64, 64]);
    let planes = image.planes().iter().map(|plane| PlaneDescriptor {
        fd: plane.shared_fd(),
        offset_bytes: plane.offset_bytes(),
        stride_bytes: plane.stride_bytes(),
    });
    let planes = planes.collect();
    Dmabuf::new(Descriptor { width: 64, height: 64, fourcc, modifier, planes }).unwrap()
}

#[test]
fn tiles_that_no_way_can_read_are_an_error() {
    let renderer = Renderer::new();
    let modifier = Modifier::from_raw(0x0100_0000_0000_0002);
    let image = with_modifier(Fourcc::YUYV, modifier);
    let new = |image, policy| RgbView::new(&renderer.gl, image, Colorimetry::JPEG, policy);
    let tiled = RgbViewError::Plane { plane: 0, source: PlaneAsImageError::Tiled { modifier } };
    assert_eq!(new(&image, Policy::RequireExact).unwrap_err(), tiled);
    assert_eq!(new(&image, Policy::PreferDirect).unwrap_err(), tiled);
    let fourcc = Fourcc::YUV420_8BIT;
    let secret = with_modifier(fourcc, modifier);
    let unsupported = RgbViewError::Unsupported { fourcc, way: Way::ByPlane };
    assert_eq!(new(&secret, Policy::RequireExact).unwrap_err(), unsupported);
    let listed = new(&secret, Policy::PreferDirect).unwrap_err();
    let expected = ImportError::Format { fourcc, modifier };
    assert_eq!(listed, RgbViewError::Import(expected));
}

/// What nobody says is linear cannot be taken apart into words: the driver has it, and is told to be off.
#[test]
fn quirk_is_put_up_with_where_there_is_no_other_way() {
    let renderer = Renderer::new();
    let modifier = Modifier::Implicit;
    let image = memfd::without_modifier(&memfd::image(Fourcc::YUYV, [64, 64]));
    let policy = Policy::PreferDirect;
    let view = RgbView::new(&renderer.gl, &image, Colorimetry::HD_VIDEO, policy).unwrap();
    let tiled = RgbViewError::Plane { plane: 0, source: PlaneAsImageError::Tiled { modifier } };
    let quirk = DirectQuirk::SitingIgnored;
    let expected = Reason::NotByPlane { quirk, error: Box::new(tiled) };
    assert_eq!((view.way(), view.reason()), (Way::Direct, &expected));
}

/// A shader of the caller's, which exchanges red and blue, on units 2 to 4.
#[test]
fn program_of_an_engine_samples_a_view() {
    const MAIN: &str = "void main() { gl_FragColor = vec4(sample_rgb(coordinates).bgr, 1.0); }";
    let renderer = Renderer::new();
    for (fourcc, policy) in [
        (Fourcc::NV12, Policy::RequireExact),
        (Fourcc::AYUV, Policy::RequireDirect),
        (Fourcc::ARGB8888, Policy::PreferDirect),
    ] {
        let (size, colorimetry) = ([38, 22], Colorimetry::JPEG);
        let (image, _) = image_of(fourcc, size, meaning::of(colorimetry), &scattered);
        let view = RgbView::new(&renderer.gl, &image, colorimetry, policy).unwrap();
        let swapped = |pixel: &[f32; 4]| [pixel[2], pixel[1], pixel[0], 1.0].map(f64::from);
        let limited = |pixel: [f64; 4]| pixel.map(|part| part.clamp(0.0, 1.0));
        let expected: Vec<_> =
            seen(&renderer, &view).iter().map(|pixel| limited(swapped(pixel))).collect();
        let program = Program::<TwoD>::new(&renderer.gl, &(view.glsl() + MAIN)).unwrap();
        view.bind(program.name(), 2).unwrap();
        let target = Texture::new(&renderer.gl, size, PixelType::Rgba32F).unwrap();
        let target = RenderTarget::new(&target).unwrap();
        target.fill(&program).unwrap();
        let floats = target.read_rgba32f().unwrap();
        assert!(worst(floats.as_chunks::<4>().0, &expected) < 1e-6, "{fourcc}");
    }
}
