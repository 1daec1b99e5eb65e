//! Screenshots and other pictures, compared pixel by pixel.

use std::fs;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;

/// Red, green and blue of each pixel, row by row, the top row first.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<[u8; 3]>,
}

/// A part of a picture: left and top edge, width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rectangle {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Picture {
    /// Reads a PNG file of 8 bits per channel; alpha, if there is any, must be opaque.
    pub(crate) fn read(path: &Path) -> Self {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
        reader.set_transformations(png::Transformations::EXPAND);
        let mut reader = reader.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        assert_eq!(frame.bit_depth, png::BitDepth::Eight);
        let pixel = |channels: &[u8]| match *channels {
            [red, green, blue] | [red, green, blue, 255] => [red, green, blue],
            _ => panic!("{channels:?} is no opaque pixel of {}", path.display()),
        };
        let channels = frame.color_type.samples();
        let pixels = bytes.chunks_exact(channels).map(pixel).collect();
        Self { width: frame.width, height: frame.height, pixels }
    }

    /// Writes it as a PNG file for people to look at, to `screenshots` in the target directory.
    pub(crate) fn keep(&self, name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        let mut encoder = png::Encoder::new(File::create(&path).unwrap(), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(self.pixels.as_flattened()).unwrap();
        writer.finish().unwrap();
        path
    }

    pub(crate) fn whole(&self) -> Rectangle {
        Rectangle { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// Compares a part of it with what each pixel should be, counted from the part's own corner.
    pub(crate) fn compare(
        &self,
        part: Rectangle,
        expected: impl Fn(u32, u32) -> [u8; 3],
    ) -> Result<(), String> {
        let places = (0..part.height).flat_map(|y| (0..part.width).map(move |x| (x, y)));
        let mut different = places.filter_map(|(x, y)| {
            let (found, expected) = (self.pixel(part.x + x, part.y + y), expected(x, y));
            (found != expected).then(|| format!("({x}, {y}): {found:?}, expected {expected:?}"))
        });
        match different.next() {
            None => Ok(()),
            Some(first) => {
                let (count, all) = (different.count() + 1, part.width * part.height);
                Err(format!("{count} of {all} pixels differ, the first at {first}"))
            }
        }
    }

    pub(crate) fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        self.pixels[usize::try_from(y * self.width + x).unwrap()]
    }
}

impl Rectangle {
    pub(crate) fn contains(&self, x: u32, y: u32) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

/// The XOR pattern as `shaders/xor.frag` describes it.
pub(crate) fn xor_pattern(x: u32, y: u32) -> [u8; 3] {
    [x ^ y, x ^ (2 * y), (2 * x) ^ y].map(|value| u8::try_from(value % 256).unwrap())
}

/// The XOR pattern with a white pixel at the top left.
pub(crate) fn xor_pattern_and_one_pixel(x: u32, y: u32) -> [u8; 3] {
    if (x, y) == (0, 0) { [255; 3] } else { xor_pattern(x, y) }
}
