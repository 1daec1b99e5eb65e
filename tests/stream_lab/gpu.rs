//! On a GPU: drawn in one process, sampled in another, with native fences both ways.

use dmashare::allocator::Gbm;
use dmashare::egl::CacheStatistics;
use dmashare::format::Fourcc;
use dmashare::format::Usage;
use dmashare::gl::Completion;
use dmashare::gl::PixelType;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use dmashare::stream::ConsumerEvent;
use dmashare::stream::ConsumerSettings;
use dmashare::stream::Fencing;
use dmashare::stream::Picture;
use dmashare::stream::Producer;

use crate::BUFFERS;
use crate::FRAMES;
use crate::SOON;
use crate::Steady;
use crate::common::child;
use crate::common::display;
use crate::common::renderer::Renderer;
use crate::pattern;
use crate::pattern::Pattern;
use crate::pattern::SIZE;

const DRIVER: &str = "virtio_gpu";

/// Each buffer that came round was imported when it came first.
fn assert_imported_once(statistics: CacheStatistics) {
    assert!((1..=BUFFERS as u64).contains(&statistics.imports), "{statistics:?}");
    assert_eq!(statistics.imports + statistics.hits, FRAMES);
    assert_eq!(statistics.evictions, 0);
}

/// Draws all frames, and hands each over before it is drawn.
fn draw() {
    let renderer = Renderer::on_driver(DRIVER);
    let gbm = Gbm::open(display::open(DRIVER).path().unwrap()).unwrap();
    let settings = crate::settings()
        .usage(Usage::Render, renderer.display.formats().render().clone())
        .prefer([Fourcc::ARGB8888])
        .allow_kernel_checked(true);
    let mut producer = Producer::new(Box::new(gbm), settings).unwrap();
    producer.add_peer(crate::socket()).unwrap();
    let mut targets = TextureCache::<TwoD>::new(&renderer.gl);
    let pattern = Pattern::new(&renderer.gl);
    let mut steady = Steady::default();
    for frame in 0..FRAMES {
        let acquired = producer.acquire_timeout(SOON).unwrap();
        assert_eq!(producer.fencing(), Fencing::Explicit);
        if let Some(readers) = producer.readers_fence(&acquired).unwrap() {
            renderer.gl.wait(&readers, SOON).unwrap();
        }
        pattern.draw(targets.target(acquired.image()).unwrap(), frame);
        let drawn = renderer.gl.fence_or_finish().unwrap();
        assert!(matches!(drawn, Completion::Fence(_)), "this driver has fences");
        let picture = Picture { user_serial: frame, ..Picture::default() };
        producer.submit_timeout(acquired, drawn.ready(), picture, SOON).unwrap();
        drop(drawn);
        steady.check(frame);
    }
    assert_imported_once(targets.statistics());
    crate::finish(producer);
    child::done();
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_samples_what_another_process_draws() {
    if child::case().is_some() {
        return draw();
    }
    let renderer = Renderer::on_driver(DRIVER);
    let formats = renderer.display.formats().sample().clone();
    let settings =
        ConsumerSettings::new(Usage::Sample, formats).frames(2).allow_kernel_checked(true);
    let test = "gpu::virtio_gpu_samples_what_another_process_draws";
    let (process, mut consumer) = crate::consumer_of(child::command(test, "producer"), &settings);
    let mut textures = TextureCache::<TwoD>::new(&renderer.gl);
    let screen = Texture::<TwoD>::new(&renderer.gl, SIZE, PixelType::Rgba8).unwrap();
    let screen = RenderTarget::new(&screen).unwrap();
    let mut steady = Steady::default();
    let mut frames = 0;
    while frames < FRAMES {
        match consumer.next_event_timeout(SOON).unwrap() {
            ConsumerEvent::Frame(frame) => {
                assert_eq!(frame.user_serial(), frames);
                renderer.gl.wait(frame.fence().expect("a fence"), SOON).unwrap();
                let texture = textures.texture(frame.image()).unwrap();
                screen.draw(&renderer.blit, texture).unwrap();
                let read = renderer.gl.fence_or_finish().unwrap();
                assert!(matches!(read, Completion::Fence(_)), "this driver has fences");
                consumer.release(frame, read.ready()).unwrap();
                drop(read);
                let pixels = screen.read_rgba8().unwrap();
                let (pixels, _) = pixels.as_chunks::<4>();
                let colours: Vec<_> = pixels.iter().map(|[r, g, b, _]| [*r, *g, *b]).collect();
                pattern::assert_is(frames, &colours);
                steady.check(frames);
                frames += 1;
            }
            ConsumerEvent::Gone { image, .. } => assert_eq!(textures.forget(&image), 1),
            ConsumerEvent::Ended(end) => panic!("after {frames} frames: {end}"),
            event => println!("{event:?}"),
        }
    }
    assert_imported_once(textures.statistics());
    drop(consumer);
    process.finish();
}
