#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! `dmashare formats` tells what is proved from what is only advertised.

mod common;

use dmashare::format::Fourcc;
use serde_json::Value;

use common::renderer::Renderer;
use common::tool;

const PIXELS: u64 = 96 * 96;

/// The row of a format, of which the software display lists one.
fn row(fourcc: &str, more: &[&str]) -> Value {
    let display = tool::software_display();
    let mut arguments = vec!["formats", "--json", "--display", &display, "--fourcc", fourcc];
    arguments.extend(more);
    let report = tool::json(&arguments);
    assert_eq!((&report["schema"], &report["driver"]), (&Value::from(1), &Value::from("swrast")));
    let rows = report["formats"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{report}");
    rows[0].clone()
}

#[test]
fn ar24_is_proved_for_everything() {
    let row = row("AR24", &[]);
    assert_eq!((&row["fourcc"], &row["name"]), (&Value::from("AR24"), &Value::from("ARGB8888")));
    assert_eq!((&row["modifier"], &row["planes"]), (&Value::from("LINEAR"), &Value::from(1)));
    assert_eq!(row["bits_per_pixel"], 32.0);
    assert_eq!(row["external_only"], false);
    for usage in ["sample", "render", "cpu"] {
        assert_eq!(row[usage]["outcome"], "proved", "{usage}: {row}");
        assert_eq!(row[usage]["pixels"], PIXELS);
        assert!(row[usage]["problem"].is_null());
    }
}

/// Mesa before 26 lists the planar formats, and then refuses them.
#[test]
fn nv12_is_proved_where_mesa_26_is_and_refused_where_it_is_not() {
    let row = row("NV12", &[]);
    assert_eq!(row["external_only"], true);
    assert!(row["render"].is_null(), "{row}");
    assert_eq!(row["cpu"]["outcome"], "proved");
    let sample = &row["sample"];
    if Renderer::new().mesa() >= 26 {
        assert_eq!(
            (&sample["outcome"], &sample["pixels"]),
            (&Value::from("proved"), &PIXELS.into())
        );
        return;
    }
    assert_eq!((&sample["outcome"], &sample["pixels"]), (&Value::from("refused"), &Value::from(0)));
    let problem = &sample["problem"];
    assert!(problem["cause"].as_str().unwrap().contains("EGL_BAD_ALLOC"), "{problem}");
    assert!(problem["next_step"].as_str().unwrap().contains("plane by plane"), "{problem}");
}

/// The texture of such an image is no render target of GLES.
#[test]
fn xr30_is_sampled_and_not_rendered_into() {
    let row = row("XR30", &[]);
    assert_eq!(row["sample"]["outcome"], "proved");
    assert_eq!(row["render"]["outcome"], "refused");
    let cause = row["render"]["problem"]["cause"].as_str().unwrap();
    assert!(cause.contains("cannot be rendered into"), "{cause}");
}

#[test]
fn advertised_lists_every_explicit_pair_of_the_display_and_tries_nothing() {
    let display = tool::software_display();
    let report = tool::json(&["formats", "--advertised", "--json", "--display", &display]);
    let listed: Vec<_> = report["formats"].as_array().unwrap().iter().collect();
    let renderer = Renderer::new();
    let formats = renderer.display.formats();
    let expected: Vec<_> =
        formats.sample().entries().filter(|entry| entry.modifier.explicit().is_some()).collect();
    assert_eq!(listed.len(), expected.len());
    assert!(listed.len() > 50, "{} formats", listed.len());
    for (row, entry) in listed.iter().zip(expected) {
        assert_eq!(row["fourcc"], entry.fourcc.to_string());
        assert_eq!(row["external_only"], entry.external_only);
        assert_eq!(row["sample"]["outcome"], "advertised");
        assert_eq!(row["render"].is_null(), entry.external_only);
    }
}

#[test]
fn table_of_one_format_says_what_is_proved() {
    let display = tool::software_display();
    let code = format!("{:#x}", Fourcc::ARGB8888.0);
    let output = tool::run(&["formats", "--fourcc", &code, "--display", &display]);
    let text = tool::stdout(&output);
    let expected = ["AR24", "ARGB8888", "LINEAR", "1", "32", "2D", "proved", "proved", "proved"];
    assert!(text.lines().any(|line| line.split_whitespace().eq(expected)), "{text}");
    assert!(text.ends_with("proved: 1 to sample, 1 to render, 1 for the CPU\n"), "{text}");
}
