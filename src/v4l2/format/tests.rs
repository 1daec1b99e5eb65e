use super::*;

/// A driver's answer; strides and sizes in bytes.
fn raw(code: [u8; 4], [width, height]: [u32; 2], buffers: &[[u32; 2]]) -> RawFormat {
    RawFormat {
        width,
        height,
        pixel_format: PixelFormat::from_code(&code).0,
        field: sys::FIELD_NONE,
        buffers: buffers.to_vec(),
        ..RawFormat::default()
    }
}

/// Buffer, offset and stride of each plane.
fn places(raw: &RawFormat) -> Vec<(usize, u32, u32)> {
    let format = Format::of_driver(raw).unwrap();
    format.planes().iter().map(|it| (it.buffer, it.offset_bytes, it.stride_bytes)).collect()
}

#[test]
fn planes_of_one_buffer_follow_each_other() {
    let of = |code, stride, size| places(&raw(code, [640, 480], &[[stride, size]]));
    assert_eq!(of(*b"YUYV", 1280, 614_400), [(0, 0, 1280)]);
    assert_eq!(of(*b"NV12", 704, 506_880), [(0, 0, 704), (0, 337_920, 704)]);
    assert_eq!(of(*b"NV16", 640, 614_400), [(0, 0, 640), (0, 307_200, 640)]);
    assert_eq!(of(*b"NV24", 640, 921_600), [(0, 0, 640), (0, 307_200, 1280)]);
    assert_eq!(of(*b"NV15", 800, 576_000), [(0, 0, 800), (0, 384_000, 800)]);
    let [luma, first, second] = [(0, 0, 640), (0, 307_200, 320), (0, 384_000, 320)];
    assert_eq!(of(*b"YU12", 640, 460_800), [luma, first, second]);
    assert_eq!(of(*b"422P", 640, 614_400), [luma, first, (0, 460_800, 320)]);
    assert_eq!(of(*b"YUV9", 640, 345_600), [luma, (0, 307_200, 160), (0, 326_400, 160)]);
}

#[test]
fn planes_of_several_buffers_have_their_own_strides() {
    let buffers = [[704, 337_920], [768, 184_320]];
    assert_eq!(places(&raw(*b"NM12", [640, 480], &buffers)), [(0, 0, 704), (1, 0, 768)]);
}

#[test]
fn strides_that_are_left_out_are_those_of_rows_without_gaps() {
    let odd = raw(*b"YU12", [641, 3], &[[0, 0]]);
    assert_eq!(places(&odd), [(0, 0, 641), (0, 1923, 321), (0, 2565, 321)]);
    let format = Format::of_driver(&odd).unwrap();
    assert_eq!(format.buffers_bytes(), [641 * 3 + 321 * 2 * 2]);
}

#[test]
fn numbers_that_make_no_image_are_refused() {
    let malformed = |raw: &RawFormat| {
        let refused = Format::of_driver(raw).unwrap_err();
        assert!(matches!(refused, FormatError::Malformed { .. }), "{refused}");
    };
    malformed(&raw(*b"YU12", [640, 480], &[[641, 0]]));
    malformed(&raw(*b"NM12", [640, 480], &[[640, 0]]));
    malformed(&raw(*b"NV12", [640, 480], &[[640, 0], [640, 0]]));
    malformed(&raw(*b"NV12", [640, 480], &[]));
    malformed(&raw(*b"NV12", [640, 480], &[[u32::MAX, 0]]));
    malformed(&raw(*b"NV24", [u32::MAX, u32::MAX], &[[0, 0]]));
    malformed(&raw(*b"XR24", [u32::MAX, 1], &[[0, 0]]));
}

#[test]
fn formats_that_are_no_images_are_refused() {
    let mjpg = PixelFormat::from_code(b"MJPG");
    let refused = Format::of_driver(&raw(*b"MJPG", [640, 480], &[[0, 0]])).unwrap_err();
    assert_eq!(refused, FormatError::NoImage { pixel_format: mjpg });
    let mut alternating = raw(*b"YUYV", [640, 240], &[[1280, 0]]);
    alternating.field = 7;
    let refused = Format::of_driver(&alternating).unwrap_err();
    assert_eq!(refused, FormatError::Fields { field: 7 });
    alternating.field = sys::FIELD_INTERLACED;
    assert!(Format::of_driver(&alternating).unwrap().is_interlaced());
}

#[test]
#[cfg_attr(miri, ignore = "miri has no memfd")]
fn images_that_differ_are_misfits() {
    let format = |code: [u8; 4], width, stride| {
        Format::of_driver(&raw(code, [width, 480], &[[stride, 0]])).unwrap()
    };
    let image = |format: &Format| {
        let flags = rustix::fs::MemfdFlags::CLOEXEC | rustix::fs::MemfdFlags::ALLOW_SEALING;
        let memory = rustix::fs::memfd_create("test", flags).unwrap();
        rustix::fs::ftruncate(&memory, 1 << 20).unwrap();
        rustix::fs::fcntl_add_seals(&memory, rustix::fs::SealFlags::SHRINK).unwrap();
        format.image_in(&[Arc::new(memory)]).unwrap()
    };
    let camera = format(*b"NV12", 640, 640);
    assert_eq!(
        camera.check(&image(&format(*b"NV12", 320, 640))),
        Err(Misfit::Size { needed: [640, 480], found: [320, 480] })
    );
    assert_eq!(
        camera.check(&image(&format(*b"NV16", 640, 640))),
        Err(Misfit::Fourcc { needed: Fourcc::NV12, found: Fourcc::NV16 })
    );
    assert_eq!(camera.check(&image(&camera)), Err(Misfit::Memfd { plane: 0 }));
}

#[test]
fn image_in_too_few_buffers_is_refused() {
    let camera = Format::of_driver(&raw(*b"NV12", [640, 480], &[[640, 0]])).unwrap();
    let refused = camera.image_in(&[]).unwrap_err();
    let missing = LayoutError::MissingPlane { plane: 0, fourcc: Fourcc::NV12, expected: 2 };
    assert_eq!(refused, InvalidDescriptor::Layout(missing));
}
