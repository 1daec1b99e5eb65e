//! All displays that need no window system.

use std::fmt;
use std::path::PathBuf;

use dmashare::allocator::Gbm;
use dmashare::egl::Device;
use dmashare::egl::Display;

pub(crate) enum DisplayName {
    Surfaceless,
    Device(usize),
    Gbm(PathBuf),
}

impl DisplayName {
    pub(crate) fn all() -> Vec<Self> {
        let devices = Device::all().unwrap().len();
        std::iter::once(Self::Surfaceless)
            .chain((0..devices).map(Self::Device))
            .chain(Gbm::nodes().into_iter().map(Self::Gbm))
            .collect()
    }

    /// The software device of EGL's list.
    pub(crate) fn software() -> Self {
        Self::Device(Device::all().unwrap().iter().position(Device::is_software).unwrap())
    }

    pub(crate) fn open(&self) -> Result<Display, String> {
        let display = match self {
            Self::Surfaceless => Display::surfaceless(),
            Self::Device(index) => Display::on_device(&Device::all().unwrap()[*index]),
            Self::Gbm(node) => Display::gbm(node),
        };
        display.map_err(|error| error.to_string())
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Surfaceless => f.write_str("surfaceless"),
            Self::Device(index) => write!(f, "device:{index}"),
            Self::Gbm(node) => write!(f, "gbm:{}", node.display()),
        }
    }
}
