#![allow(unsafe_code, reason = "has the kernel end a thread that calls it")]
//! A thread that may call the kernel no more.
//!
//! Spec: `seccomp(2)`, `SECCOMP_SET_MODE_STRICT`: any system call but four ends the calling thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering;

use crate::common::patience;

const SECCOMP_MODE_STRICT: libc::c_ulong = 1;

/// Whether `act` comes to its end without a system call. It runs in a thread of its own after
/// `prepare`, which may call what it likes. What `prepare` gave is never dropped.
pub(crate) fn takes_none<T: 'static>(
    prepare: impl FnOnce() -> T + Send + 'static,
    act: impl FnOnce(&mut T) + Send + 'static,
) -> bool {
    let is_done = Arc::new(AtomicBool::new(false));
    let number = Arc::new(AtomicI32::new(0));
    let shared = (Arc::clone(&is_done), Arc::clone(&number));
    let thread = std::thread::spawn(move || {
        let (is_done, number) = shared;
        let mut value = prepare();
        number.store(rustix::thread::gettid().as_raw_nonzero().get(), Ordering::Release);
        // SAFETY: has no requirements; from here on this thread makes no call but `exit`.
        let strict = unsafe { libc::prctl(libc::PR_SET_SECCOMP, SECCOMP_MODE_STRICT) };
        if strict == 0 {
            act(&mut value);
            is_done.store(true, Ordering::Release);
        }
        // SAFETY: `SYS_exit` ends this thread alone, and nobody uses its stack: the flags are counted,
        // and everything else was moved here.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    });
    let number = patience::until("the thread", || {
        assert!(!thread.is_finished(), "what was to be prepared has failed");
        Some(number.load(Ordering::Acquire)).filter(|number| *number != 0)
    });
    let task = PathBuf::from(format!("/proc/self/task/{number}"));
    patience::until("the end of the thread", || (!task.exists()).then_some(()));
    is_done.load(Ordering::Acquire)
}
