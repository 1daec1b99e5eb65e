//! A frame from a client to a Wayland compositor, which copies it or imports it.

use anyhow::Result;

use crate::race::Contender;
use crate::race::Cost;
use crate::race::Pace;
use crate::race::race;
use crate::race::race_beyond_last;
use crate::report::time;
use crate::results::Case;
use crate::results::Goal;
use crate::results::Spread;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::processor;
use crate::wayland::BLOCKS;
use crate::wayland::Pattern;
use crate::wayland::Way;
use crate::wayland::Weston;
use crate::wayland::Window;

pub(super) const TITLE: &str = "A frame to a Wayland compositor";

const SHM: &str = "wl_shm";
const NOTHING: &str = "no new frame";

/// 4K.
const LARGE: [u32; 2] = [3840, 2160];

/// Whether weston is there, takes what clients have, and shows it.
pub(super) fn trial() -> Result<()> {
    [Way::Dmabuf, Way::Shm].into_iter().try_for_each(|way| {
        let mut client = Client::start(way, [128, 72], BLOCKS)?;
        client.show_halves()
    })
}

pub(super) fn measure(pace: Pace) -> Result<Table> {
    processor::on_one(|| on_one_processor(pace))
}

fn on_one_processor(pace: Pace) -> Result<Table> {
    let sizes = [[128, 72], [1920, 1080], LARGE];
    let drawn_small = sizes.map(|size| DrawnSmall::measure(pace, size));
    let drawn_small = drawn_small.into_iter().collect::<Result<Vec<_>>>()?;
    let large = drawn_small.last().into_iter();
    let all = large.clone().map(|it| it.case.ratio(SHM, OURS));
    let alone = large.map(|DrawnSmall { hand_over_ns: [ours, shm], .. }| {
        f64::max(ours.median / shm.median, 0.0)
    });
    let goals = vec![
        Goal::at_least("at 4K at least 100 times less CPU time than `wl_shm`", 100.0, all),
        Goal::at_most("at 4K handing over alone at most 0.01 times `wl_shm`'s", 0.01, alone),
    ];
    let notes = notes(&drawn_small);
    let mut cases: Vec<Case> = drawn_small.into_iter().map(|it| it.case).collect();
    cases.push(drawn_in_full(pace, LARGE)?);
    Ok(table(cases, goals, notes))
}

fn table(cases: Vec<Case>, goals: Vec<Goal>, notes: Vec<String>) -> Table {
    Table {
        id: "weston".to_owned(),
        title: TITLE.to_owned(),
        what: "A client shows a frame in a window of weston's and waits until it may show the next. The \
               pixels are in one of two images of the crate's, which weston has imported \
               (`zwp_linux_dmabuf_v1`), or in one of two buffers of a `wl_shm_pool`, which weston copies \
               into a texture; nobody writes them meanwhile. The third client has weston draw once more \
               from the buffer that it has. weston scales frames to an output of 32x18 pixels, so that \
               llvmpipe draws little; in the last line the output is as large as they are. Before \
               anything is measured, screenshots show every frame. Both processes are on one \
               processor, and ratios are of their CPU time together. The other time is that of weston's \
               clock, which makes at most a thousand frames in a second."
            .to_owned(),
        x: Some("pixels".to_owned()),
        cases,
        goals,
        notes,
    }
}

/// Frames of `size` pixels, of which llvmpipe draws all.
fn drawn_in_full(pace: Pace, size: [u32; 2]) -> Result<Case> {
    let mut ours = Client::start(Way::Dmabuf, size, size)?;
    let mut shm = Client::start(Way::Shm, size, size)?;
    let [width, height] = size;
    let contenders = vec![
        Contender::timed(OURS, |times| ours.frames(times)),
        Contender::timed(SHM, |times| shm.frames(times)),
    ];
    // One is a batch.
    Ok(race(pace, format!("{width}x{height}, drawn in full"), None, contenders))
}

/// Where the time goes.
fn notes(drawn_small: &[DrawnSmall]) -> Vec<String> {
    let floor = drawn_small.last().map_or(0.0, |it| it.case.of(NOTHING).shown_ns().median);
    let floor = format!(
        "At 4K it takes {} that both processes are woken and speak, and that weston draws, however the \
         frame got there. Handing it over is what it costs beyond that, beyond drawing from the buffer \
         that weston has already:",
        time(floor)
    );
    let shown = |spread: &Spread| {
        let [low, median, high] = [spread.low, spread.median, spread.high].map(time);
        format!("{median} [{low}, {high}]")
    };
    let hand_over = drawn_small.iter().map(|DrawnSmall { case, hand_over_ns: [ours, shm] }| {
        let (size, ours, shm) = (&case.label, shown(ours), shown(shm));
        format!("- {size}: {ours} with an image of the crate's, {shm} with `wl_shm`")
    });
    vec![floor, hand_over.collect::<Vec<_>>().join("\n")]
}

/// Frames of which llvmpipe draws few pixels.
struct DrawnSmall {
    case: Case,
    /// What the crate and what `wl_shm` take beyond drawing.
    hand_over_ns: [Spread; 2],
}

impl DrawnSmall {
    fn measure(pace: Pace, size: [u32; 2]) -> Result<Self> {
        let mut ours = Client::start(Way::Dmabuf, size, BLOCKS)?;
        let mut shm = Client::start(Way::Shm, size, BLOCKS)?;
        let mut nothing = Client::start(Way::Dmabuf, size, BLOCKS)?;
        nothing.show_halves()?;
        let [width, height] = size;
        let pixels = f64::from(width) * f64::from(height);
        let contenders = vec![
            Contender::timed(OURS, |times| ours.frames(times)),
            Contender::timed(SHM, |times| shm.frames(times)),
            Contender::timed(NOTHING, |times| nothing.halves(times)),
        ];
        let label = format!("{width}x{height}");
        let (case, beyond) = race_beyond_last(pace.steady(), label, Some(pixels), contenders);
        Ok(Self { case, hand_over_ns: [beyond[0], beyond[1]] })
    }
}

/// A compositor with one window.
struct Client {
    window: Window,
    weston: Weston,
    next: u8,
}

impl Client {
    /// Both frames have been on the output, every block of them.
    fn start(way: Way, size: [u32; 2], shown: [u32; 2]) -> Result<Self> {
        let weston = Weston::start(shown)?;
        let mut window = Window::open(weston.connect()?, way, size, shown)?;
        for frame in [1, 0] {
            window.show(usize::from(frame))?;
            weston.screenshot()?.ensure_shows(|place| Pattern { frame }.colour(place))?;
        }
        Ok(Self { window, weston, next: 1 })
    }

    /// Both halves of the frame have been on the output.
    fn show_halves(&mut self) -> Result<()> {
        for half in [1, 0] {
            self.window.show_half(half)?;
            let block = |[x, y]: [u32; 2]| [x / 2 + BLOCKS[0] / 2 * u32::from(half), y];
            let expected = |place| Pattern { frame: 0 }.colour(block(place));
            self.weston.screenshot()?.ensure_shows(expected)?;
        }
        Ok(())
    }

    /// One frame after the other.
    fn frames(&mut self, times: u32) -> Cost {
        let Self { window, weston, next } = self;
        weston.clock().measure(times, || {
            window.show(usize::from(*next)).expect("a compositor");
            *next = 1 - *next;
        })
    }

    /// The same frame, half by half.
    fn halves(&mut self, times: u32) -> Cost {
        let Self { window, weston, next } = self;
        weston.clock().measure(times, || {
            window.show_half(*next).expect("a compositor");
            *next = 1 - *next;
        })
    }
}
