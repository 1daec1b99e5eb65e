#![allow(unsafe_code, reason = "compiles shaders without the crate's programs around them")]
//! Every file in `shaders/` compiles on the driver at hand, and is used.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed expectation is how a test fails"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::picture::xor_pattern;
use common::renderer::Renderer;
use dmashare::gl::PixelType;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use glow::HasContext;

/// The names and the text of all shaders.
fn shaders() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let named = files.map(|file| file.unwrap().path()).map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, read(&path))
    });
    named.collect()
}

/// The kind of shader that a file's name says it is.
fn kind(name: &str) -> u32 {
    match name.rsplit_once('.') {
        Some((_, "vert")) => glow::VERTEX_SHADER,
        Some((_, "frag")) => glow::FRAGMENT_SHADER,
        _ => panic!("{name}: a shader is a .vert or a .frag"),
    }
}

#[test]
fn every_shader_compiles() {
    let renderer = Renderer::new();
    let gl = renderer.gl.glow();
    for (name, source) in shaders() {
        // SAFETY: the renderer's context is current on this thread, here and below.
        let shader = unsafe { gl.create_shader(kind(&name)) }.unwrap();
        // SAFETY: as above.
        unsafe { gl.shader_source(shader, &source) };
        // SAFETY: as above.
        unsafe { gl.compile_shader(shader) };
        // SAFETY: as above.
        let compiled = unsafe { gl.get_shader_compile_status(shader) };
        // SAFETY: as above.
        let log = unsafe { gl.get_shader_info_log(shader) };
        assert!(compiled && log.is_empty(), "{name}: {log}");
        // SAFETY: as above.
        unsafe { gl.delete_shader(shader) };
    }
}

#[test]
fn every_fragment_shader_links_with_the_vertex_shader_of_the_crate() {
    let renderer = Renderer::new();
    for (name, source) in shaders().iter().filter(|(name, _)| kind(name) == glow::FRAGMENT_SHADER) {
        let program = Program::<TwoD>::new(&renderer.gl, source);
        assert!(program.is_ok(), "{name}: {program:?}");
    }
}

#[test]
fn uniform_moves_the_pattern() {
    let renderer = Renderer::new();
    let program = Program::xor_pattern(&renderer.gl).unwrap();
    assert!(program.uniform("no_such_number").unwrap().is_none());
    let shift = program.uniform("shift").unwrap().expect("a number of the pattern");
    let texture = Texture::<TwoD>::new(&renderer.gl, [16, 8], PixelType::Rgba8).unwrap();
    let target = RenderTarget::new(&texture).unwrap();
    for moved in [0_u8, 5, 200, 0] {
        shift.set(f32::from(moved)).unwrap();
        target.fill(&program).unwrap();
        let seen = target.read_rgba8().unwrap();
        let (pixels, _) = seen.as_chunks::<4>();
        for (pixel, place) in pixels.iter().zip(0..) {
            let [red, green, blue] = xor_pattern(place % 16 + u32::from(moved), place / 16);
            assert_eq!(pixel, &[red, green, blue, 255], "moved by {moved}");
        }
    }
}

#[test]
fn every_shader_is_used() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gl/program.rs");
    let programs = fs::read_to_string(programs).unwrap();
    let shaders = shaders();
    for name in shaders.keys() {
        assert!(programs.contains(&format!("include_str!(\"../../shaders/{name}\")")), "{name}");
    }
    assert_eq!(programs.matches("include_str!").count(), shaders.len());
}

#[test]
fn every_shader_begins_with_its_version_and_says_what_it_does() {
    for (name, source) in shaders() {
        let mut lines = source.lines().filter(|line| !line.starts_with("#extension"));
        assert_eq!(lines.next(), Some("#version 100"), "{name}");
        assert!(lines.next().is_some_and(|line| line.starts_with("// ")), "{name}");
    }
}
