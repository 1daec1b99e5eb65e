//! An image that comes again is not imported again, however it comes; what is kept is kept safely
//! and not for ever.
//!
//! What is counted is counted twice: by the cache, and by what the driver opens for an import.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

mod another_process;
mod bound_texture;
#[path = "../common/mod.rs"]
mod common;
mod no_system_call;

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use common::allocations;
use common::allocations::Counting;
use common::buffer;
use common::child;
use common::display;
use common::leaks::Open;
use common::memfd;
use common::renderer;
use common::renderer::Renderer;
use dmashare::allocator::Allocator;
use dmashare::allocator::Gbm;
use dmashare::allocator::Request;
use dmashare::allocator::Udmabuf;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Refusal;
use dmashare::egl::CacheStatistics;
use dmashare::egl::Image;
use dmashare::egl::ImageCache;
use dmashare::egl::ImportError;
use dmashare::format::Colorimetry;
use dmashare::format::Fourcc;
use dmashare::format::Matrix;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::gl::BindError;
use dmashare::gl::External;
use dmashare::gl::TextureCache;
use dmashare::gl::TextureImportError;
use dmashare::gl::TwoD;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;

#[global_allocator]
static COUNTING: Counting = Counting;

const SOON: Duration = Duration::from_secs(20);
const AR24: Fourcc = Fourcc::ARGB8888;

fn counts(statistics: CacheStatistics) -> [u64; 3] {
    [statistics.hits, statistics.imports, statistics.evictions]
}

/// How many file descriptors and mappings of memfds there are.
fn memory_held() -> usize {
    Open::now().matching("memfd:").len()
}

/// The image through a file descriptor with another number.
fn by_another_number(image: &Dmabuf) -> Dmabuf {
    let again = image.duplicate().unwrap();
    assert_ne!(again.planes()[0].fd().as_raw_fd(), image.planes()[0].fd().as_raw_fd());
    again
}

const IMPORTS: &[child::Case] = &[
    ("the same image is imported once", || {
        let mut cache = ImageCache::new(&renderer::display());
        let image = memfd::image(AR24, [64, 64]);
        let first = cache.import(&image).unwrap().as_raw();
        let held = memory_held();
        for _frame in 0..1000 {
            assert_eq!(cache.import(&image).unwrap().as_raw(), first);
        }
        assert_eq!(counts(cache.statistics()), [1000, 1, 0]);
        assert_eq!(memory_held(), held);
        // An import is seen by what it holds.
        let uncached = Image::import(cache.display(), &image).unwrap();
        assert!(memory_held() > held);
        drop(uncached);
    }),
    ("an image that is received twice is imported once", || {
        let mut cache = ImageCache::new(&renderer::display());
        let (here, there) = Channel::pair().unwrap();
        let image = memfd::image(AR24, [64, 64]);
        let receive = || {
            here.send(&image, Ready::Finished).unwrap();
            there.recv().unwrap().image
        };
        let (one, other) = (receive(), receive());
        assert_ne!(one.planes()[0].fd().as_raw_fd(), other.planes()[0].fd().as_raw_fd());
        let first = cache.import(&one).unwrap().as_raw();
        drop(one);
        let held = memory_held();
        for _frame in 0..100 {
            assert_eq!(cache.import(&other).unwrap().as_raw(), first);
            assert_eq!(cache.import(&receive()).unwrap().as_raw(), first);
        }
        assert_eq!(counts(cache.statistics()), [200, 1, 0]);
        assert_eq!(memory_held(), held);
    }),
    ("an image that differs in anything is imported anew", || {
        let mut cache = ImageCache::new(&renderer::display());
        let memory = Arc::new(buffer::sealed_memfd(1 << 20));
        let image = |size, fourcc, offset_bytes, stride_bytes| {
            let fd = memory.try_clone().unwrap();
            let mut claim = Descriptor::packed(size, fourcc, fd, stride_bytes);
            claim.planes[0].offset_bytes = offset_bytes;
            Dmabuf::new(claim).unwrap()
        };
        let first = image([64, 64], AR24, 0, 256);
        let others = [
            image([64, 32], AR24, 0, 256),
            image([32, 64], AR24, 0, 256),
            image([64, 64], Fourcc::XRGB8888, 0, 256),
            image([64, 64], AR24, 4096, 256),
            image([64, 64], AR24, 0, 512),
            memfd::without_modifier(&first),
            memfd::image(AR24, [64, 64]),
        ];
        let handle = cache.import(&first).unwrap().as_raw();
        for (number, other) in (2..).zip(&others) {
            let imported = cache.import(other).unwrap();
            assert_ne!(imported.as_raw(), handle, "{other:?}");
            let dmabuf = imported.dmabuf().unwrap();
            assert!(dmabuf.is_same_memory(other));
            assert_eq!((dmabuf.width(), dmabuf.height()), (other.width(), other.height()));
            assert_eq!(cache.statistics().imports, number, "{other:?}");
        }
        let colorimetry = Colorimetry { matrix: Matrix::Bt709, ..Colorimetry::default() };
        assert_ne!(cache.import_with(&first, colorimetry).unwrap().as_raw(), handle);
        assert_eq!(cache.import(&by_another_number(&first)).unwrap().as_raw(), handle);
        assert_eq!(counts(cache.statistics()), [1, 9, 0]);
        assert_eq!(cache.len(), 9);
    }),
    ("what an import would refuse is refused beside one that is kept", || {
        let mut cache = ImageCache::new(&renderer::display());
        let memory = buffer::sealed_memfd(16384);
        let read_only = buffer::read_only(&memory);
        let image = |fd| Dmabuf::new(Descriptor::packed([64, 64], AR24, fd, 256)).unwrap();
        cache.import(&image(memory)).unwrap();
        for _time in 0..2 {
            let fd = read_only.try_clone().unwrap();
            let refused = cache.import(&image(fd)).unwrap_err();
            assert!(matches!(refused, ImportError::Refused(Refusal::ReadOnly { .. })), "{refused}");
        }
        assert_eq!(counts(cache.statistics()), [0, 1, 0]);
        assert_eq!(cache.len(), 1);
    }),
    ("memory that has grown is looked at anew", || {
        let mut cache = ImageCache::new(&renderer::display());
        // The last row of 16 pixels ends where the buffer does, so that GL must not draw into it.
        let memory = buffer::sealed_memfd(8192);
        let image = || {
            let fd = memory.try_clone().unwrap();
            Dmabuf::new(Descriptor::packed([1024, 1], Fourcc::R8, fd, 8192)).unwrap()
        };
        assert!(cache.import(&image()).unwrap().accepts_drawing().is_err());
        rustix::fs::ftruncate(&memory, 65536).unwrap();
        assert_eq!(cache.import(&image()).unwrap().accepts_drawing(), Ok(()));
    }),
];

#[test]
fn images_are_known_again() {
    child::run_drawing("images_are_known_again", IMPORTS);
}

const HELD: &[child::Case] = &[
    ("the inode is anchored while the import is kept", || {
        let mut cache = ImageCache::new(&renderer::display());
        let image = memfd::image(AR24, [64, 64]);
        let identity = image.planes()[0].identity();
        let fd = image.planes()[0].fd().as_raw_fd();
        cache.import(&image).unwrap();
        drop(image);
        let path = format!("/proc/self/fd/{fd}");
        let stat = rustix::fs::stat(path).unwrap();
        assert_eq!((stat.st_dev, stat.st_ino), (identity.device(), identity.inode()));
        // None of what comes is taken for it.
        for _image in 0..500 {
            cache.import(&memfd::image(AR24, [64, 64])).unwrap();
        }
        assert_eq!(counts(cache.statistics()), [0, 501, 501 - 64]);
        assert_eq!(cache.len(), cache.capacity());
    }),
    ("the one that was not used for longest goes", || {
        let mut cache = ImageCache::with_capacity(&renderer::display(), 3);
        let images: Vec<_> = (0..4).map(|_| memfd::image(AR24, [16, 16])).collect();
        for index in [0, 1, 2, 0, 3] {
            cache.import(&images[index]).unwrap();
        }
        assert_eq!(counts(cache.statistics()), [1, 4, 1]);
        for index in [0, 2, 3] {
            cache.import(&images[index]).unwrap();
        }
        assert_eq!(counts(cache.statistics()), [4, 4, 1], "these were kept");
        cache.import(&images[1]).unwrap();
        assert_eq!(counts(cache.statistics()), [4, 5, 2], "this one was not");
    }),
    ("a cache for no image is one for one", || {
        let mut cache = ImageCache::with_capacity(&renderer::display(), 0);
        assert_eq!(cache.capacity(), 1);
        let images = [16, 32].map(|size| memfd::image(AR24, [size, size]));
        for image in images.iter().cycle().take(6) {
            assert_eq!(cache.import(image).unwrap().width(), image.width());
        }
        assert_eq!((cache.len(), counts(cache.statistics())), (1, [0, 6, 5]));
    }),
    ("what is forgotten is closed", || {
        let mut cache = ImageCache::new(&renderer::display());
        let before = memory_held();
        let image = memfd::image(Fourcc::YUYV, [64, 64]);
        let colorimetry = Colorimetry { matrix: Matrix::Bt709, ..Colorimetry::default() };
        cache.import(&image).unwrap();
        cache.import_with(&image, colorimetry).unwrap();
        let other = memfd::image(AR24, [64, 64]);
        cache.import(&other).unwrap();
        assert_eq!(cache.forget(&by_another_number(&image)), 2);
        assert_eq!((cache.forget(&image), cache.len()), (0, 1));
        drop(image);
        cache.clear();
        assert!(cache.is_empty());
        drop(other);
        assert_eq!(memory_held(), before);
    }),
    ("ten thousand images leave nothing", || {
        let mut cache = ImageCache::with_capacity(&renderer::display(), 4);
        let mut show = |images: u32| {
            for _image in 0..images {
                cache.import(&memfd::image(AR24, [16, 16])).unwrap();
            }
        };
        show(200);
        let before = Open::now();
        show(10_000);
        assert_eq!(before.mapping_count(), Open::now().mapping_count());
        assert_eq!(before.fd_count(), Open::now().fd_count());
        assert_eq!(cache.statistics().evictions, 10_196);
    }),
];

#[test]
fn imports_are_held_and_let_go() {
    child::run_drawing("imports_are_held_and_let_go", HELD);
}

/// As many images as a stream can have buffers, in turns.
const COSTS: &[child::Case] = &[
    ("a hit allocates nothing", || {
        let mut cache = ImageCache::new(&renderer::display());
        let images: Vec<_> = (0..64).map(|_| memfd::image(AR24, [16, 16])).collect();
        for image in &images {
            cache.import(image).unwrap();
        }
        let allocations = allocations::during(|| {
            for image in &images {
                cache.import(image).unwrap();
            }
        });
        assert_eq!(allocations, 0);
        assert_eq!(counts(cache.statistics()), [64, 64, 0]);
    }),
    ("a hit takes no system call", || {
        let prepare = || {
            let mut cache = ImageCache::new(&renderer::display());
            let images: Vec<_> = (0..64).map(|_| memfd::image(AR24, [16, 16])).collect();
            for image in &images {
                cache.import(image).unwrap();
            }
            (cache, images)
        };
        let is_quiet = no_system_call::takes_none(prepare, |(cache, images)| {
            for image in images {
                cache.import(image).unwrap();
            }
        });
        assert!(is_quiet);
        let is_quiet = no_system_call::takes_none(
            || (),
            |()| {
                let _parent = rustix::process::getppid();
            },
        );
        assert!(!is_quiet, "a system call is not noticed");
    }),
];

#[test]
fn hits_cost_next_to_nothing() {
    child::run_once("hits_cost_next_to_nothing", COSTS);
}

/// A number of 8 bits as a shader sees it, in which nothing is lost.
fn in_8_bits(part: f32) -> u8 {
    (0..=u8::MAX).find(|number| (f32::from(*number) / 255.0 - part).abs() < 1e-4).unwrap()
}

/// The first pixel, in 8 bits of each channel.
fn first_pixel(renderer: &Renderer, cache: &mut TextureCache<TwoD>, image: &Dmabuf) -> [u8; 4] {
    let texture = cache.texture(image).unwrap();
    let pixels = renderer.read(&renderer.blit, texture);
    pixels[0].map(in_8_bits)
}

const TEXTURES: &[child::Case] = &[
    ("a texture shows what was written last", || {
        let renderer = Renderer::new();
        let mut cache = TextureCache::<TwoD>::new(&renderer.gl);
        let image = memfd::image(AR24, [16, 16]);
        for byte in 0..=255 {
            memfd::fill(&image, byte);
            let seen = first_pixel(&renderer, &mut cache, &by_another_number(&image));
            assert_eq!(seen, [byte; 4]);
        }
        assert_eq!(counts(cache.statistics()), [255, 1, 0]);
    }),
    ("what is drawn into a target is in the memory", || {
        let renderer = Renderer::new();
        let mut targets = TextureCache::<TwoD>::new(&renderer.gl);
        let mut textures = TextureCache::<External>::new(&renderer.gl);
        let image = memfd::image(AR24, [16, 16]);
        for part in [0_u8, 51, 102, 255] {
            let target = targets.target(&image).unwrap();
            target.clear([f32::from(part) / 255.0, 0.0, 0.0, 1.0]).unwrap();
            let done = renderer.gl.fence_or_finish().unwrap();
            if let Some(fence) = done.into_fence() {
                fence.wait(SOON).unwrap();
            }
            let bytes = &memfd::read(&image)[0].bytes;
            assert_eq!(bytes[..4], [0, 0, part, 255]);
            let texture = textures.texture(&image).unwrap();
            let seen = renderer.read(&renderer.blit_external, texture);
            assert_eq!(seen[17].map(in_8_bits), [part, 0, 0, 255]);
        }
        assert_eq!(counts(targets.statistics()), [3, 1, 0]);
        assert_eq!(counts(textures.statistics()), [3, 1, 0]);
        let allocations = allocations::during(|| {
            targets.target(&image).unwrap();
            targets.texture(&image).unwrap();
            textures.texture(&image).unwrap();
        });
        assert_eq!(allocations, 0);
    }),
    ("an image for external textures alone is no other", || {
        let renderer = Renderer::new();
        let image = memfd::image(Fourcc::AYUV, [16, 16]);
        let mut cache = TextureCache::<TwoD>::new(&renderer.gl);
        let refused = cache.texture(&image).unwrap_err();
        let is_external =
            BindError::ExternalOnly { fourcc: Fourcc::AYUV, modifier: image.modifier() };
        assert_eq!(refused, TextureImportError::Bind(is_external));
        assert!(cache.is_empty());
        let mut cache = TextureCache::<External>::new(&renderer.gl);
        assert_eq!(cache.texture(&image).unwrap().width(), 16);
        assert_eq!(cache.texture(&memfd::image(AR24, [32, 8])).unwrap().width(), 32);
    }),
    ("an image that must not be drawn into is a texture", || {
        let renderer = Renderer::new();
        let fd = buffer::sealed_memfd(8192);
        let image = Dmabuf::new(Descriptor::packed([1024, 1], Fourcc::R8, fd, 8192)).unwrap();
        let mut cache = TextureCache::<TwoD>::new(&renderer.gl);
        assert!(cache.target(&image).is_err());
        assert!(cache.texture(&image).is_ok());
        assert!(cache.target(&image).is_err());
        assert_eq!(cache.statistics().imports, 1);
    }),
    ("textures outlive their cache, and caches their context's turn", || {
        let renderer = Renderer::new();
        let mut cache = TextureCache::<TwoD>::new(&renderer.gl);
        let image = memfd::image(AR24, [16, 16]);
        memfd::fill(&image, 77);
        let texture = cache.texture(&image).unwrap().clone();
        cache.target(&image).unwrap();
        assert_eq!(cache.forget(&image), 1);
        drop(image);
        let seen = renderer.read(&renderer.blit, &texture);
        assert_eq!(seen[0].map(in_8_bits), [77; 4]);

        cache.target(&memfd::image(AR24, [16, 16])).unwrap();
        renderer.context.release_current().unwrap();
        assert!(cache.texture(&memfd::image(AR24, [16, 16])).is_err());
        cache.clear();
        drop((cache, texture));
        renderer.context.make_current().unwrap();
        renderer.gl.finish().unwrap();
    }),
    ("everything is dropped before the cache", || {
        let renderer = Renderer::new();
        let mut textures = TextureCache::<TwoD>::new(&renderer.gl);
        let mut images = ImageCache::new(&renderer.display);
        let image = memfd::image(AR24, [16, 16]);
        textures.target(&image).unwrap();
        images.import(&image).unwrap();
        drop((renderer, image));
        drop(images);
        drop(textures);
    }),
];

#[test]
fn textures_are_kept_with_their_images() {
    child::run_drawing("textures_are_kept_with_their_images", TEXTURES);
}

/// The same images over and over, each time through the file descriptors of another message, and each
/// time with another picture in them.
fn assert_known_again(renderer: &Renderer, allocator: &dyn Allocator, modifier: Modifier) {
    let request = Request::new(64, 64, AR24).modifiers([modifier]).usage(Usage::Render);
    let images: Vec<_> = (0..8).map(|_| allocator.allocate(&request).unwrap()).collect();
    assert!(images.iter().all(Dmabuf::is_dma_buf));
    let (here, mut there) = Channel::pair().unwrap();
    there.allow_kernel_checked(true);
    let mut targets = TextureCache::<TwoD>::new(&renderer.gl);
    let mut textures = TextureCache::<TwoD>::new(&renderer.gl);
    let mut external = TextureCache::<External>::new(&renderer.gl);
    let mut held = None;
    for round in 0..8_u8 {
        for (image, number) in images.iter().zip(0_u8..) {
            let red = round * 8 + number;
            let target = targets.target(image).unwrap();
            target.clear([f32::from(red) / 255.0, 0.0, 0.0, 1.0]).unwrap();
            let drawn = renderer.gl.fence_or_finish().unwrap();
            here.send(image, drawn.ready()).unwrap();
            let received = there.recv().unwrap();
            if let Some(fence) = &received.fence {
                renderer.gl.wait(fence, SOON).unwrap();
            }
            let texture = textures.texture(&received.image).unwrap();
            let seen = renderer.read(&renderer.blit, texture)[65];
            assert_eq!(seen.map(in_8_bits), [red, 0, 0, 255]);
            let texture = external.texture(&received.image).unwrap();
            let seen = renderer.read(&renderer.blit_external, texture)[65];
            assert_eq!(seen.map(in_8_bits), [red, 0, 0, 255]);
        }
        if round > 0 {
            let now = Open::now().fd_count();
            assert_eq!(*held.get_or_insert(now), now, "in round {round}");
        }
    }
    for statistics in [targets.statistics(), textures.statistics(), external.statistics()] {
        assert_eq!(counts(statistics), [56, 8, 0]);
    }
    for image in &images {
        assert_eq!(textures.forget(image), 1);
    }
}

#[test]
#[ignore = "lab: needs /dev/udmabuf"]
fn udmabufs_are_known_again() {
    let renderer = Renderer::new();
    let allocator = Udmabuf::open().unwrap();
    assert_known_again(&renderer, &allocator, Modifier::LINEAR);
}

#[test]
#[ignore = "lab: needs a virtio-gpu with 3D"]
fn virtio_gpu_buffers_are_known_again() {
    let node = display::open("virtio_gpu");
    let renderer = Renderer::on_driver("virtio_gpu");
    let allocator = Gbm::open(node.path().unwrap()).unwrap();
    assert_known_again(&renderer, &allocator, Modifier::LINEAR);
}
