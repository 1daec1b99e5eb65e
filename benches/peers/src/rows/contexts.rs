//! From one context to another, with a fence and with `glFinish`.

use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Fence;
use dmashare::egl::Image;
use dmashare::gl::Gl;
use dmashare::gl::Program;
use dmashare::gl::RenderTarget;
use dmashare::gl::Texture;
use dmashare::gl::TwoD;

use crate::inputs;
use crate::race::Contender;
use crate::race::Pace;
use crate::race::race;
use crate::results::Goal;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::driver;

const FINISH: &str = "glFinish on both sides";

pub(crate) fn measure(pace: Pace) -> Result<Table> {
    let display = driver::display()?;
    let mut cases = Vec::new();
    for size in [[64, 64], [1920, 1080]] {
        let pair = Pair::new(&display, &inputs::image(1, size))?;
        let contenders = vec![
            Contender::new(FINISH, || pair.with_finish()),
            Contender::timed(OURS, |times| pair.with_fences(times)),
        ];
        let pixels = f64::from(size[0] * size[1]);
        cases.push(race(
            pace.steady(),
            format!("{}x{}", size[0], size[1]),
            Some(pixels),
            contenders,
        ));
    }
    let ratios = cases.iter().map(|case| case.of(OURS).ratio.median);
    let goals = vec![Goal::at_most("no slower than glFinish, to 1 %", 1.01, ratios)];
    Ok(Table {
        id: "contexts".to_owned(),
        title: "From one context to another".to_owned(),
        what: "Context B draws into the image, context A draws it into a texture of its own. Once B \
               and A finish each frame; once each makes a fence that the other's server waits for, \
               and no CPU waits until the whole batch is done. llvmpipe draws with the CPU, so that a \
               fence can save it no more than the waiting."
            .to_owned(),
        x: None,
        cases,
        goals,
        notes: Vec::new(),
    })
}

/// Two contexts that share an image and nothing else.
struct Pair {
    writer: Side,
    pattern: Program<TwoD>,
    reader: Side,
    blit: Program<TwoD>,
    seen: RenderTarget,
}

struct Side {
    context: Context,
    gl: Gl,
    texture: Texture<TwoD>,
    target: RenderTarget,
}

impl Side {
    fn new(display: &Display, image: &Dmabuf) -> Result<Self> {
        let context = Context::new(display)?;
        context.make_current()?;
        let gl = Gl::new(&context)?;
        let texture = Texture::from_image(&gl, &Image::import(display, image)?)?;
        let target = RenderTarget::new(&texture)?;
        Ok(Self { context, gl, texture, target })
    }
}

impl Pair {
    fn new(display: &Display, image: &Dmabuf) -> Result<Self> {
        let writer = Side::new(display, image)?;
        let pattern = Program::xor_pattern(&writer.gl)?;
        let reader = Side::new(display, image)?;
        let blit = Program::blit(&reader.gl)?;
        let size = [image.width(), image.height()];
        let seen = Texture::new(&reader.gl, size, dmashare::gl::PixelType::Rgba8)?;
        let seen = RenderTarget::new(&seen)?;
        Ok(Self { writer, pattern, reader, blit, seen })
    }

    fn with_finish(&self) {
        self.writer.context.make_current().expect("a context");
        self.writer.target.fill(&self.pattern).expect("a drawing");
        self.writer.gl.finish().expect("the writer's end");
        self.reader.context.make_current().expect("a context");
        self.seen.draw(&self.blit, &self.reader.texture).expect("a drawing");
        self.reader.gl.finish().expect("the reader's end");
    }

    fn with_fences(&self, times: u32) -> Duration {
        let start = Instant::now();
        let mut free: Option<Fence> = None;
        for _ in 0..times {
            self.writer.context.make_current().expect("a context");
            if let Some(free) = free.take() {
                free.wait_on_gpu(&self.writer.context).expect("a wait of the server's");
            }
            self.writer.target.fill(&self.pattern).expect("a drawing");
            let ready = Fence::new(&self.writer.context).expect("a fence");
            self.reader.context.make_current().expect("a context");
            ready.wait_on_gpu(&self.reader.context).expect("a wait of the server's");
            self.seen.draw(&self.blit, &self.reader.texture).expect("a drawing");
            free = Some(Fence::new(&self.reader.context).expect("a fence"));
        }
        if let Some(free) = free {
            free.wait(Duration::from_secs(60)).expect("the end");
        }
        start.elapsed()
    }
}
