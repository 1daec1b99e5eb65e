#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! `dmashare doctor` tells the truth about the machine that it runs on.

mod common;

use std::path::Path;
use std::process::Command;

use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Gbm;
use dmashare::dmabuf::ImporterClass;
use dmashare::egl::Display;
use serde_json::Value;

use common::compositor::Compositor;
use common::renderer::Renderer;
use common::tool;
use common::x_server::XServer;

/// The entry of a list that has this name.
fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let entries = list.as_array().expect("a list");
    let entry = entries.iter().find(|entry| entry["name"] == name);
    entry.unwrap_or_else(|| panic!("{name} is not in {list}"))
}

#[test]
fn memfd_on_the_software_display_works_and_every_pixel_was_compared() {
    let report = tool::json(&["doctor", "--json"]);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["works"], true);
    let verdict = report["verdict"].as_str().unwrap();
    assert!(verdict.starts_with("This machine shares images without a copy"), "{verdict}");
    assert!(named(&report["allocators"], "memfd")["problem"].is_null());
    let display = tool::software_display();
    assert_memfd_works_on(&report, &display);
}

/// GL sees what GL drew, the CPU what GL drew, and GL what the CPU wrote.
fn assert_memfd_works_on(report: &Value, display: &str) {
    let mut cells = report["matrix"].as_array().unwrap().iter();
    let cell = cells.find(|cell| cell["allocator"] == "memfd" && cell["display"] == display);
    let cell = cell.unwrap_or_else(|| panic!("{display} is not in {report}"));
    assert_eq!((&cell["outcome"], &cell["problem"]), (&Value::from("works"), &Value::Null));
    for way in ["gl", "cpu_read", "cpu_write"] {
        assert_eq!(cell["trial"][way]["pixels"], 256 * 256, "{cell}");
        assert_eq!(cell["trial"][way]["differing"], 0, "{cell}");
    }
}

fn report_of(mut command: Command) -> Value {
    let output = command.args(["doctor", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", tool::stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Mesa imports on the X11 platform only if the server has DRI3, which Xvfb has in some versions.
#[test]
fn x11_display_of_an_x_server_works_or_is_said_to_import_nothing() {
    let server = XServer::start([320, 240], [0, 0, 0]);
    let mut command = tool::command();
    command.env("DISPLAY", server.display());
    let report = report_of(command);
    let entry = named(&report["displays"], "x11");
    assert!(entry["problem"].is_null());
    if entry["facts"]["extensions"]["EGL_EXT_image_dma_buf_import"] == true {
        assert_memfd_works_on(&report, "x11");
        return;
    }
    let why = &entry["facts"]["cannot_import"];
    assert!(why["cause"].as_str().unwrap().contains("DRI3") && why["next_step"].is_string());
    let mut cells = report["matrix"].as_array().unwrap().iter();
    let cell = cells.find(|cell| cell["display"] == "x11").unwrap();
    assert_eq!((&cell["outcome"], &cell["problem"]), (&Value::from("refused"), why));
}

#[test]
fn wayland_display_of_a_compositor_works() {
    let compositor = Compositor::start([320, 240], 1);
    let mut command = tool::command();
    compositor.apply(&mut command);
    let report = report_of(command);
    assert!(named(&report["displays"], "wayland")["problem"].is_null());
    assert_memfd_works_on(&report, "wayland");
}

#[test]
fn display_says_what_the_library_says() {
    let report = tool::json(&["doctor", "--json"]);
    let renderer = Renderer::new();
    let name = tool::software_display();
    let facts = &named(&report["displays"], &name)["facts"];
    assert_eq!(facts["gl_renderer"], renderer.gl.renderer());
    assert_eq!(facts["gl_version"], renderer.gl.version());
    assert_eq!(facts["driver"], "swrast");
    assert_eq!(facts["class"], "maps-memory");
    assert!(facts["cannot_import"].is_null());
    for (extension, is_there) in facts["extensions"].as_object().unwrap() {
        if extension.starts_with("EGL_") {
            let expected = renderer.display.extensions().contains(extension);
            assert_eq!(is_there, expected, "{extension}");
        }
    }
    assert_eq!(facts["extensions"]["EGL_EXT_image_dma_buf_import"], true);
    assert_eq!(facts["extensions"]["GL_OES_EGL_image"], true);
}

#[test]
fn device_files_that_are_missing_are_named_with_the_next_step() {
    let report = tool::json(&["doctor", "--json"]);
    let files = [
        (AllocatorKind::Udmabuf, "/dev/udmabuf", "udmabuf"),
        (AllocatorKind::DmaHeap, "/dev/dma_heap/system", "CONFIG_DMABUF_HEAPS"),
    ];
    for (kind, file, step) in files {
        let problem = &named(&report["allocators"], kind.name())["problem"];
        if Path::new(file).exists() {
            continue;
        }
        assert_eq!(problem["cause"], format!("{file} is missing"));
        assert!(problem["next_step"].as_str().unwrap().contains(step), "{problem}");
    }
    let nodes = Gbm::nodes();
    assert_eq!(report["drm_nodes"].as_array().unwrap().len(), nodes.len());
    if nodes.is_empty() {
        let problem = &named(&report["allocators"], "gbm")["problem"];
        assert_eq!(problem["cause"], "/dev/dri has no node");
    }
}

#[test]
fn displays_without_a_server_say_which_variable_is_not_set() {
    let report = tool::json(&["doctor", "--json"]);
    for (name, variable) in [("x11", "DISPLAY"), ("wayland", "WAYLAND_DISPLAY")] {
        let entry = named(&report["displays"], name);
        assert!(entry["facts"].is_null());
        assert_eq!(entry["problem"]["cause"], format!("{variable} is not set"));
        assert!(entry["problem"]["next_step"].is_string());
    }
}

#[test]
fn server_that_does_not_answer_is_no_end_of_the_report() {
    let mut command = tool::command();
    command.env("DISPLAY", ":987").env("WAYLAND_DISPLAY", "no-compositor-987");
    let report = report_of(command);
    for name in ["x11", "wayland"] {
        let problem = &named(&report["displays"], name)["problem"];
        let cause = problem["cause"].as_str().unwrap();
        assert!(cause.contains("eglInitialize failed"), "{cause}");
        assert!(problem["next_step"].as_str().unwrap().starts_with("check that"), "{problem}");
    }
}

#[test]
fn table_has_a_line_for_each_allocator_and_ends_with_the_verdict() {
    let output = tool::run(&["doctor"]);
    assert_eq!(output.status.code(), Some(0));
    let text = tool::stdout(&output);
    for title in ["Displays", "Extensions", "Allocators", "DRM nodes"] {
        assert!(text.lines().any(|line| line == title), "{text}");
    }
    assert!(text.lines().any(|line| line.split_whitespace().eq(["memfd", "yes"])), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("This machine shares images without a copy: "), "{text}");
    if Display::surfaceless().unwrap().importer().class() == ImporterClass::MapsMemory {
        assert!(last.contains("memfd on surfaceless"), "{text}");
    }
    if !Path::new("/dev/udmabuf").exists() {
        let line = "  udmabuf: /dev/udmabuf is missing -> modprobe udmabuf";
        assert!(text.lines().any(|one| one.starts_with(line)), "{text}");
    }
}
