//! The options that the kernel must have.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::repository;

/// Where the options are in the checkout.
const FILE: &str = "xtask/lab/kernel.config";

/// A list of options in the form that `merge_config.sh` takes.
#[derive(Debug)]
pub(super) struct Fragment {
    text: String,
}

impl Fragment {
    /// Reads the checkout's own.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read() -> Result<Self> {
        let file = Self::file();
        Ok(Self::parse(&fs::read_to_string(&file).with_context(|| file.display().to_string())?))
    }

    /// Where it is.
    pub(super) fn file() -> PathBuf {
        repository::root().join(FILE)
    }

    pub(super) fn parse(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// A name for exactly these options; a change of the words around them keeps it.
    pub(super) fn key(&self) -> String {
        // FNV-1a, because the hashes of the standard library may change with it.
        let bytes = self.options().flat_map(|line| line.bytes().chain([b'\n']));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{hash:016x}")
    }

    /// Compares with the complete list of options that the kernel's own tools made of it. They
    /// drop without a word what another option rules out, or what the version no longer has.
    ///
    /// # Errors
    /// Names every option that was dropped.
    pub(super) fn verify(&self, config: &str) -> Result<()> {
        let dropped: Vec<_> = self.options().filter(|option| !holds(config, option)).collect();
        if !dropped.is_empty() {
            bail!(
                "the kernel has no such options any more, or not together: {}",
                dropped.join(", ")
            );
        }
        Ok(())
    }

    fn options(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.lines().map(str::trim);
        lines.filter(|line| line.starts_with("CONFIG_") || switched_off(line).is_some())
    }
}

/// An option that is off may also be one that nobody could switch on.
fn holds(config: &str, option: &str) -> bool {
    match switched_off(option) {
        Some(name) => !config.lines().any(|line| line.split('=').next() == Some(name)),
        None => config.lines().any(|line| line == option),
    }
}

/// The name in `# CONFIG_NAME is not set`.
fn switched_off(line: &str) -> Option<&str> {
    let name = line.strip_prefix("# ")?.strip_suffix(" is not set")?;
    name.starts_with("CONFIG_").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::Fragment;

    #[test]
    fn dropped_options_are_named() {
        let fragment = Fragment::parse(
            "# why\nCONFIG_DRM=y\nCONFIG_DRM_VKMS=y\n# CONFIG_VT is not set\n# CONFIG_HID is not set\n",
        );
        let good = "CONFIG_DRM=y\nCONFIG_DRM_VKMS=y\n# CONFIG_VT is not set\n";
        fragment.verify(good).unwrap();
        let error = fragment.verify("CONFIG_DRM=y\nCONFIG_DRM_VKMS=m\nCONFIG_VT=y\n").unwrap_err();
        let error = error.to_string();
        assert!(error.ends_with("CONFIG_DRM_VKMS=y, # CONFIG_VT is not set"), "{error}");
    }

    #[test]
    fn key_is_of_the_options_alone() {
        let key = |text: &str| Fragment::parse(text).key();
        assert_eq!(key("# a\nCONFIG_DRM=y\n"), key("CONFIG_DRM=y\n\n# another word\n"));
        assert_ne!(key("CONFIG_DRM=y\n"), key("CONFIG_DRM=y\n# CONFIG_VT is not set\n"));
    }

    #[test]
    fn fragment_of_the_checkout_asks_for_the_devices_under_test() {
        let fragment = Fragment::read().unwrap();
        for name in
            ["DRM_VKMS", "DRM_VGEM", "UDMABUF", "DMABUF_HEAPS_SYSTEM", "SW_SYNC", "VIDEO_VIVID"]
        {
            let option = format!("CONFIG_{name}=y");
            assert!(fragment.options().any(|line| line == option), "{option}");
        }
    }
}
