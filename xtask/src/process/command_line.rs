//! Commands as a person would type them.

use std::ffi::OsStr;
use std::process::Command;

/// `command` as one line that a POSIX shell takes.
pub(crate) fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
}

/// `word` so that a POSIX shell reads it as one word with no special meaning.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::command_line;
    use super::quoted;

    #[test]
    fn word_is_read_back_unchanged_by_a_shell() {
        for word in ["plain", "a b", "", "it's", "$HOME", "`id`", "line\nline", "*", "~", "a;b"] {
            let script = format!("printf %s {}", quoted(word));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }

    #[test]
    fn plain_words_stay_readable() {
        let mut command = Command::new("apt-get");
        command.args(["install", "-t", "bookworm-backports", "libegl1"]);
        assert_eq!(command_line(&command), "apt-get install -t bookworm-backports libegl1");
    }
}
