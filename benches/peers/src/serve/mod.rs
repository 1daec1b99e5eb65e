//! The other process: this program, started once more with a socket as its standard input. It
//! answers each frame until the socket is closed.

pub(crate) mod bare;
mod stream;
mod textures;

use std::fs::File;
use std::io::stdin;
use std::io::stdout;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

pub(crate) use crate::serve::stream::SOON;
pub(crate) use crate::serve::stream::formats;
pub(crate) use crate::serve::textures::bytes;

/// What the other process does with a frame, as the word that it is started with.
pub(crate) const BARE: &str = "bare";
pub(crate) const GUARDED: &str = "guarded";
pub(crate) const STREAM: &str = "stream";
pub(crate) const STREAM_TEXTURE: &str = "stream-texture";
pub(crate) const SHM_TEXTURE: &str = "shm-texture";
pub(crate) const SOCKET_TEXTURE: &str = "socket-texture";

/// Serves as `kind` says, for images of `size` pixels.
pub(crate) fn run(kind: &str, size: [u32; 2]) -> Result<()> {
    let socket = stdin().as_fd().try_clone_to_owned().context("a socket as standard input")?;
    match kind {
        BARE => bare::answer(&socket, |socket| bare::receive(socket)),
        GUARDED => {
            bare::guard(&socket)?;
            bare::answer(&socket, bare::receive_guarded)
        }
        STREAM => stream::release_all(socket),
        STREAM_TEXTURE => textures::of_a_stream(socket),
        SHM_TEXTURE => textures::of_shared_memory(&socket, &memory()?, size),
        SOCKET_TEXTURE => textures::of_a_socket(&File::from(socket), size),
        _ => bail!("nothing is known about serving {kind}"),
    }
}

/// The memory that is shared is the standard output.
fn memory() -> Result<OwnedFd> {
    stdout().as_fd().try_clone_to_owned().context("memory as standard output")
}
