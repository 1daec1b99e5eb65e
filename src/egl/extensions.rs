//! The extensions of a display, parsed once.

use std::ffi::CStr;

/// A set of extension names.
///
/// Only this string says what a driver can do: `eglGetProcAddress` hands out pointers for functions
/// that the driver does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    names: Vec<Box<str>>,
}

impl Extensions {
    /// Reads the string of `eglQueryString(EGL_EXTENSIONS)`: names between blanks.
    pub fn parse(text: &CStr) -> Self {
        let text = text.to_string_lossy();
        let mut names: Vec<Box<str>> = text.split_ascii_whitespace().map(Box::from).collect();
        names.sort_unstable();
        names.dedup();
        Self { names }
    }

    /// Whether an extension is listed.
    pub fn contains(&self, name: &str) -> bool {
        self.names.binary_search_by(|known| known.as_ref().cmp(name)).is_ok()
    }

    /// All names in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whole_and_once() {
        let extensions = Extensions::parse(c" EGL_KHR_image_base EGL_KHR_image EGL_KHR_image  ");
        assert!(extensions.contains("EGL_KHR_image"));
        assert!(!extensions.contains("EGL_KHR_imag"));
        assert!(!extensions.contains(""));
        assert_eq!(extensions.iter().collect::<Vec<_>>(), ["EGL_KHR_image", "EGL_KHR_image_base"]);
    }
}
