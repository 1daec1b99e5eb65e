//! The paragraph form: fields `Types`, `URIs`, `Suites`, `Components` and options.

use crate::apt::sources::Source;

/// Fields that are no options: they say what the source is.
const OWN_FIELDS: [&str; 5] = ["types", "uris", "suites", "components", "enabled"];

/// All enabled sources of binary packages in the text of a `.sources` file.
pub(super) fn parse(text: &str) -> Vec<Source> {
    paragraphs(text).iter().filter_map(Paragraph::source).collect()
}

/// Fields in the order of the file; a value keeps its line breaks and the space after them.
#[derive(Default)]
struct Paragraph(Vec<(String, String)>);

fn paragraphs(text: &str) -> Vec<Paragraph> {
    let mut paragraphs = vec![Paragraph::default()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line.trim().is_empty() {
            paragraphs.push(Paragraph::default());
        } else if let Some(paragraph) = paragraphs.last_mut() {
            paragraph.add(line);
        }
    }
    paragraphs
}

impl Paragraph {
    fn add(&mut self, line: &str) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = self.0.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            self.0.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }

    fn source(&self) -> Option<Source> {
        let enabled = !self.value("enabled").is_some_and(is_no);
        let types = self.words("types");
        let source = Source {
            uris: self.words("uris"),
            suites: self.words("suites"),
            components: self.words("components"),
            options: self.options(),
        };
        let complete = !source.uris.is_empty() && !source.suites.is_empty();
        (enabled && complete && types.iter().any(|kind| kind == "deb")).then_some(source)
    }

    fn options(&self) -> Vec<(String, String)> {
        let is_option =
            |(name, _): &&(String, String)| !OWN_FIELDS.contains(&&*name.to_ascii_lowercase());
        self.0.iter().filter(is_option).cloned().collect()
    }

    fn words(&self, name: &str) -> Vec<String> {
        self.value(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    fn value(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// apt's words for a switch that is off.
fn is_no(value: &str) -> bool {
    ["no", "false", "without", "off", "disable", "0"].contains(&&*value.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::parse;

    const DEBIAN: &str = "\
# The archive itself
Types: deb deb-src
# http://snapshot.example/archive
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
uris: http://deb.example/debian-security
SUITES: bookworm-security
Components: main
Check-Valid-Until: no
";

    #[test]
    fn paragraphs_are_sources_with_their_options() {
        let sources = parse(DEBIAN);
        assert_eq!(sources.len(), 2);
        assert_eq!(sources[0].uris, ["http://deb.example/debian"]);
        assert_eq!(sources[0].suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(sources[0].components, ["main"]);
        let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg".to_owned();
        assert_eq!(sources[0].options, [("Signed-By".to_owned(), keyring)]);
        assert_eq!(sources[1].suites, ["bookworm-security"]);
        assert_eq!(sources[1].options, [("Check-Valid-Until".to_owned(), "no".to_owned())]);
    }

    #[test]
    fn key_in_the_file_keeps_its_lines() {
        let text = "Types: deb\nURIs: http://m.example\nSuites: b\nComponents: main\nSigned-By:\n \
                    -----BEGIN-----\n .\n mQINBF\n -----END-----\n";
        let sources = parse(text);
        let key = "\n -----BEGIN-----\n .\n mQINBF\n -----END-----".to_owned();
        assert_eq!(sources[0].options, [("Signed-By".to_owned(), key)]);
    }

    #[test]
    fn folded_values_are_lists_too() {
        let text = "Types: deb\nURIs: http://a.example\n http://b.example\nSuites: b\n b-updates\n";
        let sources = parse(text);
        assert_eq!(sources[0].uris, ["http://a.example", "http://b.example"]);
        assert_eq!(sources[0].suites, ["b", "b-updates"]);
        assert!(sources[0].components.is_empty());
    }

    #[test]
    fn disabled_incomplete_and_source_only_paragraphs_are_left_out() {
        let paragraphs = [
            "Enabled: no\nTypes: deb\nURIs: http://m.example\nSuites: b\n",
            "Types: deb-src\nURIs: http://m.example\nSuites: b\n",
            "Types: deb\nSuites: b\n",
            "Types: deb\nURIs: http://m.example\n",
            " lonely continuation\n",
            "",
        ];
        for text in paragraphs {
            assert!(parse(text).is_empty(), "{text}");
        }
    }
}
