//! Calls to the kernel through `drm-ffi`.

use std::io;

use rustix::io::Errno;

/// Makes a call again while a signal interrupts it, as every user of a DRM device has to.
///
/// Spec: `drmIoctl()` of libdrm does the same; `signal(7)`.
pub(crate) fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> Result<T, Errno> {
    loop {
        match call().map_err(|error| errno_of(&error)) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            other => return other,
        }
    }
}

/// The error number in an error that came from the kernel.
pub(crate) fn errno_of(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn again_after_signals_is_the_first_other_answer() {
        let mut answers = vec![Err(Errno::INVAL), Ok(()), Err(Errno::AGAIN), Err(Errno::INTR)];
        let mut call = || answers.pop().unwrap().map_err(io::Error::from);
        assert_eq!(again(&mut call), Ok(()));
        assert_eq!(again(&mut call), Err(Errno::INVAL));
    }
}
