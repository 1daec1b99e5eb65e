//! Where recorded frames go.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use dmashare::dmabuf::Dmabuf;
use png::BitDepth;

use crate::failure::Attempt;
use crate::failure::Failure;
use crate::png_file;

/// Takes frames as R, G, B, A with 8 bits each, row 0 first.
pub(in crate::stream) enum Recording<'a> {
    /// One PNG for each frame, in a folder, named by its serial.
    Folder(PathBuf),
    /// One after the other, without anything in between. All have the size of the first.
    Raw { out: &'a mut dyn Write, size: Option<[u32; 2]> },
}

impl<'a> Recording<'a> {
    /// The folder is made if it is missing.
    pub(in crate::stream) fn in_folder(folder: &Path) -> Result<Self, Failure> {
        let made = std::fs::create_dir_all(folder);
        made.attempt(format!("the folder {} cannot be made", folder.display()))?;
        Ok(Self::Folder(folder.to_owned()))
    }

    pub(in crate::stream) fn raw(out: &'a mut dyn Write) -> Self {
        Self::Raw { out, size: None }
    }

    /// Writes a frame.
    pub(in crate::stream) fn add(
        &mut self,
        serial: u64,
        image: &Dmabuf,
        rgba: &[u8],
    ) -> Result<(), Failure> {
        match self {
            Self::Folder(folder) => {
                let file = folder.join(format!("frame-{serial:06}.png"));
                png_file::write_colours(&file, image, BitDepth::Eight, rgba)
            }
            Self::Raw { out, size } => {
                let found = [image.width(), image.height()];
                let expected = *size.get_or_insert(found);
                if found != expected {
                    return Err(resized(expected, found));
                }
                Ok(out.write_all(rgba)?)
            }
        }
    }
}

/// An encoder that reads raw pixels cannot see that they are those of another size.
fn resized([before_width, before_height]: [u32; 2], [width, height]: [u32; 2]) -> Failure {
    Failure::new(format!(
        "frames have {width}x{height} pixels now, and had {before_width}x{before_height}"
    ))
    .advise("record to a folder, where each picture has its own size")
}

#[cfg(test)]
mod tests {
    use dmashare::allocator::Allocator;
    use dmashare::allocator::Memfd;
    use dmashare::allocator::Request;
    use dmashare::format::Fourcc;

    use super::*;

    fn image(width: u32, height: u32) -> Dmabuf {
        Memfd::new().allocate(&Request::new(width, height, Fourcc::XRGB8888)).unwrap()
    }

    #[test]
    fn raw_frames_follow_each_other_without_a_gap() {
        let mut out = Vec::new();
        let mut recording = Recording::raw(&mut out);
        recording.add(1, &image(2, 1), &[1; 8]).unwrap();
        recording.add(9, &image(2, 1), &[2; 8]).unwrap();
        assert_eq!(out, [[1; 8], [2; 8]].concat());
    }

    #[test]
    fn raw_frames_of_another_size_are_refused() {
        let mut out = Vec::new();
        let mut recording = Recording::raw(&mut out);
        recording.add(1, &image(2, 1), &[1; 8]).unwrap();
        let refused = recording.add(2, &image(1, 2), &[2; 8]).unwrap_err();
        assert_eq!(refused.to_string(), "frames have 1x2 pixels now, and had 2x1");
        assert_eq!(out, [1; 8]);
    }

    #[test]
    fn pictures_are_named_by_their_serial() {
        let folder = tempfile::tempdir().unwrap();
        let frames = folder.path().join("of/a/test");
        let mut recording = Recording::in_folder(&frames).unwrap();
        recording.add(42, &image(1, 1), &[1, 2, 3, 4]).unwrap();
        assert!(frames.join("frame-000042.png").is_file());
    }
}
