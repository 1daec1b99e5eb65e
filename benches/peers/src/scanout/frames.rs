//! How far a program is, by what it prints.

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum News {
    /// So many frames since the program began to count.
    Total(u32),
    /// So many more.
    More(u32),
}

/// Counts the frames of a program.
#[derive(Debug, Default)]
pub(crate) struct Frames(u32);

/// How many frames modetest counts before it prints.
const MODETEST_FRAMES: u32 = 60;

/// Tells of frames on the standard output, as seldom as modetest does.
pub(crate) fn tell(shown: u32) {
    if shown.is_multiple_of(MODETEST_FRAMES) {
        println!("frames {shown}");
    }
}

impl Frames {
    /// How many there were when the line was printed, if it says so.
    pub(crate) fn after(&mut self, line: &str) -> Option<u32> {
        self.0 = match news(line)? {
            News::Total(frames) => frames,
            News::More(frames) => self.0 + frames,
        };
        Some(self.0)
    }
}

fn news(line: &str) -> Option<News> {
    let number = |text: &str| text.split(' ').next()?.parse().ok();
    if let Some(rest) = line.strip_prefix("frames ") {
        return number(rest).map(News::Total);
    }
    if let Some(rest) = line.strip_prefix("Rendered ") {
        return number(rest).map(News::Total);
    }
    line.starts_with("freq: ").then_some(News::More(MODETEST_FRAMES))
}

#[cfg(test)]
mod tests {
    use super::Frames;

    #[test]
    fn frames_are_counted_by_the_words_of_each_program() {
        let mut kmscube = Frames::default();
        assert_eq!(kmscube.after("Using modifier ffffffffffffff"), None);
        let line = "Rendered 140 frames in 2.016421 sec (69.429930 fps)";
        assert_eq!(kmscube.after(line), Some(140));
        let mut modetest = Frames::default();
        assert_eq!(modetest.after("freq: 60.01Hz"), Some(60));
        assert_eq!(modetest.after("freq: 59.45Hz"), Some(120));
        assert_eq!(Frames::default().after("frames 60"), Some(60));
    }
}
