//! The table against other sources: the kernel, Mesa, `drm-fourcc`, and numbers counted by hand.

use std::collections::HashSet;

use drm_fourcc::DrmFourcc;

use crate::format::Fourcc;
use crate::format::Layout;
use crate::format::Model;

/// What Mesa 26 lists for EGL import on llvmpipe, with the planes that each descriptor has.
const MESA_26: &[(usize, &str)] = &[
    (1, "AB4H XB4H AB48 XB48 AR30 XR30 AB30 XB30 AR24 BA24 AB24 RA24 XR24 BX24 XB24 RX24"),
    (1, "AR15 AB15 AR12 AB12 RG16 R8__ R16_ GR88 GR32 R__H R__F GR_H GR_F BGRF AB8F"),
    (3, "YUV9 YU11 YU12 YU16 YU24 YVU9 YV11 YV12 YV16 YV24"),
    (3, "S010 S210 S410 S012 S212 S412 S016 S216 S416"),
    (2, "NV12 NV21 NV15 NV20 P010 P012 P016 P030 NV16 NV61 NV24 NV42"),
    (1, "AYUV XYUV Y410 Y412 Y416 YUYV YVYU UYVY VYUY Y210 Y212 Y216 YU08 YU10"),
];

fn layout(name: &str) -> &'static Layout {
    Layout::by_name(name).unwrap_or_else(|| panic!("{name} is not in the table"))
}

#[test]
fn every_code_is_found_and_no_other() {
    for layout in Layout::all() {
        assert_eq!(Layout::of(layout.fourcc()), Some(layout));
        for other in [layout.fourcc().0 - 1, layout.fourcc().0 + 1] {
            let known = Layout::all().iter().find(|layout| layout.fourcc().0 == other);
            assert_eq!(Layout::of(Fourcc(other)), known);
        }
    }
}

#[test]
fn layouts_have_unique_codes_and_names() {
    let codes: HashSet<_> = Layout::all().iter().map(Layout::fourcc).collect();
    let names: HashSet<_> = Layout::all().iter().map(Layout::name).collect();
    assert_eq!(codes.len(), Layout::all().len());
    assert_eq!(names.len(), Layout::all().len());
}

#[test]
fn layouts_have_one_to_three_planes() {
    for layout in Layout::all() {
        assert!((1..=3).contains(&layout.planes().len()), "{}", layout.name());
    }
}

#[test]
fn layouts_cover_what_mesa_imports() {
    let mut formats = 0;
    for (planes, codes) in MESA_26 {
        for code in codes.split(' ') {
            let fourcc: Fourcc = code.replace('_', " ").parse().unwrap();
            let layout = fourcc.layout().unwrap_or_else(|| panic!("{code} is not in the table"));
            assert_eq!(layout.planes().len(), *planes, "{code}");
            formats += 1;
        }
    }
    assert_eq!(formats, 76, "a line was lost from this test's list");
}

#[test]
fn only_formats_without_linear_arrangement_have_empty_blocks() {
    let opaque: Vec<_> =
        Layout::all().iter().filter(|layout| !layout.has_linear()).map(Layout::name).collect();
    assert_eq!(opaque, ["VUY101010", "YUV420_8BIT", "YUV420_10BIT"]);
    for layout in Layout::all().iter().filter(|layout| layout.has_linear()) {
        for plane in layout.planes() {
            assert!(plane.bits_per_block() > 0, "{}", layout.name());
        }
    }
}

#[test]
fn alpha_is_where_the_name_has_an_a() {
    for layout in Layout::all() {
        let expected =
            layout.name().contains('A') || matches!(layout.name(), "Y410" | "Y412" | "Y416");
        assert_eq!(layout.has_alpha(), expected, "{}", layout.name());
    }
}

#[test]
fn luma_is_where_the_name_has_no_red() {
    for layout in Layout::all() {
        let yuv = !layout.name().contains('R');
        assert_eq!(layout.model() == Model::Yuv, yuv, "{}", layout.name());
    }
}

macro_rules! drm_fourcc_names {
    ($($variant:ident)*) => { [$((stringify!($variant), DrmFourcc::$variant)),*] };
}

#[test]
fn names_agree_with_drm_fourcc() {
    let known = drm_fourcc_names![
        Abgr1555 Abgr16161616f Abgr2101010 Abgr4444 Abgr8888 Argb1555 Argb16161616f Argb2101010
        Argb4444 Argb8888 Axbxgxrx106106106106 Ayuv Bgr233 Bgr565 Bgr565_a8 Bgr888 Bgr888_a8
        Bgra1010102 Bgra4444 Bgra5551 Bgra8888 Bgrx1010102 Bgrx4444 Bgrx5551 Bgrx8888 Bgrx8888_a8
        Gr1616 Gr88 Nv12 Nv15 Nv16 Nv21 Nv24 Nv42 Nv61 P010 P012 P016 P210 Q401 Q410 R16 R8 Rg1616
        Rg88 Rgb332 Rgb565 Rgb565_a8 Rgb888 Rgb888_a8 Rgba1010102 Rgba4444 Rgba5551 Rgba8888
        Rgbx1010102 Rgbx4444 Rgbx5551 Rgbx8888 Rgbx8888_a8 Uyvy Vuy101010 Vuy888 Vyuy Xbgr1555
        Xbgr16161616f Xbgr2101010 Xbgr4444 Xbgr8888 Xbgr8888_a8 Xrgb1555 Xrgb16161616f Xrgb2101010
        Xrgb4444 Xrgb8888 Xrgb8888_a8 Xvyu12_16161616 Xvyu16161616 Xvyu2101010 Xyuv8888 Y210 Y212
        Y216 Y410 Y412 Y416 Yuv410 Yuv411 Yuv420 Yuv420_10bit Yuv420_8bit Yuv422 Yuv444 Yuyv Yvu410
        Yvu411 Yvu420 Yvu422 Yvu444 Yvyu
    ];
    for (name, format) in known {
        let layout = layout(&name.to_uppercase());
        assert_eq!(layout.fourcc(), Fourcc::from(format), "{name}");
        assert_eq!(DrmFourcc::try_from(layout.fourcc()), Ok(format), "{name}");
    }
    let shared = Layout::all().iter().filter(|l| DrmFourcc::try_from(l.fourcc()).is_ok()).count();
    assert_eq!(
        shared,
        known.len(),
        "drm-fourcc knows a format of the table that this test does not"
    );
}

/// Bytes and samples of each plane's block, and the subsampling, as `drm_format_info` has them.
type KernelEntry = (&'static str, &'static [(u32, u32)], (u32, u32));

#[test]
fn blocks_agree_with_the_kernel() {
    let kernel: &[KernelEntry] = &[
        ("R1", &[(1, 8)], (1, 1)),
        ("R4", &[(1, 2)], (1, 1)),
        ("RGB565", &[(2, 1)], (1, 1)),
        ("RGB888", &[(3, 1)], (1, 1)),
        ("BGR161616", &[(6, 1)], (1, 1)),
        ("ABGR16161616F", &[(8, 1)], (1, 1)),
        ("BGRX8888_A8", &[(4, 1), (1, 1)], (1, 1)),
        ("VUY888", &[(3, 1)], (1, 1)),
        ("Y412", &[(8, 1)], (1, 1)),
        ("XYYY2101010", &[(4, 3)], (1, 1)),
        ("YVU410", &[(1, 1), (1, 1), (1, 1)], (4, 4)),
        ("YUV411", &[(1, 1), (1, 1), (1, 1)], (4, 1)),
        ("YVU422", &[(1, 1), (1, 1), (1, 1)], (2, 1)),
        ("NV21", &[(1, 1), (2, 1)], (2, 2)),
        ("NV61", &[(1, 1), (2, 1)], (2, 1)),
        ("NV42", &[(1, 1), (2, 1)], (1, 1)),
        ("P012", &[(2, 1), (4, 1)], (2, 2)),
        ("P210", &[(2, 1), (4, 1)], (2, 1)),
        ("NV15", &[(5, 4), (5, 2)], (2, 2)),
        ("NV20", &[(5, 4), (5, 2)], (2, 1)),
        ("NV30", &[(5, 4), (5, 2)], (1, 1)),
        ("P030", &[(4, 3), (8, 3)], (2, 2)),
        ("P230", &[(4, 3), (8, 3)], (2, 1)),
        ("S012", &[(2, 1), (2, 1), (2, 1)], (2, 2)),
        ("S416", &[(2, 1), (2, 1), (2, 1)], (1, 1)),
        ("Q401", &[(2, 1), (2, 1), (2, 1)], (1, 1)),
        ("T430", &[(4, 3), (4, 3), (4, 3)], (1, 1)),
    ];
    for (name, blocks, subsampling) in kernel {
        let planes = layout(name).planes();
        let ours: Vec<_> =
            planes.iter().map(|plane| (plane.bits_per_block() / 8, plane.block_width())).collect();
        assert_eq!(ours, *blocks, "{name}");
        for (index, plane) in planes.iter().enumerate() {
            let expected = if index == 0 { (1, 1) } else { *subsampling };
            let shared = (plane.horizontal_subsampling(), plane.vertical_subsampling());
            assert_eq!(shared, expected, "{name}, plane {index}");
        }
    }
}

#[test]
fn row_bytes_agree_with_numbers_counted_by_hand() {
    let widths = [1, 2, 3, 641, 1920];
    let by_hand: &[(&str, usize, [u64; 5])] = &[
        ("R8", 0, [1, 2, 3, 641, 1920]),
        ("R1", 0, [1, 1, 1, 81, 240]),
        ("RGB565", 0, [2, 4, 6, 1282, 3840]),
        ("BGR888", 0, [3, 6, 9, 1923, 5760]),
        ("ARGB8888", 0, [4, 8, 12, 2564, 7680]),
        ("ABGR32323232F", 0, [16, 32, 48, 10256, 30720]),
        ("YUYV", 0, [4, 4, 8, 1284, 3840]),
        ("Y210", 0, [8, 8, 16, 2568, 7680]),
        ("YUV420", 1, [1, 1, 2, 321, 960]),
        ("YUV411", 2, [1, 1, 1, 161, 480]),
        ("NV12", 1, [2, 2, 4, 642, 1920]),
        ("P010", 1, [4, 4, 8, 1284, 3840]),
        ("NV15", 0, [5, 5, 5, 805, 2400]),
        ("NV15", 1, [5, 5, 5, 805, 2400]),
        ("NV30", 1, [5, 5, 10, 1605, 4800]),
        ("P030", 0, [4, 4, 4, 856, 2560]),
        ("P030", 1, [8, 8, 8, 856, 2560]),
        ("YUV420_8BIT", 0, [0, 0, 0, 0, 0]),
    ];
    for (name, plane, expected) in by_hand {
        let plane = &layout(name).planes()[*plane];
        assert_eq!(widths.map(|width| plane.row_bytes(width)), *expected, "{name}");
    }
}

#[test]
fn rows_of_subsampled_planes_are_rounded_up() {
    let heights = [1, 2, 3, 5, 481];
    let by_hand: &[(&str, [u32; 5])] =
        &[("NV12", [1, 1, 2, 3, 241]), ("NV16", [1, 2, 3, 5, 481]), ("YUV410", [1, 1, 1, 2, 121])];
    for (name, expected) in by_hand {
        let [luma, chroma, ..] = layout(name).planes() else { panic!("{name} has chroma planes") };
        assert_eq!(heights.map(|height| luma.rows(height)), heights, "{name}");
        assert_eq!(heights.map(|height| chroma.rows(height)), *expected, "{name}");
    }
}

#[test]
fn row_bytes_of_the_widest_image_do_not_overflow() {
    let widest = layout("ABGR32323232F").planes()[0].row_bytes(u32::MAX);
    assert_eq!(widest, 16 * u64::from(u32::MAX));
    let pairs = layout("NV15").planes()[1].row_bytes(u32::MAX);
    assert_eq!(pairs, 5 * (1 << 30));
}
