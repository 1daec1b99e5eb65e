//! All that makes buffers on a machine.

use std::fmt;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::path::PathBuf;

use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Gbm;
use dmashare::allocator::Request;
use dmashare::allocator::probe;
use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;
use dmashare::format::Usage;
use dmashare::gl::Gl;
use dmashare::gl::PixelType;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;
use drm::buffer::Buffer;
use drm::control::Device as _;

use crate::displays::DisplayName;
use crate::uses::SIZE;

pub(crate) enum Source {
    Plain(AllocatorKind),
    Gbm(PathBuf),
    /// `DRM_IOCTL_MODE_CREATE_DUMB`.
    Dumb(PathBuf),
    /// A texture of a display.
    Texture(DisplayName),
}

/// The name of the driver behind a node.
pub(crate) fn driver(node: impl AsRef<Path>) -> String {
    Gbm::open(node).unwrap().driver().to_owned()
}

impl Source {
    pub(crate) fn all() -> Vec<Self> {
        let plain = [AllocatorKind::Memfd, AllocatorKind::Udmabuf, AllocatorKind::DmaHeap];
        let is_primary = |node: &PathBuf| node.to_string_lossy().contains("card");
        plain
            .into_iter()
            .map(Self::Plain)
            .chain(Gbm::nodes().into_iter().map(Self::Gbm))
            .chain(Gbm::nodes().into_iter().filter(is_primary).map(Self::Dumb))
            .chain(DisplayName::all().into_iter().map(Self::Texture))
            .collect()
    }

    /// An image for a display, in a way that the display lists.
    pub(crate) fn make(&self, display: &Display) -> Result<Dmabuf, String> {
        let modifiers = display.formats().render().modifiers_of(Fourcc::ARGB8888);
        let request = Request::new(SIZE[0], SIZE[1], Fourcc::ARGB8888)
            .modifiers(modifiers)
            .usage(Usage::Render)
            .usage(Usage::Sample);
        match self {
            Self::Plain(kind) => allocate(probe(*kind).unwrap().as_ref(), &request),
            Self::Gbm(node) => allocate(&Gbm::open(node).unwrap(), &request),
            Self::Dumb(node) => Ok(dumb(node)),
            Self::Texture(name) => texture(name),
        }
    }
}

fn allocate(allocator: &dyn Allocator, request: &Request) -> Result<Dmabuf, String> {
    allocator.allocate(request).map_err(|error| error.to_string())
}

/// An open node, for the crate `drm`.
struct Node(File);

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl drm::Device for Node {}
impl drm::control::Device for Node {}

/// Without the crate's own way to make one.
fn dumb(node: &Path) -> Dmabuf {
    let node = Node(File::options().read(true).write(true).open(node).unwrap());
    let format = drm::buffer::DrmFourcc::Argb8888;
    let buffer = node.create_dumb_buffer((SIZE[0], SIZE[1]), format, 32).unwrap();
    let flags = drm::CLOEXEC | drm::RDWR;
    let fd = node.buffer_to_prime_fd(buffer.handle(), flags).unwrap();
    let claim = Descriptor::packed(SIZE, Fourcc::ARGB8888, fd, buffer.pitch());
    node.destroy_dumb_buffer(buffer).unwrap();
    Dmabuf::new(claim).unwrap()
}

/// The display is closed again: the image outlives it.
fn texture(name: &DisplayName) -> Result<Dmabuf, String> {
    let display = name.open()?;
    let context = Context::new(&display).map_err(|error| error.to_string())?;
    context.make_current().unwrap();
    let gl = Gl::new(&context).unwrap();
    let texture = Texture::<TwoD>::new(&gl, SIZE, PixelType::Rgba8).unwrap();
    let image = texture.to_image().map_err(|error| error.to_string())?;
    let exported = image.export().map_err(|error| error.to_string())?;
    assert!(exported.modifier() == Modifier::LINEAR || exported.modifier() == Modifier::Implicit);
    Ok(exported)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(kind) => write!(f, "{kind}"),
            Self::Gbm(node) => write!(f, "gbm:{}", node.display()),
            Self::Dumb(node) => write!(f, "dumb:{}", node.display()),
            Self::Texture(name) => write!(f, "texture:{name}"),
        }
    }
}
