//! Which rows are measured.

use crate::cli::BenchArgs;

/// The rows that are measured here, and not by the peers alone.
const FOOTPRINT: &str = "footprint";
const SCANOUT: &str = "scanout";

/// What is measured; of the rest the report says what an earlier run has found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) peers: Option<Rows>,
    pub(super) footprint: bool,
    pub(super) scanout: bool,
}

/// Rows of the peers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rows {
    All,
    /// Their names, with commas between.
    Only(String),
}

impl Selection {
    pub(super) fn of(args: &BenchArgs) -> Self {
        let names = || args.only.iter().map(String::as_str);
        if names().next().is_none() {
            // The first builds take as long as all the rest, and so does a guest; both are the same
            // tomorrow.
            let slow = !args.report && !args.quick;
            let peers = (!args.report).then_some(Rows::All);
            return Self { peers, footprint: slow, scanout: slow };
        }
        let is_named = |name| names().any(|named| named == name);
        let rows: Vec<_> = names().filter(|name| ![FOOTPRINT, SCANOUT].contains(name)).collect();
        Self {
            peers: (!rows.is_empty()).then(|| Rows::Only(rows.join(","))),
            footprint: is_named(FOOTPRINT),
            scanout: is_named(SCANOUT),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::BenchArgs;
    use super::Rows;
    use super::Selection;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: BenchArgs,
    }

    fn of(arguments: &[&str]) -> Selection {
        Selection::of(&Line::parse_from(["bench"].iter().chain(arguments)).args)
    }

    fn only(rows: &str) -> Rows {
        Rows::Only(rows.to_owned())
    }

    #[test]
    fn rows_of_all_kinds_are_named_in_one_list() {
        let list = of(&["--only", "scanout,import,footprint,planes"]);
        let selected =
            Selection { peers: Some(only("import,planes")), footprint: true, scanout: true };
        assert_eq!(list, selected);
        assert_eq!(of(&["--only", "import,scanout"]).peers, Some(only("import")));
        assert!(!of(&["--only", "import,scanout"]).footprint);
    }

    #[test]
    fn row_that_is_named_is_measured_quickly_too_and_no_other_is() {
        let guest = Selection { peers: None, footprint: false, scanout: true };
        assert_eq!(of(&["--only", "scanout"]), guest);
        assert_eq!(of(&["--quick", "--only", "scanout"]), guest);
    }

    #[test]
    fn nothing_named_is_everything_but_what_is_slow_and_a_report_measures_nothing() {
        let all = Some(Rows::All);
        assert_eq!(of(&[]), Selection { peers: all, footprint: true, scanout: true });
        let all = Some(Rows::All);
        assert_eq!(of(&["--quick"]), Selection { peers: all, footprint: false, scanout: false });
        let nothing = Selection { peers: None, footprint: false, scanout: false };
        assert_eq!(of(&["--report"]), nothing);
    }

    #[test]
    fn name_that_nobody_knows_goes_to_the_peers_who_refuse_it() {
        assert_eq!(of(&["--only", "scanuot"]).peers, Some(only("scanuot")));
    }
}
