//! The guest's kernel: built once for each list of options, and kept.
//!
//! Debian ships no kernel with vkms and `sw_sync`, but the source of one that has them.

mod build;
mod fragment;
mod source;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context;
use anyhow::Result;

use crate::cache;
use crate::lab::kernel::fragment::Fragment;
use crate::lab::kernel::source::Source;

/// A kernel that can be booted.
#[derive(Debug)]
pub(super) struct Kernel {
    folder: PathBuf,
}

impl Kernel {
    /// The kernel of today's options; built, which takes minutes, if there is none yet, or if a
    /// `fresh` one is asked for. `archive` is a kernel.org archive to build from instead of
    /// Debian's source package.
    ///
    /// # Errors
    /// When there is no source, an option is gone from it, or it cannot be built.
    pub(super) fn ensure(archive: Option<&Path>, fresh: bool) -> Result<Self> {
        let cache = cache::folder()?.join("lab");
        let _lock = cache::lock(&cache)?;
        let fragment = Fragment::read()?;
        if archive.is_none()
            && !fresh
            && let Some(kernel) = Self::newest(&cache, &fragment)?
        {
            return Ok(kernel);
        }
        let source = match archive {
            Some(archive) => Source::given(archive)?,
            None => Source::of_debian(&cache, fresh)?,
        };
        let folder = cache.join(format!("kernel-{}-{}", source.version(), fragment.key()));
        if fresh || !folder.exists() {
            build::build(&source, &fragment, &cache, &folder)?;
        }
        Ok(Self { folder })
    }

    /// The file that a boot loader takes.
    pub(super) fn image(&self) -> PathBuf {
        self.folder.join(build::IMAGE)
    }

    /// Version and options, as one word: `7.3.4-1-0123456789abcdef`.
    pub(super) fn id(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        name.trim_start_matches("kernel-").to_owned()
    }

    /// The last one that was built with these options, of whatever version.
    fn newest(cache: &Path, fragment: &Fragment) -> Result<Option<Self>> {
        let ending = format!("-{}", fragment.key());
        let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(cache).with_context(|| cache.display().to_string())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("kernel-") && name.ends_with(&ending) {
                let image = entry.path().join(build::IMAGE);
                let built = fs::metadata(&image).and_then(|metadata| metadata.modified());
                found.push((built.with_context(|| image.display().to_string())?, entry.path()));
            }
        }
        Ok(found.into_iter().max().map(|(_, folder)| Self { folder }))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::File;
    use std::time::Duration;
    use std::time::SystemTime;

    use super::Kernel;
    use super::build::IMAGE;
    use super::fragment::Fragment;

    #[test]
    fn kernel_of_other_options_is_not_taken() {
        let cache = tempfile::tempdir().unwrap();
        let fragment = Fragment::parse("CONFIG_DRM=y\n");
        let other = Fragment::parse("CONFIG_DRM=y\nCONFIG_SYNC_FILE=y\n");
        let make = |version: &str, fragment: &Fragment, age_s: u64| {
            let folder = cache.path().join(format!("kernel-{version}-{}", fragment.key()));
            fs::create_dir(&folder).unwrap();
            let file = File::create(folder.join(IMAGE)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age_s)).unwrap();
        };
        make("7.4", &other, 0);
        assert!(Kernel::newest(cache.path(), &fragment).unwrap().is_none());
        make("7.3", &fragment, 10);
        make("7.2", &fragment, 100);
        let kernel = Kernel::newest(cache.path(), &fragment).unwrap().unwrap();
        assert_eq!(kernel.id(), format!("7.3-{}", fragment.key()));
    }
}
