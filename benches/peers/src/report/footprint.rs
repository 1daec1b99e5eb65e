//! What it costs to depend on the crate.

use std::fmt::Write as _;

use anyhow::Result;

use crate::results::Footprint;

/// The promises about it, as rows of the table of all promises. The crate is the first.
pub(crate) fn goals(text: &mut String, footprints: &[Footprint]) -> Result<()> {
    let Some((ours, others)) = footprints.split_first() else { return Ok(()) };
    let least = |of: fn(&Footprint) -> f64| others.iter().all(|other| of(ours) <= of(other));
    let leanest = [
        ("fewest crates", least(|it| f64::from(it.crates)), ours.crates.to_string()),
        ("shortest first build", least(|it| it.build_seconds), seconds(ours.build_seconds)),
        ("smallest program", least(|it| it.program_bytes as f64), kib(ours.program_bytes)),
        (
            "fewest libraries",
            least(|it| it.libraries.len() as f64),
            ours.libraries.len().to_string(),
        ),
        ("at most 30 crates", ours.crates <= 30, ours.crates.to_string()),
    ];
    for (promise, is_met, found) in leanest {
        let verdict = if is_met { "kept" } else { "**missed**" };
        writeln!(text, "| Depending on it | {promise} | {found} | {verdict} |")?;
    }
    Ok(())
}

pub(crate) fn section(text: &mut String, footprints: &[Footprint]) -> Result<()> {
    if footprints.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n## What it costs to depend on it\n")?;
    writeln!(
        text,
        "The least program that makes a texture of another process's image \
         (`benches/footprint`), or comes as near as the crate gets: its first build in the release \
         profile with everything downloaded, its size without symbols, and the libraries that it is \
         linked with beside the C library's.\n"
    )?;
    writeln!(
        text,
        "| | crates | first build | program | linked libraries |\n|---|---:|---:|---:|---|"
    )?;
    for Footprint { name, version, crates, build_seconds, program_bytes, libraries } in footprints {
        let version = version.as_deref().unwrap_or_default();
        let (build, program) = (seconds(*build_seconds), kib(*program_bytes));
        let libraries = if libraries.is_empty() { "none".to_owned() } else { libraries.join(", ") };
        writeln!(text, "| {name} {version} | {crates} | {build} | {program} | {libraries} |")?;
    }
    Ok(())
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes / 1024)
}
