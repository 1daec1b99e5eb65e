//! A child process that is killed after a system call of one's choice, so that a death at every
//! single step can be tried, one after the other, and none is left to chance.
//!
//! Spec: `ptrace(2)`.

#![allow(unsafe_code, reason = "ptrace has no safe interface")]

use std::process::Child;
use std::process::Command;

/// How a traced process came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was killed right after a system call.
    Killed {
        /// Its number, as in `SYS_recvmsg`; `None` if it was killed before its first one.
        call: Option<i64>,
    },
    /// It made fewer system calls, and this is its exit status.
    Exited {
        /// 0 for success.
        status: i32,
    },
}

/// In the child: counts the system calls of this thread from here on. Its parent has to be in
/// [`kill_after`].
pub(crate) fn begin() {
    // SAFETY: PTRACE_TRACEME takes no further arguments.
    assert_eq!(unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) }, 0);
    // SAFETY: has no requirements.
    assert_eq!(unsafe { libc::raise(libc::SIGSTOP) }, 0);
}

/// Runs a command until it has made so many system calls after its [`begin`], and kills it. Blocks
/// until it is dead.
pub(crate) fn kill_after(mut command: Command, calls: usize) -> Ending {
    let mut child = command.spawn().unwrap();
    let mut tracee = Tracee::wait_for_begin();
    let mut call = None;
    for _ in 0..calls {
        // A system call stops its thread twice: on its way in and on its way out.
        if !tracee.run_to_edge() {
            return Ending::Exited { status: tracee.reap(&mut child) };
        }
        call = Some(tracee.number_of_call());
        if !tracee.run_to_edge() {
            return Ending::Exited { status: tracee.reap(&mut child) };
        }
    }
    child.kill().unwrap();
    tracee.reap(&mut child);
    Ending::Killed { call }
}

/// A thread of a child that this thread traces.
struct Tracee {
    thread: libc::pid_t,
    end: Option<i32>,
}

impl Tracee {
    /// Waits until a child of this thread has begun to be traced.
    fn wait_for_begin() -> Self {
        let (thread, status) = wait(-1);
        assert!(libc::WIFSTOPPED(status), "ended before it began: {status:#x}");
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
        // SAFETY: the thread is stopped and traced by this one.
        let set = unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, thread, 0, options) };
        assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
        Self { thread, end: None }
    }

    /// Lets the thread run to the next edge of a system call, and hands signals on; `false` if it
    /// has ended.
    fn run_to_edge(&mut self) -> bool {
        let mut signal = 0;
        loop {
            // SAFETY: the thread is stopped and traced by this one.
            let going = unsafe { libc::ptrace(libc::PTRACE_SYSCALL, self.thread, 0, signal) };
            assert_eq!(going, 0, "{}", std::io::Error::last_os_error());
            let (_, status) = wait(self.thread);
            if !libc::WIFSTOPPED(status) {
                self.end = Some(status);
                return false;
            }
            if libc::WSTOPSIG(status) == libc::SIGTRAP | 0x80 {
                return true;
            }
            signal = libc::WSTOPSIG(status);
        }
    }

    /// The number of the system call at whose way in the thread is stopped.
    fn number_of_call(&self) -> i64 {
        let line = std::fs::read_to_string(format!("/proc/{}/syscall", self.thread)).unwrap();
        line.split(' ').next().unwrap().trim().parse().unwrap()
    }

    /// Waits for the end of the process, and returns its exit status, -1 if it was killed.
    fn reap(self, child: &mut Child) -> i32 {
        let is_main_thread = u32::try_from(self.thread) == Ok(child.id());
        if let Some(status) = self.end.filter(|_| is_main_thread) {
            return if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -1 };
        }
        if !is_main_thread && self.end.is_none() {
            wait(self.thread);
        }
        child.wait().unwrap().code().unwrap_or(-1)
    }
}

/// The next thing that happens to a child of this thread, or to any: nobody else's are taken.
fn wait(thread: libc::pid_t) -> (libc::pid_t, i32) {
    let mut status = 0;
    let flags = libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: `status` is an integer that outlives the call.
    let waited = unsafe { libc::waitpid(thread, &raw mut status, flags) };
    assert!(waited > 0, "{}", std::io::Error::last_os_error());
    (waited, status)
}
