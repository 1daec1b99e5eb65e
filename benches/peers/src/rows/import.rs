//! Importing an image, beside the bare calls of EGL and Smithay.

use std::ffi::c_void;
use std::hint::black_box;
use std::os::fd::AsRawFd;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::Result;
use dmashare::dmabuf::Dmabuf;
use dmashare::egl::Context;
use dmashare::egl::Display;
use dmashare::egl::Image;
use dmashare::egl::ImageCache;
use dmashare::gl::External;
use dmashare::gl::Gl;
use dmashare::gl::Texture;
use dmashare::gl::TextureCache;
use dmashare::gl::TwoD;
use smithay::backend::allocator::dmabuf::Dmabuf as SmithayDmabuf;
use smithay::backend::allocator::dmabuf::DmabufFlags;
use smithay::backend::egl::EGLContext;
use smithay::backend::egl::EGLDevice;
use smithay::backend::egl::EGLDisplay;
use smithay::backend::egl::ffi::egl::DestroyImageKHR;
use smithay::backend::renderer::ImportDma;
use smithay::backend::renderer::gles::GlesRenderer;

use crate::inputs;
use crate::race::Contender;
use crate::race::Pace;
use crate::race::race;
use crate::results::Case;
use crate::results::Goal;
use crate::results::Spread;
use crate::results::Table;
use crate::rows::OURS;
use crate::rows::driver;

pub(super) const RAW: &str = "EGL";
pub(super) const SMITHAY: &str = "Smithay 0.7";
const KEPT: &str = "dmashare, kept image";
const KEPT_PLAIN: &str = "dmashare, kept 2D texture";
const KEPT_EXTERNAL: &str = "dmashare, kept external texture";
const REFRESHED: &str = "dmashare, refreshed 2D texture";
const SMITHAY_KEPT: &str = "Smithay 0.7, kept texture";

/// Why textures that show the same cost so differently.
const SIGHT: &str = "A kept texture has to show the next picture in the same memory. Smithay gives it its image again \
     each time (`glEGLImageTargetTexture2DOES`). The crate asks what has to be done: an external texture \
     shows what is there when it is bound, by its specification, and llvmpipe samples the memory itself, \
     whatever the texture. With every other driver, so with every GPU, the crate gives a kept 2D texture \
     its image again too, for each picture that is asked for. That is the refreshed texture: nearly what \
     Smithay's costs, so the one to keep there is the external one.";

const SIZES: [[u32; 2]; 5] = [[64, 64], [640, 480], [1920, 1080], [3840, 2160], [7680, 4320]];

type Create = unsafe extern "system" fn(
    *mut c_void,
    *mut c_void,
    u32,
    *mut c_void,
    *const i32,
) -> *mut c_void;
type Destroy = unsafe extern "system" fn(*mut c_void, *mut c_void) -> u32;

pub(crate) fn measure(pace: Pace) -> Result<Table> {
    // Smithay ends a display for everybody who shares it: this one is to go last.
    let theirs = smithay_display()?;
    let display = driver::display()?;
    let mut cases = Vec::new();
    for [width, height] in SIZES {
        let image = inputs::image(1, [width, height]);
        let pixels = f64::from(width) * f64::from(height);
        cases.push(of(pace, &display, &theirs, &image, format!("{width}x{height}"), pixels)?);
    }
    let ratios = |one, other| cases.iter().map(move |case: &Case| case.ratio(one, other));
    let of_egl = |case: &Case| case.of(OURS).ratio.median;
    let flat = std::iter::once(of_egl(&cases[SIZES.len() - 1]) / of_egl(&cases[0]));
    let goals = vec![
        Goal::at_most(
            "at most 1.02 times the calls of EGL, in the median of the sizes",
            1.02,
            std::iter::once(Spread::of(ratios(OURS, RAW).collect()).median),
        ),
        Goal::at_most("as flat as EGL from 64x64 to 7680x4320", 1.01, flat),
        Goal::at_most("no slower than Smithay, to 1 %", 1.01, ratios(OURS, SMITHAY)),
        Goal::at_least(
            "a kept texture, 2D or external, at least 5 times as fast as Smithay's",
            5.0,
            ratios(SMITHAY_KEPT, KEPT_PLAIN).chain(ratios(SMITHAY_KEPT, KEPT_EXTERNAL)),
        ),
    ];
    Ok(Table {
        id: "import".to_owned(),
        title: "Importing an image into EGL".to_owned(),
        what:
            "Import and destroy: `eglCreateImageKHR` and `eglDestroyImageKHR` alone, the crate's \
               `Image::import` (which looks at what the driver would crash on), Smithay's \
               `create_image_from_dmabuf`. And what an image costs that was imported before: \
               `ImageCache`, `TextureCache` of both kinds, `Texture::refresh`, and Smithay's \
               `import_dmabuf`."
                .to_owned(),
        x: Some("pixels".to_owned()),
        cases,
        goals,
        notes: vec![SIGHT.to_owned()],
    })
}

/// One image, imported by everybody.
pub(super) fn of(
    pace: Pace,
    display: &Display,
    theirs: &EGLDisplay,
    image: &Dmabuf,
    label: String,
    x: f64,
) -> Result<Case> {
    let context = Context::new(display)?;
    context.make_current()?;
    let gl = Gl::new(&context)?;
    let mut images = ImageCache::new(display);
    images.import(image)?;
    let mut plain = TextureCache::<TwoD>::new(&gl);
    let mut external = TextureCache::<External>::new(&gl);
    let imported = Image::import(display, image)?;
    let refreshed = match imported.is_external_only() {
        true => None,
        false => Some(Texture::<TwoD>::from_image(&gl, &imported)?),
    };
    let bare = Bare::new(&context, image);
    let smithay = Smithay::new(theirs, image)?;
    let mut renderer = smithay.renderer()?;
    renderer.import_dmabuf(&smithay.image, None)?;
    // Smithay makes its context current with each call, and everybody else needs the other one.
    context.make_current()?;
    let mut kept = |times: u32| -> Duration {
        let start = Instant::now();
        for _ in 0..times {
            drop(black_box(renderer.import_dmabuf(&smithay.image, None)));
        }
        let elapsed = start.elapsed();
        context.make_current().expect("a context");
        elapsed
    };
    let mut contenders = vec![
        Contender::new(RAW, || bare.import()),
        Contender::new(OURS, || Image::import(display, image).expect("an import")),
        Contender::new(SMITHAY, || smithay.import()),
        Contender::new(KEPT, || images.import(image).expect("an import").as_raw()),
        Contender::new(KEPT_EXTERNAL, || external.texture(image).expect("a texture").name()),
    ];
    if let Some(texture) = &refreshed {
        contenders.extend([
            Contender::new(KEPT_PLAIN, || plain.texture(image).expect("a texture").name()),
            Contender::new(REFRESHED, || texture.refresh(&imported).expect("the same texture")),
        ]);
    }
    contenders.push(Contender::timed(SMITHAY_KEPT, &mut kept));
    Ok(race(pace, label, Some(x), contenders))
}

/// The two calls of EGL and their list.
pub(super) struct Bare {
    display: *mut c_void,
    attributes: Vec<i32>,
    create: Create,
    destroy: Destroy,
}

impl Bare {
    pub(super) fn new(context: &Context, image: &Dmabuf) -> Self {
        // SAFETY: the types are those that eglext.h declares for these names.
        let create: Create =
            unsafe { std::mem::transmute(context.proc_address(c"eglCreateImageKHR")) };
        // SAFETY: as above.
        let destroy: Destroy =
            unsafe { std::mem::transmute(context.proc_address(c"eglDestroyImageKHR")) };
        // EGL_WIDTH, EGL_HEIGHT, EGL_LINUX_DRM_FOURCC_EXT, then fd, offset, pitch and the halves of
        // the modifier. The fourth plane came later, and its names are elsewhere.
        let size = [0x3057, image.width(), 0x3056, image.height(), 0x3271, image.fourcc().0];
        let mut attributes: Vec<i32> = size.map(u32::cast_signed).to_vec();
        let code = image.modifier().to_raw();
        let halves = [code as i32, (code >> 32) as i32];
        for (place, plane) in (0..).zip(image.planes()) {
            let first = if place < 3 { 0x3272 + 3 * place } else { 0x3440 };
            let modifier = 0x3443 + 2 * place;
            let offset = plane.offset_bytes().cast_signed();
            let pitch = plane.stride_bytes().cast_signed();
            attributes.extend([first, plane.fd().as_raw_fd(), first + 1, offset]);
            attributes.extend([first + 2, pitch]);
            attributes.extend([modifier, halves[0], modifier + 1, halves[1]]);
        }
        attributes.push(0x3038);
        Self { display: context.display().as_raw(), attributes, create, destroy }
    }

    fn import(&self) {
        assert!(self.is_taken());
    }

    /// Whether the driver makes an image of it, which is gone again.
    pub(super) fn is_taken(&self) -> bool {
        let none = std::ptr::null_mut();
        let list = self.attributes.as_ptr();
        // SAFETY: EGL_LINUX_DMA_BUF_EXT takes no context and no buffer, and a terminated list.
        let image = unsafe { (self.create)(self.display, none, 0x3270, none, list) };
        // SAFETY: the image was just made, and is destroyed once.
        !image.is_null() && unsafe { (self.destroy)(self.display, image) } != 0
    }
}

/// The display of the software device, by Smithay.
pub(super) fn smithay_display() -> Result<EGLDisplay> {
    let device = EGLDevice::enumerate()?.find(EGLDevice::is_software);
    let device = device.context("Smithay finds no software renderer")?;
    // SAFETY: Smithay makes no other display from this device.
    Ok(unsafe { EGLDisplay::new(device) }?)
}

/// The same through Smithay, on the same display.
struct Smithay<'a> {
    display: &'a EGLDisplay,
    image: SmithayDmabuf,
}

impl<'a> Smithay<'a> {
    fn new(display: &'a EGLDisplay, image: &Dmabuf) -> Result<Self> {
        let size = (image.width().cast_signed(), image.height().cast_signed());
        let fourcc = image.fourcc().0.try_into().context("a format that Smithay does not know")?;
        let modifier = smithay::backend::allocator::Modifier::Linear;
        let mut builder = SmithayDmabuf::builder(size, fourcc, modifier, DmabufFlags::empty());
        for (place, plane) in (0..).zip(image.planes()) {
            let fd = plane.fd().try_clone_to_owned()?;
            builder.add_plane(fd, place, plane.offset_bytes(), plane.stride_bytes());
        }
        Ok(Self { display, image: builder.build().context("planes")? })
    }

    fn renderer(&self) -> Result<GlesRenderer> {
        // SAFETY: the context is current on no other thread.
        Ok(unsafe { GlesRenderer::new(EGLContext::new(self.display)?) }?)
    }

    fn import(&self) {
        let image = self.display.create_image_from_dmabuf(&self.image).expect("an import");
        let display = self.display.get_display_handle();
        // SAFETY: the image was just made, and is destroyed once.
        unsafe { DestroyImageKHR(**display, image) };
    }
}
