//! Numbers as people read them.

/// Three digits and a unit: `5.24 us`.
pub(crate) fn time(ns: f64) -> String {
    if ns <= 0.0 {
        return "0".to_owned();
    }
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "us")];
    let (size, unit) = units.into_iter().find(|(size, _)| ns >= *size).unwrap_or((1.0, "ns"));
    format!("{} {unit}", digits(ns / size))
}

/// Three digits, and no more behind the point than that.
pub(crate) fn digits(number: f64) -> String {
    match number {
        100.0.. => format!("{number:.0}"),
        10.0..100.0 => format!("{number:.1}"),
        0.1..10.0 => format!("{number:.2}"),
        _ => format!("{number:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::digits;
    use super::time;

    #[test]
    fn times_have_three_digits() {
        assert_eq!(time(41.2), "41.2 ns");
        assert_eq!(time(5243.0), "5.24 us");
        assert_eq!(time(38_881_976.0), "38.9 ms");
        assert_eq!(digits(0.0081), "0.0081");
        assert_eq!(digits(1.021), "1.02");
    }
}
