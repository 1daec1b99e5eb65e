use std::convert::Infallible;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use proptest::prelude::*;
use rustix::fs::MemfdFlags;
use rustix::fs::SealFlags;

use super::*;
use crate::dmabuf::Descriptor;
use crate::dmabuf::PlaneDescriptor;
use crate::format::Fourcc;
use crate::format::Modifier;

fn memory() -> Arc<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memfd = rustix::fs::memfd_create("test", flags).unwrap();
    rustix::fs::ftruncate(&memfd, 4096).unwrap();
    rustix::fs::fcntl_add_seals(&memfd, SealFlags::SHRINK).unwrap();
    Arc::new(memfd)
}

/// 8x8 pixels of 8 bits for each offset, 16 bytes in a row.
fn image(memory: &Arc<OwnedFd>, fourcc: Fourcc, offsets: &[u32]) -> Dmabuf {
    let plane = |offset_bytes: &u32| PlaneDescriptor {
        fd: Arc::clone(memory),
        offset_bytes: *offset_bytes,
        stride_bytes: 16,
    };
    let planes = offsets.iter().map(plane).collect();
    let modifier = Modifier::LINEAR;
    Dmabuf::new(Descriptor { width: 8, height: 8, fourcc, modifier, planes }).unwrap()
}

fn put(map: &mut ImageMap<u8, u32>, image: &Dmabuf, hints: u8, value: u32) -> u32 {
    *map.get_or_make(image, hints, || Ok::<_, Infallible>(value)).unwrap()
}

#[test]
#[cfg_attr(miri, ignore = "miri has no seals")]
fn views_of_one_buffer_are_told_apart_and_forgotten_with_the_image() {
    let memory = memory();
    let whole = image(&memory, Fourcc::NV12, &[0, 1024]);
    let luma = image(&memory, Fourcc::R8, &[0]);
    let chroma = image(&memory, Fourcc::R8, &[1024]);
    let elsewhere = image(&memory, Fourcc::R8, &[2048]);
    let mut map = ImageMap::new(8);
    for (number, (image, hints)) in
        [(&whole, 0), (&whole, 1), (&luma, 0), (&chroma, 0), (&elsewhere, 0)].iter().enumerate()
    {
        let number = u32::try_from(number).unwrap();
        assert_eq!(put(&mut map, image, *hints, number), number);
        assert_eq!(put(&mut map, image, *hints, 99), number);
    }
    assert_eq!(map.forget(&luma), 1);
    assert_eq!(map.forget(&whole), 3);
    assert_eq!(map.len(), 1);
    assert_eq!(put(&mut map, &elsewhere, 0, 99), 4);
    assert_eq!(put(&mut map, &whole, 0, 7), 7);
}

#[test]
#[cfg_attr(miri, ignore = "miri has no seals")]
fn what_cannot_be_made_drives_nothing_out() {
    let images = [memory(), memory()].map(|memory| image(&memory, Fourcc::R8, &[0]));
    let mut map = ImageMap::new(1);
    put(&mut map, &images[0], 0, 1);
    let failed = map.get_or_make(&images[1], 0, || Err::<u32, _>("no")).map(|value| *value);
    assert_eq!(failed, Err("no"));
    assert_eq!(put(&mut map, &images[0], 0, 99), 1);
    let statistics = CacheStatistics { hits: 1, imports: 1, evictions: 0 };
    assert_eq!(map.statistics(), statistics);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The same as a list in the order of use, of which the front is cut off.
    #[test]
    #[cfg_attr(miri, ignore = "miri has no seals")]
    fn the_least_recently_used_goes(
        most in 0..5_usize,
        steps in prop::collection::vec((0..10_u8, 0..6_usize, 0..2_u8), 0..100),
    ) {
        let images: Vec<_> =
            (0..6).map(|_| image(&memory(), Fourcc::R8, &[0])).collect();
        let mut map = ImageMap::new(most);
        let mut model: Vec<(usize, u8, u32)> = Vec::new();
        for (number, (step, index, hints)) in (0_u32..).zip(steps) {
            match step {
                0 => {
                    let before = model.len();
                    model.retain(|(at, _, _)| *at != index);
                    prop_assert_eq!(map.forget(&images[index]), before - model.len());
                }
                1 => {
                    model.clear();
                    map.clear();
                }
                _ => {
                    let at = model.iter().position(|it| (it.0, it.1) == (index, hints));
                    let entry = at.map_or((index, hints, number), |at| model.remove(at));
                    model.push(entry);
                    let surplus = model.len().saturating_sub(most.max(1));
                    model.drain(..surplus);
                    prop_assert_eq!(put(&mut map, &images[index], hints, number), entry.2);
                }
            }
            prop_assert_eq!(map.len(), model.len());
        }
    }
}
