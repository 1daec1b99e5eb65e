#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a failed expectation is how a test fails"
)]
//! A socket in the file system is its owner's alone from its first moment, goes with its listener,
//! and takes over only from the dead.
//!
//! Spec: XDG Base Directory Specification on `XDG_RUNTIME_DIR`; "on Linux, connecting to a stream
//! socket object requires write permission on that socket", `unix(7)`.

mod common;

use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use dmashare::dmabuf::Descriptor;
use dmashare::dmabuf::Dmabuf;
use dmashare::format::Fourcc;
use dmashare::ipc::AcceptError;
use dmashare::ipc::AddressError;
use dmashare::ipc::BindError;
use dmashare::ipc::Channel;
use dmashare::ipc::ConnectError;
use dmashare::ipc::Listener;
use dmashare::ipc::Ready;
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::SocketAddrUnix;
use rustix::net::SocketType;
use tempfile::TempDir;

use common::buffer;
use common::child;
use common::child::Case;
use common::child::Process;

const SOON: Duration = Duration::from_secs(20);

fn mode_of(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn files_in(dir: &TempDir) -> Vec<PathBuf> {
    std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// A listening socket made without this crate, so without its lock.
fn foreign_socket(path: &Path, kind: SocketType) -> OwnedFd {
    let socket = rustix::net::socket(AddressFamily::UNIX, kind, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    rustix::net::listen(&socket, 4).unwrap();
    socket
}

fn in_use(path: &Path) -> BindError {
    BindError::InUse { path: path.to_owned() }
}

/// Runs it in threads that begin at the same time, and waits until the last of them is gone.
fn in_threads<T: Send>(count: usize, run: impl Fn() -> T + Sync) -> Vec<T> {
    let start = Barrier::new(count);
    let run = || {
        start.wait();
        run()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Each in a process that starts no other: between `fork` and `exec` a child holds a copy of every
/// socket and lock, and what was closed here still lives there.
const CASES: &[Case] = &[
    ("file is a socket of its owner alone, whatever the umask", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        for mask in [0o000, 0o022, 0o077] {
            let before = rustix::process::umask(Mode::from_raw_mode(mask));
            let listener = Listener::bind_path(&path).unwrap();
            rustix::process::umask(before);
            let stat = std::fs::symlink_metadata(listener.path()).unwrap();
            assert!(stat.file_type().is_socket());
            assert_eq!(mode_of(&path), 0o600);
            assert_eq!(mode_of(&dir.path().join("socket.lock")), 0o600 & !mask);
            assert_eq!(stat.uid(), rustix::process::geteuid().as_raw());
        }
    }),
    ("no other mode can be seen at any moment", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let before = rustix::process::umask(Mode::empty());
        let (is_over, sightings) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    if let Ok(stat) = rustix::fs::lstat(&path) {
                        assert_eq!(stat.st_mode & 0o7777, 0o600);
                        sightings.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            // On a busy machine the watcher may not look before many sockets have come and gone.
            let deadline = Instant::now() + Duration::from_secs(60);
            let mut rounds = 0;
            while (rounds < 500 || sightings.load(Ordering::Relaxed) < 100)
                && Instant::now() < deadline
                && !watcher.is_finished()
            {
                drop(Listener::bind_path(&path).unwrap());
                rounds += 1;
            }
            is_over.store(true, Ordering::Relaxed);
            watcher.join().unwrap();
            assert!(sightings.load(Ordering::Relaxed) >= 100, "seldom seen in {rounds} rounds");
        });
        rustix::process::umask(before);
    }),
    ("drop removes the socket and its lock", || {
        let dir = tempfile::tempdir().unwrap();
        let listener = Listener::bind_path(dir.path().join("socket")).unwrap();
        assert_eq!(files_in(&dir).len(), 2);
        drop(listener);
        assert_eq!(files_in(&dir), Vec::<PathBuf>::new());
    }),
    ("drop leaves somebody else's file alone", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = Listener::bind_path(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "precious").unwrap();
        drop(listener);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }),
    ("images go over an accepted connection, which outlives the listener", || {
        let dir = tempfile::tempdir().unwrap();
        let listener = Listener::bind_path(dir.path().join("socket")).unwrap();
        let client = Channel::connect(listener.path()).unwrap();
        let server = listener.accept().unwrap();
        drop(listener);
        let fd = buffer::sealed_memfd(4096);
        let claim = Descriptor::packed([16, 16], Fourcc::ARGB8888, fd, 64);
        let image = Dmabuf::new(claim).unwrap();
        client.send(&image, Ready::Finished).unwrap();
        assert!(server.recv_timeout(SOON).unwrap().image.is_same_memory(&image));
        server.send(&image, Ready::Finished).unwrap();
        assert!(client.recv_timeout(SOON).unwrap().image.is_same_memory(&image));
    }),
    ("accept gives up at its deadline", || {
        let dir = tempfile::tempdir().unwrap();
        let listener = Listener::bind_path(dir.path().join("socket")).unwrap();
        let accepted = listener.accept_timeout(Duration::from_millis(10));
        assert_eq!(accepted.unwrap_err(), AcceptError::TimedOut);
        let _client = Channel::connect(listener.path()).unwrap();
        assert!(listener.accept_timeout(Duration::ZERO).is_ok());
    }),
    ("a second listener is refused, and the first one lives", || {
        let dir = tempfile::tempdir().unwrap();
        let first = Listener::bind_path(dir.path().join("socket")).unwrap();
        assert_eq!(Listener::bind_path(first.path()).unwrap_err(), in_use(first.path()));
        let _client = Channel::connect(first.path()).unwrap();
        assert!(first.accept_timeout(SOON).is_ok());
    }),
    ("a foreign listener without a lock is left alone", || {
        let dir = tempfile::tempdir().unwrap();
        for kind in [SocketType::SEQPACKET, SocketType::STREAM] {
            let path = dir.path().join("socket");
            let foreign = foreign_socket(&path, kind);
            assert_eq!(Listener::bind_path(&path).unwrap_err(), in_use(&path));
            drop(foreign);
            // Now it is dead, and only its file is left.
            assert!(path.exists());
            drop(Listener::bind_path(&path).unwrap());
            assert_eq!(files_in(&dir), Vec::<PathBuf>::new());
        }
    }),
    ("of many at once on what a dead one has left, exactly one wins", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        for _ in 0..50 {
            drop(foreign_socket(&path, SocketType::SEQPACKET));
            let all_have_tried = Barrier::new(8);
            let bind = || {
                let bound = Listener::bind_path(&path);
                all_have_tried.wait();
                bound
            };
            let (winners, losers): (Vec<_>, Vec<_>) =
                in_threads(8, bind).into_iter().partition(Result::is_ok);
            assert_eq!(winners.len(), 1);
            assert!(losers.iter().all(|loser| loser.as_ref().unwrap_err() == &in_use(&path)));
            let _client = Channel::connect(&path).unwrap();
            assert!(winners[0].as_ref().unwrap().accept_timeout(SOON).is_ok());
        }
    }),
    // The file of a lock comes and goes with its holder: nobody may hold one that is gone.
    ("listeners that come and go never meet", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let (holders, rounds) = (AtomicUsize::new(0), AtomicUsize::new(0));
        in_threads(4, || {
            for _ in 0..2000 {
                let Ok(listener) = Listener::bind_path(&path) else { continue };
                assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two hold the path");
                assert!(Channel::connect(&path).is_ok(), "the file of the holder is there");
                holders.fetch_sub(1, Ordering::SeqCst);
                rounds.fetch_add(1, Ordering::SeqCst);
                drop(listener);
            }
        });
        assert!(rounds.into_inner() > 1);
        assert_eq!(files_in(&dir), Vec::<PathBuf>::new());
    }),
    ("a file that is no socket is left alone", || {
        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join("socket"), dir.path().join("target"));
        let expected = BindError::NotASocket { path: path.clone() };
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(Listener::bind_path(&path).unwrap_err(), expected);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert_eq!(Listener::bind_path(&path).unwrap_err(), expected);
        assert!(!target.exists());
    }),
    ("paths that no socket can have", || {
        let dir = tempfile::tempdir().unwrap();
        let long = dir.path().join("x".repeat(108));
        let too_long = AddressError::PathTooLong { path: long.clone() };
        assert_eq!(Listener::bind_path(&long).unwrap_err(), BindError::Address(too_long.clone()));
        assert_eq!(Channel::connect(&long).unwrap_err(), ConnectError::Address(too_long));
        for path in ["", "a\0b"] {
            let no_path = AddressError::NotAPath { path: path.into() };
            assert_eq!(Listener::bind_path(path).unwrap_err(), BindError::Address(no_path));
        }
        // 107 bytes are just enough. The lock's path is longer, but no address.
        let room = 107 - dir.path().as_os_str().len() - 1;
        let longest = dir.path().join("x".repeat(room));
        let listener = Listener::bind_path(&longest).unwrap();
        assert!(Channel::connect(listener.path()).is_ok());
    }),
    ("a directory that is missing is the kernel's error", || {
        let path = PathBuf::from("/proc/nowhere/socket");
        let Err(BindError::Call { errno: Errno::NOENT, .. }) = Listener::bind_path(path) else {
            panic!("an error of the kernel");
        };
    }),
    ("connect where nobody listens", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let expected = ConnectError::NoListener { path: path.clone() };
        assert_eq!(Channel::connect(&path).unwrap_err(), expected);
        drop(foreign_socket(&path, SocketType::SEQPACKET));
        assert_eq!(Channel::connect(&path).unwrap_err(), expected);
    }),
    ("connect to a socket of another type", || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let _stream = foreign_socket(&path, SocketType::STREAM);
        assert_eq!(Channel::connect(&path).unwrap_err(), ConnectError::NotAChannel);
    }),
    ("from_fd takes nothing but a channel", || {
        let (stream, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let network = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        let others = [stream.into(), network.into(), buffer::pipe(), buffer::sealed_memfd(1)];
        for other in others {
            assert_eq!(Channel::from_fd(other).unwrap_err(), ConnectError::NotAChannel);
        }
        let (one, _other) = Channel::pair().unwrap();
        assert!(Channel::from_fd(one.into()).is_ok());
    }),
];

#[test]
fn listener_is_private_and_tidy() {
    child::run_cases("listener_is_private_and_tidy", CASES);
}

/// The value of `XDG_RUNTIME_DIR` of each case is given to its child.
#[test]
fn names_lie_in_the_runtime_directory_of_the_user() {
    let test = "names_lie_in_the_runtime_directory_of_the_user";
    match child::case().as_deref() {
        Some("private") => {
            let listener = Listener::bind("dmashare-test").unwrap();
            let dir = std::env::var_os("XDG_RUNTIME_DIR").unwrap();
            assert_eq!(listener.path(), Path::new(&dir).join("dmashare-test"));
            let _client = Channel::connect_name("dmashare-test").unwrap();
            assert!(listener.accept_timeout(SOON).is_ok());
            for name in ["", ".", "..", "/", "a/b", "/a", "a/", "./a"] {
                let expected = AddressError::NotAName { name: name.to_owned() };
                let found = Listener::bind(name).unwrap_err();
                assert_eq!(found, BindError::Address(expected));
            }
            return child::done();
        }
        Some(case) => {
            let found = Listener::bind("dmashare-test").unwrap_err();
            let BindError::Address(reason) = found.clone() else { panic!("{found}") };
            assert_eq!(
                Channel::connect_name("dmashare-test").unwrap_err(),
                ConnectError::Address(reason.clone())
            );
            match (case, reason) {
                ("unset" | "relative", AddressError::NoRuntimeDir)
                | ("missing", AddressError::RuntimeDir { errno: Errno::NOENT, .. })
                | ("readable by others" | "a file", AddressError::NotPrivate { .. }) => {}
                (case, reason) => panic!("{case}: {reason}"),
            }
            return child::done();
        }
        None => {}
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let (shared, file) = (dir.path().join("shared"), dir.path().join("file"));
    std::fs::create_dir(&shared).unwrap();
    std::fs::set_permissions(&shared, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let missing = dir.path().join("missing");
    let cases = [
        ("private", Some(dir.path())),
        ("unset", None),
        ("relative", Some(Path::new("tmp"))),
        ("missing", Some(&missing)),
        ("readable by others", Some(&shared)),
        ("a file", Some(&file)),
    ];
    for (case, value) in cases {
        let mut command = child::command(test, case);
        command.env_remove("XDG_RUNTIME_DIR");
        command.envs(value.map(|value| ("XDG_RUNTIME_DIR", value)));
        Process::start(command).finish();
    }
}

/// What a listener that was killed leaves behind keeps nobody from listening.
#[test]
fn socket_of_a_killed_listener_is_taken_over() {
    let test = "socket_of_a_killed_listener_is_taken_over";
    if child::case().is_some() {
        let path = std::env::var_os("DMASHARE_TEST_SOCKET").unwrap();
        let listener = Listener::bind_path(path).unwrap();
        listener.accept().unwrap();
        std::thread::sleep(SOON);
        panic!("not killed");
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let mut command = child::command(test, "listener");
    command.env("DMASHARE_TEST_SOCKET", &path);
    let mut process = Process::start(command);
    let deadline = Instant::now() + SOON;
    while Channel::connect(&path).is_err() {
        assert!(Instant::now() < deadline, "the child does not listen");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(Listener::bind_path(&path).unwrap_err(), in_use(&path));
    process.kill();
    assert_eq!(files_in(&dir).len(), 2, "a killed process tidies nothing up");
    let listener = Listener::bind_path(&path).unwrap();
    let _client = Channel::connect(&path).unwrap();
    assert!(listener.accept_timeout(SOON).is_ok());
}

/// Needs to be root, to become somebody else.
#[test]
fn another_user_cannot_connect() {
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("REQUIRE_CAPS").is_none(), "not root");
        eprintln!("SKIP another_user_cannot_connect: not root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let listener = Listener::bind_path(dir.path().join("socket")).unwrap();
    let path = listener.path().to_path_buf();
    let expected = ConnectError::Call { call: "connect", path, errno: Errno::ACCESS };
    // On Linux each thread has its own user, and with root go the rights to every file.
    std::thread::scope(|scope| {
        let nobody = scope.spawn(|| {
            let nobody = rustix::process::Uid::from_raw(65534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            Channel::connect(listener.path()).unwrap_err()
        });
        assert_eq!(nobody.join().unwrap(), expected);
    });
    assert!(Channel::connect(listener.path()).is_ok());
}
