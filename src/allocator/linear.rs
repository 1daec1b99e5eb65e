//! What all allocators of plain memory have in common.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::allocator::AllocateError;
use crate::allocator::AllocatorKind;
use crate::allocator::Plan;
use crate::allocator::Request;
use crate::dmabuf::Descriptor;
use crate::dmabuf::Dmabuf;
use crate::dmabuf::PlaneDescriptor;
use crate::dmabuf::address_space;
use crate::format::Entry;
use crate::format::FormatSet;
use crate::format::Layout;
use crate::format::Modifier;

/// Every format that has a linear layout, for any usage.
pub(in crate::allocator) fn formats() -> FormatSet {
    Layout::all()
        .iter()
        .filter(|layout| layout.has_linear())
        .map(|layout| Entry::new(layout.fourcc(), Modifier::LINEAR))
        .collect()
}

/// Where the planes go, if the request can do with a linear image.
pub(in crate::allocator) fn plan(
    kind: AllocatorKind,
    request: &Request,
) -> Result<Plan, AllocateError> {
    if !request.allows(Modifier::LINEAR) {
        return Err(AllocateError::Unsupported {
            allocator: kind,
            fourcc: request.fourcc(),
            modifiers: request.allowed_modifiers().to_vec(),
        });
    }
    let page_bytes = u32::try_from(rustix::param::page_size()).unwrap_or(4096);
    let plan = Plan::new(request, page_bytes)?;
    // Memory that nobody touches costs nothing, so the kernel would hand it out; but whoever draws
    // with the CPU has to map it.
    if plan.buffers_bytes().iter().all(|bytes| address_space::has_room_for(*bytes)) {
        return Ok(plan);
    }
    Err(AllocateError::TooLarge {
        width: request.width(),
        height: request.height(),
        fourcc: request.fourcc(),
    })
}

/// Makes the buffers of a linear image, each with `make` from its size and the longest stride in it,
/// in bytes.
pub(in crate::allocator) fn allocate(
    kind: AllocatorKind,
    request: &Request,
    make: impl Fn(u64, u32) -> Result<OwnedFd, AllocateError>,
) -> Result<Dmabuf, AllocateError> {
    let plan = plan(kind, request)?;
    let buffers = plan
        .buffers_bytes()
        .iter()
        .enumerate()
        .map(|(buffer, bytes)| make(*bytes, plan.stride_bytes_of(buffer)).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let planes = plan
        .planes()
        .iter()
        .filter_map(|plane| {
            Some(PlaneDescriptor {
                fd: Arc::clone(buffers.get(plane.buffer)?),
                offset_bytes: plane.offset_bytes,
                stride_bytes: plane.stride_bytes,
            })
        })
        .collect();
    let descriptor = Descriptor {
        width: request.width(),
        height: request.height(),
        fourcc: request.fourcc(),
        modifier: Modifier::LINEAR,
        planes,
    };
    Dmabuf::new(descriptor)
        .map_err(|rejected| AllocateError::Rejected { allocator: kind, source: rejected.into() })
}
