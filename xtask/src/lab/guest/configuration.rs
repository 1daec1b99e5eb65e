//! The machines that tests run on.

/// What devices a guest has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Configuration {
    /// Those that the kernel makes of nothing: vkms, vgem, udmabuf, the DMA heaps, `sw_sync`.
    Base,
    /// A virtio-gpu with 3D beside them, whose monitor is a window on an X server of its own.
    Gpu,
}

impl Configuration {
    /// Both, in the order in which they are run.
    pub(crate) const ALL: [Self; 2] = [Self::Base, Self::Gpu];

    /// What `DMASHARE_LAB` is in the guest.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Gpu => "gpu",
        }
    }

    /// Whether there is a monitor that can be photographed.
    pub(crate) fn has_monitor(self) -> bool {
        self == Self::Gpu
    }
}
