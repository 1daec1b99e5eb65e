//! What an image can become: a texture of its own display, of its own kind, of a size that GL has.

use dmashare::egl::Image;
use dmashare::egl::ImportError;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::gl::BindError;
use dmashare::gl::External;
use dmashare::gl::PixelType;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::child;
use crate::common::memfd;
use crate::common::renderer::Renderer;
use crate::common::renderer::on_software_device;

const AR24: Fourcc = Fourcc::ARGB8888;

const CASES: &[child::Case] = &[
    ("image_of_another_display", || {
        let here = Renderer::new();
        let there = Renderer::on(on_software_device());
        assert_ne!(here.display, there.display);
        let memory = memfd::image(AR24, [64, 64]);
        let image = Image::import(&here.display, &memory).unwrap();
        // The context of the other display is the current one.
        let other = BindError::OtherDisplay;
        assert_eq!(Texture::<TwoD>::from_image(&there.gl, &image).unwrap_err(), other);
        assert_eq!(Texture::<External>::from_image(&there.gl, &image).unwrap_err(), other);
        let texture = Texture::<TwoD>::new(&there.gl, [64, 64], PixelType::Rgba8).unwrap();
        assert_eq!(texture.refresh(&image).unwrap_err(), other);
        // Imported there as well, it is good.
        let image = Image::import(&there.display, &memory).unwrap();
        assert_eq!(there.sample(&image).len(), 64 * 64);
    }),
    ("external_only_image_as_2d", || {
        let renderer = Renderer::new();
        let memory = memfd::image(Fourcc::AYUV, [64, 64]);
        let image = Image::import(&renderer.display, &memory).unwrap();
        let expected = BindError::ExternalOnly { fourcc: Fourcc::AYUV, modifier: Modifier::LINEAR };
        assert_eq!(Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap_err(), expected);
        // A target is made of a 2D texture alone, and that shows no such image later either.
        let texture = Texture::<TwoD>::new(&renderer.gl, [64, 64], PixelType::Rgba8).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        assert_eq!(target.texture().refresh(&image).unwrap_err(), expected);
        assert_eq!(renderer.sample(&image).len(), 64 * 64);
    }),
    ("image_larger_than_any_texture", || {
        let renderer = Renderer::new();
        let limit = renderer.gl.max_texture_size();
        for [width, height] in [[limit + 1, 1], [1, limit + 1]] {
            let memory = memfd::image(Fourcc::R8, [width, height]);
            match Image::import(&renderer.display, &memory) {
                Ok(image) => {
                    let expected = BindError::TooLarge { width, height, limit };
                    let error = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap_err();
                    assert_eq!(error, expected);
                }
                Err(error) => assert!(matches!(error, ImportError::Driver { .. }), "{error}"),
            }
            let error = Texture::<TwoD>::new(&renderer.gl, [width, height], PixelType::Rgba8);
            assert_eq!(error.unwrap_err(), BindError::TooLarge { width, height, limit });
        }
    }),
    ("image_as_large_as_a_texture", || {
        let renderer = Renderer::new();
        let limit = renderer.gl.max_texture_size();
        for size in [[limit, 1], [1, limit]] {
            let memory = memfd::image(Fourcc::R8, size);
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
            let target = RenderTarget::new(&texture).unwrap();
            target.clear([1.0, 0.0, 0.0, 1.0]).unwrap();
            renderer.gl.finish().unwrap();
            assert!(memfd::read(&memory)[0].bytes.iter().all(|byte| *byte == 255));
        }
    }),
    ("one_pixel", || {
        let renderer = Renderer::new();
        for fourcc in [AR24, Fourcc::R8, Fourcc::ABGR16161616F] {
            let memory = memfd::image(fourcc, [1, 1]);
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
            RenderTarget::new(&texture).unwrap().clear([1.0; 4]).unwrap();
            let [pixel] = renderer.sample(&image)[..] else { panic!("one pixel") };
            assert!((pixel[0] - 1.0).abs() < f32::EPSILON, "{fourcc}");
        }
        let memory = memfd::image(Fourcc::AYUV, [1, 1]);
        let image = Image::import(&renderer.display, &memory).unwrap();
        assert_eq!(renderer.sample(&image).len(), 1);
    }),
    ("no_pixels", || {
        let renderer = Renderer::new();
        for size in [[0, 64], [64, 0]] {
            let error = Texture::<TwoD>::new(&renderer.gl, size, PixelType::Rgba8).unwrap_err();
            assert!(matches!(error, BindError::TooLarge { .. }), "{error}");
        }
    }),
];

#[test]
fn textures_are_what_their_images_can_be() {
    child::run_drawing("bound::textures_are_what_their_images_can_be", CASES);
}
