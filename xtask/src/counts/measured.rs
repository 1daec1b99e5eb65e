//! The costs of one path.

use std::fmt;

use anyhow::Result;
use anyhow::bail;

/// What one run of a path costs, on the average of several.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// What is run; what it must not grow with stands behind a slash.
    pub(crate) name: String,
    /// How often it was run.
    pub(crate) times: u32,
    /// Instructions of the program itself, of one run.
    pub(crate) instructions: f64,
    /// Calls of the allocator, of one run.
    pub(crate) allocations: f64,
}

impl Measured {
    /// Reads what the program says of a path, `counted NAME TIMES ALLOCATIONS`; the instructions
    /// are not known to it.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (rest, allocations) = line.strip_prefix("counted ")?.rsplit_once(' ')?;
        let (name, times) = rest.rsplit_once(' ')?;
        let times: u32 = times.parse().ok()?;
        let allocations: u32 = allocations.parse().ok()?;
        let allocations = f64::from(allocations) / f64::from(times);
        Some(Self { name: name.to_owned(), times, instructions: 0.0, allocations })
    }

    /// The same with the instructions of all its runs together.
    pub(crate) fn with_instructions(mut self, of_all_runs: u64) -> Result<Self> {
        let Ok(of_all_runs) = u32::try_from(of_all_runs) else {
            bail!("{}: {of_all_runs} instructions are too many to be a path", self.name);
        };
        if of_all_runs == 0 {
            bail!("{}: callgrind has collected nothing of the program itself", self.name);
        }
        self.instructions = f64::from(of_all_runs) / f64::from(self.times);
        Ok(self)
    }

    /// The name without the number that it must not grow with, and that number.
    pub(crate) fn family(&self) -> Option<(&str, f64)> {
        let (family, number) = self.name.rsplit_once('/')?;
        Some((family, number.parse().ok()?))
    }
}

impl fmt::Display for Measured {
    /// A line of the baseline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, instructions, allocations, .. } = self;
        write!(f, "{name:28} {instructions:12.0} {allocations:8}")
    }
}

#[cfg(test)]
mod tests {
    use super::Measured;

    #[test]
    fn line_of_the_program_is_read_by_its_last_words() {
        let path = Measured::parse("counted send+recv planes/2 20 120").unwrap();
        let path = path.with_instructions(85_532).unwrap();
        assert_eq!(path.family(), Some(("send+recv planes", 2.0)));
        assert_eq!(path.to_string(), "send+recv planes/2                   4277        6");
        assert_eq!(Measured::parse("warning: 1 2"), None);
    }

    #[test]
    fn path_without_instructions_is_no_measurement() {
        assert!(Measured::parse("counted x 1 0").unwrap().with_instructions(0).is_err());
    }
}
