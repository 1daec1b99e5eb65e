//! The shared libraries that `dlopen` would find.

use std::collections::HashSet;
use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::process::answer;
use crate::process::program_in_path;

/// Folders for systems whose linker keeps no cache (musl), and for libraries put in by hand.
const USUAL_FOLDERS: [&str; 4] = ["/usr/local/lib", "/usr/lib64", "/usr/lib", "/lib"];

/// Names of the installed shared libraries, read once.
#[derive(Debug)]
pub(crate) struct Libraries {
    cached: HashSet<String>,
    folders: Vec<PathBuf>,
}

impl Libraries {
    /// Asks the dynamic linker's cache, and notes the folders of `LD_LIBRARY_PATH`.
    pub(crate) fn read() -> Self {
        let cache = program_in_path("ldconfig")
            .and_then(|ldconfig| answer(Command::new(ldconfig).arg("-p")).ok())
            .unwrap_or_default();
        let own = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let folders = env::split_paths(&own).chain(USUAL_FOLDERS.iter().map(PathBuf::from));
        Self { cached: names_in_cache(&cache), folders: folders.collect() }
    }

    /// Whether there is a library of this name (such as `libEGL.so.1`).
    pub(crate) fn contain(&self, soname: &str) -> bool {
        let exists = |folder: &PathBuf| Path::new(folder).join(soname).exists();
        self.cached.contains(soname) || self.folders.iter().any(exists)
    }
}

/// The first word of each line of `ldconfig -p`: `name (kind) => path`.
///
/// Libraries for a 32-bit system beside a 64-bit one are left out: no program here can load them.
fn names_in_cache(listing: &str) -> HashSet<String> {
    let of_this_machine = |line: &&str| !cfg!(target_arch = "x86_64") || line.contains("x86-64");
    listing
        .lines()
        .filter(|line| line.contains("=>"))
        .filter(of_this_machine)
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Libraries;
    use super::names_in_cache;

    #[test]
    fn listing_gives_the_names_of_this_machine() {
        let listing = "2 libs found in cache `/etc/ld.so.cache'\n\
                       \tlibEGL.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libEGL.so.1\n\
                       \tlibold.so.2 (libc6) => /lib/i386-linux-gnu/libold.so.2\n";
        let names = names_in_cache(listing);
        assert!(names.contains("libEGL.so.1"));
        assert_eq!(names.contains("libold.so.2"), !cfg!(target_arch = "x86_64"));
        assert!(!names.contains("2"));
    }

    #[test]
    fn c_library_is_there_and_nonsense_is_not() {
        let libraries = Libraries::read();
        assert!(libraries.contain("libc.so.6"));
        assert!(!libraries.contain("libnonsense.so.99"));
    }
}
