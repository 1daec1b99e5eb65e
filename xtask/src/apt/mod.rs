//! Debian's packages: what is installed, what could be, and installing it.

mod archive;
pub(crate) mod backports;
mod install;
mod packages;
pub(crate) mod sources;

pub(crate) use crate::apt::archive::Archive;
pub(crate) use crate::apt::install::Installation;
pub(crate) use crate::apt::install::update;
pub(crate) use crate::apt::packages::candidate;
pub(crate) use crate::apt::packages::installed_version;
pub(crate) use crate::apt::packages::is_half_installed;
pub(crate) use crate::apt::packages::setting;
