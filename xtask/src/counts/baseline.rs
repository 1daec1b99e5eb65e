//! What the paths cost when somebody last looked, and how far they are from it.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

use crate::counts::measured::Measured;

/// How many more instructions are no finding, as a part of those of the baseline.
const TOLERANCE: f64 = 0.03;

/// The same where another compiler made the program: two releases are seen to differ by a tenth in
/// short paths.
const TOLERANCE_OF_COMPILERS: f64 = 0.15;

/// And as a number, so that the shortest paths may take an instruction more.
const SLACK: f64 = 5.0;

/// Allocations are few and whole. One run of many may have one more, because a vector grew.
const SLACK_OF_ALLOCATIONS: f64 = 0.1;

const BLESS: &str =
    "if that is meant, `cargo xtask counts --bless` and commit benches/counts/baseline.txt";

/// The committed costs.
#[derive(Debug, PartialEq)]
pub(crate) struct Baseline {
    machine: String,
    compiler: String,
    paths: Vec<Measured>,
}

/// What a comparison found.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Findings {
    /// How many promises were kept.
    pub(crate) held: usize,
    /// One line for each that was not.
    pub(crate) broken: Vec<String>,
    /// What is worth a look and no failure.
    pub(crate) notes: Vec<String>,
}

impl Findings {
    pub(crate) fn extend(&mut self, other: Self) {
        self.held += other.held;
        self.broken.extend(other.broken);
        self.notes.extend(other.notes);
    }

    /// What failed and what to do, or nothing.
    pub(crate) fn failures(&self) -> String {
        if self.broken.is_empty() {
            return String::new();
        }
        format!("{}\n{BLESS}\n", self.broken.join("\n"))
    }
}

impl Baseline {
    /// What was just counted, by a program of `compiler` for this machine.
    pub(crate) fn new(paths: Vec<Measured>, compiler: String) -> Self {
        Self { machine: std::env::consts::ARCH.to_owned(), compiler, paths }
    }

    /// Reads the committed file.
    ///
    /// # Errors
    /// When it is missing or has a line that is not understood.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    /// The instruction set that it is for, in the words of `std::env::consts::ARCH`.
    pub(crate) fn machine(&self) -> &str {
        &self.machine
    }

    /// Compares what was counted with a program of `compiler`.
    pub(crate) fn compare(&self, counted: &[Measured], compiler: &str) -> Findings {
        let mut findings = Findings::default();
        let tolerance = if compiler == self.compiler {
            TOLERANCE
        } else {
            let known = &self.compiler;
            findings.notes.push(format!(
                "counted with {compiler}, the baseline with {known}: {:.0} % are allowed",
                TOLERANCE_OF_COMPILERS * 100.0
            ));
            TOLERANCE_OF_COMPILERS
        };
        for path in counted {
            match self.paths.iter().find(|known| known.name == path.name) {
                Some(known) => known.judge(path, tolerance, &mut findings),
                None => findings.broken.push(format!("{}: not in the baseline", path.name)),
            }
        }
        let lost = self.paths.iter().filter(|known| counted.iter().all(|p| p.name != known.name));
        findings
            .broken
            .extend(lost.map(|known| format!("{}: is not counted any more", known.name)));
        findings
    }

    fn parse(text: &str) -> Result<Self> {
        let mut paths = Vec::new();
        let (mut machine, mut compiler) = (None, None);
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix('#') {
                if let Some((key, value)) = comment.split_once(": ") {
                    let place = match key.trim() {
                        "machine" => &mut machine,
                        "compiler" => &mut compiler,
                        _ => continue,
                    };
                    *place = Some(value.to_owned());
                }
            } else if !line.trim().is_empty() {
                paths.push(path(line).with_context(|| format!("not understood: {line}"))?);
            }
        }
        Ok(Self {
            machine: machine.context("no line `# machine: ...`")?,
            compiler: compiler.context("no line `# compiler: ...`")?,
            paths,
        })
    }
}

/// A line of the file: name, instructions, allocations.
fn path(line: &str) -> Option<Measured> {
    let (rest, allocations) = line.trim_end().rsplit_once(' ')?;
    let (name, instructions) = rest.trim_end().rsplit_once(' ')?;
    Some(Measured {
        name: name.trim_end().to_owned(),
        times: 1,
        instructions: instructions.parse().ok()?,
        allocations: allocations.parse().ok()?,
    })
}

impl Measured {
    /// Judges what is counted `now` by this, the baseline.
    fn judge(&self, now: &Self, tolerance: f64, findings: &mut Findings) {
        let Self { name, instructions: before, allocations, .. } = self;
        let percent = (now.instructions / before - 1.0) * 100.0;
        let (now_instructions, now_allocations) = (now.instructions, now.allocations);
        if now_instructions > before * (1.0 + tolerance) + SLACK {
            findings.broken.push(format!(
                "{name}: {now_instructions:.0} instructions, {percent:.1} % more than {before:.0}"
            ));
        } else {
            findings.held += 1;
        }
        if now_allocations > allocations + SLACK_OF_ALLOCATIONS {
            let more = format!("{name}: {now_allocations} allocations, more than {allocations}");
            findings.broken.push(more);
        } else {
            findings.held += 1;
        }
        if now_instructions < before * (1.0 - tolerance) - SLACK
            || now_allocations < allocations - SLACK_OF_ALLOCATIONS
        {
            findings.notes.push(format!(
                "{name} is cheaper than the baseline ({percent:.1} % instructions): bless it"
            ));
        }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { machine, compiler, paths } = self;
        writeln!(
            f,
            "# The costs of the hot paths: instructions of the program itself, without the"
        )?;
        writeln!(
            f,
            "# C library and the driver, and allocations. `cargo xtask test` compares with"
        )?;
        writeln!(f, "# these, `cargo xtask counts --bless` writes them.")?;
        writeln!(f, "# machine: {machine}")?;
        writeln!(f, "# compiler: {compiler}")?;
        paths.iter().try_for_each(|path| writeln!(f, "{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Baseline;
    use super::Measured;

    fn path(name: &str, instructions: f64, allocations: f64) -> Measured {
        Measured { name: name.to_owned(), times: 1, instructions, allocations }
    }

    fn baseline() -> Baseline {
        let paths = vec![path("check planes/1", 768.0, 3.0), path("encode frame", 223.0, 0.0)];
        Baseline::new(paths, "rustc 1.95.0".to_owned())
    }

    fn broken(counted: &[Measured]) -> Vec<String> {
        baseline().compare(counted, "rustc 1.95.0").broken
    }

    #[test]
    fn file_is_read_as_it_was_written() {
        assert_eq!(Baseline::parse(&baseline().to_string()).unwrap(), baseline());
        assert!(Baseline::parse("check planes/1 768 3\n").is_err());
        let text = baseline().to_string() + "check planes/2 many 3\n";
        assert!(Baseline::parse(&text).is_err());
    }

    #[test]
    fn three_percent_more_instructions_hold_and_four_do_not() {
        let frame = path("encode frame", 223.0, 0.0);
        assert_eq!(broken(&[path("check planes/1", 791.0, 3.0), frame.clone()]), [""; 0]);
        let found = broken(&[path("check planes/1", 800.0, 3.0), frame]);
        assert_eq!(found, ["check planes/1: 800 instructions, 4.2 % more than 768"]);
    }

    #[test]
    fn one_more_allocation_is_found() {
        let found = broken(&[path("check planes/1", 768.0, 4.0), path("encode frame", 223.0, 0.0)]);
        assert_eq!(found, ["check planes/1: 4 allocations, more than 3"]);
    }

    #[test]
    fn unknown_and_lost_paths_are_found() {
        let found = broken(&[path("check planes/1", 768.0, 3.0), path("new", 1.0, 0.0)]);
        assert_eq!(found, ["new: not in the baseline", "encode frame: is not counted any more"]);
    }

    #[test]
    fn another_compiler_has_more_room_and_is_named() {
        let counted = [path("check planes/1", 860.0, 3.0), path("encode frame", 223.0, 0.0)];
        let findings = baseline().compare(&counted, "rustc 1.99.0");
        assert_eq!(findings.broken, [""; 0]);
        assert!(findings.notes[0].contains("rustc 1.99.0"), "{:?}", findings.notes);
    }

    #[test]
    fn cheaper_path_is_noted() {
        let counted = [path("check planes/1", 500.0, 3.0), path("encode frame", 223.0, 0.0)];
        let findings = baseline().compare(&counted, "rustc 1.95.0");
        assert_eq!(findings.failures(), "");
        assert_eq!(findings.notes.len(), 1);
    }
}
