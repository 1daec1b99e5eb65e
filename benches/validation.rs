//! What it costs to check an image: system calls and arithmetic, per plane, at any size.
//!
//! `cargo bench --bench validation`. The time of one item is the time of one plane.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that cannot run has to stop")]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use dmashare::allocator::Allocator;
use dmashare::allocator::Memfd;
use dmashare::allocator::Request;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::PlaneDescriptor;
use dmashare::dmabuf::layout::Extent;
use dmashare::dmabuf::layout::Geometry;
use dmashare::dmabuf::layout::PlaneGeometry;
use dmashare::format::Fourcc;

const CASES: [(Fourcc, bool); 3] =
    [(Fourcc::ARGB8888, false), (Fourcc::NV12, false), (Fourcc::YUV420, true)];

fn main() {
    divan::main();
}

/// The claim that `image` would arrive as.
fn descriptor_of(image: &Dmabuf) -> Descriptor {
    let planes = image.planes().iter().map(|plane| PlaneDescriptor {
        fd: plane.shared_fd(),
        offset_bytes: plane.offset_bytes(),
        stride_bytes: plane.stride_bytes(),
    });
    Descriptor {
        width: image.width(),
        height: image.height(),
        fourcc: image.fourcc(),
        modifier: image.modifier(),
        planes: planes.collect(),
    }
}

fn image(case: usize) -> Dmabuf {
    let (fourcc, separate) = CASES.get(case).copied().expect("a case");
    let request = Request::new(1920, 1080, fourcc);
    let request = if separate { request.separate_planes() } else { request };
    Memfd::new().allocate(&request).expect("memory for an image")
}

/// All of it: what each file descriptor is, and the arithmetic. Case 0 has one plane, case 1 two
/// planes of one buffer, case 2 three planes of three buffers.
#[divan::bench(args = [0, 1, 2])]
fn descriptor(bencher: Bencher, case: usize) {
    let image = image(case);
    bencher
        .counter(ItemsCount::new(image.planes().len()))
        .with_inputs(|| descriptor_of(&image))
        .bench_values(|descriptor| Dmabuf::new(black_box(descriptor)));
}

/// The arithmetic alone.
#[divan::bench(args = [0, 1, 2])]
fn arithmetic(bencher: Bencher, case: usize) {
    let image = image(case);
    let planes: Vec<PlaneGeometry> = image
        .planes()
        .iter()
        .map(|plane| PlaneGeometry {
            offset_bytes: plane.offset_bytes(),
            stride_bytes: plane.stride_bytes(),
            buffer_bytes: plane.backing().size_bytes(),
        })
        .collect();
    let geometry = Geometry {
        width: image.width(),
        height: image.height(),
        fourcc: image.fourcc(),
        modifier: image.modifier(),
        planes: &planes,
    };
    bencher
        .counter(ItemsCount::new(planes.len()))
        .bench(|| black_box(&geometry).check(Extent::Whole));
}
