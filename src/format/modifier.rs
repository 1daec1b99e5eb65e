//! How the bytes of a plane are tiled or compressed.

use std::fmt;

use drm_fourcc::DrmModifier;

/// An explicit modifier: a vendor in the top 8 bits and the vendor's tiling below.
///
/// Never [`ModifierCode::INVALID`], which is not a tiling but the absence of one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModifierCode(u64);

impl ModifierCode {
    /// Rows one after the other, as a CPU expects them (`DRM_FORMAT_MOD_LINEAR`).
    pub const LINEAR: Self = Self(0);

    /// What C interfaces pass for "no modifier" (`DRM_FORMAT_MOD_INVALID`). It exists here only to
    /// be recognised: see [`Modifier::Implicit`].
    pub const INVALID: u64 = 0x00ff_ffff_ffff_ffff;

    /// Takes a number that a driver or a peer sent; `None` if it is the one that means "no
    /// modifier".
    pub const fn new(raw: u64) -> Option<Self> {
        if raw == Self::INVALID { None } else { Some(Self(raw)) }
    }

    /// The number as drivers know it.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Whether the tiling of a buffer is stated, or known to its driver alone.
///
/// The two are different types of knowledge, so they are different variants and no magic number:
///
/// - [`Explicit`](Self::Explicit) buffers can be handed to any driver that lists the modifier.
///   [`LINEAR`](Self::LINEAR) is explicit and is always sent.
/// - [`Implicit`](Self::Implicit) buffers can be handed only to the driver that made them, which
///   remembers the tiling beside the buffer. They carry no modifier on any interface, and are never
///   scanned out by this crate.
///
/// ```
/// use dmashare::format::Modifier;
///
/// assert_eq!(Modifier::from_raw(0), Modifier::LINEAR);
/// assert_eq!(Modifier::from_raw(0x00ff_ffff_ffff_ffff), Modifier::Implicit);
/// assert_eq!(Modifier::LINEAR.to_string(), "LINEAR");
/// assert_eq!(Modifier::from_raw(0x7700_0000_0000_0001).to_string(), "0x7700000000000001");
/// ```
///
/// Spec: `drm_fourcc.h`, "Format Modifiers".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "DRM_FORMAT_MOD")]
pub enum Modifier {
    /// The driver that made the buffer knows; nobody else does.
    Implicit,
    /// Stated, and understood by whoever lists it.
    Explicit(ModifierCode),
}

impl Modifier {
    /// Rows one after the other, as a CPU expects them.
    pub const LINEAR: Self = Self::Explicit(ModifierCode::LINEAR);

    /// From the number of a C interface, where `DRM_FORMAT_MOD_INVALID` stands for "implicit".
    pub const fn from_raw(raw: u64) -> Self {
        match ModifierCode::new(raw) {
            Some(code) => Self::Explicit(code),
            None => Self::Implicit,
        }
    }

    /// The number of C interfaces, with `DRM_FORMAT_MOD_INVALID` for implicit. Never hand that to
    /// EGL or to a framebuffer: leave the modifier out there, as [`Modifier::explicit`] makes easy.
    pub const fn to_raw(self) -> u64 {
        match self {
            Self::Implicit => ModifierCode::INVALID,
            Self::Explicit(code) => code.get(),
        }
    }

    /// The modifier that may be sent to a driver, if there is one.
    pub const fn explicit(self) -> Option<ModifierCode> {
        match self {
            Self::Implicit => None,
            Self::Explicit(code) => Some(code),
        }
    }

    /// Whether rows are known to lie one after the other.
    pub const fn is_linear(self) -> bool {
        matches!(self, Self::Explicit(ModifierCode(0)))
    }

    /// `drm-fourcc`'s name for it, where it has one (`I915_x_tiled`).
    pub fn name(self) -> Option<String> {
        match DrmModifier::from(self) {
            DrmModifier::Unrecognized(_) => None,
            known => Some(format!("{known:?}")),
        }
    }
}

impl fmt::Display for Modifier {
    /// `LINEAR`, `implicit`, or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Implicit => f.pad("implicit"),
            Self::Explicit(ModifierCode::LINEAR) => f.pad("LINEAR"),
            Self::Explicit(code) => f.pad(&format!("{:#018x}", code.get())),
        }
    }
}

impl fmt::Debug for Modifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Modifier({self})")
    }
}

impl fmt::Debug for ModifierCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModifierCode({:#018x})", self.0)
    }
}

impl From<DrmModifier> for Modifier {
    fn from(modifier: DrmModifier) -> Self {
        Self::from_raw(modifier.into())
    }
}

impl From<Modifier> for DrmModifier {
    fn from(modifier: Modifier) -> Self {
        Self::from(modifier.to_raw())
    }
}

#[cfg(test)]
mod tests {
    use drm_fourcc::DrmModifier;
    use proptest::prelude::ProptestConfig;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use crate::format::Modifier;
    use crate::format::ModifierCode;

    #[test]
    fn code_of_the_number_for_no_modifier_does_not_exist() {
        assert_eq!(ModifierCode::new(ModifierCode::INVALID), None);
        assert_eq!(Modifier::from(DrmModifier::Invalid), Modifier::Implicit);
        assert_eq!(Modifier::Implicit.explicit(), None);
        assert_eq!(Modifier::LINEAR.explicit(), Some(ModifierCode::LINEAR));
    }

    #[test]
    fn only_linear_is_linear() {
        assert!(Modifier::LINEAR.is_linear());
        assert!(!Modifier::Implicit.is_linear());
        assert!(!Modifier::from_raw(1).is_linear());
    }

    #[test]
    fn name_is_known_for_what_drm_fourcc_knows() {
        let x_tiled = Modifier::from_raw(0x0100_0000_0000_0001);
        assert_eq!(x_tiled.name().as_deref(), Some("I915_x_tiled"));
        assert_eq!(Modifier::from_raw(0x7700_0000_0000_0001).name(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 4 } else { 256 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn raw_numbers_survive_every_conversion(raw in any::<u64>()) {
            let modifier = Modifier::from_raw(raw);
            prop_assert_eq!(modifier.to_raw(), raw);
            prop_assert_eq!(Modifier::from(DrmModifier::from(modifier)), modifier);
        }
    }
}
