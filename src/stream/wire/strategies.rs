#![allow(clippy::arithmetic_side_effects, reason = "an overflow is how a test fails")]
//! Arbitrary messages.

use std::num::NonZeroU16;
use std::num::NonZeroU32;
use std::num::NonZeroU64;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::dmabuf::layout::Extent;
use crate::format::ChromaSiting;
use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Fourcc;
use crate::format::Modifier;
use crate::format::Range;
use crate::format::Usage;
use crate::ipc::wire::ImageMessage;
use crate::ipc::wire::PlaneList;
use crate::ipc::wire::PlaneMessage;

pub(in crate::stream) fn messages() -> impl Strategy<Value = Message> {
    prop_oneof![
        (versions(), any::<u32>(), device(), limits()).prop_map(
            |(versions, capabilities, device, limits)| {
                let capabilities = Capabilities::from_bits_retain(capabilities);
                Message::ConsumerHello(ConsumerHello { versions, capabilities, device, limits })
            }
        ),
        (versions(), any::<u32>(), device()).prop_map(|(versions, capabilities, device)| {
            let capabilities = Capabilities::from_bits_retain(capabilities);
            Message::ProducerHello(ProducerHello { versions, capabilities, device })
        }),
        offers().prop_map(Message::Offer),
        formats().prop_map(Message::Format),
        (any::<NonZeroU32>(), buffers(), images()).prop_map(|(generation, buffer, image)| {
            Message::Announce(Announce::new(generation, buffer, image))
        }),
        buffers().prop_map(|buffer| Message::Retire(Retire { buffer })),
        frames().prop_map(Message::from),
        (any::<NonZeroU64>(), buffers(), any::<bool>()).prop_map(|(serial, buffer, has_fence)| {
            Message::Release(Release { serial, buffer, has_fence })
        }),
        (proptest::sample::select(&Reason::ALL[..]), ".{0,200}").prop_map(|(reason, text)| {
            Message::Goodbye(Goodbye { reason, text: Text::new(&text) })
        }),
    ]
}

fn versions() -> impl Strategy<Value = Versions> {
    (any::<NonZeroU16>(), any::<NonZeroU16>())
        .prop_map(|(one, other)| Versions::new(one.min(other), one.max(other)).unwrap())
}

fn device() -> impl Strategy<Value = Option<DeviceId>> {
    (0_u32..3, any::<u32>()).prop_map(|(major, minor)| DeviceId::new(major, minor))
}

fn limits() -> impl Strategy<Value = Limits> {
    (1_u16..=64, 1_u16..=64, 1_u16..=256, any::<NonZeroU64>()).prop_map(
        |(buffers, frames, fds, bytes)| {
            let limits = Limits::default().with_buffers(buffers).with_frames(frames);
            limits.with_fds(fds).with_bytes(bytes)
        },
    )
}

fn sizes() -> impl Strategy<Value = Size> {
    let side = || prop_oneof![1_u32..10_000, 1_u32..=0x7fff_ffff];
    (side(), side()).prop_map(|(width, height)| Size::new(width, height).unwrap())
}

fn entries() -> impl Strategy<Value = FormatSet> {
    let entry = (0_u32..8, 0_u64..4, any::<bool>()).prop_map(|(code, modifier, external_only)| {
        let modifier = if modifier == 3 { u64::from(code) << 56 } else { modifier };
        Entry { fourcc: Fourcc(code), modifier: Modifier::from_raw(modifier), external_only }
    });
    vec(entry, 1..12).prop_map(FormatSet::from_iter)
}

fn offers() -> impl Strategy<Value = Offer> {
    let usages = [Usage::Sample, Usage::Render, Usage::ScanOut, Usage::Cpu];
    let sets = proptest::sample::subsequence(usages.to_vec(), 1..=4)
        .prop_flat_map(|usages| {
            let sets = vec(entries(), usages.len());
            (Just(usages), sets)
        })
        .prop_map(|(usages, sets)| usages.into_iter().zip(sets).collect::<Vec<_>>());
    (any::<NonZeroU32>(), proptest::option::of(sizes()), sets)
        .prop_map(|(number, size, sets)| Offer::new(number, size, &sets).unwrap())
}

fn formats() -> impl Strategy<Value = Format> {
    let counters = (any::<NonZeroU32>(), any::<NonZeroU32>());
    (counters, sizes(), any::<u32>(), any::<u64>(), any::<bool>()).prop_map(
        |((generation, answers), size, code, modifier, external_only)| Format {
            generation,
            answers,
            size,
            fourcc: Fourcc(code),
            modifier: Modifier::from_raw(modifier),
            external_only,
        },
    )
}

fn buffers() -> impl Strategy<Value = BufferId> {
    (0_u16..64).prop_map(|number| BufferId::new(number).unwrap())
}

fn images() -> impl Strategy<Value = ImageMessage> {
    let plane = (any::<u32>(), any::<u32>(), 0_u8..4);
    let numbers = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u64>(), any::<bool>());
    (numbers, vec(plane, 1..=4)).prop_map(|((width, height, code, modifier, is_whole), planes)| {
        let mut slots = 0;
        let plane_of = |(offset_bytes, stride_bytes, slot): (u32, u32, u8)| {
            let slot = slot.min(slots);
            slots = slots.max(slot + 1);
            PlaneMessage { offset_bytes, stride_bytes, slot }
        };
        let planes: Vec<_> = planes.into_iter().map(plane_of).collect();
        ImageMessage {
            width,
            height,
            fourcc: Fourcc(code),
            modifier: Modifier::from_raw(modifier),
            extent: if is_whole { Extent::Whole } else { Extent::Beginning },
            has_fence: false,
            planes: PlaneList::new(&planes).unwrap(),
        }
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    let rectangle =
        (any::<u16>(), any::<u16>(), 1_u32..9, 1_u32..9).prop_map(|(x, y, width, height)| {
            Rectangle::new(u32::from(x), u32::from(y), width, height).unwrap()
        });
    prop_oneof![
        Just(Damage::EVERYTHING),
        Just(Damage::NOTHING),
        vec(rectangle, 1..20).prop_map(|rectangles| Damage::new(&rectangles)),
    ]
}

fn frames() -> impl Strategy<Value = Frame> {
    let range = proptest::option::of(proptest::sample::select(&Range::ALL[..]));
    let place = || proptest::sample::select(&ChromaSiting::ALL[..]);
    let siting = proptest::option::of([place(), place()]);
    let codes = (any::<[u8; 3]>(), range, siting);
    let colour = codes.prop_map(|([primaries, transfer, matrix], range, siting)| Colour {
        primaries,
        transfer,
        matrix,
        range,
        siting,
    });
    let numbers = (any::<NonZeroU64>(), any::<u64>(), proptest::option::of(any::<NonZeroU64>()));
    (numbers, buffers(), any::<bool>(), damage(), colour).prop_map(
        |((serial, user_serial, presentation_ns), buffer, has_fence, damage, colour)| Frame {
            serial,
            user_serial,
            presentation_ns,
            buffer,
            has_fence,
            damage,
            colour,
        },
    )
}
