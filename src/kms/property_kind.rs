//! The values that a property takes.

/// A value with its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamedValue {
    /// The number.
    pub value: u64,
    /// Its name, in the words of the kernel's documentation.
    pub name: String,
}

/// The values that a property takes.
///
/// Spec: <https://docs.kernel.org/gpu/drm-kms.html#kms-properties>, `DRM_MODE_PROP_*`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PropertyKind {
    /// A number from `least` to `most`.
    Range {
        /// The least value.
        least: u64,
        /// The greatest value.
        most: u64,
    },
    /// A signed number from `least` to `most`, passed on as its two's complement.
    SignedRange {
        /// The least value.
        least: i64,
        /// The greatest value.
        most: i64,
    },
    /// One of these.
    Enum(Vec<NamedValue>),
    /// Any of these together. Each value is the mask of its bit, ready to be combined; the kernel
    /// lists the bit's number.
    Bitmask(Vec<NamedValue>),
    /// The id of a blob, or 0 for none.
    Blob,
    /// The id of an object, or 0 for none.
    Object {
        /// What kind of object (`DRM_MODE_OBJECT_*`).
        kind: u32,
    },
    /// A kind that this crate has never heard of.
    Unknown {
        /// Its flags (`DRM_MODE_PROP_*`).
        flags: u32,
    },
}
