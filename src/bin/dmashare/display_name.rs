//! The displays as they are named on the command line.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use dmashare::egl::Device;
use dmashare::egl::Display;
use serde::Deserialize;
use serde::Serialize;

use crate::failure::Attempt;
use crate::failure::Failure;

/// `surfaceless`, `device:N`, `gbm:PATH`, `x11` or `wayland`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum DisplayName {
    /// No window system and no device.
    Surfaceless,
    /// One of EGL's own list, counted from 0.
    Device(usize),
    /// GBM on a DRM node.
    Gbm(PathBuf),
    /// The X server of `DISPLAY`.
    X11,
    /// The compositor of `WAYLAND_DISPLAY`.
    Wayland,
}

impl DisplayName {
    pub(crate) fn open(&self) -> Result<Display, Failure> {
        let attempt = || format!("the display `{self}` cannot be opened");
        match self {
            Self::Surfaceless => Display::surfaceless().attempt(attempt()),
            Self::Device(index) => Display::on_device(&device(*index)?).attempt(attempt()),
            Self::Gbm(node) => Display::gbm(node).attempt(attempt()),
            Self::X11 => Display::x11().attempt(attempt()),
            Self::Wayland => Display::wayland().attempt(attempt()),
        }
    }
}

fn device(index: usize) -> Result<Device, Failure> {
    let devices = Device::all().attempt("the devices of EGL cannot be listed")?;
    let count = devices.len();
    devices.into_iter().nth(index).ok_or_else(|| {
        Failure::new(format!("there is no device {index}: EGL lists {count}"))
            .advise("dmashare doctor lists them")
    })
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Surfaceless => f.write_str("surfaceless"),
            Self::Device(index) => write!(f, "device:{index}"),
            Self::Gbm(node) => write!(f, "gbm:{}", node.display()),
            Self::X11 => f.write_str("x11"),
            Self::Wayland => f.write_str("wayland"),
        }
    }
}

/// The text is no display's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no display: expected surfaceless, device:N, gbm:PATH, x11 or wayland")]
pub(crate) struct ParseDisplayNameError {
    text: String,
}

impl FromStr for DisplayName {
    type Err = ParseDisplayNameError;

    fn from_str(text: &str) -> Result<Self, ParseDisplayNameError> {
        let refused = || ParseDisplayNameError { text: text.to_owned() };
        match text.split_once(':') {
            None if text == "surfaceless" => Ok(Self::Surfaceless),
            None if text == "x11" => Ok(Self::X11),
            None if text == "wayland" => Ok(Self::Wayland),
            Some(("device", index)) => index.parse().map(Self::Device).map_err(|_what| refused()),
            Some(("gbm", path)) if !path.is_empty() => Ok(Self::Gbm(Path::new(path).to_owned())),
            _ => Err(refused()),
        }
    }
}

impl TryFrom<String> for DisplayName {
    type Error = ParseDisplayNameError;

    fn try_from(text: String) -> Result<Self, ParseDisplayNameError> {
        text.parse()
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for text in ["surfaceless", "device:3", "gbm:/dev/dri/card0", "x11", "wayland"] {
            assert_eq!(text.parse::<DisplayName>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "gbm", "gbm:", "device", "device:-1", "device:x", "surfaceless:", "X11"] {
            assert!(text.parse::<DisplayName>().is_err(), "{text}");
        }
    }
}
