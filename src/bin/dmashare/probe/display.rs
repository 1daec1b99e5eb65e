//! What a display can do.

use std::collections::BTreeMap;

use dmashare::dmabuf::ImporterClass;
use dmashare::egl::Display;
use dmashare::egl::Platform;
use dmashare::format::FormatSet;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use glow::HasContext;
use serde::Deserialize;
use serde::Serialize;

use crate::advice;
use crate::display_name::DisplayName;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::renderer::Renderer;

/// The extensions that sharing images depends on, as the display or its context lists them.
pub(crate) const EXTENSIONS: [&str; 13] = [
    "EGL_EXT_image_dma_buf_import",
    "EGL_EXT_image_dma_buf_import_modifiers",
    "EGL_MESA_image_dma_buf_export",
    "EGL_KHR_gl_texture_2D_image",
    "EGL_KHR_fence_sync",
    "EGL_KHR_wait_sync",
    "EGL_ANDROID_native_fence_sync",
    "EGL_KHR_surfaceless_context",
    "EGL_KHR_no_config_context",
    "EGL_MESA_query_driver",
    "GL_OES_EGL_image",
    "GL_OES_EGL_image_external",
    "GL_EXT_color_buffer_float",
];

/// What a display said when it was asked. Part of what `doctor --json` prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DisplayFacts {
    /// The driver (`swrast`, `iris`), where it tells its name.
    pub(crate) driver: Option<String>,
    /// How it gets at pixels: `maps-memory`, `kms-software` or `hardware`.
    pub(crate) class: String,
    /// A DRM node that it draws on, where there is one.
    pub(crate) node: Option<String>,
    /// The version of EGL (`1.5`).
    pub(crate) egl_version: String,
    /// `GL_RENDERER`.
    pub(crate) gl_renderer: String,
    /// `GL_VERSION`.
    pub(crate) gl_version: String,
    /// For each extension whether it is there.
    pub(crate) extensions: BTreeMap<String, bool>,
    /// Why images cannot be imported; `null` if they can.
    pub(crate) cannot_import: Option<Finding>,
}

/// A format with a modifier, as the driver lists it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Advertised {
    /// The number of the format.
    pub(crate) fourcc: u32,
    /// The number of the modifier.
    pub(crate) modifier: u64,
    /// Whether it is for external textures alone.
    pub(crate) external_only: bool,
}

pub(in crate::probe) fn facts(name: &DisplayName) -> Result<DisplayFacts, Failure> {
    let renderer = Renderer::open(name)?;
    let (display, gl) = (renderer.display(), renderer.gl());
    let has = |extension: &str| {
        display.extensions().contains(extension)
            || gl.glow().supported_extensions().contains(extension)
    };
    Ok(DisplayFacts {
        driver: display.driver_name().map(str::to_owned),
        class: class(display.importer().class()).to_owned(),
        node: display.importer().node().map(|node| node.display().to_string()),
        egl_version: display.version().to_owned(),
        gl_renderer: gl.renderer().to_owned(),
        gl_version: gl.version().to_owned(),
        extensions: EXTENSIONS.iter().map(|name| ((*name).to_owned(), has(name))).collect(),
        cannot_import: cannot_import(display, gl.version()),
    })
}

/// The pairs that a display lists for import.
pub(in crate::probe) fn formats(name: &DisplayName) -> Result<Vec<Advertised>, Failure> {
    let display = name.open()?;
    let formats = display.formats();
    Ok(advertised(formats.sample(), |fourcc| formats.takes_modifiers(fourcc)))
}

const fn class(class: ImporterClass) -> &'static str {
    match class {
        ImporterClass::MapsMemory => "maps-memory",
        ImporterClass::KmsSoftware => "kms-software",
        _ => "hardware",
    }
}

fn cannot_import(display: &Display, gl_version: &str) -> Option<Finding> {
    if display.imports_dma_bufs() {
        return None;
    }
    let old = advice::mesa_version(gl_version).filter(|version| *version < advice::MESA_NEEDED);
    Some(match old {
        Some([major, minor, patch]) if display.importer().maps_memory() => {
            let needed = advice::MESA_NEEDED.map(|number| number.to_string()).join(".");
            Finding::new(
                format!("Mesa {major}.{minor}.{patch} cannot import: {needed} or later can"),
                advice::newer_mesa(),
            )
        }
        _ if display.platform() == Platform::X11 => Finding::new(
            "the driver does not import on this X server, as Mesa does not without DRI3",
            "take an X server on a GPU, or the display `surfaceless`",
        ),
        _ => Finding::cause("the driver does not have EGL_EXT_image_dma_buf_import"),
    })
}

/// The pairs that the driver names. That it takes buffers without a modifier is worth a line where
/// it names no modifier at all.
fn advertised(set: &FormatSet, takes_modifiers: impl Fn(Fourcc) -> bool) -> Vec<Advertised> {
    set.entries()
        .filter(|entry| (entry.modifier != Modifier::Implicit) == takes_modifiers(entry.fourcc))
        .map(|entry| Advertised {
            fourcc: entry.fourcc.0,
            modifier: entry.modifier.to_raw(),
            external_only: entry.external_only,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use dmashare::format::Entry;

    use super::*;

    #[test]
    fn implicit_is_listed_only_where_no_modifier_is() {
        let set: FormatSet = [
            Entry::new(Fourcc::ARGB8888, Modifier::LINEAR),
            Entry::new(Fourcc::ARGB8888, Modifier::Implicit),
            Entry::external_only(Fourcc::NV12, Modifier::Implicit),
            Entry::external_only(Fourcc::NV12, Modifier::LINEAR),
        ]
        .into_iter()
        .collect();
        let pairs: Vec<_> = advertised(&set, |fourcc| fourcc != Fourcc::NV12)
            .iter()
            .map(|pair| (pair.fourcc, pair.modifier))
            .collect();
        let implicit = Modifier::Implicit.to_raw();
        assert_eq!(pairs, [(Fourcc::ARGB8888.0, 0), (Fourcc::NV12.0, implicit)]);
    }
}
