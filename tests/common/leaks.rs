//! What a process has open: a failure that leaves something behind is found here.
//!
//! The counts are those of the whole process, so they mean something only where nothing else runs:
//! in a child process (see `child`).

/// The open file descriptors and the mappings at one moment.
pub(crate) struct Open {
    fds: Vec<String>,
    mappings: Vec<String>,
}

impl Open {
    /// At this moment.
    pub(crate) fn now() -> Self {
        let mut fds = Vec::new();
        for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
            let path = entry.unwrap().path();
            let target = std::fs::read_link(&path).unwrap();
            // The directory that is being read is open as well.
            if !target.to_string_lossy().ends_with("/fd") {
                fds.push(format!("{} -> {}", path.display(), target.display()));
            }
        }
        fds.sort();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        Self { fds, mappings: maps.lines().map(str::to_owned).collect() }
    }

    /// What is open, in order, whatever its numbers.
    pub(crate) fn files(&self) -> Vec<String> {
        let names = self.fds.iter().filter_map(|line| line.split_once(" -> "));
        let mut names: Vec<_> = names.map(|(_, name)| name.to_owned()).collect();
        names.sort();
        names
    }

    /// How many file descriptors.
    pub(crate) fn fd_count(&self) -> usize {
        self.fds.len()
    }

    /// How many mappings.
    pub(crate) fn mapping_count(&self) -> usize {
        self.mappings.len()
    }

    /// The file descriptors and mappings of files with this in their names.
    pub(crate) fn matching(&self, name: &str) -> Vec<String> {
        let all = self.fds.iter().chain(&self.mappings);
        all.filter(|line| line.contains(name)).cloned().collect()
    }

    /// Fails if there are other file descriptors than at that moment.
    pub(crate) fn assert_same_fds(&self) {
        assert_eq!(self.fds, Self::now().fds, "file descriptors before and after");
    }

    /// Fails if there is more or less open than at that moment.
    pub(crate) fn assert_unchanged(&self) {
        self.assert_same_fds();
        let now = Self::now();
        let (before, after) = (self.mappings.len(), now.mappings.len());
        let text = |open: &Self| open.mappings.join("\n");
        assert_eq!(before, after, "mappings before:\n{}\nand after:\n{}", text(self), text(&now));
    }
}

/// Runs it twice: once so that allocators and lazily opened things settle, and once to compare.
pub(crate) fn assert_none(run: impl Fn()) {
    run();
    let before = Open::now();
    run();
    before.assert_unchanged();
}

/// As [`assert_none`], for file descriptors alone.
pub(crate) fn assert_no_fds(run: impl Fn()) {
    run();
    let before = Open::now();
    run();
    before.assert_same_fds();
}
