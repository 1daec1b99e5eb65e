#![allow(unsafe_code, reason = "sets and reads the state of GL as an engine does")]
//! An engine that shares its context finds its GL state as it left it, after every operation.

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Image;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::Orientation;
use dmashare::gl::PixelType;
use dmashare::gl::Policy;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::RgbView;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use dmashare::gl::YuvTarget;
use glow::HasContext;

use crate::common::child;
use crate::common::memfd;
use crate::common::pixels::PlaneBytes;
use crate::common::renderer::Renderer;

/// `GL_TEXTURE_EXTERNAL_OES` and its binding.
const TEXTURE_EXTERNAL: u32 = 0x8D65;
const TEXTURE_BINDING_EXTERNAL: u32 = 0x8D67;

/// What can be switched on.
const SWITCHES: [(&str, u32); 11] = [
    ("BLEND", glow::BLEND),
    ("CULL_FACE", glow::CULL_FACE),
    ("DEPTH_TEST", glow::DEPTH_TEST),
    ("DITHER", glow::DITHER),
    ("POLYGON_OFFSET_FILL", glow::POLYGON_OFFSET_FILL),
    ("PRIMITIVE_RESTART_FIXED_INDEX", glow::PRIMITIVE_RESTART_FIXED_INDEX),
    ("RASTERIZER_DISCARD", glow::RASTERIZER_DISCARD),
    ("SAMPLE_ALPHA_TO_COVERAGE", glow::SAMPLE_ALPHA_TO_COVERAGE),
    ("SAMPLE_COVERAGE", glow::SAMPLE_COVERAGE),
    ("SCISSOR_TEST", glow::SCISSOR_TEST),
    ("STENCIL_TEST", glow::STENCIL_TEST),
];

/// What has one to four numbers.
const NUMBERS: [(&str, u32, usize); 44] = [
    ("ACTIVE_TEXTURE", glow::ACTIVE_TEXTURE, 1),
    ("ARRAY_BUFFER_BINDING", glow::ARRAY_BUFFER_BINDING, 1),
    ("BLEND_DST_ALPHA", glow::BLEND_DST_ALPHA, 1),
    ("BLEND_DST_RGB", glow::BLEND_DST_RGB, 1),
    ("BLEND_EQUATION_ALPHA", glow::BLEND_EQUATION_ALPHA, 1),
    ("BLEND_EQUATION_RGB", glow::BLEND_EQUATION_RGB, 1),
    ("BLEND_SRC_ALPHA", glow::BLEND_SRC_ALPHA, 1),
    ("BLEND_SRC_RGB", glow::BLEND_SRC_RGB, 1),
    ("COLOR_WRITEMASK", glow::COLOR_WRITEMASK, 4),
    ("COPY_READ_BUFFER_BINDING", glow::COPY_READ_BUFFER_BINDING, 1),
    ("COPY_WRITE_BUFFER_BINDING", glow::COPY_WRITE_BUFFER_BINDING, 1),
    ("CULL_FACE_MODE", glow::CULL_FACE_MODE, 1),
    ("CURRENT_PROGRAM", glow::CURRENT_PROGRAM, 1),
    ("DEPTH_FUNC", glow::DEPTH_FUNC, 1),
    ("DEPTH_WRITEMASK", glow::DEPTH_WRITEMASK, 1),
    ("DRAW_FRAMEBUFFER_BINDING", glow::DRAW_FRAMEBUFFER_BINDING, 1),
    ("ELEMENT_ARRAY_BUFFER_BINDING", glow::ELEMENT_ARRAY_BUFFER_BINDING, 1),
    ("FRONT_FACE", glow::FRONT_FACE, 1),
    ("PACK_ALIGNMENT", glow::PACK_ALIGNMENT, 1),
    ("PACK_ROW_LENGTH", glow::PACK_ROW_LENGTH, 1),
    ("PACK_SKIP_PIXELS", glow::PACK_SKIP_PIXELS, 1),
    ("PACK_SKIP_ROWS", glow::PACK_SKIP_ROWS, 1),
    ("PIXEL_PACK_BUFFER_BINDING", glow::PIXEL_PACK_BUFFER_BINDING, 1),
    ("PIXEL_UNPACK_BUFFER_BINDING", glow::PIXEL_UNPACK_BUFFER_BINDING, 1),
    ("READ_BUFFER", glow::READ_BUFFER, 1),
    ("READ_FRAMEBUFFER_BINDING", glow::READ_FRAMEBUFFER_BINDING, 1),
    ("RENDERBUFFER_BINDING", glow::RENDERBUFFER_BINDING, 1),
    ("SCISSOR_BOX", glow::SCISSOR_BOX, 4),
    ("STENCIL_FUNC", glow::STENCIL_FUNC, 1),
    ("STENCIL_REF", glow::STENCIL_REF, 1),
    ("STENCIL_VALUE_MASK", glow::STENCIL_VALUE_MASK, 1),
    ("STENCIL_WRITEMASK", glow::STENCIL_WRITEMASK, 1),
    ("TRANSFORM_FEEDBACK_BINDING", glow::TRANSFORM_FEEDBACK_BINDING, 1),
    ("UNIFORM_BUFFER_BINDING", glow::UNIFORM_BUFFER_BINDING, 1),
    ("UNPACK_ALIGNMENT", glow::UNPACK_ALIGNMENT, 1),
    ("UNPACK_IMAGE_HEIGHT", glow::UNPACK_IMAGE_HEIGHT, 1),
    ("UNPACK_ROW_LENGTH", glow::UNPACK_ROW_LENGTH, 1),
    ("UNPACK_SKIP_IMAGES", glow::UNPACK_SKIP_IMAGES, 1),
    ("UNPACK_SKIP_PIXELS", glow::UNPACK_SKIP_PIXELS, 1),
    ("UNPACK_SKIP_ROWS", glow::UNPACK_SKIP_ROWS, 1),
    ("VERTEX_ARRAY_BINDING", glow::VERTEX_ARRAY_BINDING, 1),
    ("VIEWPORT", glow::VIEWPORT, 4),
    ("LINE_WIDTH", glow::LINE_WIDTH, 1),
    ("DRAW_BUFFER0", glow::DRAW_BUFFER0, 1),
];

/// What is bound to each unit.
const OF_UNITS: [(&str, u32); 5] = [
    ("TEXTURE_BINDING_2D", glow::TEXTURE_BINDING_2D),
    ("TEXTURE_BINDING_3D", glow::TEXTURE_BINDING_3D),
    ("TEXTURE_BINDING_CUBE_MAP", glow::TEXTURE_BINDING_CUBE_MAP),
    ("TEXTURE_BINDING_EXTERNAL_OES", TEXTURE_BINDING_EXTERNAL),
    ("SAMPLER_BINDING", glow::SAMPLER_BINDING),
];

/// What each vertex attribute has.
const OF_ATTRIBUTES: [(&str, u32); 6] = [
    ("VERTEX_ATTRIB_ARRAY_ENABLED", glow::VERTEX_ATTRIB_ARRAY_ENABLED),
    ("VERTEX_ATTRIB_ARRAY_SIZE", glow::VERTEX_ATTRIB_ARRAY_SIZE),
    ("VERTEX_ATTRIB_ARRAY_STRIDE", glow::VERTEX_ATTRIB_ARRAY_STRIDE),
    ("VERTEX_ATTRIB_ARRAY_TYPE", glow::VERTEX_ATTRIB_ARRAY_TYPE),
    ("VERTEX_ATTRIB_ARRAY_NORMALIZED", glow::VERTEX_ATTRIB_ARRAY_NORMALIZED),
    ("VERTEX_ATTRIB_ARRAY_BUFFER_BINDING", glow::VERTEX_ATTRIB_ARRAY_BUFFER_BINDING),
];

/// All that can be asked, with names for the message.
fn snapshot(gl: &Gl) -> Vec<(String, Vec<i32>)> {
    let gl = gl.glow();
    let mut found = Vec::new();
    for (name, code) in SWITCHES {
        // SAFETY: GL requires a current context, here and below: the callers have made it so.
        let enabled = unsafe { gl.is_enabled(code) };
        found.push((name.to_owned(), vec![i32::from(enabled)]));
    }
    for (name, code, count) in NUMBERS {
        let mut values = [0; 4];
        // SAFETY: as above; no name has more than four numbers.
        unsafe { gl.get_parameter_i32_slice(code, &mut values) };
        found.push((name.to_owned(), values[..count].to_vec()));
    }
    let mut colour = [0.0; 4];
    // SAFETY: as above.
    unsafe { gl.get_parameter_f32_slice(glow::COLOR_CLEAR_VALUE, &mut colour) };
    let colour = colour.map(|part| part.to_bits().cast_signed());
    found.push(("COLOR_CLEAR_VALUE".to_owned(), colour.to_vec()));
    // SAFETY: as above.
    let active = unsafe { gl.get_parameter_i32(glow::ACTIVE_TEXTURE) };
    for unit in 0..4 {
        // SAFETY: as above.
        unsafe { gl.active_texture(glow::TEXTURE0 + unit) };
        for (name, code) in OF_UNITS {
            // SAFETY: as above.
            let value = unsafe { gl.get_parameter_i32(code) };
            found.push((format!("{name} of unit {unit}"), vec![value]));
        }
    }
    // SAFETY: as above.
    unsafe { gl.active_texture(active.cast_unsigned()) };
    for attribute in 0..4 {
        for (name, code) in OF_ATTRIBUTES {
            let mut value = [0.0];
            // SAFETY: as above; each of the names has one number.
            unsafe { gl.get_vertex_attrib_parameter_f32_slice(attribute, code, &mut value) };
            let value = value.map(|number| number.to_bits().cast_signed());
            found.push((format!("{name} of attribute {attribute}"), value.to_vec()));
        }
    }
    // SAFETY: as above.
    assert_eq!(unsafe { gl.get_error() }, glow::NO_ERROR);
    found
}

fn differences(before: &[(String, Vec<i32>)], after: &[(String, Vec<i32>)]) -> Vec<String> {
    let pairs = before.iter().zip(after).filter(|(before, after)| before != after);
    pairs.map(|((name, before), (_, after))| format!("{name}: {before:?}, {after:?}")).collect()
}

/// Calls of GL, each of which requires that the context is current.
macro_rules! with_gl {
    ($gl:ident, $($call:ident($($argument:expr),*);)*) => {
        // SAFETY: the context is current, and the objects are its own.
        $(unsafe { $gl.$call($($argument),*) };)*
    };
}

/// Nothing is as it is in a new context.
fn set_odd_state(gl: &Gl) {
    let gl = gl.glow();
    set_odd_switches(gl);
    set_odd_pixels(gl);
    bind_odd_objects(gl);
    set_odd_textures(gl);
}

fn set_odd_switches(gl: &glow::Context) {
    for (_, code) in SWITCHES {
        with_gl!(gl, enable(code););
    }
    with_gl!(
        gl,
        disable(glow::DITHER);
        blend_func_separate(glow::DST_COLOR, glow::ZERO, glow::ONE_MINUS_DST_ALPHA, glow::ONE);
        blend_equation_separate(glow::FUNC_SUBTRACT, glow::FUNC_REVERSE_SUBTRACT);
        color_mask(false, true, false, true);
        clear_color(0.125, 0.25, 0.5, 0.75);
        cull_face(glow::FRONT_AND_BACK);
        front_face(glow::CW);
        depth_func(glow::NEVER);
        depth_mask(false);
        stencil_func(glow::NEVER, 3, 5);
        stencil_mask(9);
        sample_coverage(0.0, true);
        scissor(1, 2, 3, 4);
        viewport(5, 6, 7, 8);
    );
}

fn set_odd_pixels(gl: &glow::Context) {
    let parameters = [
        (glow::PACK_ALIGNMENT, 8),
        (glow::PACK_ROW_LENGTH, 1000),
        (glow::PACK_SKIP_PIXELS, 3),
        (glow::PACK_SKIP_ROWS, 2),
        (glow::UNPACK_ALIGNMENT, 2),
        (glow::UNPACK_IMAGE_HEIGHT, 900),
        (glow::UNPACK_ROW_LENGTH, 1001),
        (glow::UNPACK_SKIP_IMAGES, 1),
        (glow::UNPACK_SKIP_PIXELS, 4),
        (glow::UNPACK_SKIP_ROWS, 5),
    ];
    for (name, value) in parameters {
        with_gl!(gl, pixel_store_i32(name, value););
    }
}

fn bind_odd_objects(gl: &glow::Context) {
    // SAFETY: the context is current.
    let array = unsafe { gl.create_vertex_array() }.unwrap();
    with_gl!(gl, bind_vertex_array(Some(array)););
    let targets = [
        glow::PIXEL_PACK_BUFFER,
        glow::PIXEL_UNPACK_BUFFER,
        glow::COPY_READ_BUFFER,
        glow::COPY_WRITE_BUFFER,
        glow::UNIFORM_BUFFER,
        glow::ELEMENT_ARRAY_BUFFER,
        glow::ARRAY_BUFFER,
    ];
    for target in targets {
        // SAFETY: the context is current.
        let buffer = unsafe { gl.create_buffer() }.unwrap();
        with_gl!(gl, bind_buffer(target, Some(buffer)); buffer_data_size(target, 64, glow::STATIC_DRAW););
    }
    for attribute in 0..3 {
        with_gl!(
            gl,
            vertex_attrib_pointer_f32(attribute, 3, glow::UNSIGNED_BYTE, true, 12, 4);
            enable_vertex_attrib_array(attribute);
        );
    }
    for target in [glow::DRAW_FRAMEBUFFER, glow::READ_FRAMEBUFFER] {
        // SAFETY: the context is current.
        let framebuffer = unsafe { gl.create_framebuffer() }.unwrap();
        with_gl!(gl, bind_framebuffer(target, Some(framebuffer)););
    }
    // SAFETY: the context is current.
    let renderbuffer = unsafe { gl.create_renderbuffer() }.unwrap();
    with_gl!(gl, bind_renderbuffer(glow::RENDERBUFFER, Some(renderbuffer)););
}

fn set_odd_textures(gl: &glow::Context) {
    let targets = [glow::TEXTURE_2D, glow::TEXTURE_3D, glow::TEXTURE_CUBE_MAP, TEXTURE_EXTERNAL];
    for unit in 0..4 {
        with_gl!(gl, active_texture(glow::TEXTURE0 + unit););
        for target in targets {
            // SAFETY: the context is current.
            let texture = unsafe { gl.create_texture() }.unwrap();
            with_gl!(gl, bind_texture(target, Some(texture)););
        }
        // SAFETY: the context is current.
        let sampler = unsafe { gl.create_sampler() }.unwrap();
        with_gl!(
            gl,
            sampler_parameter_i32(sampler, glow::TEXTURE_MIN_FILTER, glow::LINEAR.cast_signed());
            bind_sampler(unit, Some(sampler));
        );
    }
    with_gl!(gl, active_texture(glow::TEXTURE2););
}

/// An engine's own program, in use.
fn use_odd_program(gl: &Gl) {
    let sources = [
        (glow::VERTEX_SHADER, "void main() { gl_Position = vec4(0.0); }"),
        (glow::FRAGMENT_SHADER, "void main() { gl_FragColor = vec4(0.0); }"),
    ];
    let gl = gl.glow();
    // SAFETY: the context is current.
    let program = unsafe { gl.create_program() }.unwrap();
    for (kind, source) in sources {
        // SAFETY: the context is current.
        let shader = unsafe { gl.create_shader(kind) }.unwrap();
        with_gl!(gl, shader_source(shader, source); compile_shader(shader); attach_shader(program, shader););
    }
    with_gl!(gl, link_program(program); use_program(Some(program)););
}

/// What is drawn with while the state is odd.
struct Scene {
    texture: Texture<TwoD>,
    external: Texture<External>,
    target: RenderTarget,
    pattern: Program<TwoD>,
    image: Image,
    views: [RgbView; 3],
    yuv: Dmabuf,
}

/// An image for each way that it can become colours: as it is, by the driver, and by planes.
fn views(gl: &Gl) -> [RgbView; 3] {
    [
        (Fourcc::ARGB8888, Policy::PreferDirect),
        (Fourcc::AYUV, Policy::RequireDirect),
        (Fourcc::YUV420, Policy::RequireExact),
    ]
    .map(|(fourcc, policy)| {
        let image = memfd::image(fourcc, [64, 64]);
        RgbView::new(gl, &image, Colorimetry::HD_VIDEO, policy).unwrap()
    })
}

type Operation = (&'static str, fn(&Renderer, &Scene));

const OPERATIONS: &[Operation] = &[
    ("Gl::new", |renderer, _| drop(Gl::new(&renderer.context).unwrap())),
    ("Gl::flush", |renderer, _| renderer.gl.flush().unwrap()),
    ("Gl::finish", |renderer, _| renderer.gl.finish().unwrap()),
    ("Gl::draw", |renderer, scene| {
        let size = [64, 64];
        // The framebuffer that is bound has nothing to draw into, which GL says.
        let _incomplete =
            renderer.gl.draw(&renderer.blit, &scene.texture, size, Orientation::Window);
    }),
    ("Program::xor_pattern", |renderer, _| drop(Program::xor_pattern(&renderer.gl).unwrap())),
    ("Program::blit_external", |renderer, _| drop(Program::blit_external(&renderer.gl).unwrap())),
    ("Program::new, rejected", |renderer, _| {
        drop(Program::<TwoD>::new(&renderer.gl, "not a shader").unwrap_err());
    }),
    ("Texture::new", |renderer, _| {
        for pixel in [PixelType::Rgba8, PixelType::Rgba32F] {
            drop(Texture::<TwoD>::new(&renderer.gl, [64, 64], pixel).unwrap());
        }
    }),
    ("Texture::<TwoD>::from_image", |renderer, scene| {
        drop(Texture::<TwoD>::from_image(&renderer.gl, &scene.image).unwrap());
    }),
    ("Texture::<External>::from_image", |renderer, scene| {
        drop(Texture::<External>::from_image(&renderer.gl, &scene.image).unwrap());
    }),
    ("Texture::refresh", |_, scene| {
        scene.texture.refresh(&scene.image).unwrap();
        scene.external.refresh(&scene.image).unwrap();
    }),
    ("Texture::to_image", |_, scene| drop(scene.texture.to_image().unwrap())),
    ("RenderTarget::new", |_, scene| drop(RenderTarget::new(&scene.texture).unwrap())),
    ("RenderTarget::clear", |_, scene| scene.target.clear([0.5; 4]).unwrap()),
    ("RenderTarget::fill", |_, scene| scene.target.fill(&scene.pattern).unwrap()),
    ("RenderTarget::draw, 2D", |renderer, scene| {
        scene.target.draw(&renderer.blit, &scene.texture).unwrap();
    }),
    ("RenderTarget::draw, external", |renderer, scene| {
        scene.target.draw(&renderer.blit_external, &scene.external).unwrap();
    }),
    ("RgbView::new", |renderer, _| drop(views(&renderer.gl))),
    ("RgbView::refresh", |_, scene| scene.views.iter().for_each(|view| view.refresh().unwrap())),
    ("RenderTarget::draw_view", |_, scene| {
        scene.views.iter().for_each(|view| scene.target.draw_view(view).unwrap());
    }),
    ("Gl::draw_view", |renderer, scene| {
        for view in &scene.views {
            let _incomplete = renderer.gl.draw_view(view, [64, 64], Orientation::Window);
        }
    }),
    ("YuvTarget::draw", |renderer, scene| {
        let target = YuvTarget::new(&renderer.gl, &scene.yuv, Colorimetry::JPEG).unwrap();
        scene.views.iter().for_each(|view| target.draw(view).unwrap());
    }),
    ("RenderTarget::read_rgba8", |_, scene| drop(scene.target.read_rgba8().unwrap())),
    ("RenderTarget::read_rgba32f", |_, scene| drop(scene.target.read_rgba32f())),
];

const CASES: &[child::Case] = &[
    ("is_left", || {
        let renderer = Renderer::new();
        let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
        let image = Image::import(&renderer.display, &memory).unwrap();
        let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
        let external = Texture::<External>::from_image(&renderer.gl, &image).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        let pattern = Program::xor_pattern(&renderer.gl).unwrap();
        let views = views(&renderer.gl);
        let yuv = memfd::image(Fourcc::NV12, [64, 64]);
        let scene = Scene { texture, external, target, pattern, image, views, yuv };
        let fresh = snapshot(&renderer.gl);
        set_odd_state(&renderer.gl);
        use_odd_program(&renderer.gl);
        let odd = snapshot(&renderer.gl);
        assert!(differences(&fresh, &odd).len() > 70, "{:?}", differences(&fresh, &odd));
        for (name, operation) in OPERATIONS {
            operation(&renderer, &scene);
            let changed = differences(&odd, &snapshot(&renderer.gl));
            assert!(changed.is_empty(), "{name}: {changed:?}");
        }
    }),
    ("does_not_matter", || {
        // Blending, scissors, masks, padded rows and bound buffers do not change what is drawn.
        let renderer = Renderer::new();
        set_odd_state(&renderer.gl);
        use_odd_program(&renderer.gl);
        let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
        let image = Image::import(&renderer.display, &memory).unwrap();
        let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        target.fill(&Program::xor_pattern(&renderer.gl).unwrap()).unwrap();
        let copy = Texture::<TwoD>::new(&renderer.gl, [64, 64], PixelType::Rgba8).unwrap();
        let copy = RenderTarget::new(&copy).unwrap();
        copy.clear([0.3; 4]).unwrap();
        copy.draw(&renderer.blit, &texture).unwrap();
        let read = copy.read_rgba8().unwrap();
        for (index, pixel) in (0_u32..).zip(read.chunks(4)) {
            let (x, y) = (index % 64, index / 64);
            let colours = [x ^ y, x ^ (2 * y), (2 * x) ^ y, 255].map(|part| part & 255);
            let expected = colours.map(|part| u8::try_from(part).unwrap());
            assert_eq!(*pixel, expected, "at {x}, {y}");
        }
        assert_eq!(read.len(), 64 * 64 * 4);
    }),
    ("does_not_matter_to_planes", || {
        // Samplers that filter, on the units of the planes.
        let (size, colorimetry) = ([64, 64], Colorimetry::HD_VIDEO);
        let renderer = Renderer::new();
        let image = memfd::image(Fourcc::YUV420, size);
        memfd::fill(&image, 16);
        let rows = (0..=255).cycle().take(64 * 64).collect();
        let [luma, blue, red] = [64, 32, 32].map(|side| PlaneBytes {
            row_bytes: side,
            rows: side,
            bytes: Vec::clone(&rows)[..side * side].to_vec(),
        });
        memfd::write(&image, &[luma, blue, red]);
        let draw = || {
            let policy = Policy::RequireExact;
            let view = RgbView::new(&renderer.gl, &image, colorimetry, policy).unwrap();
            let target = Texture::<TwoD>::new(&renderer.gl, size, PixelType::Rgba8).unwrap();
            let target = RenderTarget::new(&target).unwrap();
            target.draw_view(&view).unwrap();
            let copy = memfd::image(Fourcc::NV12, size);
            YuvTarget::new(&renderer.gl, &copy, colorimetry).unwrap().draw(&view).unwrap();
            renderer.gl.finish().unwrap();
            (target.read_rgba8().unwrap(), memfd::read(&copy))
        };
        let expected = draw();
        set_odd_state(&renderer.gl);
        use_odd_program(&renderer.gl);
        assert!(draw() == expected);
    }),
];

#[test]
fn state_of_an_engine() {
    child::run_drawing("state::state_of_an_engine", CASES);
}
