#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! The promise: the allocator that is picked suits the display, and there is a reason for each that
//! was not.

use std::path::Path;

use dmashare::allocator::AllocatorKind;
use dmashare::allocator::ChooseError;
use dmashare::allocator::OpenError;
use dmashare::allocator::Reason;
use dmashare::allocator::Request;
use dmashare::allocator::Verdict;
use dmashare::allocator::choose;
use dmashare::dmabuf::Importer;
use dmashare::dmabuf::Refusal;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;

const TILED: Modifier = Modifier::from_raw(0x0100_0000_0000_0001);

fn importer(driver: &str) -> Importer {
    Importer::from_driver_name(Some(driver))
}

fn formats() -> FormatSet {
    FormatSet::from_iter([
        (Fourcc::ARGB8888, TILED),
        (Fourcc::ARGB8888, Modifier::LINEAR),
        (Fourcc::NV12, Modifier::LINEAR),
    ])
}

fn verdict(reasons: &[Reason], kind: AllocatorKind) -> &Verdict {
    let mut verdicts = reasons.iter().filter(|reason| reason.allocator == kind);
    let (first, second) = (verdicts.next(), verdicts.next());
    assert!(second.is_none(), "two reasons for {kind}");
    &first.unwrap_or_else(|| panic!("no reason for {kind}")).verdict
}

fn is_there(path: &str) -> bool {
    Path::new(path).exists()
}

#[test]
fn choose_for_llvmpipe_is_udmabuf_or_memfd() {
    let request = Request::new(640, 480, Fourcc::NV12).usage(Usage::Render);
    let choice = choose(&importer("swrast"), &formats(), &request).unwrap();
    let lines: Vec<String> = choice.reasons.iter().map(Reason::to_string).collect();
    assert_eq!(choice.to_string(), lines.join("\n"));
    let udmabuf = verdict(&choice.reasons, AllocatorKind::Udmabuf);
    let memfd = verdict(&choice.reasons, AllocatorKind::Memfd);
    if let Verdict::Picked { .. } = udmabuf {
        assert!(is_there("/dev/udmabuf"));
        assert_eq!(choice.allocator.kind(), AllocatorKind::Udmabuf);
        assert_eq!(memfd, &Verdict::NotNeeded { picked: AllocatorKind::Udmabuf });
    } else {
        let missing = matches!(udmabuf, Verdict::NotOpened(OpenError::Missing { .. }));
        assert_eq!(missing, !is_there("/dev/udmabuf"), "{udmabuf}");
        assert_eq!(choice.allocator.kind(), AllocatorKind::Memfd);
        let line = "memfd: sealed memory, `swrast` maps it without a copy";
        assert!(lines.iter().any(|found| found == line), "{lines:?}");
    }
    if !is_there("/dev/udmabuf") {
        let line = "udmabuf: /dev/udmabuf is not there (modprobe udmabuf";
        assert!(lines.iter().any(|found| found.starts_with(line)), "{lines:?}");
    }
    assert_eq!(choice.reasons.len(), AllocatorKind::ALL.len());
}

#[test]
fn choose_narrows_the_modifiers_to_those_of_the_display() {
    let request = Request::new(640, 480, Fourcc::ARGB8888).modifiers([
        Modifier::Implicit,
        Modifier::LINEAR,
        Modifier::from_raw(7),
    ]);
    let choice = choose(&importer("swrast"), &formats(), &request).unwrap();
    assert_eq!(choice.request.allowed_modifiers(), [Modifier::LINEAR]);
    let image = choice.allocator.allocate(&choice.request).unwrap();
    assert_eq!((image.width(), image.height()), (640, 480));
    assert_eq!(importer("swrast").accepts_as_target(&image), Ok(()));
}

#[test]
fn choose_what_the_display_cannot_use_is_unsupported() {
    let request = Request::new(640, 480, Fourcc::NV12).modifiers([TILED]);
    let error = choose(&importer("swrast"), &formats(), &request).unwrap_err();
    assert_eq!(error.to_string(), "`swrast` cannot use NV12 with 0x0100000000000001");
    assert!(matches!(error, ChooseError::Unsupported { .. }));
}

#[test]
fn choose_tiled_for_llvmpipe_is_no_allocator() {
    let request = Request::new(64, 64, Fourcc::ARGB8888).modifiers([TILED]);
    match choose(&importer("swrast"), &formats(), &request) {
        Err(ChooseError::NoAllocator { driver, reasons }) => {
            assert_eq!(driver, "swrast");
            let memfd = verdict(&reasons, AllocatorKind::Memfd);
            assert_eq!(memfd.to_string(), "memfd has no AR24 with 0x0100000000000001");
        }
        other => panic!("{other:?}"),
    }
}

/// A memfd is never for a device, whatever else there is.
#[test]
fn choose_for_a_device_never_is_memfd() {
    let request = Request::new(64, 64, Fourcc::ARGB8888);
    for driver in ["kms_swrast", "iris"] {
        let importer = importer(driver).on_node("/dev/dri/no-such-node");
        let (picked, reasons) = match choose(&importer, &formats(), &request) {
            Ok(choice) => (Some(choice.allocator.kind()), choice.reasons),
            Err(ChooseError::NoAllocator { reasons, .. }) => (None, reasons),
            Err(other) => panic!("{other:?}"),
        };
        let is_free = driver == "iris" && (is_there("/dev/udmabuf") || is_there("/dev/dma_heap"));
        assert_eq!(picked.is_some(), is_free, "{reasons:?}");
        assert_ne!(picked, Some(AllocatorKind::Memfd));
        let gbm = verdict(&reasons, AllocatorKind::Gbm).to_string();
        let cause =
            if cfg!(feature = "gbm") { "/dev/dri/no-such-node is not" } else { "not built" };
        assert!(gbm.starts_with(cause), "{gbm}");
        if picked.is_none() {
            let refusal = Refusal::Memfd { driver: driver.to_owned(), plane: 0 };
            let memfd = verdict(&reasons, AllocatorKind::Memfd);
            assert_eq!(memfd, &Verdict::Refused(refusal.clone()));
            let line = format!("memfd: {refusal}");
            assert!(reasons.iter().any(|reason| reason.to_string() == line));
        }
    }
}
