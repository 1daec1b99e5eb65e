//! How many tests ran, as their harnesses count them.

use std::fmt;
use std::ops::AddAssign;

/// Counts of tests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
}

impl Tally {
    /// Sums up the lines in which test harnesses count their tests; `None` if there is none.
    pub(crate) fn of(output: &str) -> Option<Self> {
        let results = output.lines().filter(|line| line.starts_with("test result: "));
        results.map(Self::of_line).reduce(|mut sum, next| {
            sum += next;
            sum
        })
    }

    fn of_line(line: &str) -> Self {
        let [passed, failed, ignored] =
            [" passed", " failed", " ignored"].map(|word| count_before(line, word));
        Self { passed, failed, ignored }
    }
}

/// The number in front of `word`.
fn count_before(line: &str, word: &str) -> usize {
    let number = line.split_once(word).and_then(|(before, _)| before.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 {
            write!(f, ", {} for the lab", self.ignored)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn counts_of_all_harnesses_are_summed_up() {
        let output = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured\n";
        let tally = Tally::of(output).unwrap();
        assert_eq!(tally, Tally { passed: 15, failed: 2, ignored: 1 });
        assert_eq!(tally.to_string(), "15 passed, 2 failed, 1 for the lab");
        assert_eq!(Tally::of("Compiling\n"), None);
    }
}
