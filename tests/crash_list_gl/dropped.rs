#![allow(unsafe_code, reason = "asks GL whether a name is in use")]
//! Objects can be dropped in any order, on any thread, and without their context.

use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::gl::Gl;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use glow::HasContext;

use crate::common::child;
use crate::common::leaks::Open;
use crate::common::memfd;
use crate::common::renderer;
use crate::common::renderer::Renderer;

/// One of each, taken out one by one.
struct Parts {
    display: Option<Display>,
    context: Option<Context>,
    gl: Option<Gl>,
    image: Option<(Dmabuf, Image)>,
    texture: Option<Texture<TwoD>>,
    target: Option<RenderTarget>,
    program: Option<Program<TwoD>>,
}

const PARTS: usize = 7;

impl Parts {
    fn new() -> Self {
        let display = renderer::display();
        let context = Context::new(&display).unwrap();
        context.make_current().unwrap();
        let gl = Gl::new(&context).unwrap();
        let memory = memfd::image(Fourcc::ARGB8888, [16, 16]);
        let image = Image::import(&display, &memory).unwrap();
        let texture = Texture::<TwoD>::from_image(&gl, &image).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        target.clear([1.0; 4]).unwrap();
        let program = Program::blit(&gl).unwrap();
        Self {
            display: Some(display),
            context: Some(context),
            gl: Some(gl),
            image: Some((memory, image)),
            texture: Some(texture),
            target: Some(target),
            program: Some(program),
        }
    }

    fn drop_part(&mut self, index: usize) {
        match index {
            0 => drop(self.display.take()),
            1 => drop(self.context.take()),
            2 => drop(self.gl.take()),
            3 => drop(self.image.take()),
            4 => drop(self.texture.take()),
            5 => drop(self.target.take()),
            _ => drop(self.program.take()),
        }
    }
}

/// Every order of so many things, by Heap's algorithm.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut orders = vec![order.clone()];
    let (mut counters, mut index) = (vec![0; count], 1);
    while index < count {
        if counters[index] < index {
            let other = if index % 2 == 0 { 0 } else { counters[index] };
            order.swap(other, index);
            orders.push(order.clone());
            counters[index] += 1;
            index = 1;
        } else {
            counters[index] = 0;
            index += 1;
        }
    }
    orders
}

/// Orders that are spread over all 5040.
fn some_orders() -> impl Iterator<Item = Vec<usize>> {
    orders(PARTS).into_iter().step_by(101)
}

#[test]
fn some_orders_have_each_part_before_and_after_each_other() {
    assert_eq!(orders(PARTS).len(), 5040);
    for (one, other) in (0..PARTS).flat_map(|one| (0..PARTS).map(move |other| (one, other))) {
        let place = |order: &[usize], part| order.iter().position(|known| *known == part);
        let is_before = |order: Vec<usize>| place(&order, one) < place(&order, other);
        assert!(one == other || some_orders().any(is_before), "{one} before {other}");
    }
}

/// Nothing that belongs to an image is left: neither file descriptor nor mapping of its memory.
fn assert_no_image_is_left() {
    let open = Open::now();
    assert_eq!(open.matching("dmashare-test"), Vec::<String>::new());
}

/// Whether the context still knows the names.
fn known(gl: &Gl, texture: glow::Texture, framebuffers: u32) -> [bool; 2] {
    let count = (1..=framebuffers).filter_map(std::num::NonZeroU32::new);
    let framebuffer = count.map(glow::NativeFramebuffer).any(|name| {
        // SAFETY: the caller has made the context current; any name may be asked about.
        unsafe { gl.glow().is_framebuffer(name) }
    });
    // SAFETY: as above.
    [unsafe { gl.glow().is_texture(texture) }, framebuffer]
}

const CASES: &[child::Case] = &[
    ("in_any_order", || {
        for order in some_orders() {
            let mut parts = Parts::new();
            for index in order {
                parts.drop_part(index);
            }
            assert_no_image_is_left();
        }
    }),
    ("in_any_order_without_a_current_context", || {
        for order in some_orders() {
            let mut parts = Parts::new();
            parts.context.as_ref().unwrap().release_current().unwrap();
            for index in order {
                parts.drop_part(index);
            }
            assert_no_image_is_left();
        }
    }),
    ("on_another_thread", || {
        for order in some_orders().step_by(8) {
            let mut parts = Parts::new();
            parts.context.as_ref().unwrap().release_current().unwrap();
            std::thread::spawn(move || order.into_iter().for_each(|index| parts.drop_part(index)))
                .join()
                .unwrap();
            assert_no_image_is_left();
        }
    }),
    ("on_another_thread_while_current_on_this_one", || {
        for order in some_orders().step_by(8) {
            let mut parts = Parts::new();
            std::thread::spawn(move || order.into_iter().for_each(|index| parts.drop_part(index)))
                .join()
                .unwrap();
            // A context that is current lives on until another one is (EGL 1.5, section 3.7.3).
            Renderer::new().context.release_current().unwrap();
            assert_no_image_is_left();
        }
    }),
    ("without_a_current_context_and_deleted_with_the_next_use", || {
        let renderer = Renderer::new();
        let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
        let image = Image::import(&renderer.display, &memory).unwrap();
        let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
        let target = RenderTarget::new(&texture).unwrap();
        let name = texture.name();
        assert_eq!(known(&renderer.gl, name, 100), [true, true]);
        drop(memory);
        renderer.context.release_current().unwrap();
        drop((image, texture, target));
        assert_ne!(Open::now().matching("dmashare-test"), Vec::<String>::new(), "still in GL");
        renderer.context.make_current().unwrap();
        assert_eq!(known(&renderer.gl, name, 100), [true, true]);
        renderer.gl.flush().unwrap();
        assert_eq!(known(&renderer.gl, name, 100), [false, false]);
        renderer.gl.finish().unwrap();
        assert_no_image_is_left();
    }),
    ("while_drawn", || {
        let renderer = Renderer::new();
        for _round in 0..200 {
            let memory = memfd::image(Fourcc::ARGB8888, [256, 256]);
            let image = Image::import(&renderer.display, &memory).unwrap();
            let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
            let target = RenderTarget::new(&texture).unwrap();
            target.clear([1.0, 0.0, 0.0, 1.0]).unwrap();
            drop((memory, image, texture, target));
        }
        renderer.gl.finish().unwrap();
        // llvmpipe keeps what its last 64 scenes were drawn with until their places are needed
        // again, or the context goes.
        let open = Open::now().matching("dmashare-test");
        let kept = open.iter().filter(|line| line.starts_with("/proc/self/fd/")).count();
        assert!(kept <= 64, "{kept} of 200");
        drop(renderer);
        assert_no_image_is_left();
    }),
];

#[test]
fn objects_are_dropped_in_any_order() {
    child::run_drawing("dropped::objects_are_dropped_in_any_order", CASES);
}
