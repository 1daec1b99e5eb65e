//! Importing images of several planes, which not every driver does.

use anyhow::Context as _;
use anyhow::Result;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::format::Entry;
use dmashare::format::ModifierCode;
use dmashare::gl::Gl;

use crate::inputs;
use crate::race::Pace;
use crate::results::Case;
use crate::results::Goal;
use crate::results::Spread;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::driver;
use crate::rows::import;
use crate::rows::import::Bare;
use crate::rows::import::RAW;
use crate::rows::import::SMITHAY;
use crate::rows::plural;

pub(super) const TITLE: &str = "Importing an image of several planes";

const SIZE: [u32; 2] = [1920, 1080];

const LINEAR: ModifierCode = ModifierCode::LINEAR;

/// More than any format has without compression.
const MOST_PLANES: usize = 4;

/// Whether the driver takes an image of two planes and one of three.
pub(super) fn trial() -> Result<()> {
    let display = driver::display()?;
    let context = Context::new(&display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    for planes in [2, 3] {
        let image = inputs::image(planes, SIZE);
        Image::import(&display, &image)
            .with_context(|| format!("{}: {} in {planes} planes", gl.version(), image.fourcc()))?;
    }
    Ok(())
}

pub(super) fn measure(pace: Pace) -> Result<Table> {
    // Smithay ends a display for everybody who shares it: this one is to go last.
    let theirs = import::smithay_display()?;
    let display = driver::display()?;
    let mut cases = Vec::new();
    for (planes, x) in [(1, 1.0), (2, 2.0), (3, 3.0)] {
        let image = inputs::image(planes, SIZE);
        let label = format!("{}, {}", plural(planes), image.fourcc());
        cases.push(import::of(pace, &display, &theirs, &image, label, x)?);
    }
    let ratios = |other| cases.iter().map(move |case: &Case| case.ratio(OURS, other));
    let of_egl = |case: &Case| case.of(OURS).ratio.median;
    let flat = std::iter::once(of_egl(&cases[2]) / of_egl(&cases[0]));
    let goals = vec![
        Goal::at_most(
            "at most 1.02 times the calls of EGL, in the median of the planes",
            1.02,
            std::iter::once(Spread::of(ratios(RAW).collect()).median),
        ),
        Goal::at_most("as flat as EGL from 1 plane to 3", 1.01, flat),
        Goal::at_most("no slower than Smithay, to 1 %", 1.01, ratios(SMITHAY)),
    ];
    Ok(Table {
        id: "planes".to_owned(),
        title: TITLE.to_owned(),
        what: "The same as in the table by size, with images of 1920x1080 pixels whose planes are \
               each in memory of their own. Mesa makes a resource of each plane, which is what all \
               contenders pay."
            .to_owned(),
        x: Some("planes".to_owned()),
        cases,
        goals,
        notes: vec![four_planes(&display)?],
    })
}

/// What the driver has to say about an image of four planes.
fn four_planes(display: &Display) -> Result<String> {
    let listed = display.formats().sample();
    let planes = |entry: Entry| Some(entry.fourcc.layout()?.planes().len());
    let most = listed.entries().filter_map(planes).max().unwrap_or(0);
    let is_tiled = |entry: &Entry| entry.modifier.explicit().is_some_and(|it| it != LINEAR);
    let tiled = listed.entries().filter(is_tiled).count();
    let image = inputs::image(MOST_PLANES, SIZE);
    let context = Context::new(display)?;
    context.make_current()?;
    let answer = match Bare::new(&context, &image).is_taken() {
        true => "takes",
        false => "refuses",
    };
    Ok(format!(
        "4 planes are not measured: none of the {} formats that this driver lists has more than {most}, \
         and {tiled} of the pairs have a modifier that could add some. Asked all the same, it {answer} {} \
         with the modifier {}, which has 4.",
        listed.fourccs().count(),
        image.fourcc(),
        image.modifier(),
    ))
}
