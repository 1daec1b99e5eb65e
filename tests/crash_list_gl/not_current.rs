//! GL functions crash without a current context: every operation asks first.

use std::sync::mpsc;

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::ContextError;
use dmashare::egl::ErrorCode;
use dmashare::egl::Image;
use dmashare::egl::TextureImageError;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::gl::BindError;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::GlError;
use dmashare::gl::GlLoadError;
use dmashare::gl::NotCurrent;
use dmashare::gl::Orientation;
use dmashare::gl::PixelType;
use dmashare::gl::Policy;
use dmashare::gl::Program;
use dmashare::gl::ProgramError;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::RgbViewError;
use dmashare::gl::TargetError;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::gl::YuvTarget;
use dmashare::gl::YuvTargetError;

use crate::common::child;
use crate::common::memfd;
use crate::common::renderer::Renderer;

/// Everything that operations are called on, made while the context was current.
struct Objects {
    texture: Texture<TwoD>,
    external: Texture<External>,
    target: RenderTarget,
    pattern: Program<TwoD>,
    image: Image,
    view: RgbView,
    memory: Dmabuf,
    yuv: YuvTarget,
    renderer: Renderer,
}

impl Objects {
    fn new() -> Self {
        let renderer = Renderer::new();
        let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
        let image = Image::import(&renderer.display, &memory).unwrap();
        let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
        let external = Texture::<External>::from_image(&renderer.gl, &image).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        let pattern = Program::xor_pattern(&renderer.gl).unwrap();
        let memory = memfd::image(Fourcc::NV12, [64, 64]);
        let (gl, colorimetry) = (&renderer.gl, Colorimetry::JPEG);
        let view = RgbView::new(gl, &memory, colorimetry, Policy::PreferDirect).unwrap();
        let yuv = YuvTarget::new(gl, &memory, colorimetry).unwrap();
        Self { texture, external, target, pattern, image, view, memory, yuv, renderer }
    }

    /// Every operation of `gl` that needs a context.
    fn assert_all_refused(&self) {
        let Self { texture, external, target, pattern, image, view, memory, yuv, renderer } = self;
        let Renderer { gl, blit, blit_external, context, .. } = renderer;
        let of_gl = Err(GlError::NotCurrent(NotCurrent));
        let of_bind = BindError::Gl(GlError::NotCurrent(NotCurrent));
        assert_eq!(Gl::new(context).unwrap_err(), GlLoadError::NotCurrent(NotCurrent));
        assert_eq!(gl.flush(), Err(NotCurrent));
        assert_eq!(gl.finish(), Err(NotCurrent));
        for program in [Program::blit(gl), Program::xor_pattern(gl), Program::new(gl, "")] {
            assert_eq!(program.unwrap_err(), ProgramError::NotCurrent(NotCurrent));
        }
        let program = Program::blit_external(gl);
        assert_eq!(program.unwrap_err(), ProgramError::NotCurrent(NotCurrent));
        for pixel in [PixelType::Rgba8, PixelType::Rgba32F] {
            assert_eq!(Texture::<TwoD>::new(gl, [64, 64], pixel).unwrap_err(), of_bind);
        }
        assert_eq!(Texture::<TwoD>::from_image(gl, image).unwrap_err(), of_bind);
        assert_eq!(Texture::<External>::from_image(gl, image).unwrap_err(), of_bind);
        assert_eq!(texture.refresh(image).unwrap_err(), of_bind);
        assert_eq!(external.refresh(image).unwrap_err(), of_bind);
        assert_eq!(texture.to_image().unwrap_err(), TextureImageError::NotCurrent);
        let target_error = TargetError::Gl(GlError::NotCurrent(NotCurrent));
        assert_eq!(RenderTarget::new(texture).unwrap_err(), target_error);
        assert_eq!(target.clear([0.0; 4]), of_gl);
        assert_eq!(target.fill(pattern), of_gl);
        assert_eq!(target.draw(blit, texture), of_gl);
        assert_eq!(target.draw(blit_external, external), of_gl);
        assert_eq!(target.read_rgba8().map(drop), of_gl);
        assert_eq!(target.read_rgba32f().map(drop), of_gl);
        for policy in [Policy::PreferDirect, Policy::RequireDirect, Policy::RequireExact] {
            let refused = RgbView::new(gl, memory, Colorimetry::JPEG, policy).unwrap_err();
            assert_eq!(refused, RgbViewError::Bind(of_bind));
        }
        assert_eq!(RgbView::of_texture(texture).unwrap_err(), RgbViewError::Bind(of_bind));
        assert_eq!(view.refresh(), Err(of_bind));
        assert_eq!(view.bind(pattern.name(), 0), of_gl);
        assert_eq!(target.draw_view(view), of_gl);
        let of_yuv = YuvTargetError::Bind(of_bind);
        assert_eq!(YuvTarget::new(gl, memory, Colorimetry::JPEG).unwrap_err(), of_yuv);
        assert_eq!(yuv.draw(view), Err(of_yuv));
        let size = [64, 64];
        assert_eq!(gl.draw_view(view, size, Orientation::Window), of_gl);
        assert_eq!(gl.draw(blit, texture, size, Orientation::Window), of_gl);
        assert_eq!(gl.draw(blit_external, external, size, Orientation::Image), of_gl);
    }

    /// The objects are as good as before.
    fn assert_all_work(&self) {
        self.target.fill(&self.pattern).unwrap();
        self.yuv.draw(&self.view).unwrap();
        self.target.draw_view(&self.view).unwrap();
        assert_eq!(self.renderer.read(&self.renderer.blit, &self.texture).len(), 64 * 64);
        assert_eq!(self.renderer.read(&self.renderer.blit_external, &self.external).len(), 64 * 64);
    }
}

const CASES: &[child::Case] = &[
    ("no_context_is_current", || {
        let objects = Objects::new();
        objects.renderer.context.release_current().unwrap();
        objects.assert_all_refused();
        objects.renderer.context.make_current().unwrap();
        objects.assert_all_work();
    }),
    ("another_context_is_current", || {
        let objects = Objects::new();
        let other = Context::new(&objects.renderer.display).unwrap();
        other.make_current().unwrap();
        objects.assert_all_refused();
        objects.renderer.context.make_current().unwrap();
        objects.assert_all_work();
    }),
    ("context_is_current_on_another_thread", || {
        let objects = Objects::new();
        let context = objects.renderer.context.clone();
        context.release_current().unwrap();
        let (to_thread, from_here) = mpsc::channel::<()>();
        let (to_here, from_thread) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            context.make_current().unwrap();
            to_here.send(()).unwrap();
            from_here.recv().unwrap();
            context.release_current().unwrap();
        });
        from_thread.recv().unwrap();
        objects.assert_all_refused();
        match objects.renderer.context.make_current().unwrap_err() {
            ContextError::Call(error) => assert_eq!(error.code, ErrorCode::BAD_ACCESS),
            error => panic!("{error}"),
        }
        to_thread.send(()).unwrap();
        thread.join().unwrap();
        objects.renderer.context.make_current().unwrap();
        objects.assert_all_work();
    }),
];

#[test]
fn operations_without_their_context_are_refused() {
    child::run_drawing("not_current::operations_without_their_context_are_refused", CASES);
}
