#![allow(unsafe_code, reason = "sets the controls of the kernel's test driver with an ioctl")]
//! The cameras of the lab: the kernel's test driver, set to show a known picture.
//!
//! Spec: `Documentation/admin-guide/media/vivid.rst`, `vivid-ctrls.c` and `v4l2-tpg-core.c` in the
//! kernel.

use std::os::fd::AsFd;

use dmashare::v4l2::Device;
use rustix::ioctl::Opcode;
use rustix::ioctl::Updater;
use rustix::ioctl::opcode;

use crate::common::pixels;
use crate::common::pixels::PlaneBytes;
use crate::common::pixels::colorimetry::Colorimetry;

/// `struct v4l2_control`.
#[repr(C)]
struct RawControl {
    id: u32,
    value: i32,
}

const S_CTRL: Opcode = opcode::read_write::<RawControl>(b'V', 28);

/// `VIVID_CID_VIVID_BASE`.
const BASE: u32 = 0x00f0_f000;

/// What can be set on a camera, besides its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Control {
    /// `V4L2_CID_ALPHA_COMPONENT`, 0 to 255.
    Alpha = 0x0098_0929,
    /// 1 is bars of full colours, 5 is black, 6 is white.
    TestPattern = BASE,
    /// 2 writes no text over the picture.
    Text = BASE + 1,
    /// The primaries.
    Colorspace = BASE + 25,
    /// The transfer function.
    Transfer = BASE + 26,
    /// The matrix.
    Encoding = BASE + 27,
    /// The range.
    Quantization = BASE + 28,
    /// Any value: the device is gone, until the last who has it open closes it.
    Disconnect = BASE + 65,
    /// Any value: the next frame is damaged.
    DamageFrame = BASE + 66,
    /// Any value: the next request for buffers fails.
    FailRequest = BASE + 67,
    /// Any value: the next buffer is not taken.
    FailQueue = BASE + 68,
    /// Any value: the camera does not start.
    FailStart = BASE + 69,
    /// Any value: the device fails while it runs.
    FailDevice = BASE + 70,
}

/// What colours are by default: sRGB, which decides the rest.
const COLORS: [(Control, i32); 4] = [
    (Control::Colorspace, 2),
    (Control::Transfer, 0),
    (Control::Encoding, 0),
    (Control::Quantization, 0),
];

/// Which camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Camera {
    /// One buffer for a frame.
    SinglePlanar,
    /// One buffer for a frame, or one for each plane.
    MultiPlanar,
    /// As the first, but the memory of a buffer has to be contiguous.
    Contiguous,
}

impl Camera {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::SinglePlanar, Self::MultiPlanar, Self::Contiguous];

    /// Opens it and has it show bars.
    pub(crate) fn open(self) -> Device {
        let device = self.open_as_is();
        set(&device, Control::TestPattern, 1);
        set(&device, Control::Text, 2);
        set(&device, Control::Alpha, 255);
        set_frame_interval(&device, [1, 120]);
        // The driver looks at a control when it changes, and has the colours of the last format.
        for (control, default) in COLORS {
            set(&device, control, 1);
            set(&device, control, default);
        }
        device
    }

    /// Opens it and changes nothing.
    pub(crate) fn open_as_is(self) -> Device {
        let bus = match self {
            Self::SinglePlanar => "platform:vivid-000",
            Self::MultiPlanar => "platform:vivid-001",
            Self::Contiguous => "platform:vivid-002",
        };
        Device::all().into_iter().find(|device| device.bus() == bus).expect(bus)
    }
}

/// `struct v4l2_streamparm`, with what is said of capturing.
#[repr(C)]
struct RawParameters {
    kind: u32,
    capability: u32,
    mode: u32,
    /// In seconds: a fraction.
    frame_interval: [u32; 2],
    rest: [u32; 46],
}

const S_PARM: Opcode = opcode::read_write::<RawParameters>(b'V', 22);

/// Sets how long a frame takes, in seconds as a fraction.
fn set_frame_interval(device: &Device, frame_interval: [u32; 2]) {
    let kind = if device.is_multi_planar() { 9 } else { 1 };
    let mut data = RawParameters { kind, capability: 0, mode: 0, frame_interval, rest: [0; 46] };
    // SAFETY: `Updater` requires that the opcode takes this struct: it is built from it.
    let request = unsafe { Updater::<S_PARM, RawParameters>::new(&mut data) };
    // SAFETY: `ioctl` requires a request for this file: every camera has this one.
    unsafe { rustix::ioctl::ioctl(device.as_fd(), request) }.unwrap();
}

/// Sets a control.
pub(crate) fn set(device: &Device, control: Control, value: i32) {
    let mut data = RawControl { id: control as u32, value };
    // SAFETY: `Updater` requires that the opcode takes this struct: it is built from it.
    let request = unsafe { Updater::<S_CTRL, RawControl>::new(&mut data) };
    // SAFETY: `ioctl` requires a request for this file: every video device has this one.
    unsafe { rustix::ioctl::ioctl(device.as_fd(), request) }.unwrap();
}

/// The colour of the bars at a pixel: eight of them, from white to black.
pub(crate) fn bar(width: u32, x: u32) -> [f64; 4] {
    let [red, green, blue] = match x * 8 / width {
        0 => [1.0, 1.0, 1.0],
        1 => [1.0, 1.0, 0.0],
        2 => [0.0, 1.0, 1.0],
        3 => [0.0, 1.0, 0.0],
        4 => [1.0, 0.0, 1.0],
        5 => [1.0, 0.0, 0.0],
        6 => [0.0, 0.0, 1.0],
        _ => [0.0, 0.0, 0.0],
    };
    [red, green, blue, 1.0]
}

/// The bytes that the bars have in each row of each plane of a format.
///
/// For luma and chroma the driver divides colours of 8 bits by 256, where the standards divide by
/// 255 (`color_to_ycbcr()`).
pub(crate) fn bars(fourcc: u32, width: u32, colorimetry: Colorimetry) -> Vec<Vec<u8>> {
    let largest = if pixels::luma_bits(fourcc).is_some() { 255.0 / 256.0 } else { 1.0 };
    let picture = |x, _y| {
        let [red, green, blue, alpha] = bar(width, x);
        [largest * red, largest * green, largest * blue, alpha]
    };
    let planes = pixels::encode(fourcc, [width, 1], colorimetry, &picture);
    planes.into_iter().map(|plane| plane.bytes).collect()
}

/// Compares all rows with what [`bars`] says, to one code value: the driver cuts off where that
/// rounds.
pub(crate) fn compare(found: &[PlaneBytes], expected: &[Vec<u8>]) -> Result<(), String> {
    assert_eq!(found.len(), expected.len(), "planes");
    for (index, (plane, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(plane.row_bytes, expected.len(), "bytes in a row of plane {index}");
        assert!(plane.rows > 0 && plane.bytes.len() == plane.rows * plane.row_bytes);
        let mut rows = plane.bytes.chunks_exact(plane.row_bytes).enumerate();
        let first = &plane.bytes[..plane.row_bytes];
        let differs = |row: &[u8]| {
            row.iter().zip(expected).position(|(found, expected)| found.abs_diff(*expected) > 1)
        };
        // What is the same as the first row is as right as that.
        let wrong =
            rows.find(|(number, row)| (*number == 0 || row != &first) && differs(row).is_some());
        if let Some((number, row)) = wrong {
            let place = differs(row).unwrap();
            let (found, expected) = (row[place], expected[place]);
            return Err(format!(
                "byte {place} of row {number} of plane {index} is {found}, not {expected}"
            ));
        }
    }
    Ok(())
}
