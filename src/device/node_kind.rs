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

impl NodeKind {
    /// The kind of a node by the name of its file.
    pub(in crate::device) fn of_name(name: &str) -> Option<Self> {
        let prefixes =
            [("card", Self::Primary), ("controlD", Self::Control), ("renderD", Self::Render)];
        prefixes.into_iter().find_map(|(prefix, kind)| {
            let number = name.strip_prefix(prefix)?;
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then_some(kind)
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_of_names_in_dev_dri_is_told() {
        let cases = [
            ("card0", Some(NodeKind::Primary)),
            ("controlD64", Some(NodeKind::Control)),
            ("renderD128", Some(NodeKind::Render)),
            ("card", None),
            ("card0-HDMI-A-1", None),
            ("by-path", None),
        ];
        for (name, kind) in cases {
            assert_eq!(NodeKind::of_name(name), kind, "{name}");
        }
    }
}
