//! What a node is for.

use std::fmt;

use drm::node::NodeType;

/// What a node allows.
///
/// Spec: <https://docs.kernel.org/gpu/drm-uapi.html#primary-nodes-drm-master-and-authentication>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// `card0`: the display and, for the master or an authenticated client, rendering.
    Primary,
    /// `controlD64`: never used, gone from the kernel since 4.12.
    Control,
    /// `renderD128`: rendering and buffers without privileges, no display.
    Render,
}

impl From<NodeType> for NodeKind {
    fn from(kind: NodeType) -> Self {
        match kind {
            NodeType::Primary => Self::Primary,
            NodeType::Control => Self::Control,
            NodeType::Render => Self::Render,
        }
    }
}

impl fmt::Display for NodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Control => "control",
            Self::Render => "render",
        })
    }
}
