//! `cargo xtask setup --undo`: takes the package source away again.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::apt::backports;
use crate::apt::installed_version;
use crate::machine::is_root;
use crate::requirements;
use crate::requirements::Purpose;

/// Removes our source file, and says what stays.
///
/// Packages stay: others may need them by now, and going back to older versions of them is
/// nothing that apt does by itself.
pub(super) fn run(dry_run: bool) -> Result<()> {
    let file = Path::new(backports::FILE);
    if !file.exists() {
        println!("no package source to remove: there is no {}", file.display());
    } else if dry_run {
        println!("would remove {}", file.display());
    } else if is_root() {
        fs::remove_file(file).with_context(|| file.display().to_string())?;
        println!("removed {}", file.display());
    } else {
        bail!("only root can remove the package source; run: sudo rm {}", file.display());
    }
    say_what_stays();
    Ok(())
}

fn say_what_stays() {
    let installed: Vec<_> = requirements::all(Purpose::Test)
        .filter_map(|requirement| {
            Some((requirement.package, installed_version(requirement.package)?))
        })
        .collect();
    if installed.is_empty() {
        return;
    }
    println!("these packages stay, with what they depend on, whoever installed them:");
    for (package, version) in &installed {
        println!("  {package} {version}");
    }
    let names: Vec<_> = installed.iter().map(|(package, _)| *package).collect();
    let names = names.join(" ");
    println!(
        "to remove those that nothing else needs: apt-mark auto {names} && apt-get autoremove"
    );
}
