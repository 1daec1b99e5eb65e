//! How the costs of a path grow with the number behind the slash of its name, whatever they are.

use crate::counts::baseline::Findings;
use crate::counts::measured::Measured;

/// What the costs may follow.
#[derive(Clone, Copy, Debug)]
enum Growth {
    /// Nothing: the largest costs at most this much more than the smallest, as a part of it.
    Flat(f64),
    /// The number: one unit of the largest costs at most this much more than one of the smallest.
    Linear(f64),
}

/// The curves that are promised.
const CURVES: [(&str, Growth); 4] = [
    ("check width", Growth::Flat(0.01)),
    ("import width", Growth::Flat(0.01)),
    ("stream frame consumers", Growth::Linear(0.1)),
    ("negotiate pairs", Growth::Linear(0.1)),
];

/// Checks every curve.
pub(crate) fn check(counted: &[Measured]) -> Findings {
    let mut findings = Findings::default();
    for (family, growth) in CURVES {
        let curve = counted.iter().filter_map(|path| {
            let (of, number) = path.family()?;
            (of == family).then_some((number, path.instructions))
        });
        let mut curve: Vec<_> = curve.collect();
        curve.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        match curve[..] {
            [first, .., last] => findings.extend(growth.judge(family, first, last)),
            _ => findings.broken.push(format!("{family}: one number is no curve")),
        }
    }
    findings
}

impl Growth {
    fn judge(self, family: &str, first: (f64, f64), last: (f64, f64)) -> Findings {
        let grown = match self {
            Self::Flat(_) => last.1 / first.1,
            Self::Linear(_) => (last.1 / last.0) / (first.1 / first.0),
        };
        let (Self::Flat(allowed) | Self::Linear(allowed)) = self;
        let mut findings = Findings::default();
        if grown <= 1.0 + allowed {
            findings.held += 1;
            return findings;
        }
        let what = match self {
            Self::Flat(_) => "a run",
            Self::Linear(_) => "a unit",
        };
        findings.broken.push(format!(
            "{family}: {what} costs {grown:.2} times as much at {} as at {}",
            last.0, first.0
        ));
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::Growth;
    use super::check;

    #[test]
    fn flat_curve_may_not_grow() {
        let growth = Growth::Flat(0.01);
        assert_eq!(growth.judge("x", (64.0, 1000.0), (7680.0, 1009.0)).held, 1);
        let broken = growth.judge("x", (64.0, 1000.0), (7680.0, 1100.0)).broken;
        assert_eq!(broken, ["x: a run costs 1.10 times as much at 7680 as at 64"]);
    }

    #[test]
    fn linear_curve_may_not_grow_faster_than_its_number() {
        let growth = Growth::Linear(0.1);
        assert_eq!(growth.judge("x", (1.0, 100.0), (64.0, 6400.0)).held, 1);
        let broken = growth.judge("x", (1.0, 100.0), (64.0, 12800.0)).broken;
        assert_eq!(broken, ["x: a unit costs 2.00 times as much at 64 as at 1"]);
    }

    #[test]
    fn curve_that_was_not_counted_is_broken() {
        assert_eq!(check(&[]).broken.len(), super::CURVES.len());
    }
}
