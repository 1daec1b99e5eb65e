//! Who is going to import an image, and what it cannot take.
//!
//! Drivers differ in how they fail: a GPU's kernel driver refuses a buffer that it cannot use, while
//! a software renderer says "success" and crashes when it draws. What was found out about each of
//! them is written down here, once, between the allocators that make buffers and the displays that
//! import them: neither has to know the other.
//!
//! The facts were measured with Mesa 25.0.7, and where it says so with 26.2.6 too.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::path::PathBuf;

use crate::dmabuf::BackingKind;
use crate::dmabuf::Bounds;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::Plane;
use crate::dmabuf::Refusal;
use crate::dmabuf::address_space;
use crate::dmabuf::exporter;
use crate::dmabuf::raster;
use crate::dmabuf::sampling;
use crate::dmabuf::trial_mapping;

/// How a driver gets at the pixels of an image that it imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImporterClass {
    /// Maps any file descriptor for reading and writing, and trusts the numbers: `llvmpipe` on the
    /// surfaceless, X11 and Wayland platforms (`swrast`). Takes memfds, udmabufs and dma-heap
    /// buffers without a copy. A read-only file descriptor cannot be mapped, and is a crash.
    MapsMemory,
    /// `llvmpipe` on a display device without 3D (`kms_swrast`): maps the "dumb" buffers of its own
    /// device. A memfd is refused; every other buffer is imported and then a crash.
    KmsSoftware,
    /// A GPU: its kernel driver looks at each buffer, and refuses what it cannot use. A memfd is
    /// always refused (`EGL_BAD_ALLOC`).
    Hardware,
}

/// Who is going to import an image: one display, as allocators need to know it.
///
/// Plain data; it holds no file descriptor and no handle of the display.
///
/// ```
/// use dmashare::dmabuf::Importer;
/// use dmashare::dmabuf::ImporterClass;
///
/// let display = Importer::from_driver_name(Some("swrast"));
/// assert_eq!(display.class(), ImporterClass::MapsMemory);
/// let display = Importer::from_driver_name(Some("kms_swrast")).on_node("/dev/dri/card0");
/// assert_eq!(display.class(), ImporterClass::KmsSoftware);
/// assert_eq!(Importer::from_driver_name(Some("iris")).class(), ImporterClass::Hardware);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Importer {
    driver: String,
    class: ImporterClass,
    node: Option<PathBuf>,
}

impl Importer {
    /// An importer by the name of its driver, which is what `eglGetDisplayDriverName` says. A name
    /// that is not known stands for a GPU, and so does none: every software renderer has one.
    #[doc(alias = "eglGetDisplayDriverName")]
    pub fn from_driver_name(name: Option<&str>) -> Self {
        let class = match name {
            Some("swrast") => ImporterClass::MapsMemory,
            Some("kms_swrast") => ImporterClass::KmsSoftware,
            _ => ImporterClass::Hardware,
        };
        Self { driver: name.unwrap_or("unnamed driver").to_owned(), class, node: None }
    }

    /// States the device that the display draws on, by one of its nodes: the primary one
    /// (`/dev/dri/card0`) for [`ImporterClass::KmsSoftware`], which alone can tell whose a buffer is,
    /// and better the render node (`/dev/dri/renderD128`) for a GPU.
    #[must_use]
    pub fn on_node(mut self, node: impl Into<PathBuf>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// The driver's name, or `unnamed driver`.
    pub fn driver(&self) -> &str {
        &self.driver
    }

    /// How the driver gets at the pixels.
    pub fn class(&self) -> ImporterClass {
        self.class
    }

    /// Whether the driver reads and writes the pixels with the CPU, so that they have to be behind
    /// the file descriptor.
    pub fn maps_memory(&self) -> bool {
        matches!(self.class, ImporterClass::MapsMemory | ImporterClass::KmsSoftware)
    }

    /// A node of the device that the display draws on, where it is known and there is one.
    pub fn node(&self) -> Option<&Path> {
        self.node.as_deref()
    }

    /// Whether the driver can be given this image to sample from. What passes may still be refused
    /// by the driver with an error, but does not make it crash.
    ///
    /// Takes no system call for [`ImporterClass::Hardware`] (but on virtio-gpu, which is asked whose
    /// the buffer is), and for
    /// [`ImporterClass::MapsMemory`] none for memfds of up to a GiB: a dma-buf is mapped and unmapped
    /// again, because not every exporter allows it. For
    /// [`ImporterClass::KmsSoftware`] the exporter of each buffer is asked of the kernel, through a
    /// file descriptor of its own on the display's device.
    ///
    /// # Errors
    /// [`Refusal`] says what the driver cannot take. The image is unchanged.
    ///
    /// Spec: measured, see [`ImporterClass`].
    pub fn accepts(&self, image: &Dmabuf) -> Result<(), Refusal> {
        // Whatever asks the kernel is a function of its own, whose room the others do not have to make.
        match self.class {
            ImporterClass::MapsMemory => self.maps(image),
            ImporterClass::KmsSoftware => self.maps_own(image),
            ImporterClass::Hardware => self.shows_what_is_in_the_buffer(image),
        }
    }

    /// Whether the driver can be given this image to draw into: as [`Importer::accepts`], and for
    /// software renderers each buffer must hold the last block of its planes as a whole (see
    /// [`DRAW_BLOCK_PIXELS`](crate::dmabuf::DRAW_BLOCK_PIXELS)), and the rows of wide pixels must be
    /// aligned.
    ///
    /// The images of this crate's own allocators are made so.
    ///
    /// # Errors
    /// As [`Importer::accepts`]; [`Refusal::NoRoomForBlocks`], [`Refusal::OverlappingRows`],
    /// [`Refusal::Misaligned`].
    pub fn accepts_as_target(&self, image: &Dmabuf) -> Result<(), Refusal> {
        self.accepts(image)?;
        if self.maps_memory() { has_room_for_blocks(image) } else { Ok(()) }
    }

    /// As [`Importer::accepts`] or, `as_target`, [`Importer::accepts_as_target`], and the kernel driver
    /// of a GPU is asked about each buffer, through a file descriptor of its own on the display's
    /// node. For choosing an allocator; an import asks the driver anyway. Without a known node nobody
    /// is asked.
    ///
    /// # Errors
    /// As those; [`Refusal::NotTaken`], [`Refusal::UnknownExporter`].
    pub fn accepts_in_kernel(&self, image: &Dmabuf, as_target: bool) -> Result<(), Refusal> {
        if as_target {
            self.accepts_as_target(image)?;
        } else {
            self.accepts(image)?;
        }
        let Some(node) = self.node.as_deref() else { return Ok(()) };
        if self.class != ImporterClass::Hardware {
            return Ok(());
        }
        let driver = || self.driver.clone();
        for fd in image.distinct_fds() {
            let is_taken = exporter::is_taken(fd, node);
            if !is_taken.map_err(|errno| Refusal::UnknownExporter { driver: driver(), errno })? {
                return Err(Refusal::NotTaken { driver: driver(), node: node.to_owned() });
            }
        }
        Ok(())
    }

    /// What a renderer needs that maps the buffers of its own device.
    #[inline(never)]
    fn maps_own(&self, image: &Dmabuf) -> Result<(), Refusal> {
        self.is_no_memfd(image)?;
        self.maps(image)?;
        image.distinct_fds().try_for_each(|fd| self.owns(fd))
    }

    /// What a renderer needs that maps whole buffers and then trusts the numbers.
    fn maps(&self, image: &Dmabuf) -> Result<(), Refusal> {
        let buffers = image.buffers();
        if image.bounds() != Bounds::Proven || !buffers.are_writable {
            return Err(self.out_of_reach(image));
        }
        self.reads_within_planes(image)?;
        if buffers.are_memfds && address_space::is_small(buffers.largest_bytes) {
            return Ok(());
        }
        self.is_mappable(image)
    }

    /// Why the bytes of an image cannot be trusted to be there, or to be mapped for writing.
    #[cold]
    fn out_of_reach(&self, image: &Dmabuf) -> Refusal {
        let driver = self.driver.clone();
        match image.bounds() {
            Bounds::Proven => Refusal::ReadOnly { driver },
            Bounds::Beginnings => Refusal::NotLinear { driver, modifier: image.modifier() },
            Bounds::KernelChecked => Refusal::OutOfReach { driver },
        }
    }

    /// Whether each buffer can be mapped, and as a whole. A memfd can, if there is room for it; of
    /// dma-bufs, those of planes that share one are tried once.
    #[inline(never)]
    fn is_mappable(&self, image: &Dmabuf) -> Result<(), Refusal> {
        let planes = image.planes();
        for (index, plane) in planes.iter().enumerate() {
            let is_other = |one: &Plane| one.identity() != plane.identity();
            if plane.backing().kind() == BackingKind::DmaBuf
                && planes.iter().take(index).all(is_other)
            {
                let driver = || self.driver.clone();
                trial_mapping::is_mappable(plane.fd()).map_err(|errno| Refusal::NotMappable {
                    driver: driver(),
                    plane: index,
                    errno,
                })?;
            }
        }
        let sizes = planes.iter().map(|plane| plane.backing().size_bytes());
        match sizes.enumerate().find(|(_, bytes)| !address_space::has_room_for(*bytes)) {
            None => Ok(()),
            Some((plane, buffer_bytes)) => {
                let driver = self.driver.clone();
                Err(Refusal::NoAddressSpace { driver, plane, buffer_bytes })
            }
        }
    }

    /// What a renderer needs that counts samples in its own way.
    fn reads_within_planes(&self, image: &Dmabuf) -> Result<(), Refusal> {
        let [least_width, least_height] = sampling::least_size(image.layout());
        if sampling::is_read_beyond_rows(image.fourcc())
            || image.width() < least_width
            || image.height() < least_height
        {
            return Err(self.misread(image));
        }
        let is_aligned =
            |plane: &Plane| raster::is_vector_aligned(plane.offset_bytes(), plane.stride_bytes());
        if image.has_whole_rows() && image.planes().iter().all(is_aligned) {
            return Ok(());
        }
        self.reads_within_rows(image)
    }

    /// Why an image is not read as what it is.
    #[cold]
    fn misread(&self, image: &Dmabuf) -> Refusal {
        let (driver, fourcc) = (self.driver.clone(), image.fourcc());
        if sampling::is_read_beyond_rows(fourcc) {
            return Refusal::Misread { driver, fourcc };
        }
        let (width, height) = (image.width(), image.height());
        let [least_width, least_height] = sampling::least_size(image.layout());
        Refusal::TooSmall { driver, fourcc, width, height, least_width, least_height }
    }

    /// What a renderer needs of rows that are not all whole and aligned for whatever it reads.
    #[cold]
    fn reads_within_rows(&self, image: &Dmabuf) -> Result<(), Refusal> {
        let shapes = image.layout().planes();
        for (index, (plane, shape)) in image.planes().iter().zip(shapes).enumerate() {
            let (offset_bytes, stride_bytes) = (plane.offset_bytes(), plane.stride_bytes());
            if !sampling::is_aligned(*shape, offset_bytes, stride_bytes) {
                return Err(Refusal::Misaligned { plane: index, offset_bytes, stride_bytes });
            }
            let buffer_bytes = plane.backing().size_bytes();
            let needed_bytes = sampling::whole_rows_bytes(*shape, image.height(), stride_bytes)
                .and_then(|bytes| bytes.checked_add(u64::from(offset_bytes)))
                .unwrap_or(u64::MAX);
            if needed_bytes > buffer_bytes {
                let driver = self.driver.clone();
                return Err(Refusal::ShortLastRow {
                    driver,
                    plane: index,
                    needed_bytes,
                    buffer_bytes,
                });
            }
        }
        Ok(())
    }

    /// virtio-gpu draws on the host, and looks at the memory of its own buffers only when it is told
    /// to: what the CPU writes there is not seen, and what is drawn does not arrive (measured with a
    /// "dumb" buffer, Mesa 25.0.7 on Linux 7.3). The image says that its pixels are in that memory.
    #[inline(never)]
    fn shows_what_is_in_the_buffer(&self, image: &Dmabuf) -> Result<(), Refusal> {
        self.is_no_memfd(image)?;
        let is_in_buffer = self.driver == exporter::VIRTIO_GPU && image.bounds() == Bounds::Proven;
        if is_in_buffer && image.distinct_fds().any(exporter::keeps_pixels_elsewhere) {
            return Err(Refusal::NotShown { driver: self.driver.clone() });
        }
        Ok(())
    }

    fn is_no_memfd(&self, image: &Dmabuf) -> Result<(), Refusal> {
        let is_memfd = |plane: &Plane| plane.backing().kind() == BackingKind::Memfd;
        match image.planes().iter().position(is_memfd) {
            None => Ok(()),
            Some(plane) => Err(Refusal::Memfd { driver: self.driver.clone(), plane }),
        }
    }

    /// What is not known to be the device's own buffer is refused.
    fn owns(&self, fd: BorrowedFd<'_>) -> Result<(), Refusal> {
        let driver = || self.driver.clone();
        let unknown = |errno| Refusal::UnknownExporter { driver: driver(), errno };
        let exporter = exporter::name(fd).map_err(unknown)?;
        let foreign = || Refusal::ForeignDevice { driver: driver(), exporter: exporter.clone() };
        if !exporter::may_be_dumb(&exporter) {
            return Err(foreign());
        }
        let node =
            self.node.as_deref().ok_or_else(|| Refusal::UnknownDevice { driver: driver() })?;
        if exporter::is_render_node(node) {
            return Err(Refusal::RenderNode { driver: driver(), node: node.to_owned() });
        }
        if exporter::is_own_buffer(fd, node).map_err(unknown)? { Ok(()) } else { Err(foreign()) }
    }
}

impl fmt::Display for Importer {
    /// `swrast`, or `kms_swrast on /dev/dri/card0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            None => f.write_str(&self.driver),
            Some(node) => write!(f, "{} on {}", self.driver, node.display()),
        }
    }
}

/// Buffers are mapped by whole pages, so the rest of the last page can be drawn into.
fn has_room_for_blocks(image: &Dmabuf) -> Result<(), Refusal> {
    let page_bytes = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
    let shapes = image.layout().planes();
    let size = [image.width(), image.height()];
    for (index, (plane, shape)) in image.planes().iter().zip(shapes).enumerate() {
        let (offset_bytes, stride_bytes) = (plane.offset_bytes(), plane.stride_bytes());
        if !raster::is_aligned(*shape, offset_bytes, stride_bytes) {
            return Err(Refusal::Misaligned { plane: index, offset_bytes, stride_bytes });
        }
        let row_bytes = raster::drawn_row_bytes(*shape, image.width()).unwrap_or(u64::MAX);
        if row_bytes > u64::from(stride_bytes) {
            let needed_bytes = row_bytes;
            return Err(Refusal::OverlappingRows { plane: index, needed_bytes, stride_bytes });
        }
        let buffer_bytes = plane.backing().size_bytes();
        let mapped_bytes = buffer_bytes.div_ceil(page_bytes).saturating_mul(page_bytes);
        let needed_bytes = raster::drawn_bytes(*shape, size, stride_bytes)
            .and_then(|bytes| bytes.checked_add(u64::from(offset_bytes)))
            .unwrap_or(u64::MAX);
        if needed_bytes > mapped_bytes {
            return Err(Refusal::NoRoomForBlocks { plane: index, needed_bytes, buffer_bytes });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
