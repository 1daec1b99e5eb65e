//! Which buffers can be had, and by whom.

use super::*;
use crate::stream::protocol::fixtures::*;

fn pool(buffers: u16) -> Pool<u8> {
    let mut pool = Pool::new();
    for number in 0..buffers {
        assert_eq!(pool.add(image(), IMAGE_BYTES, 1), Some(id(number)));
    }
    pool
}

#[test]
fn set_of_live_buffers_has_the_bits_of_those_in_the_list() {
    let mut pool = pool(4);
    pool.hold(id(1));
    assert_eq!(pool.retire(id(0)), After::Gone);
    assert_eq!(pool.retire(id(1)), After::Kept, "it is held");
    assert_eq!(pool.live_set(), 0b1100);
    assert!(pool.live().map(|(buffer, _)| buffer).eq([id(2), id(3)]));
    assert_eq!(pool.add(image(), IMAGE_BYTES, 1), Some(id(0)));
    assert_eq!(pool.live_set(), 0b1101);
}

#[test]
fn buffer_that_is_written_or_read_or_retired_is_not_free() {
    let mut pool = pool(1);
    assert!(pool.has_free());
    assert!(pool.acquire(0, None).is_some());
    assert!(!pool.has_free() && pool.is_written(id(0)));
    assert_eq!(pool.finish_writing(id(0), Some((serial(1), None))), After::Kept);
    assert!(pool.has_free() && !pool.is_written(id(0)));
    pool.hold(id(0));
    pool.hold(id(0));
    assert_eq!(pool.release(id(0), None), After::Kept);
    assert!(!pool.has_free(), "one still has it");
    assert_eq!(pool.release(id(0), None), After::Kept);
    assert!(pool.has_free());
    assert_eq!(pool.retire(id(0)), After::Gone);
    assert!(!pool.has_free());
}
