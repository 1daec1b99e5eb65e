//! The command line tool, run as its users run it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use dmashare::dmabuf::ImporterClass;
use dmashare::egl::Device;
use dmashare::egl::Display;
use png::BitDepth;
use png::ColorType;
use serde_json::Value;

use crate::common::picture;
use crate::common::renderer;

/// The tool, in an environment without a window system.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dmashare"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

/// What it printed for scripts, after it succeeded.
pub(crate) fn json(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The name of the display that is [`renderer::display`].
pub(crate) fn software_display() -> String {
    let surfaceless = Display::surfaceless().unwrap();
    if surfaceless.importer().class() == ImporterClass::MapsMemory {
        return String::from("surfaceless");
    }
    drop(renderer::on_software_device());
    let position = Device::all().unwrap().iter().position(Device::is_software);
    format!("device:{}", position.unwrap())
}

/// A picture as it is in its file, of any depth: rows one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Png {
    pub(crate) size: [u32; 2],
    pub(crate) colours: ColorType,
    pub(crate) depth: BitDepth,
    pub(crate) bytes: Vec<u8>,
}

impl Png {
    pub(crate) fn read(file: &Path) -> Self {
        let decoder = png::Decoder::new(BufReader::new(File::open(file).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        Self {
            size: [info.width, info.height],
            colours: info.color_type,
            depth: info.bit_depth,
            bytes,
        }
    }
}

/// The XOR pattern in R, G, B, A, row 0 on top.
pub(crate) fn xor_pattern([width, height]: [u32; 2]) -> Vec<u8> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| picture::xor_pattern(x, y)));
    pixels.flat_map(|[red, green, blue]| [red, green, blue, 255]).collect()
}
