//! Displays and images are for any thread; a context is for one at a time.

use std::sync::Barrier;

use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Fourcc;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::common::child;
use crate::common::memfd;
use crate::common::renderer;
use crate::common::renderer::Renderer;

const THREADS: u8 = 4;

/// Draws a colour of its own through one import, and finds it through another.
fn draw_and_read(renderer: &Renderer, colour: u8) {
    let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
    let image = Image::import(&renderer.display, &memory).unwrap();
    let texture = Texture::<TwoD>::from_image(&renderer.gl, &image).unwrap();
    let target = RenderTarget::new(&texture).unwrap();
    target.clear([f32::from(colour) / 255.0, 0.0, 0.0, 1.0]).unwrap();
    renderer.gl.finish().unwrap();
    assert!(memfd::read(&memory)[0].bytes.chunks(4).all(|pixel| *pixel == [0, 0, colour, 255]));
}

fn on_threads(run: impl Fn(u8) + Sync) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let run = &run;
            scope.spawn(move || run(thread));
        }
    });
}

const CASES: &[child::Case] = &[
    ("contexts_of_one_display", || {
        let display = renderer::display();
        let barrier = Barrier::new(usize::from(THREADS));
        on_threads(|thread| {
            barrier.wait();
            let renderer = Renderer::on(display.clone());
            for round in 0..25 {
                draw_and_read(&renderer, thread * 60 + round);
            }
        });
    }),
    ("displays_opened_and_terminated_at_once", || {
        let barrier = Barrier::new(usize::from(THREADS));
        on_threads(|thread| {
            barrier.wait();
            for round in 0..10 {
                // The last of the threads that have it open terminates it.
                draw_and_read(&Renderer::new(), thread * 60 + round);
            }
        });
    }),
    ("one_image_imported_at_once", || {
        let display = renderer::display();
        let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
        let barrier = Barrier::new(usize::from(THREADS));
        on_threads(|_thread| {
            barrier.wait();
            for _round in 0..2_000 {
                let image = Image::import(&display, &memory).unwrap();
                assert_eq!((image.width(), image.height()), (64, 64));
            }
        });
    }),
    ("one_image_sampled_at_once", || {
        let display = renderer::display();
        let memory = memfd::image(Fourcc::ARGB8888, [64, 64]);
        let image = Image::import(&display, &memory).unwrap();
        let barrier = Barrier::new(usize::from(THREADS));
        on_threads(|_thread| {
            let renderer = Renderer::on(display.clone());
            barrier.wait();
            for _round in 0..25 {
                assert!(renderer.sample(&image).iter().all(|pixel| *pixel == [0.0; 4]));
            }
        });
    }),
    ("image_made_on_one_thread_and_dropped_on_another", || {
        let display = renderer::display();
        let images: Vec<Image> = (0..64)
            .map(|_| Image::import(&display, &memfd::image(Fourcc::R8, [64, 64])).unwrap())
            .collect();
        drop(display);
        std::thread::spawn(move || drop(images)).join().unwrap();
    }),
    ("formats_asked_for_at_once", || {
        let display: Display = renderer::display();
        on_threads(|_thread| assert!(display.formats().sample().contains_fourcc(Fourcc::R8)));
    }),
];

#[test]
fn threads_do_not_disturb_each_other() {
    child::run_drawing("threads::threads_do_not_disturb_each_other", CASES);
}
