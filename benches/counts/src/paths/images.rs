//! Checking an image, and handing it over.

use std::hint::black_box;

use dmashare::dmabuf::Dmabuf;
use dmashare::ipc::Channel;
use dmashare::ipc::Ready;

use crate::inputs;
use crate::path::Path;

const TIMES: u32 = 20;
const SIZE: [u32; 2] = [1920, 1080];
const PLANES: [usize; 3] = [1, 2, 4];

pub(crate) fn paths() -> impl Iterator<Item = Path> {
    let sizes = [[64, 64], [7680, 4320]].map(check_of_size);
    PLANES.into_iter().map(check).chain(sizes).chain(PLANES.into_iter().map(hand_over))
}

fn check(planes: usize) -> Path {
    let descriptor = inputs::descriptor(planes, SIZE);
    let name = format!("check planes/{planes}");
    Path::with_inputs(name, TIMES, || descriptor.clone(), Dmabuf::new)
}

fn check_of_size(size: [u32; 2]) -> Path {
    let descriptor = inputs::descriptor(2, size);
    let name = format!("check width/{}", size[0]);
    Path::with_inputs(name, TIMES, || descriptor.clone(), Dmabuf::new)
}

/// From one end of a socket to the other, where it is checked.
fn hand_over(planes: usize) -> Path {
    let image = inputs::image(planes, SIZE);
    let (here, there) = Channel::pair().expect("a pair of sockets");
    Path::new(format!("send+recv planes/{planes}"), TIMES, move || {
        here.send(&image, Ready::Finished).expect("room in the socket");
        drop(black_box(there.recv().expect("an image")));
    })
}
