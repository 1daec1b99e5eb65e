//! Fences that do not signal.

use crate::MOMENT;
use crate::SOON;
use crate::common::child::Case;
use crate::common::scripted_producer::ScriptedProducer;
use crate::common::scripted_producer::frame;
use crate::common::scripted_producer::settings;
use crate::common::sw_sync::Timeline;
use crate::end_with;
use dmashare::ipc::Ready;
use dmashare::stream::protocol::End;
use dmashare::stream::protocol::Violation;
use dmashare::stream::wire::Frame;
use dmashare::stream::wire::Message;
use dmashare::sync::WaitError;

pub(crate) const FENCES: &[Case] = &[
    ("a fence that never signals", || {
        let timeline = Timeline::new();
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        let message = Message::from(Frame { has_fence: true, ..frame(1, 0) });
        producer.send_with(&message, &[&timeline.fence(1).into_fd()]);
        let frame = consumer.next_frame(SOON).unwrap();
        assert_eq!(frame.wait_for_pixels(MOMENT), Err(WaitError::TimedOut));
        consumer.release(frame, Ready::Finished).unwrap();
    }),
    ("a fence that fails", || {
        let timeline = Timeline::new();
        let (producer, mut consumer) = ScriptedProducer::streaming(1);
        let message = Message::from(Frame { has_fence: true, ..frame(1, 0) });
        producer.send_with(&message, &[&timeline.fence(1).into_fd()]);
        drop(timeline);
        let frame = consumer.next_frame(SOON).unwrap();
        let failed = frame.wait_for_pixels(SOON);
        assert!(matches!(failed, Err(WaitError::Failed { .. })), "{failed:?}");
        drop(frame);
    }),
    ("a fence that was not agreed on", || {
        let timeline = Timeline::new();
        let settings = settings().waits_for_fences(false);
        let message = Message::from(Frame { has_fence: true, ..frame(11, 1) });
        let fence = timeline.fence(1).into_fd();
        let end = end_with(&settings, |producer| producer.send_with(&message, &[&fence]));
        assert_eq!(end, End::Violation(Violation::Fence));
    }),
];
