//! The tests of the lab: those that a plain `cargo test` ignores with a reason that begins with
//! `lab:`.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use anyhow::bail;

use crate::cargo;
use crate::cargo::Executable;
use crate::lab::guest::Configuration;
use crate::process::answer;

/// Tests with this in their name need the virtio-gpu.
const NEEDS_GPU: &str = "virtio_gpu";

/// One test.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct LabTest {
    /// Name of the test binary.
    pub(super) binary: String,
    pub(super) file: PathBuf,
    /// Name in the binary, with its modules.
    pub(super) name: String,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Catalogue {
    tests: Vec<LabTest>,
}

impl Catalogue {
    /// Builds the test binaries of these names, or all, and lists their tests.
    ///
    /// # Errors
    /// When the build fails.
    pub(super) fn build(binaries: &[String]) -> Result<Self> {
        let mut command = cargo::cargo();
        // As `cargo xtask test` does: with other packages, nothing could be used again.
        command.args(["test", "--workspace", "--all-features", "--no-run"]);
        command.args(binaries.iter().flat_map(|name| ["--test", name]));
        let mut tests = Vec::new();
        for executable in cargo::build(command)?.into_iter().filter(|built| built.is_test) {
            tests.extend(tests_of(&executable)?);
        }
        Ok(Self::of(tests))
    }

    /// In the order of their names: cargo names binaries in the order in which they happened to be
    /// built, and what one test leaves behind is to be found by the same tests in every run.
    fn of(mut tests: Vec<LabTest>) -> Self {
        tests.sort_by_cached_key(LabTest::full_name);
        Self { tests }
    }

    /// Those with one of `filters` in their name, of which the name of the binary is a part.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn filtered(mut self, filters: &[String]) -> Result<Self> {
        if !filters.is_empty() {
            let matches = |name: &str| filters.iter().any(|filter| name.contains(filter));
            self.tests.retain(|test| matches(&test.full_name()));
        }
        if self.tests.is_empty() {
            bail!("no such test of the lab");
        }
        Ok(self)
    }

    /// Those that can be run in a guest of this configuration.
    pub(super) fn tests_for(&self, configuration: Configuration) -> Vec<LabTest> {
        let fits = |test: &&LabTest| {
            configuration == Configuration::Gpu || !test.full_name().contains(NEEDS_GPU)
        };
        self.tests.iter().filter(fits).cloned().collect()
    }
}

impl LabTest {
    pub(super) fn full_name(&self) -> String {
        format!("{}::{}", self.binary, self.name)
    }
}

/// The ignored tests of a binary, without those that are ignored for another reason.
fn tests_of(executable: &Executable) -> Result<Vec<LabTest>> {
    let mut command = Command::new(&executable.file);
    let ignored = answer(command.args(["--ignored", "--list", "--format", "terse"]))?;
    let ignored: Vec<_> = ignored.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    if ignored.is_empty() {
        return Ok(Vec::new());
    }
    // The list has no reasons. Asked to run nothing but ignored tests, the harness runs none of
    // them and prints the reason of each.
    let mut command = Command::new(&executable.file);
    let reasons = answer(command.args(["--exact", "--color", "never"]).args(&ignored))?;
    let of_the_lab = of_the_lab(&reasons);
    let mut tests = ignored;
    tests.retain(|name| of_the_lab.contains(name));
    let test = |name: &str| LabTest {
        binary: executable.name.clone(),
        file: executable.file.clone(),
        name: name.to_owned(),
    };
    Ok(tests.into_iter().map(test).collect())
}

/// The names in lines `test NAME ... ignored, lab: needs a device`.
fn of_the_lab(output: &str) -> HashSet<&str> {
    let split = |line| str::strip_prefix(line, "test ")?.split_once(" ... ignored, ");
    let lines = output.lines().filter_map(split);
    lines.filter(|(_, reason)| reason.starts_with("lab:")).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::Catalogue;
    use super::LabTest;
    use super::of_the_lab;
    use crate::lab::guest::Configuration;

    fn catalogue() -> Catalogue {
        let test = |binary: &str, name: &str| LabTest {
            binary: binary.to_owned(),
            file: PathBuf::from("/t"),
            name: name.to_owned(),
        };
        let tests = vec![test("kms_flip", "vkms::flips"), test("kms_flip", "virtio_gpu_flips")];
        Catalogue::of(tests)
    }

    #[test]
    fn other_reasons_are_not_the_labs() {
        let output = "running 3 tests\n\
                      test a::b ... ignored, lab: needs vkms\n\
                      test c ... ignored\n\
                      test d ... ignored, takes an hour\n";
        assert_eq!(of_the_lab(output).into_iter().collect::<Vec<_>>(), ["a::b"]);
    }

    #[test]
    fn tests_come_in_the_order_of_their_names() {
        let names: Vec<_> = catalogue().tests.iter().map(LabTest::full_name).collect();
        assert_eq!(names, ["kms_flip::virtio_gpu_flips", "kms_flip::vkms::flips"]);
    }

    #[test]
    fn gpu_tests_are_for_the_guest_that_has_one() {
        assert_eq!(catalogue().tests_for(Configuration::Base).len(), 1);
        assert_eq!(catalogue().tests_for(Configuration::Gpu).len(), 2);
    }

    #[test]
    fn filter_that_fits_nothing_is_an_error() {
        let filtered = |filter: &str| catalogue().filtered(&[filter.to_owned()]);
        assert_eq!(filtered("vkms").unwrap().tests.len(), 1);
        assert_eq!(filtered("kms_flip::").unwrap().tests.len(), 2);
        assert!(filtered("nonsense").is_err());
    }
}
