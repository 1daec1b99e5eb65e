#![allow(unsafe_code, reason = "traces this thread from a process of its own")]
//! Which system calls a thread makes.
//!
//! A child process traces the thread. It is forked from one that has threads, so it calls nothing
//! but `ptrace` and `waitpid`, and counts in memory that both share.
//!
//! Spec: `ptrace(2)`: `PTRACE_SEIZE`, `PTRACE_GET_SYSCALL_INFO`.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

const NUMBERS: usize = 1024;
const SYSTEM_CALL_STOP: i32 = libc::SIGTRAP | 0x80;

/// What the traced thread and its tracer share.
struct Shared {
    is_tracing: AtomicBool,
    is_done: AtomicBool,
    counts: [AtomicUsize; NUMBERS],
}

/// How often this thread makes each system call while it does something, by its number
/// (`libc::SYS_...`). Those that are never made are not there.
pub(crate) fn during(act: impl FnOnce()) -> BTreeMap<i64, usize> {
    let shared = shared();
    // SAFETY: `prctl` with PR_SET_PTRACER has no requirements (prctl(2)). Where it is not known
    // everybody of the same user may trace.
    let _ = unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY, 0, 0, 0) };
    // SAFETY: `gettid` has no requirements (gettid(2)).
    let thread = unsafe { libc::gettid() };
    // SAFETY: `fork` requires that the child calls only functions that are safe in signal handlers
    // (fork(2)): `trace` calls none but those, and does not return.
    let tracer = unsafe { libc::fork() };
    assert!(tracer >= 0, "{}", std::io::Error::last_os_error());
    if tracer == 0 {
        trace(thread, shared);
    }
    while !shared.is_tracing.load(Ordering::Acquire) {
        let mut status = 0;
        // SAFETY: `waitpid` requires a pointer that can be written to, that of a local variable.
        let ended = unsafe { libc::waitpid(tracer, &raw mut status, libc::WNOHANG) };
        assert_eq!(ended, 0, "nothing can be traced here: status {status:#x}");
    }
    // Whatever the loop above is in the middle of is not counted: this one is the first.
    shared.counts.iter().for_each(|count| count.store(0, Ordering::Release));
    act();
    shared.is_done.store(true, Ordering::Release);
    let mut status = 0;
    // SAFETY: `waitpid` requires a pointer that can be written to, that of a local variable.
    let ended = unsafe { libc::waitpid(tracer, &raw mut status, 0) };
    assert_eq!((ended, status), (tracer, 0), "the tracer failed");
    let counts = shared.counts.iter().zip(0..);
    let counts = counts.map(|(count, number)| (number, count.load(Ordering::Acquire)));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// Zeroed memory that a forked process sees as well. It is never unmapped: a test counts once.
fn shared() -> &'static Shared {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: `mmap` requires nothing of an anonymous mapping at an address of the kernel's choice.
    let memory =
        unsafe { libc::mmap(ptr::null_mut(), size_of::<Shared>(), protection, flags, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
    // SAFETY: the memory is as large as a `Shared`, aligned to a page, lives for ever, and all
    // zeros are a valid one; everything in it is atomic, as two processes have it.
    unsafe { &*memory.cast::<Shared>() }
}

/// Counts until it is done, in a process of its own.
fn trace(thread: i32, shared: &Shared) -> ! {
    let options = usize::try_from(libc::PTRACE_O_TRACESYSGOOD).unwrap_or(0);
    let mut is_ok = ptrace(libc::PTRACE_SEIZE, thread, 0, options)
        && ptrace(libc::PTRACE_INTERRUPT, thread, 0, 0);
    while is_ok {
        let mut status = 0;
        // SAFETY: `waitpid` requires a pointer that can be written to, that of a local variable.
        let stopped = unsafe { libc::waitpid(thread, &raw mut status, libc::__WALL) };
        if stopped != thread || !libc::WIFSTOPPED(status) {
            break;
        }
        let signal = libc::WSTOPSIG(status);
        let mut deliver = 0;
        if signal == SYSTEM_CALL_STOP {
            if shared.is_done.load(Ordering::Acquire) {
                ptrace(libc::PTRACE_DETACH, thread, 0, 0);
                exit(0);
            }
            if let Some(count) = entered(thread).and_then(|number| shared.counts.get(number)) {
                count.fetch_add(1, Ordering::AcqRel);
            }
        } else if status >> 16 == 0 {
            // A signal that has nothing to do with tracing.
            deliver = usize::try_from(signal).unwrap_or(0);
        }
        is_ok = ptrace(libc::PTRACE_SYSCALL, thread, 0, deliver);
        shared.is_tracing.store(true, Ordering::Release);
    }
    exit(1);
}

/// The number of the system call that the thread has stopped in front of, if it is in front of one.
fn entered(thread: i32) -> Option<usize> {
    let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
    let at = info.as_mut_ptr() as usize;
    if !ptrace(libc::PTRACE_GET_SYSCALL_INFO, thread, size_of_val(&info), at) {
        return None;
    }
    // SAFETY: it is made of integers, for which the zeros are valid that the kernel has not
    // written over.
    let info = unsafe { info.assume_init() };
    if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
        return None;
    }
    // SAFETY: `op` says that this is the part of the union that was written.
    let entry = unsafe { info.u.entry };
    usize::try_from(entry.nr).ok()
}

fn ptrace(request: libc::c_uint, thread: i32, address: usize, data: usize) -> bool {
    // SAFETY: `ptrace` requires memory to write to for PTRACE_GET_SYSCALL_INFO alone, as long as
    // `address` says: the caller has it.
    unsafe { libc::ptrace(request, thread, address, data) != -1 }
}

fn exit(status: i32) -> ! {
    // SAFETY: `_exit` has no requirements, and runs nothing that the other process may be in the
    // middle of.
    unsafe { libc::_exit(status) }
}
