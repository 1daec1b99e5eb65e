//! The layer table of ARCHITECTURE.md holds: a module imports only from the modules below it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation is how a test fails")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Each module with the modules that it may import from.
const LAYERS: [(&str, &[&str]); 12] = [
    ("format", &[]),
    ("dmabuf", &["format"]),
    ("device", &["format", "dmabuf"]),
    ("sync", &["dmabuf", "device"]),
    ("allocator", &["format", "dmabuf", "device"]),
    ("egl", &["format", "dmabuf", "sync"]),
    ("ipc", &["format", "dmabuf", "sync"]),
    ("kms", &["format", "dmabuf", "device", "sync"]),
    ("v4l2", &["format", "dmabuf"]),
    ("gl", &["format", "dmabuf", "egl", "sync"]),
    ("stream", &["format", "dmabuf", "sync", "allocator", "ipc"]),
    ("present", &["format", "dmabuf", "device", "sync", "allocator", "egl", "kms", "gl"]),
];

/// Module names that say nothing about what is in them.
const REFUSED_NAMES: [&str; 5] = ["utils", "common", "types", "helpers", "prelude"];

#[test]
fn every_import_goes_down_the_layers() {
    let mut faults = Vec::new();
    for file in sources(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            if let Some(fault) = fault_of(&file, line) {
                faults.push(format!("{}:{}: {fault}", file.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_module_is_in_the_table_and_has_a_telling_name() {
    for file in sources(Path::new("src")) {
        let module = module_of(&file);
        let known = LAYERS.iter().any(|(name, _)| Some(*name) == module.as_deref());
        let is_root = matches!(module.as_deref(), Some("lib.rs" | "bin"));
        assert!(known || is_root, "{} is in no layer", file.display());
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !REFUSED_NAMES.contains(&stem.as_str()),
            "{}: a name that says nothing",
            file.display()
        );
    }
}

#[test]
fn imports_that_hide_or_climb_are_found() {
    let file = Path::new("src/dmabuf/map.rs");
    assert_eq!(fault_of(file, "use crate::format::Fourcc;"), None);
    assert_eq!(fault_of(file, "/// see [`crate::egl::Image`]"), None);
    let fault = fault_of(file, "    let image = crate::egl::Image::import();");
    assert_eq!(fault.as_deref(), Some("dmabuf must not use egl"));
    assert!(fault_of(file, "use crate::{format, egl};").is_some());
    assert!(fault_of(file, "use super::super::egl::Image;").is_some());
}

fn fault_of(file: &Path, line: &str) -> Option<String> {
    let code = line.trim_start();
    if code.starts_with("//") {
        return None;
    }
    let module = module_of(file)?;
    let allowed = LAYERS.iter().find(|(name, _)| *name == module)?.1;
    if code.contains("crate::{") || code.contains("super::super") || code.contains("crate::*") {
        return Some("an import that hides what it imports".to_owned());
    }
    let used = code.split("crate::").skip(1).map(|rest| {
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
    });
    let climbing = |name: &&str| *name != module && LAYERS.iter().any(|(known, _)| known == name);
    let fault = used.filter(climbing).find(|name| !allowed.contains(name))?;
    Some(format!("{module} must not use {fault}"))
}

/// `dmabuf` for `src/dmabuf/map.rs`.
fn module_of(file: &Path) -> Option<String> {
    let mut parts = file.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    parts.find(|part| part == "src")?;
    parts.next()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
