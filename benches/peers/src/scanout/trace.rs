//! What strace has written: which system calls there were between one frame and the next.
//!
//! Counted over a whole run (`strace -c`) the start of a program would be in it, which is a hundred
//! times a frame. So the calls are counted from one flip to another, in the middle of the run.

use std::collections::BTreeMap;

use anyhow::Result;
use anyhow::ensure;

/// How often a frame takes each system call.
pub(crate) type PerFrame = BTreeMap<String, f64>;

/// Fewer would not tell a call in every second frame from one in every frame.
const FEWEST_FRAMES: usize = 20;

/// The system calls of a run, of what `strace -f` has written.
pub(crate) fn per_frame(trace: &str) -> Result<PerFrame> {
    let calls: Vec<Call> = trace.lines().filter_map(Call::parse).collect();
    let flips: Vec<usize> =
        (0..).zip(&calls).filter(|(_, call)| call.is_flip()).map(|(place, _)| place).collect();
    // Neither the start, nor what is put back in the end.
    let (first, last) = (flips.len() / 3, flips.len().saturating_sub(3));
    ensure!(last >= first + FEWEST_FRAMES, "only {} flips were traced", flips.len());
    let steady = calls.get(flips[first]..flips[last]).unwrap_or_default();
    let frames = (last - first) as f64;
    let mut counts = BTreeMap::<_, f64>::new();
    for call in steady {
        *counts.entry(call.name.clone()).or_default() += 1.0;
    }
    Ok(counts.into_iter().map(|(name, count)| (name, count / frames)).collect())
}

/// One system call.
#[derive(Debug, PartialEq)]
struct Call {
    name: String,
    has_failed: bool,
}

impl Call {
    /// `None` for a signal, the end of a process, and the second half of a call that was written in
    /// two.
    fn parse(line: &str) -> Option<Self> {
        let (_process, call) = line.trim_start().split_once(' ')?;
        let (function, rest) = call.trim_start().split_once('(')?;
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_name(function) {
            return None;
        }
        let name = match function {
            "ioctl" => format!("ioctl {}", request(rest)?),
            other => other.to_owned(),
        };
        Some(Self { name, has_failed: line.contains(" = -1 ") })
    }

    /// Whether a frame is given to the display.
    fn is_flip(&self) -> bool {
        let names = ["ioctl DRM_IOCTL_MODE_PAGE_FLIP", "ioctl DRM_IOCTL_MODE_ATOMIC"];
        !self.has_failed && names.contains(&self.name.as_str())
    }
}

/// What is asked of a device: the second argument. strace has no names for those of a DRM driver.
fn request(arguments: &str) -> Option<&str> {
    let (_fd, rest) = arguments.split_once(", ")?;
    let known = [
        ("_IOC(_IOC_READ|_IOC_WRITE, 0x64, 0x41", "DRM_IOCTL_VIRTGPU_MAP"),
        ("_IOC(_IOC_READ|_IOC_WRITE, 0x64, 0x42", "DRM_IOCTL_VIRTGPU_EXECBUFFER"),
        ("_IOC(_IOC_READ|_IOC_WRITE, 0x64, 0x47", "DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST"),
        ("_IOC(_IOC_READ|_IOC_WRITE, 0x64, 0x48", "DRM_IOCTL_VIRTGPU_WAIT"),
    ];
    let name = known.into_iter().find(|(raw, _)| rest.starts_with(raw)).map(|(_, name)| name);
    name.or_else(|| rest.split([',', ')', ' ']).next())
}

#[cfg(test)]
mod tests {
    use super::Call;
    use super::per_frame;

    const START: &str = "\
9     execve(\"/bin/x\", [\"x\"], 0x7ffd /* 9 vars */) = 0
9     ioctl(3, DRM_IOCTL_MODE_ATOMIC, 0x7ffe) = -1 EINVAL (Invalid argument)
";
    const FRAME: &str = "\
9     ioctl(3, DRM_IOCTL_MODE_PAGE_FLIP, 0x7ffc) = 0
10    futex(0x55, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>
9     pselect6(4, [0 3], NULL, NULL, NULL, NULL) = 1 (in [3])
10    <... futex resumed>)              = 0
--- SIGCHLD {si_signo=SIGCHLD} ---
9     ioctl(5, _IOC(_IOC_READ|_IOC_WRITE, 0x64, 0x42, 0x40), 0x7ffc) = 0
9     read(3, \"\"..., 1024) = 32
";

    #[test]
    fn calls_are_counted_once_for_each_frame_and_the_start_is_not() {
        let trace = START.to_owned() + &FRAME.repeat(60) + "9     +++ exited with 0 +++\n";
        let calls = per_frame(&trace).unwrap();
        let mut names: Vec<_> = calls.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "futex",
                "ioctl DRM_IOCTL_MODE_PAGE_FLIP",
                "ioctl DRM_IOCTL_VIRTGPU_EXECBUFFER",
                "pselect6",
                "read"
            ]
        );
        assert!(calls.values().all(|count| (count - 1.0).abs() < 1e-9), "{calls:?}");
    }

    #[test]
    fn run_with_few_frames_says_nothing() {
        assert!(per_frame(&FRAME.repeat(10)).is_err());
    }

    #[test]
    fn flip_that_was_refused_is_no_frame() {
        let refused = "7     ioctl(3, DRM_IOCTL_MODE_ATOMIC, 0x7ffe) = -1 EBUSY (busy)";
        let call = Call::parse(refused).unwrap();
        assert!(!call.is_flip());
        assert_eq!(call.name, "ioctl DRM_IOCTL_MODE_ATOMIC");
        assert_eq!(Call::parse("7     <... read resumed>\"\"..., 8) = 8"), None);
    }
}
