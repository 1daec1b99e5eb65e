//! Makes a texture of the image whose file descriptor is the standard input: wgpu-hal has no sockets
//! for images.

use std::os::fd::AsFd;

use wgpu_hal::Adapter as _;
use wgpu_hal::Instance as _;
use wgpu_hal::vulkan;

fn main() {
    let descriptor = wgpu_hal::InstanceDescriptor {
        name: "footprint",
        flags: wgpu_types::InstanceFlags::empty(),
        memory_budget_thresholds: wgpu_types::MemoryBudgetThresholds::default(),
        backend_options: wgpu_types::BackendOptions::default(),
        telemetry: None,
        display: None,
    };
    // SAFETY: nothing is required.
    let instance = unsafe { vulkan::Instance::init(&descriptor) }.expect("an instance");
    // SAFETY: as above.
    let exposed = unsafe { instance.enumerate_adapters(None) }.pop().expect("an adapter");
    let (features, limits) = (exposed.features, exposed.capabilities.limits.clone());
    let hints = wgpu_types::MemoryHints::default();
    // SAFETY: the features are those that were exposed.
    let open = unsafe { exposed.adapter.open(features, &limits, &hints) }.expect("a device");
    let descriptor = wgpu_hal::TextureDescriptor {
        label: None,
        size: wgpu_types::Extent3d { width: 64, height: 64, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu_types::TextureDimension::D2,
        format: wgpu_types::TextureFormat::Bgra8Unorm,
        usage: wgpu_types::TextureUses::RESOURCE,
        memory_flags: wgpu_hal::MemoryFlags::empty(),
        view_formats: Vec::new(),
    };
    let fd = std::io::stdin().as_fd().try_clone_to_owned().expect("a file descriptor");
    // SAFETY: whoever starts this answers for what the standard input is.
    let texture = unsafe { open.device.texture_from_dmabuf_fd(fd, &descriptor, 0, 256, 0) };
    println!("{texture:?}");
}
