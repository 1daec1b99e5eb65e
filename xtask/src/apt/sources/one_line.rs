//! The one-line form: `deb [option=value ...] uri suite component ...`.

use crate::apt::sources::Source;

/// Options of this form whose names differ from the field's by more than upper case.
const FIELD_NAMES: [(&str, &str); 4] =
    [("arch", "Architectures"), ("lang", "Languages"), ("target", "Targets"), ("pdiffs", "PDiffs")];

/// All sources of binary packages in the text of a `.list` file.
pub(super) fn parse(text: &str) -> Vec<Source> {
    text.lines().filter_map(source).collect()
}

fn source(line: &str) -> Option<Source> {
    let line = without_comment(line).trim();
    let line = line.strip_prefix("deb")?;
    // `deb-src` has no space here.
    let line = line.strip_prefix([' ', '\t', '['].as_slice()).map(|_| line.trim_start())?;
    let (options, rest) = match line.strip_prefix('[') {
        Some(line) => line.split_once(']')?,
        None => ("", line),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Source {
        uris: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        options: options.split_whitespace().filter_map(option).collect(),
    })
}

/// A `#` ends the line, except within the brackets of the options or of a disc's name.
fn without_comment(line: &str) -> &str {
    let mut within_brackets = false;
    for (position, character) in line.char_indices() {
        match character {
            '[' => within_brackets = true,
            ']' => within_brackets = false,
            '#' if !within_brackets => return line.get(..position).unwrap_or(line),
            _ => {}
        }
    }
    line
}

/// `name=value`, `name+=value` or `name-=value`, the values separated by commas.
fn option(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let (name, suffix) = match (name.strip_suffix('+'), name.strip_suffix('-')) {
        (Some(name), _) => (name, "-Add"),
        (_, Some(name)) => (name, "-Remove"),
        _ => (name, ""),
    };
    Some((field_name(name) + suffix, value.replace(',', " ")))
}

/// `signed-by` becomes `Signed-By`.
fn field_name(option: &str) -> String {
    if let Some((_, field)) = FIELD_NAMES.iter().find(|(name, _)| *name == option) {
        return (*field).to_owned();
    }
    let mut start_of_word = true;
    let capitals = option.chars().map(|c| {
        let c = if start_of_word { c.to_ascii_uppercase() } else { c };
        start_of_word = c == '-';
        c
    });
    capitals.collect()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::apt::sources::Source;

    fn one(line: &str) -> Source {
        let mut sources = parse(line);
        assert_eq!(sources.len(), 1, "{line}");
        sources.remove(0)
    }

    fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn plain_line_has_uri_suite_and_components() {
        let source = one("deb http://mirror.example/debian bookworm main contrib");
        assert_eq!(source.uris, ["http://mirror.example/debian"]);
        assert_eq!(source.suites, ["bookworm"]);
        assert_eq!(source.components, ["main", "contrib"]);
        assert!(source.options.is_empty());
    }

    #[test]
    fn options_become_fields() {
        let keyring = "/usr/share/keyrings/a.gpg";
        let cases = [
            (
                format!(
                    "deb [ arch=amd64,i386 signed-by={keyring} ] http://m.example/debian b main"
                ),
                options(&[("Architectures", "amd64 i386"), ("Signed-By", keyring)]),
            ),
            (
                "deb [trusted=yes check-valid-until=no] http://m.example/debian b main".to_owned(),
                options(&[("Trusted", "yes"), ("Check-Valid-Until", "no")]),
            ),
            (
                "deb\t[lang-=de target+=Contents-deb]\thttp://m.example/debian b main".to_owned(),
                options(&[("Languages-Remove", "de"), ("Targets-Add", "Contents-deb")]),
            ),
            (
                "deb[trusted=yes] http://m.example/debian b main".to_owned(),
                options(&[("Trusted", "yes")]),
            ),
        ];
        for (line, expected) in cases {
            let source = one(&line);
            assert_eq!(source.options, expected, "{line}");
            assert_eq!(source.uris, ["http://m.example/debian"], "{line}");
        }
    }

    #[test]
    fn lines_that_are_no_source_of_binary_packages_are_left_out() {
        let lines = [
            "",
            "   ",
            "# deb http://m.example/debian bookworm main",
            "deb-src http://m.example/debian bookworm main",
            "debian http://m.example/debian bookworm main",
            "deb http://m.example/debian",
            "deb [trusted=yes http://m.example/debian bookworm main",
            "deb",
        ];
        for line in lines {
            assert!(parse(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn comment_ends_the_line_but_not_within_brackets() {
        let source = one("deb http://m.example/debian bookworm main # contrib");
        assert_eq!(source.components, ["main"]);
        let source = one("deb cdrom:[Debian#12]/ bookworm main");
        assert_eq!(source.uris, ["cdrom:[Debian#12]/"]);
    }
}
