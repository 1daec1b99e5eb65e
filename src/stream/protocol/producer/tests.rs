//! Buffers come back when they should, and slow consumers cost what the policy says.

use super::*;
use crate::dmabuf::layout::Extent;
use crate::stream::policy::Overflow;
use crate::stream::policy::Policy;
use crate::stream::protocol::fixtures::*;
use crate::stream::wire::Kind;
use crate::stream::wire::Limits;
use crate::stream::wire::Rectangle;
use crate::stream::wire::Release;

fn draw(producer: &mut Producer<u32>, now_ns: u64) -> u64 {
    let acquired = producer.acquire(now_ns).unwrap();
    producer.submit(acquired.buffer, Picture::default(), None, now_ns).unwrap().get()
}

fn damaged(column: u32) -> Picture {
    let damage = Damage::new(&[Rectangle::new(column, 0, 1, 8).unwrap()]);
    Picture { damage, ..Picture::default() }
}

fn columns(damage: &Damage) -> Vec<u32> {
    damage.rectangles().expect("not everything").iter().map(Rectangle::x).collect()
}

fn draw_damaged(producer: &mut Producer<u32>, column: u32) {
    let acquired = producer.acquire(0).unwrap();
    producer.submit(acquired.buffer, damaged(column), None, 0).unwrap();
}

fn end_of(outputs: &[Output], peer: PeerId) -> Option<End> {
    outputs.iter().find_map(|output| match output {
        Output::Left { peer: left, end } if *left == peer => Some(end.clone()),
        _ => None,
    })
}

/// The damage of the only frame among the outputs.
fn damage_sent(outputs: &[Output]) -> Damage {
    let mut damage = outputs.iter().filter_map(|output| match output {
        Output::Send { message: Message::Frame(frame), .. } => Some(frame.damage),
        _ => None,
    });
    let only = damage.next().expect("a frame");
    assert!(damage.next().is_none());
    only
}

#[test]
fn buffer_is_free_when_every_consumer_has_released_it() {
    let mut producer = producer(Policy::mailbox(), 1);
    let [a, b] = [serve(&mut producer, 1), serve(&mut producer, 1)];
    outputs(&mut producer);
    draw(&mut producer, 0);
    assert_eq!(frames(&mut producer), [(a, 1, 0), (b, 1, 0)]);
    assert!(producer.acquire(0).is_err());
    assert!(producer.expects_releases());
    let release = Release { serial: serial(1), buffer: id(0), has_fence: true };
    producer.receive(b, Message::Release(release), Some(77), 0);
    assert_eq!(producer.acquire(5), Err(AcquireError::NoneFree { until_ns: Some(1_000_000_000) }));
    producer.receive(a, Message::Release(release), Some(78), 0);
    assert!(!producer.expects_releases());
    let acquired = producer.acquire(0).unwrap();
    assert_eq!(acquired, Acquired { buffer: id(0), age: NonZeroU64::new(1), is_tainted: false });
    assert_eq!(producer.release_fences(id(0)), [77, 78]);
    let fences: Vec<_> = producer.take_release_fences(id(0)).unwrap().collect();
    assert_eq!(fences, [77, 78]);
    assert!(producer.release_fences(id(0)).is_empty());
}

#[test]
fn fences_are_kept_by_who_gives_a_buffer_back_unwritten() {
    let mut producer = producer(Policy::mailbox(), 1);
    let peer = serve(&mut producer, 1);
    outputs(&mut producer);
    draw(&mut producer, 0);
    let release = Release { serial: serial(1), buffer: id(0), has_fence: true };
    producer.receive(peer, Message::Release(release), Some(5), 0);
    producer.acquire(0).unwrap();
    producer.cancel(id(0));
    assert!(producer.take_release_fences(id(0)).is_none());
    let acquired = producer.acquire(0).unwrap();
    assert_eq!(acquired.age, None);
    assert_eq!(producer.take_release_fences(id(0)).unwrap().collect::<Vec<_>>(), [5]);
    producer.submit(id(0), Picture::default(), Some(6), 0).unwrap();
    assert_eq!(producer.acquire_fence(id(0)), Some(&6));
    let fences = outputs(&mut producer).into_iter().filter_map(|output| match output {
        Output::Send { message: Message::Frame(frame), .. } => Some(frame.has_fence),
        _ => None,
    });
    assert_eq!(fences.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn frames_without_consumers_leave_their_buffers_free() {
    let mut producer = producer(Policy::mailbox(), 3);
    let ages: Vec<_> = (0..6)
        .map(|_| {
            let acquired = producer.acquire(0).unwrap();
            producer.submit(acquired.buffer, Picture::default(), None, 0).unwrap();
            (acquired.buffer.get(), acquired.age.map(NonZeroU64::get))
        })
        .collect();
    // The youngest but the latest, which newcomers are to see.
    assert_eq!(
        ages,
        [(0, None), (1, None), (0, Some(2)), (1, Some(2)), (0, Some(2)), (1, Some(2))]
    );
    assert_eq!(producer.next_output(), None);
}

#[test]
fn newcomer_sees_the_latest_frame_unless_it_is_being_overwritten() {
    let mut producer = producer(Policy::mailbox(), 2);
    draw(&mut producer, 0);
    draw_damaged(&mut producer, 3);
    let peer = serve(&mut producer, 1);
    let found = outputs(&mut producer);
    assert_eq!(damage_sent(&found), Damage::EVERYTHING);
    producer.receive(peer, release(2, 1), None, 0);
    let both = [producer.acquire(0).unwrap().buffer, producer.acquire(0).unwrap().buffer];
    assert_eq!(both, [id(0), id(1)]);
    serve(&mut producer, 1);
    let is_frame = |it: &Output| matches!(it, Output::Send { message: Message::Frame(_), .. });
    assert!(!outputs(&mut producer).iter().any(is_frame));
}

#[test]
fn newcomer_sees_the_latest_frame_when_another_buffer_was_retired() {
    let mut producer = producer(Policy::mailbox(), 3);
    draw(&mut producer, 0);
    draw(&mut producer, 0);
    producer.retire(id(0));
    let peer = serve(&mut producer, 1);
    let found = outputs(&mut producer);
    let Some(Output::Send { message: Message::Frame(shown), .. }) = found.last() else {
        panic!("{found:?}")
    };
    assert_eq!((shown.serial, shown.buffer), (serial(2), id(1)));
    producer.receive(peer, release(2, 1), None, 0);
    producer.retire(id(1));
    serve(&mut producer, 1);
    let is_frame = |it: &Output| matches!(it, Output::Send { message: Message::Frame(_), .. });
    assert!(!outputs(&mut producer).iter().any(is_frame));
}

#[test]
fn latest_frame_does_not_pile_up_fences_of_those_who_come_and_go() {
    let mut producer = producer(Policy::mailbox(), 1);
    draw(&mut producer, 0);
    for _ in 0..200 {
        let peer = serve(&mut producer, 1);
        let release = Release { serial: serial(1), buffer: id(0), has_fence: true };
        producer.receive(peer, Message::Release(release), Some(1), 0);
        producer.lost(peer);
        outputs(&mut producer);
    }
    producer.acquire(0).unwrap();
    assert_eq!(producer.take_release_fences(id(0)).unwrap().count(), 64);
}

#[test]
fn mailbox_keeps_the_latest_and_adds_what_was_missed() {
    let mut producer = producer(Policy::mailbox(), 4);
    let peer = serve(&mut producer, 1);
    outputs(&mut producer);
    draw_damaged(&mut producer, 0);
    assert_eq!(damage_sent(&outputs(&mut producer)), Damage::EVERYTHING);
    draw_damaged(&mut producer, 1);
    assert_eq!(outputs(&mut producer), []);
    draw_damaged(&mut producer, 2);
    draw_damaged(&mut producer, 3);
    let missed = [serial(2), serial(3)].map(|serial| Output::Missed { peer, serial });
    assert_eq!(outputs(&mut producer), missed);
    producer.receive(peer, release(1, 0), None, 0);
    let found = outputs(&mut producer);
    assert_eq!(columns(&damage_sent(&found)), [3, 2, 1]);
}

#[test]
fn drop_newest_keeps_what_waits_and_adds_what_was_missed_later() {
    let mut producer = producer(Policy::fifo(1, Overflow::DropNewest), 4);
    let peer = serve(&mut producer, 1);
    outputs(&mut producer);
    for column in 0..4 {
        draw_damaged(&mut producer, column);
    }
    let found = outputs(&mut producer);
    let missed = [serial(3), serial(4)].map(|serial| Output::Missed { peer, serial });
    assert_eq!(found[1..], missed);
    producer.receive(peer, release(1, 0), None, 0);
    // Frame 2 must not tell of what came after it.
    assert_eq!(columns(&damage_sent(&outputs(&mut producer))), [1]);
    draw_damaged(&mut producer, 5);
    producer.receive(peer, release(2, 1), None, 0);
    assert_eq!(columns(&damage_sent(&outputs(&mut producer))), [5, 2, 3]);
}

#[test]
fn fifo_keeps_the_order() {
    let mut producer = producer(Policy::fifo(3, Overflow::DropOldest), 5);
    let peer = serve(&mut producer, 2);
    outputs(&mut producer);
    for _ in 0..5 {
        draw(&mut producer, 0);
    }
    assert_eq!(frames(&mut producer), [(peer, 1, 0), (peer, 2, 1)]);
    producer.receive(peer, release(2, 1), None, 0);
    producer.receive(peer, release(1, 0), None, 0);
    assert_eq!(frames(&mut producer), [(peer, 3, 2), (peer, 4, 3)]);
}

#[test]
fn block_refuses_frames_until_there_is_room_or_time_is_up() {
    let policy = Policy::fifo(1, Overflow::Block { deadline_ns: 100 });
    let mut producer = producer(policy, 6);
    let [slow, fast] = [serve(&mut producer, 1), serve(&mut producer, 6)];
    outputs(&mut producer);
    draw(&mut producer, 0);
    draw(&mut producer, 1);
    assert_eq!(frames(&mut producer).len(), 3);
    let acquired = producer.acquire(10).unwrap();
    let submit = |producer: &mut Producer<u32>, now_ns| {
        producer.submit(acquired.buffer, Picture::default(), None, now_ns)
    };
    let blocked = Err(SubmitError::WouldBlock { until_ns: 110 });
    assert_eq!(submit(&mut producer, 10), blocked);
    assert_eq!(submit(&mut producer, 109), blocked);
    assert_eq!(outputs(&mut producer), [], "nobody gets a frame that was refused");
    assert_eq!(producer.next_deadline_ns(), Some(110));

    let mut released = producer.clone();
    released.receive(slow, release(1, 0), None, 109);
    assert_eq!(released.next_deadline_ns(), None);
    assert_eq!(submit(&mut released, 109), Ok(serial(3)));
    let sent: Vec<_> = frames(&mut released).into_iter().map(|(to, ..)| to).collect();
    assert_eq!(sent, [slow, fast]);

    producer.on_time(109);
    assert_eq!(outputs(&mut producer), []);
    assert_eq!(submit(&mut producer, 110), Ok(serial(3)));
    let found = outputs(&mut producer);
    assert_eq!(end_of(&found, slow), Some(End::TooSlow));
    assert_eq!(end_of(&found, fast), None);
}

#[test]
fn blocking_consumer_is_sent_away_by_the_clock_alone() {
    let mut producer = producer(Policy::fifo(1, Overflow::Block { deadline_ns: 100 }), 4);
    let slow = serve(&mut producer, 1);
    draw(&mut producer, 0);
    draw(&mut producer, 0);
    let acquired = producer.acquire(0).unwrap();
    assert!(producer.submit(acquired.buffer, Picture::default(), None, 7).is_err());
    outputs(&mut producer);
    producer.on_time(107);
    assert_eq!(end_of(&outputs(&mut producer), slow), Some(End::TooSlow));
}

#[test]
fn consumer_whose_queue_was_taken_away_blocks_nobody() {
    let take_away: [fn(&mut Producer<u32>, PeerId); 3] = [
        |producer, _| producer.retire(id(1)),
        |producer, _| producer.configure(size(), FOURCC, Modifier::LINEAR, false, 8).unwrap(),
        |producer, peer| producer.receive(peer, offer(2, &other_sets()), None, 8),
    ];
    for take_away in take_away {
        let policy = Policy::fifo(1, Overflow::Block { deadline_ns: 100 });
        let mut producer = producer(policy, 4);
        let peer = serve(&mut producer, 1);
        draw(&mut producer, 0);
        draw(&mut producer, 0);
        let acquired = producer.acquire(0).unwrap();
        assert!(producer.submit(acquired.buffer, Picture::default(), None, 7).is_err());
        assert_eq!(producer.next_deadline_ns(), Some(107));
        take_away(&mut producer, peer);
        assert_eq!(producer.next_deadline_ns(), None);
        producer.on_time(107);
        assert_eq!(end_of(&outputs(&mut producer), peer), None);
    }
}

#[test]
fn disconnect_ends_the_slow_alone() {
    let mut producer = producer(Policy::fifo(1, Overflow::Disconnect), 6);
    let [slow, fast] = [serve(&mut producer, 1), serve(&mut producer, 6)];
    for _ in 0..3 {
        draw(&mut producer, 0);
    }
    let found = outputs(&mut producer);
    assert_eq!(end_of(&found, slow), Some(End::TooSlow));
    assert_eq!(end_of(&found, fast), None);
    let message = found.iter().find_map(|output| match output {
        Output::Send { peer, message: Message::Goodbye(goodbye) } if *peer == slow => Some(goodbye),
        _ => None,
    });
    assert_eq!(message.unwrap().reason, Reason::TooSlow);
}

#[test]
fn holder_is_late_only_when_no_buffer_is_free() {
    let mut producer = producer(Policy::mailbox().with_hold_limit_ns(50), 2);
    let peer = serve(&mut producer, 1);
    outputs(&mut producer);
    draw(&mut producer, 10);
    let spare = producer.acquire(10_000).unwrap();
    assert_eq!(producer.peers().count(), 1);
    assert_eq!(producer.acquire(59), Err(AcquireError::NoneFree { until_ns: Some(60) }));
    let acquired = producer.acquire(60).unwrap();
    assert_eq!(end_of(&outputs(&mut producer), peer), Some(End::TooSlow));
    assert!(acquired.is_tainted && !spare.is_tainted);
    assert_eq!(producer.acquire(60), Err(AcquireError::NoneFree { until_ns: None }));
}

#[test]
fn acquiring_is_worth_it_from_when_a_buffer_is_free_or_a_holder_late() {
    let mut producer = producer(Policy::mailbox().with_hold_limit_ns(50), 1);
    let peer = serve(&mut producer, 1);
    assert_eq!(producer.acquirable_from_ns(), Some(0));
    producer.acquire(0).unwrap();
    assert_eq!(producer.acquirable_from_ns(), None, "nobody holds what could be released");
    producer.submit(id(0), Picture::default(), None, 10).unwrap();
    assert_eq!(producer.acquirable_from_ns(), Some(60));
    producer.receive(peer, release(1, 0), None, 20);
    assert_eq!(producer.acquirable_from_ns(), Some(0));
}

#[test]
fn lost_consumer_leaves_its_buffers_free_and_tainted_until_they_are_written() {
    let mut producer = producer(Policy::mailbox(), 2);
    let peer = serve(&mut producer, 1);
    draw(&mut producer, 0);
    draw(&mut producer, 0);
    producer.lost(peer);
    assert_eq!(end_of(&outputs(&mut producer), peer), Some(End::Lost));
    let held = producer.acquire(0).unwrap();
    assert_eq!((held.buffer, held.is_tainted), (id(0), true));
    producer.cancel(id(0));
    assert!(producer.acquire(0).unwrap().is_tainted, "it still is");
    producer.submit(id(0), Picture::default(), None, 0).unwrap();
    let queued = producer.acquire(0).unwrap();
    assert_eq!((queued.buffer, queued.is_tainted), (id(1), false), "it was never sent");
    producer.submit(id(1), Picture::default(), None, 0).unwrap();
    assert!(!producer.acquire(0).unwrap().is_tainted);
    producer.lost(peer);
    producer.receive(peer, release(1, 0), None, 0);
    assert_eq!(outputs(&mut producer), [], "who has left is not there any more");
}

#[test]
fn new_format_retires_all_buffers_and_those_held_go_last() {
    let mut producer = producer(Policy::mailbox(), 3);
    let peer = serve(&mut producer, 1);
    outputs(&mut producer);
    draw(&mut producer, 0);
    draw(&mut producer, 0);
    let written = producer.acquire(0).unwrap().buffer;
    assert_eq!(written, id(2));
    outputs(&mut producer);
    let small = Size::new(4, 4).unwrap();
    producer.configure(small, FOURCC, Modifier::LINEAR, false, 0).unwrap();
    let found = outputs(&mut producer);
    let [
        Output::Missed { serial: missed, .. },
        Output::Gone { buffer },
        Output::Send { message: Message::Format(format), .. },
    ] = found.as_slice()
    else {
        panic!("{found:?}")
    };
    assert_eq!(*missed, serial(2), "it waited in the buffer that has gone");
    assert_eq!((*buffer, format.generation.get(), format.size), (id(1), 2, small));
    assert_eq!(producer.add(image(), IMAGE_BYTES, 0), Err(AddError::WrongImage));

    let refused = producer.submit(written, Picture::default(), None, 0);
    assert_eq!(refused, Err(SubmitError::Retired { buffer: id(2) }));
    assert_eq!(outputs(&mut producer), [Output::Gone { buffer: id(2) }]);
    assert_eq!(producer.acquire(0), Err(AcquireError::NoneFree { until_ns: Some(1_000_000_000) }));
    let new = ImageMessage { width: 4, height: 4, ..image() };
    assert_eq!(producer.add(new, 64, 0), Ok(id(1)), "place 0 is held");
    outputs(&mut producer);
    producer.receive(peer, release(1, 0), None, 0);
    assert_eq!(outputs(&mut producer), [Output::Gone { buffer: id(0) }]);
    assert_eq!(producer.add(new, 64, 0), Ok(id(0)));
}

#[test]
fn announcements_wait_for_the_room_that_held_buffers_take() {
    let announced = |producer: &mut Producer<u32>| {
        let number = |output| match output {
            Output::Send { message: Message::Announce(announce), .. } => {
                Some(announce.buffer.get())
            }
            _ => None,
        };
        outputs(producer).into_iter().filter_map(number).collect::<Vec<_>>()
    };
    for (most, [at_once, later]) in [(1, [&[][..], &[1]]), (2, [&[1], &[2]])] {
        let mut producer = producer(Policy::mailbox(), most);
        let peer = producer.connect(0).unwrap();
        producer.receive(peer, consumer_hello(Limits::default().with_buffers(most)), None, 0);
        producer.receive(peer, offer(1, &sets()), None, 0);
        draw(&mut producer, 0);
        producer.configure(size(), FOURCC, Modifier::LINEAR, false, 0).unwrap();
        outputs(&mut producer);
        for _ in 0..most {
            producer.add(image(), IMAGE_BYTES, 0).unwrap();
        }
        assert_eq!(announced(&mut producer), at_once);
        producer.receive(peer, release(1, 0), None, 0);
        assert_eq!(announced(&mut producer), later);
    }
}

#[test]
fn retired_buffer_is_told_and_goes_when_it_is_released() {
    let mut producer = producer(Policy::mailbox(), 2);
    let peer = serve(&mut producer, 1);
    draw(&mut producer, 0);
    outputs(&mut producer);
    producer.retire(id(0));
    producer.retire(id(1));
    let retired = |buffer| Output::Send { peer, message: Message::Retire(Retire { buffer }) };
    let expected = [retired(id(0)), retired(id(1)), Output::Gone { buffer: id(1) }];
    assert_eq!(outputs(&mut producer), expected);
    producer.retire(id(0));
    assert_eq!(outputs(&mut producer), []);
    producer.receive(peer, release(1, 0), None, 0);
    assert_eq!(outputs(&mut producer), [Output::Gone { buffer: id(0) }]);
}

/// The frame behind a retired one tells what that would have told.
#[test]
fn retired_buffer_leaves_the_queue_but_not_its_damage() {
    let mut producer = producer(Policy::fifo(3, Overflow::DropOldest), 4);
    let peer = serve(&mut producer, 1);
    for column in 0..4 {
        draw_damaged(&mut producer, column);
    }
    outputs(&mut producer);
    producer.retire(id(1));
    producer.retire(id(3));
    let told = outputs(&mut producer);
    assert!(told.contains(&Output::Gone { buffer: id(3) }));
    for missed in [serial(2), serial(4)] {
        assert!(told.contains(&Output::Missed { peer, serial: missed }), "{told:?}");
    }
    producer.receive(peer, release(1, 0), None, 0);
    assert_eq!(columns(&damage_sent(&outputs(&mut producer))), [2, 1]);
    draw_damaged(&mut producer, 5);
    producer.receive(peer, release(3, 2), None, 0);
    assert_eq!(columns(&damage_sent(&outputs(&mut producer))), [5, 3]);
}

#[test]
fn wrong_submissions_are_refused() {
    let mut producer = producer(Policy::mailbox(), 1);
    let submit = |producer: &mut Producer<u32>, picture| producer.submit(id(0), picture, None, 0);
    let not_acquired = Err(SubmitError::NotAcquired { buffer: id(0) });
    assert_eq!(submit(&mut producer, Picture::default()), not_acquired);
    producer.acquire(0).unwrap();
    let damage = Damage::new(&[Rectangle::new(8, 0, 1, 1).unwrap()]);
    let outside = Picture { damage, ..Picture::default() };
    assert_eq!(submit(&mut producer, outside), Err(SubmitError::Damage));
    assert_eq!(submit(&mut producer, Picture::default()), Ok(serial(1)));
    assert_eq!(submit(&mut producer, Picture::default()), not_acquired);
}

#[test]
fn pool_is_full_at_64_buffers() {
    let mut producer = producer(Policy::mailbox(), 64);
    assert_eq!(producer.add(image(), IMAGE_BYTES, 0), Err(AddError::PoolFull));
    let mut bare = Producer::<u32>::new(Settings::default());
    assert_eq!(bare.add(image(), IMAGE_BYTES, 0), Err(AddError::NotConfigured));
}

mod connections;
