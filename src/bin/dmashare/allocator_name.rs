//! The allocators as they are named on the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use dmashare::allocator::Allocator;
use dmashare::allocator::AllocatorKind;
use dmashare::allocator::Gbm;
use dmashare::allocator::OpenError;
use dmashare::allocator::ParseAllocatorKindError;
use dmashare::allocator::probe;
use serde::Deserialize;
use serde::Serialize;

/// `memfd`, `udmabuf`, `dma-heap`, `dumb`, `gbm`, or `gbm:PATH` for one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct AllocatorName {
    kind: AllocatorKind,
    node: Option<PathBuf>,
}

impl AllocatorName {
    pub(crate) const fn of(kind: AllocatorKind) -> Self {
        Self { kind, node: None }
    }

    pub(crate) const fn gbm(node: PathBuf) -> Self {
        Self { kind: AllocatorKind::Gbm, node: Some(node) }
    }

    /// The allocator; GBM without a path is that of the first node that it can allocate on.
    pub(crate) fn open(&self) -> Result<Box<dyn Allocator>, OpenError> {
        match &self.node {
            Some(node) => Ok(Box::new(Gbm::open(node)?)),
            None => probe(self.kind),
        }
    }
}

impl fmt::Display for AllocatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "{}:{}", self.kind, node.display()),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl FromStr for AllocatorName {
    type Err = ParseAllocatorKindError;

    fn from_str(text: &str) -> Result<Self, ParseAllocatorKindError> {
        match text.strip_prefix("gbm:").filter(|node| !node.is_empty()) {
            Some(node) => Ok(Self::gbm(PathBuf::from(node))),
            None => text.parse().map(Self::of),
        }
    }
}

impl TryFrom<String> for AllocatorName {
    type Error = ParseAllocatorKindError;

    fn try_from(text: String) -> Result<Self, ParseAllocatorKindError> {
        text.parse()
    }
}

impl From<AllocatorName> for String {
    fn from(name: AllocatorName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for text in ["memfd", "udmabuf", "dma-heap", "gbm", "gbm:/dev/dri/renderD128"] {
            assert_eq!(text.parse::<AllocatorName>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "gbm:", "shm", "memfd:/dev/null"] {
            assert!(text.parse::<AllocatorName>().is_err(), "{text}");
        }
    }
}
