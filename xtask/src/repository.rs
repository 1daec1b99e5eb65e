//! Where the checkout is.

use std::env;
use std::path::Path;
use std::path::PathBuf;

/// The root folder of the checkout, wherever the command was called.
///
/// Cargo tells the running program where its package is; what was compiled in is the fallback for
/// a program that is started without cargo.
pub(crate) fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or_else(|| package.clone(), Path::to_path_buf)
}
