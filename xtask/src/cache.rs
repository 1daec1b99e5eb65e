//! What takes long to make and is kept for the next time.

use std::env;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use rustix::fs::FlockOperation;
use rustix::fs::flock;

use crate::process::answer;

/// `$XDG_CACHE_HOME/dmashare`, outside every checkout, so that all of them share it.
pub(crate) fn folder() -> Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME is set")?.join("dmashare"))
}

/// Removes a folder of the cache; what is mounted in it, by whomever, is not entered.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    answer(Command::new("rm").args(["-rf", "--one-file-system"]).arg(folder)).map(drop)
}

/// The right to change `folder`, until the file that this gives is closed. Another run that has it
/// is waited for.
pub(crate) fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        eprintln!("waiting for another run that works in {}", folder.display());
        flock(&file, FlockOperation::LockExclusive).with_context(|| path.display().to_string())?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::lock;

    #[test]
    fn second_run_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        let first = lock(&path).unwrap();
        let (sender, receiver) = mpsc::channel();
        let second = thread::spawn(move || {
            let _second = lock(&path).unwrap();
            sender.send(()).unwrap();
        });
        assert!(receiver.recv_timeout(Duration::from_millis(200)).is_err());
        drop(first);
        receiver.recv_timeout(Duration::from_secs(60)).unwrap();
        second.join().unwrap();
    }
}
