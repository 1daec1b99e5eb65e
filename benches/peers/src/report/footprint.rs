//! What it costs to depend on the crate.

use std::fmt::Write as _;

use anyhow::Result;

use crate::results::Footprint;

/// The promises about it, as rows of the table of all promises. The crate is the first.
pub(crate) fn goals(text: &mut String, footprints: &[Footprint]) -> Result<()> {
    let Some((ours, others)) = footprints.split_first() else { return Ok(()) };
    let least = |of: fn(&Footprint) -> f64| {
        others.iter().filter(|other| other.takes_images).all(|other| of(ours) <= of(other))
    };
    let linked = ours.libraries.len();
    let leanest = [
        ("the fewest crates", least(|it| f64::from(it.crates)), ours.crates.to_string()),
        ("at most 30 crates", ours.crates <= 30, ours.crates.to_string()),
        ("the shortest first build", least(|it| it.build_seconds), seconds(ours.build_seconds)),
        ("the smallest program", least(|it| it.program_bytes as f64), kib(ours.program_bytes)),
        ("the fewest libraries", least(|it| it.libraries.len() as f64), linked.to_string()),
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
         profile in CPU time, with everything downloaded; its size without symbols; and the libraries \
         that it is linked with beside the C library's. surfman shares surfaces between contexts of \
         one process, and is left out of the comparison: it has no dma-bufs. Smithay needs \
         libxkbcommon to be linked, though nothing of it is left in this program.\n"
    )?;
    writeln!(
        text,
        "| | crates | first build | program | linked libraries | images of others |\n\
         |---|---:|---:|---:|---|---|"
    )?;
    for it in footprints {
        let Footprint { name, version, crates, libraries, .. } = it;
        let version = version.as_deref().unwrap_or_default();
        let (build, program) = (seconds(it.build_seconds), kib(it.program_bytes));
        let libraries = if libraries.is_empty() { "none".to_owned() } else { libraries.join(", ") };
        let takes = if it.takes_images { "yes" } else { "no" };
        writeln!(
            text,
            "| {name} {version} | {crates} | {build} | {program} | {libraries} | {takes} |"
        )?;
    }
    Ok(())
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes / 1024)
}
