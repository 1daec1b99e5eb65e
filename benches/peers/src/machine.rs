//! What the numbers were measured with.

use std::fs;
use std::process::Command;

use dmashare::egl::Context;
use dmashare::gl::Gl;

use crate::rows;

/// The machine and the versions, as lines of a table.
pub(crate) fn describe() -> Vec<(String, String)> {
    let pairs = [
        ("processor", processor()),
        ("kernel", read("/proc/sys/kernel/osrelease")),
        ("system", os()),
        ("renderer", renderer()),
        ("compiler", answer("rustc", &["--version"])),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
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

fn answer(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
