//! What the numbers were measured with.

use std::fs;
use std::process::Command;

use dmashare::egl::Context;
use dmashare::gl::Gl;

use crate::rows;

const SYSTEM: &str = "system";
const RENDERER: &str = "renderer";
const GSTREAMER: &str = "GStreamer";
const WESTON: &str = "weston";

/// The machine and the versions, as lines of a table.
pub(crate) fn describe() -> Vec<(String, String)> {
    let pairs = [
        ("processor", Some(processor())),
        ("kernel", Some(read("/proc/sys/kernel/osrelease"))),
        (SYSTEM, Some(os())),
        (RENDERER, Some(renderer())),
        (GSTREAMER, gstreamer()),
        (WESTON, answer("weston", &["--version"])),
        ("compiler", answer("rustc", &["--version"])),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// What the programs that are measured come from, in one line.
pub(crate) fn software(machine: &[(String, String)]) -> String {
    let of = |wanted: &&str| machine.iter().find(|(name, _)| name == wanted);
    let found = [SYSTEM, RENDERER, GSTREAMER, WESTON].iter().filter_map(of);
    found.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("; ")
}

fn processor() -> String {
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model);
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {count} of its threads")
}

fn os() -> String {
    let release = read("/etc/os-release");
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.unwrap_or("unknown").trim_matches('"').to_owned()
}

fn renderer() -> String {
    let version = || -> anyhow::Result<String> {
        let context = Context::new(&rows::display()?)?;
        context.make_current()?;
        let gl = Gl::new(&context)?;
        Ok(format!("{}, {}", gl.renderer(), gl.version()))
    };
    version().unwrap_or_else(|reason| reason.to_string())
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default().trim().to_owned()
}

/// `GStreamer 1.28.8`.
fn gstreamer() -> Option<String> {
    let version = answer("gst-launch-1.0", &["--version"])?;
    version.lines().find(|line| line.starts_with("GStreamer ")).map(str::to_owned)
}

/// What a program says, if it is there and works.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
