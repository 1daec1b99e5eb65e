//! Whether an allocator makes images at all.

use std::path::Path;

use dmashare::allocator::Gbm;
use dmashare::allocator::Request;
use dmashare::format::Fourcc;
use dmashare::format::Modifier;

use crate::allocator_name::AllocatorName;
use crate::failure::Attempt;
use crate::failure::Failure;

/// Opens it and has it make a small image.
pub(in crate::probe) fn works(name: &AllocatorName) -> Result<(), Failure> {
    let attempt = || format!("the allocator `{name}` is not available");
    let allocator = name.open().attempt(attempt())?;
    let request =
        Request::new(64, 64, Fourcc::XRGB8888).modifiers([Modifier::LINEAR, Modifier::Implicit]);
    allocator.allocate(&request).map(drop).attempt(attempt())
}

/// The kernel driver behind a DRM node, as the kernel names it.
pub(in crate::probe) fn driver(node: &Path) -> Result<String, Failure> {
    let gbm = Gbm::open(node).attempt(format!("{} cannot be opened", node.display()))?;
    Ok(gbm.driver().to_owned())
}
