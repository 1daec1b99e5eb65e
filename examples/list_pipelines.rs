//! What each display device can show where: from its connectors back to its planes.
//!
//! Needs a primary node in `/dev/dri` that you may open. Run it with
//!
//! ```text
//! cargo run --example list_pipelines --features drm
//! cargo run --example list_pipelines --features drm -- --json
//! ```
//!
//! You should see a tree for each device: its connectors with their monitors, and below each the
//! encoders, the CRTCs that these reach, and the planes of those; then each plane with the formats
//! that it reads. A `>` marks what is in use, and the last line of a device says which way a picture
//! would take.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to its user")]

#[path = "common/report.rs"]
mod report;

use clap::Parser;
use dmashare::device::Device;
use dmashare::device::NodeKind;
use dmashare::format::FormatSet;
use dmashare::format::Modifier;
use dmashare::kms::Connector;
use dmashare::kms::Crtc;
use dmashare::kms::Encoder;
use dmashare::kms::Pipeline;
use dmashare::kms::PipelineRequest;
use dmashare::kms::Plane;
use dmashare::kms::Topology;
use dmashare::kms::TopologyError;
use serde_json::Value;
use serde_json::json;

use crate::report::Report;

/// Lists what each display device can show where.
#[derive(Parser)]
struct Arguments {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// Only devices of this driver, named like vkms
    #[arg(long, value_name = "DRIVER")]
    driver: Option<String>,
    /// Ask the monitors as well, which takes a while and needs to be the master
    #[arg(long)]
    probe: bool,
}

fn main() -> Result<(), Report> {
    let arguments = Arguments::parse();
    let mut found = Vec::new();
    for device in Device::all() {
        let Ok(node) = device.open(NodeKind::Primary) else {
            eprintln!(
                "{}: may not be opened (or has no primary node)",
                device.sysfs_path().display()
            );
            continue;
        };
        if arguments.driver.as_ref().is_some_and(|driver| driver != node.driver()) {
            continue;
        }
        let path = node.path().map(|path| path.display().to_string()).unwrap_or_default();
        let topology =
            if arguments.probe { Topology::read(&node) } else { Topology::read_known(&node) };
        match topology {
            Ok(topology) => found.push((path, topology)),
            Err(TopologyError::Unsupported { .. }) => {
                eprintln!("{path} ({}): has no display", node.driver());
            }
            Err(error) => return Err(error.into()),
        }
    }
    if arguments.json {
        let devices: Vec<_> = found.iter().map(|(path, it)| json_of(path, it)).collect();
        println!("{:#}", json!({ "devices": devices }));
        return Ok(());
    }
    if found.is_empty() {
        return Err(Report::new("no device with a display: `ls -l /dev/dri` shows what there is"));
    }
    for (path, topology) in &found {
        print(path, topology);
    }
    Ok(())
}

fn print(path: &str, topology: &Topology) {
    let [[least_width, least_height], [most_width, most_height]] =
        [topology.least_size, topology.most_size];
    println!("{path}: {}", topology.driver);
    println!("  framebuffers: {least_width}x{least_height} to {most_width}x{most_height}");
    println!("  commits: {}", if topology.capabilities.atomic { "atomic" } else { "legacy" });
    let modifiers = if topology.capabilities.modifiers { "stated" } else { "none, LINEAR alone" };
    println!("  modifiers: {modifiers}");
    for connector in &topology.connectors {
        print_connector(topology, connector);
    }
    for plane in &topology.planes {
        println!("    {} plane {} reads", plane.kind, u32::from(plane.handle));
        println!("      {}", formats_text(&plane.formats));
    }
    match Pipeline::choose(topology, &PipelineRequest::default()) {
        Ok(way) => println!("  {}", way_text(topology, &way)),
        Err(reason) => println!("  {reason}"),
    }
    println!();
}

fn print_connector(topology: &Topology, connector: &Connector) {
    let mark = mark(topology.current_crtc(connector).is_some());
    println!("  {mark}connector {} ({})", connector.name(), connector.state);
    if let Some([width, height]) = connector.size_mm {
        println!("      {width} x {height} mm");
    }
    if let Some(mode) = connector.preferred_mode() {
        println!("      {} modes, best {mode}", connector.modes.len());
    }
    if let Some(formats) = &connector.writeback_formats {
        println!("      writes {}", formats_text(formats));
    }
    for encoder in connector.encoders.iter().filter_map(|it| topology.encoder(*it)) {
        print_encoder(topology, connector, encoder);
    }
}

fn print_encoder(topology: &Topology, connector: &Connector, encoder: &Encoder) {
    let mark = mark(connector.encoder == Some(encoder.handle));
    println!("    {mark}encoder {} ({})", u32::from(encoder.handle), encoder.kind);
    for crtc in encoder.possible_crtcs.iter().filter_map(|it| topology.crtc(*it)) {
        print_crtc(topology, connector, crtc);
    }
}

fn print_crtc(topology: &Topology, connector: &Connector, crtc: &Crtc) {
    let is_used = topology.current_crtc(connector).is_some_and(|it| it.handle == crtc.handle);
    let mode = crtc.mode.map_or("off".to_owned(), |mode| mode.to_string());
    println!(
        "      {}CRTC {} (number {}, {mode})",
        mark(is_used),
        u32::from(crtc.handle),
        crtc.index
    );
    for plane in topology.planes_of(crtc.handle) {
        let mark = mark(plane.crtc == Some(crtc.handle));
        println!("        {mark}{} plane {}", plane.kind, u32::from(plane.handle));
    }
}

fn mark(is_used: bool) -> &'static str {
    if is_used { "> " } else { "  " }
}

/// The formats by their modifiers, because most formats have the same ones.
fn formats_text(formats: &FormatSet) -> String {
    let mut groups: Vec<(Vec<Modifier>, Vec<String>)> = Vec::new();
    for fourcc in formats.fourccs() {
        let modifiers: Vec<_> = formats.modifiers_of(fourcc).collect();
        match groups.iter_mut().find(|(known, _)| *known == modifiers) {
            Some((_, names)) => names.push(fourcc.to_string()),
            None => groups.push((modifiers, vec![fourcc.to_string()])),
        }
    }
    let groups = groups.into_iter().map(|(modifiers, names)| {
        let modifiers: Vec<_> = modifiers.iter().map(Modifier::to_string).collect();
        format!("{} ({})", names.join(" "), modifiers.join(", "))
    });
    groups.collect::<Vec<_>>().join("; ")
}

fn way_text(topology: &Topology, way: &Pipeline) -> String {
    let connector = topology.connector(way.connector).map(Connector::name).unwrap_or_default();
    let [plane, crtc] = [u32::from(way.primary), u32::from(way.crtc)];
    format!("a picture would go: plane {plane} > CRTC {crtc} > {connector} at {}", way.mode)
}

fn json_of(path: &str, topology: &Topology) -> Value {
    let way = Pipeline::choose(topology, &PipelineRequest::default()).ok();
    json!({
        "path": path,
        "driver": topology.driver,
        "atomic": topology.capabilities.atomic,
        "modifiers": topology.capabilities.modifiers,
        "least_size": topology.least_size,
        "most_size": topology.most_size,
        "connectors": topology.connectors.iter().map(connector_json).collect::<Vec<_>>(),
        "encoders": topology.encoders.iter().map(encoder_json).collect::<Vec<_>>(),
        "crtcs": topology.crtcs.iter().map(crtc_json).collect::<Vec<_>>(),
        "planes": topology.planes.iter().map(plane_json).collect::<Vec<_>>(),
        "way": way.map(|way| json!({
            "plane": u32::from(way.primary),
            "crtc": u32::from(way.crtc),
            "encoder": u32::from(way.encoder),
            "connector": u32::from(way.connector),
            "mode": way.mode.to_string(),
        })),
    })
}

fn connector_json(connector: &Connector) -> Value {
    json!({
        "id": u32::from(connector.handle),
        "name": connector.name(),
        "state": connector.state.to_string(),
        "size_mm": connector.size_mm,
        "modes": connector.modes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "encoders": numbers(&connector.encoders),
        "writes": connector.writeback_formats.as_ref().map(formats_json),
    })
}

fn encoder_json(encoder: &Encoder) -> Value {
    json!({
        "id": u32::from(encoder.handle),
        "kind": encoder.kind.to_string(),
        "crtcs": numbers(&encoder.possible_crtcs),
    })
}

fn crtc_json(crtc: &Crtc) -> Value {
    json!({
        "id": u32::from(crtc.handle),
        "index": crtc.index,
        "mode": crtc.mode.map(|mode| mode.to_string()),
    })
}

fn plane_json(plane: &Plane) -> Value {
    json!({
        "id": u32::from(plane.handle),
        "kind": plane.kind.to_string(),
        "crtcs": numbers(&plane.possible_crtcs),
        "crtc": plane.crtc.map(u32::from),
        "reads": formats_json(&plane.formats),
    })
}

fn formats_json(formats: &FormatSet) -> Value {
    let pairs = formats.entries().map(|entry| {
        json!({ "format": entry.fourcc.to_string(), "modifier": entry.modifier.to_string() })
    });
    pairs.collect()
}

fn numbers<H: Copy + Into<u32>>(handles: &[H]) -> Vec<u32> {
    handles.iter().map(|handle| (*handle).into()).collect()
}
