#![allow(unsafe_code, reason = "takes a file descriptor over by its number")]
//! A file descriptor that whoever started this process left open for it.

use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use crate::failure::Attempt;
use crate::failure::Failure;

/// A duplicate of the file descriptor with this number, closed on `exec`. The number itself stays
/// open until the process ends.
pub(crate) fn duplicate(number: i32) -> Result<OwnedFd, Failure> {
    if number < 0 {
        return Err(Failure::new(format!("{number} is no number of a file descriptor")));
    }
    // SAFETY: `borrow_raw` requires a number that is not -1 and a file that stays open meanwhile: it
    // is not negative, nothing else in this process closes what it did not open, and a number that
    // belongs to no file is only handed to the system call below, which answers EBADF (fcntl(2)).
    let inherited = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::io::fcntl_dupfd_cloexec(inherited, 0)
        .attempt(format!("file descriptor {number} was not left open for this process"))
}
