//! A dump of callgrind's: what the functions of one object cost themselves.
//!
//! Spec: <https://valgrind.org/docs/manual/cl-format.html>

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

/// The instructions of all functions of `program`, without what they called elsewhere.
///
/// # Errors
/// When the dump is no dump of callgrind's.
pub(crate) fn own_instructions(dump: &str, program: &Path) -> Result<u64> {
    let mut objects = HashMap::new();
    let mut is_own = false;
    let mut is_of_a_call = false;
    let mut sum = 0;
    for line in dump.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            let name = named(object, &mut objects).context("callgrind names an unknown object")?;
            is_own = Path::new(name) == program;
        } else if let Some(object) = line.strip_prefix("cob=") {
            named(object, &mut objects);
        } else if line.starts_with("calls=") {
            is_of_a_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            // The line behind a call has the costs of what was called.
            if is_own && !is_of_a_call {
                let cost = line.rsplit(' ').next().and_then(|cost| cost.parse::<u64>().ok());
                sum += cost.with_context(|| format!("no cost of callgrind's: {line}"))?;
            }
            is_of_a_call = false;
        }
    }
    Ok(sum)
}

/// A name is written out where it comes first, `(7) /usr/lib/libc.so.6`, and is `(7)` from then on.
fn named<'a>(entry: &'a str, known: &mut HashMap<&'a str, &'a str>) -> Option<&'a str> {
    match entry.split_once(' ') {
        Some((number, name)) => {
            known.insert(number, name);
            Some(name)
        }
        None => known.get(entry).copied(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::own_instructions;

    const DUMP: &str = "\
# callgrind format
version: 1
events: Ir
summary: 1000

ob=(1) /usr/lib/libc.so.6
fl=(1) memmove.S
fn=(1) memcpy
264 500
+6 5

ob=(2) /target/counts/program
fl=(2) path.rs
fn=(2) count_this
20 7
cob=(3) /usr/lib/libEGL.so.1
cfi=(3) egl.c
cfn=(3) eglCreateImageKHR
calls=20 0
* 9000
-3 4
cob=(1)
cfn=(1)
calls=1 264
+1 505

ob=(3)
fn=(3)
0 9000

ob=(2)
fn=(4) other
8 30
totals: 1000
";

    #[test]
    fn only_what_the_program_itself_did_is_counted() {
        assert_eq!(own_instructions(DUMP, Path::new("/target/counts/program")).unwrap(), 41);
        assert_eq!(own_instructions(DUMP, Path::new("/usr/lib/libc.so.6")).unwrap(), 505);
        assert_eq!(own_instructions(DUMP, Path::new("/other")).unwrap(), 0);
    }

    #[test]
    fn object_without_a_name_is_an_error() {
        assert!(own_instructions("ob=(9)\n", Path::new("/other")).is_err());
    }
}
