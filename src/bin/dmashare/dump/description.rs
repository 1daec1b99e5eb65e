//! What arrived, in the shape in which `--json` prints it, and for humans.

use std::io;
use std::io::Write;
use std::path::PathBuf;

use comfy_table::Cell;
use dmashare::dmabuf::BackingKind;
use dmashare::dmabuf::Bounds;
use dmashare::dmabuf::Dmabuf;
use dmashare::dmabuf::Plane;
use png::BitDepth;
use serde::Serialize;

use crate::dump::picture::Written;
use crate::finding::Finding;
use crate::screen::Screen;

/// An image that was received, and what became of it. The names of the fields are stable within one
/// `schema`; fields may be added to it.
#[derive(Debug, Serialize)]
pub(in crate::dump) struct Description {
    /// The version of the shape: 1.
    schema: u32,
    /// Width in pixels.
    width: u32,
    /// Height in pixels.
    height: u32,
    /// `AR24`.
    fourcc: String,
    /// The kernel's name (`ARGB8888`).
    name: Option<&'static str>,
    /// `LINEAR`, or another tiling.
    modifier: String,
    /// How far the planes are known to fit their buffers: `proven`, `beginnings` or
    /// `kernel-checked`.
    bounds: &'static str,
    /// Where the pixels are.
    planes: Vec<PlaneDescription>,
    /// Whether a fence came with it, which was waited for.
    fence: bool,
    /// `gl` or `cpu`.
    read_by: &'static str,
    /// `GL_RENDERER`, if GL sampled it.
    gl_renderer: Option<String>,
    /// Why GL did not.
    not_by_gl: Option<Finding>,
    /// Bits per channel in the pictures: 8 or 16.
    depth_bits: u8,
    /// The files that were written.
    pictures: Vec<PathBuf>,
}

/// One plane.
#[derive(Debug, Serialize)]
struct PlaneDescription {
    /// `dma-buf` or `memfd`.
    kind: &'static str,
    /// The inode of the buffer.
    inode: u64,
    /// Bytes in the buffer.
    size_bytes: u64,
    /// Bytes to the first row.
    offset_bytes: u32,
    /// Bytes from row to row.
    stride_bytes: u32,
}

impl Description {
    pub(in crate::dump) fn of(image: &Dmabuf, fence: bool, written: Written) -> Self {
        Self {
            schema: 1,
            width: image.width(),
            height: image.height(),
            fourcc: image.fourcc().to_string(),
            name: image.fourcc().name(),
            modifier: image.modifier().to_string(),
            bounds: match image.bounds() {
                Bounds::Proven => "proven",
                Bounds::Beginnings => "beginnings",
                Bounds::KernelChecked => "kernel-checked",
            },
            planes: image.planes().iter().map(PlaneDescription::of).collect(),
            fence,
            read_by: if written.gl_renderer.is_some() { "gl" } else { "cpu" },
            gl_renderer: written.gl_renderer,
            not_by_gl: written.not_by_gl,
            depth_bits: if written.depth == BitDepth::Sixteen { 16 } else { 8 },
            pictures: written.pictures,
        }
    }

    /// A table, and the files in lines of their own at the end.
    pub(in crate::dump) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Screen::new().table([]);
        let mut row = |title: &str, value: String| {
            table.add_row([Cell::new(title), Cell::new(value)]);
        };
        let name = self.name.unwrap_or("not known");
        row("image", format!("{}x{} {} ({name})", self.width, self.height, self.fourcc));
        row("modifier", self.modifier.clone());
        for (index, plane) in self.planes.iter().enumerate() {
            let PlaneDescription { kind, inode, size_bytes, offset_bytes, stride_bytes } = plane;
            let buffer = format!("{kind} of {size_bytes} bytes, inode {inode}");
            let text = format!("offset {offset_bytes}, stride {stride_bytes} bytes in a {buffer}");
            row(&format!("plane {index}"), text);
        }
        row("bounds", self.bounds.to_owned());
        let fence = if self.fence { "came with it, and has signalled" } else { "none needed" };
        row("fence", fence.to_owned());
        match &self.gl_renderer {
            Some(renderer) => row("read by", format!("GL, {renderer}")),
            None => row("read by", String::from("the CPU")),
        }
        if let Some(finding) = &self.not_by_gl {
            row("not by GL", finding.to_string());
        }
        if self.pictures.len() > 1 {
            row("pictures", String::from("one for each plane, one grey pixel for each byte"));
        }
        row("depth", format!("{} bits per channel", self.depth_bits));
        writeln!(out, "{}", table.trim_fmt())?;
        self.pictures.iter().try_for_each(|file| writeln!(out, "{}", file.display()))
    }
}

impl PlaneDescription {
    fn of(plane: &Plane) -> Self {
        Self {
            kind: match plane.backing().kind() {
                BackingKind::DmaBuf => "dma-buf",
                _ => "memfd",
            },
            inode: plane.identity().inode(),
            size_bytes: plane.backing().size_bytes(),
            offset_bytes: plane.offset_bytes(),
            stride_bytes: plane.stride_bytes(),
        }
    }
}
